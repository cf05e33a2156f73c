"""What is under way: the dates of runs that have not ended."""

from datetime import date

import dagster as dg

from spotify_platform.assets.report import days_of_run

_UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def dates_under_way(instance: dg.DagsterInstance) -> set[date]:
    """The dates of runs that have not ended."""
    runs = instance.get_runs(dg.RunsFilter(statuses=_UNFINISHED))
    return {day for run in runs for day in days_of_run(run)}
