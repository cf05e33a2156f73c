"""The raw-zone sensor: it sees new captures in the wake-up log and asks for the dates they belong to.

A tick is one LIST and no GET, however large the lake is (one request for each thousand captures of the log's last
quarter of an hour). The log is a hint: a run looks at the captures themselves, and one whose dates are published
already ends at once, so asking twice is harmless. What a tick does not see, `reconcile` finds.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import dagster as dg

from spotify_platform.automation.jobs import publish
from spotify_platform.automation.status import SENSORS
from spotify_platform.automation.under_way import dates_waiting
from spotify_platform.resources.platform import LakeResource

if TYPE_CHECKING:
    from spotify_platform.lake import Lake

# Clocks of writers differ, and a slow writer's key may appear behind the cursor: the last minutes are looked at again.
OVERLAP = timedelta(minutes=15)
MOST_REQUESTS = 25  # a tick; Dagster starts about one run a second, and gives a tick 60 s
MOST_ENTRIES = 1_000  # a tick; what a bucket names in one answer


@dg.sensor(
    name="raw_zone",
    job=publish,
    minimum_interval_seconds=30,
    default_status=SENSORS,
    description="New captures, whoever made them, are curated, loaded and built.",
)
def raw_zone(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.SensorResult | dg.SkipReason:
    """One run request for each contiguous stretch of dates with new captures, up to 25 a tick; the rest waits.

    A stretch is not asked for while all its dates wait in the queue: what rains faster than runs end would pile up.
    """
    from spotify_platform.lake import keys
    from spotify_platform.lake.captures import stretches

    zone = lake.open()
    cursor = _Cursor.read(context.cursor, zone)
    entries = cursor.new(zone)
    captures: dict[date, list[str]] = defaultdict(list)
    taken = []
    count = 0  # of stretches: a date is a new one, or makes one longer, or joins two
    for entry in entries:
        day, _ = keys.log_subject(entry)
        if day not in captures:
            count += 1 - sum(day + step in captures for step in (timedelta(days=-1), timedelta(days=1)))
            if count > MOST_REQUESTS:
                break
        captures[day].append(keys.name(entry))  # with its time: a file that is imported again is asked for again
        taken.append(entry)
    if not taken:
        return dg.SkipReason("No new captures.")
    waiting = dates_waiting(context.instance)  # after the log: such a run begins later, and sees what the log told
    requests = [stretch_request(one, captures, attempt=1) for one in stretches(captures) if not waiting.issuperset(one)]
    after = cursor.after(taken, zone)
    if not requests:
        return dg.SensorResult(skip_reason="Runs of all dates with new captures wait already.", cursor=after)
    return dg.SensorResult(run_requests=requests, cursor=after)


def stretch_request(stretch: Sequence[date], captures: Mapping[date, Sequence[str]], attempt: int) -> dg.RunRequest:
    """A run for a stretch; Dagster asks once for a key, so the same captures need another attempt to be asked again."""
    names = "\n".join(name for day in stretch for name in sorted(set(captures[day])))
    first, last = stretch[0].isoformat(), stretch[-1].isoformat()
    return dg.RunRequest(
        run_key=f"{first}..{last} {hashlib.sha256(names.encode()).hexdigest()[:16]} {attempt}",
        tags={"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last},
    )


class _Cursor:
    """How far the log was read: the newest key, and which keys of the overlap were taken already."""

    def __init__(self, seen: str | None, taken: frozenset[str]) -> None:
        self._seen, self._taken = seen, taken

    @classmethod
    def read(cls, text: str | None, lake: "Lake") -> "_Cursor":
        """The cursor of the last tick, if that tick looked at the same lake."""
        state = json.loads(text) if text else {}
        if state.get("lake") != lake.url:
            return cls(None, frozenset())
        return cls(state.get("seen"), frozenset(state.get("taken", [])))

    def new(self, lake: "Lake") -> list[str]:
        """The oldest log keys that were not taken, up to a thousand."""
        from spotify_platform.lake import keys

        # A little before what was seen: the time comes from the data and not from a clock. Keys of the overlap that
        # were taken do not count, or a thousand captures in a quarter of an hour would hide what comes after them.
        start = keys.log_start(keys.log_time(self._seen) - OVERLAP) if self._seen else None
        found = lake.keys(keys.LOG, after=start, most=MOST_ENTRIES + len(self._taken))
        return [entry for entry in found if _short(entry) not in self._taken][:MOST_ENTRIES]

    def after(self, taken: Sequence[str], lake: "Lake") -> str:
        """The cursor when these keys, in order, were taken too."""
        from spotify_platform.lake import keys

        seen = max([taken[-1], *([self._seen] if self._seen else [])])
        start = keys.log_start(keys.log_time(seen) - OVERLAP)
        kept = {_short(entry) for entry in taken if entry > start} | {
            one for one in self._taken if one > keys.name(start)
        }
        return json.dumps({"lake": lake.url, "seen": seen, "taken": sorted(kept)})


def _short(entry: str) -> str:
    """A log key as the cursor keeps it: its time, by which it sorts, and a few letters of the rest."""
    from spotify_platform.lake import keys

    when, *rest = keys.name(entry).split("~", 1)
    return when + hashlib.sha256("".join(rest).encode()).hexdigest()[:6]
