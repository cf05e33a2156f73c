"""What the template's roles have to be able to do, each by the platform's own code under the role's credentials."""

import json
import uuid
from datetime import UTC, datetime
from pathlib import Path

import boto3
import dagster as dg
import pytest

from spotify_platform.curator import Curator
from spotify_platform.definitions import build_definitions
from spotify_platform.extract.account import fingerprint, remember
from spotify_platform.lake import Lake
from spotify_platform.lake.captures import captures_of
from spotify_platform.lake.origin import claim
from spotify_platform.lake.publishing import heads
from spotify_platform.load.reader import query
from spotify_platform.load.snowflake import setup
from spotify_platform.load.snowflake.ddl import Target
from spotify_platform.load.snowflake.names import Names
from spotify_platform.load.snowflake.warehouse import Patience, SnowflakeWarehouse
from spotify_platform.publish import publish_dates
from spotify_platform.resources.engine import EngineResource
from spotify_platform.resources.glue import GlueResource
from spotify_platform.resources.snowflake import listeners_of, open_session
from spotify_platform.settings import SnowflakeSettings

from .. import snowflake_model
from ..lake.helpers import DAY, EVERYTHING, capture
from .deployment import (
    CLIENT_ID,
    Deployment,
    acting_as,
)
from .ground import QUEUE, TODAY, Ground

LINES = [{"timestamp": int(datetime.now(UTC).timestamp() * 1000), "message": "x"}]
RUNS = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def capture_works(ground: Ground, _: Path) -> None:
    """The schedule's role calls the capture, which captures a day, and finds nothing to do when it is called again."""
    lake = ground.empty_lake()
    remember(lake, fingerprint(CLIENT_ID), rate=60.0)
    with acting_as(ground.role("SchedulerRole")):
        client = boto3.client("lambda")
    for state in ("captured", "nothing to do"):
        answer = json.loads(client.invoke(FunctionName=ground.told["function"])["Payload"].read())
        assert answer.get("state") == state, answer
    assert len(captures_of(lake, TODAY)) == 1


class QuickGlue(EngineResource):
    """Glue, asked more often than a person would pay for."""

    def curator(self, context: dg.AssetExecutionContext) -> Curator:
        """Curation for the run of this context."""
        return GlueResource(job=self.name, poll_seconds=0.2).curator(context)


def publishing_works(ground: Ground, folder: Path) -> None:
    """Dagster's production role brings a day to the marts, and the Glue job's role curates it."""
    lake, glue = ground.empty_lake(), QuickGlue(name=ground.told["job"])
    claim(lake, "spotify")
    capture(lake, DAY, "c1", *EVERYTHING)
    with pytest.MonkeyPatch.context() as patch, acting_as(ground.role("DagsterRole")):
        patch.setenv("SPOTIFY_PLATFORM_HOME", str(folder))
        patch.setenv("SPOTIFY_PLATFORM_LAKE_URL", lake.url)
        job = build_definitions(engine=glue).resolve_job_def("publish")
        tags = {f"dagster/asset_partition_range_{end}": DAY.isoformat() for end in ("start", "end")}
        with dg.DagsterInstance.ephemeral() as instance:
            result = job.execute_in_process(instance=instance, tags=tags, run_config=RUNS, raise_on_error=False)
        assert result.success, [event.step_failure_data.error for event in result.all_events if event.is_step_failure]
        _, rows = query(Lake(lake.url), "select track_id from marts.chart_movement")
    assert rows == [("t1",)]
    assert list(heads(lake)) == [DAY]


def curating_works(ground: Ground, _: Path) -> None:
    """The Glue job's role curates a day for Dagster's, which publishes it; at once, or not at all."""
    lake, glue = ground.empty_lake(), QuickGlue(name=ground.told["job"])
    capture(lake, DAY, "c1", *EVERYTHING)

    @dg.asset
    def curated(context: dg.AssetExecutionContext) -> None:
        publish_dates(Lake(lake.url), [DAY], curator=glue.curator(context))

    with acting_as(ground.role("DagsterRole")):
        dg.materialize([curated])
    assert list(heads(lake)) == [DAY]


def loading_works(ground: Ground, folder: Path) -> None:
    """Snowflake's role copies what is published."""
    lake = ground.empty_lake()
    capture(lake, DAY, "c1", *EVERYTHING)
    publish_dates(lake, [DAY])
    with acting_as(ground.role("SnowflakeRole")), snowflake_model.serving() as model:
        parameters = model.parameters
        url = f"http://{model.host}:{model.port}"
        asked = {name: parameters[name] for name in ("account", "user", "password")}
        settings = SnowflakeSettings(url=url, **asked)
        names = Names("SPOTIFY")
        with open_session(settings, "ACCOUNTADMIN", {}) as session:
            setup.apply(session, Target(names, lake.url, "arn:aws:iam::1:role/x", "MODEL", 1), lambda _: None)
        with open_session(settings, names.loader, {}) as session:
            warehouse = SnowflakeWarehouse(
                session, names, external=True, pipes=False, patience=Patience(60), say=lambda _: None
            )
            assert warehouse.load(lake, heads(lake).values()) == [DAY]


def branch_works(ground: Ground, _: Path) -> None:
    """A branch deployment publishes in a lake of its own."""
    url = Deployment().outputs["BranchesUrl"]
    with acting_as(ground.role("DagsterBranchRole")):
        branch = Lake(f"{url}/new-mart")
        claim(branch, "spotify")
        capture(branch, DAY, "c1", *EVERYTHING)
        publish_dates(branch, [DAY])
        assert list(heads(branch)) == [DAY]
        branch.delete(branch.keys(""))


def asking_works(ground: Ground, _: Path) -> None:
    """Dagster's role may see whom the bucket tells of new files, as `spotify-platform doctor` asks."""
    url = ground.empty_lake().url
    with acting_as(ground.role("DagsterRole")):
        told = listeners_of(url)  # None: access denied
    assert told is not None, "access denied"
    assert set(told) == {QUEUE}


def log_and_letters_work(ground: Ground, _: Path) -> None:
    """What Lambda and the scheduler do in the name of their roles."""
    told = ground.told
    where = {"logGroupName": f"/aws/lambda/{told['function']}", "logStreamName": uuid.uuid4().hex}
    with acting_as(ground.role("CaptureRole")):
        boto3.client("logs").create_log_stream(**where)
        boto3.client("logs").put_log_events(**where, logEvents=LINES)
        boto3.client("sqs").send_message(QueueUrl=told["letters"], MessageBody="{}")
    with acting_as(ground.role("SchedulerRole")):
        boto3.client("sqs").send_message(QueueUrl=told["letters"], MessageBody="{}")


WORK = {
    "capture": capture_works,
    "publishing": publishing_works,
    "loading": loading_works,
    "branch": branch_works,
    "asking": asking_works,
}
