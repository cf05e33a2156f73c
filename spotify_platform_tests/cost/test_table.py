"""The ledger in the lake: a day whole, read back as it was written, and readable by `query`."""

from dataclasses import fields
from decimal import Decimal

from spotify_platform.contracts.operations import PLATFORM_COST
from spotify_platform.cost import table
from spotify_platform.cost.ledger import Entry, entries
from spotify_platform.cost.prices import prices
from spotify_platform.lake import Lake
from spotify_platform.load.reader import query

from .test_ledger import DAY, GLUE, NEXT, PUT


def test_rows_come_back_as_they_were_written(lake: Lake) -> None:
    rows = entries([PUT, GLUE], {}, [], prices())
    table.write(lake, DAY, rows)
    table.write(lake, NEXT, [])
    assert sorted(table.read(lake), key=str) == sorted(rows, key=str)
    assert table.days(lake) == [DAY, NEXT]
    assert table.read(lake, NEXT) == []


def test_a_day_that_is_reckoned_again_takes_the_old_ones_place(lake: Lake) -> None:
    table.write(lake, DAY, entries([PUT, GLUE], {}, [], prices()))
    table.write(lake, DAY, entries([PUT], {}, [], prices()))
    assert [row.service for row in table.read(lake)] == ["s3"]


def test_query_shows_it_and_before_the_first_day_an_empty_table(lake: Lake) -> None:
    sum_of = "select count(*), sum(cost) from operations.platform_cost"
    assert query(lake, sum_of)[1] == [(0, None)]
    table.write(lake, DAY, entries([PUT, GLUE], {}, [], prices()))
    ((count, cost),) = query(lake, sum_of)[1]
    assert (count, cost) == (2, Decimal("0.0172222222"))


def test_the_contract_is_the_row() -> None:
    assert PLATFORM_COST.names == [field.name for field in fields(Entry)]
