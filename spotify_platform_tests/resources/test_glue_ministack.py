"""The Glue path from end to end: Dagster, S3, SQS and Glue at MiniStack, the job on a Spark that reads S3 itself."""

import json
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import boto3
import dagster as dg
import pytest

from spotify_platform.contracts.curated import CURATED
from spotify_platform.curator import Curated
from spotify_platform.lake import Lake
from spotify_platform.lake.captures import RawFile
from spotify_platform.publish import Outcome, publish_dates
from spotify_platform.resources.glue import MESSAGES, STAGING, GlueCurator, GlueResource

from ..lake.helpers import DAY, EVERYTHING, artist, capture, seen, whole_batches
from ..ministack import serving, wait_until

pytestmark = pytest.mark.soak

ROOT = Path(__file__).parents[2]
YEAR = [date(2025, 11, 1) + timedelta(days=n) for n in range(365)]
JOB = "curate"


@pytest.fixture(scope="module")
def aws(tmp_path_factory) -> Iterator[None]:
    """MiniStack, whose Glue starts jobs; the environment points to it."""
    with serving(tmp_path_factory.mktemp("glue")):
        yield


@pytest.fixture(scope="module")
def job(aws, tmp_path_factory) -> str:
    """The job, deployed as the README says."""
    bucket = f"code-{uuid.uuid4().hex[:8]}"
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=bucket)
    built = tmp_path_factory.mktemp("built") / "glue"
    words = ["--output", str(built), "--location", f"s3://{bucket}/glue", "--job", JOB, "--no-build-isolation"]
    subprocess.run([sys.executable, str(ROOT / "glue/build.py"), *words], check=True)
    for file in built.iterdir():
        s3.upload_file(str(file), bucket, f"glue/{file.name}")
    boto3.client("glue").create_job(**json.loads((built / "job.json").read_text("utf-8")))
    return JOB


@pytest.fixture
def lake(aws) -> Lake:
    """An empty lake in a bucket of its own."""
    bucket = f"lake-{uuid.uuid4().hex[:8]}"
    boto3.client("s3").create_bucket(Bucket=bucket)
    return Lake(f"s3://{bucket}/platform")


@dataclass
class Watched:
    """A curator that looks at what it is given back, while it is there."""

    curator: GlueCurator
    messages: list[int] = field(default_factory=list)  # bytes
    parts: list[int] = field(default_factory=list)
    chunk_dates: int = sys.maxsize
    chunk_bytes: int = sys.maxsize

    @contextmanager
    def curate(self, lake: Lake, files: Sequence[RawFile]) -> Iterator[Curated]:
        with self.curator.curate(lake, files) as curated:
            self.messages.append(sum(len(lake.get(key)) for key in lake.keys(MESSAGES)))
            self.parts.append(len(curated.batch.parts))
            yield curated


def publish(job: str, lake: Lake, days: Sequence[date]) -> tuple[Outcome, Watched]:
    """Publish dates through Glue, inside a run of Dagster."""
    found = []

    @dg.asset
    def curated(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        watched = Watched(GlueResource(job=job, poll_seconds=0.2, deadline_minutes=60).curator(context))
        found.append((publish_dates(lake, days, curator=watched), watched))
        return dg.MaterializeResult()

    dg.materialize([curated])
    return found[0]


def runs(job: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = boto3.client("glue").get_job_runs(JobName=job)["JobRuns"]
    return listed


def staged(lake: Lake) -> list[str]:
    return lake.keys(STAGING) + lake.keys(MESSAGES)


@contextmanager
def events_of_tables(lake: Lake) -> Iterator[Callable[[], list[str]]]:
    """The keys that S3 tells a queue about, as Snowpipe would be told: one prefix a table."""
    sqs, s3 = boto3.client("sqs"), boto3.client("s3")
    queue = sqs.create_queue(QueueName=f"events-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    bucket = lake.url.split("/")[2]
    rules = [
        {
            "Id": table.name,
            "QueueArn": arn,
            "Events": ["s3:ObjectCreated:*"],
            "Filter": {
                "Key": {"FilterRules": [{"Name": "prefix", "Value": f"platform/curated/{table.name}/snapshot_date="}]}
            },
        }
        for table in CURATED
    ]
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"QueueConfigurations": rules})

    def read() -> list[str]:
        told: list[str] = []
        while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                told += [record["s3"]["object"]["key"] for record in json.loads(message["Body"]).get("Records", [])]
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return sorted(unquote_plus(key).removeprefix("platform/") for key in told)

    yield read
    sqs.delete_queue(QueueUrl=queue)


def test_one_day_is_published_as_in_process_and_only_its_files_make_events(job, lake, tmp_path):
    in_process = Lake((tmp_path / "lake").as_uri())
    for zone in (lake, in_process):
        capture(zone, DAY, "c1", *EVERYTHING)
    publish_dates(in_process, [DAY])
    with events_of_tables(lake) as events:
        outcome, watched = publish(job, lake, [DAY])
        assert list(outcome.published) == [DAY]
        assert events() == sorted(file.path for file in outcome.published[DAY].files)
    assert seen(lake) == seen(in_process)
    assert outcome.usage["lake_raw_bytes"] > 0
    assert staged(lake) == []
    print(f"a day: {outcome.usage}, {watched}")


def test_one_year_is_the_same_job(job, lake, tmp_path):
    in_process = Lake((tmp_path / "lake").as_uri())
    for day in YEAR:
        for zone in (lake, in_process):
            capture(zone, day, "c1", *EVERYTHING, artist(f"new-{day}"))
    publish_dates(in_process, YEAR)
    before = len(runs(job))
    outcome, watched = publish(job, lake, YEAR)
    assert list(outcome.published) == YEAR
    assert len(runs(job)) == before + 1
    assert sum(watched.parts) == len(YEAR) * len(CURATED)
    assert seen(lake) == seen(in_process)
    assert len(whole_batches(lake)) == len(YEAR)
    assert staged(lake) == []
    print(f"a year: {outcome.usage}, {watched}")


@contextmanager
def publisher(job: str, lake: Lake) -> Iterator[subprocess.Popen[str]]:
    """Another process that publishes DAY through Glue; its run is going on."""
    program = f"""
from spotify_platform.lake import Lake
from spotify_platform_tests.resources.test_glue_ministack import DAY, publish
publish({job!r}, Lake({lake.url!r}), [DAY])
"""
    before = len(runs(job))
    process = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    try:
        wait_until(lambda: len(runs(job)) > before and runs(job)[-1]["JobRunState"] == "RUNNING", 60)
        yield process
    finally:
        process.kill()
        process.communicate()


def test_an_interruption_stops_the_job(job, lake):
    capture(lake, DAY, "c1", *EVERYTHING)
    with publisher(job, lake) as process:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    assert "is being stopped" in said
    assert runs(job)[-1]["JobRunState"] == "STOPPED"
    wait_until(lambda: runs(job)[-1].get("ErrorMessage") == "its process has ended", 60)


def test_after_a_kill_the_run_that_was_started_is_found(job, lake):
    capture(lake, DAY, "c1", *EVERYTHING)
    with publisher(job, lake) as process:
        process.kill()
    before = len(runs(job))
    outcome, _ = publish(job, lake, [DAY])
    assert list(outcome.published) == [DAY]
    assert len(runs(job)) == before
    assert staged(lake) == []
