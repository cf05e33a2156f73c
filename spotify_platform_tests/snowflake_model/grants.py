"""Grants: giving, taking and showing them, and which privilege goes with which kind of object.

They have no effect on what a statement may do; which roles a user may take is told in `account`. After
https://docs.snowflake.com/en/sql-reference/sql/grant-privilege, …/grant-role, …/revoke-privilege, …/show-grants and
https://docs.snowflake.com/en/user-guide/security-access-control-privileges.
"""

import pyarrow as pa

from spotify_platform_tests.snowflake_model.account import NAME, OF_ACCOUNT, Context
from spotify_platform_tests.snowflake_model.errors import SqlError, unknown
from spotify_platform_tests.snowflake_model.results import DONE, answer, status
from spotify_platform_tests.snowflake_model.words import Name, Words

_PRIVILEGES = {
    "DATABASE": {"USAGE", "MODIFY", "MONITOR"},
    "SCHEMA": {"USAGE", "MODIFY", "MONITOR"},
    "TABLE": {"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "REBUILD", "EVOLVE SCHEMA"},
    "VIEW": {"SELECT", "REFERENCES"},
    "WAREHOUSE": {"USAGE", "OPERATE", "MODIFY", "MONITOR", "APPLYBUDGET"},
    "STAGE": {"USAGE", "READ", "WRITE"},
    "FILE FORMAT": {"USAGE"},
    "PIPE": {"MONITOR", "OPERATE", "APPLYBUDGET"},
    "INTEGRATION": {"USAGE", "USE_ANY_ROLE"},
    "RESOURCE MONITOR": {"MONITOR", "MODIFY"},
    "USER": {"MONITOR"},
}


def grant(context: Context, words: Words) -> pa.Table:
    """GRANT, from after that word on."""
    for privilege, kind, name, to, grantee in _granted(context, words):
        row = (privilege, kind, name, to, grantee)
        if row not in [known[1:6] for known in context.account.grants]:
            context.account.grants.append((context.account.now(), *row, context.role))
    return status(DONE)


def revoke(context: Context, words: Words) -> pa.Table:
    """REVOKE, from after that word on."""
    taken = _granted(context, words)
    context.account.grants = [known for known in context.account.grants if known[1:6] not in taken]
    return status(DONE)


def show(context: Context, words: Words) -> pa.Table:
    """SHOW GRANTS, from after these words on."""
    columns = [
        "created_on",
        "privilege",
        "granted_on",
        "name",
        "granted_to",
        "grantee_name",
        "grant_option",
        "granted_by",
    ]
    grants = context.account.grants
    if words.accept("ON"):
        kind, names = _objects(context, words)
        found = [grant for grant in grants if grant[2] == kind and grant[3] in {".".join(name) for name in names}]
    elif words.accept("TO ROLE") or words.accept("OF ROLE"):
        role = context.account.find("ROLE", words.name()).name[0]
        found = [grant for grant in grants if grant[4:6] == ("ROLE", role)]
    else:
        user = words.name()[0] if words.accept("TO USER") else context.user
        held = [grant for grant in grants if grant[4:6] == ("USER", user)]
        names_of = ["created_on", "role", "granted_to", "grantee_name", "granted_by"]
        return answer(names_of, [(at, role, to, grantee, by) for at, _, _, role, to, grantee, by in held])
    return answer(columns, [(*grant[:6], "false", grant[6]) for grant in found])


def _granted(context: Context, words: Words) -> list[tuple[str, str, str, str, str]]:
    """Privilege, kind and name of the object, kind and name of who gets it: one for each object and privilege."""
    if words.accept("ROLE"):
        role = words.name()
        context.account.find("ROLE", role)
        to, grantee = _grantee(context, words)
        return [("USAGE", "ROLE", role[0], to, grantee)]
    privileges = [_words_until(words, ",", "ON")]
    while words.accept(","):
        privileges.append(_words_until(words, ",", "ON"))
    words.expect("ON")
    if words.accept("ACCOUNT"):
        to, grantee = _grantee(context, words)
        return [(privilege, "ACCOUNT", NAME, to, grantee) for privilege in privileges]
    kind, names = _objects(context, words)
    for privilege in privileges:
        _check_privilege(context, privilege, kind, names)
    for name in names:
        context.touch("GRANT", kind.capitalize(), name)
    to, grantee = _grantee(context, words)
    return [(privilege, kind, ".".join(name), to, grantee) for name in names for privilege in privileges]


def _grantee(context: Context, words: Words) -> tuple[str, str]:
    if not words.accept("TO"):
        words.expect("FROM")
    if words.accept("USER"):
        user = words.name()[0]
        if user not in context.account.users:
            raise unknown("User", user)
        return "USER", user
    words.accept("ROLE")
    role = words.name()
    context.account.find("ROLE", role)
    words.accept("WITH GRANT OPTION")
    return "ROLE", role[0]


def _words_until(words: Words, *ends: str) -> str:
    found = []
    while words.next not in ends:
        found.append(words.word())
    return " ".join(found)


def _objects(context: Context, words: Words) -> tuple[str, list[Name]]:
    """The kind and the names of what a grant is about; `all tables in schema x` are those there now."""
    future = words.accept("FUTURE")
    if future or words.accept("ALL"):
        kind = next(kind for kind in _PRIVILEGES if words.accept(f"{kind}S"))
        words.expect("IN")
        in_schema = words.accept("SCHEMA")
        if not in_schema:
            words.expect("DATABASE")
        within = words.name()
        if in_schema:
            within = context.full((*within, ""))[:2]
        if within not in context.schemas():
            raise unknown("Schema" if in_schema else "Database", ".".join(within))
        if future:
            return kind, [(*within, f"<{kind}>")]
        if kind in ("TABLE", "VIEW"):
            return kind, [name for found, name in context.tables(within) if found == kind]
        return kind, [thing.name for thing in context.account.all(kind) if thing.name[: len(within)] == within]
    kind = next((kind for kind in _PRIVILEGES if words.accept(kind)), "")
    if not kind:
        raise words.unexpected()
    return kind, [_existing(context, kind, words.name())]


def _existing(context: Context, kind: str, name: Name) -> Name:
    if kind == "DATABASE" or kind == "SCHEMA":
        full = name if kind == "DATABASE" else context.full((*name, ""))[:2]
        if full not in context.schemas():
            raise unknown(kind.capitalize(), ".".join(full))
        return full
    if kind in ("TABLE", "VIEW"):
        context.require_table(context.full(name))
        return context.full(name)
    if kind == "USER":
        if name[0] not in context.account.users:
            raise unknown("User", name[0])
        return name
    kind = "STORAGE INTEGRATION" if kind == "INTEGRATION" else kind
    return context.account.find(kind, name if kind in OF_ACCOUNT else context.full(name)).name


def _check_privilege(context: Context, privilege: str, kind: str, names: list[Name]) -> None:
    allowed = _PRIVILEGES[kind] | {"ALL", "ALL PRIVILEGES", "OWNERSHIP"}
    if kind in ("SCHEMA", "DATABASE") and privilege.startswith("CREATE "):
        return
    if kind == "STAGE":
        # USAGE is for external stages, READ and WRITE are for internal ones.
        external = [bool(context.account.find("STAGE", name).properties.get("URL")) for name in names]
        if (privilege == "USAGE" and not all(external)) or (privilege in ("READ", "WRITE") and any(external)):
            allowed = set()
    if privilege not in allowed:
        message = f"SQL compilation error:\nInvalid object type '{kind}' for privilege '{privilege}'"
        raise SqlError(3008, "42601", message)
