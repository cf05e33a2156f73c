"""How a run over many dates reads in Dagster: exactly the published dates are materialised, the others failed."""

from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest
from dagster._core.storage.partition_status_cache import get_and_update_asset_status_cache_value

from spotify_platform.assets.partitions import DAYS
from spotify_platform.definitions import build_definitions
from spotify_platform.lake import Lake
from spotify_platform.lake.captures import CaptureWriter
from spotify_platform.resources.platform import LakeResource, WarehouseResource

FIRST = date(2026, 11, 1)
POISONED, GAP = 2, 4  # days after the first


def capture(lake: Lake, day: date, popularity: int = 50) -> None:
    """One artist and one chart entry, as two captures: Spotify's and an imported file."""
    moment = datetime.combine(day, datetime.min.time(), UTC)
    spotify = CaptureWriter(lake, f"{day:%Y%m%d}-spotify", day, moment)
    artist = {"id": "A", "name": "Ä", "popularity": popularity, "followers": {"total": 3}, "genres": ["pop"]}
    spotify.add("artists", artist, endpoint="/v1/artists", captured_at=moment)
    spotify.commit(source="spotify")
    charts = CaptureWriter(lake, f"{day:%Y%m%d}-charts", day, moment)
    row = {"rank": "1", "uri": "spotify:track:T", "artist_names": "Ä", "track_name": "t", "streams": "7"}
    charts.add("chart_entries", row, endpoint="charts", captured_at=moment, market="US")
    charts.commit(source="import")


@pytest.fixture
def range_run(lake: Lake, tmp_path):
    """A function that runs the publish job over six days, one of them poisoned and one never captured."""
    for offset in range(6):
        if offset != GAP:
            capture(lake, FIRST + timedelta(days=offset), popularity=150 if offset == POISONED else 50)
    warehouse = WarehouseResource(path=str(tmp_path / "warehouse.duckdb"))
    definitions = build_definitions(lake=LakeResource(url=lake.url), warehouse=warehouse)

    def run(instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
        return definitions.resolve_job_def("publish").execute_in_process(
            instance=instance,
            tags={
                "dagster/asset_partition_range_start": FIRST.isoformat(),
                "dagster/asset_partition_range_end": (FIRST + timedelta(days=5)).isoformat(),
            },
            raise_on_error=False,
        )

    return run


def days(partitions) -> list[int]:
    """Partition keys as days after the first."""
    return sorted((date.fromisoformat(key) - FIRST).days for key in partitions)


@pytest.mark.parametrize("zone", ["curated", "warehouse"])
def test_exactly_the_published_dates_read_as_materialised(range_run, zone: str) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        result = range_run(instance)
        key = dg.AssetKey([zone, "artists"])
        status = get_and_update_asset_status_cache_value(instance, key, DAYS)
        assert not result.success
        assert days(instance.get_materialized_partitions(key)) == [0, 1, 3, 5]
        assert days(status.deserialize_failed_partition_subsets(DAYS).get_partition_keys()) == [POISONED, GAP]


def test_the_failure_says_which_dates_and_why(range_run) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        (failure,) = [event for event in range_run(instance).all_events if event.is_step_failure]
    reasons = failure.step_failure_data.user_failure_data.metadata["dates"].value
    assert "popularity is between 0 and 100" in str(reasons["2026-11-03"])
    assert "Spotify serves only the present" in str(reasons["2026-11-05"])


def test_the_other_dates_reach_the_marts(range_run) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        range_run(instance)
        event = instance.get_latest_materialization_event(dg.AssetKey(["marts", "chart_movement"]))
    metadata = event.asset_materialization.metadata
    assert metadata["dagster/row_count"].value == 4
    assert metadata["preview"].value.startswith("2026-11-06, US: 1 of 1 rows\n")


def test_each_partition_has_its_own_row_count(range_run) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        range_run(instance)
        records = instance.fetch_materializations(dg.AssetKey(["curated", "chart_entries"]), limit=10).records
    counts = {r.partition_key: r.asset_materialization.metadata["dagster/partition_row_count"].value for r in records}
    assert set(counts.values()) == {1}
    assert len(counts) == 4


def test_the_audit_check_fails_for_the_poisoned_table_only(range_run) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        evaluations = range_run(instance).get_asset_check_evaluations()
    failed = [evaluation.asset_key.path[1] for evaluation in evaluations if not evaluation.passed]
    assert failed == ["artists", "coverage"]  # and the marts say that a date is left
    assert len(evaluations) == 10


def test_captures_made_elsewhere_show_on_the_raw_assets(range_run) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        range_run(instance)
        assert days(instance.get_materialized_partitions(dg.AssetKey(["raw", "chart_entries"]))) == [0, 1, 3, 5]
        assert days(instance.get_materialized_partitions(dg.AssetKey(["raw", "artists"]))) == [0, 1, 3, 5]


def test_running_again_stamps_nothing_new_on_good_dates(lake: Lake, range_run, tmp_path) -> None:
    capture_key = dg.AssetKey(["curated", "artists"])
    good = build_definitions(
        lake=LakeResource(url=lake.url), warehouse=WarehouseResource(path=str(tmp_path / "warehouse.duckdb"))
    )
    tags = {
        "dagster/asset_partition_range_start": "2026-11-01",
        "dagster/asset_partition_range_end": "2026-11-02",
    }
    with dg.DagsterInstance.ephemeral() as instance:
        job = good.resolve_job_def("publish")
        assert job.execute_in_process(instance=instance, tags=tags).success
        before = len(instance.fetch_materializations(capture_key, limit=100).records)
        assert job.execute_in_process(instance=instance, tags=tags).success
        assert len(instance.fetch_materializations(capture_key, limit=100).records) == before == 2


def test_a_run_of_the_curated_assets_alone_fails_there_for_the_same_dates(lake: Lake) -> None:
    capture(lake, FIRST)
    capture(lake, FIRST + timedelta(days=1), popularity=150)
    definitions = build_definitions(lake=LakeResource(url=lake.url))
    tags = {
        "dagster/asset_partition_range_start": "2026-11-01",
        "dagster/asset_partition_range_end": "2026-11-02",
    }
    curated = [key for key in definitions.resolve_asset_graph().get_all_asset_keys() if key.path[0] == "curated"]
    with dg.DagsterInstance.ephemeral() as instance:
        job = definitions.resolve_implicit_global_asset_job_def()
        result = job.execute_in_process(instance=instance, tags=tags, asset_selection=curated, raise_on_error=False)
        (failure,) = [event for event in result.all_events if event.is_step_failure]
        assert failure.step_key == "curate"
        assert days(instance.get_materialized_partitions(dg.AssetKey(["curated", "tracks"]))) == [0]


def test_a_backfill_of_dagsters_sees_each_of_its_days_materialised_though_nothing_changed(lake: Lake) -> None:
    """It counts what its own runs materialised, and a day that it misses ends it as failed."""
    for offset in range(2):
        capture(lake, FIRST + timedelta(days=offset))
    definitions = build_definitions(lake=LakeResource(url=lake.url))
    curated = [key for key in definitions.resolve_asset_graph().get_all_asset_keys() if key.path[0] == "curated"]
    job = definitions.resolve_implicit_global_asset_job_def()
    tags = {
        "dagster/asset_partition_range_start": "2026-11-01",
        "dagster/asset_partition_range_end": "2026-11-02",
    }

    def materialised(instance: dg.DagsterInstance, **more: str) -> list[int]:
        """The days of which a run says that it materialised the tracks."""
        run = job.execute_in_process(instance=instance, tags=tags | more, asset_selection=curated)
        events = run.asset_materializations_for_node("curate")
        of_tracks = [event for event in events if event.asset_key == dg.AssetKey(["curated", "tracks"])]
        return days(event.partition for event in of_tracks if event.partition)

    with dg.DagsterInstance.ephemeral() as instance:
        assert materialised(instance) == [0, 1]
        assert materialised(instance) == []
        assert materialised(instance, **{"dagster/backfill": "abc"}) == [0, 1]
