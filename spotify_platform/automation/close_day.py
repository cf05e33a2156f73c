"""Closing the day: half an hour after midnight UTC, what was not finished is committed as partial, or is a gap."""

from datetime import UTC, date, datetime, timedelta

import dagster as dg

from spotify_platform.automation.capture_again import failure_of, runs_of
from spotify_platform.resources.platform import LakeResource


@dg.op
def close_unfinished_captures(context: dg.OpExecutionContext, lake: LakeResource) -> None:
    """Unfinished captures of earlier days → manifests marked partial; a failed day without one → a gap, with why."""
    from spotify_platform.extract.capture import close_captures
    from spotify_platform.lake import absent
    from spotify_platform.lake.captures import captures_of

    zone, now = lake.open(), datetime.now(UTC)
    for manifest in close_captures(zone, before=now.date()):
        context.log.warning(f"{manifest.snapshot_date} was captured in part: {manifest.gaps}")
    yesterday = now.date() - timedelta(days=1)
    reason = why_failed(context.instance, yesterday)
    if reason and not captures_of(zone, yesterday):
        absent.close(zone, absent.ClosedDay(snapshot_date=yesterday, reason=reason, closed_at=now))
        context.log.warning(f"{yesterday} was not captured: {reason}")


def why_failed(instance: dg.DagsterInstance, day: date) -> str | None:
    """Why the last capture of a day failed; None where it did not, or was never begun."""
    tries = runs_of(instance, day)
    failure = failure_of(instance, tries[0].dagster_run) if tries else None
    return f"the capture failed {len(tries)} times, at last: {failure.message}" if failure else None


@dg.job(name="close_day", description="Commit what unfinished captures of earlier days hold, as partial.")
def close_day() -> None:
    """One op: there is nothing to show in the graph."""
    close_unfinished_captures()


close_day_schedule = dg.ScheduleDefinition(
    name="close_day",
    job=close_day,
    cron_schedule="30 0 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
