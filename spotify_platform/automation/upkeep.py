"""Upkeep: the daily check that nothing was left behind, and the weekly purge."""

from datetime import UTC, datetime

import dagster as dg

from spotify_platform.assets.marts import no_date_is_left
from spotify_platform.automation.status import SCHEDULES
from spotify_platform.resources.platform import LakeResource, WarehouseResource

daily_check = dg.define_asset_job(
    "daily_check",
    selection=dg.AssetSelection.checks(no_date_is_left),
    description="Check that no captured date is withheld or waits to be published.",
)
daily_check_schedule = dg.ScheduleDefinition(
    name="daily_check",
    job=daily_check,
    cron_schedule="0 9 * * *",
    execution_timezone="UTC",
    default_status=SCHEDULES,
)


@dg.op(pool="warehouse")
def remove_what_is_too_old(context: dg.OpExecutionContext, lake: LakeResource, warehouse: WarehouseResource) -> None:
    """Zones → zones without what retention, superseded batches and crashes left."""
    from spotify_platform.automation.history import forget
    from spotify_platform.purge import Retention, apply_purge, plan_purge
    from spotify_platform.settings import read_settings

    zone, retention, now = lake.open(), Retention.of(read_settings()), datetime.now(UTC)
    plan = plan_purge(zone, retention, now)
    with warehouse.open(context) as opened:
        apply_purge(zone, opened, plan)
    forget(context.instance, zone, retention, now)
    context.log.info(plan.summary)


@dg.job(name="purge", description="Remove what is older than its retention, superseded batches and orphans.")
def purge() -> None:
    """One op: it makes nothing."""
    remove_what_is_too_old()


purge_schedule = dg.ScheduleDefinition(
    name="purge",
    job=purge,
    cron_schedule="0 3 * * 0",
    execution_timezone="UTC",
    default_status=SCHEDULES,
)
