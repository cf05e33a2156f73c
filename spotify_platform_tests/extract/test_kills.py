"""A capture that is killed and gone on with ends as if nobody had disturbed it, and asks little twice.

Started as a program, this module is the victim: it captures, and kills itself (SIGKILL: no clean-up) or falls asleep
(SIGSTOP) at the chosen moment. A moment is the n-th event of some beginning: `before put raw/_checkpoints`.
"""

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlencode

import pytest
from pydantic import SecretStr
from requests.adapters import HTTPAdapter

from spotify_platform.contracts.errors import QuotaError
from spotify_platform.extract.account import MODES, ModeName, fingerprint
from spotify_platform.extract.budget import Budget
from spotify_platform.extract.capture import Order, capture, close_captures
from spotify_platform.extract.client import Client, Credentials
from spotify_platform.extract.watchlist import Watchlist
from spotify_platform.lake import checkpoints, keys
from spotify_platform.lake.captures import Manifest, captures_of, read_manifest
from spotify_platform.lake.store import Lake
from spotify_platform.sandbox import Behaviour, Catalogue, Faults, LoggedRequest, Sandbox, serve

from .test_faults import DAY, Items, asked, everything, gaps_of, items_of

CHUNK = 100  # answers that a kill may lose,
IN_FLIGHT = {"extended": 16, "development": 1}  # and requests that nobody awaits any more
ARTISTS = {"extended": 110, "development": 24}
CLIENT = "me"
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Moment:
    """The `number`-th event, from 1, that begins with `event`."""

    event: str
    number: int = 1


def clock() -> datetime:
    """The time, standing still: every run of the day begins at the same moment, and would name its capture alike."""
    return datetime(DAY.year, DAY.month, DAY.day, 3, tzinfo=UTC)


def watch(patch: pytest.MonkeyPatch, happens: Callable[[str], object]) -> None:
    """Call `happens` before and after each request, and each change of a lake: `after create raw/_captures/…`."""

    def watched(owner: type, name: str, about: Callable[..., str]) -> None:
        original = getattr(owner, name)

        def between(*args: Any, **named: Any) -> Any:
            what = about(*args)
            happens(f"before {what}")
            answer = original(*args, **named)
            happens(f"after {what}")
            return answer

        patch.setattr(owner, name, between)

    watched(HTTPAdapter, "send", lambda _, request, *__: "request")
    for verb in ("put", "create"):
        watched(Lake, verb, lambda _, key, *__, verb=verb: f"{verb} {key}")
    watched(Lake, "delete", lambda _, keys: f"delete {next(iter(keys), '')}")


def run(lake: Lake, sandbox: Sandbox, mode: ModeName, source: Literal["sandbox", "spotify"] = "sandbox") -> Manifest:
    """Capture everything of the sandbox's catalogue as of the day, or go on with it."""
    watchlist = everything(Catalogue(artists=ARTISTS[mode]))
    return capture(lake, client_of(lake, sandbox), Order(watchlist, DAY, source, MODES[mode]), now=clock)


def client_of(lake: Lake, sandbox: Sandbox) -> Client:
    """A client that keeps count in the lake."""
    credentials = Credentials(CLIENT, SecretStr("s"), sandbox.api_url(DAY), sandbox.token_url)
    return Client(credentials, budget=ledger(lake), now=clock)


def ledger(lake: Lake) -> Budget:
    """The client id's budget, without limits."""
    return Budget(lake, fingerprint(CLIENT), {}, now=clock)


def victim(lake: str, sandbox: str, mode: ModeName, ending: str, event: str, number: str) -> None:
    """Capture, until the moment comes; `ending` is the name of the signal that this process then sends itself."""
    numbers = count(1)

    def happens(what: str) -> None:
        if what.startswith(event) and next(numbers) == int(number):
            os.kill(os.getpid(), signal.Signals[ending])

    with pytest.MonkeyPatch.context() as patch:
        watch(patch, happens)
        print(run(Lake(lake), Sandbox(sandbox), mode).capture_id)


def start(lake: Lake, whole: "Whole", ending: str, moment: Moment) -> subprocess.Popen[bytes]:
    """Start a victim."""
    about = [lake.url, whole.sandbox.url, whole.mode, ending, moment.event, str(moment.number)]
    words = [sys.executable, "-m", __name__, *about]
    return subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


# -- what to compare with


@dataclass(frozen=True)
class Whole:
    """What a day comes to when nobody disturbs it; `events` are the moments at which somebody could have."""

    sandbox: Sandbox
    mode: ModeName
    manifest: Manifest
    items: Items
    events: Counter[str]
    log: list[LoggedRequest]
    spent: dict[str, int]

    def draw(self, dice: random.Random) -> Moment:
        """A moment of it."""
        event = dice.choice(KINDS_OF_MOMENTS)
        return Moment(event, dice.randint(1, sum(self.events[one] for one in self.events if one.startswith(event))))


KINDS_OF_MOMENTS = (
    "before request",
    "after request",
    "before put raw/",
    "after put raw/",
    "before put raw/_checkpoints/",
    "after put raw/_checkpoints/",
    "before create raw/",
    "after create raw/",
)


@pytest.fixture(scope="module", params=["extended", "development"])
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    """The undisturbed day of a mode, and its sandbox, still running."""
    mode: ModeName = request.param
    lake, events = Lake((tmp_path_factory.mktemp("undisturbed") / "lake").as_uri()), list[str]()
    behaviour = Behaviour(mode, oddities=True, latency=0.002 if mode == "extended" else 0)
    with serve(Catalogue(artists=ARTISTS[mode]), behaviour=behaviour) as sandbox:
        with pytest.MonkeyPatch.context() as patch:
            watch(patch, events.append)
            manifest = run(lake, sandbox, mode)
        items, spent = items_of(lake, manifest), ledger(lake).spent()
        yield Whole(sandbox, mode, manifest, items, Counter(events), sandbox.log(), spent)


def the_manifest(lake: Lake) -> Manifest:
    """The only capture of the day."""
    (capture_id,) = captures_of(lake, DAY)
    return read_manifest(lake, DAY, capture_id)


def assert_nothing_shows(lake: Lake, whole: Whole) -> Manifest:
    """The day's only capture is complete, and nothing is left of what was begun."""
    manifest = the_manifest(lake)
    assert items_of(lake, manifest) == whole.items
    assert gaps_of(manifest) == gaps_of(whole.manifest)
    assert (manifest.missing, manifest.partial, manifest.incomplete) == (whole.manifest.missing, False, [])
    assert checkpoints.checkpoints(lake) == []
    return manifest


# -- what was asked twice


def units(entry: LoggedRequest) -> set[str]:
    """What an answer tells of: objects, or one page of a list."""
    path = entry.path.partition("/v1/")[2]
    if "ids" in entry.query:
        return {f"{path}/{one}?" for one in entry.query["ids"].split(",")}
    return {f"{path}?{urlencode(sorted(entry.query.items()))}"}


def lost(run: list[LoggedRequest], later: Iterable[LoggedRequest]) -> int:
    """How many answers of a run were asked for again, whole or in part."""
    again = {unit for entry in later for unit in units(entry)}
    return sum(entry.status == 200 and bool(units(entry) & again) for entry in run if entry.family != "token")


# -- the day, killed


@dataclass(frozen=True)
class Killed:
    """What a killed process asked for, and whether it left a checkpoint."""

    log: list[LoggedRequest]
    checkpoint: bool


def kill(lake: Lake, whole: Whole, moment: Moment) -> Killed:
    """Capture until the moment, or to the end of the day where that comes first."""
    before = len(whole.sandbox.log())
    assert start(lake, whole, "SIGKILL", moment).wait(60) in (-signal.SIGKILL, 0)
    return Killed(whole.sandbox.log()[before:], bool(lake.keys(keys.CHECKPOINTS)))


def assert_killing_does_no_harm(lake: Lake, whole: Whole, moments: list[Moment]) -> None:
    """Killed at the moments and gone on with, a day is as it would have been, and cost little more."""
    kills = [kill(lake, whole, moment) for moment in moments]
    before = len(whole.sandbox.log())
    run(lake, whole.sandbox, whole.mode)
    logs = [*(one.log for one in kills), whole.sandbox.log()[before:]]

    manifest = assert_nothing_shows(lake, whole)
    losses = [lost(log, chain(*logs[number + 1 :])) for number, log in enumerate(logs)]
    assert max(losses) <= CHUNK + IN_FLIGHT[whole.mode]
    assert sum(loss for loss, one in zip(losses, kills, strict=False) if one.checkpoint) <= manifest.repeated
    spent, really = ledger(lake).spent(), asked(chain(*logs))
    assert {family: count for family, count in really.items() if spent.get(family, 0) < count} == {}


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.soak) for seed in (2, 3, 4))])
def test_killed_and_gone_on_with_it_ends_alike_and_asks_little_twice(lake: Lake, whole: Whole, seed: int) -> None:
    dice = random.Random(seed)
    assert_killing_does_no_harm(lake, whole, [whole.draw(dice) for _ in range(1 + seed % 2)])


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 150))
def test_killed_anywhere_up_to_three_times_it_ends_alike(lake: Lake, whole: Whole, seed: int) -> None:
    dice = random.Random(seed)
    assert_killing_does_no_harm(lake, whole, [whole.draw(dice) for _ in range(dice.randint(1, 3))])


def test_nobody_disturbed_it_and_nothing_is_asked_twice(whole: Whole) -> None:
    told = Counter(unit for entry in whole.log for unit in units(entry))
    assert {unit: times for unit, times in told.items() if times > 1} == {}
    assert whole.manifest.repeated == 0
    assert whole.manifest.requests == asked(whole.log) == whole.spent


def test_what_was_asked_before_the_first_chunk_is_counted_as_repeated_too(lake: Lake, whole: Whole) -> None:
    before = kill(lake, whole, Moment("after request", 60))
    assert before.checkpoint  # the one of the very beginning
    start = len(whole.sandbox.log())
    manifest = run(lake, whole.sandbox, whole.mode)
    assert lost(before.log, whole.sandbox.log()[start:]) <= manifest.repeated


def test_what_is_not_there_is_not_asked_for_again(lake: Lake) -> None:
    gone = tuple(f"{number:022d}" for number in range(20))
    closed = Faults(script=((21, "429-quota:86400"),))
    with serve(Catalogue(), behaviour=Behaviour(mode="development", faults=closed)) as sandbox:
        watchlist = Watchlist(artists=(*gone, Catalogue().artist(0).id), depth="artists")
        order = Order(watchlist, DAY, "sandbox", MODES["development"])
        with pytest.raises(QuotaError):
            capture(lake, client_of(lake, sandbox), order, now=clock)
        capture(lake, client_of(lake, sandbox), order, now=clock)
        times = Counter(entry.path for entry in sandbox.log() if entry.status == 404)
    assert times == dict.fromkeys(times, 1)


def test_a_killed_day_that_is_closed_says_what_is_missing_and_what_is_there_is_not_asked_for_again(
    lake: Lake, whole: Whole
) -> None:
    kill(lake, whole, Moment(f"after put {keys.CHECKPOINTS}", 2))  # the first one holds nothing
    (partial,) = close_captures(lake)
    there = items_of(lake, partial)
    assert partial.partial
    assert there <= whole.items
    assert sum(gap.count for gap in partial.gaps if "before the day was closed" in gap.reason) > 0

    # As Spotify's: in the sandbox the time would name this capture like the one that is closed.
    rest = run(lake, whole.sandbox, whole.mode, "spotify")
    assert not rest.partial
    also_there = items_of(lake, rest)
    assert set(there) | set(also_there) == set(whole.items)
    twice = {json.loads(line)["endpoint"] for line in there & also_there}
    # Only what can change within the day; a playlist is asked whether it did.
    assert twice <= {"/v1/search"} | {f"/v1/playlists/{playlist}" for playlist in Catalogue().playlist_ids}


# -- at the very end


@pytest.mark.parametrize("whole", ["extended"], indirect=True)
@pytest.mark.parametrize("event", [f"before put {keys.LOG}", f"before delete {keys.CHECKPOINTS}"])
def test_killed_after_the_commit_it_is_committed_and_not_asked_for_again(lake: Lake, whole: Whole, event: str) -> None:
    kill(lake, whole, Moment(event))
    before = whole.sandbox.log()
    run(lake, whole.sandbox, whole.mode)
    assert whole.sandbox.log() == before
    assert_nothing_shows(lake, whole)


@pytest.mark.parametrize("whole", ["extended"], indirect=True)
def test_killed_between_the_commit_and_its_announcement_it_is_announced_all_the_same(lake: Lake, whole: Whole) -> None:
    kill(lake, whole, Moment(f"before put {keys.LOG}"))
    run(lake, whole.sandbox, whole.mode)
    assert len(lake.keys(keys.LOG)) == 1


# -- two at once


def asleep(process: subprocess.Popen[bytes]) -> bool:
    """Wait until a victim sleeps; False when it came to its end before."""
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    return os.WIFSTOPPED(status)


def assert_a_sleeper_does_no_harm(lake: Lake, whole: Whole, moment: Moment) -> None:
    """One falls asleep, another captures the day, the first wakes up and goes on: the day stays as it is."""
    sleeper = start(lake, whole, "SIGSTOP", moment)
    try:
        assert asleep(sleeper)
        run(lake, whole.sandbox, whole.mode)
        assert items_of(lake, the_manifest(lake)) == whole.items
        sleeper.send_signal(signal.SIGCONT)
        assert sleeper.wait(60) == 0
    finally:
        sleeper.kill()
        sleeper.wait()
    assert_nothing_shows(lake, whole)
    assert len(lake.keys(keys.LOG)) == 1


def test_whoever_wakes_up_after_another_has_captured_the_day_harms_nothing(lake: Lake, whole: Whole) -> None:
    assert_a_sleeper_does_no_harm(lake, whole, Moment("before put raw/_checkpoints"))


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(200, 225))
def test_whoever_wakes_up_anywhere_harms_nothing(lake: Lake, whole: Whole, seed: int) -> None:
    assert_a_sleeper_does_no_harm(lake, whole, whole.draw(random.Random(seed)))


def test_two_that_capture_the_day_at_once_commit_it_once(lake: Lake, whole: Whole) -> None:
    never = Moment("before the end of the world")
    both = [start(lake, whole, "SIGKILL", never) for _ in range(2)]
    assert [process.wait(60) for process in both] == [0, 0]
    assert_nothing_shows(lake, whole)
    assert len(lake.keys(keys.LOG)) == 1


if __name__ == "__main__":
    victim(*sys.argv[1:])  # type: ignore[arg-type]
