"""The raw zone: answers of Spotify's Web API, captured day by day, and imported chart files."""

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

import dagster as dg

from spotify_platform.assets.partitions import DAYS
from spotify_platform.assets.report import days_of, fail_if_last, report_days
from spotify_platform.assets.specs import raw_spec
from spotify_platform.contracts.errors import PlatformError, TransientError
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
    with spotify.capturing(zone, {"dagster_run_id": context.run.run_id}) as capture_date:
        for day in days_of(context):
            try:
                manifest = capture_date(day)
            except NotServedError as error:
                reasons[day] = [str(error)]
                continue
            except PlatformError as error:
                # What somebody has to change first is not tried again, whatever the retry policy.
                raise dg.Failure(str(error), allow_retries=isinstance(error, TransientError)) from error
            if manifest.made_by.get("dagster_run_id") == context.run.run_id:
                new.append(day)
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
