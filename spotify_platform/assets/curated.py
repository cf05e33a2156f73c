"""The curated zone: captures → audited tables, published date by date."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg

from spotify_platform.assets.partitions import DAYS
from spotify_platform.assets.raw import report_outside_captures
from spotify_platform.assets.report import dagsters_errors, days_of, fail_if_last, report_days
from spotify_platform.assets.specs import table_spec
from spotify_platform.assets.usage import telling_usage
from spotify_platform.contracts.curated import CURATED
from spotify_platform.contracts.table import Table
from spotify_platform.resources.engine import EngineResource
from spotify_platform.resources.platform import LakeResource, Progress

if TYPE_CHECKING:
    from spotify_platform.lake.publishing import PublishRecord
    from spotify_platform.publish import Outcome


def _specs() -> list[dg.AssetSpec]:
    return [
        table_spec("curated", table, [dg.AssetKey(["raw", name]) for name in table.sources], {"parquet", "duckdb"})
        for table in CURATED
    ]


def _checks() -> list[dg.AssetCheckSpec]:
    return [
        dg.AssetCheckSpec("audit", asset=["curated", table.name], description="The contract's checks, date by date.")
        for table in CURATED
    ]


@dg.multi_asset(
    name="curate",
    specs=_specs(),
    check_specs=_checks(),
    backfill_policy=dg.BackfillPolicy.single_run(),
    partitions_def=DAYS,
)
def curated(
    context: dg.AssetExecutionContext,
    lake: LakeResource,
    engine: EngineResource,
    progress: dg.ResourceParam[Progress],
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Captures of the run's dates → curated tables, audited and published date by date."""
    from spotify_platform.backfill import plan_backfill
    from spotify_platform.publish import publish_dates

    zone, days = lake.open(), days_of(context)
    if len(days) > 1:  # a backfill: what nothing can be made of is said before anything is made
        for day, why in plan_backfill(zone, days[0], days[-1]).gaps.items():
            context.log.warning(f"{day} is a gap: {why}")
    with telling_usage(context, "curated", zone) as used, dagsters_errors():
        outcome = publish_dates(
            zone,
            days,
            lambda day, state: progress.done("publish", day, state),
            engine.curator(context),
        )
        used |= outcome.usage
    for day, manifests in outcome.arrived.items():
        report_outside_captures(context, day, manifests)
    yield from report_days(
        context, {day: _figures(record) for day, record in outcome.readable.items()}, changed=outcome.published
    )
    yield from (_audit_result(table, outcome) for table in CURATED)
    fail_if_last(context, "curated", outcome.reasons)


def _figures(record: "PublishRecord") -> dict[dg.AssetKey, dict[str, object]]:
    sizes = {file.table: file.bytes for file in record.files}
    return {
        dg.AssetKey(["curated", table.name]): {
            "dagster/partition_row_count": record.rows.get(table.name, 0),
            "bytes": sizes.get(table.name, 0),
            "batch": record.batch_id,
        }
        for table in CURATED
    }


def _audit_result(table: Table, outcome: "Outcome") -> dg.AssetCheckResult:
    """One result a table and run: an event a date and check would cost 20 ms each."""
    about = {table.name, *(f"raw/{source}" for source in table.sources)}
    found: dict[str, dict[str, list[str]]] = {"error": {}, "warning": {}}
    for day, findings in outcome.findings.items():
        for finding in findings:
            if finding.table in about:
                found[finding.severity].setdefault(str(day), []).append(str(finding))
    return dg.AssetCheckResult(
        asset_key=["curated", table.name],
        check_name="audit",
        passed=not any(found.values()),
        severity=dg.AssetCheckSeverity.ERROR if found["error"] else dg.AssetCheckSeverity.WARN,
        metadata={"withheld": found["error"], "warnings": found["warning"]},
    )
