"""Reading: one SELECT over what is published, whoever is writing."""

from pathlib import Path

import pytest

from spotify_platform.contracts.curated import CURATED
from spotify_platform.contracts.errors import InputError
from spotify_platform.contracts.marts import MARTS
from spotify_platform.lake import Lake
from spotify_platform.load.duckdb import load
from spotify_platform.load.reader import open_reader, query
from spotify_platform.load.warehouse import open_warehouse
from spotify_platform.publish import publish_dates

from ..lake.helpers import DAY, NEXT, artist, capture, written


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake with one published date, and another that is captured only. Nobody changes it."""
    lake = Lake((tmp_path_factory.mktemp("filled") / "lake").as_uri())
    capture(lake, DAY, "c1", artist("ann", popularity=7), artist("bob"))
    publish_dates(lake, [DAY])
    capture(lake, NEXT, "c1", artist("cy"))
    written(lake, NEXT, "never committed", [artist("dee")])
    return lake


def test_a_select_gives_columns_and_rows_of_what_is_published(filled: Lake) -> None:
    columns, rows = query(filled, "select artist_id, popularity as score from curated.artists order by all")
    assert (columns, rows) == (["artist_id", "score"], [("ann", 7), ("bob", None)])


@pytest.mark.parametrize("name", [*(f"curated.{t.name}" for t in CURATED), *(f"marts.{t.name}" for t in MARTS)])
def test_every_table_can_be_asked_before_anything_is_published(lake: Lake, name: str) -> None:
    table = next(t for t in (*CURATED, *MARTS) if t.name == name.split(".")[1])
    assert query(lake, f"select * from {name}") == (table.names, [])


def test_other_ways_to_write_a_select_are_selects_too(filled: Lake) -> None:
    for sql in (
        "from curated.artists select count(*)",
        "with known as (select * from curated.artists) select count(*) from known;",
        "-- how many?\nselect count(*) from curated.artists;\n",
    ):
        assert query(filled, sql)[1] == [(2,)]


@pytest.mark.parametrize(
    "sql",
    [
        "insert into curated.artists values (1)",
        "delete from curated.artists",
        "update curated.artists set name = ''",
        "create table mine as select 1",
        "drop view curated.artists",
        "copy (select 1) to '{folder}/out.csv'",
        "export database '{folder}/out'",
        "attach '{folder}/out.duckdb'",
        "install httpfs",
        "load httpfs",
        "set threads = 1",
        "pragma database_list",
        "call pragma_version()",
        "explain select 1",
        "explain analyze select 1",
        "begin",
        "select 1; select 2",
        "select 1; drop view curated.artists",
        "with gone as (delete from curated.artists returning *) select * from gone",
        "",
        ";",
        "-- nothing but a comment",
        "selec 1",
        "select",
        "select * from nowhere",
        "select nothing from curated.artists",
        "select error('stop')",
        "select ?",
        "select 'open",
        "\0",
    ],
)
def test_anything_but_one_select_that_runs_is_refused_and_writes_nothing(
    filled: Lake, tmp_path: Path, sql: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    before = {key: filled.get(key) for key in filled.keys("")}
    with pytest.raises(InputError):
        query(filled, sql.format(folder=outside))
    assert list(outside.iterdir()) == []
    assert {key: filled.get(key) for key in filled.keys("")} == before


def test_a_query_that_is_no_unicode_is_refused(lake: Lake) -> None:
    with pytest.raises(InputError):
        query(lake, "select '\ud83d'")


def test_a_question_is_answered_while_the_warehouse_is_held(filled: Lake, tmp_path: Path) -> None:
    with open_warehouse(tmp_path / "warehouse.duckdb") as connection:
        load(connection, filled, [])
        connection.begin()
        connection.execute("insert into curated.artists (artist_id) values ('unfinished')")
        assert query(filled, "select count(*) from curated.artists")[1] == [(2,)]


def test_a_reader_keeps_the_batch_that_it_began_with(lake: Lake) -> None:
    scores = "select popularity from curated.artists"
    capture(lake, DAY, "c1", artist("ann", popularity=7))
    publish_dates(lake, [DAY])
    with open_reader(lake) as connection:
        capture(lake, DAY, "c2", artist("ann", popularity=8), hour=6)
        publish_dates(lake, [DAY])
        assert connection.execute(scores).fetchall() == [(7,)]
    assert query(lake, scores)[1] == [(8,)]


def test_a_lake_in_memory_is_read_like_a_folder() -> None:
    lake = Lake("memory://")
    capture(lake, DAY, "c1", artist("ann"))
    publish_dates(lake, [DAY])
    assert query(lake, "select artist_id from curated.artists")[1] == [("ann",)]
