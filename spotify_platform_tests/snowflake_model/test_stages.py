"""Files in stages and COPY, over the real connector and an S3 on loopback."""

from datetime import timedelta
from pathlib import Path

import boto3
import pytest
from snowflake.connector.errors import ProgrammingError

from .conftest import HOW, PATH, Client, parquet
from .harness import Model

ONE, TWO = {"artist_id": "a", "n": 1}, {"ARTIST_ID": "b", "n": 2}
INSIDE = PATH.removeprefix("artists/")


def failing(lake: Client, sql: str, code: int) -> str:
    with pytest.raises(ProgrammingError) as caught:
        lake.rows(sql)
    assert caught.value.errno == code
    return str(caught.value)


def test_copy_of_named_files_with_metadata(lake: Client):
    lake.put(PATH, parquet(ONE, TWO | {"artist_id": "b"}))
    copied = lake.records(f"copy into landing.artists from @landing.lake/artists/ files = ('{INSIDE}') {HOW}")
    assert [(row["file"], row["status"], row["rows_loaded"]) for row in copied] == [
        (f"s3://{lake.bucket}/lake/curated/{PATH}", "LOADED", 2)
    ]
    rows = lake.rows("select artist_id, n, file_name, file_row, scanned_at is not null from landing.artists order by 4")
    assert rows == [("a", 1, f"lake/curated/{PATH}", 1, True), ("b", 2, f"lake/curated/{PATH}", 2, True)]


def test_a_path_is_a_prefix_and_a_pattern_matches_the_whole_location(lake: Client):
    lake.put("artists/a-0.parquet", parquet(ONE))
    lake.put("artists/b-0.parquet", parquet(TWO))
    lake.rows(f"copy into landing.artists from @landing.lake/artists/a {HOW}")
    assert lake.rows("select artist_id from landing.artists") == [("a",)]
    lake.rows(f"copy into landing.artists from @landing.lake pattern = 'artists/b.*' {HOW}")
    assert lake.value("select count(*) from landing.artists") == 1
    lake.rows(f"copy into landing.artists from @landing.lake pattern = '.*/artists/b.*' {HOW}")
    assert lake.value("select count(*) from landing.artists") == 2


def test_a_column_that_the_file_lacks_is_null_and_one_too_many_is_left_out(lake: Client):
    lake.put(PATH, parquet({"artist_id": "a", "more": [1]}))
    lake.rows(f"copy into landing.artists from @landing.lake/artists/ {HOW}")
    assert lake.rows("select artist_id, n from landing.artists") == [("a", None)]


def test_a_file_is_loaded_once_unless_it_changes_or_is_forced(lake: Client, model: Model):
    copy = f"copy into landing.artists from @landing.lake/artists/ {HOW}"
    lake.put(PATH, parquet(ONE))
    lake.rows(copy)
    assert lake.rows(copy) == [("Copy executed with 0 files processed.",)]
    (skipped,) = lake.records(f"{copy} files = ('{INSIDE}') force = false")
    assert (skipped["status"], skipped["first_error"]) == ("LOAD_SKIPPED", "File was loaded before.")
    assert lake.value("select count(*) from landing.artists") == 1
    lake.rows(f"{copy} force = true")
    lake.put(PATH, parquet(TWO))
    lake.rows(copy)
    assert lake.value("select count(*) from landing.artists") == 3
    model.advance(timedelta(days=65))
    lake.rows(copy)
    assert lake.value("select count(*) from landing.artists") == 4


def test_truncate_forgets_what_was_loaded(lake: Client):
    copy = f"copy into landing.artists from @landing.lake/artists/ {HOW}"
    lake.put(PATH, parquet(ONE))
    lake.rows(copy)
    lake.rows("truncate table landing.artists")
    lake.rows(copy)
    assert lake.value("select count(*) from landing.artists") == 1


def test_a_bad_file_aborts_with_its_name_or_is_skipped(lake: Client):
    lake.put(PATH, parquet(ONE))
    lake.put(PATH.replace("part-0", "part-1"), b"no parquet at all, though long enough to look at")
    lake.put(PATH.replace("part-0", "part-2"), parquet({"artist_id": "c", "n": "no number"}))
    copy = f"copy into landing.artists from @landing.lake/artists/ {HOW}"
    said = failing(lake, f"{copy} on_error = abort_statement", 100069)
    assert "part-1.parquet" in said and "/tmp" not in said
    assert "part-2" in failing(lake, f"{copy} files = ('{INSIDE.replace('part-0', 'part-2')}')", 100038)
    assert lake.value("select count(*) from landing.artists") == 0
    states = [row["status"] for row in lake.records(f"{copy} on_error = skip_file")]
    assert states == ["LOADED", "LOAD_FAILED", "LOAD_FAILED"]
    assert lake.value("select count(*) from landing.artists") == 1
    failing(lake, f"{copy} files = ('nope.parquet')", 91016)


def test_a_copy_is_rolled_back_with_its_transaction_and_so_is_its_memory(lake: Client):
    copy = f"copy into landing.artists from @landing.lake/artists/ {HOW}"
    lake.put(PATH, parquet(ONE))
    lake.put("artists/z.parquet", b"broken")
    lake.rows("begin")
    lake.rows(f"{copy} pattern = '.*part-0.*'")
    failing(lake, copy, 100069)
    assert lake.value("select count(*) from landing.artists") == 1
    lake.rows("rollback")
    assert lake.value("select count(*) from landing.artists") == 0
    lake.rows(f"{copy} pattern = '.*part-0.*'")
    assert lake.value("select count(*) from landing.artists") == 1


def test_put_list_copy_and_remove_in_a_stage_of_snowflakes(lake: Client, tmp_path: Path):
    local = tmp_path / "part-0.parquet"
    local.write_bytes(parquet(ONE))
    put = f"put 'file://{local}' @{lake.database}.LANDING.UPLOADS/artists/ auto_compress = false overwrite = true"
    for _ in range(2):
        assert lake.records(put)[0]["status"] == "UPLOADED"
    listed = lake.records("list @landing.uploads/artists/")
    assert [(row["name"], row["size"]) for row in listed] == [("uploads/artists/part-0.parquet", local.stat().st_size)]
    lake.rows(f"copy into landing.artists from @landing.uploads/ files = ('artists/part-0.parquet') {HOW}")
    assert lake.rows("select file_name from landing.artists") == [("artists/part-0.parquet",)]
    assert lake.rows("remove @landing.uploads/artists/part") == [("uploads/artists/part-0.parquet", "removed")]
    assert lake.rows("list @landing.uploads") == []


def test_list_and_remove_in_the_bucket(lake: Client):
    lake.put(PATH, parquet(ONE))
    assert [row[0] for row in lake.rows("list @landing.lake/artists")] == [f"s3://{lake.bucket}/lake/curated/{PATH}"]
    lake.rows("remove @landing.lake/artists")
    assert "Contents" not in boto3.client("s3").list_objects_v2(Bucket=lake.bucket)


def test_copy_history_tells_of_copies(lake: Client):
    lake.put(PATH, parquet(ONE))
    lake.rows(f"copy into landing.artists from @landing.lake/artists/ {HOW}")
    asked = (
        f"select file_name, stage_location, row_count, status, pipe_name, table_name from table("
        f"{lake.database}.information_schema.copy_history(table_name => '{lake.database}.LANDING.ARTISTS', "
        "start_time => dateadd(day, -13, current_timestamp()))) where status = 'Loaded'"
    )
    assert lake.rows(asked) == [(PATH, f"s3://{lake.bucket}/lake/curated/", 1, "Loaded", None, "ARTISTS")]


def test_copies_that_are_wrong(lake: Client):
    copy = "copy into landing.artists from @landing.lake/artists/"
    failing(lake, f"{copy} file_format = (format_name = 'landing.parquet_files')", 2019)
    failing(lake, f"{copy} {HOW} on_error = continue", 999999)
    failing(lake, f"{copy.replace('landing.lake', 'landing.nope')} {HOW}", 2003)
    failing(lake, f"{copy.replace('landing.artists', 'landing.nope')} {HOW}", 2003)
    failing(lake, f"{copy} {HOW.replace('parquet_files', 'nope')}", 2003)
    boto3.client("s3").delete_bucket(Bucket=lake.bucket)
    failing(lake, f"{copy} {HOW}", 91003)
