"""Dagster's history holds the marts' first rows, and keeps them no longer than the zones keep their dates."""

from datetime import UTC, datetime, timedelta
from typing import Literal

import dagster as dg
import pytest

from spotify_platform.automation.history import forget
from spotify_platform.automation.instance import open_instance
from spotify_platform.lake.origin import claim
from spotify_platform.purge import Retention
from spotify_platform_tests.conftest import Platform

NOW = datetime.now(UTC)


@dg.asset
def mart() -> dg.MaterializeResult:
    """An asset that shows a row."""
    return dg.MaterializeResult(metadata={"preview": dg.MetadataValue.md("|a name|")})


@pytest.mark.parametrize(
    ("origin", "retention", "forgotten"),
    [
        ("spotify", Retention(raw=10, curated=30), [1, 0]),  # as seen after 31 days, and after 29
        ("spotify", Retention(raw=None, curated=30), [0, 0]),
        ("spotify", Retention(raw=30, curated=None), [0, 0]),
        ("sandbox", Retention(raw=10, curated=30), [0, 0]),
    ],
)
def test_runs_older_than_every_zone_are_forgotten(
    platform: Platform, origin: Literal["spotify", "sandbox"], retention: Retention, forgotten: list[int]
) -> None:
    lake = platform.live.lake()
    claim(lake, origin)
    with open_instance(platform.live) as instance:
        run = dg.materialize([mart], instance=instance).run_id
        found = [forget(instance, lake, retention, NOW + timedelta(days=days)) for days in (29, 31)]
        assert found == forgotten[::-1]
        assert bool(instance.get_run_by_id(run)) is not bool(forgotten[0])
        assert bool(instance.all_logs(run)) is not bool(forgotten[0])
        assert bool(instance.get_latest_materialization_event(mart.key)) is not bool(forgotten[0])
