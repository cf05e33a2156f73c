"""Captures that Dagster did not make show on the raw assets once, when they are published."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from spotify_platform.lake import Lake

from ..automation.helpers import Jobs, capture, spotify_says
from ..lake.helpers import Item, artist, charted, track, written

DAY = date(2026, 11, 1)
TODAY = datetime.now(UTC).date()


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def jobs(lake: Lake, tmp_path: Path) -> Jobs:
    return Jobs(lake, tmp_path)


def outside(lake: Lake, capture_id: str, *items: Item, **made_by: str) -> None:
    """A committed capture of the day, made by a command or a Lambda."""
    written(lake, DAY, capture_id, items).commit(source="spotify", mode="extended", made_by=made_by)


def shown(instance: dg.DagsterInstance, entity: str) -> list[dict[str, Any]]:
    """The materialisations of a raw asset, newest first: the date, rows, and what else is told."""
    records = instance.fetch_materializations(dg.AssetKey(["raw", entity]), limit=100).records
    return [
        {"date": record.partition_key}
        | {name: entry.value for name, entry in record.asset_materialization.metadata.items()}
        for record in records
    ]


def brief(instance: dg.DagsterInstance, entity: str) -> list[tuple[Any, Any, Any]]:
    """Date, rows and captures of each materialisation, newest first."""
    return [(one["date"], one["dagster/partition_row_count"], one["captures"]) for one in shown(instance, entity)]


def test_an_outside_capture_is_shown_on_each_asset_that_it_feeds(lake: Lake, jobs: Jobs, instance) -> None:
    outside(lake, "lambda-1", artist("ann"), artist("bob"), track("t1"))
    assert jobs.publish(DAY, instance=instance).success
    assert brief(instance, "artists") == [("2026-11-01", 2, "lambda-1")]
    assert brief(instance, "tracks") == [("2026-11-01", 1, "lambda-1")]
    assert brief(instance, "albums") == []


def test_who_made_it_is_told(lake: Lake, jobs: Jobs, instance) -> None:
    outside(lake, "lambda-1", artist("ann"), command="lambda")
    jobs.publish(DAY, instance=instance)
    (one,) = shown(instance, "artists")
    assert one["made_by"] == "lambda"


def test_chart_files_that_were_imported_are_shown_on_their_asset(lake: Lake, jobs: Jobs, instance) -> None:
    lines = [charted("US", 1, "t1"), charted("US", 2, "t2")]
    written(lake, DAY, "file-1", lines).commit(source="import")
    jobs.publish(DAY, instance=instance)
    assert brief(instance, "chart_entries") == [("2026-11-01", 2, "file-1")]


def test_two_captures_of_a_date_that_came_together_are_shown_as_one_with_both_names(
    lake: Lake, jobs: Jobs, instance
) -> None:
    outside(lake, "c1", artist("ann"))
    outside(lake, "c2", artist("bob"), artist("cid"))
    jobs.publish(DAY, instance=instance)
    assert brief(instance, "artists") == [("2026-11-01", 3, "c1, c2")]


def test_of_a_second_late_capture_only_the_new_one_is_shown(lake: Lake, jobs: Jobs, instance) -> None:
    outside(lake, "c1", artist("ann"), track("t1"))
    jobs.publish(DAY, instance=instance)
    outside(lake, "c2", artist("ann"), artist("bob"))
    jobs.publish(DAY, instance=instance)
    assert brief(instance, "artists") == [("2026-11-01", 2, "c2"), ("2026-11-01", 1, "c1")]
    assert brief(instance, "tracks") == [("2026-11-01", 1, "c1")]


def test_running_again_shows_nothing_again(lake: Lake, jobs: Jobs, instance) -> None:
    outside(lake, "c1", artist("ann"))
    for _ in range(3):
        assert jobs.publish(DAY, instance=instance).success
    assert brief(instance, "artists") == [("2026-11-01", 1, "c1")]


def test_a_capture_that_was_withheld_is_shown_once_it_is_published(lake: Lake, jobs: Jobs, instance) -> None:
    (file,) = written(lake, DAY, "c1", [artist("ann")]).commit(source="spotify").files
    whole = lake.get(file.path)
    lake.put(file.path, b"damaged")
    assert not jobs.publish(DAY, instance=instance).success
    assert brief(instance, "artists") == []
    lake.put(file.path, whole)
    assert jobs.publish(DAY, instance=instance).success
    assert brief(instance, "artists") == [("2026-11-01", 1, "c1")]


def test_a_capture_that_a_run_of_dagsters_made_is_not_shown_a_second_time(lake: Lake, jobs: Jobs, instance) -> None:
    with spotify_says(lambda lake, day, made_by: capture(lake, day, "daily", made_by=made_by)):
        assert jobs.run("daily", instance, partition_key=TODAY.isoformat()).success
    assert jobs.publish(TODAY, instance=instance).success
    (one,) = shown(instance, "artists")
    assert (one["date"], one["capture"]) == (TODAY.isoformat(), "daily")


def test_beside_a_capture_of_dagsters_only_the_outside_one_is_shown(lake: Lake, jobs: Jobs, instance) -> None:
    outside(lake, "c1", artist("ann"), dagster_run_id="made-elsewhere-on-this-instance")
    outside(lake, "c2", artist("bob"))
    jobs.publish(DAY, instance=instance)
    assert brief(instance, "artists") == [("2026-11-01", 1, "c2")]
