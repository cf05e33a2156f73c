"""Killed between any two statements of a load or a build: readers see old or new, and a plain re-run ends right.

A process ends in two ways here. Interrupted, it still tidies up: it rolls back and says goodbye. Vanished, it sends
nothing any more, and Snowflake keeps its transaction open until it notices. How many statements there are is counted
in a load that is left alone, so no test knows them; what happens within a statement is `test_faults`' business.
"""

import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

import pytest
from snowflake.connector import SnowflakeConnection

from spotify_platform.lake.publishing import PublishRecord
from spotify_platform.load.snowflake.session import Session
from spotify_platform.marts.build import published_marts

from ... import snowflake_model
from .account import DAY, NEXT, Account
from .faults import ends_right, lasting, marts, marts_are_of, publish, readers_see, rows_of, seen

ROOT = Path(__file__).resolve().parents[3]

End = Literal["interrupted", "vanished"]


@pytest.fixture(scope="module")
def account(
    model: snowflake_model.Model, made: tuple[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Account]:
    with lasting(model, made, tmp_path_factory.mktemp("kills")) as account:
        yield account


class KilledError(BaseException):
    """The end of a process: no `except Exception` holds it up."""


@contextmanager
def ending(after: int | None = None, how: End = "interrupted") -> Iterator[list[str]]:
    """The process ends inside when so many statements have run, or not at all; yields the statements that were sent."""
    sent: list[str] = []
    ended = False
    rows = Session.rows

    def counted(session: Session, sql: str) -> list[tuple[Any, ...]]:
        nonlocal ended
        if (ended and how == "vanished") or after == 0 == len(sent):
            ended = True
            raise KilledError
        sent.append(sql)
        found = rows(session, sql)
        if len(sent) == after:
            ended = True
            raise KilledError
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "rows", counted)
        if how == "vanished":
            patch.setattr(SnowflakeConnection, "close", lambda connection, *arguments, **options: None)
        yield sent


def sampled(count: int, every: int, seed: str) -> list[int]:
    """Of the places between statements, from before the first (0) to after the last, each so-manieth.

    The one before the last statement, which decides, is always among them.
    """
    return sorted({*range(random.Random(seed).randrange(every), count + 1, every), count - 1})


@dataclass(frozen=True)
class Dates:
    """Two dates with the batches that readers see, and newer ones that are published."""

    account: Account
    old: dict[date, PublishRecord]
    new: dict[date, PublishRecord]
    pipes: bool

    @classmethod
    def after(cls, account: Account, old: dict[date, PublishRecord], pipes: bool) -> "Dates":
        """The next batches, and where pipes bring them, landed."""
        new = {day: publish(account, day) for day in (DAY, NEXT)}
        if pipes:
            account.wait_until_landed()
        return cls(account, old, new, pipes)

    def load(self) -> list[date]:
        return self.account.load(*self.new, pipes=self.pipes)

    def switched(self) -> list[date]:
        """The dates of which readers see the new batch; fails for one of which they see neither, or some of both."""
        found = seen(self.account, *self.new)
        for day, rows in found.items():
            assert rows in (rows_of(self.old[day]), rows_of(self.new[day]))
        return [day for day, rows in found.items() if rows == rows_of(self.new[day])]


def killed_in_loads(account: Account, pipes: bool, how: End, every: int = 1) -> None:
    """Kill loads of two dates at one place after the other, each where the one before was mended by a re-run."""
    first = Dates.after(account, {}, pipes)
    with ending() as sent:
        first.load()
    count, current = len(sent), first.new
    assert count > 4
    for place in sampled(count, every, f"{pipes} {how}"):
        dates = Dates.after(account, current, pipes)
        with ending(place, how) as sent, pytest.raises(KilledError):
            dates.load()
        # Two dates are one statement or one transaction, and it is the last one.
        assert dates.switched() == ([DAY, NEXT] if place == count else []), sent
        account.model.end_sessions()
        assert ends_right(account, *dates.new.values()), sent
        current = dates.new


@pytest.mark.parametrize("how", ["interrupted", pytest.param("vanished", marks=pytest.mark.soak)])
@pytest.mark.parametrize("pipes", [pytest.param(True, marks=pytest.mark.soak), False], ids=["pipe", "copy"])
def test_killed_at_some_places_of_a_load_readers_see_old_or_new_and_a_rerun_ends_right(account, pipes, how):
    killed_in_loads(account, pipes, how, every=4 if pipes else 8)


@pytest.mark.soak
@pytest.mark.parametrize("how", ["interrupted", "vanished"])
@pytest.mark.parametrize("pipes", [True, False], ids=["pipe", "copy"])
def test_killed_at_any_place_of_a_load_readers_see_old_or_new_and_a_rerun_ends_right(account, pipes, how):
    killed_in_loads(account, pipes, how)


def killed_in_builds(account: Account, how: End, every: int = 1) -> None:
    """Kill builds at one place after the other; marts stay those of the last build, and a re-run makes the next."""
    record = publish(account)
    account.load(DAY)
    with ending() as sent:
        account.build()
    count = len(sent)
    assert count > 10
    for place in sampled(count, every, how):
        old, before = record, marts(account)
        record = publish(account)
        assert ends_right(account, record)
        with ending(place, how) as sent, pytest.raises(KilledError):
            account.build()
        left = marts(account)
        build = published_marts(account.lake)
        assert build is not None and build.batches[DAY] == old.batch_id
        account.model.end_sessions()
        assert marts_are_of(account, record)
        after = marts(account)
        assert before != after
        assert left == (after if place == count else before), sent
        assert readers_see(account, record)


@pytest.mark.soak
def test_killed_at_some_places_of_a_build_all_marts_are_of_one_build_and_a_rerun_makes_the_next(account):
    killed_in_builds(account, "vanished", every=24)


@pytest.mark.soak
@pytest.mark.parametrize("how", ["interrupted", "vanished"])
def test_killed_at_any_place_of_a_build_all_marts_are_of_one_build_and_a_rerun_makes_the_next(account, how):
    killed_in_builds(account, how)


# What the asset does, by the settings of the environment.
LOAD = """
from spotify_platform.home import live_home
from spotify_platform.lake.publishing import heads
from spotify_platform.resources.platform import warehouse_of

home = live_home()
lake = home.lake()
with warehouse_of(home, {"asset": "load"}, print) as warehouse:
    warehouse.load(lake, heads(lake).values())
"""


@contextmanager
def loading(**settings: str) -> Iterator["subprocess.Popen[str]"]:
    """A process that loads; killed at the end, if it has not ended by then."""
    process = subprocess.Popen(
        [sys.executable, "-c", LOAD], env=os.environ | settings, cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def arrived(process: "subprocess.Popen[str]", told: Callable[[], list[str]]) -> bool:
    """Wait until a statement has come to the model; False when the process ended before."""
    while process.poll() is None and not told():
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.05)
    return bool(told())


@pytest.mark.parametrize("ran", [False, pytest.param(True, marks=pytest.mark.soak)], ids=["before it", "after it"])
def test_kill_9_at_the_commit_of_a_copy_leaves_old_or_new(account, ran):
    old = {day: publish(account, day) for day in (DAY, NEXT)}
    assert ends_right(account, *old.values())
    dates = Dates.after(account, old, pipes=False)
    account.model.forget_statements()
    account.model.lose_connection("^commit", executed=ran, lost="server")
    with loading(SPOTIFY_PLATFORM_SNOWFLAKE_LANDING="copy") as process:
        assert arrived(process, lambda: account.model.statements("^commit")), process.stderr.read()
        process.kill()
        assert process.wait() == -9
    account.model.restore()
    assert dates.switched() == ([DAY, NEXT] if ran else [])
    account.model.end_sessions()
    assert ends_right(account, *dates.new.values())
