"""Snowpipe in the model: events, REFRESH, what a pipe remembers, pausing, histories."""

import json
from datetime import timedelta

import boto3
import pytest
from snowflake.connector.errors import ProgrammingError

from .conftest import HOW, PATH, PATTERN, Client, parquet
from .harness import Model

ONE, TWO = {"artist_id": "a", "n": 1}, {"artist_id": "b", "n": 2}
PIPE = (
    "pipe landing.artists_pipe auto_ingest = true as copy into landing.artists from @landing.lake/artists/ "
    f"{HOW} pattern = '{PATTERN}' on_error = skip_file"
)
NEXT = PATH.replace("b1", "b2")


@pytest.fixture
def piped(lake: Client, model: Model) -> Client:
    """A pipe, and a bucket that tells its queue of new objects."""
    lake.rows(f"create {PIPE.replace('pipe ', 'pipe if not exists ', 1)}")
    (shown,) = lake.records("show pipes in schema landing")
    told = {"QueueArn": shown["notification_channel"], "Events": ["s3:ObjectCreated:*"]}
    boto3.client("s3").put_bucket_notification_configuration(
        Bucket=lake.bucket, NotificationConfiguration={"QueueConfigurations": [told]}
    )
    return lake


def loaded(piped: Client) -> list[str]:
    return [row[0] for row in piped.rows("select artist_id from landing.artists order by artist_id")]


def status(piped: Client) -> dict:
    return json.loads(piped.value(f"select system$pipe_status('{piped.database}.LANDING.ARTISTS_PIPE')"))


def history(piped: Client) -> list[dict]:
    return piped.records(
        "select h.* from table(information_schema.copy_history(table_name => 'landing.artists', "
        "start_time => dateadd(day, -13, current_timestamp()))) as h order by last_load_time, file_name"
    )


def test_what_s3_announces_is_loaded(piped: Client, model: Model):
    piped.put(PATH, parquet(ONE, TWO))
    piped.put("artists/_temporary/part-0.parquet", parquet(TWO))
    piped.put(PATH.replace("artists/", "albums/"), parquet(TWO))
    model.wait_until_drained()
    assert piped.rows("select artist_id, file_name, file_row from landing.artists order by 1") == [
        ("a", f"lake/curated/{PATH}", 1),
        ("b", f"lake/curated/{PATH}", 2),
    ]
    assert status(piped)["lastIngestedFilePath"] == PATH
    (told,) = history(piped)
    expected = {"FILE_NAME": PATH, "STATUS": "Loaded", "ROW_COUNT": 2, "PIPE_NAME": "ARTISTS_PIPE", "ERROR_COUNT": 0}
    assert expected.items() <= told.items()


def test_an_upload_in_parts_is_announced_too(piped: Client, model: Model):
    s3, where = boto3.client("s3"), {"Bucket": piped.bucket, "Key": f"lake/curated/{PATH}"}
    upload = s3.create_multipart_upload(**where)["UploadId"]
    part = s3.upload_part(**where, UploadId=upload, PartNumber=1, Body=parquet(ONE))
    parts = {"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]}
    s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload=parts)
    model.wait_until_drained()
    assert loaded(piped) == ["a"]


def test_a_file_is_known_by_its_name_for_14_days_whatever_is_in_it(piped: Client, model: Model):
    piped.put(PATH, parquet(ONE))
    model.wait_until_drained()
    piped.put(PATH, parquet(TWO))
    model.wait_until_drained()
    assert loaded(piped) == ["a"]
    model.advance(timedelta(days=15))
    piped.put(PATH, parquet(TWO))
    model.wait_until_drained()
    assert loaded(piped) == ["a", "b"]


def test_a_file_that_failed_is_known_too_and_the_history_says_why(piped: Client, model: Model):
    piped.put(PATH, b"broken")
    model.wait_until_drained()
    piped.put(PATH, parquet(ONE))
    model.wait_until_drained()
    assert loaded(piped) == []
    (told,) = history(piped)
    assert (told["STATUS"], told["ROW_COUNT"], told["ERROR_COUNT"]) == ("Load failed", 0, 1)
    assert "parquet" in told["FIRST_ERROR_MESSAGE"]


def test_a_pipe_and_copy_do_not_know_of_each_other(piped: Client, model: Model):
    piped.put(PATH, parquet(ONE))
    model.wait_until_drained()
    piped.rows(f"copy into landing.artists from @landing.lake/artists/ {HOW}")
    assert loaded(piped) == ["a", "a"]


def test_a_pipe_made_anew_has_forgotten(piped: Client, model: Model):
    piped.put(PATH, parquet(ONE))
    model.wait_until_drained()
    piped.rows(f"create {PIPE.replace('pipe ', 'pipe if not exists ', 1)}")
    assert piped.rows("alter pipe landing.artists_pipe refresh") == []
    piped.rows(f"create or replace {PIPE}")
    assert piped.rows("alter pipe landing.artists_pipe refresh") == [(PATH, "SENT")]
    model.wait_until_drained()
    assert loaded(piped) == ["a", "a"]


def test_refresh_takes_what_no_event_told_of_for_seven_days(lake: Client, model: Model):
    for path in (PATH, NEXT):
        lake.put(path, parquet(ONE))
    lake.rows(f"create {PIPE}")
    refresh = "alter pipe landing.artists_pipe refresh"
    assert lake.rows(f"{refresh} modified_after = '2126-01-01T00:00:00Z'") == []
    prefix = "snapshot_date=2026-01-01/batch_id=b1/"
    assert lake.rows(f"{refresh} prefix = '{prefix}'") == [(PATH, "SENT")]
    model.advance(timedelta(days=8))
    assert lake.rows(refresh) == []
    model.advance(timedelta(days=-8))
    assert lake.rows(refresh) == [(NEXT, "SENT")]
    model.wait_until_drained()
    assert loaded(lake) == ["a", "a"]


def test_a_paused_pipe_queues(piped: Client, model: Model):
    piped.rows("alter pipe landing.artists_pipe set pipe_execution_paused = true")
    piped.put(PATH, parquet(ONE))
    model.wait_until_drained()
    told = status(piped)
    assert (told["executionState"], told["pendingFileCount"], told["oldestPendingFilePath"]) == ("PAUSED", 1, PATH)
    assert loaded(piped) == []
    piped.rows("alter pipe landing.artists_pipe set pipe_execution_paused = false")
    model.wait_until_drained()
    assert (status(piped)["executionState"], status(piped)["pendingFileCount"]) == ("RUNNING", 0)
    assert loaded(piped) == ["a"]


def test_held_pipes_load_when_they_are_released(piped: Client, model: Model):
    model.hold_pipes()
    piped.put(PATH, parquet(ONE))
    model.wait_until_drained()
    assert (loaded(piped), status(piped)["pendingFileCount"]) == ([], 1)
    model.release_pipes()
    model.wait_until_drained()
    assert loaded(piped) == ["a"]


def test_an_event_for_an_object_that_is_gone(piped: Client, model: Model):
    model.announce(piped.bucket, f"lake/curated/{PATH}")
    model.wait_until_drained()
    assert history(piped)[0]["STATUS"] == "Load failed"


def test_a_pipe_without_its_table_stops(piped: Client, model: Model):
    piped.rows("drop table landing.artists")
    piped.put(PATH, parquet(ONE))
    model.wait_until_drained()
    assert (status(piped)["executionState"], status(piped)["pendingFileCount"]) == ("STOPPED_MISSING_TABLE", 1)


def test_a_dropped_pipe_is_gone(piped: Client):
    piped.rows("drop pipe landing.artists_pipe")
    piped.rows("drop pipe if exists landing.artists_pipe")
    assert piped.rows("show pipes in schema landing") == []
    for sql in ("alter pipe landing.artists_pipe refresh", "select system$pipe_status('landing.artists_pipe')"):
        with pytest.raises(ProgrammingError) as caught:
            piped.rows(sql)
        assert caught.value.errno == 2003


def test_the_history_reaches_back_14_days(piped: Client):
    with pytest.raises(ProgrammingError, match="14 days"):
        piped.rows(
            "select * from table(information_schema.copy_history(table_name => 'landing.artists', "
            "start_time => dateadd(day, -15, current_timestamp())))"
        )
