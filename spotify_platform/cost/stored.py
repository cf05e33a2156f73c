"""What lies in the lake: bytes by zone, and how much a usual day of raw files is."""

from statistics import median

from spotify_platform.contracts.raw import ENTITIES_BY_NAME
from spotify_platform.lake import keys
from spotify_platform.lake.store import Lake

_USUAL_DAYS = 14


def stored(lake: Lake) -> dict[str, int]:
    """The bytes of each zone: raw, curated and marts. One LIST request for each thousand files."""
    return {zone: sum(lake.sizes(zone).values()) for zone in ("raw", "curated", "marts")}


def raw_bytes_by_day(lake: Lake) -> dict[str, int]:
    """The bytes of the raw files of each date's folder: one LIST request for each thousand files."""
    days: dict[str, int] = {}
    for key, size in lake.sizes("raw").items():
        if key.split("/")[1] in ENTITIES_BY_NAME:  # what curation reads
            day = keys.date_in(key).isoformat()
            days[day] = days.get(day, 0) + size
    return days


def usual_day(lake: Lake) -> int:
    """The raw bytes of a usual date: the median of the newest 14; 0 before the first one."""
    days = raw_bytes_by_day(lake)
    newest = [days[day] for day in sorted(days)[-_USUAL_DAYS:]]
    return int(median(newest)) if newest else 0
