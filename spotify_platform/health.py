"""Health: what the lake itself says of its newest days: what the audit found, what captures lacked and cost.

Which days are there is the ledger's business, and in the marts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from spotify_platform.audits import AuditOfDate, audit_of
from spotify_platform.contracts.errors import InputError
from spotify_platform.lake.captures import captures_by_date, read_manifest
from spotify_platform.lake.publishing import published_dates
from spotify_platform.lake.store import Lake


@dataclass(frozen=True)
class Captured:
    """What the captures of a day came to."""

    day: date
    sources: str
    modes: str  # of the Web API; empty for imports
    requests: int
    lines: int
    raw_bytes: int
    not_served: Sequence[str]  # what a mode of the Web API lacks


def newest_captures(lake: Lake, most: int = 14) -> list[Captured]:
    """The captures of the newest days, newest first: one LIST, and one GET a capture."""
    found = []
    for day, captures in sorted(captures_by_date(lake).items(), reverse=True)[:most]:
        manifests = [read_manifest(lake, day, capture) for capture in captures]
        found.append(
            Captured(
                day=day,
                sources=", ".join(sorted({one.source for one in manifests})),
                modes=", ".join(sorted({one.mode for one in manifests if one.mode})),
                requests=sum(sum(one.requests.values()) for one in manifests),
                lines=sum(sum(one.items.values()) for one in manifests),
                raw_bytes=sum(file.bytes for one in manifests for file in one.files),
                not_served=sorted({what for one in manifests for what in one.missing}),
            )
        )
    return found


def newest_audit(lake: Lake) -> AuditOfDate | None:
    """What the audit said of the newest published day; None before the first one, or while that day is in work."""
    published = published_dates(lake)
    try:
        return audit_of(lake, max(published)) if published else None
    except InputError:  # newer captures of that day wait to be audited
        return None
