"""The report as an asset: one HTML file on the newest day, made when the marts are."""

from collections.abc import Iterator

import dagster as dg

from spotify_platform.assets.preview import may_be_shown, plain
from spotify_platform.assets.report import days_of_run, fail_if_last
from spotify_platform.assets.specs import OWNER
from spotify_platform.assets.usage import telling_usage
from spotify_platform.report import reads
from spotify_platform.resources.platform import LakeResource, WarehouseResource


@dg.asset(
    key=["reports", "daily"],
    deps=[dg.AssetKey(ref.split(".")) for ref in sorted(reads())],
    group_name="reports",
    kinds={"html"},
    owners=[OWNER],
    description="The newest day in words and pictures: one HTML file that needs nothing else. It lies in the home, and "
    "in the lake, too, where that is a bucket.",
)
def daily_report(
    context: dg.AssetExecutionContext, lake: LakeResource, warehouse: WarehouseResource
) -> Iterator[dg.MaterializeResult[None]]:
    """The published marts → a page."""
    from contextlib import closing

    from spotify_platform import report
    from spotify_platform.lake import keys
    from spotify_platform.lake.origin import origin_of
    from spotify_platform.load.reader import Snapshot
    from spotify_platform.publish import unread_dates

    zone, path = lake.open(), warehouse.report
    origin = origin_of(zone)
    with telling_usage(context, "reports", zone):
        with closing(Snapshot(zone)) as snapshot:
            made = report.make(snapshot.query, invented=bool(origin and origin.sandbox))
        report.write(made, path)
        if not zone.folder:
            zone.put(keys.REPORT, path)
    told: dict[str, dg.MarkdownMetadataValue] = {}
    if may_be_shown(origin, context.instance):
        told["findings"] = dg.MetadataValue.md("\n".join(f"- {plain(text)}" for text in made.findings))
    yield dg.MaterializeResult(
        metadata={
            "report": dg.MetadataValue.path(str(path)),
            "page": dg.MetadataValue.url(path.as_uri() if zone.folder else f"{zone.url}/{keys.REPORT}"),
            "bytes": path.stat().st_size,
            **told,
        }
    )
    fail_if_last(context, "reports", unread_dates(zone, days_of_run(context.run)))
