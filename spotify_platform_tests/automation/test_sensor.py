"""The raw-zone sensor over several ticks: what it asks for, and that it stops asking."""

import json
import logging
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache

import dagster as dg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spotify_platform.automation.sensor import OVERLAP, raw_zone, stretch_request
from spotify_platform.lake import Lake, keys
from spotify_platform.resources.platform import LakeResource

from ..s3 import new_bucket, serving
from .helpers import FIRST, LAST, capture, under_way

DAY = date(2026, 11, 1)
MORNING = datetime(2026, 11, 23, 5, tzinfo=UTC)


def committed(lake: Lake, day: date, name: str, at: datetime) -> None:
    """The wake-up of a capture that was committed at a moment; the sensor looks at nothing else."""
    lake.put(keys.log_entry(at, day, name), b"")


@cache
def no_runs() -> dg.DagsterInstance:
    """One without runs for all ticks: one a tick would be most of a test's time."""
    return dg.DagsterInstance.ephemeral()


class Ticks:
    """The daemon's part: it keeps the cursor, and does not ask twice for a run key."""

    def __init__(self, lake: Lake, instance: dg.DagsterInstance | None = None) -> None:
        self.lake = lake
        self.instance = instance or no_runs()
        self.cursor: str | None = None
        self.requests: list[dg.RunRequest] = []  # of the last tick, new or not
        self.asked: set[str | None] = set()

    def tick(self) -> list[tuple[str, str]]:
        """The new stretches that one tick asks for."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(LakeResource, "open", lambda _: self.lake)  # a memory:// lake is there for who made it only
            context = dg.build_sensor_context(instance=self.instance, cursor=self.cursor)
            result = raw_zone(context, lake=LakeResource(url=self.lake.url))
        if isinstance(result, dg.SkipReason):
            self.requests = []
            return []
        assert isinstance(result, dg.SensorResult)
        self.cursor = result.cursor or self.cursor
        self.requests = list(result.run_requests or [])
        new = [request for request in self.requests if request.run_key not in self.asked]
        self.asked |= {request.run_key for request in new}
        return [(request.tags[FIRST], request.tags[LAST]) for request in new]


@pytest.fixture
def ticks(lake: Lake) -> Ticks:
    return Ticks(lake)


@pytest.fixture(scope="module")
def s3() -> Iterator[list[str]]:
    """S3 on the loopback interface; the requests that it got."""
    requests: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: requests.append(record.getMessage())  # type: ignore[method-assign]
    log = logging.getLogger("werkzeug")
    log.addHandler(handler)
    log.propagate = False
    with serving():
        yield requests
    log.removeHandler(handler)
    log.propagate = True


@pytest.fixture
def bucket(s3: list[str]) -> Lake:
    """An empty lake in a bucket of its own."""
    name = new_bucket()
    return Lake(f"s3://{name}/platform")


@pytest.fixture(params=["file", "memory", "s3"])
def any_lake(request: pytest.FixtureRequest, lake: Lake) -> Lake:
    """An empty lake of each kind."""
    if request.param == "s3":
        return request.getfixturevalue("bucket")
    return Lake("memory://") if request.param == "memory" else lake


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
    """The first tick, one that finds something new, and one that finds nothing."""
    capture(lake, DAY)
    calls: list[str] = []
    for verb in ("get", "get_all", "keys", "ages", "exists", "folders"):
        original = getattr(Lake, verb)

        def counted(*args, verb=verb, original=original, **kwargs):
            calls.append(verb)
            return original(*args, **kwargs)

        monkeypatch.setattr(Lake, verb, counted)
    assert ticks.tick()
    assert calls == ["keys"]
    committed(lake, DAY + timedelta(days=4), "c2", datetime.now(UTC))
    assert ticks.tick()
    assert calls == ["keys"] * 2
    assert ticks.tick() == []
    assert calls == ["keys"] * 3


def test_on_s3_a_tick_is_one_request(bucket: Lake, s3: list[str]) -> None:
    ticks = Ticks(bucket)
    for number in range(30):
        committed(bucket, DAY + timedelta(days=number), "c", MORNING + timedelta(hours=number))
    for wanted in ([("2026-11-01", "2026-11-30")], [], []):
        s3.clear()
        assert ticks.tick() == wanted
        (request,) = s3
        assert "list-type=2" in request


def test_sixty_isolated_dates_are_asked_for_in_three_ticks(lake: Lake, ticks: Ticks) -> None:
    days = [(DAY - timedelta(days=2 * number)).isoformat() for number in range(60)]
    for number, day in enumerate(days):
        committed(lake, date.fromisoformat(day), "c", MORNING + timedelta(seconds=number))
    answers = [ticks.tick() for _ in range(6)]
    assert [len(answer) for answer in answers] == [25, 25, 10, 0, 0, 0]
    assert sorted(answer for tick in answers for answer in tick) == [(day, day) for day in sorted(days)]


def test_a_long_stretch_is_one_request_however_many_captures_it_holds(lake: Lake, ticks: Ticks) -> None:
    for number in range(400):
        committed(lake, date(2025, 1, 1) + timedelta(days=number % 200), f"c{number}", MORNING)
    assert ticks.tick() == [("2025-01-01", "2025-07-19")]
    assert ticks.tick() == []


@pytest.mark.parametrize("dates", [3, 2500])
def test_a_burst_within_the_overlap_is_asked_for_in_three_ticks_and_then_never_again(
    lake: Lake, ticks: Ticks, dates: int
) -> None:
    days = [date(2018, 1, 1) + timedelta(days=number % dates) for number in range(2500)]
    for number, day in enumerate(days):
        committed(lake, day, f"c{number}", MORNING + number * OVERLAP / 2600)
    asked = [stretch for _ in range(3) for stretch in ticks.tick()]
    assert set().union(*(days_between(*stretch) for stretch in asked)) == set(days)
    assert len(asked) == 3
    assert [ticks.tick() for _ in range(3)] == [[], [], []]
    committed(lake, DAY, "after the burst", MORNING + OVERLAP)
    assert ticks.tick() == [("2026-11-01", "2026-11-01")]


def days_between(first: str, last: str) -> set[date]:
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return {start + timedelta(days=number) for number in range((end - start).days + 1)}


def test_what_the_overlap_shows_again_is_not_asked_for_again(lake: Lake, ticks: Ticks) -> None:
    """A wake-up every 50 seconds for an hour: each is in sight of many ticks, and is asked for in one."""
    for number in range(72):
        committed(lake, DAY, f"c{number}", MORNING + number * timedelta(seconds=50, microseconds=number))
        assert ticks.tick() == [("2026-11-01", "2026-11-01")]
        assert ticks.tick() == []
        assert ticks.requests == []


def test_a_wake_up_at_the_very_edge_of_the_overlap_is_not_asked_for_again(lake: Lake, ticks: Ticks) -> None:
    for number in range(8):
        committed(lake, DAY, f"c{number}", MORNING)
    assert ticks.tick() == [("2026-11-01", "2026-11-01")]
    committed(lake, DAY + timedelta(days=9), "c", MORNING + OVERLAP)
    assert ticks.tick() == [("2026-11-10", "2026-11-10")]
    assert ticks.tick() == []
    assert ticks.requests == []


@pytest.mark.parametrize("behind", [timedelta(microseconds=1), timedelta(minutes=1), OVERLAP], ids=str)
def test_a_slow_writer_is_found_as_long_as_it_is_within_the_overlap(
    lake: Lake, ticks: Ticks, behind: timedelta
) -> None:
    committed(lake, DAY, "quick", MORNING)
    ticks.tick()
    committed(lake, DAY + timedelta(days=9), "slow", MORNING - behind)
    assert ticks.tick() == [("2026-11-10", "2026-11-10")]
    assert ticks.tick() == []


def test_a_run_key_names_stretch_captures_and_attempt(lake: Lake, ticks: Ticks) -> None:
    committed(lake, DAY, "c1", MORNING)
    committed(lake, DAY + timedelta(days=1), "c1", MORNING)
    ticks.tick()
    (request,) = ticks.requests
    assert re.fullmatch(r"2026-11-01\.\.2026-11-02 [0-9a-f]{16} 1", request.run_key or "")


def test_a_run_key_is_the_same_whatever_the_order_and_another_for_other_captures_or_another_attempt() -> None:
    keys_of = [
        stretch_request([DAY], {DAY: captures}, attempt).run_key
        for captures, attempt in [(["a", "b"], 1), (["b", "a"], 1), (["a", "b", "c"], 1), (["a", "b"], 2)]
    ]
    assert keys_of[0] == keys_of[1]
    assert len(set(keys_of)) == 3


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def run_of(first: date, days: int) -> dict[str, str]:
    """The tags of a run that this sensor has asked for."""
    last = first + timedelta(days=days - 1)
    return {FIRST: first.isoformat(), LAST: last.isoformat(), "dagster/sensor_name": "raw_zone"}


def test_what_waits_in_the_queue_already_is_not_asked_for_and_is_not_forgotten(
    lake: Lake, instance: dg.DagsterInstance
) -> None:
    """Captures rain faster than runs end: the run that waits sees all of them when it begins."""
    ticks = Ticks(lake, instance)
    under_way(instance, run_of(DAY, days=3), dg.DagsterRunStatus.QUEUED)
    committed(lake, DAY, "c1", MORNING)
    committed(lake, DAY + timedelta(days=1), "c1", MORNING)
    assert ticks.tick() == []
    (queued,) = instance.get_runs()
    instance.delete_run(queued.run_id)  # it has ended
    assert ticks.tick() == []  # and has seen them
    committed(lake, DAY, "c2", MORNING + timedelta(minutes=1))
    assert ticks.tick() == [("2026-11-01", "2026-11-01")]


def test_a_stretch_of_which_one_date_does_not_wait_is_asked_for(lake: Lake, instance: dg.DagsterInstance) -> None:
    under_way(instance, run_of(DAY, days=2), dg.DagsterRunStatus.QUEUED)
    for offset in (0, 1, 2, 7):
        committed(lake, DAY + timedelta(days=offset), "c", MORNING)
    assert Ticks(lake, instance).tick() == [("2026-11-01", "2026-11-03"), ("2026-11-08", "2026-11-08")]


@pytest.mark.parametrize("status", [status for status in dg.DagsterRunStatus if status.value != "QUEUED"])
def test_a_run_that_is_not_in_the_queue_may_have_looked_already(
    lake: Lake, instance: dg.DagsterInstance, status: dg.DagsterRunStatus
) -> None:
    under_way(instance, run_of(DAY, days=1), status)
    committed(lake, DAY, "c", MORNING)
    assert Ticks(lake, instance).tick() == [("2026-11-01", "2026-11-01")]


@pytest.mark.parametrize(
    ("tags", "job", "retry_of"),
    [
        (run_of(DAY, days=1), "publish", "the-run-that-failed"),  # it may go on behind the step that looks
        ({FIRST: f"{DAY}", LAST: f"{DAY}"}, "publish", None),  # somebody's own, of some of the assets, say
        (run_of(DAY, days=1), "daily", None),  # its capture may fail, and then nothing is published
    ],
)
def test_a_queued_run_that_may_not_look_at_the_captures_does_not_count(
    lake: Lake, instance: dg.DagsterInstance, tags: dict[str, str], job: str, retry_of: str | None
) -> None:
    under_way(instance, tags, dg.DagsterRunStatus.QUEUED, job, retry_of)
    committed(lake, DAY, "c", MORNING)
    assert Ticks(lake, instance).tick() == [("2026-11-01", "2026-11-01")]


def test_the_sensor_does_the_same_on_every_kind_of_lake(any_lake: Lake) -> None:
    ticks = Ticks(any_lake)
    assert ticks.tick() == []
    for number in (0, 1, 4):
        committed(any_lake, DAY + timedelta(days=number), "c1", MORNING + timedelta(minutes=number))
    assert ticks.tick() == [("2026-11-01", "2026-11-02"), ("2026-11-05", "2026-11-05")]
    assert ticks.tick() == []
    committed(any_lake, DAY, "late", MORNING + timedelta(hours=1))
    committed(any_lake, DAY + timedelta(days=7), "slow", MORNING + timedelta(minutes=50))
    assert ticks.tick() == [("2026-11-01", "2026-11-01"), ("2026-11-08", "2026-11-08")]
    assert [ticks.tick() for _ in range(3)] == [[], [], []]


# Minutes after the newest wake-up so far, behind it as far as the overlap reaches; a date; whether a tick comes next.
_ARRIVALS = st.lists(st.tuples(st.integers(-15, 30), st.integers(0, 90), st.booleans()), min_size=1, max_size=40)


@settings(max_examples=40, deadline=None)
@given(_ARRIVALS)
def test_in_whatever_order_captures_arrive_each_is_asked_for_and_nothing_else(
    arrivals: list[tuple[int, int, bool]],
) -> None:
    lake = Lake("memory://")
    ticks = Ticks(lake)
    newest = MORNING
    waiting: list[tuple[date, str]] = []
    dates: set[date] = set()
    asked: set[date] = set()

    def tick() -> bool:
        stretches = ticks.tick()
        assert len(stretches) == len(ticks.requests) <= 25  # no key comes twice
        covered = set().union(*(days_between(*stretch) for stretch in stretches))
        asked.update(covered)
        waiting[:] = [(day, name) for day, name in waiting if day not in covered]
        return bool(stretches)

    for number, (minutes, offset, ticks_now) in enumerate(arrivals):
        at, day = newest + timedelta(minutes=minutes), DAY + timedelta(days=offset)
        newest = max(at, newest)
        committed(lake, day, f"c{number}", at)
        waiting.append((day, f"c{number}"))
        dates.add(day)
        if ticks_now:
            tick()
    for _ in range(len(arrivals)):
        if not tick():
            break
    assert waiting == []
    assert asked == dates
    assert [tick() for _ in range(3)] == [False, False, False]
