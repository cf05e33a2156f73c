"""Prices: `prices.yaml` as numbers. What was used, and by whom, is told in `usage`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from importlib import resources
from pathlib import Path
from typing import Any

from spotify_platform.contracts.errors import InputError


@dataclass(frozen=True)
class Price:
    """US dollars for one unit of a service's usage type."""

    service: str
    usage_type: str
    price: Decimal
    unit: str
    as_of: date
    source: str


Prices = Mapping[tuple[str, str], Price]
"""Prices by service and usage type."""


def prices(instead: Path | None = None) -> Prices:
    """The list prices; those of a file of the same form come instead of them, one by one.

    Raises `InputError` for a file that cannot be read, and says which of its prices is wrong.
    """
    listed = resources.files("spotify_platform.cost").joinpath("prices.yaml").read_text("utf-8")
    found = _read(listed, "prices.yaml")
    if instead:
        try:
            found |= _read(instead.read_text("utf-8"), str(instead))
        except OSError as error:
            raise InputError(f"{instead}: no prices can be read there ({error.strerror}).") from None
    return found


def _read(text: str, name: str) -> dict[tuple[str, str], Price]:
    import yaml

    try:
        told = yaml.safe_load(text)
        listed = told["prices"]
    except (yaml.YAMLError, TypeError, KeyError) as error:
        raise InputError(f"{name}: not a list of prices ({type(error).__name__}). See docs/cost.md.") from None
    found = [_price(one, f"{name}, price {number}") for number, one in enumerate(listed, 1)]
    return {(one.service, one.usage_type): one for one in found}


def _price(told: Mapping[str, Any], where: str) -> Price:
    try:
        one = Price(**{**told, "price": Decimal(told["price"])})
    except (KeyError, TypeError, InvalidOperation):
        raise InputError(
            f'{where}: {told}. Give service, usage_type, price as a text like "0.44", unit, as_of and source.'
        ) from None
    if not one.price.is_finite() or one.price < 0 or type(one.as_of) is not date:
        raise InputError(f"{where}: price {one.price}, as of {one.as_of}. Give a price from 0 on, and a date.")
    return one
