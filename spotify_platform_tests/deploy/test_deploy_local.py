"""The whole platform on one machine, from the template that AWS gets: `make deploy-local`.

AWS is MiniStack, with IAM enforced: the capture is its function, under the function's role, called by the template's
schedule; curation is a Spark process under the Glue job's role; Dagster acts as the production role. Spotify is the
sandbox, Snowflake the tests' model, which reads S3 with the rights of MiniStack's root: what its role may do is
`test_policies`' business.

MiniStack sends events, calls functions and applies policies; it does not take what the schedule's role may do into
account, and knows no lifecycle.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import boto3
import dagster as dg
import pytest

from spotify_platform.automation.instance import open_instance
from spotify_platform.automation.sensor import raw_zone
from spotify_platform.definitions import build_definitions
from spotify_platform.extract.account import fingerprint, remember
from spotify_platform.lake import Lake, keys
from spotify_platform.lake.captures import captures_of, read_manifest
from spotify_platform.lake.publishing import PublishRecord, heads
from spotify_platform.load.reader import query
from spotify_platform.load.snowflake.names import Names
from spotify_platform.load.snowflake.session import Session
from spotify_platform.resources.platform import LakeResource
from spotify_platform.sandbox import Catalogue, serve, write_chart_files

from .. import snowflake_model
from ..conftest import Platform
from ..ministack import MiniStack, serving, wait_until
from .deployment import CLIENT_ID, NEVER, ROOT, Deployment, acting_as, new_caller, open_to_s3, waiting_in

pytestmark = pytest.mark.soak

TODAY = datetime.now(UTC).date()
DAYS = [TODAY - timedelta(days=2), TODAY - timedelta(days=1), TODAY]
CATALOGUE = Catalogue(artists=24, anchor=TODAY)
QUESTION = (ROOT / "docs/questions/11_streaks.sql").read_text("utf-8")
RUNS = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
MINUTES = 60.0


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[MiniStack]:
    """MiniStack, whose functions take the sandbox for Spotify."""
    folder = tmp_path / "aws"
    folder.mkdir()
    with serve(CATALOGUE) as sandbox:
        spotify = {"API_URL": sandbox.api_url(TODAY), "TOKEN_URL": sandbox.token_url}
        extra = {f"SPOTIFY_PLATFORM_{name}": value for name, value in spotify.items()}
        with serving(folder, auth=True, extra=extra) as running:
            yield running


@pytest.fixture
def snowflake(aws: MiniStack) -> Iterator[snowflake_model.Model]:
    """The model of Snowflake, which reads MiniStack's S3 and SQS."""
    with snowflake_model.serving() as running:
        yield running


class Steps:
    """Tells a person what was done, and when."""

    def __init__(self) -> None:
        """The clock starts."""
        self._began = time.monotonic()
        print()

    def done(self, text: str) -> None:
        """A step is done."""
        print(f"{time.monotonic() - self._began:4.0f} s  {text}", flush=True)


def test_a_scheduled_capture_goes_all_the_way_to_an_answer(
    aws: MiniStack,
    snowflake: snowflake_model.Model,
    platform: Platform,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    step, deployment = Steps(), Deployment()

    # -- two passes
    dagster = new_caller("dagster")
    said = deployment.deploy(DagsterPrincipalArn=dagster.arn, CaptureSchedule=NEVER)
    assert "warehouse apply" in said
    told = deployment.outputs
    step.done(f"first pass: {told['LakeUrl']}, {told['CaptureFunction']}, {told['GlueJob']}")
    deployment.watch(CATALOGUE)
    settings = {
        "LAKE_URL": told["LakeUrl"],
        "ENGINE": "glue",
        "GLUE_JOB": told["GlueJob"],
        "WAREHOUSE": "snowflake",
        "SNOWFLAKE_URL": f"http://{snowflake.host}:{snowflake.port}",
        "SNOWFLAKE_ACCOUNT": snowflake.parameters["account"],
        "SNOWFLAKE_USER": snowflake.parameters["user"],
        "SNOWFLAKE_PASSWORD": snowflake.parameters["password"],
        "SNOWFLAKE_AWS_ROLE_ARN": told["SnowflakeRoleArn"],
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"SPOTIFY_PLATFORM_{name}", value)
    queue = snowflake.ingest_from("snowpipe")
    open_to_s3(queue)
    snowflake.use_aws(aws.url)  # and does not look into its queue for now
    values = values_of(platform.ok("warehouse", "apply"))
    assert values_of(platform.ok("warehouse", "apply")) == values
    assert values["SnowflakeQueueArn"] == queue
    step.done(f"warehouse apply: {', '.join(values)}")
    deployment.deploy(**values, CaptureSchedule="rate(1 minute)")
    step.done("second pass: Snowflake may read, and is told of new files")

    # -- the schedule calls the capture
    root, bucket = Lake(told["LakeUrl"]), deployment.bucket
    logs, s3, sqs = boto3.client("logs"), boto3.client("s3"), boto3.client("sqs")
    remember(root, fingerprint(CLIENT_ID), rate=60.0)  # a pace that would otherwise have to grow
    wait_until(lambda: captures_of(root, TODAY), 3 * MINUTES)
    (capture,) = captures_of(root, TODAY)
    manifest = read_manifest(root, TODAY, capture)
    assert manifest.made_by["function"] == told["CaptureFunction"]
    assert (manifest.source, manifest.gaps) == ("spotify", [])
    assert [keys.log_subject(key) for key in root.keys(keys.LOG)] == [(TODAY, capture)]
    assert all(key.startswith(("raw/", "_lake.json")) for key in root.keys(""))
    step.done(f"the schedule called the capture: {sum(manifest.items.values())} answers in the raw zone, a wake-up key")

    with acting_as(dagster.assume(told["DagsterRoleArn"])):
        charts = write_chart_files(CATALOGUE, tmp_path / "charts", DAYS[0], DAYS[-1], ["GLOBAL", "US"])
        platform.ok("import", "charts", *charts)
        step.done(f"{len(charts)} chart files imported")

        # -- the sensor asks for a run
        lake = platform.live.lake()
        with open_instance(platform.live) as instance:
            tick = raw_zone(dg.build_sensor_context(instance=instance), lake=LakeResource())
            assert isinstance(tick, dg.SensorResult)
            (asked,) = tick.run_requests or []
            assert [asked.tags[f"dagster/asset_partition_range_{end}"] for end in ("start", "end")] == [
                DAYS[0].isoformat(),
                DAYS[-1].isoformat(),
            ]
            step.done(f"the raw-zone sensor asks for a run of {DAYS[0]} to {DAYS[-1]}")

            # -- Glue curates, S3 tells Snowpipe, the warehouse loads, the marts are built
            def run() -> dg.ExecuteInProcessResult:
                job = build_definitions().resolve_job_def(asked.job_name or "publish")
                return job.execute_in_process(instance=instance, tags=asked.tags, run_config=RUNS, raise_on_error=False)

            with ThreadPoolExecutor(1) as daemon:
                going_on = daemon.submit(run)
                wait_until(lambda: going_on.done() or len(heads(root)) == len(DAYS), 10 * MINUTES)
                published = heads(root)
                assert list(published) == DAYS, aws.log[-4000:]
                runs = boto3.client("glue").get_job_runs(JobName=told["GlueJob"])["JobRuns"]
                assert [one["JobRunState"] for one in runs] == ["SUCCEEDED"]
                step.done(f"Glue run {runs[0]['Id'][:8]} curated, Dagster audited and published: {rows_of(published)}")

                files = sorted(f"lake/{file.path}" for record in published.values() for file in record.files)
                waiting = [unquote_plus(record["s3"]["object"]["key"]) for record in waiting_in(sqs, queue)]
                assert sorted(waiting) == files
                step.done(f"S3 told Snowpipe's queue of {len(files)} files, and of nothing else")
                snowflake.ingest_from("snowpipe")
                result = going_on.result()
            assert result.success, [event.message for event in result.all_events if event.is_failure]

            with snowflake.connect(database=Names("SPOTIFY").database) as connection:
                session = Session(connection)
                ways = session.rows("select snapshot_date, batch_id, landed_by from ops.published order by 1")
                assert ways == [(day, record.batch_id, "pipe") for day, record in sorted(published.items())]
                for table, count in rows_of(published).items():
                    assert session.rows(f"select count(*) from curated.{table}") == [(count,)], table
                marts = session.rows("select count(*) from marts.chart_movement")
            step.done("every date landed by its pipe, was counted and switched; the marts are built in Snowflake")

            _, answer = query(lake, QUESTION)
            assert len(answer) == 10
            assert query(lake, "select count(*) from marts.chart_movement")[1] == marts
            step.done(f"which tracks hold on longest? {answer[0][0]}, by {answer[0][1]}, then {len(answer) - 1} more")

            # -- the next call changes nothing
            before = objects_of(s3, bucket)
            calls = len(lines_of(logs, told["CaptureFunction"], "nothing to do"))
            wait_until(lambda: len(lines_of(logs, told["CaptureFunction"], "nothing to do")) > calls, 3 * MINUTES)
            assert objects_of(s3, bucket) == before
            again = raw_zone(dg.build_sensor_context(instance=instance, cursor=tick.cursor), lake=LakeResource())
            assert isinstance(again, dg.SkipReason)
    queued = sqs.receive_message(QueueUrl=told["DeadLetterQueueUrl"])
    assert "Messages" not in queued
    step.done("the next call found nothing to do, and the sensor nothing new; no letter is dead")


def values_of(said: str) -> dict[str, str]:
    """What `warehouse apply` says for the second pass."""
    found = dict(line.split(": ", 1) for line in said.splitlines() if line.startswith("Snowflake"))
    assert sorted(found) == ["SnowflakeExternalId", "SnowflakeQueueArn", "SnowflakeUserArn"]
    return found


def rows_of(published: dict[date, PublishRecord]) -> dict[str, int]:
    """The rows of all published dates, by table."""
    found: dict[str, int] = {}
    for record in published.values():
        for table, count in record.rows.items():
            found[table] = found.get(table, 0) + count
    return found


def lines_of(logs: Any, function: str, event: str) -> list[str]:
    """What a function logged of one kind."""
    found = logs.filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
    return [one["message"] for one in found if f'"event": "{event}"' in one["message"]]


def objects_of(s3: Any, bucket: str) -> dict[str, str]:
    """All that lies in a bucket, and what says that it is another."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {found["Key"]: found["ETag"] for page in pages for found in page["Contents"]}
