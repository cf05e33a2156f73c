"""Platforms that people may look at: a month of the demo, its first day, development mode, and nothing."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from filelock import FileLock

from spotify_platform.extract.account import DEVELOPMENT
from spotify_platform.load.reader import Snapshot
from spotify_platform.sandbox import Behaviour, serve
from spotify_platform_tests.conftest import Platform

DAYS = 36  # enough for the 35 days of a trend, and for genres and markets to have something to say


@contextmanager
def platform_at(root: Path) -> Iterator[Platform]:
    """The platform in a folder, while the block lasts."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("SPOTIPY_CLIENT_ID", "SPOTIPY_CLIENT_SECRET", "DAGSTER_HOME", "SPOTIFY_PLATFORM_LAKE_URL"):
            patch.delenv(name, raising=False)
        patch.setenv("SPOTIFY_PLATFORM_HOME", str(root))
        yield Platform(root)


def shared(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A platform that all of the tests' processes share: the first one makes it."""
    base = factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    root, made = base / name, base / f"{name}.made"
    with FileLock(base / f"{name}.lock"):
        if not made.exists():
            make(root)
            made.touch()
    return root


def _demo(days: int, *more: str) -> Callable[[Path], None]:
    def make(root: Path) -> None:
        with platform_at(root) as platform:
            platform.ok("demo", "--days", str(days))
            for command in more:
                platform.ok(command)

    return make


def _development(root: Path) -> None:
    limited = partial(serve, behaviour=Behaviour(mode="development"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("spotify_platform.extract.account.EXTENDED", DEVELOPMENT)
        patch.setattr("spotify_platform.sandbox.serve", limited)
        _demo(2)(root)


@pytest.fixture(scope="session")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo of five weeks, with its costs; of the others nobody has reckoned any."""
    return shared(tmp_path_factory, "dashboard-month", _demo(DAYS, "cost"))


@pytest.fixture(scope="session")
def one_day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo of one day: nothing can be compared."""
    return shared(tmp_path_factory, "dashboard-day", _demo(1))


@pytest.fixture(scope="session")
def development(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days as development mode serves them: no popularity, no followers, no genres."""
    return shared(tmp_path_factory, "dashboard-development", _development)


@pytest.fixture(scope="session")
def nothing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A platform in which nothing was captured."""
    return tmp_path_factory.mktemp("nothing")


@pytest.fixture(params=["month", "one_day", "development", "nothing"])
def root(request: pytest.FixtureRequest) -> Path:
    """Each of the platforms."""
    path: Path = request.getfixturevalue(request.param)
    return path


@pytest.fixture
def snapshot(month: Path) -> Iterator[Snapshot]:
    """What the month's marts say."""
    with platform_at(month) as platform:
        opened = Snapshot(platform.home.lake())
        yield opened
        opened.close()
