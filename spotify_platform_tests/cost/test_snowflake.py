"""What Snowflake used: its views, with the columns that its documentation names, asked in the adapter's own SQL.

The views stand in DuckDB and the SQL is translated, bound values and all: so a column that is in no view fails.
"""

import json
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest
import sqlglot

from spotify_platform.cost import snowflake
from spotify_platform.cost.usage import IDLE, UNATTRIBUTED, Usage

from .answers import by

DAY, NEXT = date(2026, 11, 19), date(2026, 11, 20)

# As of November 2026: docs.snowflake.com/en/sql-reference/account-usage/…
VIEWS = """
attach ':memory:' as snowflake;
create schema snowflake.account_usage;
create table snowflake.account_usage.query_attribution_history (query_id varchar, parent_query_id varchar,
    root_query_id varchar, warehouse_id bigint, warehouse_name varchar, query_hash varchar,
    query_parameterized_hash varchar, query_tag varchar, user_name varchar, start_time timestamptz,
    end_time timestamptz, credits_attributed_compute double, credits_used_query_acceleration double);
create table snowflake.account_usage.warehouse_metering_history (start_time timestamptz, end_time timestamptz,
    warehouse_id bigint, warehouse_name varchar, credits_used decimal(38, 9), credits_used_compute decimal(38, 9),
    credits_used_cloud_services decimal(38, 9), credits_attributed_compute_queries decimal(38, 9));
create table snowflake.account_usage.pipe_usage_history (pipe_id bigint, pipe_name varchar, start_time timestamptz,
    end_time timestamptz, credits_used decimal(38, 9), bytes_inserted double, files_inserted bigint,
    bytes_billed bigint);
create table snowflake.account_usage.pipes (pipe_id bigint, pipe_name varchar, pipe_schema_id bigint,
    pipe_schema varchar, pipe_catalog_id bigint, pipe_catalog varchar, deleted timestamptz);
set TimeZone = 'UTC';
"""


class Cursor:
    """The cursor of the connector over the views; nothing but what an adapter needs."""

    def __init__(self) -> None:
        self._connection = duckdb.connect()
        self._connection.execute(VIEWS)

    def put(self, view: str, **values: Any) -> None:
        """A row of a view."""
        marks = ", ".join("?" for _ in values)
        self._connection.execute(
            f"insert into snowflake.account_usage.{view} ({', '.join(values)}) values ({marks})", list(values.values())
        )

    def execute(self, sql: str, values: tuple[Any, ...]) -> None:
        """Run a statement of Snowflake's dialect, with %s for what is bound."""
        (translated,) = sqlglot.transpile(sql.replace("%s", "?"), read="snowflake", write="duckdb")
        self._connection.execute(translated, list(values))
        self.description = [(column[0].upper(),) for column in self._connection.description]

    def fetchall(self) -> list[tuple[Any, ...]]:
        """The rows."""
        return self._connection.fetchall()

    def close(self) -> None:
        """Done."""
        self._connection.close()


@pytest.fixture
def cursor() -> Iterator[Cursor]:
    made = Cursor()
    yield made
    made.close()


def at(hour: int, minute: int = 0, day: date = DAY) -> str:
    """A time, in UTC."""
    return f"{datetime(day.year, day.month, day.day, hour, minute).isoformat()}+00:00"


def tag(asset: str, dates: str = "", run: str | None = None) -> str:
    """A query tag as `resources/platform.py` makes it."""
    return json.dumps({"asset": asset, "dates": dates, "run": run} if run else {"asset": asset})


def ask(cursor: Cursor, query_tag: str | None, credits: float, start: str = at(6), warehouse: str = "SPOTIFY") -> None:
    """A statement that was attributed some credits."""
    cursor.put(
        "query_attribution_history",
        warehouse_name=warehouse,
        query_tag=query_tag,
        start_time=start,
        credits_attributed_compute=credits,
    )


def meter(cursor: Cursor, credits: str, start: str = at(6), warehouse: str = "SPOTIFY") -> None:
    """An hour of a warehouse; cloud services come on top."""
    compute = Decimal(credits)
    cursor.put(
        "warehouse_metering_history",
        warehouse_name=warehouse,
        start_time=start,
        credits_used=compute + 5,
        credits_used_compute=compute,
        credits_used_cloud_services=5,
    )


def told(cursor: Cursor, first: date = DAY, last: date = DAY) -> list[Usage]:
    """What the adapter makes of the views."""
    return snowflake.usage(snowflake.fetch(cursor, "spotify", "spotify", first, last))


def test_statements_are_their_steps_and_the_rest_of_the_warehouse_is_idle(cursor: Cursor) -> None:
    ask(cursor, tag("load", "2026-11-18", "r1"), 0.02)
    ask(cursor, tag("load", "2026-11-18", "r1"), 0.01)
    ask(cursor, tag("build_marts", "", "r1"), 0.05)
    meter(cursor, "0.1")
    meter(cursor, "0.25", at(7))
    lines = told(cursor)
    assert sorted(by(["asset", "partition", "run", "quantity"], lines), key=str) == [
        (IDLE, None, None, Decimal("0.27")),
        ("marts/*", None, "r1", Decimal("0.05")),
        ("warehouse/*", "2026-11-18", "r1", Decimal("0.03")),
    ]
    assert sum(line.quantity for line in lines) == Decimal("0.35")
    assert {(line.service, line.usage_type, line.unit, line.method) for line in lines} == {
        ("snowflake", "credits", "credit", "metered")
    }


def test_idle_is_reckoned_day_by_day(cursor: Cursor) -> None:
    for day, attributed, metered in ((DAY, 0.1, "0.4"), (NEXT, 0.2, "0.3")):
        ask(cursor, tag("load", "2026-11-18", "r1"), attributed, at(6, day=day))
        meter(cursor, metered, at(6, day=day))
    idle = [line for line in told(cursor, DAY, NEXT) if line.asset == IDLE]
    assert sorted(by(["usage_date", "quantity"], idle)) == [(DAY, Decimal("0.3")), (NEXT, Decimal("0.1"))]


def test_a_warehouse_that_nobody_asked_is_all_idle(cursor: Cursor) -> None:
    meter(cursor, "0.4")
    assert by(["asset", "quantity"], told(cursor)) == [(IDLE, Decimal("0.4"))]


def test_a_warehouse_that_never_idled_has_no_such_line(cursor: Cursor) -> None:
    ask(cursor, tag("load", "2026-11-18", "r1"), 0.1 + 0.2)  # 0.30000000000000004
    meter(cursor, "0.3")
    assert by(["quantity"], told(cursor)) == [(Decimal("0.3"),)]


def test_a_statement_that_crossed_midnight_can_make_idle_negative_so_that_sums_hold(cursor: Cursor) -> None:
    ask(cursor, tag("load", "2026-11-18", "r1"), 0.3, at(23, 59))
    meter(cursor, "0.2", at(23))
    lines = told(cursor)
    assert sum(line.quantity for line in lines) == Decimal("0.2")
    assert (IDLE, Decimal("-0.1")) in by(["asset", "quantity"], lines)


@pytest.mark.parametrize("strange", [None, "", "dbt", '{"app": "x"}', "[1]"])
def test_a_statement_without_our_tag_is_unattributed(cursor: Cursor, strange: str | None) -> None:
    ask(cursor, strange, 0.1)
    assert by(["asset", "quantity"], told(cursor)) == [(UNATTRIBUTED, Decimal("0.1"))]


def test_what_asks_beside_the_steps_keeps_its_name(cursor: Cursor) -> None:
    ask(cursor, tag("dashboard"), 0.1)
    assert by(["asset", "run"], told(cursor)) == [("dashboard", None)]


@pytest.mark.parametrize(
    ("dates", "partition"),
    [
        ("2026-11-18", "2026-11-18"),
        ("2026-11-18–2026-11-18", "2026-11-18"),
        ("2026-01-01–2026-11-18", "2026-01-01...2026-11-18"),
        ("", None),
    ],
)
def test_dates_are_told_as_dagster_tells_partitions(cursor: Cursor, dates: str, partition: str | None) -> None:
    ask(cursor, tag("load", dates, "r1"), 0.1)
    assert by(["partition"], told(cursor)) == [(partition,)]


def test_other_warehouses_and_other_days_are_somebody_elses(cursor: Cursor) -> None:
    ask(cursor, tag("load", "2026-11-18", "r1"), 0.1, warehouse="OTHER")
    ask(cursor, tag("load", "2026-11-18", "r1"), 0.1, at(0, day=NEXT))
    meter(cursor, "0.4", warehouse="OTHER")
    meter(cursor, "0.4", at(0, day=NEXT))
    assert told(cursor) == []


def test_a_pipe_is_its_table_in_our_database_alone(cursor: Cursor) -> None:
    pipes = {1: ("TRACKS_PIPE", "SPOTIFY"), 2: ("TRACKS_PIPE", "SPOTIFY_BRANCH"), 3: ("BY_HAND", "SPOTIFY")}
    for number, (name, catalog) in pipes.items():
        cursor.put("pipes", pipe_id=number, pipe_name=name, pipe_catalog=catalog)
        for hour in (6, 7):
            cursor.put(
                "pipe_usage_history",
                pipe_id=number,
                pipe_name=name,
                start_time=at(hour),
                credits_used=Decimal("0.0037"),
                bytes_billed=1_000_000_000,
            )
    lines = told(cursor)
    assert sorted(by(["asset", "usage_type", "quantity", "method"], lines)) == [
        (UNATTRIBUTED, "pipe_credits", Decimal("0.0074"), "metered"),
        ("warehouse/tracks", "pipe_credits", Decimal("0.0074"), "metered"),
    ]
