"""A branch deployment of Dagster+ has places and names of its own, and can never write to production's."""

import os
import posixpath
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote, urlparse

import boto3
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spotify_platform.branch import Branch
from spotify_platform.contracts.errors import InputError
from spotify_platform.home import active_home, demo_home, live_home
from spotify_platform.lake.origin import origin_of
from spotify_platform.load.snowflake.names import Names
from spotify_platform.resources.snowflake import target_of
from spotify_platform.settings import read_settings, read_snowflake_settings, warehouse_name
from spotify_platform_tests import s3

PRODUCTION = {"SPOTIFY_PLATFORM_LAKE_URL": "s3://bucket/lake", "SPOTIFY_PLATFORM_BRANCHES_URL": "s3://bucket/branches"}


def of(branch: str) -> dict[str, str]:
    """What Dagster+ sets on a branch deployment."""
    return {"DAGSTER_CLOUD_IS_BRANCH_DEPLOYMENT": "1", "DAGSTER_CLOUD_GIT_BRANCH": branch}


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """These settings and no others."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("SPOTIFY_", "SPOTIPY_", "DAGSTER_"))]:
            patch.delenv(name)
        for name, value in variables.items():
            patch.setenv(name, value)
        yield


NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=60)
# Addresses near each other, in every spelling that might mean the same place.
PARTS = st.sampled_from(["lake", "branches", "feature-1", "..", ".", "", "%6cake", "%2e%2e", "lake ", "LAKE", "a b"])
ADDRESSES = st.one_of(
    st.sampled_from([None, "s3://bucket/lake", "s3://bucket/branches", "s3://other/", "s3://bucket/lake/branches"]),
    st.builds(
        lambda scheme, bucket, path, end: scheme + "/".join([bucket, *path]) + end,
        st.sampled_from(["s3://", "s3://", "s3://", "S3://", "file:///", "memory://"]),
        st.sampled_from(["bucket", "other", "BUCKET", "bucket:443", ""]),
        st.lists(PARTS, max_size=3),
        st.sampled_from(["", "/", "//"]),
    ),
)
DATABASES = st.one_of(
    st.sampled_from(["SPOTIFY", "spotify", "SPOTIFY_BRANCH_X"]), st.from_regex("[A-Z_][A-Z_0-9]*", fullmatch=True)
)


@settings(deadline=None)
@example("0", "s3://bucket/lake", "s3://bucket/LAKE", "SPOTIFY", "duckdb")
@given(
    branch=NAMES,
    lake=ADDRESSES,
    branches=ADDRESSES,
    database=DATABASES,
    warehouse=st.sampled_from(["duckdb", "snowflake"]),
)
def test_whatever_the_settings_nothing_of_a_branch_is_productions(branch, lake, branches, database, warehouse) -> None:
    variables = {"SPOTIFY_PLATFORM_SNOWFLAKE_DATABASE": database, "SPOTIFY_PLATFORM_WAREHOUSE": warehouse}
    variables |= {"SPOTIFY_PLATFORM_LAKE_URL": lake} if lake else {}
    variables |= {"SPOTIFY_PLATFORM_BRANCHES_URL": branches} if branches else {}
    with environment(variables):
        theirs = {live_home().lake_url, demo_home().lake_url}
        their_files = {live_home().warehouse, demo_home().warehouse}
        their_names, their_warehouse = _names_in_snowflake(), warehouse_name()
    with environment(variables | of(branch)):
        mine = _lakes_or_refused()
        if mine is None:
            return
        assert not {live_home().warehouse, demo_home().warehouse} & their_files
        assert not _names_in_snowflake() & their_names
        assert warehouse_name() == "duckdb" or warehouse_name() != their_warehouse
    for place in map(_place, mine):
        for other in map(_place, theirs):
            shorter = min(len(place), len(other))
            assert place[:shorter] != other[:shorter]


@settings(deadline=None)
@given(names=st.lists(NAMES, min_size=2, max_size=2, unique=True))
def test_no_two_branches_share_anything(names) -> None:
    found = []
    for name in names:
        with environment(PRODUCTION | of(name)):
            found.append({live_home().lake_url, str(demo_home().path), *_names_in_snowflake()})
    assert not found[0] & found[1]


@settings(deadline=None)
@given(name=NAMES)
def test_a_slug_fits_wherever_it_goes(name) -> None:
    slug = Branch(name).slug
    assert len(slug) <= 41 and set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    Names(Branch(name).database("SPOTIFY"))  # refuses what would have to be quoted


def _lakes_or_refused() -> set[str] | None:
    try:
        return {live_home().lake_url, demo_home().lake_url}
    except InputError:
        return None


def _names_in_snowflake() -> set[str]:
    names = Names(read_snowflake_settings().database)
    ours = (
        names.database,
        names.compute,
        names.monitor,
        names.integration,
        names.loader,
        names.transformer,
        names.reader,
    )
    return {name.upper() for name in ours}  # as Snowflake folds them


def _place(url: str) -> tuple[str, ...]:
    """Where an address leads, however it is spelt."""
    parsed = urlparse(url)
    path = posixpath.normpath("/" + unquote(parsed.path).strip("/"))
    return (parsed.scheme, parsed.netloc.lower(), *path.strip("/").lower().split("/"))


def test_a_branch_has_its_own_lake_database_and_home(platform) -> None:
    with environment(PRODUCTION | of("feature/New marts") | {"SPOTIFY_PLATFORM_HOME": str(platform.root)}):
        slug = "feature-new-marts-3d37f44158"
        assert live_home().lake_url == f"s3://bucket/branches/{slug}"
        assert live_home().path == platform.root / "branches" / slug / "live"
        assert read_snowflake_settings().database == "SPOTIFY_BRANCH_FEATURE_NEW_MARTS_3D37F44158"


@pytest.mark.parametrize("said", ["", "0", "false"])
def test_a_deployment_that_is_no_branch_is_as_ever(said: str) -> None:
    with environment(PRODUCTION | of("main") | {"DAGSTER_CLOUD_IS_BRANCH_DEPLOYMENT": said}):
        assert live_home().lake_url == "s3://bucket/lake"
        assert read_snowflake_settings().database == "SPOTIFY"


REFUSED = {
    "no name of the branch": ({"DAGSTER_CLOUD_GIT_BRANCH": ""}, "DAGSTER_CLOUD_GIT_BRANCH is not set"),
    "neither yes nor no": ({"DAGSTER_CLOUD_IS_BRANCH_DEPLOYMENT": "perhaps"}, "DAGSTER_CLOUD_IS_BRANCH_DEPLOYMENT: "),
    "no place for branches": ({"SPOTIFY_PLATFORM_BRANCHES_URL": ""}, "SPOTIFY_PLATFORM_BRANCHES_URL is not set"),
    "production unknown": ({"SPOTIFY_PLATFORM_LAKE_URL": ""}, "SPOTIFY_PLATFORM_LAKE_URL is not set"),
    "branches in the lake": ({"SPOTIFY_PLATFORM_BRANCHES_URL": "s3://bucket/lake/branches"}, "lie within each other"),
    "the lake is the bucket": ({"SPOTIFY_PLATFORM_LAKE_URL": "s3://bucket"}, "lie within each other"),
    "upwards": ({"SPOTIFY_PLATFORM_BRANCHES_URL": "s3://bucket/branches/../lake"}, "no plain address"),
    "another spelling": ({"SPOTIFY_PLATFORM_LAKE_URL": "s3://bucket/%62ranches"}, "no plain address"),
    "a folder": ({"SPOTIFY_PLATFORM_LAKE_URL": "file:///lake"}, "no plain address"),
    "the Glue job": ({"SPOTIFY_PLATFORM_ENGINE": "glue"}, "Set it to duckdb for branches"),
}


@pytest.mark.parametrize("mistake", REFUSED)
def test_what_could_reach_production_is_refused(mistake: str) -> None:
    changed, told = REFUSED[mistake]
    with environment(PRODUCTION | of("feature") | changed), pytest.raises(InputError, match=told):
        read_settings()


def test_a_branch_asks_spotify_nothing_and_wakes_nobody() -> None:
    secrets = {
        "SPOTIPY_CLIENT_ID": "id",
        "SPOTIPY_CLIENT_SECRET": "secret",
        "SPOTIFY_PLATFORM_WEBHOOK_URL": "https://x",
    }
    with environment(PRODUCTION | of("feature") | secrets):
        found = read_settings()
    assert not found.has_credentials
    assert (found.client_id, found.client_secret, found.webhook_url) == (None, None, None)


def test_snowflake_gets_a_branchs_files_without_aws() -> None:
    with environment(PRODUCTION | of("feature")):
        assert not target_of(read_snowflake_settings(), live_home().lake_url).has_pipes
    with environment(PRODUCTION), pytest.raises(InputError, match="AWS_ROLE_ARN"):
        target_of(read_snowflake_settings(), live_home().lake_url)


ALL_OFF = """
from spotify_platform.definitions import defs
found = [*defs.schedules, *defs.sensors]
assert len(found) > 8
print(*sorted(one.name for one in found if one.default_status.value != "STOPPED"))
"""


def test_nothing_starts_by_itself_on_a_branch(tmp_path) -> None:
    variables = os.environ | of("feature") | {"SPOTIFY_PLATFORM_HOME": str(tmp_path)}
    told = subprocess.run([sys.executable, "-c", ALL_OFF], env=variables, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == ""


@pytest.mark.soak
def test_a_branch_works_on_invented_data_in_its_own_prefix(platform) -> None:
    from spotify_platform.definitions import build_definitions

    yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    with s3.serving():
        bucket = s3.new_bucket()
        places = {
            "SPOTIFY_PLATFORM_LAKE_URL": f"s3://{bucket}/lake",
            "SPOTIFY_PLATFORM_BRANCHES_URL": f"s3://{bucket}/b",
        }
        with environment(places | of("feature") | {"SPOTIFY_PLATFORM_HOME": str(platform.root)}):
            job = build_definitions().resolve_job_def("daily")
            assert job.execute_in_process(partition_key=yesterday).success
            assert origin_of(active_home().lake()).origin == "sandbox"
            assert platform.query("select count(*) as n from marts.fct_artist_daily")[0]["n"] > 0
        found = [one["Key"] for one in boto3.client("s3").list_objects_v2(Bucket=bucket)["Contents"]]
    assert found and all(key.startswith(f"b/{Branch('feature').slug}/") for key in found)
