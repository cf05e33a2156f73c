"""The demo, as a newcomer meets it: run it, run it again, kill it and run it again."""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from spotify_platform.contracts.curated import CURATED
from spotify_platform.contracts.marts import MARTS
from spotify_platform.lake.captures import captures_by_date, read_manifest
from spotify_platform.lake.publishing import heads
from spotify_platform_tests.conftest import Platform

DAYS = 4
TABLES = [f"curated.{table.name}" for table in CURATED] + [f"marts.{table.name}" for table in MARTS]

# Runs the command line until the chosen call of the chosen function, and kills the process there: SIGKILL, no clean-up.
KILLER = """
import importlib, os, signal, sys
module, _, name = sys.argv[1].rpartition(".")
calls, home = int(sys.argv[2]), importlib.import_module(module) if not module.endswith("Lake") else None
owner = home or importlib.import_module(module.rpartition(".")[0]).Lake
original, count = getattr(owner, name), 0
def until(*args, **kwargs):
    global count
    count += 1
    if count == calls:
        os.kill(os.getpid(), signal.SIGKILL)
    return original(*args, **kwargs)
setattr(owner, name, until)
from spotify_platform.cli import app
sys.argv = ["spotify-platform", *sys.argv[3:]]
app()
"""
PUT = "spotify_platform.lake.store.Lake.put"
CREATE = "spotify_platform.lake.store.Lake.create"
RECONCILE = "spotify_platform.load.duckdb._reconcile"
MART_FILE = "spotify_platform.marts.build.sha256"  # of each file of a mart, before it is seen


State = dict[str, list[tuple[Any, ...]]]


def state(platform: Platform) -> State:
    """Every row of every table, all columns."""
    return platform.tables(*TABLES)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> State:
    """What the demo comes to when nobody disturbs it."""
    with pytest.MonkeyPatch.context() as patch:
        root = tmp_path_factory.mktemp("undisturbed")
        patch.setenv("SPOTIFY_PLATFORM_HOME", str(root))
        platform = Platform(root)
        platform.ok("demo", "--days", str(DAYS))
        return state(platform)


def test_the_demo_answers_who_trends_and_what_to_type_next(platform: Platform) -> None:
    said = platform.ok("demo", "--days", "9")
    assert "Trending artists, GLOBAL" in said
    assert "losing most" in said
    assert "make dev" in said and "spotify-platform query" in said
    assert str(platform.demo.path) in said


def test_a_day_of_the_demo_takes_at_most_80_requests(platform: Platform) -> None:
    platform.ok("demo", "--days", "1")
    lake = platform.demo.lake()
    for day, captures in captures_by_date(lake).items():
        requests = sum(sum(read_manifest(lake, day, capture).requests.values()) for capture in captures)
        assert 0 < requests <= 80


def test_running_the_demo_twice_changes_nothing(platform: Platform, undisturbed: State) -> None:
    platform.ok("demo", "--days", str(DAYS))
    before = heads(platform.demo.lake())
    platform.ok("demo", "--days", str(DAYS))
    assert heads(platform.demo.lake()) == before
    assert state(platform) == undisturbed


@pytest.mark.soak
def test_another_catalogue_is_refused_in_the_same_home(platform: Platform) -> None:
    platform.ok("demo", "--days", "1")
    answer = platform.cli("demo", "--days", "1", "--seed", "8")
    assert answer.code == 1
    assert "seed 7" in answer.err and "SPOTIFY_PLATFORM_HOME" in answer.err


def _points() -> list[tuple[str, str, int]]:
    """Five places to kill it at, the exact call drawn from a seed; CI takes the last."""
    draw = random.Random(20261123)
    return [
        ("while capturing", PUT, draw.randint(DAYS + 2, 4 * DAYS)),
        ("between two commits of captures", CREATE, DAYS + 1 + draw.randint(1, DAYS)),
        ("while publishing, between files and record", CREATE, 2 * DAYS + 1 + draw.randint(1, DAYS)),
        ("while loading, in the transaction", RECONCILE, 1),
        ("while building the marts", MART_FILE, draw.randint(1, 3)),
    ]


@pytest.mark.parametrize(
    ("place", "function", "calls"),
    [pytest.param(*point, id=point[0], marks=[pytest.mark.soak] * (n < 4)) for n, point in enumerate(_points())],
)
def test_killed_and_run_again_it_ends_in_the_same_tables(
    platform: Platform, undisturbed: State, place: str, function: str, calls: int
) -> None:
    words = [sys.executable, "-c", KILLER, function, str(calls), "demo", "--days", str(DAYS)]
    killed = subprocess.run(words, env=os.environ | {"SPOTIFY_PLATFORM_HOME": str(platform.root)}, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    platform.ok("demo", "--days", str(DAYS))
    assert state(platform) == undisturbed


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(25))
def test_killed_anywhere_twice_it_ends_in_the_same_tables(platform: Platform, undisturbed: State, seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(2):
        # A demo of four days puts 60 objects and creates 14: some draws lie behind the last call of the second run.
        function, last = draw.choice([(PUT, 60), (CREATE, 14), (RECONCILE, 1), (MART_FILE, 3)])
        words = [sys.executable, "-c", KILLER, function, str(draw.randint(1, last)), "demo", "--days", str(DAYS)]
        environment = os.environ | {"SPOTIFY_PLATFORM_HOME": str(platform.root)}
        killed = subprocess.run(words, env=environment, capture_output=True)
        assert killed.returncode in (-signal.SIGKILL, 0), killed.stderr.decode()
    platform.ok("demo", "--days", str(DAYS))
    assert state(platform) == undisturbed


@pytest.mark.soak
def test_a_killed_run_reads_as_failed_in_the_history_afterwards(platform: Platform) -> None:
    import dagster as dg

    from spotify_platform.automation.instance import open_instance

    words = [sys.executable, "-c", KILLER, RECONCILE, "1", "demo", "--days", "1"]
    subprocess.run(words, env=os.environ | {"SPOTIFY_PLATFORM_HOME": str(platform.root)}, capture_output=True)
    platform.ok("demo", "--days", "1")
    with open_instance(platform.demo) as instance:
        statuses = [run.status for run in instance.get_runs()]
    assert sorted(status.value for status in statuses) == ["FAILURE", "SUCCESS"]
    assert dg.DagsterRunStatus.STARTED not in statuses


def test_the_state_lies_in_the_home_and_nowhere_else(platform: Platform, tmp_path: Path) -> None:
    platform.ok("demo", "--days", "1")
    assert {path.name for path in platform.root.iterdir()} == {"demo", "dagster"}
    assert {path.name for path in tmp_path.iterdir()} == {"platform"}
    assert json.loads((platform.demo.path / "lake" / "_lake.json").read_text())["origin"] == "sandbox"
