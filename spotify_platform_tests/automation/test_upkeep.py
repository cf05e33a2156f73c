"""The daily check that nothing was left behind, and how fresh tables have to be."""

from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pytest

from spotify_platform.definitions import build_definitions
from spotify_platform.lake import Lake
from spotify_platform.publish import publish_dates

from .helpers import Jobs, capture

DAY = date(2026, 11, 1)


@pytest.fixture
def jobs(lake: Lake, tmp_path: Path) -> Jobs:
    return Jobs(lake, tmp_path)


def no_date_is_left(jobs: Jobs) -> dg.AssetCheckEvaluation:
    """What the daily check says."""
    with dg.DagsterInstance.ephemeral() as instance:
        (evaluation,) = jobs.run("daily_check", instance).get_asset_check_evaluations()
    assert evaluation.asset_key.to_user_string() == "marts/coverage"
    assert evaluation.check_name == "no_date_is_left"
    return evaluation


def dates(evaluation: dg.AssetCheckEvaluation) -> dict[str, str]:
    """The dates that an evaluation names, with why."""
    return dict(evaluation.metadata["dates"].value)  # type: ignore[arg-type]


def test_nothing_is_left_of_an_empty_lake(jobs: Jobs) -> None:
    assert no_date_is_left(jobs).passed


def test_nothing_is_left_when_all_is_published(lake: Lake, jobs: Jobs) -> None:
    capture(lake, DAY)
    capture(lake, DAY + timedelta(days=4))
    jobs.publish(DAY, DAY + timedelta(days=4))
    evaluation = no_date_is_left(jobs)
    assert evaluation.passed and dates(evaluation) == {}


def test_withheld_and_unpublished_dates_are_named_with_why(lake: Lake, jobs: Jobs) -> None:
    good, withheld, waiting = (DAY + timedelta(days=number) for number in range(3))
    capture(lake, good)
    capture(lake, withheld, popularity=150)
    jobs.publish(good, withheld)
    capture(lake, waiting)
    evaluation = no_date_is_left(jobs)
    assert not evaluation.passed
    assert evaluation.severity == dg.AssetCheckSeverity.ERROR
    assert list(dates(evaluation)) == ["2026-11-02", "2026-11-03"]
    assert "popularity is between 0 and 100" in dates(evaluation)["2026-11-02"]
    assert "not published yet" in dates(evaluation)["2026-11-03"]


def test_a_late_capture_that_is_withheld_is_left_though_readers_see_an_older_one(lake: Lake, jobs: Jobs) -> None:
    capture(lake, DAY)
    publish_dates(lake, [DAY])
    capture(lake, DAY, "late", popularity=150)
    publish_dates(lake, [DAY])
    assert list(dates(no_date_is_left(jobs))) == ["2026-11-01"]


def test_what_is_put_right_is_left_no_longer(lake: Lake, jobs: Jobs) -> None:
    capture(lake, DAY)
    assert not no_date_is_left(jobs).passed
    jobs.publish(DAY)
    assert no_date_is_left(jobs).passed


@pytest.mark.parametrize("zone", ["curated", "marts"])
def test_a_day_and_a_half_without_news_of_a_table_is_an_alarm(zone: str) -> None:
    graph = build_definitions().resolve_asset_graph()
    policies = {key: graph.get(key).freshness_policy for key in graph.get_all_asset_keys() if key.path[0] == zone}
    wanted = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=36), warn_window=timedelta(hours=30))
    assert policies
    assert {key for key, policy in policies.items() if policy != wanted} == set()
