"""Prices: `prices.yaml` as numbers. What was used, and by whom, is told in `usage`."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import resources


@dataclass(frozen=True)
class Price:
    """US dollars for one unit of a service's usage type."""

    service: str
    usage_type: str
    price: Decimal
    unit: str
    as_of: date
    source: str


@cache
def prices() -> dict[tuple[str, str], Price]:
    """All prices, by service and usage type."""
    import yaml

    text = resources.files("spotify_platform.cost").joinpath("prices.yaml").read_text("utf-8")
    listed = [Price(**{**one, "price": Decimal(one["price"])}) for one in yaml.safe_load(text)["prices"]]
    return {(one.service, one.usage_type): one for one in listed}
