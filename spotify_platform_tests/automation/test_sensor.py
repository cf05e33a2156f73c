"""The raw-zone sensor over several ticks: what it asks for, and that it stops asking."""

import json
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest

from spotify_platform.automation.sensor import OVERLAP, raw_zone
from spotify_platform.lake import Lake, keys
from spotify_platform.lake.captures import CaptureWriter
from spotify_platform.resources.platform import LakeResource

DAY = date(2026, 11, 1)


def capture(lake: Lake, day: date, name: str = "c1") -> None:
    """A small committed capture."""
    moment = datetime(2026, 11, 1, 5, tzinfo=UTC)
    writer = CaptureWriter(lake, name, day, moment)
    writer.add("artists", {"id": f"artist-{name}"}, endpoint="/v1/artists", captured_at=moment)
    writer.commit(source="spotify")


class Ticks:
    """The daemon's part: it keeps the cursor, and does not ask twice for a run key."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self.cursor: str | None = None
        self.asked: set[str | None] = set()

    def tick(self) -> list[tuple[str, str]]:
        """The new stretches that one tick asks for."""
        with dg.DagsterInstance.ephemeral() as instance:
            context = dg.build_sensor_context(instance=instance, cursor=self.cursor)
            result = raw_zone(context, lake=LakeResource(url=self.lake.url))
        if isinstance(result, dg.SkipReason):
            return []
        assert isinstance(result, dg.SensorResult)
        self.cursor = result.cursor or self.cursor
        new = [request for request in result.run_requests or [] if request.run_key not in self.asked]
        self.asked |= {request.run_key for request in new}
        first, last = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
        return [(request.tags[first], request.tags[last]) for request in new]


@pytest.fixture
def ticks(lake: Lake) -> Ticks:
    return Ticks(lake)


def test_an_empty_lake_asks_for_nothing(ticks: Ticks) -> None:
    assert ticks.tick() == []


def test_captures_are_asked_for_once_a_contiguous_stretch(lake: Lake, ticks: Ticks) -> None:
    for offset in (0, 1, 2, 5):
        capture(lake, DAY + timedelta(days=offset))
    assert ticks.tick() == [("2026-11-01", "2026-11-03"), ("2026-11-06", "2026-11-06")]
    assert ticks.tick() == []
    assert ticks.tick() == []


def test_a_late_capture_of_an_old_date_is_asked_for(lake: Lake, ticks: Ticks) -> None:
    capture(lake, DAY)
    ticks.tick()
    capture(lake, DAY - timedelta(days=300))
    assert ticks.tick() == [("2026-01-05", "2026-01-05")]
    assert ticks.tick() == []


def test_another_capture_of_a_date_is_asked_for(lake: Lake, ticks: Ticks) -> None:
    capture(lake, DAY)
    ticks.tick()
    capture(lake, DAY, "c2")
    assert ticks.tick() == [("2026-11-01", "2026-11-01")]
    assert ticks.tick() == []


def test_a_slow_writers_key_behind_the_cursor_is_not_lost(lake: Lake, ticks: Ticks) -> None:
    capture(lake, DAY)
    ticks.tick()
    seen = keys.log_time(json.loads(ticks.cursor or "")["seen"])
    lake.put(keys.log_entry(seen - OVERLAP / 2, DAY + timedelta(days=9), "slow"), b"")
    assert ("2026-11-10", "2026-11-10") in ticks.tick()
    assert ticks.tick() == []


def test_the_cursor_of_another_lake_is_not_trusted(lake: Lake, ticks: Ticks, tmp_path) -> None:
    capture(lake, DAY)
    ticks.tick()
    ticks.lake = Lake((tmp_path / "other").as_uri())
    capture(ticks.lake, DAY - timedelta(days=1))
    assert ticks.tick() == [("2026-10-31", "2026-10-31")]


def test_a_tick_is_one_list_and_no_get(lake: Lake, ticks: Ticks, monkeypatch: pytest.MonkeyPatch) -> None:
    capture(lake, DAY)
    calls: list[str] = []
    for verb in ("get", "keys", "exists", "folders"):
        original = getattr(Lake, verb)

        def counted(*args, verb=verb, original=original, **kwargs):
            calls.append(verb)
            return original(*args, **kwargs)

        monkeypatch.setattr(Lake, verb, counted)
    assert ticks.tick()
    assert calls == ["keys"]
