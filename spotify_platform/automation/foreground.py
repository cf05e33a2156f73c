"""Runs in the foreground: the command line executes the UI's jobs in its own process, on the same history."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from spotify_platform.assets.report import reason_of
from spotify_platform.automation.dead_runs import close_dead_runs
from spotify_platform.automation.instance import open_instance
from spotify_platform.definitions import build_definitions
from spotify_platform.home import Home
from spotify_platform.resources.platform import LakeResource, Progress, WarehouseResource

_COST_JOB = "platform_cost"


@dataclass(frozen=True)
class RunOutcome:
    """What a run came to: its id, and for each failed step what it says."""

    run_id: str
    success: bool
    failures: tuple[str, ...]


def run_dates(home: Home, job: Literal["daily", "publish"], first: date, last: date, progress: Progress) -> RunOutcome:
    """Execute a job for the dates from `first` to `last` as one run, recorded in the home's history."""
    return _run(
        home,
        job,
        progress,
        {
            "dagster/asset_partition_range_start": first.isoformat(),
            "dagster/asset_partition_range_end": last.isoformat(),
        },
    )


def reckon_costs(home: Home) -> tuple[str, ...]:
    """Bring the ledger of costs up to date where anything ran since it was made; returns what failed."""
    with open_instance(home) as instance:
        newest = instance.get_run_records(limit=1, order_by="update_timestamp")
    made = [record.dagster_run for record in newest if record.dagster_run.job_name == _COST_JOB]
    if made and made[0].is_success:
        return ()
    return _run(home, _COST_JOB, Progress(), {}).failures


def _run(home: Home, job: str, progress: Progress, tags: Mapping[str, str]) -> RunOutcome:
    definitions = build_definitions(
        lake=LakeResource(url=home.lake_url), warehouse=WarehouseResource(home=home.name), progress=progress
    )
    with open_instance(home) as instance:
        close_dead_runs(instance)
        result = definitions.resolve_job_def(job).execute_in_process(
            instance=instance,
            tags=tags,
            # A person watches the progress; the events are in the history.
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            raise_on_error=False,
        )
    failures = tuple(reason_of(event) for event in result.all_events if event.is_step_failure)
    return RunOutcome(result.run_id, result.success, failures)
