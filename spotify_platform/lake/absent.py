"""Dates that are not there, and why: closed without a capture (a gap), or purged (a tombstone).

What a capture that is there lacks stands in its manifest; removing data is `purge`'s business.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel

from spotify_platform.contracts.errors import InputError
from spotify_platform.lake import keys
from spotify_platform.lake.store import Lake

Zone = Literal["raw", "curated"]
ZONES: tuple[Zone, ...] = ("raw", "curated")


class ClosedDay(BaseModel):
    """A date that was closed without a capture. A capture that comes after all, from an import for instance, counts."""

    snapshot_date: date
    reason: str
    closed_at: datetime


class Tombstone(BaseModel):
    """That a date was removed from a zone, and why."""

    snapshot_date: date
    zone: Zone
    reason: str
    purged_at: datetime


def close(lake: Lake, closed: ClosedDay) -> bool:
    """Keep why a date has no capture; the first reason stands. Returns whether it is new."""
    return lake.create(keys.gap(closed.snapshot_date), closed.model_dump_json(indent=1).encode())


def closed_days(lake: Lake) -> dict[date, ClosedDay]:
    """The dates that were closed without a capture: one LIST, and one GET a date."""
    found = lake.get_all(lake.keys(keys.GAPS))
    days = (ClosedDay.model_validate_json(content) for content in found.values())
    return {one.snapshot_date: one for one in days}


def bury(lake: Lake, tombstone: Tombstone) -> None:
    """Put a tombstone, before anything of the date is removed."""
    key = keys.purged(tombstone.snapshot_date, tombstone.zone)
    lake.create(key, tombstone.model_dump_json(indent=1).encode())


def purged_dates(lake: Lake) -> dict[Zone, set[date]]:
    """The dates that were removed, by zone: one LIST and no GET."""
    found: dict[Zone, set[date]] = defaultdict(set)
    for key in lake.keys(keys.PURGED):
        found["raw" if keys.name(key) == "raw" else "curated"].add(keys.date_in(key))
    return {zone: found[zone] for zone in ZONES}


def is_purged(lake: Lake, snapshot_date: date, *zones: Zone) -> bool:
    """Whether a date was removed from one of the zones, or from any where none is given."""
    return any(lake.exists(keys.purged(snapshot_date, zone)) for zone in zones or ZONES)


def tombstones(lake: Lake) -> list[Tombstone]:
    """Every tombstone, by date: one LIST, and one GET each."""
    found = lake.get_all(lake.keys(keys.PURGED))
    return [Tombstone.model_validate_json(content) for content in found.values()]


def refuse_purged(lake: Lake, dates: Iterable[date], *, again: bool) -> None:
    """Refuse dates that were purged, unless `again`. Raises `InputError`, naming them.

    Dates whose answers were purged while readers still see their tables are refused in any case: a batch made of the
    new answers alone would take the place of those tables.
    """
    purged = purged_dates(lake)
    gone = sorted(set(dates) & (purged["raw"] | purged["curated"]))
    standing = [day for day in gone if lake.keys(f"{keys.PUBLISHED}/{keys.day(day)}")]
    if standing:
        more = f" and {len(standing) - 1} more" if len(standing) > 1 else ""
        raise InputError(
            f"{standing[0]}{more}: its raw answers were purged, and its tables are still there. Nothing was imported: "
            "what is imported now would take the place of all of them."
        )
    if gone and not again:
        more = f" and {len(gone) - 1} more" if len(gone) > 1 else ""
        raise InputError(
            f"{gone[0]}{more}: purged from this lake. Nothing was imported. To bring them in all the same, repeat the "
            "command with --again; what else the dates held does not come back."
        )


def unbury(lake: Lake, snapshot_date: date) -> None:
    """Forget that a date was purged: a capture of it is just being committed."""
    lake.delete([keys.purged(snapshot_date, zone) for zone in ZONES])
