"""What is still to come: this month's cost, and what a backfill of a range would cost, by what runs used before."""

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from statistics import median

from spotify_platform.cost.ledger import Entry
from spotify_platform.cost.prices import Prices
from spotify_platform.cost.recommend import Engine, Recommendation, Run, recommendation
from spotify_platform.cost.usage import step

_USUAL_DAYS = 14

# The steps of a backfill. All but the capture: Spotify serves only the present.
_STEPS = (step("curated"), step("warehouse"), step("marts"), "reports/daily")
_COUNTED = ("simulated", "estimated", "metered")

RAW_BYTES = "raw_bytes"
"""The usage type by which a run of curation tells how much it had to read; it has no price of its own."""


@dataclass(frozen=True)
class Month:
    """What a month cost so far, and what it will come to."""

    so_far: Decimal
    usual_day: Decimal  # the median of the last days that cost something
    whole: Decimal


def month(rows: Sequence[Entry], today: date) -> Month:
    """The month that `today` is in: what it cost up to now, and the days that are left at the price of a usual one.

    Usual is the median of the up to 14 last days before today, so that one large backfill is not expected again each
    day; before the second day it is today.
    """
    of_day: dict[date, Decimal] = defaultdict(Decimal)
    for row in rows:
        of_day[row.usage_date] += row.cost or Decimal(0)
    begin = today - timedelta(days=_USUAL_DAYS)
    before = [cost for day, cost in of_day.items() if begin <= day < today]
    usual = median(before) if before else of_day.get(today, Decimal(0))
    so_far = sum((cost for day, cost in of_day.items() if f"{day:%Y-%m}" == f"{today:%Y-%m}"), Decimal(0))
    left = monthrange(today.year, today.month)[1] - today.day
    return Month(so_far, usual, so_far + left * usual)


@dataclass(frozen=True)
class Line:
    """What a step of a backfill would use of one thing."""

    asset: str
    service: str
    usage_type: str
    quantity: Decimal
    unit: str
    cost: Decimal


@dataclass(frozen=True)
class Expected:
    """What a backfill would use and cost, the runs that this is taken from, and the engine that is cheaper."""

    lines: tuple[Line, ...]
    like: Mapping[str, str]  # step → the run that it is taken from, and its dates
    unknown: tuple[str, ...]  # steps of which no run is known
    engine: Recommendation

    @property
    def cost(self) -> Decimal:
        """US dollars."""
        return sum((line.cost for line in self.lines), Decimal(0))


@dataclass(frozen=True)
class _Known:
    """A step of a run that was: how many dates it worked on, and its rows."""

    run: str
    partition: str
    rows: tuple[Entry, ...]

    @property
    def dates(self) -> int:
        first, _, last = self.partition.partition("...")
        return (date.fromisoformat(last or first) - date.fromisoformat(first)).days + 1

    @property
    def raw_bytes(self) -> int:
        return sum(int(row.quantity) for row in self.rows if row.usage_type == RAW_BYTES)


def backfill(rows: Iterable[Entry], dates: int, raw_bytes: int, prices: Prices) -> Expected:
    """What a backfill of so many dates, with so many bytes of raw files, would use and cost.

    Of each step the run is taken that is nearest in size; curation's size are its bytes, the other steps' their dates.
    Larger work is scaled, smaller is not: most of a small run is its beginning. What a provider tells without a run
    (a warehouse's idle time) is not in it.
    """
    known = _steps(rows)
    lines: list[Line] = []
    like, unknown = {}, []
    for asset in _STEPS:
        runs = known.get(asset, [])
        if not runs:
            unknown.append(asset)
            continue
        by_bytes = asset == step("curated")
        wanted = raw_bytes if by_bytes else dates
        nearest, size = min(
            ((run, run.raw_bytes if by_bytes else run.dates) for run in runs), key=lambda one: _apart(one[1], wanted)
        )
        more = max(Decimal(1), Decimal(wanted) / max(1, size))
        like[asset] = f"{nearest.run[:8]} ({nearest.dates} {'date' if nearest.dates == 1 else 'dates'})"
        lines += [_scaled(row, more) for row in nearest.rows if row.usage_type != RAW_BYTES]
    return Expected(tuple(lines), like, tuple(unknown), _recommended(known.get(step("curated"), []), raw_bytes, prices))


def engine_for(rows: Iterable[Entry], raw_bytes: int, prices: Prices) -> Recommendation:
    """The engine that is cheaper for so many bytes of raw files, by the ledger's rows of curation."""
    return _recommended(_steps(rows).get(step("curated"), []), raw_bytes, prices)


def _recommended(runs: Sequence[_Known], raw_bytes: int, prices: Prices) -> Recommendation:
    """As `engine_for`, by runs of curation that are known already."""
    told = []
    for run in runs:
        used = {row.service: float(row.quantity) for row in run.rows if row.usage_type != RAW_BYTES}
        engine: Engine = "glue" if "glue" in used else "duckdb"
        told.append(Run(engine, run.raw_bytes, used.get("glue") or used.get("local", 0)))
    return recommendation(raw_bytes, told, prices)


def _steps(rows: Iterable[Entry]) -> dict[str, list[_Known]]:
    """The steps' runs that are known by their dates and had something to make, newest first."""
    found: dict[tuple[str, str, str], list[Entry]] = defaultdict(list)
    for row in rows:
        if row.run and row.partition and row.method in _COUNTED and row.asset in _STEPS:
            found[row.asset, row.run, row.partition].append(row)
    # A run that found everything published already tells nothing of any step.
    worked = {run for (_, run, _), ones in found.items() if any(row.usage_type == RAW_BYTES for row in ones)}
    steps: dict[str, list[_Known]] = defaultdict(list)
    for (asset, run, partition), ones in reversed(found.items()):
        if run in worked:
            steps[asset].append(_Known(run, partition, tuple(ones)))
    return steps


def _apart(one: int, other: int) -> float:
    """How far two sizes are apart, as a ratio."""
    one, other = max(1, one), max(1, other)
    return max(one / other, other / one)


def _scaled(row: Entry, more: Decimal) -> Line:
    quantity = row.quantity * more
    cost = (row.price or Decimal(0)) * quantity
    return Line(row.asset, row.service, row.usage_type, round(quantity, 3), row.unit, round(cost, 9))
