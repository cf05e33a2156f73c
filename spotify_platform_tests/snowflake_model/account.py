"""What an account holds beside its tables, and what a session knows of itself. State only; nothing runs here."""

import threading
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from spotify_platform_tests.snowflake_model.auth import User
from spotify_platform_tests.snowflake_model.errors import SqlError, exists, unknown
from spotify_platform_tests.snowflake_model.faults import Faults
from spotify_platform_tests.snowflake_model.words import Name

NAME = "MODEL"
ADMIN = "ACCOUNTADMIN"
OF_ACCOUNT = ("ROLE", "WAREHOUSE", "RESOURCE MONITOR", "STORAGE INTEGRATION", "USER")
OF_SCHEMA = ("FILE FORMAT", "STAGE")
SYSTEM_ROLES = (ADMIN, "SECURITYADMIN", "USERADMIN", "SYSADMIN", "ORGADMIN", "PUBLIC")
SYSTEM_HIERARCHY = {ADMIN: ("SYSADMIN", "SECURITYADMIN"), "SECURITYADMIN": ("USERADMIN",)}
SYSTEM_WAREHOUSE = "COMPUTE_WH"
QUEUE_ARN = "arn:aws:sqs:us-east-1:000000000000:sf-snowpipe-model"


@dataclass
class Thing:
    """An object that is no table: its kind, its full name, the properties it was made with."""

    kind: str
    name: Name
    properties: dict[str, Any]
    created: datetime
    id: str = field(default_factory=lambda: uuid.uuid4().hex)


@dataclass
class Load:
    """One file's load, as COPY_HISTORY tells it. `pipe` is None for a COPY."""

    table: Name
    stage: str
    file: str
    etag: str
    size: int
    at: datetime
    rows: int
    error: str | None = None
    pipe: Name | None = None


@dataclass
class Account:
    """Everything that sessions and pipes share."""

    scratch: Path
    faults: Faults = field(default_factory=Faults)
    users: dict[str, User] = field(default_factory=dict)
    things: dict[str, dict[Name, Thing]] = field(default_factory=dict)
    grants: list[tuple[Any, ...]] = field(default_factory=list)
    loads: list[Load] = field(default_factory=list)
    queue_arn: str = QUEUE_ARN
    ahead: timedelta = timedelta()
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        """What every account has from the start, https://docs.snowflake.com/en/user-guide/security-access-control-overview."""
        for role in SYSTEM_ROLES:
            self.add(Thing("ROLE", (role,), {}, self.now()))
        self.add(Thing("WAREHOUSE", (SYSTEM_WAREHOUSE,), {}, self.now()))
        self.users[NAME] = User(NAME, {"PASSWORD": "model", "DEFAULT_ROLE": ADMIN})
        self.make_admin(NAME)

    def make_admin(self, user: str) -> None:
        """Grant a user the role that may do everything."""
        self.grants.append((self.now(), "USAGE", "ROLE", ADMIN, "USER", user, ADMIN))

    def now(self) -> datetime:
        """The time, which a test may have moved on."""
        return datetime.now(UTC) + self.ahead

    def add(self, thing: Thing, replace: bool = False, tolerate: bool = False) -> bool:
        """Keep an object; whether it was added, since with `tolerate` one that is there stays."""
        known = self.things.setdefault(thing.kind, {})
        if thing.name in known and not replace:
            if tolerate:
                return False
            raise exists(".".join(thing.name))
        known[thing.name] = thing
        return True

    def find(self, kind: str, name: Name) -> Thing:
        """The object of this name, or the error for none."""
        thing = self.things.get(kind, {}).get(name)
        if thing is None:
            raise unknown(kind.split()[-1].capitalize() if "INTEGRATION" in kind else kind.capitalize(), ".".join(name))
        return thing

    def all(self, kind: str) -> list[Thing]:
        """The objects of a kind, by name."""
        return sorted(self.things.get(kind, {}).values(), key=lambda thing: thing.name)

    def roles_of(self, user: str) -> set[str]:
        """The roles a user may take: those granted, those that these hold, and PUBLIC.

        https://docs.snowflake.com/en/user-guide/security-access-control-overview#role-hierarchy-and-privilege-inheritance
        """
        held = {role: parent for parent, children in SYSTEM_HIERARCHY.items() for role in children}
        given = [(name, to, grantee) for _, _, kind, name, to, grantee, _ in self.grants if kind == "ROLE"]
        found = {"PUBLIC"} | {name for name, to, grantee in given if (to, grantee) == ("USER", user)}
        while True:
            more = {name for name, to, grantee in given if to == "ROLE" and grantee in found}
            more |= {role for role, parent in held.items() if parent in found}
            if more <= found:
                return found
            found |= more

    def forget(self, within: Name) -> None:
        """Drop the objects in a database or schema that is dropped."""
        for known in self.things.values():
            for name in [name for name in known if len(name) > len(within) and name[: len(within)] == within]:
                del known[name]

    def forget_loads(self, table: Name) -> None:
        """Forget what COPY loaded into a table that is made anew, dropped or truncated."""
        self.loads = [load for load in self.loads if load.table != table or load.pipe is not None]


@dataclass
class Context:
    """What a session knows of itself: where names are looked up, who asks, and by which DuckDB connection."""

    account: Account
    duck: duckdb.DuckDBPyConnection
    user: str = NAME
    role: str = ADMIN
    warehouse: str | None = None
    database: str | None = None
    schema: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)

    def full(self, name: Name) -> Name:
        """A name of something in a schema, with all three parts."""
        if len(name) == 3:
            return name
        if self.database is None:
            raise SqlError(
                90105,
                "22000",
                "Cannot perform operation. This session does not have a current database. Call 'USE DATABASE', "
                "or use a qualified name.",
            )
        if len(name) == 2:
            return (self.database, *name)
        if self.schema is None:
            raise SqlError(
                90106,
                "22000",
                "Cannot perform operation. This session does not have a current schema. Call 'USE SCHEMA', "
                "or use a qualified name.",
            )
        return (self.database, self.schema, *name)

    def touch(self, verb: str, kind: str, name: Name) -> None:
        """Say that the statement does this to that; fails when a test wants it to."""
        self.account.faults.check([(verb, kind, name)])

    def schemas(self) -> set[Name]:
        """All databases and schemas, by name."""
        rows = self.duck.execute("select upper(catalog_name), upper(schema_name) from information_schema.schemata")
        found = {(database, schema) for database, schema in rows.fetchall()}
        return found | {(database,) for database, _ in found}

    def tables(self, within: Name) -> list[tuple[str, Name]]:
        """Kind and name of the tables and views in a database or schema."""
        rows = self.duck.execute(
            "select case table_type when 'VIEW' then 'VIEW' else 'TABLE' end, table_catalog, table_schema, table_name "
            "from information_schema.tables where table_schema not in ('main', '_FS_INFORMATION_SCHEMA') "
            "and not starts_with(table_schema, '_fs') order by all"
        )
        named = [(kind, (database, schema, table)) for kind, database, schema, table in rows.fetchall()]
        return [(kind, name) for kind, name in named if name[: len(within)] == within]

    def require_schema(self, name: Name) -> None:
        """Fail unless the schema that a full name is in is there."""
        found = self.schemas()
        for kind, part in (("Database", name[:1]), ("Schema", name[:2])):
            if part not in found:
                raise unknown(kind, ".".join(part))

    def require_table(self, name: Name) -> None:
        """Fail unless there is a table or view of this full name."""
        self.require_schema(name)
        if name not in [found for _, found in self.tables(name[:2])]:
            raise unknown("Object", ".".join(name))

    def require_warehouse(self) -> None:
        """Fail for a statement that computes in a session without a warehouse."""
        if self.warehouse is None:
            raise SqlError(
                606,
                "57P03",
                "No active warehouse selected in the current session. Select an active warehouse with the "
                "'use warehouse' command.",
            )
