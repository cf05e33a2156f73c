"""The one place that speaks Dagster's event language for runs over many dates.

A yielded result would stamp every date of the run as materialised. Here exactly the good dates are, each with its own
figures, and the run fails at its end when dates are missing, so that exactly those read as failed.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import dagster as dg

from spotify_platform.contracts.errors import PermanentError, TransientError

# Dagster's own marker for results that must not be stamped (1.13.27, `SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION`).
# It is private: a test guards what it does.
_NOT_STAMPED = {"__source_asset_observation__": True}

_BACKFILL = "dagster/backfill"  # a run's tag: the backfill that asked for it
_ZONES = ("raw", "curated", "warehouse", "marts", "reports")


@contextmanager
def dagsters_errors() -> Iterator[None]:
    """What may pass is tried again by Dagster, what cannot is not."""
    try:
        yield
    except TransientError as error:
        raise dg.RetryRequested(max_retries=2, seconds_to_wait=30) from error
    except PermanentError as error:
        raise dg.Failure(str(error), allow_retries=False) from error


def days_of(context: dg.AssetExecutionContext) -> list[date]:
    """The dates of a run: one, or a contiguous range."""
    return [date.fromisoformat(key) for key in context.partition_keys]


def days_of_run(run: dg.DagsterRun) -> list[date]:
    """The dates of a run, as its tags tell: one, a contiguous range, or none."""
    first = run.tags.get("dagster/asset_partition_range_start", run.tags.get("dagster/partition"))
    if first is None:
        return []
    start = date.fromisoformat(first)
    last = date.fromisoformat(run.tags.get("dagster/asset_partition_range_end", first))
    return [start + timedelta(days=n) for n in range((last - start).days + 1)]


def report_days(
    context: dg.AssetExecutionContext,
    days: Mapping[date, Mapping[dg.AssetKey, Mapping[str, Any]]],
    *,
    changed: Collection[date],
) -> Iterator[dg.MaterializeResult[None]]:
    """Materialise exactly `days`, asset by asset with its metadata, and satisfy the op's outputs without a stamp.

    A day outside `changed` that reads as materialised already is left as it is, unless other days of the run are
    missing: the run will fail then, and would make it read as failed. Nor in a backfill of Dagster's: it waits for each
    of its partitions to be materialised by its own runs, and ends as failed without (1.13.27).
    """
    all_there = len(days) == len(context.partition_keys)
    known = _materialised(context) if all_there and _BACKFILL not in context.run.tags else set()
    for day, assets in sorted(days.items()):
        if day in changed or day not in known:
            for key, metadata in assets.items():
                context.log_event(dg.AssetMaterialization(key, partition=day.isoformat(), metadata=metadata))
    for key in sorted(context.selected_asset_keys):
        yield dg.MaterializeResult(asset_key=key, metadata=_NOT_STAMPED)


def _materialised(context: dg.AssetExecutionContext) -> set[date]:
    """The days of which all assets of the op read as materialised."""
    partitions = [context.instance.get_materialized_partitions(key) for key in context.selected_asset_keys]
    return {date.fromisoformat(key) for key in set.intersection(*map(set, partitions))}


def reason_of(event: dg.DagsterEvent) -> str:
    """What a failed step says, in words for a person."""
    said = event.step_failure_data.user_failure_data
    if said and said.description:
        return said.description
    error = event.step_failure_data.error
    while error and error.cause:  # Dagster wraps what was raised; the innermost message is the one for a person
        error = error.cause
    return error.message.strip() if error else event.message or "failed"


def fail_if_last(context: dg.AssetExecutionContext, zone: str, reasons: Mapping[date, list[str]]) -> None:
    """Fail the run for dates that readers do not see, in the last zone that the run touches.

    Downstream of a failure nothing would run, so an earlier zone leaves it to the later ones. Trying again cannot
    help: the captures have to change first.
    """
    later = _ZONES[_ZONES.index(zone) + 1 :]
    if not reasons or any(key.path[0] in later for key in context.job_def.asset_layer.selected_asset_keys):
        return
    first, why = next(iter(reasons.items()))
    raise dg.Failure(
        description=f"{len(reasons)} of the run's dates are not published; the others are. {first}: {'; '.join(why)}",
        metadata={"dates": {str(day): why for day, why in reasons.items()}},
        allow_retries=False,
    )
