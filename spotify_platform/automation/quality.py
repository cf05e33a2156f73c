"""The second opinion's job, apart from the others: it takes seconds to import Great Expectations, and an extra."""

import dagster as dg

quality = dg.define_asset_job(
    "quality",
    selection=dg.AssetSelection.groups("quality"),
    description="A second opinion: Great Expectations on the newest published date.",
)

# Off until somebody starts it: without the extra `quality` it could do nothing but fail.
quality_schedule = dg.ScheduleDefinition(
    name="quality",
    job=quality,
    cron_schedule="0 12 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.STOPPED,
)
