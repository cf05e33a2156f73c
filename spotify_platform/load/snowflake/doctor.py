"""Checking an account step by step: the only proof about Snowflake itself, since the tests have but a model of it."""

import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from spotify_platform.contracts.curated import CURATED_BY_NAME
from spotify_platform.contracts.errors import NotLandedError, PlatformError, WarehouseError
from spotify_platform.lake.store import Lake
from spotify_platform.load.snowflake import landing
from spotify_platform.load.snowflake.ddl import Target, copied
from spotify_platform.load.snowflake.session import Session
from spotify_platform.load.snowflake.setup import plan, queue_of

Open = Callable[[str], AbstractContextManager[Session]]
Listeners = Callable[[], list[str] | None]

# A date that no capture can have, since partitions begin with 2017.
_NEVER = "1970-01-01"
_FOLDER = f"snapshot_date={_NEVER}"
_TABLE = CURATED_BY_NAME["artists"]


@dataclass(frozen=True)
class Finding:
    """What a step found, and what to do where it is wrong."""

    step: str
    ok: bool
    found: str
    todo: str = ""


def examine(open_session: Open, target: Target, lake: Lake, listeners: Listeners, seconds: float) -> Iterator[Finding]:
    """The steps in their order, up to the first that is wrong.

    `open_session` opens a session in a role, or in the user's own. `listeners` gives whom the lake's bucket tells of
    new objects, None where that cannot be asked. A file may take `seconds` through the pipe.
    """
    names = target.names
    apply = "Run: spotify-platform warehouse apply"
    steps: list[tuple[str, str, Callable[[Session], str], str]] = [
        ("connect", "", _connect, "Check SPOTIFY_PLATFORM_SNOWFLAKE_ACCOUNT, _USER, _PRIVATE_KEY_PATH."),
        ("warehouse", names.loader, lambda session: _uses(session, target), apply),
        ("objects", names.loader, lambda session: _objects(session, target), apply),
        ("loader", names.loader, _published, f"Grant role {names.loader} to the user. {apply}"),
        ("transformer", names.transformer, _ledger, f"Grant role {names.transformer} to the user. {apply}"),
        ("round trip", names.loader, _round_trip, "Look at the error; what the role may is in `warehouse plan --sql`."),
    ]
    if target.has_pipes:
        events = "Let the bucket send s3:ObjectCreated:* of curated/ to that queue."
        steps += [
            (
                "stage",
                names.loader,
                _stage,
                "The AWS role must trust Snowflake's user, and may list and read the lake.",
            ),
            ("pipes", names.loader, _pipes, "Run: alter pipe landing.<pipe> set pipe_execution_paused = false"),
            ("events", names.loader, lambda session: _events(session, target, listeners), events),
            ("round trip by pipe", names.loader, lambda session: _piped(session, lake, seconds), events),
        ]
    for step, role, look, todo in steps:
        try:
            with open_session(role) as session:
                finding = Finding(step, True, look(session))
        except PlatformError as error:
            yield Finding(step, False, str(error), todo)
            return
        yield finding


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
    session.rows(f"select count(*) from curated.{_TABLE.name} where snapshot_date = '{_NEVER}'")
    session.rows(f"delete from marts.coverage where snapshot_date = '{_NEVER}'")
    return "may read tables and write marts"


def _stage(session: Session) -> str:
    # A LIST of the whole lake could take minutes; what is not there still shows whether we may look.
    session.rows(f"list @landing.lake/{_TABLE.name}/{_FOLDER}/")
    return "Snowflake can read the lake"


def _pipes(session: Session) -> str:
    states = landing.state_of_pipes(session, CURATED_BY_NAME)
    stopped = {table: state for table, state in states.items() if state != "RUNNING"}
    if stopped:
        raise WarehouseError(f"Not running: {', '.join(f'{table} ({state})' for table, state in stopped.items())}.")
    return f"{len(states)} pipes run"


def _events(session: Session, target: Target, listeners: Listeners) -> str:
    queue, known = queue_of(session, target), listeners()
    if known is None:
        return f"the bucket cannot be asked from here; its events must go to {queue}"
    if queue in known:
        return f"the bucket's events go to {queue}"
    if other := [one for one in known if ":sqs:" not in one]:
        return f"the bucket's events go to {', '.join(other)}, and must come from there to {queue}"
    raise WarehouseError(f"The bucket sends no events to {queue}; it sends them to {', '.join(known) or 'nobody'}.")


def _round_trip(session: Session) -> str:
    """One row goes in by COPY, and is rolled back."""
    with tempfile.TemporaryDirectory(prefix="doctor-") as scratch:
        path = _one_row(Path(scratch, "part-0.parquet"))
        name = f"doctor-{secrets.token_hex(4)}/{_TABLE.name}/{_FOLDER}/batch_id=doctor/{path.name}"
        landing.upload(session, "landing.uploads", {name: path})
    session.rows("begin")
    try:
        landing.copy_files(session, _TABLE, "landing.uploads", [name])
        count = _rows(session, copied(_TABLE))
    finally:
        session.rows("rollback")
        session.rows(f"remove @landing.uploads/{name}")
    if count != 1:
        raise WarehouseError(f"One row was copied, {count} came back.")
    return "a row went in by COPY, came back, and was rolled back"


def _piped(session: Session, lake: Lake, seconds: float) -> str:
    """A file is put into the lake, and its row comes by event, queue and pipe; both are removed."""
    # A new name each time: a pipe remembers for 14 days which it has loaded.
    key = f"curated/{_TABLE.name}/{_FOLDER}/batch_id=doctor-{secrets.token_hex(4)}/part-0.parquet"
    begun, pause = time.monotonic(), 0.5
    with tempfile.TemporaryDirectory(prefix="doctor-") as scratch:
        lake.put(key, _one_row(Path(scratch, "part-0.parquet")))
    try:
        while not (came := _rows(session, _TABLE.name)) and time.monotonic() - begun < seconds:
            time.sleep(pause)
            pause = min(2 * pause, 10)
    finally:
        lake.delete([key])
        session.rows(f"delete from landing.{_TABLE.name} where snapshot_date = '{_NEVER}'")
    if not came:
        raise NotLandedError(f"{key} was put into the lake, and its row did not come within {seconds:g} s.")
    return f"a file of the lake came by event and pipe after {time.monotonic() - begun:.0f} s, and was removed"


def _one_row(path: Path) -> Path:
    """A Parquet file with one row of the day that never was."""
    import duckdb

    columns = ", ".join(f'null::{kind} as "{name}"' for name, kind in _TABLE.duckdb_columns.items())
    row = f"select * replace (date '{_NEVER}' as snapshot_date) from (select {columns})"
    with duckdb.connect() as connection:
        connection.execute(f"copy ({row}) to $path (format parquet)", {"path": str(path)})
    return path


def _rows(session: Session, table: str) -> int:
    ((count,),) = session.rows(f"select count(*) from landing.{table} where snapshot_date = '{_NEVER}'")
    return int(count)
