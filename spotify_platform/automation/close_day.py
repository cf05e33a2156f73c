"""Closing the day: half an hour after midnight UTC, what was not finished is committed as partial, or is a gap."""

from datetime import UTC, date, datetime, timedelta

import dagster as dg

from spotify_platform.automation.capture_again import failure_of, runs_of
from spotify_platform.automation.status import SCHEDULES
from spotify_platform.resources.platform import LakeResource

_LOOKED_BACK = 7  # days: a night without a daemon must not leave a gap without its reason


@dg.op
def close_unfinished_captures(context: dg.OpExecutionContext, lake: LakeResource) -> None:
    """Unfinished captures of earlier days → manifests marked partial; a failed day without one → a gap, with why."""
    from spotify_platform.extract.capture import close_captures
    from spotify_platform.lake import absent
    from spotify_platform.lake.captures import captures_of

    zone, now = lake.open(), datetime.now(UTC)
    for manifest in close_captures(zone, before=now.date()):
        context.log.warning(f"{manifest.snapshot_date} was captured in part: {manifest.gaps}")
    for day in (now.date() - timedelta(days=n + 1) for n in range(_LOOKED_BACK)):
        reason = why_failed(context.instance, day)
        if not reason or captures_of(zone, day):
            continue
        if absent.close(zone, absent.ClosedDay(snapshot_date=day, reason=reason, closed_at=now)):
            context.log.warning(f"{day} was not captured: {reason}")


def why_failed(instance: dg.DagsterInstance, day: date) -> str | None:
    """Why the captures of a day failed, the last failure; None where none did, none was begun, or one is under way.

    A try that began after midnight captures nothing, and does not fail for it: the one before says why.
    """
    tries = [record.dagster_run for record in runs_of(instance, day)]
    if not all(run.is_finished for run in tries):
        return None
    failures = [failure for failure in (failure_of(instance, run) for run in tries) if failure]
    if not failures:
        return None
    times = "once" if len(failures) == 1 else f"{len(failures)} times, at last"
    return f"the capture failed {times}: {failures[0].message}"


@dg.job(name="close_day", description="Commit what unfinished captures of earlier days hold, as partial.")
def close_day() -> None:
    """One op: there is nothing to show in the graph."""
    close_unfinished_captures()


close_day_schedule = dg.ScheduleDefinition(
    name="close_day",
    job=close_day,
    cron_schedule="30 0 * * *",
    execution_timezone="UTC",
    default_status=SCHEDULES,
)
