"""A build of the marts makes what can have changed and nothing else, and comes to the rows of a full one."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path, PurePosixPath
from random import Random

import pytest

from spotify_platform.contracts.errors import PermanentError
from spotify_platform.lake import Lake, keys
from spotify_platform.lake.publishing import PublishRecord
from spotify_platform.load.duckdb import DuckDBWarehouse
from spotify_platform.load.reader import query
from spotify_platform.load.warehouse import open_warehouse
from spotify_platform.marts import days
from spotify_platform.marts.build import build_marts, published_marts
from spotify_platform.marts.sql import Mart, marts
from spotify_platform.publish import pending_dates, publish_dates

from .worlds import write_capture, write_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lake, list[PublishRecord]]:
    """A small world, published whole: names, genres, credits and albums change all along."""
    lake = Lake((tmp_path_factory.mktemp("world") / "lake").as_uri())
    write_world(lake, 7)
    outcome = publish_dates(lake, pending_dates(lake))
    assert not outcome.reasons
    return lake, list(outcome.readable.values())


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[DuckDBWarehouse]:
    with open_warehouse(tmp_path / "warehouse.duckdb") as connection:
        yield DuckDBWarehouse(connection)


@pytest.fixture(scope="module")
def whole(
    world: tuple[Lake, list[PublishRecord]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DuckDBWarehouse]:
    """A warehouse with all marts of the world."""
    lake, records = world
    forget(lake)
    with open_warehouse(tmp_path_factory.mktemp("whole") / "warehouse.duckdb") as connection:
        warehouse = DuckDBWarehouse(connection)
        warehouse.load(lake, records)
        build_marts(warehouse, lake)
        yield warehouse


def rows(warehouse: DuckDBWarehouse, mart: str) -> list[tuple[object, ...]]:
    """A mart's rows in the warehouse, in order."""
    return warehouse.ask(f"select * from marts.{mart} order by all")


def forget(lake: Lake) -> None:
    """Make the next build begin anew."""
    lake.delete(lake.keys(keys.MARTS_PUBLISHED))


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(1, 8))])
def test_builds_in_any_order_of_days_come_to_the_rows_of_a_full_one(
    world: tuple[Lake, list[PublishRecord]], warehouse: DuckDBWarehouse, seed: int
) -> None:
    lake, records = world
    forget(lake)
    random = Random(seed)
    late = random.sample(records, 6)
    warehouse.load(lake, [record for record in records if record not in late])
    build_marts(warehouse, lake)
    while late:
        together = random.randint(1, 2)
        warehouse.load(lake, late[:together])
        late = late[together:]
        if random.random() < 0.3:
            gone = random.choice([record for record in records if record not in late])
            warehouse.remove([gone.snapshot_date])
            late.append(gone)
        build_marts(warehouse, lake)
    made = {mart.table.name: rows(warehouse, mart.table.name) for mart in marts()}
    read = {name: query(lake, f"select * from marts.{name} order by all")[1] for name in made}
    forget(lake)
    build_marts(warehouse, lake)
    for name in made:
        assert made[name] == read[name] == rows(warehouse, name), name


def test_marts_with_days_read_of_the_others_what_a_build_compares() -> None:
    whole = {f"marts.{mart.table.name}" for mart in marts() if not mart.table.touched}
    dated = [mart for mart in marts() if mart.table.touched]
    read = set().union(*(mart.reads for mart in dated)) & whole
    # Of `dim_date` they read which week a day is in, which never changes; of the ledger the charts, which are compared.
    assert read == {"marts.coverage", "marts.dim_date", *(f"marts.{name}" for name in days.COMPARED)}
    for mart in marts():
        assert mart.table.touched or not mart.reads & {f"marts.{one.table.name}" for one in dated}


@pytest.mark.parametrize(
    ("mart", "first", "last"),
    [
        ("fct_chart_daily", 0, 0),
        ("trending_artists_daily", 0, 34),
        ("trending_artists_weekly", -6, 28),
        ("chart_movement", 0, 80),
    ],
)
def test_a_late_day_touches_what_looks_back_to_it(mart: str, first: int, last: int) -> None:
    (one,) = [one for one in marts() if one.table.name == mart]
    calendar = [date(2026, 1, 1) + timedelta(days=n) for n in range(131)]
    late = calendar[50]
    touched = days.to_build(one, days.Changed(frozenset({late})), calendar)
    every = [late + timedelta(days=n) for n in range(first, last + 1)]
    assert touched == [day for day in every if one.table.day != "chart_week" or day.weekday() == 4]


def test_a_late_day_leaves_the_files_of_other_months(lake: Lake, warehouse: DuckDBWarehouse) -> None:
    days_captured = [date(2026, 1, 1) + timedelta(days=n) for n in range(120)]
    late = days_captured[59]  # the first of March
    for day in days_captured:
        write_capture(lake, day, [("chart_entries", entry(rank), "US") for rank in (1, 2, 3)])
    records = publish_dates(lake, pending_dates(lake)).readable
    warehouse.load(lake, [record for day, record in records.items() if day != late])
    before, _ = build_marts(warehouse, lake)
    warehouse.load(lake, [records[late]])
    after, _ = build_marts(warehouse, lake)
    kept = {file.path for file in before.files} & {file.path for file in after.files}
    months = {(file.table, PurePosixPath(file.path).stem) for file in after.files if file.path in kept}
    assert {month for table, month in months if table == "fct_chart_daily"} == {"2026-01", "2026-02", "2026-04"}
    assert {month for table, month in months if table == "trending_artists_daily"} == {"2026-01", "2026-02"}
    assert {month for table, month in months if table == "chart_movement"} == {"2026-01", "2026-02"}
    assert all(after.build_id in file.path for file in after.files if file.path not in kept)


def entry(rank: int) -> dict[str, str]:
    """A row of an archive's chart: the same tracks by the same artists every day."""
    return {
        "rank": str(rank),
        "track_id": f"t{rank}",
        "track_name": "Snow",
        "artist_ids": f"a{rank}",
        "artist_names": "Ann",
        "album_id": f"b{rank}",
    }


def test_a_warehouse_that_holds_an_unpublished_build_is_built_anew(
    world: tuple[Lake, list[PublishRecord]], warehouse: DuckDBWarehouse
) -> None:
    lake, records = world
    forget(lake)
    *most, other, last = records
    warehouse.load(lake, most)
    build_marts(warehouse, lake)
    # Killed before it was published: the marts in the warehouse have a day that the published build has not.
    warehouse.load(lake, [last])
    build_marts(warehouse, lake)
    lake.delete(lake.keys(keys.MARTS_PUBLISHED)[1:])
    warehouse.remove([last.snapshot_date])
    warehouse.load(lake, [other])
    build_marts(warehouse, lake)
    for mart in marts():
        if mart.table.touched and mart.table.day == "snapshot_date":
            assert warehouse.ask(
                f"select count(*) from marts.{mart.table.name} where snapshot_date = '{last.snapshot_date}'"
            ) == [(0,)]


# What is done to each mart that its check must tell.
DAMAGE = {
    "bridge_track_artist": "delete from {mart} where track_id = (select min(track_id) from {mart})",
    "bridge_artist_genre": "update {mart} set genre = 'nobody told' where genre = (select min(genre) from {mart})",
    "dim_date": "delete from {mart} where charts > 0",
    "genre_growth": "delete from {mart} where rank_by_share = 1",
    "trending_artists_daily": "delete from {mart} where charted_tracks > 0",
    "trending_artists_weekly": "delete from {mart} where charted_days > 0",
    "new_release_performance": "delete from {mart} where points > 0",
}


@pytest.mark.parametrize("mart", [mart for mart in marts() if mart.check], ids=lambda mart: mart.table.name)
def test_a_mart_that_does_not_add_up_is_told(whole: DuckDBWarehouse, mart: Mart) -> None:
    name = mart.table.name
    assert whole.ask(mart.check) == []
    damage = DAMAGE.get(name, "delete from {mart} where rowid = (select min(rowid) from {mart})")
    whole.connection.begin()
    whole.connection.execute(damage.format(mart=f"marts.{name}"))
    told = whole.ask(mart.check)
    whole.connection.rollback()
    assert told


def test_a_build_that_does_not_add_up_is_not_published(
    world: tuple[Lake, list[PublishRecord]], warehouse: DuckDBWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, records = world
    forget(lake)
    warehouse.load(lake, records)
    *others, last = marts()
    broken = replace(last, check="select 'a sum' as what")
    monkeypatch.setattr("spotify_platform.marts.build.marts", lambda: (*others, broken))
    with pytest.raises(PermanentError, match=f"{last.table.name} does not add up: .*a sum.* not published"):
        build_marts(warehouse, lake)
    assert published_marts(lake) is None
