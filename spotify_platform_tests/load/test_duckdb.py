"""Loading: a warehouse holds exactly the batches that were switched to, or what it held before."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from spotify_platform.contracts.curated import CURATED
from spotify_platform.contracts.errors import LakeError
from spotify_platform.lake import Lake
from spotify_platform.lake.publishing import PublishRecord, heads
from spotify_platform.lake.store import sha256
from spotify_platform.load.duckdb import load
from spotify_platform.load.warehouse import open_warehouse
from spotify_platform.publish import publish_dates

from ..lake.helpers import DAY, EVERYTHING, NEXT, Row, artist, capture, seen

Warehouse = duckdb.DuckDBPyConnection


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    """An empty warehouse, held."""
    with open_warehouse(tmp_path / "warehouse.duckdb") as connection:
        yield connection


def published(lake: Lake) -> list[PublishRecord]:
    """What readers see now, published first."""
    publish_dates(lake, [DAY, NEXT])
    return list(heads(lake).values())


def rows(warehouse: Warehouse, name: str) -> list[Row]:
    """All rows of a table, sorted by their text."""
    return sorted(warehouse.execute(f"select * from {name}").fetchall(), key=repr)


def state(warehouse: Warehouse) -> dict[str, list[Row]]:
    """Everything in the warehouse, the time of loading included."""
    return {name: rows(warehouse, name) for name in ("ops.published", *(f"curated.{one.name}" for one in CURATED))}


def test_the_warehouse_holds_the_rows_that_readers_see(lake: Lake, warehouse: Warehouse) -> None:
    capture(lake, DAY, "c1", *EVERYTHING)
    capture(lake, NEXT, "c1", *EVERYTHING)
    assert load(warehouse, lake, published(lake)) == [DAY, NEXT]
    assert {table: rows(warehouse, f"curated.{table}") for table in seen(lake)} == seen(lake)
    assert all(seen(lake).values())
    for table in CURATED:
        described = warehouse.execute(f"describe curated.{table.name}").fetchall()
        assert {row[0]: row[1] for row in described} == table.duckdb_columns


def test_loading_twice_changes_nothing(lake: Lake, warehouse: Warehouse) -> None:
    capture(lake, DAY, "c1", *EVERYTHING)
    records = published(lake)
    load(warehouse, lake, records)
    before = state(warehouse)
    assert load(warehouse, lake, records) == []
    assert state(warehouse) == before


def test_loading_nothing_makes_empty_tables(lake: Lake, warehouse: Warehouse) -> None:
    assert load(warehouse, lake, []) == []
    assert not any(state(warehouse).values())


def test_a_switched_batch_replaces_exactly_its_date(lake: Lake, warehouse: Warehouse) -> None:
    capture(lake, DAY, "c1", artist("ann"), artist("bob"))
    capture(lake, NEXT, "c1", artist("ann"))
    load(warehouse, lake, published(lake))
    before = state(warehouse)
    capture(lake, DAY, "c2", artist("ann", name="late", genres=[]), hour=6)
    assert load(warehouse, lake, published(lake)) == [DAY]
    after = state(warehouse)
    assert {name: [row for row in found if row[0] == NEXT] for name, found in after.items()} == {
        name: [row for row in found if row[0] == NEXT] for name, found in before.items()
    }
    assert [row[:3] for row in after["curated.artists"] if row[0] == DAY] == [(DAY, "ann", "late"), (DAY, "bob", "Bob")]
    assert [row[1] for row in after["curated.artist_genres"] if row[0] == DAY] == ["bob"]
    assert [row[:2] for row in after["ops.published"]] == [(DAY, 2), (NEXT, 1)]


def test_an_older_record_does_not_bring_its_batch_back(lake: Lake, warehouse: Warehouse) -> None:
    capture(lake, DAY, "c1", artist("ann"))
    old = published(lake)
    capture(lake, DAY, "c2", artist("bob"))
    load(warehouse, lake, published(lake))
    before = state(warehouse)
    assert load(warehouse, lake, old) == []
    assert state(warehouse) == before


def test_a_date_that_lost_all_rows_is_empty(lake: Lake, warehouse: Warehouse) -> None:
    capture(lake, DAY, "c1", artist("ann"))
    [record] = published(lake)
    load(warehouse, lake, [record])
    nothing = record.model_copy(update={"seq": 2, "batch_id": "empty", "files": []})
    assert load(warehouse, lake, [nothing]) == [DAY]
    assert {name: len(found) for name, found in state(warehouse).items() if found} == {"ops.published": 1}


@pytest.fixture(scope="module")
def two_states(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[PublishRecord], list[PublishRecord]]:
    """A lake's folder, with what was published first, and what after a late capture and another date."""
    folder = tmp_path_factory.mktemp("states") / "lake"
    lake = Lake(folder.as_uri())
    capture(lake, DAY, "c1", artist("ann"), artist("bob"))
    first = published(lake)
    capture(lake, DAY, "c2", artist("cy"))
    capture(lake, NEXT, "c1", artist("ann"), artist("bob"))
    return folder, first, published(lake)


def rewritten(path: Path, select: str) -> None:
    """Write a Parquet file anew, from a SELECT over itself."""
    new = path.with_suffix(".new")
    itself = f"read_parquet('{path}', hive_partitioning = false)"
    with duckdb.connect() as connection:
        connection.execute(f"copy ({select.format(itself)}) to '{new}' (format parquet)")
    new.replace(path)


def a_row_less(path: Path) -> None:
    rewritten(path, "select * from {} limit 1")


def a_row_more(path: Path) -> None:
    rewritten(path, "select * from {0} union all (select * from {0} limit 1)")


def other_values(path: Path) -> None:
    rewritten(path, "select * replace ('forged' as name) from {}")


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def a_byte_flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0xFF
    path.write_bytes(content)


@pytest.mark.parametrize(
    "damage",
    [
        a_row_less,
        a_row_more,
        other_values,
        a_byte_flipped,
        truncated,
        pytest.param(Path.unlink, id="missing"),
    ],
)
def test_a_file_damaged_after_publishing_is_refused_and_the_warehouse_is_as_before(
    two_states: tuple[Path, list[PublishRecord], list[PublishRecord]],
    tmp_path: Path,
    warehouse: Warehouse,
    damage: Callable[[Path], None],
) -> None:
    folder, first, second = two_states
    shutil.copytree(folder, tmp_path / "lake")
    lake = Lake((tmp_path / "lake").as_uri())
    load(warehouse, lake, first)
    before = state(warehouse)
    damage(tmp_path / "lake" / next(file.path for file in second[1].files if file.table == "artists"))
    try:
        with pytest.raises(LakeError, match="artists"):
            load(warehouse, lake, second)
    finally:
        assert state(warehouse) == before


def test_a_batch_from_before_a_column_reads_null_there(lake: Lake, warehouse: Warehouse) -> None:
    capture(lake, DAY, "c1", artist("ann", popularity=7))
    capture(lake, NEXT, "c1", artist("ann", popularity=8))
    records = published(lake)
    assert lake.folder
    old = next(file for file in records[0].files if file.table == "artists")
    path = lake.folder / old.path
    rewritten(path, "select * exclude (popularity, followers), 'gone since' as dropped_column from {}")
    old.sha256, old.bytes = sha256(path), path.stat().st_size
    load(warehouse, lake, records)
    query = "select snapshot_date, artist_id, popularity, followers from curated.artists order by 1"
    expected = [(DAY, "ann", None, None), (NEXT, "ann", 8, None)]
    assert warehouse.execute(query).fetchall() == expected
    assert [row[:2] + row[3:5] for row in seen(lake)["artists"]] == expected


def test_a_warehouse_from_before_a_column_gets_it(lake: Lake, warehouse: Warehouse) -> None:
    capture(lake, DAY, "c1", artist("ann", popularity=7))
    load(warehouse, lake, published(lake))
    warehouse.execute("alter table curated.artists drop column popularity")
    capture(lake, NEXT, "c1", artist("ann", popularity=8))
    assert load(warehouse, lake, published(lake)) == [NEXT]
    query = "select snapshot_date, popularity from curated.artists order by 1"
    assert warehouse.execute(query).fetchall() == [(DAY, None), (NEXT, 8)]
