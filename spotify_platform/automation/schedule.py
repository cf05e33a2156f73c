"""The daily schedule: it captures the day that has begun, and brings it to the marts."""

import dagster as dg

from spotify_platform.automation.jobs import daily
from spotify_platform.settings import Settings


def daily_schedule(settings: Settings, *, real_data: bool) -> dg.ScheduleDefinition:
    """The schedule at the configured hour, UTC.

    It is on for the sandbox; for real data only once there are credentials, since it could do nothing but fail. On a
    branch deployment it is off.
    """
    on = (settings.has_credentials or not real_data) and not settings.branch

    @dg.schedule(
        name="daily_capture",
        job=daily,
        cron_schedule=f"0 {settings.capture_hour} * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING if on else dg.DefaultScheduleStatus.STOPPED,
        description="Capture the day that has begun, once.",
    )
    def daily_capture(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        day = context.scheduled_execution_time.date().isoformat()
        return dg.RunRequest(run_key=day, partition_key=day)

    return daily_capture
