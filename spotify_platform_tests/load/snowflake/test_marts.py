"""Every mart, row by row, on DuckDB and on a model of Snowflake, over the real connector and the same curated data."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from spotify_platform.charts.figure import choices, figures
from spotify_platform.charts.findings import defaults
from spotify_platform.contracts.operations import OPERATIONS
from spotify_platform.lake import Lake, keys
from spotify_platform.lake.publishing import heads
from spotify_platform.load.reader import Snapshot, query
from spotify_platform.load.snowflake import setup
from spotify_platform.marts.build import build_marts
from spotify_platform.marts.dialect import rendered
from spotify_platform.resources.reading import SnowflakeReading

from ...marts.comparison import Built, built, differences
from ...marts.oracle import ORACLE
from ...marts.test_oracle_2021 import Real, real
from ...marts.worlds import write_world
from ...test_questions import QUESTIONS
from .account import Account

__all__ = ["real"]  # a fixture: the charts of 2021

MARTS = ["coverage", *ORACLE]


def in_a_folder(empty: Account, lake: Lake) -> Account:
    """An account whose lake is a folder: files are uploaded, and no AWS is needed."""
    account = replace(empty, lake=lake, target=replace(empty.target, lake_url=lake.url))
    with account.session("ACCOUNTADMIN") as session:
        setup.apply(session, account.target, lambda _: None)
    return account


def on_both(account: Account, world: Built) -> dict[str, list[str]]:
    """What sets the marts on Snowflake apart from those on DuckDB, built from the same batches."""
    ours = {name: world.read(f"marts.{name}") for name in MARTS}
    with account.warehouse() as warehouse:
        warehouse.load(account.lake, heads(account.lake).values())
        record, new = build_marts(warehouse, account.lake)
    assert new and record.warehouse == f"snowflake {account.names.database}"
    assert account.lake.keys(keys.MARTS_PUBLISHED)[-1] == keys.marts_published(2)
    for name, frame in ours.items():
        assert account.rows(f"select count(*) from marts.{name}") == [(len(frame),)]
        assert len(frame)
    return {name: differences(name, world.read(f"marts.{name}"), frame) for name, frame in ours.items()}


@pytest.mark.soak
def test_the_marts_of_an_invented_world_are_the_same_on_both(empty: Account, lake: Lake, tmp_path: Path) -> None:
    write_world(lake, seed=1)
    world = built(lake, tmp_path)
    account = in_a_folder(empty, lake)
    assert {name: told[:3] for name, told in on_both(account, world).items() if told} == {}
    assert account.rows("select distinct landed_by from ops.published") == [("copy",)]
    assert account.rows("list @landing.uploads") == []
    # The question book, too.
    for title, select, _ in QUESTIONS:
        theirs = account.rows(rendered(select, "snowflake"))
        assert [list(map(plain, row)) for row in theirs] == [list(map(plain, row)) for row in query(lake, select)[1]], (
            title
        )
    assert list(figures_apart(lake)) == []


def figures_apart(lake: Lake) -> Iterator[str]:
    """The dashboard's figures whose rows in Snowflake are not those of the published Parquet."""
    with closing(Snapshot(lake)) as ours, closing(SnowflakeReading("now")) as theirs:
        filters = defaults(ours.query)
        artist = choices(ours.query, "artists", filters)[0][0]
        filters |= {"artist": artist, "since": date(2000, 1, 1)}
        for name, figure in figures().items():
            if figure.table in OPERATIONS:  # the ledger of costs is in the lake only
                continue
            told = [reading.query(figure.sql(filters)) for reading in (ours, theirs)]
            (columns, rows), (other_columns, other_rows) = told
            same = [list(map(plain, row)) for row in rows] == [list(map(plain, row)) for row in other_rows]
            if columns != other_columns or not same:
                yield name


def plain(value: object) -> object:
    """A value for comparison: Snowflake's numbers are decimals."""
    return round(float(value), 6) if isinstance(value, Decimal | float | int) else value


@pytest.mark.soak
def test_the_marts_of_2021_are_the_same_on_both(empty: Account, real: Real) -> None:
    both = on_both(in_a_folder(empty, real.platform.lake), real.platform)
    assert {name: told[:3] for name, told in both.items() if told} == {}
