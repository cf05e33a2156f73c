"""Checking an account step by step: the only proof about Snowflake itself, since the tests have but a model of it."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from spotify_platform.contracts.curated import CURATED_BY_NAME
from spotify_platform.contracts.errors import PlatformError, WarehouseError
from spotify_platform.load.snowflake import landing
from spotify_platform.load.snowflake.ddl import HOW, Target, copied
from spotify_platform.load.snowflake.session import Session
from spotify_platform.load.snowflake.setup import plan, values_for_aws

Open = Callable[[str], AbstractContextManager[Session]]
Events = Callable[[], list[str] | None]

# A date that no capture can have, since partitions begin with 2017.
_ROUND_TRIP = "snapshot_date=1970-01-01/batch_id=doctor/part-0.parquet"


@dataclass(frozen=True)
class Finding:
    """What a step found, and what to do where it is wrong."""

    step: str
    ok: bool
    found: str
    todo: str = ""


def examine(open_session: Open, target: Target, events: Events, admin: str) -> Iterator[Finding]:
    """The steps in their order, up to the first that is wrong.

    `open_session` opens a session in a role, or in the user's own; `events` gives the queues that the lake's bucket
    tells of new objects, None when that cannot be known from here; `admin` is the role that made the objects.
    """
    names = target.names
    steps: list[tuple[str, str, Callable[[Session], str], str]] = [
        ("connect", "", _connect, "Check SPOTIFY_PLATFORM_SNOWFLAKE_ACCOUNT, _USER, _PRIVATE_KEY_PATH."),
        ("warehouse", names.loader, lambda session: _uses(session, target), "Run: spotify-platform warehouse apply"),
        ("objects", admin, lambda session: _objects(session, target), "Run: spotify-platform warehouse apply"),
        ("loader", names.loader, _published, f"Grant role {names.loader} to the user, or run warehouse apply."),
        (
            "transformer",
            names.transformer,
            _ledger,
            f"Grant role {names.transformer} to the user, or run warehouse apply.",
        ),
    ]
    if target.has_pipes:
        steps += [
            ("stage", names.loader, _stage, "The role of AWS must trust Snowflake's user, and may read the lake."),
            ("pipes", names.loader, _pipes, "Run: alter pipe landing.<pipe> set pipe_execution_paused = false"),
            (
                "events",
                admin,
                lambda session: _events(session, target, events),
                "Let the bucket send s3:ObjectCreated:* of curated/ to that queue.",
            ),
        ]
    steps.append(
        ("round trip", names.loader, _round_trip, "Look at the error; the roles' grants are in warehouse plan.")
    )
    for step, role, look, todo in steps:
        try:
            with open_session(role) as session:
                yield Finding(step, True, look(session))
        except PlatformError as error:
            yield Finding(step, False, str(error), todo)
            return


def _connect(session: Session) -> str:
    ((account, user, role, version),) = session.rows(
        "select current_account(), current_user(), current_role(), current_version()"
    )
    return f"{user} on {account} as {role}, Snowflake {version}"


def _uses(session: Session, target: Target) -> str:
    session.rows(f"use warehouse {target.names.compute}")
    session.rows(f"use database {target.names.database}")
    session.rows("select 1")
    return f"{target.names.compute} computes, {target.names.database} is there"


def _objects(session: Session, target: Target) -> str:
    pending = plan(session, target)
    if pending:
        raise WarehouseError(f"{len(pending)} scripts were not applied as they are: {pending[0].name} is the first.")
    return "all scripts are applied"


def _published(session: Session) -> str:
    ((count,),) = session.rows("select count(*) from ops.published")
    return f"{count} dates are loaded"


def _ledger(session: Session) -> str:
    session.rows("select count(*) from curated.artists where snapshot_date = '1970-01-01'")
    session.rows("delete from marts.coverage where snapshot_date = '1970-01-01'")
    return "may read tables and write marts"


def _stage(session: Session) -> str:
    # A LIST of the whole lake could take minutes; what is not there still shows whether we may look.
    session.rows("list @landing.lake/artists/snapshot_date=1970-01-01/")
    return "Snowflake can read the lake"


def _pipes(session: Session) -> str:
    states = landing.state_of_pipes(session, CURATED_BY_NAME)
    stopped = {table: state for table, state in states.items() if state != "RUNNING"}
    if stopped:
        raise WarehouseError(f"Not running: {', '.join(f'{table} ({state})' for table, state in stopped.items())}.")
    return f"{len(states)} pipes run"


def _events(session: Session, target: Target, events: Events) -> str:
    queue, known = values_for_aws(session, target)["SnowflakeQueueArn"], events()
    if known is None:
        return f"the bucket cannot be asked from here; its events must go to {queue}"
    if queue not in known:
        raise WarehouseError(f"The bucket sends no events to {queue}; it sends them to {', '.join(known) or 'nobody'}.")
    return f"the bucket's events go to {queue}"


def _round_trip(session: Session) -> str:
    """One row goes the whole way, file by file, and is rolled back."""
    import duckdb

    table = CURATED_BY_NAME["artists"]
    with tempfile.TemporaryDirectory(prefix="doctor-") as scratch:
        path = Path(scratch, "part-0.parquet")
        columns = ", ".join(f'null::{kind} as "{name}"' for name, kind in table.duckdb_columns.items())
        with duckdb.connect() as connection:
            connection.execute(
                f"copy (select * replace (date '1970-01-01' as snapshot_date) from (select {columns})) to $path "
                "(format parquet)",
                {"path": str(path)},
            )
        landing.upload(session, "landing.uploads", {f"artists/{_ROUND_TRIP}": path})
    session.rows("begin")
    try:
        session.rows(
            f"copy into landing.{copied(table)} from @landing.uploads/ files = ('artists/{_ROUND_TRIP}') {HOW} "
            "on_error = abort_statement force = true"
        )
        ((count,),) = session.rows(f"select count(*) from landing.{copied(table)} where snapshot_date = '1970-01-01'")
    finally:
        session.rows("rollback")
        session.rows(f"remove @landing.uploads/artists/{_ROUND_TRIP}")
    if count != 1:
        raise WarehouseError(f"One row was copied, {count} came back.")
    return "a row went in by COPY, came back, and was rolled back"
