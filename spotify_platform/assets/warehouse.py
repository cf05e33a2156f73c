"""The warehouse: published tables, loaded date by date."""

from collections.abc import Iterator

import dagster as dg

from spotify_platform.assets.partitions import DAYS
from spotify_platform.assets.report import days_of, fail_if_last, report_days
from spotify_platform.assets.specs import table_spec
from spotify_platform.assets.usage import telling_usage
from spotify_platform.contracts.curated import CURATED
from spotify_platform.contracts.table import Table
from spotify_platform.resources.platform import LakeResource, WarehouseResource
from spotify_platform.settings import read_settings

_KINDS = {read_settings().warehouse, "table"}


def _spec(table: Table) -> dg.AssetSpec:
    curated = dg.AssetKey(["curated", table.name])
    return table_spec("warehouse", table, [curated], _KINDS, {name: [(curated, name)] for name in table.names})


@dg.multi_asset(
    name="load",
    specs=[_spec(table) for table in CURATED],
    backfill_policy=dg.BackfillPolicy.single_run(),
    pool="warehouse",
    partitions_def=DAYS,
)
def warehouse(
    context: dg.AssetExecutionContext, lake: LakeResource, warehouse: WarehouseResource
) -> Iterator[dg.MaterializeResult[None]]:
    """Published batches of the run's dates → the warehouse, seen when all their rows are there."""
    from spotify_platform.lake.publishing import heads
    from spotify_platform.publish import unread_dates

    zone, days = lake.open(), days_of(context)
    with telling_usage(context, "warehouse", zone) as used, warehouse.open(context, used) as opened:
        records = heads(zone, days)
        changed = opened.load(zone, records.values())
    figures = {
        day: {
            dg.AssetKey(["warehouse", table.name]): {
                "dagster/partition_row_count": record.rows.get(table.name, 0),
                "batch": record.batch_id,
            }
            for table in CURATED
        }
        for day, record in records.items()
    }
    yield from report_days(context, figures, changed=changed)
    fail_if_last(context, "warehouse", unread_dates(zone, days))
