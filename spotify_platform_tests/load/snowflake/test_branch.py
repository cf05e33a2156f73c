"""A branch deployment of Dagster+ in the account that production is in."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlparse

import pytest

from spotify_platform.definitions import build_definitions
from spotify_platform.home import live_home
from spotify_platform.publish import pending_dates
from spotify_platform.settings import read_snowflake_settings

from ...conftest import Platform
from .account import Account


@pytest.mark.soak
def test_a_branchs_invented_data_goes_into_a_database_of_its_own(
    account: Account, platform_of: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = account.rows("show storage integrations"), account.lake.keys("")
    bucket = urlparse(account.lake.url).netloc
    monkeypatch.setenv("SPOTIFY_PLATFORM_BRANCHES_URL", f"s3://{bucket}/branches")
    monkeypatch.setenv("DAGSTER_CLOUD_IS_BRANCH_DEPLOYMENT", "1")
    monkeypatch.setenv("DAGSTER_CLOUD_GIT_BRANCH", "feature")
    monkeypatch.delenv("SPOTIFY_PLATFORM_SNOWFLAKE_AWS_ROLE_ARN")
    platform_of.ok("warehouse", "apply")
    assert "✗" not in platform_of.ok("doctor")

    yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    run = build_definitions().resolve_job_def("daily").execute_in_process(partition_key=yesterday)

    assert run.success
    database = read_snowflake_settings().database
    assert database.startswith("SPOTIFY_BRANCH_FEATURE_")
    ((tracks,),) = account.rows(f"select count(*) from {database}.marts.fct_track_daily")
    assert tracks > 0
    assert account.rows("select count(*) from SPOTIFY.ops.published") == [(0,)]
    assert (account.rows("show storage integrations"), account.lake.keys("")) == before
    assert pending_dates(live_home().lake()) == []  # it is known where the build was made: nothing is asked for again
