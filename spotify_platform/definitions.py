"""What Dagster loads. It only puts things together; nothing talks to a network and no cloud library loads here."""

from typing import Any

import dagster as dg

from spotify_platform.assets.cost import platform_cost
from spotify_platform.assets.curated import curated
from spotify_platform.assets.daily_report import daily_report
from spotify_platform.assets.marts import mart_tables, no_date_is_left
from spotify_platform.assets.powerbi import powerbi_assets
from spotify_platform.assets.quality import quality_report
from spotify_platform.assets.raw import capture, chart_entries
from spotify_platform.assets.warehouse import warehouse
from spotify_platform.automation.capture_again import capture_again
from spotify_platform.automation.close_day import close_day, close_day_schedule
from spotify_platform.automation.cost import cost, cost_schedule
from spotify_platform.automation.dead_runs import dead_runs
from spotify_platform.automation.failures import failure_sensor
from spotify_platform.automation.jobs import daily, publish
from spotify_platform.automation.quality import quality, quality_schedule
from spotify_platform.automation.reconcile import reconcile
from spotify_platform.automation.schedule import daily_schedule
from spotify_platform.automation.sensor import raw_zone
from spotify_platform.automation.upkeep import daily_check, daily_check_schedule, purge, purge_schedule
from spotify_platform.home import active_home
from spotify_platform.resources.engine import EngineResource
from spotify_platform.resources.platform import LakeResource, Progress, WarehouseResource
from spotify_platform.resources.spotify import SpotifyResource
from spotify_platform.settings import read_settings


def build_definitions(**resources: Any) -> dg.Definitions:
    """All definitions; `resources` take the place of the defaults, which follow the active home."""
    settings = read_settings()
    return dg.Definitions(
        assets=[
            *(capture, chart_entries, curated, warehouse, mart_tables, daily_report, quality_report, platform_cost),
            *powerbi_assets(),
        ],
        asset_checks=[no_date_is_left],
        jobs=[daily, publish, close_day, daily_check, purge, quality, cost],
        schedules=[
            daily_schedule(settings, real_data=active_home(settings).name == "live"),
            close_day_schedule,
            daily_check_schedule,
            purge_schedule,
            quality_schedule,
            cost_schedule,
        ],
        sensors=[raw_zone, reconcile, capture_again, dead_runs, failure_sensor(settings)],
        resources={
            "lake": LakeResource(),
            "engine": EngineResource(),
            "spotify": SpotifyResource(),
            "warehouse": WarehouseResource(),
            "progress": Progress(),
        }
        | resources,
        # UI backfills would start a process a step otherwise, 2 s each.
        executor=dg.in_process_executor,
    )


defs = build_definitions()
