"""Runs of the Glue job → DPU-seconds, by run of Dagster's.

What starts the runs is `resources/glue.py`; here is only what they used. A run counts on the day it started on.
"""

import zlib
from collections.abc import Iterable, Mapping
from datetime import UTC, date
from decimal import Decimal
from typing import Any

from spotify_platform.contracts.errors import PermanentError
from spotify_platform.cost.usage import UNATTRIBUTED, Usage, step

ASSET = step("curated")

# The shortest run that Glue 2.0 and later bill: https://aws.amazon.com/glue/pricing/
LEAST_SECONDS = 60

# Of workers, where an answer does not tell its capacity: https://docs.aws.amazon.com/glue/latest/dg/worker-types.html
_DPU = {"G.1X": 1, "G.2X": 2, "G.4X": 4, "G.8X": 8, "G.12X": 12, "G.16X": 16}


def fetch(client: Any, job: str, first: date, last: date) -> list[Mapping[str, Any]]:
    """The answers of GetJobRuns about runs of a job that started from `first` to `last`, in UTC.

    `client` is boto3's of Glue; it needs `glue:GetJobRuns` on the job, and its errors are botocore's.
    """
    found: list[Mapping[str, Any]] = []
    for page in client.get_paginator("get_job_runs").paginate(JobName=job, PaginationConfig={"PageSize": 200}):
        days = [_day(run) for run in page["JobRuns"]]
        found += [run for run, day in zip(page["JobRuns"], days, strict=True) if first <= day <= last]
        if days and days[-1] < first:  # Glue lists the newest first
            break
    return found


def usage(runs: Iterable[Mapping[str, Any]]) -> list[Usage]:
    """A line for each run that has ended and used something.

    FLEX has a price, and so a usage type, of its own. Runs that this platform did not start are UNATTRIBUTED.
    Raises `PermanentError` for a run whose capacity is not told.
    """
    lines = []
    for run in runs:
        quantity = _dpu_seconds(run) if run.get("CompletedOn") else Decimal(0)
        if quantity:
            asset, partition, dagster_run = _made_for(run.get("Arguments") or {})
            lines.append(
                Usage(
                    usage_date=_day(run),
                    service="glue",
                    usage_type="dpu_seconds_flex" if run.get("ExecutionClass") == "FLEX" else "dpu_seconds",
                    quantity=quantity,
                    unit="DPU-second",
                    method="metered",
                    asset=asset,
                    partition=partition,
                    run=dagster_run,
                )
            )
    return lines


def _day(run: Mapping[str, Any]) -> date:
    started: date = run["StartedOn"].astimezone(UTC).date()
    return started


def _dpu_seconds(run: Mapping[str, Any]) -> Decimal:
    """As Glue tells them for FLEX and auto-scaled runs; for others time, a minute at least, by capacity."""
    if run.get("DPUSeconds"):
        return Decimal(str(run["DPUSeconds"]))
    seconds = run.get("ExecutionTime") or 0
    if not seconds:  # it never got its workers
        return Decimal(0)
    capacity = run.get("MaxCapacity") or _DPU.get(run.get("WorkerType", ""), 0) * run.get("NumberOfWorkers", 0)
    if not capacity:
        raise PermanentError(
            f"Glue run {run['Id']}: neither DPUSeconds nor a capacity is told (worker type {run.get('WorkerType')}). "
            "Add the type to spotify_platform/cost/glue.py."
        )
    return max(seconds, LEAST_SECONDS) * Decimal(str(capacity))


def _made_for(arguments: Mapping[str, str]) -> tuple[str, str | None, str | None]:
    """Asset, partition and run that started it, from what Dagster Pipes handed to the job."""
    from dagster_pipes import DAGSTER_PIPES_CONTEXT_CLI_ARGUMENT, decode_param

    if DAGSTER_PIPES_CONTEXT_CLI_ARGUMENT not in arguments:
        return UNATTRIBUTED, None, None
    try:
        told = decode_param(arguments[DAGSTER_PIPES_CONTEXT_CLI_ARGUMENT])["data"]
        span, run = told.get("partition_key_range"), str(told["run_id"])
    except (ValueError, zlib.error, KeyError, TypeError):  # somebody else's argument of this name
        return UNATTRIBUTED, None, None
    if span and span["start"] != span["end"]:
        return ASSET, f"{span['start']}...{span['end']}", run
    return ASSET, span["start"] if span else told.get("partition_key"), run
