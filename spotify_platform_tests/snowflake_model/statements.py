"""Roles, warehouses, monitors, integrations, users, file formats, stages as objects: making, showing, dropping.

Files in stages are the business of `stages`, pipes that of `pipes`, who may what that of `grants`. After the pages of
https://docs.snowflake.com/en/sql-reference/sql/ for each statement: create-role, create-warehouse,
create-resource-monitor, create-storage-integration-aws, desc-integration, create-user, create-file-format,
create-stage, desc-stage, show-stages, show-warehouses, alter-session, use-role, use-warehouse.

An integration that is made anew has another external id, so a role in AWS no longer trusts it:
https://docs.snowflake.com/en/user-guide/data-load-s3-config-storage-integration. Making a warehouse makes it the
session's. What is kept and shown has no further effect.
"""

import json
import re
import shutil
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyarrow as pa

from spotify_platform_tests.snowflake_model import grants
from spotify_platform_tests.snowflake_model.account import ADMIN, NAME, OF_ACCOUNT, OF_SCHEMA, Context, Thing
from spotify_platform_tests.snowflake_model.auth import User, fingerprint, public_key
from spotify_platform_tests.snowflake_model.errors import SqlError, exists, impossible, unknown
from spotify_platform_tests.snowflake_model.results import DONE, answer, status
from spotify_platform_tests.snowflake_model.words import Name, Words, quoted

IAM_USER = "arn:aws:iam::000000000001:user/model-of-snowflake"

_SESSION_PARAMETERS = {
    *("ABORT_DETACHED_QUERY", "AUTOCOMMIT", "DATE_INPUT_FORMAT", "DATE_OUTPUT_FORMAT"),
    *("ERROR_ON_NONDETERMINISTIC_MERGE", "LOCK_TIMEOUT", "PYTHON_CONNECTOR_QUERY_RESULT_FORMAT", "QUERY_TAG"),
    *("QUOTED_IDENTIFIERS_IGNORE_CASE", "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS", "STATEMENT_TIMEOUT_IN_SECONDS"),
    *("TIMESTAMP_INPUT_FORMAT", "TIMESTAMP_OUTPUT_FORMAT", "TIMESTAMP_LTZ_OUTPUT_FORMAT", "TIMESTAMP_TYPE_MAPPING"),
    *("TIMEZONE", "TRANSACTION_ABORT_ON_ERROR", "USE_CACHED_RESULT", "WEEK_OF_YEAR_POLICY", "WEEK_START"),
}


def run(context: Context, words: Words) -> pa.Table | None:
    """The answer to one of these statements; None when it is none of them."""
    with context.account.lock:
        for phrase, handler in _HANDLERS:
            if words.accept(phrase):
                answered = handler(context, words)
                if answered is None:
                    words.at = 0
                return answered
    return None


def _create(context: Context, words: Words) -> pa.Table | None:
    replace = words.accept("OR REPLACE")
    words.accept("TEMPORARY") or words.accept("TEMP")
    kind = next((kind for kind in (*OF_ACCOUNT, *OF_SCHEMA) if words.accept(kind)), None)
    if kind is None:
        return None
    tolerate = words.accept("IF NOT EXISTS")
    name = words.name()
    words.accept("WITH")
    properties = words.options()
    if not words.done and kind != "RESOURCE MONITOR":
        raise words.unexpected()
    if kind in OF_SCHEMA:
        name = context.full(name)
        context.require_schema(name)
    context.touch("CREATE", kind.capitalize(), name)
    if kind == "USER":
        return _create_user(context, name[0], properties, replace, tolerate)
    _check_references(context, kind, properties)
    thing = Thing(kind, name, properties, context.account.now())
    if not context.account.add(thing, replace, tolerate):
        return status(f"{name[-1]} already exists, statement succeeded.")
    if kind == "WAREHOUSE":
        context.warehouse = name[0]
    if kind == "STAGE":
        shutil.rmtree(context.account.scratch.joinpath("stages", *name), ignore_errors=True)
    return status(f"{'Stage area' if kind == 'STAGE' else kind.capitalize()} {name[-1]} successfully created.")


def _create_user(context: Context, name: str, properties: dict[str, Any], replace: bool, tolerate: bool) -> pa.Table:
    users = context.account.users
    if name in users and not replace:
        if tolerate:
            return status(f"{name} already exists, statement succeeded.")
        raise exists(name)
    users[name] = User(name, _checked(properties))
    return status(f"User {name} successfully created.")


def _checked(properties: dict[str, Any]) -> dict[str, Any]:
    for key in ("RSA_PUBLIC_KEY", "RSA_PUBLIC_KEY_2"):
        if properties.get(key):
            if "-----" in properties[key]:
                raise SqlError(1469, "22023", "SQL compilation error:\nNew public key rejected by current policy.")
            public_key(properties[key])
    return properties


def _check_references(context: Context, kind: str, properties: dict[str, Any]) -> None:
    account = context.account
    if kind == "STAGE" and (integration := properties.get("STORAGE_INTEGRATION")):
        found = account.find("STORAGE INTEGRATION", (str(integration).upper(),))
        url = str(properties.get("URL", ""))
        allowed = found.properties.get("STORAGE_ALLOWED_LOCATIONS", [])
        if not any(location == "*" or url.startswith(location) for location in allowed):
            raise SqlError(
                3167,
                "42601",
                f"SQL compilation error:\nLocation '{url}' is not allowed by integration '{found.name[0]}'. Please "
                "use DESC INTEGRATION to check out the allowed and blocked locations.",
            )
    if kind == "STAGE" and isinstance(chosen := properties.get("FILE_FORMAT"), dict) and "FORMAT_NAME" in chosen:
        account.find("FILE FORMAT", context.full(Words(chosen["FORMAT_NAME"]).name()))
    if kind == "WAREHOUSE" and (monitor := properties.get("RESOURCE_MONITOR")):
        account.find("RESOURCE MONITOR", (str(monitor).upper(),))


def _alter(context: Context, words: Words) -> pa.Table | None:
    if words.accept("SESSION"):
        return _alter_session(context, words)
    mentioned = _mentioned(context, words, "ALTER")
    if mentioned is None:
        return None
    kind, name, known, tolerate = mentioned
    key = name[0] if kind == "USER" else name
    if key not in known:
        if tolerate:
            return status(DONE)
        raise unknown(kind.split()[-1].capitalize(), ".".join(name))
    if words.accept("SET"):
        changed = words.options()
        _check_references(context, kind, {**known[key].properties, **changed} if kind == "STAGE" else changed)
        known[key].properties.update(_checked(changed) if kind == "USER" else changed)
    elif words.accept("UNSET"):
        known[key].properties.pop(words.word(), None)
    elif kind != "WAREHOUSE" or words.word() not in ("SUSPEND", "RESUME", "ABORT"):
        raise words.unexpected()
    return status(DONE)


def _alter_session(context: Context, words: Words) -> pa.Table:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-session, of which `session` does what takes effect."""
    if words.accept("UNSET"):
        set_parameter(context, words.word(), None)
    else:
        words.expect("SET")
        for key, value in words.options().items():
            set_parameter(context, key, value)
    return status(DONE)


def set_parameter(context: Context, key: str, value: Any) -> None:
    """Set a parameter of the session; None sets it back."""
    if key not in _SESSION_PARAMETERS:
        raise SqlError(
            1420, "22023", f"SQL compilation error:\ninvalid value [{key}] for parameter 'session parameter'"
        )
    if key == "TIMEZONE":
        # https://docs.snowflake.com/en/sql-reference/parameters#timezone: not UTC, unless somebody says so.
        zone = str(value or "America/Los_Angeles")
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise SqlError(
                1420, "22023", f"SQL compilation error:\ninvalid value [{zone}] for parameter 'TIMEZONE'"
            ) from None
        context.duck.execute(f"set TimeZone = {quoted(zone)}")
        value = zone
    context.parameters[key] = value


def _mentioned(context: Context, words: Words, verb: str) -> tuple[str, Name, dict[Any, Any], bool] | None:
    """Which object a statement is about, all that there are of its kind, and whether it need not be there."""
    kind = next((kind for kind in (*OF_ACCOUNT, *OF_SCHEMA) if words.accept(kind)), None)
    if kind is None and words.accept("INTEGRATION"):
        kind = "STORAGE INTEGRATION"
    if kind is None:
        return None
    tolerate = words.accept("IF EXISTS")
    name = context.full(words.name()) if kind in OF_SCHEMA else words.name()
    context.touch(verb, kind.capitalize(), name)
    known: dict[Any, Any] = context.account.users if kind == "USER" else context.account.things.get(kind, {})
    return kind, name, known, tolerate


def _drop(context: Context, words: Words) -> pa.Table | None:
    mentioned = _mentioned(context, words, "DROP")
    if mentioned is None:
        return None
    kind, name, known, tolerate = mentioned
    if known.pop(name[0] if kind == "USER" else name, None) is None:
        if not tolerate:
            raise unknown(kind.split()[-1].capitalize(), ".".join(name))
        return status("Drop statement executed successfully.")
    if kind == "STAGE":
        shutil.rmtree(context.account.scratch.joinpath("stages", *name), ignore_errors=True)
    return status(f"{name[-1]} successfully dropped.")


def _use(context: Context, words: Words) -> pa.Table | None:
    """https://docs.snowflake.com/en/sql-reference/sql/use."""
    for kind in ("ROLE", "WAREHOUSE"):
        if words.accept(kind):
            name = words.name()
            context.touch("USE", kind.capitalize(), name)
            if name not in context.account.things[kind]:
                raise impossible()
            if kind == "ROLE" and name[0] not in context.account.roles_of(context.user):
                raise SqlError(
                    3013,
                    "42501",
                    f"SQL execution error:\nRequested role '{name[0]}' is not assigned to the executing user. Specify "
                    "another role or choose a role that is assigned.",
                )
            setattr(context, kind.lower(), name[0])
            return status(DONE)
    return status(DONE) if words.accept("SECONDARY ROLES") else None


def _show(context: Context, words: Words) -> pa.Table | None:
    words.accept("TERSE")
    if words.accept("GRANTS"):
        return grants.show(context, words)
    kind = next((kind for kind in (*OF_ACCOUNT, *OF_SCHEMA) if words.accept(f"{kind}S")), None)
    if kind is None and words.accept("INTEGRATIONS"):
        kind = "STORAGE INTEGRATION"
    if kind is None:
        return None
    if kind == "USER":
        things = [
            Thing(kind, (name,), user.properties, context.account.now()) for name, user in context.account.users.items()
        ]
    else:
        things = context.account.all(kind)
    things = chosen(context, words, things)
    return answer(_COLUMNS[kind], [_ROWS[kind](context, thing) for thing in things])


def chosen(context: Context, words: Words, things: list[Thing]) -> list[Thing]:
    """Those of a SHOW that `like` and `in` let through; without `in` those of the session's schema or database."""
    if words.accept("LIKE"):
        pattern = re.escape(words.text()).replace("%", ".*").replace("_", ".")
        things = [thing for thing in things if re.fullmatch(pattern, thing.name[-1], re.IGNORECASE)]
    within = tuple(part for part in (context.database, context.schema) if part)
    if words.accept("IN"):
        if words.accept("ACCOUNT"):
            within = ()
        elif words.accept("DATABASE"):
            within = words.name() if not words.done else within[:1]
        else:
            words.accept("SCHEMA")
            within = context.full((*words.name(), ""))[:2]
        if within and within not in context.schemas():
            raise unknown("Schema" if len(within) == 2 else "Database", ".".join(within))
    if not words.done:
        raise words.unexpected()
    return [thing for thing in things if len(thing.name) == 1 or thing.name[: len(within)] == within]


def _describe(context: Context, words: Words) -> pa.Table | None:
    if words.accept("STORAGE INTEGRATION") or words.accept("INTEGRATION"):
        name = words.name()
        context.touch("DESCRIBE", "Integration", name)
        return _describe_integration(context.account.find("STORAGE INTEGRATION", name))
    if words.accept("STAGE"):
        name = context.full(words.name())
        context.touch("DESCRIBE", "Stage", name)
        return _describe_stage(context.account.find("STAGE", name))
    if words.accept("FILE FORMAT"):
        thing = context.account.find("FILE FORMAT", context.full(words.name()))
        rows = [(key, "String", str(value), "") for key, value in thing.properties.items()]
        return answer(["property", "property_type", "property_value", "property_default"], rows)
    if words.accept("WAREHOUSE"):
        thing = context.account.find("WAREHOUSE", words.name())
        return answer(["created_on", "name", "kind"], [(thing.created, thing.name[0], "WAREHOUSE")])
    if words.accept("USER"):
        return _describe_user(context, words.name()[0])
    return None


def _describe_integration(thing: Thing) -> pa.Table:
    properties = thing.properties
    rows = [
        ("ENABLED", "Boolean", str(properties.get("ENABLED", False)).lower(), "false"),
        ("STORAGE_PROVIDER", "String", str(properties.get("STORAGE_PROVIDER", "")), ""),
        ("STORAGE_ALLOWED_LOCATIONS", "List", ",".join(properties.get("STORAGE_ALLOWED_LOCATIONS", [])), "[]"),
        ("STORAGE_BLOCKED_LOCATIONS", "List", ",".join(properties.get("STORAGE_BLOCKED_LOCATIONS", [])), "[]"),
        ("STORAGE_AWS_IAM_USER_ARN", "String", IAM_USER, ""),
        ("STORAGE_AWS_ROLE_ARN", "String", str(properties.get("STORAGE_AWS_ROLE_ARN", "")), ""),
        ("STORAGE_AWS_EXTERNAL_ID", "String", f"{NAME}_SFCRole={thing.id}", ""),
        ("COMMENT", "String", str(properties.get("COMMENT", "")), ""),
    ]
    return answer(["property", "property_type", "property_value", "property_default"], rows)


def _describe_stage(thing: Thing) -> pa.Table:
    url = thing.properties.get("URL")
    rows = [
        ("STAGE_LOCATION", "URL", "String", json.dumps([url]) if url else "", ""),
        (
            "STAGE_INTEGRATION",
            "STORAGE_INTEGRATION",
            "String",
            str(thing.properties.get("STORAGE_INTEGRATION", "")),
            "",
        ),
        ("DIRECTORY", "ENABLE", "Boolean", "false", "false"),
    ]
    chosen_format = thing.properties.get("FILE_FORMAT", {})
    rows += [("STAGE_FILE_FORMAT", key, "String", str(value), "") for key, value in chosen_format.items()]
    return answer(["parent_property", "property", "property_type", "property_value", "property_default"], rows)


def _describe_user(context: Context, name: str) -> pa.Table:
    user = context.account.users.get(name)
    if user is None:
        raise unknown("User", name)
    prints = dict(zip(("RSA_PUBLIC_KEY_FP", "RSA_PUBLIC_KEY_2_FP"), map(fingerprint, user.keys), strict=False))
    shown = {"NAME": name, **user.properties, **prints}
    rows = [(key, str(value), "null", "") for key, value in shown.items() if key != "PASSWORD"]
    return answer(["property", "value", "default", "description"], rows)


def _property(thing: Thing, key: str, default: str = "") -> str:
    value = thing.properties.get(key, default)
    return str(value).lower() if isinstance(value, bool) else str(value)


_COLUMNS = {
    "ROLE": ["created_on", "name", "is_default", "is_current", "owner", "comment"],
    "USER": ["name", "created_on", "login_name", "disabled", "default_warehouse", "default_role", "has_rsa_public_key"],
    "WAREHOUSE": [
        "name",
        "state",
        "type",
        "size",
        "is_current",
        "auto_suspend",
        "auto_resume",
        "created_on",
        "owner",
        "comment",
        "resource_monitor",
    ],
    "RESOURCE MONITOR": ["name", "credit_quota", "used_credits", "frequency", "created_on", "owner"],
    "STORAGE INTEGRATION": ["name", "type", "category", "enabled", "comment", "created_on"],
    "FILE FORMAT": ["created_on", "name", "database_name", "schema_name", "type", "owner", "comment", "format_options"],
    "STAGE": [
        "created_on",
        "name",
        "database_name",
        "schema_name",
        "url",
        "has_credentials",
        "has_encryption_key",
        "owner",
        "comment",
        "region",
        "type",
        "cloud",
        "notification_channel",
        "storage_integration",
        "endpoint",
        "owner_role_type",
        "directory_enabled",
    ],
}

_ROWS: dict[str, Callable[[Context, Thing], tuple[Any, ...]]] = {
    "ROLE": lambda context, t: (
        t.created,
        t.name[0],
        "N",
        "Y" if t.name[0] == context.role else "N",
        ADMIN,
        _property(t, "COMMENT"),
    ),
    "USER": lambda _, t: (
        t.name[0],
        t.created,
        t.name[0],
        _property(t, "DISABLED", "false"),
        _property(t, "DEFAULT_WAREHOUSE"),
        _property(t, "DEFAULT_ROLE"),
        str("RSA_PUBLIC_KEY" in t.properties).lower(),
    ),
    "WAREHOUSE": lambda context, t: (
        t.name[0],
        "STARTED",
        "STANDARD",
        _property(t, "WAREHOUSE_SIZE", "X-Small"),
        "Y" if t.name[0] == context.warehouse else "N",
        _property(t, "AUTO_SUSPEND", "600"),
        _property(t, "AUTO_RESUME", "true"),
        t.created,
        ADMIN,
        _property(t, "COMMENT"),
        _property(t, "RESOURCE_MONITOR", "null").upper(),
    ),
    "RESOURCE MONITOR": lambda _, t: (
        t.name[0],
        _property(t, "CREDIT_QUOTA"),
        "0.00",
        _property(t, "FREQUENCY", "MONTHLY").upper(),
        t.created,
        ADMIN,
    ),
    "STORAGE INTEGRATION": lambda _, t: (
        t.name[0],
        "EXTERNAL_STAGE",
        "STORAGE",
        _property(t, "ENABLED", "false"),
        _property(t, "COMMENT"),
        t.created,
    ),
    "FILE FORMAT": lambda _, t: (
        t.created,
        t.name[2],
        t.name[0],
        t.name[1],
        _property(t, "TYPE", "CSV").upper(),
        ADMIN,
        _property(t, "COMMENT"),
        json.dumps(t.properties, default=str),
    ),
    "STAGE": lambda _, t: (
        t.created,
        t.name[2],
        t.name[0],
        t.name[1],
        _property(t, "URL"),
        "N",
        "N",
        ADMIN,
        _property(t, "COMMENT"),
        "us-east-1",
        "EXTERNAL" if "URL" in t.properties else "INTERNAL",
        "AWS",
        None,
        _property(t, "STORAGE_INTEGRATION").upper() or None,
        None,
        "ROLE",
        "N",
    ),
}

_HANDLERS: list[tuple[str, Callable[[Context, Words], pa.Table | None]]] = [
    ("CREATE", _create),
    ("ALTER", _alter),
    ("DROP", _drop),
    ("USE", _use),
    ("GRANT", grants.grant),
    ("REVOKE", grants.revoke),
    ("SHOW", _show),
    ("DESCRIBE", _describe),
    ("DESC", _describe),
]
