"""What runs of the Glue job used, from recorded answers of GetJobRuns."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from dagster_pipes import encode_param

from spotify_platform.contracts.errors import PermanentError
from spotify_platform.cost import glue
from spotify_platform.cost.usage import UNATTRIBUTED

from .answers import answering, by

DAY = date(2026, 11, 20)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def a_run(**told: Any) -> dict[str, Any]:
    """A standard run of ten minutes on ten workers that Dagster's run r1 started for a day."""
    context = {
        "asset_keys": ["curated/artists"],
        "run_id": "r1",
        "partition_key": "2026-11-19",
        "partition_key_range": {"start": "2026-11-19", "end": "2026-11-19"},
    }
    return {
        "Id": "jr_1",
        "JobName": "curate",
        "JobRunState": "SUCCEEDED",
        "StartedOn": NOON,
        "CompletedOn": NOON + timedelta(minutes=11),
        "ExecutionTime": 600,
        "MaxCapacity": 10.0,
        "WorkerType": "G.1X",
        "NumberOfWorkers": 10,
        "ExecutionClass": "STANDARD",
        "Arguments": {"--work-key": "w", "--dagster-pipes-context": encode_param({"data": context})},
    } | told


def quantity(**told: Any) -> Decimal:
    """What a run like `a_run` used."""
    (line,) = glue.usage([a_run(**told)])
    return line.quantity


def test_a_run_is_its_time_by_its_capacity_for_the_run_and_date_that_asked() -> None:
    (line,) = glue.usage([a_run()])
    assert line.quantity == 6000
    assert (line.usage_date, line.service, line.usage_type, line.method) == (DAY, "glue", "dpu_seconds", "metered")
    assert (line.asset, line.partition, line.run) == (glue.ASSET, "2026-11-19", "r1")


def test_what_glue_tells_itself_goes_before() -> None:
    assert quantity(DPUSeconds=1234.5) == Decimal("1234.5")


def test_a_minute_is_billed_at_least() -> None:
    assert quantity(ExecutionTime=21, MaxCapacity=2.0) == 120
    assert quantity(ExecutionTime=61, MaxCapacity=2.0) == 122


def test_a_capacity_that_is_not_told_follows_from_the_workers() -> None:
    run = a_run(WorkerType="G.2X", NumberOfWorkers=3)
    del run["MaxCapacity"]
    assert glue.usage([run])[0].quantity == 600 * 2 * 3
    with pytest.raises(PermanentError, match=r"jr_1: neither DPUSeconds nor a capacity .*Z\.2X"):
        glue.usage([run | {"WorkerType": "Z.2X"}])


def test_flex_has_a_usage_type_of_its_own() -> None:
    (line,) = glue.usage([a_run(ExecutionClass="FLEX", DPUSeconds=900.0)])
    assert (line.usage_type, line.quantity) == ("dpu_seconds_flex", Decimal(900))


@pytest.mark.parametrize("state", ["FAILED", "STOPPED", "TIMEOUT"])
def test_a_run_that_failed_is_billed_as_well(state: str) -> None:
    assert quantity(JobRunState=state) == 6000


def test_what_is_going_on_or_never_got_workers_used_nothing_yet() -> None:
    going = a_run(JobRunState="RUNNING")
    del going["CompletedOn"]
    assert glue.usage([going, a_run(JobRunState="ERROR", ExecutionTime=0)]) == []


@pytest.mark.parametrize("arguments", [{}, {"--dagster-pipes-context": "what?"}, {"--work-key": "w"}], ids=str)
def test_a_run_that_somebody_else_started_is_unattributed(arguments: dict[str, str]) -> None:
    assert by(["asset", "partition", "run"], glue.usage([a_run(Arguments=arguments)])) == [(UNATTRIBUTED, None, None)]


def test_a_range_is_told_as_one() -> None:
    told = {"run_id": "r2", "partition_key": None, "partition_key_range": {"start": "2026-01-01", "end": "2026-02-28"}}
    (line,) = glue.usage([a_run(Arguments={"--dagster-pipes-context": encode_param({"data": told})})])
    assert (line.partition, line.run) == ("2026-01-01...2026-02-28", "r2")


def test_pages_are_read_until_they_are_older_than_what_is_asked_for() -> None:
    def started(day: int, name: str) -> dict[str, Any]:
        return a_run(Id=name, StartedOn=datetime(2026, 11, day, 23, 30, tzinfo=timezone(timedelta(hours=-1))))

    first = {"JobName": "curate", "MaxResults": 200}
    pages = (
        # 23:30 an hour west of UTC is the next day
        (first, {"JobRuns": [started(20, "too late"), started(19, "last")], "NextToken": "2"}),
        (first | {"NextToken": "2"}, {"JobRuns": [started(18, "between")], "NextToken": "3"}),
        (first | {"NextToken": "3"}, {"JobRuns": [started(17, "first"), started(16, "too early")], "NextToken": "4"}),
    )
    with answering("glue", "get_job_runs", *pages) as client:
        found = glue.fetch(client, "curate", date(2026, 11, 18), DAY)
    assert [run["Id"] for run in found] == ["last", "between", "first"]
