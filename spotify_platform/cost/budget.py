"""What is wrong with the ledger's rows: too dear, off the bill, nobody's, or priced by old prices."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal

from spotify_platform.cost.ledger import DIFFERENCE, Entry, cost_by, total
from spotify_platform.cost.prices import Prices
from spotify_platform.cost.usage import UNATTRIBUTED

OFF_THE_BILL = Decimal("0.15")  # of the bill
UNATTRIBUTED_SHARE = Decimal("0.10")  # of the cost
OLDEST_PRICE = timedelta(days=365)


def over_budget(rows: Iterable[Entry], budget: Decimal) -> dict[date, dict[str, Decimal]]:
    """The days that cost more than `budget` US dollars, with what each asset cost then, the dearest first."""
    found = {}
    for day, ones in _by_day(rows).items():
        if total(ones) > budget:
            found[day] = cost_by(ones, "asset")
    return found


def off_the_bill(rows: Sequence[Entry]) -> dict[date, tuple[Decimal, Decimal]]:
    """The days on which our own rows and the bill differ by more than `OFF_THE_BILL`: ours, and the bill.

    A service that we keep no rows of (a log's storage, say) is none of our estimates; it is unattributed.
    """
    ours_of = {(row.usage_date, row.service) for row in rows if row.usage_type != DIFFERENCE}
    billed = {(row.usage_date, row.service) for row in rows if row.usage_type == DIFFERENCE}
    found = {}
    for day, ones in _by_day(row for row in rows if (row.usage_date, row.service) in ours_of & billed).items():
        ours, bill = total(row for row in ones if row.usage_type != DIFFERENCE), total(ones)
        if abs(ours - bill) > OFF_THE_BILL * bill:
            found[day] = ours, bill
    return found


def unattributed(rows: Sequence[Entry]) -> tuple[Decimal, Decimal]:
    """How much no asset accounts for, and how much there is; what a bill lacks counts like what it has too much."""
    nobodys = [abs(row.cost) for row in rows if row.asset == UNATTRIBUTED and row.cost is not None]
    return sum(nobodys, Decimal(0)), total(rows)


def doubtful_prices(rows: Iterable[Entry], prices: Prices, today: date) -> list[str]:
    """The prices that rows need and that are older than a year, or not there, in words."""
    found = []
    used = {(row.service, row.usage_type): row.unit for row in rows if row.usage_type != DIFFERENCE}
    for (service, kind), unit in sorted(used.items()):
        known = prices.get((service, kind))
        if known is None:
            found.append(f"{service} {kind}: no price of a {unit}")
        elif today - known.as_of > OLDEST_PRICE:
            found.append(f"{service} {kind}: as of {known.as_of}, see {known.source}")
    return found


def _by_day(rows: Iterable[Entry]) -> dict[date, list[Entry]]:
    days: dict[date, list[Entry]] = defaultdict(list)
    for row in rows:
        days[row.usage_date].append(row)
    return dict(sorted(days.items()))
