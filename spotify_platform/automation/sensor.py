"""The raw-zone sensor: it sees new captures in the wake-up log and asks for the dates they belong to.

A tick is one LIST and no GET, however large the lake is. The log is a hint: a run looks at the captures themselves,
and one whose dates are published already ends at once, so asking twice is harmless.
"""

import hashlib
import json
from collections import defaultdict
from datetime import date, timedelta
from typing import TYPE_CHECKING

import dagster as dg

from spotify_platform.automation.jobs import publish
from spotify_platform.resources.platform import LakeResource

if TYPE_CHECKING:
    from spotify_platform.lake import Lake

# Clocks of writers differ, and a slow writer's key may appear behind the cursor: the last minutes are looked at again.
OVERLAP = timedelta(minutes=15)


@dg.sensor(
    name="raw_zone",
    job=publish,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="New captures, whoever made them, are curated, loaded and built.",
)
def raw_zone(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.SensorResult | dg.SkipReason:
    """One run request for each contiguous stretch of dates with new captures."""
    from spotify_platform.lake import keys
    from spotify_platform.lake.captures import stretches

    zone = lake.open()
    seen = _last_seen(context.cursor, zone)
    entries = zone.keys(keys.LOG, after=_start(seen))
    if not entries:
        return dg.SkipReason("No new captures.")
    captures: dict[date, list[str]] = defaultdict(list)
    for entry in entries:
        day, capture = keys.log_subject(entry)
        captures[day].append(capture)
    requests = [_request(stretch, captures) for stretch in stretches(captures)]
    return dg.SensorResult(run_requests=requests, cursor=json.dumps({"lake": zone.url, "seen": entries[-1]}))


def _request(stretch: list[date], captures: dict[date, list[str]]) -> dg.RunRequest:
    """A run for a stretch; the same captures make the same key, and Dagster asks once for a key."""
    names = "\n".join(name for day in stretch for name in sorted(set(captures[day])))
    first, last = stretch[0].isoformat(), stretch[-1].isoformat()
    return dg.RunRequest(
        run_key=f"{first}..{last} {hashlib.sha256(names.encode()).hexdigest()[:16]}",
        tags={"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last},
    )


def _last_seen(cursor: str | None, lake: "Lake") -> str | None:
    """The newest log key of the last tick, if that tick looked at the same lake."""
    state = json.loads(cursor) if cursor else {}
    return state.get("seen") if state.get("lake") == lake.url else None


def _start(seen: str | None) -> str | None:
    """Where to list from: a little before what was seen, so that the time comes from the data and not from a clock."""
    from spotify_platform.lake import keys

    if seen is None:
        return None
    return keys.log_start(keys.log_time(seen) - OVERLAP)
