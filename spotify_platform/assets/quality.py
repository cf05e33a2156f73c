"""Quality: Great Expectations' report on the newest published date, an asset check for every expectation."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

from spotify_platform.assets.specs import OWNER
from spotify_platform.contracts.curated import CURATED
from spotify_platform.contracts.errors import PlatformError, TransientError
from spotify_platform.quality.checks import Check, checks_of
from spotify_platform.resources.platform import LakeResource

if TYPE_CHECKING:
    from spotify_platform.quality.expectations import Verdict

_REPORT = dg.AssetKey(["quality", "report"])
_SEVERITIES = {"error": dg.AssetCheckSeverity.ERROR, "warning": dg.AssetCheckSeverity.WARN}


class ReportConfig(dg.Config):
    """Where the pages go."""

    docs: str = Field("", description="folder for the pages, by date; empty: `quality` in the active home")


def _check_name(check: Check) -> str:
    """A check's name in Dagster, which takes letters, digits and underscores only."""
    return "__".join((check.table, check.kind, *check.columns))


# Checks can be left out of a run; that also lets a run without anything to judge end without a word on any of them.
@dg.multi_asset(
    name="quality_report",
    specs=[
        dg.AssetSpec(
            _REPORT,
            deps=[dg.AssetKey(["curated", table.name]) for table in CURATED],
            description="A second opinion: Great Expectations on the newest published date, by suites made from the "
            "contracts. Its Data Docs are pages in the home.",
            group_name="quality",
            kinds={"greatexpectations", "html"},
            owners=[OWNER],
        )
    ],
    check_specs=[
        dg.AssetCheckSpec(_check_name(check), asset=_REPORT, description=f"{table.name}: {check.name}")
        for table in CURATED
        for check in checks_of(table)
    ],
    can_subset=True,
)
def quality_report(
    context: dg.AssetExecutionContext, lake: LakeResource, config: ReportConfig
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """The newest published date → verdicts and pages."""
    from spotify_platform.home import active_home
    from spotify_platform.second_opinion import newest_published, report

    zone = lake.open()
    day = newest_published(zone)
    if day is None:
        context.log.warning("No date is published yet, so there is nothing to judge. Run the job `publish` first.")
        return
    try:
        told = report(zone, day, Path(config.docs) if config.docs else active_home().path / "quality")
    except PlatformError as error:
        raise dg.Failure(str(error), allow_retries=isinstance(error, TransientError)) from error
    for result in map(check_result, told.verdicts):
        if dg.AssetCheckKey(_REPORT, str(result.check_name)) in context.selected_asset_check_keys:
            yield result
    if _REPORT in context.selected_asset_keys:
        yield dg.MaterializeResult(
            asset_key=_REPORT,
            metadata={
                "date": str(day),
                "batch": told.batch_id,
                "expectations": len(told.verdicts),
                "failed": len(told.failed),
                "data_docs": dg.MetadataValue.path(str(told.docs)),
            },
        )


def check_result(verdict: "Verdict") -> dg.AssetCheckResult:
    """A verdict as Dagster shows it."""
    return dg.AssetCheckResult(
        asset_key=_REPORT,
        check_name=_check_name(verdict.check),
        passed=verdict.holds,
        severity=_SEVERITIES[verdict.check.severity],
        metadata={"rows": verdict.rows},
    )
