"""The marts: what music teams ask, rebuilt when anything that they read was loaded."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

import dagster as dg

from spotify_platform.assets.links import links
from spotify_platform.assets.report import days_of_run, fail_if_last
from spotify_platform.assets.specs import table_spec
from spotify_platform.assets.usage import telling_usage
from spotify_platform.contracts.curated import CURATED
from spotify_platform.marts.lineage import lineage
from spotify_platform.marts.sql import Mart, marts
from spotify_platform.resources.platform import LakeResource, WarehouseResource
from spotify_platform.settings import read_settings


def _spec(mart: Mart, made_of: Mapping[str, Sequence[str]]) -> dg.AssetSpec:
    reads = sorted(mart.reads) or [f"curated.{table.name}" for table in CURATED]  # the ledger tells of every table
    origins = {
        name: [(_key(table), column) for table, _, column in (one.rpartition(".") for one in found)]
        for name, found in made_of.items()
    }
    kinds = {"sql", read_settings().warehouse}
    return table_spec("marts", mart.table, map(_key, reads), kinds, origins, links(mart.table.name))


def _key(table: str) -> dg.AssetKey:
    """The asset that a SELECT reads as `curated.tracks` or `marts.dim_track`."""
    schema, name = table.split(".")
    return dg.AssetKey(["warehouse" if schema == "curated" else schema, name])


_LINEAGE = lineage()


@dg.multi_asset(
    name="build_marts", specs=[_spec(mart, _LINEAGE[mart.table.name]) for mart in marts()], pool="warehouse"
)
def mart_tables(
    context: dg.AssetExecutionContext, lake: LakeResource, warehouse: WarehouseResource
) -> Iterator[dg.MaterializeResult[None]]:
    """Loaded tables → marts, published together as one build."""
    from spotify_platform.assets.preview import may_be_shown, metadata
    from spotify_platform.lake.origin import origin_of
    from spotify_platform.load.preview import previews
    from spotify_platform.marts.build import build_marts
    from spotify_platform.publish import unread_dates

    zone = lake.open()
    with telling_usage(context, "marts", zone) as used, warehouse.open(context, used) as opened:
        record, _ = build_marts(opened, zone)
    shown = may_be_shown(origin_of(zone), context.instance)
    for preview in previews(zone, record.files, datetime.now(UTC).date()):
        files = [file for file in record.files if file.table == preview.table.name]
        yield dg.MaterializeResult(
            asset_key=["marts", preview.table.name],
            metadata={
                "dagster/row_count": sum(file.rows for file in files),
                "bytes": sum(file.bytes for file in files),
                "build": record.build_id,
                **(metadata(preview) if shown else {}),
            },
            data_version=dg.DataVersion(record.build_id),
        )
    fail_if_last(context, "marts", unread_dates(zone, days_of_run(context.run)))


LEFT_BEHIND = dg.AssetCheckSpec(
    "no_date_is_left",
    asset=["marts", "coverage"],
    description="Every committed capture is in the marts: no date is withheld or waits to be published.",
)


@dg.asset_check(
    asset=LEFT_BEHIND.asset_key,
    name=LEFT_BEHIND.name,
    description=LEFT_BEHIND.description,
)
def no_date_is_left(lake: LakeResource) -> dg.AssetCheckResult:
    """Captured dates that readers do not see as captured, each with its reason."""
    from spotify_platform.lake.ledger import left_behind
    from spotify_platform.publish import pending_dates

    zone = lake.open()
    left = dict.fromkeys(pending_dates(zone), "published, but not in the marts yet") | left_behind(zone)
    return dg.AssetCheckResult(
        passed=not left,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={"dates": {str(day): reason for day, reason in left.items()}},
    )
