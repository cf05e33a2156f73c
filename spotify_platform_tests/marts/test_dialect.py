"""The marts on Snowflake: every mart's text there, what must not stand in it, and its rows on a stand-in for it."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
import sqlglot
from sqlglot import exp
from sqlglot.optimizer.qualify import qualify

from spotify_platform.contracts.curated import CURATED_BY_NAME
from spotify_platform.contracts.marts import MARTS_BY_NAME
from spotify_platform.contracts.table import Column, Table, date, string
from spotify_platform.lake import Lake
from spotify_platform.marts.days import to_build
from spotify_platform.marts.dialect import lacks, rendered
from spotify_platform.marts.sql import Mart, marts, references

from .comparison import INPUTS, Built, built
from .worlds import SEEDS, write_world

DAYS = Table("days_to_build", "", "", (), (Column("mart", string, ""), Column("snapshot_date", date, "")))
every_mart = pytest.mark.parametrize("mart", marts(), ids=lambda mart: mart.table.name)


# -- the text ----------------------------------------------------------------------------------------------------------


@every_mart
def test_duckdb_gets_a_mart_as_it_stands(mart: Mart) -> None:
    assert rendered(mart.select, "duckdb") == mart.select


@every_mart
def test_snowflake_lacks_nothing_that_a_mart_holds(mart: Mart) -> None:
    statement = rendered(mart.select, "snowflake")
    assert lacks(statement) == []
    assert "--" not in statement and "/*" not in statement


@every_mart
def test_snowflake_lacks_nothing_that_a_check_holds(mart: Mart) -> None:
    assert not mart.check or lacks(rendered(mart.check, "snowflake")) == []


@every_mart
def test_a_mart_reads_the_same_tables_on_snowflake(mart: Mart) -> None:
    assert references(rendered(mart.select, "snowflake")) == references(mart.select)


@every_mart
def test_every_column_of_a_mart_is_found_and_no_select_has_two_of_a_name(mart: Mart) -> None:
    """Of two columns of one name Snowflake calls the name ambiguous, where DuckDB takes the first."""
    schema: dict[str, object] = {
        "curated": {name: CURATED_BY_NAME[name].snowflake_columns for name in INPUTS},
        "marts": {name: table.snowflake_columns for name, table in MARTS_BY_NAME.items()},
        "ops": {"coverage": MARTS_BY_NAME["coverage"].snowflake_columns, "days_to_build": DAYS.snowflake_columns},
    }
    parsed = sqlglot.parse_one(rendered(mart.select, "snowflake"), dialect="snowflake")
    selects = list(qualify(parsed, schema=schema, dialect="snowflake").find_all(exp.Select))
    assert selects[0].named_selects == [name.upper() for name in mart.table.names]
    assert all(len(select.named_selects) == len(set(select.named_selects)) for select in selects)


def test_what_snowflake_has_and_duckdb_computes_alike_is_no_finding() -> None:
    sound = """
    select market, cast(sum(points) as double) / count(*) as mean, (cast(2 as float) / points) / 3 as share,
        avg(cast(points as double)) as average, row_number() over (partition by market order by points) as place,
        case when count(name) > 0 then listagg(name, ', ') within group (order by points) end as names,
        cast(max(day) as timestamp_ntz(6)) as newest, cast(1 as number(10, 0)) as one
    from curated.tracks cross join ops.coverage
    where points in (1, 2) and (market = 'US' or not (market = 'GB')) and exists (select 1)
    group by all
    """
    assert lacks(sound) == []


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ("select sum(a) over w from t", "a named window"),
        ("select sum(a) over w from t window w as (partition by b)", "no SQL of Snowflake's"),
        ("select sum(a) filter (where b) from t", "FILTER"),
        ("select a from t union all by name select a from u", "UNION BY NAME"),
        (
            "select sum(a) over (order by b range between interval '3 days' preceding and current row) from t",
            "a RANGE frame with an interval",
        ),
        ("select [1, 2] from t", "a list"),
        ("select a[1] from t", "a list"),
        ("select {'a': 1} from t", "a struct"),
        ("select transform(a, x -> x + 1) from t", "a lambda"),
        ("select list_sort(a) from t", "a function that is not known here: list_sort"),
        ("select unnest(a) from t", "unnest"),
        ("select value from t, lateral flatten(a)", "unnest"),
        ("select count(*) from t group by (a, b)", "a GROUP BY of a row"),
        ("select a from t using sample 10", "a sample"),
        ("select a from t tablesample (10)", "a sample"),
        ("select * from a positional join b", "a join of DuckDB's"),
        ("select * from a asof join b on a.x >= b.x", "a join of DuckDB's"),
        ("select * from a semi join b on a.x = b.x", "a join of DuckDB's"),
        ("select * from a anti join b on a.x = b.x", "a join of DuckDB's"),
        ("select a // b from t", "a comment: // begins one"),
        ("select cast(a as hugeint) from t", "a type that is not known here"),
        ("select cast(a as uint) from t", "a type that is not known here"),
        ("select cast(a as uinteger) from t", "no SQL of Snowflake's"),
        ("select a::varchar[] from t", "a type that is not known here"),
        ("select a::foo from t", "no SQL of Snowflake's"),
        ("select concat_ws(', ', a, b) from t", "a function that is not known here: concat_ws"),
        ("select date_diff('day', a, b) from t", "a function that is not known here: date_diff"),
        ("select left(a, 1) from t", "a function that is not known here: left"),
        ("select a as start from t", "a reserved word as a name"),
        ("select rows from t", "a reserved word as a name"),
        ('select "rank" from t', "a quoted name"),
        ("select case when true then listagg(a, ', ') end from t", "LISTAGG without an order"),
        ("select case when true then string_agg(a, ', ') end from t", "a function that is not known here: string_agg"),
        ("select listagg(a, ', ') within group (order by b) from t", "LISTAGG outside of CASE"),
        ("select max_by(a, b) from t", "MAX_BY or MIN_BY whose first value may be NULL"),
        ("select min_by(a, b) from t", "MAX_BY or MIN_BY whose first value may be NULL"),
        ("select a / b from t", "a division without a cast to double"),
        ("select 1.0 / b from t", "a division without a cast to double"),
        ("select cast(a / b as double) from t", "a division without a cast to double"),
        ("select avg(a) from t", "AVG without a cast to double"),
        ("select median(a) from t", "MEDIAN without a cast to double"),
        ("select max(a) as a from t", "a name that is a column and an alias"),
        ("select a + 1 as b from t where b > 1", "a name that is a column and an alias"),
    ],
)
def test_what_snowflake_lacks_is_told_with_the_page_that_says_so(bad: str, told: str) -> None:
    findings = [finding for finding in lacks(bad) if told in finding]
    assert findings
    assert "docs.snowflake.com/en/sql-reference/" in findings[0] or told == "no SQL of Snowflake's"


@pytest.mark.parametrize(
    ("duckdb", "told"),
    [
        ("select a // b from t", "a division without a cast to double"),
        ("select string_agg(a, ', ') from t", "LISTAGG without an order"),
        ("select unnest(a) from t", "a function that is not known here: flatten"),
        ("select greatest(a, b) from t", "greatest_ignore_nulls"),
        ("select a::hugeint from t", "a type that is not known here"),
        ("select a from t using sample 10 rows", "a sample"),
        ("select * from a asof join b on a.x >= b.x", "a join of DuckDB's"),
    ],
)
def test_what_a_translation_hides_is_found_in_it(duckdb: str, told: str) -> None:
    assert any(told in finding for finding in lacks(rendered(duckdb, "snowflake")))


# -- the rows ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """An invented world, as DuckDB made its marts."""
    folder = tmp_path_factory.mktemp("world")
    lake = Lake((folder / "lake").as_uri())
    write_world(lake, SEEDS[0])
    return built(lake, folder)


@pytest.fixture(scope="module")
def snowflake(world: Built) -> Iterator[Any]:
    """A cursor of fakesnow, a Snowflake that is DuckDB inside, with the world's curated tables, ledger and marts."""
    fakesnow = pytest.importorskip("fakesnow")
    connector = pytest.importorskip("snowflake.connector")
    with fakesnow.patch(), connector.connect(database="PLATFORM", schema="MARTS") as connection:
        cursor = connection.cursor()
        cursor.execute("create schema curated")
        cursor.execute("create schema ops")
        for name in INPUTS:
            _create(connection, f"curated.{name}", CURATED_BY_NAME[name], world.curated[name])
        coverage = world.read("marts.coverage")
        _create(connection, "ops.coverage", MARTS_BY_NAME["coverage"], coverage)
        calendar = sorted(set(coverage["snapshot_date"]))
        every = [
            (mart.table.name, day) for mart in marts() if mart.table.touched for day in to_build(mart, None, calendar)
        ]
        _create(connection, "ops.days_to_build", DAYS, pd.DataFrame(every, columns=DAYS.names))
        for mart in marts():
            columns = ", ".join(
                f"cast({name} as {kind}) as {name}" for name, kind in mart.table.snowflake_columns.items()
            )
            statement = rendered(mart.select, "snowflake")
            cursor.execute(f"create table marts.{mart.table.name} as select {columns} from ({statement})")
        for mart in marts():
            assert not mart.check or cursor.execute(rendered(mart.check, "snowflake")).fetchall() == []
        yield cursor


def _create(connection: Any, name: str, table: Table, rows: Any) -> None:
    pandas_tools = pytest.importorskip("snowflake.connector.pandas_tools")
    columns = ", ".join(f"{column} {kind}" for column, kind in table.snowflake_columns.items())
    connection.cursor().execute(f"create table {name} ({columns})")
    schema, plain = name.split(".")
    pandas_tools.write_pandas(connection, rows, plain, schema=schema, quote_identifiers=False)


@every_mart
@pytest.mark.filterwarnings("ignore:Arrow output")  # fakesnow's own, with DuckDB 2.0
def test_a_mart_has_the_same_rows_on_both(world: Built, snowflake: Any, mart: Mart) -> None:
    name, key = f"marts.{mart.table.name}", ", ".join(mart.table.key)
    theirs = snowflake.execute(f"select {', '.join(mart.table.names)} from {name} order by {key}").fetchall()
    found = world.read(f"(select * from {name} order by {key})")
    ours = list(found[mart.table.names].itertuples(index=False, name=None))
    assert ours
    assert [pair for pair in zip(theirs, ours, strict=True) if pair[0] != pair[1]][:3] == []
