"""Snowflake's views of account usage → credits: by asset and run, idle, and of Snowpipe.

The views come late. QUERY_ATTRIBUTION_HISTORY takes up to 8 hours, the others up to 3: until then a day's idle row is
too large, so the last days are to be read again. They are, with their columns:
https://docs.snowflake.com/en/sql-reference/account-usage/query_attribution_history
https://docs.snowflake.com/en/sql-reference/account-usage/warehouse_metering_history
https://docs.snowflake.com/en/sql-reference/account-usage/pipe_usage_history
https://docs.snowflake.com/en/sql-reference/account-usage/pipes

Cloud services are not counted: Snowflake bills them only above a tenth of an account's compute, and these views do not
tell that part.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from spotify_platform.contracts.curated import CURATED
from spotify_platform.cost.usage import IDLE, UNATTRIBUTED, Usage, step

# Sums over days, so that a year's history is a few hundred rows. A statement counts on the day it began.
_QUERIES = """
select to_date(start_time) as usage_date, query_tag, sum(credits_attributed_compute) as credits
from snowflake.account_usage.query_attribution_history
where warehouse_name = %s and start_time >= %s and start_time < %s
group by to_date(start_time), query_tag
"""
_METERING = """
select to_date(start_time) as usage_date, sum(credits_used_compute) as credits
from snowflake.account_usage.warehouse_metering_history
where warehouse_name = %s and start_time >= %s and start_time < %s
group by to_date(start_time)
"""
# The history names no database, and the pipes of a branch's database have the same names.
_PIPES = """
select to_date(history.start_time) as usage_date, pipes.pipe_name as pipe_name, sum(history.credits_used) as credits
from snowflake.account_usage.pipe_usage_history as history
inner join snowflake.account_usage.pipes as pipes on pipes.pipe_id = history.pipe_id
where pipes.pipe_catalog = %s and history.start_time >= %s and history.start_time < %s
group by to_date(history.start_time), pipes.pipe_name
"""

# Steps of Dagster's that ask Snowflake, by the name in the query tag.
_STEPS = {"load": step("warehouse"), "build_marts": step("marts")}
_PIPE = {f"{table.name}_pipe": f"warehouse/{table.name}" for table in CURATED}


@dataclass(frozen=True)
class Answers:
    """Rows of the three views, each by the names of its columns in lower case."""

    queries: list[Mapping[str, Any]]  # usage_date, query_tag, credits
    metering: list[Mapping[str, Any]]  # usage_date, credits
    pipes: list[Mapping[str, Any]]  # usage_date, pipe_name, credits


def fetch(cursor: Any, warehouse: str, database: str, first: date, last: date) -> Answers:
    """What the views say of a virtual warehouse and of a database's pipes, from `first` to `last` in UTC.

    `cursor` is the connector's, of a session in UTC, as ours are, and of a role with the database roles
    SNOWFLAKE.USAGE_VIEWER and SNOWFLAKE.OBJECT_VIEWER; its errors are the connector's.
    """
    since = datetime(first.year, first.month, first.day)
    until = datetime(last.year, last.month, last.day) + timedelta(days=1)

    def rows(sql: str, name: str) -> list[Mapping[str, Any]]:
        cursor.execute(sql, (name.upper(), since, until))
        columns = [column[0].lower() for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]

    return Answers(rows(_QUERIES, warehouse), rows(_METERING, warehouse), rows(_PIPES, database))


def usage(answers: Answers) -> list[Usage]:
    """Lines whose sum, for each day, is what the warehouse and the pipes were metered with.

    What ran and was not attributed to a statement is IDLE: the time until the warehouse sleeps, and statements of up to
    100 ms, which Snowflake attributes nothing to. It may be below zero by a little, where a statement crossed midnight.
    Statements without a tag of ours are UNATTRIBUTED; a tag's word that is no step (`dashboard`) stands as it is.
    """
    lines = [_line(row, "credits", *_asked(row["query_tag"])) for row in answers.queries]
    attributed: dict[date, Decimal] = {}
    for row in answers.queries:
        attributed[row["usage_date"]] = attributed.get(row["usage_date"], Decimal(0)) + _decimal(row["credits"])
    for row in answers.metering:
        idle = _decimal(row["credits"]) - attributed.get(row["usage_date"], Decimal(0))
        lines.append(_line({**row, "credits": idle}, "credits", IDLE, None, None))
    lines += [_line(row, "pipe_credits", _piped(row["pipe_name"]), None, None) for row in answers.pipes]
    return [line for line in lines if line.quantity]


def _line(row: Mapping[str, Any], kind: str, asset: str, partition: str | None, run: str | None) -> Usage:
    quantity = _decimal(row["credits"])
    return Usage(row["usage_date"], "snowflake", kind, quantity, "credit", "metered", asset, partition, run)


def _asked(tag: str | None) -> tuple[str, str | None, str | None]:
    """Asset, partition and run of a query tag as `resources/snowflake.py` sets it."""
    try:
        told = json.loads(tag or "")
        asset = told["asset"]
    except (ValueError, KeyError, TypeError):
        return UNATTRIBUTED, None, None
    dates = (told.get("dates") or "").split("–")
    span = dates[:1] if len(set(dates)) == 1 else dates
    return _STEPS.get(asset, asset), "...".join(span) or None, told.get("run")


def _piped(name: str) -> str:
    return _PIPE.get(name.lower(), UNATTRIBUTED)


def _decimal(value: Any) -> Decimal:
    """Credits are numbers or floats; a float as it is written, to the billionth, which is what Snowflake tells."""
    return round(Decimal(str(value or 0)), 9)
