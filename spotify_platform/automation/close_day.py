"""Closing the day: half an hour after midnight UTC, what was not finished is committed as partial."""

from datetime import UTC, datetime

import dagster as dg

from spotify_platform.resources.platform import LakeResource


@dg.op
def close_unfinished_captures(context: dg.OpExecutionContext, lake: LakeResource) -> None:
    """Unfinished captures of earlier days → manifests marked partial, which say what is missing."""
    from spotify_platform.extract.capture import close_captures

    for manifest in close_captures(lake.open(), before=datetime.now(UTC).date()):
        context.log.warning(f"{manifest.snapshot_date} was captured in part: {manifest.gaps}")


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
