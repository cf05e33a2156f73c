"""The ledger: usage from all who tell it → rows with prices, of which each day's sum is what the day cost.

The same thing is often told twice: by the platform, at once, and by its provider, later and better. What the provider
measured takes the place of what we counted; where there is a bill, a row for the difference makes the sum the bill's.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from spotify_platform.cost.explorer import billed_by_day
from spotify_platform.cost.prices import Prices
from spotify_platform.cost.usage import UNATTRIBUTED, Method, Usage

DIFFERENCE = "bill"
"""The usage type of a row that holds what a bill has beyond our own rows; below zero, what it lacks."""

NOT_ABOUT_ONE = "none"
"""Stands for a run or partition in sums, where a row is not about one."""

# Its views are hours late, so that a day which they do not tell yet may have used something all the same.
_LATE = frozenset({"snowflake"})

_PLACES = 12  # of a dollar: a request of S3's costs 0.0000004


@dataclass(frozen=True)
class Entry:
    """One row of `operations.platform_cost`; see its contract."""

    usage_date: date
    service: str
    usage_type: str
    asset: str
    partition: str | None
    run: str | None
    quantity: Decimal
    unit: str
    price: Decimal | None
    cost: Decimal | None
    method: Method


def entries(
    counted: Iterable[Usage], metered: Mapping[str, Collection[Usage]], bill: Iterable[Usage], prices: Prices
) -> list[Entry]:
    """The rows of some days, sorted.

    `counted` is what the platform counted itself, `metered` what each service's provider measured, whole where the
    service stands there, and `bill` what the providers bill.
    """
    own = [_priced(line, prices) for line in _best(list(counted), metered)]
    return sorted([*own, *_differences(own, list(bill))], key=_place)


def total(rows: Iterable[Entry]) -> Decimal:
    """What rows cost together, in US dollars; those without a price are not in it."""
    return sum((row.cost for row in rows if row.cost is not None), Decimal(0))


def named(row: Entry, field: str) -> str:
    """The value of a row's field as sums name it; NOT_ABOUT_ONE where it has none."""
    return str(getattr(row, field) or NOT_ABOUT_ONE)


def cost_by(rows: Iterable[Entry], field: str) -> dict[str, Decimal]:
    """What rows cost by one of their fields, the dearest first."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[named(row, field)] += row.cost or Decimal(0)
    return dict(sorted(sums.items(), key=lambda one: (-one[1], one[0])))


def _best(counted: list[Usage], metered: Mapping[str, Collection[Usage]]) -> list[Usage]:
    """Each thing once: as its provider measured it, else as we counted it."""
    told = [line for lines in metered.values() for line in lines]
    days = {(line.usage_date, *_meter(line)) for line in told}
    # A run that went over midnight is counted on its last day and measured on its first.
    runs = {(*_meter(line), line.run) for line in told if line.run}

    def replaced(line: Usage) -> bool:
        if line.service not in metered:
            return False
        known = (*_meter(line), line.run) in runs or (line.usage_date, *_meter(line)) in days
        return known or line.service not in _LATE

    return [*told, *(line for line in counted if not replaced(line))]


def _meter(line: Usage) -> tuple[str, bool]:
    """What measures a line: pipes have a view of their own."""
    return line.service, line.usage_type.startswith("pipe")


def _priced(line: Usage, prices: Prices) -> Entry:
    found = prices.get((line.service, line.usage_type))
    price = found.price if found else None
    cost = None if price is None else round(line.quantity * price, _PLACES)
    return _entry(line, price, cost)


def _differences(own: list[Entry], bill: list[Usage]) -> Iterable[Entry]:
    """What each day's bill of a service has beyond our rows, or lacks."""
    ours: dict[tuple[date, str], Decimal] = {}
    for row in own:
        key = (row.usage_date, row.service)
        ours[key] = ours.get(key, Decimal(0)) + (row.cost or Decimal(0))
    methods = {(line.usage_date, line.service): line.method for line in bill}
    for key, amount in billed_by_day(bill).items():
        day, service = key
        rest = round(amount - ours.get(key, Decimal(0)), _PLACES)
        line = Usage(day, service, DIFFERENCE, rest, "USD", methods[key], UNATTRIBUTED)
        yield _entry(line, Decimal(1), rest)  # 0, too: it says that there is a bill


def _entry(line: Usage, price: Decimal | None, cost: Decimal | None) -> Entry:
    return Entry(
        usage_date=line.usage_date,
        service=line.service,
        usage_type=line.usage_type,
        asset=line.asset,
        partition=line.partition,
        run=line.run,
        quantity=line.quantity,
        unit=line.unit,
        price=price,
        cost=cost,
        method=line.method,
    )


def _place(row: Entry) -> tuple[date, str, str, str, str, str]:
    return row.usage_date, row.asset, row.service, row.usage_type, row.partition or "", row.run or ""
