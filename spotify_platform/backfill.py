"""Backfills: which past dates can be made again from what was captured, and which cannot and why.

Running them is the caller's business: the command line in the foreground, or Dagster.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from spotify_platform.contracts.errors import InputError
from spotify_platform.lake.absent import closed_days, purged_dates
from spotify_platform.lake.captures import captures_by_date
from spotify_platform.lake.ledger import NOT_CAPTURED
from spotify_platform.lake.publishing import published_dates
from spotify_platform.lake.store import Lake
from spotify_platform.publish import PURGED, stale_dates


@dataclass(frozen=True)
class Backfill:
    """What a backfill does: the dates that are captured, and those that are not, each with why."""

    days: list[date]
    gaps: dict[date, str]


def plan_backfill(lake: Lake, first: date | None, last: date | None, *, stale: bool = False) -> Backfill:
    """What a backfill from `first` to `last` can do. Raises `InputError` where the two are the wrong way round.

    `stale`: only the dates that another version of contracts and code curated; without `first` and `last` all of them.
    """
    if first and last and first > last:
        raise InputError(f"{first} is after {last}: give the earlier date first.")
    if stale:
        days = stale_dates(lake)
        return Backfill([day for day in days if (not first or first <= day) and (not last or day <= last)], {})
    assert first and last, "a range has two ends"
    captured, purged, closed = captures_by_date(lake), purged_dates(lake), closed_days(lake)
    published = published_dates(lake)
    days, gaps = [], {}
    for day in (first + timedelta(days=n) for n in range((last - first).days + 1)):
        if day in purged["curated"] and day not in published:
            gaps[day] = PURGED
        elif day in captured:
            days.append(day)
        elif day in purged["raw"] and day not in published:
            gaps[day] = PURGED
        elif day not in published:  # else only its raw answers were purged: it stands as it is
            gaps[day] = closed[day].reason if day in closed else NOT_CAPTURED
    return Backfill(days, gaps)
