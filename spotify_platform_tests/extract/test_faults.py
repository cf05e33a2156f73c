"""What goes wrong on the way to Spotify leaves no trace in what is captured.

The sandbox does wrong what Spotify does: it stumbles, asks for patience, spends a quota, forgets tokens, goes away.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from pydantic import SecretStr

from spotify_platform.contracts.errors import QuotaError, SourceError
from spotify_platform.extract.account import MODES, ModeName, fingerprint
from spotify_platform.extract.budget import EVERYTHING, Budget
from spotify_platform.extract.capture import Order, capture, close_captures
from spotify_platform.extract.client import Client, Credentials
from spotify_platform.extract.pace import Pace
from spotify_platform.extract.watchlist import Name, Search, Watchlist
from spotify_platform.lake import checkpoints
from spotify_platform.lake.captures import Manifest
from spotify_platform.lake.store import Lake
from spotify_platform.sandbox import Behaviour, Catalogue, Faults, LoggedRequest, Sandbox, serve

from .helpers import lines

DAY = date(2026, 11, 20)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
# Everything that takes no time; how long a client waits is `test_pace.py`'s and `test_client.py`'s business.
KINDS = ("429:0", "500", "502", "503", "drop", "cut", "empty", "html", "list", "expired")
MODE_NAMES: tuple[ModeName, ...] = ("extended", "development")

Items = Counter[str]


def items_of(lake: Lake, manifest: Manifest) -> Items:
    """What a capture holds, whenever it came and through whatever port: its lines without `captured_at`."""
    told = (json.dumps(line | {"captured_at": None}, sort_keys=True) for line in lines(lake, manifest))
    return Counter(re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1", line) for line in told)


def gaps_of(manifest: Manifest) -> set[tuple[str, str, int]]:
    """What a capture lacks."""
    return {(gap.kind, gap.reason, gap.count) for gap in manifest.gaps}


def asked(log: Iterable[LoggedRequest]) -> dict[str, int]:
    """How many requests a server was sent, by family; tokens are not counted."""
    return dict(Counter(entry.family for entry in log if entry.family != "token"))


def answered(log: Iterable[LoggedRequest]) -> int:
    """How many answers a server gave."""
    return sum(entry.status == 200 and entry.family != "token" for entry in log)


def everything(catalogue: Catalogue) -> Watchlist:
    """A watchlist with all artists, one of them by name, all playlists, and searches of several pages."""
    artists = [catalogue.artist(index) for index in range(catalogue.artists)]
    return Watchlist(
        artists=(Name(name=artists[3].name), *(artist.id for artist in artists)),
        playlists=catalogue.playlist_ids,
        searches=(Search(query="year:2026", type="album", most=35), Search(query="year:2020-2026", type="track")),
        markets=("DE", "US"),
    )


def noon() -> datetime:
    """The time, standing still."""
    return NOON


@dataclass(frozen=True)
class Day:
    """A day as one sandbox tells it, captured into one lake, by a client that does not really wait."""

    lake: Lake
    mode: ModeName
    slept: list[float]

    def capture(self, sandbox: Sandbox, now: Callable[[], datetime] = noon) -> Manifest:
        """Capture everything, or go on with it."""
        client = Client(
            Credentials("me", SecretStr("s"), sandbox.api_url(DAY), sandbox.token_url),
            budget=self.budget,
            sleep=self.slept.append,
            now=noon,
        )
        return capture(self.lake, client, Order(everything(CATALOGUE), DAY, "sandbox", MODES[self.mode]), now=now)

    @property
    def budget(self) -> Budget:
        """What was spent."""
        return Budget(self.lake, fingerprint("me"), {}, now=noon)

    def sandbox(self, **more: Any) -> Any:
        """A sandbox in the day's mode, which behaves as told."""
        return serve(CATALOGUE, behaviour=Behaviour(self.mode, oddities=True, **more))


CATALOGUE = Catalogue(artists=40)


@pytest.fixture(params=MODE_NAMES)
def day(request: pytest.FixtureRequest, lake: Lake) -> Day:
    """A day that nothing was captured of yet, in either mode."""
    return Day(lake, request.param, [])


@dataclass(frozen=True)
class Whole:
    """What a day comes to when nothing goes wrong."""

    manifest: Manifest
    items: Items
    log: list[LoggedRequest]


@pytest.fixture(scope="module")
def wholes(tmp_path_factory: pytest.TempPathFactory) -> dict[ModeName, Whole]:
    """The day without faults, by mode."""
    found: dict[ModeName, Whole] = {}
    for mode in MODE_NAMES:
        day = Day(Lake((tmp_path_factory.mktemp(mode) / "lake").as_uri()), mode, [])
        with day.sandbox() as sandbox:
            manifest = day.capture(sandbox)
            found[mode] = Whole(manifest, items_of(day.lake, manifest), sandbox.log())
    return found


@pytest.fixture
def whole(wholes: dict[ModeName, Whole], day: Day) -> Whole:
    """The day without faults."""
    return wholes[day.mode]


def assert_as_if_nothing_had_happened(day: Day, manifest: Manifest, whole: Whole) -> None:
    """The capture holds the items that it would hold anyway, each as often, and says so."""
    assert items_of(day.lake, manifest) == whole.items
    assert gaps_of(manifest) == gaps_of(whole.manifest)
    assert manifest.missing == whole.manifest.missing
    assert (manifest.partial, manifest.incomplete, manifest.repeated) == (False, [], 0)
    assert checkpoints.checkpoints(day.lake) == []


# -- stumbling


def assert_faults_leave_no_trace(day: Day, whole: Whole, seed: int) -> None:
    """With faults at every fifth request the items are those without, and every request is counted."""
    with day.sandbox(faults=Faults(probability=0.2, seed=seed, kinds=KINDS)) as sandbox:
        manifest = day.capture(sandbox)
        log = sandbox.log()
    assert_as_if_nothing_had_happened(day, manifest, whole)
    assert sum(entry.fault is not None for entry in log) > 5
    assert manifest.requests == asked(log) == day.budget.spent()


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.soak) for seed in (1, 2))])
def test_with_faults_at_every_fifth_request_the_items_are_those_without(day: Day, whole: Whole, seed: int) -> None:
    assert_faults_leave_no_trace(day, whole, seed)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 125))
def test_whatever_the_faults_the_items_are_those_without(day: Day, whole: Whole, seed: int) -> None:
    assert_faults_leave_no_trace(day, whole, seed)


def test_what_stumbles_three_times_in_a_row_arrives_all_the_same(day: Day, whole: Whole) -> None:
    script = tuple((path, kind) for path in ("/albums", "/artists", "/search") for kind in ("cut", "500", "html"))
    with day.sandbox(faults=Faults(script=script)) as sandbox:
        manifest = day.capture(sandbox)
    assert_as_if_nothing_had_happened(day, manifest, whole)
    assert sum(manifest.requests.values()) == sum(whole.manifest.requests.values()) + len(script)


def test_a_token_that_expires_on_the_way_is_fetched_anew_by_one_thread(day: Day, whole: Whole) -> None:
    with day.sandbox(faults=Faults(script=((30, "expired"), (60, "expired")))) as sandbox:
        manifest = day.capture(sandbox)
        tokens = sum(entry.family == "token" for entry in sandbox.log())
    assert_as_if_nothing_had_happened(day, manifest, whole)
    assert tokens == 3


def test_tokens_that_are_good_for_no_time_at_all_do_no_harm(day: Day, whole: Whole) -> None:
    with day.sandbox(token_seconds=1) as sandbox:
        assert_as_if_nothing_had_happened(day, day.capture(sandbox), whole)


# -- asking for patience


def test_a_minute_is_waited_and_no_more(day: Day, whole: Whole) -> None:
    with day.sandbox(faults=Faults(script=((30, "429:60"), (60, "429:61")))) as sandbox:
        with pytest.raises(QuotaError) as ended:
            day.capture(sandbox)
        assert day.slept == [60.0]
        assert ended.value.until == NOON + timedelta(seconds=61)
        assert_as_if_nothing_had_happened(day, day.capture(sandbox), whole)


def test_when_spotify_wants_to_be_left_alone_for_a_day_nothing_more_is_asked(day: Day, whole: Whole) -> None:
    with day.sandbox(faults=Faults(script=((40, "429:86400"),))) as sandbox:
        with pytest.raises(QuotaError, match="2026-11-21 12:00 UTC") as ended:
            day.capture(sandbox)
        before = sandbox.log()
        assert len(before) <= 40 + MODES[day.mode].workers
        assert (ended.value.family, ended.value.until) == (EVERYTHING, NOON + timedelta(days=1))
        assert day.budget.closed() == {EVERYTHING: NOON + timedelta(days=1)}
        (checkpoint,) = checkpoints.checkpoints(day.lake)
        assert checkpoint.requests == asked(before) == day.budget.spent()

        manifest = day.capture(sandbox)
        assert_as_if_nothing_had_happened(day, manifest, whole)
        assert manifest.requests == asked(sandbox.log())
        assert sum(manifest.requests.values()) == sum(whole.manifest.requests.values()) + 1


def test_a_refusal_at_the_very_start_does_not_set_the_pace_for_hours() -> None:
    # Whoever goes on with a capture that was killed meets the window that the killed one has filled.
    seconds = 0.0
    pace = Pace(MODES["extended"].rate, grows=MODES["extended"].fastest, clock=lambda: seconds)
    assert pace.turn() == 0.0
    pace.refused(seconds, 1.0)
    requests = 0
    while seconds < 3600:
        if wait := pace.turn():
            seconds += wait
        else:
            requests += 1
    assert requests >= 3600 * MODES["extended"].rate / 2


@pytest.mark.parametrize("family", ["artists/albums", "albums", "search"])
def test_a_family_that_is_spent_for_the_day_holds_up_no_other(day: Day, whole: Whole, family: str) -> None:
    with day.sandbox(quotas={family: 2}) as sandbox:
        with pytest.raises(QuotaError, match="UTC") as ended:
            day.capture(sandbox)
        log = sandbox.log()
    assert ended.value.family == family
    assert set(day.budget.closed()) == {family}
    answered = Counter(entry.family for entry in log if entry.status == 200)
    assert answered[family] == 2
    assert 1 <= sum(entry.status == 429 for entry in log) <= MODES[day.mode].workers
    assert set(answered) == set(asked(whole.log)) | {"token"}

    with day.sandbox() as tomorrow:
        assert_as_if_nothing_had_happened(day, day.capture(tomorrow), whole)


# -- going away


def test_when_the_network_is_lost_the_next_call_goes_on_where_it_was(day: Day, whole: Whole) -> None:
    with ExitStack() as network:
        sandbox = network.enter_context(day.sandbox())
        numbers, before = count(1), list[LoggedRequest]()

        def cut_off() -> datetime:
            if next(numbers) == 50:
                before.extend(sandbox.log())
                network.close()
            return NOON

        with pytest.raises(SourceError):
            day.capture(sandbox, now=cut_off)
    (checkpoint,) = checkpoints.checkpoints(day.lake)
    assert checkpoint.in_order

    with day.sandbox() as elsewhere:
        manifest = day.capture(elsewhere)
        rest = elsewhere.log()
    assert_as_if_nothing_had_happened(day, manifest, whole)
    assert answered(before) > 40
    assert answered(before) + answered(rest) <= answered(whole.log) + MODES[day.mode].workers


def test_a_capture_that_gets_nowhere_keeps_what_it_has(day: Day, whole: Whole) -> None:
    down = Faults(script=tuple((number, "503") for number in range(40, 600)))
    with day.sandbox(faults=down) as sandbox:
        for _ in range(3):
            with pytest.raises(SourceError):
                day.capture(sandbox)
        before = sandbox.log()
    assert answered(before) == 39
    with day.sandbox() as repaired:
        assert_as_if_nothing_had_happened(day, day.capture(repaired), whole)
        assert answered(before) + answered(repaired.log()) == answered(whole.log)


# -- half a list


def test_a_playlist_that_came_by_half_is_not_taken_for_a_whole_one(lake: Lake, wholes: dict[ModeName, Whole]) -> None:
    day, long = Day(lake, "extended", []), CATALOGUE.playlist_ids[1]
    with day.sandbox(faults=Faults(script=(("/items", "429-quota:86400"),))) as sandbox:
        with pytest.raises(QuotaError):
            day.capture(sandbox)
        (partial,) = close_captures(lake)
        assert f"playlist {long}" in partial.incomplete
        credentials = Credentials("me", SecretStr("s"), sandbox.api_url(DAY), sandbox.token_url)
        rest = capture(lake, Client(credentials), Order(everything(CATALOGUE), DAY, "spotify", MODES["extended"]))
    assert set(items_of(lake, partial)) | set(items_of(lake, rest)) >= set(wholes["extended"].items)
    again = {line["params"]["playlist_id"] for line in lines(lake, rest, "playlist_items")}
    assert again == {long}
