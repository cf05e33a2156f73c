"""The raw zone: answers of Spotify's Web API, captured day by day, and imported chart files."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import dagster as dg

from spotify_platform.assets.partitions import DAYS
from spotify_platform.assets.report import days_of, fail_if_last, report_days
from spotify_platform.assets.specs import raw_spec
from spotify_platform.assets.usage import tell_usage, telling_usage
from spotify_platform.contracts.errors import PlatformError, QuotaError, TransientError
from spotify_platform.contracts.raw import ENTITIES, LISTS
from spotify_platform.resources.platform import LakeResource, Progress
from spotify_platform.resources.spotify import NotServedError, SpotifyResource

if TYPE_CHECKING:
    from spotify_platform.lake.captures import Manifest

# Chart files cannot be asked for: they are imported, and their materialisations are reported by whoever curates them.
chart_entries, *_ = [raw_spec(e.name, e.meaning) for e in ENTITIES if e.name == "chart_entries"]
_CAPTURED = [e for e in (*ENTITIES, *LISTS) if e.name != "chart_entries"]


@dg.multi_asset(
    name="capture",
    specs=[raw_spec(e.name, e.meaning) for e in _CAPTURED],
    backfill_policy=dg.BackfillPolicy.single_run(),
    pool="spotify",
    partitions_def=DAYS,
)
def capture(
    context: dg.AssetExecutionContext,
    lake: LakeResource,
    spotify: SpotifyResource,
    progress: dg.ResourceParam[Progress],
) -> Iterator[dg.MaterializeResult[None]]:
    """Spotify's answers of the run's dates → one committed capture a date."""
    zone = lake.open()
    done: dict[date, dict[dg.AssetKey, dict[str, Any]]] = {}
    new: list[date] = []
    reasons: dict[date, list[str]] = {}
    by_us = {"dagster_run_id": context.run.run_id}
    with telling_usage(context, "raw", zone) as used, spotify.capturing(zone, by_us) as capture_date:
        for day in days_of(context):
            try:
                manifest = capture_date(day)
            except NotServedError as error:
                reasons[day] = [str(error)]
                continue
            except PlatformError as error:
                raise _failure(error) from error
            if manifest.made_by.get("dagster_run_id") == context.run.run_id:
                new.append(day)
                used["spotify_requests"] = used.get("spotify_requests", 0) + sum(manifest.requests.values())
            done[day] = {
                dg.AssetKey(["raw", entity.name]): {
                    "dagster/partition_row_count": manifest.items.get(entity.name, 0),
                    "capture": manifest.capture_id,
                    **_about(manifest),
                }
                for entity in _CAPTURED
            }
            progress.done("capture", day, "captured")
    yield from report_days(context, done, changed=new)
    fail_if_last(context, "raw", reasons)


def _failure(error: PlatformError) -> dg.Failure:
    """A failure that says whether and when to try again; `automation.capture_again` does."""
    metadata: dict[str, Any] = {"may_pass": isinstance(error, TransientError)}
    if isinstance(error, QuotaError):
        metadata["not_before"] = dg.MetadataValue.timestamp(error.until)
    return dg.Failure(str(error), metadata=metadata, allow_retries=isinstance(error, TransientError))


def report_outside_captures(context: dg.AssetExecutionContext, day: date, manifests: Sequence["Manifest"]) -> None:
    """Captures that no run of Dagster's made (imports, a Lambda) show as materialisations of the raw assets they feed.

    Call it with the captures that no batch held before, so that none is told twice. One event an entity and date.
    """
    outside = [manifest for manifest in manifests if "dagster_run_id" not in manifest.made_by]
    for entity in sorted({entity for manifest in outside for entity in manifest.items}):
        held = [manifest for manifest in outside if entity in manifest.items]
        metadata: dict[str, Any] = {
            "dagster/partition_row_count": sum(manifest.items[entity] for manifest in held),
            "captures": ", ".join(manifest.capture_id for manifest in held),
            "made_by": ", ".join(sorted({manifest.made_by.get("command", manifest.source) for manifest in held})),
        }
        for manifest in held:
            if manifest.source != "import":
                metadata |= _about(manifest)
        context.log_event(dg.AssetMaterialization(["raw", entity], partition=day.isoformat(), metadata=metadata))
    if requests := sum(sum(manifest.requests.values()) for manifest in outside):
        tell_usage(context, "raw", {"spotify_requests": requests}, "estimated")


def _about(manifest: "Manifest") -> dict[str, Any]:
    """What a capture cost, and what it could not get."""
    told: dict[str, Any] = {"requests": sum(manifest.requests.values()), "mode": manifest.mode or ""}
    if manifest.partial:
        told["partial"] = True
    if manifest.missing:
        told["missing"] = "; ".join(manifest.missing)
    if manifest.gaps:
        told["gaps"] = [gap.model_dump() for gap in manifest.gaps]
    return told
