"""Prices: those that come with the platform, and one's own instead."""

from decimal import Decimal
from pathlib import Path

import pytest

from spotify_platform.contracts.errors import InputError
from spotify_platform.cost.prices import prices


def test_every_price_has_a_unit_a_date_and_a_source() -> None:
    for price in prices().values():
        assert price.unit and price.source and price.as_of.year >= 2022


def test_ones_own_prices_come_instead_one_by_one(tmp_path: Path) -> None:
    own = tmp_path / "prices.yaml"
    own.write_text(
        "prices:\n"
        "  - {service: snowflake, usage_type: credits, price: '2.1', unit: credit, as_of: 2026-11-01, source: ours}\n"
        "  - {service: ours, usage_type: seats, price: '9', unit: seat, as_of: 2026-11-01, source: ours}\n"
    )
    found = prices(own)
    assert found["snowflake", "credits"].price == Decimal("2.1")
    assert found["ours", "seats"].price == 9
    assert found["snowflake", "pipe_credits"] == prices()["snowflake", "pipe_credits"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nothing", "not a list of prices"),
        ("prices: [", "not a list of prices"),
        ("prices:\n  - {service: s3}\n", "price 1: .*Give service, usage_type, price"),
        ("prices:\n  - {service: s3, usage_type: x, price: much, unit: y, as_of: 2026-11-01, source: z}\n", "price 1"),
        ("prices:\n  - {service: s3, usage_type: x, price: '-1', unit: y, as_of: 2026-11-01, source: z}\n", "price -1"),
        ("prices:\n  - {service: s3, usage_type: x, price: '1', unit: y, as_of: soon, source: z}\n", "as of soon"),
    ],
)
def test_a_file_that_is_wrong_is_named_with_its_price(tmp_path: Path, text: str, said: str) -> None:
    own = tmp_path / "prices.yaml"
    own.write_text(text)
    with pytest.raises(InputError, match=f"(?s)prices.yaml.*{said}"):
        prices(own)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.yaml: no prices can be read there"):
        prices(tmp_path / "none.yaml")
