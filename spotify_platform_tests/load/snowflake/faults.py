"""What the tests of faults and of kills share: batches with no row in common, and what readers see of them.

A batch is curated once, by the code that publishes, and put into the lake under new names as often as tests need one:
each date's batches are made of two captures in turn, and every row names its capture.
"""

import secrets
import traceback
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import pytest
import snowflake.connector.connection

from spotify_platform.contracts.curated import CURATED
from spotify_platform.contracts.errors import PlatformError
from spotify_platform.contracts.marts import MARTS
from spotify_platform.lake import Lake, keys
from spotify_platform.lake.publishing import PublishRecord, heads
from spotify_platform.lake.publishing import publish as create
from spotify_platform.load.snowflake.warehouse import Patience
from spotify_platform.marts.build import published_marts
from spotify_platform.publish import publish_dates

from ... import snowflake_model
from ...lake.helpers import EVERYTHING, Item, artist, capture, charted, played, track
from .account import DAY, NEXT, Account
from .conftest import account_of

# A user that may do what the loader and the transformer may, with a password that cannot stand in a message by chance.
USER, PASSWORD = "MACHINE", "correct-horse-battery-staple"

# What readers see of a date: the rows of each table by the capture that they are of.
Rows = Counter[tuple[str, str]]

ALL = tuple(table.name for table in CURATED)
FEW = ("tracks", "chart_entries")  # where it does not matter how many tables there are: a third of the time

_CAPTURES: dict[str, tuple[Item, ...]] = {
    "c1": EVERYTHING,
    "c2": (*EVERYTHING, artist("bob"), track("t4", popularity="quiet"), charted("DE", 1, "t4"), played("mix", 1, "t4")),
}

SHORT = Patience(deadline=0.3, between=0.05, refresh_after=0.1)


@contextmanager
def lasting(model: snowflake_model.Model, made: tuple[str, str], folder: Path) -> Iterator[Account]:
    """An account for all tests of a file, which begin with what readers see then: emptying it takes a second."""
    with pytest.MonkeyPatch.context() as patch:
        account = account_of(model, *made, folder, patch)
        user_of_runs(account, USER, password=PASSWORD)
        patch.setenv("SPOTIFY_PLATFORM_SNOWFLAKE_USER", USER)
        patch.setenv("SPOTIFY_PLATFORM_SNOWFLAKE_PASSWORD", PASSWORD)
        # The connector waits for seconds before it asks a second time.
        defaults = snowflake.connector.connection.DEFAULT_CONFIGURATION
        patch.setitem(defaults, "backoff_policy", (_short_pauses, defaults["backoff_policy"][1]))
        yield account
        model.restore()
        model.wait_until_drained()
        with account.warehouse() as warehouse:
            warehouse.clear()
        account.lake.delete(account.lake.keys(""))


def user_of_runs(account: Account, name: str, **properties: str) -> None:
    """A user with the two roles that runs take and no others."""
    listed = " ".join(f"{key} = '{value}'" for key, value in properties.items())
    account.rows(f"create or replace user {name} {listed}")
    for role in (account.names.loader, account.names.transformer):
        account.rows(f"grant role {role} to user {name}")


def _short_pauses() -> Iterator[float]:
    while True:
        yield 0.02


@cache
def curated(capture_id: str) -> tuple[dict[date, PublishRecord], dict[str, bytes]]:
    """What publishing makes of a capture of both dates: records, and files by their keys. There are rows everywhere."""
    lake = Lake("memory://")
    for day in (DAY, NEXT):
        capture(lake, day, capture_id, *_CAPTURES[capture_id])
    publish_dates(lake, [DAY, NEXT])
    records = heads(lake)
    assert {day: tuple(record.rows) for day, record in records.items()} == {DAY: ALL, NEXT: ALL}
    return records, lake.get_all(file.path for record in records.values() for file in record.files)


def publish(
    account: Account,
    day: date = DAY,
    *,
    tables: Collection[str] = FEW,
    instead: Mapping[str, bytes] | None = None,
    off: Mapping[str, int] | None = None,
) -> PublishRecord:
    """Publish a batch of a date, of the capture that the batch before is not of.

    `instead`: what a table's file holds instead of its rows. `off`: how many rows too many the record tells of a table.
    """
    before = heads(account.lake, [day]).get(day)
    capture_id = "c2" if before and before.captures == ["c1"] else "c1"
    records, contents = curated(capture_id)
    now = datetime.now(UTC)
    batch_id = f"{now:%Y%m%dT%H%M%S%fZ}-{secrets.token_hex(3)}"
    files = []
    for file in records[day].files:
        if file.table in tables:
            path = file.path.replace(records[day].batch_id, batch_id)
            account.lake.put(path, (instead or {}).get(file.table, contents[file.path]))
            files.append(file.model_copy(update={"path": path, "rows": file.rows + (off or {}).get(file.table, 0)}))
    changes = {"seq": before.seq + 1 if before else 1, "batch_id": batch_id, "published_at": now, "files": files}
    record = records[day].model_copy(update=changes)
    assert create(account.lake, record)
    return record


def content(record: PublishRecord, table: str) -> bytes:
    """The rows that a batch's table should have, as a file."""
    records, contents = curated(record.captures[0])
    return next(contents[file.path] for file in records[record.snapshot_date].files if file.table == table)


def path(record: PublishRecord, table: str, part: int = 0) -> str:
    """The key of a table's file."""
    return keys.part(table, record.snapshot_date, record.batch_id, part)


def seen(account: Account, *days: date) -> dict[date, Rows]:
    """What readers see of dates, in one statement."""
    found = {day: Rows() for day in days}
    selects = [f"select '{table}', snapshot_date, capture_id, 1 from curated.{table}" for table in ALL]
    for table, day, capture_id, rows in account.rows(" union all ".join(selects)):
        if day in found:
            found[day][table, capture_id] += rows
    return found


def rows_of(record: PublishRecord) -> Rows:
    """What readers shall see of a batch: as many rows of each table as its record tells, and no others."""
    return Rows({(table, record.captures[0]): rows for table, rows in record.rows.items()})


def readers_see(account: Account, *records: PublishRecord) -> bool:
    """Whether readers see, of the dates of these batches, exactly them in all tables."""
    wanted = {record.snapshot_date: rows_of(record) for record in records}
    return seen(account, *wanted) == wanted


def landed_by(account: Account, record: PublishRecord) -> str:
    """How the batch that readers see of a date landed; fails when it is not this one."""
    ((batch_id, way),) = account.rows(
        f"select batch_id, landed_by from ops.published where snapshot_date = '{record.snapshot_date}'"
    )
    assert batch_id == record.batch_id
    return str(way)


def ends_right(account: Account, *records: PublishRecord) -> bool:
    """Whether a run, when all is whole again, ends with exactly these batches, and a build would tell so."""
    account.model.restore()
    wanted = {record.snapshot_date: record.batch_id for record in records}
    with account.warehouse() as warehouse:
        warehouse.load(account.lake, heads(account.lake, wanted).values())
        batches = warehouse.batches()
    return wanted.items() <= batches.items() and readers_see(account, *records)


def marts_are_of(account: Account, *records: PublishRecord) -> bool:
    """Whether a build ends with marts that tell that they are of these batches."""
    account.build()
    build = published_marts(account.lake)
    assert build is not None
    return {record.snapshot_date: record.batch_id for record in records}.items() <= build.batches.items()


def marts(account: Account) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all marts, as they stand in Snowflake."""
    return {mart.name: sorted(account.rows(f"select * from marts.{mart.name}"), key=repr) for mart in MARTS}


@contextmanager
def fails(
    account: Account, kind: type[PlatformError], match: str | None = None, secret: Collection[str] = ()
) -> Iterator[pytest.ExceptionInfo[PlatformError]]:
    """What runs inside fails with exactly this kind of error, and nothing that is told holds a secret."""
    with pytest.raises(kind, match=match) as caught:
        yield caught
    assert type(caught.value) is kind
    told = "".join(traceback.format_exception(caught.value)) + "".join(account.said)
    for text in (PASSWORD, "eyJ", "PRIVATE KEY-", *secret):  # a token begins with eyJ
        assert text not in told
