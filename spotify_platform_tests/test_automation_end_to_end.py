"""A thousand captures rain on a real `dagster dev` and its restart: every date ends in one whole batch, in the marts.

The same on S3; and beside backfills and `run`, which work on the same dates at the same time.
"""

import os
import random
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.scheduler.instigation import InstigatorTick, TickStatus
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from spotify_platform.automation.instance import open_instance
from spotify_platform.lake import Lake, keys
from spotify_platform.lake.captures import captures_by_date
from spotify_platform.lake.origin import claim
from spotify_platform.lake.publishing import PublishRecord
from spotify_platform.load.reader import open_reader
from spotify_platform.marts.build import published_marts
from spotify_platform.publish import pending_dates

from .conftest import Platform
from .lake.helpers import Item, artist, whole_batches, written
from .s3 import new_bucket, serving
from .test_dagster_dev import running, until

# Twelve days of one month, six of a year before, two that stand alone: four stretches, each of them a run.
RECENT, OLD = date(2025, 11, 1), date(2024, 11, 1)
DATES = [
    *(RECENT + timedelta(days=n) for n in range(12)),
    *(OLD + timedelta(days=n) for n in range(6)),
    date(2018, 2, 28),
    date(2020, 12, 31),
]
CAPTURES = 1_000
SEED = 7


class Rain:
    """Captures of all dates in any order. Some are committed twice, some long after their chunks were written."""

    def __init__(self, lake: Lake, captures: int = CAPTURES, seed: int = SEED) -> None:
        self.lake = lake
        self.artists: dict[date, set[str]] = defaultdict(set)
        self.captures: dict[date, set[str]] = defaultdict(set)
        chance = random.Random(seed)
        drops: list[tuple[float, Callable[[], None]]] = []
        for number in range(captures):
            day, name = DATES[number % len(DATES)], f"c{number:04}"
            items = [artist(f"{name}-{n}") for n in range(chance.randint(1, 3))]
            if chance.random() < 0.2:
                items.append(artist("in-many-captures"))
            self.captures[day].add(name)
            self.artists[day] |= {item.item["id"] for item in items}
            at = chance.random()
            if chance.random() < 0.05:
                drops.append((at, partial(self._flush, day, name, items)))
                at = chance.uniform(at, 1)
            times = [at, chance.uniform(at, 1)] if chance.random() < 0.1 else [at]
            drops += [(at, partial(self._commit, day, name, items)) for at in times]
        self._drops = [drop for _, drop in sorted(drops, key=lambda one: one[0])]

    def _flush(self, day: date, name: str, items: list[Item]) -> None:
        written(self.lake, day, name, items).flush()

    def _commit(self, day: date, name: str, items: list[Item]) -> None:
        written(self.lake, day, name, items).commit(source="import")

    @property
    def left(self) -> int:
        return len(self._drops)

    def fall(self, drops: int) -> None:
        for drop in self._drops[:drops]:
            drop()
        del self._drops[:drops]

    def fall_until(self, condition: Callable[[], Any], what: str, drops: int = 8, keep: int = 0) -> None:
        """Some drops between any two questions, until the answer is true; the last `keep` do not fall yet."""

        def answer() -> Any:
            self.fall(max(0, min(drops, self.left - keep)))
            return condition()

        until(answer, what)


class History:
    """What the daemon of a home has done."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self.instance = instance

    def runs(self, *statuses: dg.DagsterRunStatus) -> list[dg.DagsterRun]:
        return list(self.instance.get_runs(dg.RunsFilter(statuses=list(statuses))))

    def has_begun(self) -> bool:
        """Whether a run is going on."""
        return bool(self.runs(dg.DagsterRunStatus.STARTED))

    def left(self) -> set[str]:
        """The runs that go on or wait."""
        return {run.run_id for run in self.runs(*NOT_FINISHED_STATUSES)}

    def until_all_have_ended(self) -> None:
        """Wait until no run goes on or waits. The deadline is for the next one to end, however many are left."""

        def one_has_ended() -> bool:
            return not left <= self.left()

        while left := self.left():
            until(one_has_ended, "one of the runs that are left has ended")

    def ticks(self, since: float) -> list[InstigatorTick]:
        """The ticks of the raw-zone sensor since a moment that have ended, the newest first."""
        for state in self.instance.all_instigator_state():
            if state.instigator_name == "raw_zone":
                ticks = self.instance.get_ticks(state.instigator_origin_id, state.selector_id, after=since)
                return [tick for tick in ticks if tick.status != TickStatus.STARTED]
        return []

    def asks_for_nothing(self, since: float) -> bool:
        """Whether the last three ticks, all of them since a moment, asked for nothing."""
        return [tick.status for tick in self.ticks(since)[:3]] == [TickStatus.SKIPPED] * 3


@contextmanager
def dagster_dev(platform: Platform) -> Iterator[History]:
    """`dagster dev` with its daemon, and its history."""
    with running("dagster", platform), open_instance(platform.live) as instance:
        yield History(instance)


def live_lake(platform: Platform) -> Lake:
    """The lake of real data, claimed, so that the platform shows it."""
    lake = platform.live.lake()
    claim(lake, "spotify")
    return lake


def assert_every_date_is_whole(lake: Lake, rain: Rain) -> None:
    """One batch a date that names all its captures and has all their rows, once published, and in the marts."""
    captured = {day: set(names) for day, names in captures_by_date(lake).items()}
    batches = whole_batches(lake)
    assert captured == {day: set(record.captures) for day, record in batches.items()} == rain.captures
    with open_reader(lake) as connection:
        rows = connection.execute("select snapshot_date, artist_id from curated.artists order by all").fetchall()
    assert rows == sorted((day, name) for day, names in rain.artists.items() for name in names)
    build = published_marts(lake)
    assert build and build.batches == {day: record.batch_id for day, record in batches.items()}
    assert pending_dates(lake) == []
    records = lake.get_all(lake.keys(keys.PUBLISHED)).values()
    made = [(one.snapshot_date, *one.captures) for one in map(PublishRecord.model_validate_json, records)]
    assert len(made) == len(set(made)), "the same captures were published twice"


def rain_on_dagster_dev(platform: Platform) -> None:
    """Rain before `dagster dev`, while its runs go on, while it is down, and after it is back."""
    lake = live_lake(platform)
    rain = Rain(lake)
    rain.fall(CAPTURES // 4)
    keep = CAPTURES // 2  # for the time while it is down and after, however long it takes to start
    with dagster_dev(platform) as history:
        rain.fall_until(history.has_begun, "a run has begun", keep=keep)
        rain.fall_until(lambda: lake.keys(keys.PUBLISHED), "a date is published", keep=keep)
        rain.fall_until(history.has_begun, "a run is going on that the restart ends", keep=keep)
    rain.fall(CAPTURES // 10)
    assert rain.left > CAPTURES // 4
    with dagster_dev(platform) as history:
        rain.fall_until(lambda: not rain.left, "all has fallen", drops=24)
        fallen = time.time()
        until(lambda: history.asks_for_nothing(fallen), "three ticks asked for nothing")
        history.until_all_have_ended()
    assert len(lake.keys(keys.PUBLISHED)) > len(DATES), "captures came while and after their dates were published"
    assert_every_date_is_whole(lake, rain)


def test_a_thousand_captures_end_in_one_whole_batch_a_date_though_dagster_dev_restarts(platform: Platform) -> None:
    rain_on_dagster_dev(platform)


@pytest.fixture
def bucket(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    """A platform whose lake is a bucket of an S3 on the loopback interface."""
    with serving():
        monkeypatch.setenv("SPOTIFY_PLATFORM_LAKE_URL", f"s3://{new_bucket()}/platform")
        yield platform


@pytest.mark.soak
def test_a_thousand_captures_in_a_bucket_end_in_one_whole_batch_a_date_too(bucket: Platform) -> None:
    rain_on_dagster_dev(bucket)


def started(platform: Platform, *words: str) -> subprocess.Popen[str]:
    """A command of the platform in a process of its own, at work."""
    program = str(Path(sys.executable).with_name("spotify-platform"))
    environment = os.environ | {"SPOTIFY_PLATFORM_HOME": str(platform.root)}
    pipe = subprocess.PIPE
    return subprocess.Popen([program, *words], env=environment, stdout=pipe, stderr=subprocess.STDOUT, text=True)


def assert_well_ended(*commands: subprocess.Popen[str]) -> None:
    """Every command ends with exit code 0; one may wait for the warehouse meanwhile."""
    for command in commands:
        said, _ = command.communicate(timeout=180)
        assert command.returncode == 0, said


@pytest.mark.soak
def test_two_backfills_of_the_same_days_at_once_both_end_well(platform: Platform) -> None:
    lake = live_lake(platform)
    rain = Rain(lake, captures=100)
    rain.fall(rain.left)
    days = [f"{RECENT + timedelta(days=n)}" for n in range(12)]
    assert_well_ended(started(platform, "backfill", days[0], days[8]), started(platform, "backfill", days[3], days[11]))
    assert pending_dates(lake) == sorted(DATES[12:])
    assert_well_ended(started(platform, "run"), started(platform, "run"))
    with open_instance(platform.live) as instance:
        assert [run for run in History(instance).runs() if not run.is_success] == []
    assert_every_date_is_whole(lake, rain)


@pytest.mark.soak
@pytest.mark.parametrize("words", [["run"], ["backfill", f"{OLD}", f"{RECENT + timedelta(days=11)}"]])
def test_a_command_beside_the_sensors_runs_of_the_same_days_ends_well(platform: Platform, words: list[str]) -> None:
    lake = live_lake(platform)
    rain = Rain(lake, captures=200)
    rain.fall(rain.left // 2)
    with dagster_dev(platform) as history:
        until(history.has_begun, "a run has begun")
        command = started(platform, *words)
        rain.fall_until(lambda: not rain.left, "all has fallen")
        assert_well_ended(command)
        until(lambda: not pending_dates(lake) and not history.left(), "everything is in the marts")
        assert [run for run in history.runs() if not run.is_success] == []
    assert_every_date_is_whole(lake, rain)
