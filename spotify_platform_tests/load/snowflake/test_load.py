"""Loading into a model of Snowflake: file → S3 event → SQS → pipe → reconcile → switch → marts."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow
import pytest

from spotify_platform.automation.instance import open_instance
from spotify_platform.contracts.curated import CURATED
from spotify_platform.contracts.errors import LockedError, NotLandedError, OvertakenError, WarehouseError
from spotify_platform.contracts.marts import MARTS
from spotify_platform.lake import keys
from spotify_platform.lake.publishing import heads
from spotify_platform.load.duckdb import DuckDBWarehouse
from spotify_platform.load.reader import open_reader
from spotify_platform.load.snowflake import landing
from spotify_platform.load.snowflake.session import Session
from spotify_platform.load.snowflake.warehouse import Patience, SnowflakeWarehouse
from spotify_platform.load.warehouse import open_warehouse
from spotify_platform.marts.build import build_marts, published_marts

from ...conftest import Platform
from ...lake.helpers import EVERYTHING, artist, capture, charted, seen
from .account import DAY, NEXT, Account


def test_a_file_goes_by_event_queue_and_pipe_to_the_marts_of_a_model_of_snowflake(account: Account) -> None:
    record = account.publish(DAY, "c1", *EVERYTHING)
    assert account.load() == [DAY]
    account.build()
    for table in CURATED:
        ((rows,),) = account.rows(f"select count(*) from curated.{table.name}")
        assert rows == record.rows.get(table.name, 0)
    assert account.rows("select landed_by, seq, batch_id from ops.published") == [("pipe", 1, record.batch_id)]
    assert account.rows("select track_id from marts.chart_movement") == [("t1",)]
    assert published_marts(account.lake).batches == {DAY: record.batch_id}


def test_the_rows_of_every_table_are_those_that_readers_of_the_lake_see(account: Account) -> None:
    account.publish(DAY, "c1", *EVERYTHING)
    account.publish(NEXT, "c2", *EVERYTHING, artist("bob"))
    account.load()
    for table, rows in seen(account.lake).items():
        found = account.rows(f"select * from curated.{table}")
        assert sorted(map(_plain, found), key=repr) == sorted(map(_plain, rows), key=repr), table


def _plain(row: tuple[object, ...]) -> tuple[object, ...]:
    """Lists come from Snowflake as JSON."""
    return tuple(json.loads(cell) if isinstance(cell, str) and cell.startswith("[") else cell for cell in row)


def test_loading_twice_changes_nothing(account: Account) -> None:
    account.publish(DAY, "c1", artist("ann"))
    account.load()
    before = account.rows("select * from ops.published")
    assert account.load() == []
    assert account.rows("select * from ops.published") == before


def test_a_batch_that_landed_is_not_seen_before_it_is_switched(account: Account) -> None:
    account.publish(DAY, "c1", artist("ann"))
    account.load()
    account.publish(DAY, "c2", artist("bob"), hour=6)
    account.wait_until_landed()
    assert account.artists() == {DAY: ["ann"]}
    assert account.load() == [DAY]
    assert account.artists() == {DAY: ["ann", "bob"]}


def test_an_older_batch_never_takes_the_place_of_a_newer_one(account: Account) -> None:
    first = account.publish(DAY, "c1", artist("ann"))
    account.publish(DAY, "c2", artist("bob"), hour=6)
    account.load()
    with account.warehouse() as warehouse:
        assert warehouse.load(account.lake, [first]) == []
    assert account.artists() == {DAY: ["ann", "bob"]}


def test_without_pipes_files_are_copied_in_one_transaction(account: Account) -> None:
    record = account.publish(DAY, "c1", *EVERYTHING)
    assert account.load(pipes=False) == [DAY]
    assert account.rows("select landed_by, batch_id from ops.published") == [("copy", record.batch_id)]
    assert account.rows("select count(*) from curated.artists") == [(record.rows["artists"],)]


def test_without_an_event_the_pipes_are_told_to_look(account: Account) -> None:
    account.model.use_aws(os.environ["AWS_ENDPOINT_URL"])  # forgets the queue
    account.publish(DAY, "c1", artist("ann"))
    assert account.load(patience=Patience(deadline=5, between=0.05, refresh_after=0)) == [DAY]
    assert account.rows("select landed_by from ops.published") == [("pipe",)]
    assert account.said == ["No files came by themselves: the pipes are told to look."]
    account.model.ingest_from("snowpipe")


def test_what_is_too_old_for_a_pipe_is_copied(account: Account) -> None:
    record = account.publish(DAY, "c1", artist("ann"))
    with account.warehouse() as warehouse:
        old = record.model_copy(update={"published_at": record.published_at.replace(year=2025)})
        assert warehouse.load(account.lake, [old]) == [DAY]
    assert account.rows("select landed_by from ops.published") == [("copy",)]


def test_a_paused_pipe_fails_at_the_deadline_and_the_next_run_copies(account: Account) -> None:
    account.publish(DAY, "c1", artist("ann"))
    account.load()
    account.rows("alter pipe landing.artists_pipe set pipe_execution_paused = true")
    account.publish(DAY, "c2", artist("bob"), hour=6)
    with pytest.raises(NotLandedError, match=r"2026-10-01: artists/.*: not there.*artists PAUSED"):
        account.load(patience=Patience(deadline=0.5, between=0.05, refresh_after=0.2))
    assert account.artists() == {DAY: ["ann"]}
    assert account.load() == [DAY]
    assert account.artists() == {DAY: ["ann", "bob"]}


def test_rows_that_do_not_add_up_leave_the_old_batch_and_the_next_run_copies(account: Account) -> None:
    account.publish(DAY, "c1", artist("ann"))
    account.load()
    record = account.publish(DAY, "c2", artist("bob"), hour=6)
    account.wait_until_landed()
    account.rows("insert into landing.artists select * from landing.artists where artist_id = 'bob'")
    with pytest.raises(WarehouseError, match=r"part-0.parquet: 3 rows landed, 2 were published"):
        account.load()
    assert account.artists() == {DAY: ["ann"]}
    assert account.load() == [DAY]
    assert account.artists() == {DAY: ["ann", "bob"]}
    assert account.rows("select landed_by, batch_id from ops.published") == [("copy", record.batch_id)]


def test_of_two_dates_the_good_one_is_switched_and_the_other_one_named(account: Account) -> None:
    account.publish(DAY, "c1", artist("ann"))
    account.publish(NEXT, "c1", artist("bob"))
    account.wait_until_landed()
    account.rows(f"insert into landing.artists select * from landing.artists where snapshot_date = '{NEXT}'")
    with pytest.raises(WarehouseError, match=f"^{NEXT}: artists/snapshot_date={NEXT}.*: 2 rows landed, 1 were"):
        account.load()
    assert account.artists() == {DAY: ["ann"]}
    assert account.load() == [NEXT]
    assert account.artists() == {DAY: ["ann"], NEXT: ["bob"]}


def test_a_batch_of_no_rows_is_published_all_the_same(account: Account) -> None:
    account.publish(DAY, "c1", artist("ann"))
    account.load()
    head = heads(account.lake)[DAY]
    nothing = head.model_copy(update={"seq": 2, "batch_id": head.batch_id.replace("2026", "2027"), "files": []})
    with account.warehouse() as warehouse:
        assert warehouse.load(account.lake, [nothing]) == [DAY]
    assert account.artists() == {}


def test_a_purged_date_has_no_row_left(account: Account) -> None:
    account.publish(DAY, "c1", *EVERYTHING)
    account.publish(NEXT, "c1", *EVERYTHING)
    account.load()
    with account.warehouse() as warehouse:
        warehouse.remove([DAY])
        assert list(warehouse.batches()) == [NEXT]
    for table in CURATED:
        assert account.rows(f"select count(*) from landing.{table.name} where snapshot_date = '{DAY}'") == [(0,)]


def test_batches_that_nobody_sees_are_swept_after_a_grace_period(account: Account) -> None:
    first = account.publish(DAY, "c1", artist("ann"))
    account.publish(DAY, "c2", artist("bob"), hour=6)
    account.load()
    account.publish(NEXT, "c1", artist("cid"))
    account.wait_until_landed()
    with account.warehouse() as warehouse:
        warehouse.sweep(account.lake, first.published_at)
        assert account.rows("select count(*) from landing.artists") == [(4,)]
        warehouse.sweep(account.lake, datetime(2100, 1, 1, tzinfo=UTC))
    assert account.rows("select distinct artist_id from landing.artists order by 1") == [("ann",), ("bob",), ("cid",)]
    assert account.load() == [NEXT]


@pytest.mark.soak  # CI compares their rows in marts/test_dialect.py
def test_the_marts_are_the_same_as_on_duckdb(account: Account, tmp_path: Path) -> None:
    for n, day in enumerate((DAY, NEXT)):
        account.publish(day, "c1", *EVERYTHING, charted("US", 2, f"t{n}"), charted("DE", 1, "t9"))
    account.load()
    account.build()
    with open_reader(account.lake) as reader:
        made = {mart.name: reader.execute(f"from marts.{mart.name} order by all").fetchall() for mart in MARTS}
    account.lake.delete(account.lake.keys(keys.MARTS_PUBLISHED))
    with open_warehouse(tmp_path / "warehouse.duckdb") as connection:
        duckdb = DuckDBWarehouse(connection)
        duckdb.load(account.lake, heads(account.lake).values())
        build_marts(duckdb, account.lake)
        for name, rows in made.items():
            assert rows, name
            assert rows == connection.execute(f"from marts.{name} order by all").fetchall(), name


def test_a_run_of_the_platform_loads_and_builds_in_snowflake(account: Account, platform_of: Platform) -> None:
    """`run` and `purge` as a person types them, in Dagster's own process."""
    for day in (DAY, NEXT):
        capture(account.lake, day, "c1", *EVERYTHING)
    platform_of.ok("run")
    assert account.rows("select snapshot_date, landed_by from ops.published order by 1") == [
        (DAY, "pipe"),
        (NEXT, "pipe"),
    ]
    assert platform_of.query("select count(*) as n from marts.chart_movement") == [{"n": 2}]
    assert account.rows("select count(*) from marts.chart_movement") == [(2,)]
    assert "Every captured date is published" in platform_of.ok("run")
    platform_of.ok("purge", "--everything", "--yes")
    assert account.rows("select count(*) from ops.published") == [(0,)]
    assert account.rows("select count(*) from landing.artists") == [(0,)]
    assert account.rows("select count(*) from marts.coverage") == [(0,)]


@pytest.mark.soak
def test_after_a_change_of_the_warehouse_everything_is_loaded_and_built_there(
    account: Account, platform_of: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPOTIFY_PLATFORM_WAREHOUSE", "duckdb")
    for day in (DAY, NEXT):
        capture(account.lake, day, "c1", *EVERYTHING)
    platform_of.ok("run")
    assert "Every captured date is published" in platform_of.ok("run")
    monkeypatch.setenv("SPOTIFY_PLATFORM_WAREHOUSE", "snowflake")
    platform_of.ok("run")
    assert account.rows("select count(*) from marts.chart_movement") == [(2,)]
    assert "Every captured date is published" in platform_of.ok("run")


@pytest.mark.soak
def test_every_statement_says_which_asset_dates_and_run_it_is_for(account: Account, platform_of: Platform) -> None:
    capture(account.lake, DAY, "c1", artist("ann"))
    account.model.forget_statements()
    platform_of.ok("run")
    tags = [json.loads(tag) for tag in account.model.tags()]
    assert sorted((tag["asset"], tag["dates"]) for tag in tags) == [
        ("build_marts", f"{DAY}–{DAY}"),
        ("load", f"{DAY}–{DAY}"),
    ]
    with open_instance(account.home) as instance:
        assert {tag["run"] for tag in tags} == {run.run_id for run in instance.get_runs()}


def test_parts_of_a_result_with_numbers_of_different_width_make_one_table() -> None:
    class Cursor:
        rowcount = 3

        def __enter__(self) -> "Cursor":
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def execute(self, sql: str) -> None:
            pass

        def fetch_arrow_batches(self) -> list[pyarrow.Table]:
            narrow, wide = pyarrow.array([1], pyarrow.int8()), pyarrow.array([200, 300], pyarrow.int16())
            return [pyarrow.table({"rank": narrow}), pyarrow.table({"rank": wide})]

    class Connection:
        def cursor(self) -> Cursor:
            return Cursor()

    assert Session(Connection()).arrow("select").to_pydict() == {"rank": [1, 200, 300]}


@pytest.mark.soak
def test_of_two_loaders_that_copy_at_once_one_waits_and_no_row_is_there_twice(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a real account the second waits for the first's lock; in the model it fails at once."""
    account.publish(DAY, "c1", artist("ann"))
    account.load(pipes=False)
    account.publish(DAY, "c2", artist("bob"), hour=6)
    copy = landing.copy

    def copy_while_another_one_does(*args: Any) -> None:
        monkeypatch.setattr(landing, "copy", copy)
        copy(*args)
        with pytest.raises(LockedError):
            account.load(pipes=False)

    monkeypatch.setattr(landing, "copy", copy_while_another_one_does)
    assert account.load(pipes=False) == [DAY]
    assert account.load(pipes=False) == []
    assert account.rows("select count(*) from landing.artists_copied") == [(3,)]
    assert account.artists() == {DAY: ["ann", "bob"]}


@pytest.mark.soak
def test_marts_of_dates_that_change_while_they_are_built_are_not_published(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.publish(DAY, "c1", *EVERYTHING)
    account.load()
    batches = SnowflakeWarehouse.batches
    told = iter([lambda self: batches(self), lambda _: {}])
    monkeypatch.setattr(SnowflakeWarehouse, "batches", lambda self: next(told)(self))
    with pytest.raises(OvertakenError):
        account.build()
    assert published_marts(account.lake) is None
    assert account.rows("select count(*) from marts.coverage") == [(0,)]


def test_a_purge_that_cannot_reach_the_warehouse_removes_nothing(empty: Account, platform_of: Platform) -> None:
    empty.publish(DAY, "c1", artist("ann"))
    empty.publish(DAY, "c2", artist("bob"), hour=6)
    before = empty.lake.keys("")
    assert "warehouse apply" in platform_of.cli("purge", "--yes").err
    assert empty.lake.keys("") == before
