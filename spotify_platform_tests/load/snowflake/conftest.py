"""What the tests share: one model of Snowflake with the platform's objects in it, emptied for each test."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from spotify_platform.contracts.curated import CURATED
from spotify_platform.home import live_home
from spotify_platform.lake.origin import claim
from spotify_platform.load.snowflake import setup
from spotify_platform.load.snowflake.ddl import pipe
from spotify_platform.load.snowflake.names import Names
from spotify_platform.resources.snowflake import target_of
from spotify_platform.settings import read_settings, read_snowflake_settings

from ... import s3, snowflake_model
from ...conftest import Platform
from .account import Account


# Of the package and not of the session: an S3 sets variables of the environment that no other test may see.
@pytest.fixture(scope="package")
def model() -> Iterator[snowflake_model.Model]:
    """A model of Snowflake, and an S3 that it reads."""
    with s3.serving(), snowflake_model.serving() as running:
        yield running


@pytest.fixture(scope="package")
def queue(model: snowflake_model.Model) -> str:
    """The queue that the model's pipes listen to."""
    return model.ingest_from("snowpipe")


@pytest.fixture
def empty(
    model: snowflake_model.Model, queue: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Account]:
    """An account in which nothing was applied yet, and the settings that lead there."""
    yield account_of(model, f"T{uuid.uuid4().hex[:8].upper()}", bucket_that_tells(queue), tmp_path, monkeypatch)
    model.restore()


@pytest.fixture(scope="package")
def made(model: snowflake_model.Model, queue: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A database with the platform's objects, and the bucket that they are made for: 370 statements, 4 s."""
    database, bucket = "SPOTIFY", bucket_that_tells(queue)
    with pytest.MonkeyPatch.context() as patch:
        account = account_of(model, database, bucket, tmp_path_factory.mktemp("made"), patch)
        with account.session("ACCOUNTADMIN") as session:
            setup.apply(session, account.target, lambda _: None)
    return database, bucket


@pytest.fixture
def account(
    model: snowflake_model.Model, made: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Account]:
    """An account with the platform's objects and no rows, and an empty lake."""
    account = account_of(model, *made, tmp_path, monkeypatch)
    yield account
    model.restore()
    model.wait_until_drained()
    with account.warehouse() as warehouse:
        warehouse.clear()
    for table in CURATED:
        account.rows(f"alter pipe landing.{pipe(table)} set pipe_execution_paused = false")
    account.lake.delete(account.lake.keys(""))


@pytest.fixture
def platform_of() -> Platform:
    """The command line, with the settings of an account."""
    return Platform(read_settings().home)


def account_of(
    model: snowflake_model.Model, database: str, bucket: str, folder: Path, patch: pytest.MonkeyPatch
) -> Account:
    """An account, and the settings that lead there."""
    for name in ("SPOTIPY_CLIENT_ID", "SPOTIPY_CLIENT_SECRET", "DAGSTER_HOME"):
        patch.delenv(name, raising=False)
    settings = {
        "HOME": folder / "platform",
        "LAKE_URL": f"s3://{bucket}/platform",
        "WAREHOUSE": "snowflake",
        "SNOWFLAKE_URL": f"http://{model.host}:{model.port}",
        "SNOWFLAKE_ACCOUNT": model.parameters["account"],
        "SNOWFLAKE_USER": model.parameters["user"],
        "SNOWFLAKE_PASSWORD": model.parameters["password"],
        "SNOWFLAKE_DATABASE": database,
        "SNOWFLAKE_AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/lake",
    }
    for name, value in settings.items():
        patch.setenv(f"SPOTIFY_PLATFORM_{name}", str(value))
    home = live_home()
    claim(home.lake(), "spotify")
    return Account(model, Names(database), home, home.lake(), target_of(read_snowflake_settings(), home.lake_url))


def bucket_that_tells(queue: str) -> str:
    """A bucket that tells a queue of new objects in the lake's curated zone."""
    name = s3.new_bucket()
    where = {"Key": {"FilterRules": [{"Name": "prefix", "Value": "platform/curated/"}]}}
    told = {"QueueArn": queue, "Events": ["s3:ObjectCreated:*"], "Filter": where}
    boto3.client("s3").put_bucket_notification_configuration(
        Bucket=name, NotificationConfiguration={"QueueConfigurations": [told]}
    )
    return name
