"""The reconcile: once an hour, committed captures against what is published and built; the guarantee behind the sensor.

What is missing is asked for again, five times in all. Then a check fails that names it, until its captures change.
"""

import hashlib
from datetime import date

import dagster as dg
from pydantic import BaseModel

from spotify_platform.assets.marts import LEFT_BEHIND
from spotify_platform.automation.jobs import publish
from spotify_platform.automation.sensor import MOST_REQUESTS, stretch_request
from spotify_platform.automation.status import SENSORS
from spotify_platform.automation.under_way import dates_under_way
from spotify_platform.resources.platform import LakeResource

MOST_ATTEMPTS = 5  # the raw-zone sensor's is the first


class _Tried(BaseModel):
    """How often a date was asked for with the captures that it has."""

    captures: str  # fingerprint
    attempts: int = 1
    told: bool = False  # that it was given up


class _Cursor(BaseModel):
    """What the reconcile remembers: the dates that were missing an hour ago."""

    lake: str
    dates: dict[date, _Tried] = {}


@dg.sensor(
    name="reconcile",
    job=publish,
    minimum_interval_seconds=3600,
    default_status=SENSORS,
    description="Committed captures that are not published are asked for again, up to five times in all.",
)
def reconcile(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.SensorResult:
    """Run requests for what is missing and not under way, and a failed check for what was tried too often."""
    from spotify_platform.lake.captures import stretches
    from spotify_platform.publish import missing_dates

    zone = lake.open()
    last = _Cursor.model_validate_json(context.cursor) if context.cursor else None
    before = last.dates if last and last.lake == zone.url else {}
    missing = missing_dates(zone)
    now = {day: _carried_on(before.get(day), captures) for day, captures in missing.items()}
    under_way = dates_under_way(context.instance)
    idle = [day for day in now if day not in under_way]
    requests = []
    for stretch in stretches(day for day in idle if now[day].attempts < MOST_ATTEMPTS)[:MOST_REQUESTS]:
        for day in stretch:
            now[day].attempts += 1
        requests.append(stretch_request(stretch, missing, max(now[day].attempts for day in stretch)))
        idle = [day for day in idle if day not in stretch]
    given_up = [day for day in idle if now[day].attempts >= MOST_ATTEMPTS]
    events = [_given_up(given_up)] if any(not now[day].told for day in given_up) else []
    for day in given_up:
        now[day].told = True
    cursor = _Cursor(lake=zone.url, dates=now).model_dump_json()
    return dg.SensorResult(run_requests=requests, cursor=cursor, asset_events=events)


def _carried_on(before: _Tried | None, captures: list[str]) -> _Tried:
    """A date's count, which begins anew with other captures."""
    inputs = hashlib.sha256("\n".join(captures).encode()).hexdigest()[:16]
    return before if before and before.captures == inputs else _Tried(captures=inputs)


def _given_up(days: list[date]) -> dg.AssetCheckEvaluation:
    """The failed check that names dates."""
    reason = f"not published after {MOST_ATTEMPTS} attempts; their runs say why, `spotify-platform run` tries again"
    return dg.AssetCheckEvaluation(
        asset_key=LEFT_BEHIND.asset_key,
        check_name=LEFT_BEHIND.name,
        passed=False,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={"dates": {str(day): reason for day in days}},
    )
