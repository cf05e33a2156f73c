"""The daily reckoning of costs."""

import dagster as dg

from spotify_platform.automation.status import SCHEDULES

cost = dg.define_asset_job(
    "platform_cost",
    selection=dg.AssetSelection.groups("operations"),
    description="Reckon what the last days cost.",
)
# After the day's capture and the late views of the day before: Snowflake's take up to 8 hours.
cost_schedule = dg.ScheduleDefinition(
    name="platform_cost",
    job=cost,
    cron_schedule="30 9 * * *",
    execution_timezone="UTC",
    default_status=SCHEDULES,
)
