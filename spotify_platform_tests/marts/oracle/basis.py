"""What every mart of the oracle is made with: curated rows in, rows of a contract out; weeks, windows and reasons."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import pandas as pd

from spotify_platform.contracts.marts import MARTS_BY_NAME

Curated = Mapping[str, pd.DataFrame]
Row = dict[str, Any]

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
FRIDAY = 4  # as date.weekday() counts

UNKNOWN_ARTIST = "no capture tells the artist of the track; named as the chart does"


def rows_of(curated: Curated, table: str, *columns: str) -> list[tuple[Any, ...]]:
    """Columns of a table as tuples, None for NULL."""
    cells = [[None if pd.isna(value) else value for value in curated[table][column]] for column in columns]
    return list(zip(*cells, strict=True))


def mart(name: str, rows: Iterable[Row]) -> pd.DataFrame:
    """Rows as the contract of a mart has them: its columns, sorted by its key."""
    table = MARTS_BY_NAME[name]
    ordered = sorted(rows, key=lambda row: [row[column] for column in table.key])
    assert all(row.keys() == set(table.names) for row in ordered)
    return pd.DataFrame(
        {column: pd.Series([row[column] for row in ordered], dtype=object) for column in table.names},
        columns=table.names,
    )


def week_of(day: date) -> date:
    """The Friday that a day's charting week begins with."""
    return day - (day.weekday() - FRIDAY) % 7 * DAY


def rounded(value: float) -> float:
    """To 6 decimals, a half away from zero as databases do; Python's own takes it to the even digit."""
    return math.copysign(math.floor(abs(value) * 1e6 + 0.5) / 1e6, value)


def covered(there: int, window: int) -> Row:
    """`coverage` and `confidence`: days that are there, over the days of the window."""
    coverage = rounded(there / window)
    return {"coverage": coverage, "confidence": "high" if coverage >= 0.8 else "medium" if coverage >= 0.5 else "low"}


def because(*reasons: str | None) -> str | None:
    """The reasons that hold, joined in order."""
    return "; ".join(reason for reason in reasons if reason) or None


def number(rows: Iterable[Row], column: str, figure: str, within: tuple[str, ...], by: Callable[[Row], Any]) -> None:
    """Number the rows that have the figure from 1 in each group, in order of `by`; the others get no number."""
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        row[column] = None
        if row[figure] is not None:
            groups[tuple(row[name] for name in within)].append(row)
    for group in groups.values():
        for place, row in enumerate(sorted(group, key=by), start=1):
            row[column] = place
