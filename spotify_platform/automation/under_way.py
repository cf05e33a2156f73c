"""What is under way: the dates of runs that have not ended."""

from datetime import date

import dagster as dg
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from spotify_platform.assets.report import days_of_run


def dates_under_way(instance: dg.DagsterInstance) -> set[date]:
    """The dates of runs that have not ended."""
    runs = instance.get_runs(dg.RunsFilter(statuses=NOT_FINISHED_STATUSES))
    return {day for run in runs for day in days_of_run(run)}
