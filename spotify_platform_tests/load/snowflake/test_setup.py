"""Making the objects in an account, and checking them: against a model of Snowflake."""

import re
from dataclasses import replace
from pathlib import Path

import boto3
import pytest

from spotify_platform.contracts.curated import CURATED
from spotify_platform.contracts.marts import MARTS
from spotify_platform.load.snowflake import setup
from spotify_platform.load.snowflake.ddl import EXAMPLE, PATTERN, Target, scripts
from spotify_platform.load.snowflake.names import Names

from ...conftest import Platform
from ...lake.helpers import artist
from .account import DAY, Account

DEPLOY = Path(__file__).parents[3] / "deploy" / "snowflake"


def test_the_scripts_that_a_person_reads_are_those_that_run() -> None:
    assert {path.name: path.read_text("utf-8") for path in DEPLOY.glob("*.sql")} == {
        f"{script.name}.sql": script.text for script in scripts(EXAMPLE)
    }


def test_every_column_of_the_contracts_is_in_its_table(account: Account) -> None:
    found = account.rows(
        "select lower(table_schema), lower(table_name), lower(column_name) from information_schema.columns"
    )
    columns = {
        (schema, table): {name for s, t, name in found if (s, t) == (schema, table)} for schema, table, _ in found
    }
    for table in CURATED:
        assert set(table.names) == columns["curated", table.name]
        for landed in (table.name, f"{table.name}_copied"):
            assert {*table.names, "file_name", "file_row", "scanned_at"} == columns["landing", landed]
    for mart in MARTS:
        assert set(mart.names) == columns["marts", mart.name]


def test_apply_makes_everything_and_twice_changes_nothing(empty: Account, platform_of: Platform) -> None:
    names = [script.name for script in scripts(empty.target)]
    planned = platform_of.ok("warehouse", "plan")
    assert [line.split(":")[0] for line in planned.splitlines()[:-1]] == names
    said = platform_of.ok("warehouse", "apply")
    assert [line for line in said.splitlines() if line.endswith(" applied")] == [f"{name} applied" for name in names]
    assert re.search(r"^SnowflakeUserArn: arn:aws:iam::\d+:user/", said, re.MULTILINE)
    assert re.search(r"^SnowflakeExternalId: \S+", said, re.MULTILINE)
    assert re.search(r"^SnowflakeQueueArn: arn:aws:sqs:\S+:snowpipe$", said, re.MULTILINE)
    before = empty.rows("select * from ops.scripts order by name")
    empty.model.forget_statements()
    assert platform_of.ok("warehouse", "plan").strip() == "Everything is applied."
    assert platform_of.ok("warehouse", "apply").startswith("Everything is applied.")
    assert empty.model.statements(r"(?i)^\s*(create|alter (?!session)|grant|insert|delete)") == []
    assert empty.rows("select * from ops.scripts order by name") == before


def test_a_script_that_changed_is_applied_again_and_no_other(account: Account) -> None:
    account.rows("update ops.scripts set sha256 = 'of an older version' where name like '%_curated'")
    done: list[str] = []
    with account.session("ACCOUNTADMIN") as session:
        setup.apply(session, account.target, lambda script: done.append(script.name))
    assert [name.split("_")[1] for name in done] == ["curated"]


def test_killed_in_between_the_next_call_goes_on(empty: Account) -> None:
    empty.model.lose_connection("create pipe", nth=3)
    with pytest.raises(Exception, match="Snowflake could not be reached"), empty.session("ACCOUNTADMIN") as session:
        setup.apply(session, empty.target, lambda _: None)
    done: list[str] = []
    with empty.session("ACCOUNTADMIN") as session:
        setup.apply(session, empty.target, lambda script: done.append(script.name))
    assert done[0].endswith("_pipes")
    empty.publish(DAY, "c1", artist("ann"))
    assert empty.load() == [DAY]


def test_a_lake_in_a_folder_needs_neither_integration_nor_pipes() -> None:
    text = "".join(script.text for script in scripts(Target(Names("SPOTIFY"), "file:///lake")))
    assert not re.search("integration|pipe_|landing.lake", text)


@pytest.mark.parametrize(
    ("path", "loaded"),
    [
        ("snapshot_date=2026-10-01/batch_id=20261001T050000000000Z-abc123/part-0.parquet", True),
        ("snapshot_date=2026-10-01/batch_id=20261001T050000000000Z-abc123/part-12.parquet", True),
        ("_temporary/0/snapshot_date=2026-10-01/batch_id=b/part-0.parquet.crc", False),
        ("snapshot_date=2026-10-01/batch_id=b/.part-0.parquet.tmp", False),
        ("snapshot_date=2026-10-01/part-0.parquet", False),
        ("_staging/w/a/part-0.parquet", False),
    ],
)
def test_only_files_with_published_names_are_loaded(path: str, loaded: bool) -> None:
    assert bool(re.fullmatch(PATTERN, f"artists/{path}")) == loaded


def test_a_database_with_a_name_that_would_have_to_be_quoted_is_refused(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"ACCOUNT": "a", "USER": "u", "PASSWORD": "p", "DATABASE": "x; drop"}.items():
        monkeypatch.setenv(f"SPOTIFY_PLATFORM_SNOWFLAKE_{name}", value)
    assert "no name for a database" in platform.cli("warehouse", "plan").err


@pytest.mark.parametrize("missing", ["ACCOUNT", "USER", "PASSWORD", "AWS_ROLE_ARN"])
def test_a_setting_that_is_missing_is_named(
    empty: Account, platform_of: Platform, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(f"SPOTIFY_PLATFORM_SNOWFLAKE_{missing}")
    answer = platform_of.cli("doctor")
    assert answer.code == 1
    assert f"_{missing} is" in (answer.out + answer.err).split("→")[0]  # what to do next names them all


def test_a_name_that_has_to_be_quoted_is(empty: Account) -> None:
    text = scripts(replace(empty.target, user="jane@corp.com"))[-1].text
    assert f'grant role {empty.names.loader} to user "JANE@CORP.COM";' in text


def test_other_settings_take_effect_with_the_next_apply(account: Account) -> None:
    frugal = replace(account.target, credits_a_month=3)
    account.model.forget_statements()
    with account.session("ACCOUNTADMIN") as session:
        assert [script.name for script in setup.apply(session, frugal, lambda _: None)] == ["001_account"]
    assert len(account.model.statements("alter resource monitor .* set credit_quota = 3$")) == 2
    with account.session("ACCOUNTADMIN") as session:
        setup.apply(session, account.target, lambda _: None)


def test_the_doctor_finds_a_whole_account_well(account: Account, platform_of: Platform) -> None:
    said = platform_of.ok("doctor")
    assert [line.split(":")[0] for line in said.splitlines()] == [
        f"✓ {step}"
        for step in (
            *("connect", "warehouse", "objects", "loader", "transformer", "round trip"),
            *("stage", "pipes", "events", "round trip by pipe"),
        )
    ]
    for landed in ("artists", "artists_copied"):
        assert account.rows(f"select count(*) from landing.{landed}") == [(0,)]
    assert account.rows("list @landing.uploads") == []
    assert account.lake.keys("curated") == []


def test_the_doctor_stops_at_the_first_thing_that_is_wrong_and_says_what_to_do(
    account: Account, platform_of: Platform
) -> None:
    account.rows("alter pipe landing.albums_pipe set pipe_execution_paused = true")
    answer = platform_of.cli("doctor")
    assert answer.code == 1
    *_, wrong, todo = answer.out.splitlines()
    assert wrong == "✗ pipes: Not running: albums (PAUSED)."
    assert todo == "  → Run: alter pipe landing.<pipe> set pipe_execution_paused = false"


def test_the_doctor_sees_that_a_bucket_tells_nobody(account: Account, platform_of: Platform) -> None:
    bucket = account.lake.url.split("/")[2]
    known = boto3.client("s3").get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"]
    boto3.client("s3").put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    try:
        assert "✗ events: The bucket sends no events to arn:aws:sqs:" in platform_of.cli("doctor").out
    finally:
        boto3.client("s3").put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration={"QueueConfigurations": known}
        )


def test_the_doctor_before_anything_was_applied(empty: Account, platform_of: Platform) -> None:
    answer = platform_of.cli("doctor")
    assert answer.code == 1
    assert answer.out.splitlines()[-1] == "  → Run: spotify-platform warehouse apply"
