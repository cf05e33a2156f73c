"""What is under way: the dates of runs that have not ended, and of those that have not begun."""

from datetime import date

import dagster as dg
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES
from dagster._core.storage.tags import SENSOR_NAME_TAG

from spotify_platform.assets.report import days_of_run
from spotify_platform.automation.jobs import publish


def dates_under_way(instance: dg.DagsterInstance) -> set[date]:
    """The dates of runs that have not ended."""
    runs = instance.get_runs(dg.RunsFilter(statuses=NOT_FINISHED_STATUSES))
    return {day for run in runs for day in days_of_run(run)}


def dates_waiting(instance: dg.DagsterInstance) -> set[date]:
    """The dates of the sensors' runs that wait in the queue: each looks at its captures when it begins.

    A second try of a failed run is none of them: it goes on after the step that failed, and would not look again.
    """
    queued = instance.get_runs(dg.RunsFilter(job_name=publish.name, statuses=[dg.DagsterRunStatus.QUEUED]))
    whole = [run for run in queued if SENSOR_NAME_TAG in run.tags and run.parent_run_id is None]
    return {day for run in whole for day in days_of_run(run)}
