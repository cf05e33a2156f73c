"""One model for all tests of it, a database and a bucket for each."""

import io
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spotify_platform_tests import s3
from spotify_platform_tests.snowflake_model import Model, serving

HOW = (
    "file_format = (format_name = 'landing.parquet_files') match_by_column_name = case_insensitive include_metadata = "
    "(file_name = METADATA$FILENAME, file_row = METADATA$FILE_ROW_NUMBER, scanned_at = METADATA$START_SCAN_TIME)"
)
PATTERN = r".*snapshot_date=[0-9-]{10}/batch_id=[0-9A-Za-z-]+/part-[0-9]+[.]parquet"
PATH = "artists/snapshot_date=2026-01-01/batch_id=b1/part-0.parquet"


def parquet(*rows: dict[str, Any]) -> bytes:
    """A Parquet file of these rows."""
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows)), buffer)
    return buffer.getvalue()


@dataclass
class Client:
    """A connection, and a bucket with a stage over it."""

    connection: Any
    database: str
    bucket: str

    def rows(self, sql: str, params: Any = None) -> list[Any]:
        with self.connection.cursor() as cursor:
            return list(cursor.execute(sql, params).fetchall())

    def records(self, sql: str) -> list[dict[str, Any]]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            names = [column.name for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def value(self, sql: str) -> Any:
        return self.rows(sql)[0][0]

    def put(self, path: str, body: bytes) -> None:
        boto3.client("s3").put_object(Bucket=self.bucket, Key=f"lake/curated/{path}", Body=body)


@pytest.fixture(scope="session")
def model() -> Iterator[Model]:
    with s3.serving(), serving(queue="snowpipe") as running:
        yield running


@pytest.fixture
def snow(model: Model) -> Iterator[Client]:
    database, bucket = f"T{uuid.uuid4().hex[:8].upper()}", s3.new_bucket()
    connection = model.connect(session_parameters={"TIMEZONE": "UTC"})
    client = Client(connection, database, bucket)
    client.rows(f"create database {database}")
    client.rows("create schema landing")
    yield client
    model.restore()
    connection.close()


@pytest.fixture
def lake(snow: Client) -> Client:
    """The same with a table, a stage over the bucket and one of Snowflake's own."""
    url = f"s3://{snow.bucket}/lake/curated/"
    for statement in (
        "create table landing.artists (artist_id varchar, n number(10,0), file_name varchar, file_row number(19,0), "
        "scanned_at timestamp_ltz)",
        "create file format if not exists landing.parquet_files type = parquet use_logical_type = true",
        f"create storage integration {snow.database}_LAKE type = external_stage storage_provider = 's3' enabled = true "
        f"storage_aws_role_arn = 'arn:aws:iam::1:role/lake' storage_allowed_locations = ('{url}')",
        f"create stage landing.lake url = '{url}' storage_integration = {snow.database}_LAKE "
        "file_format = (format_name = 'landing.parquet_files')",
        "create stage landing.uploads",
    ):
        snow.rows(statement)
    return snow
