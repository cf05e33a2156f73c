"""Dagster's history, as far as Spotify's content stands in it: the marts' first rows, in what their runs told."""

from datetime import datetime, timedelta

import dagster as dg

from spotify_platform.lake.origin import origin_of
from spotify_platform.lake.store import Lake
from spotify_platform.purge import Retention

_ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]


def forget(instance: dg.DagsterInstance, lake: Lake, retention: Retention, now: datetime) -> int:
    """Delete runs that ended longer ago than any zone keeps dates, with all that they told; returns how many.

    A run that is younger tells which dates are there. Where a zone is kept for good, its runs are, too; and a
    sandbox's.
    """
    origin = origin_of(lake)
    if retention.raw is None or retention.curated is None or origin is None or origin.origin == "sandbox":
        return 0
    before = now - timedelta(days=max(retention.raw, retention.curated))
    gone = {run.run_id for run in instance.get_runs(dg.RunsFilter(statuses=_ENDED, updated_before=before))}
    for run in gone:
        instance.delete_run(run)
    # What an asset's newest run told is kept with the asset, too.
    newest = instance.get_latest_materialization_events(instance.get_asset_keys()) if gone else {}
    instance.wipe_assets([key for key, event in newest.items() if event and event.run_id in gone])
    return len(gone)
