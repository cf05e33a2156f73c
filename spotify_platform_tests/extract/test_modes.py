"""Both modes of the Web API, found out and set: each ends in a complete capture that names what it could not get."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import product
from math import ceil
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.types import ASGIApp, Receive, Scope, Send

from spotify_platform.contracts.errors import AuthenticationError, QuotaError
from spotify_platform.extract.account import ModeName, ModeSetting
from spotify_platform.extract.client import Credentials
from spotify_platform.extract.pace import Pace
from spotify_platform.extract.session import Session
from spotify_platform.extract.watchlist import Search, Watchlist
from spotify_platform.lake import checkpoints
from spotify_platform.lake.captures import Manifest
from spotify_platform.lake.store import Lake
from spotify_platform.sandbox import Behaviour, Catalogue, Faults, LoggedRequest, Sandbox, create_app, serve
from spotify_platform.sandbox.oddities import OddCatalogue
from spotify_platform.sandbox.search import find

from .helpers import lines
from .test_faults import asked, everything, gaps_of, items_of
from .tiny import running

NOW = datetime.now(UTC)  # a capture of today ends at midnight: the tests' today is that of their start
TODAY = NOW.date()
TOMORROW = NOW + timedelta(days=1)
CATALOGUE = Catalogue(artists=40, anchor=TODAY)
MODE_NAMES: tuple[ModeName, ...] = ("extended", "development")


@pytest.fixture(autouse=True)
def at_full_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    """No session keeps to a pace: development mode's is a request a second."""
    monkeypatch.setattr("spotify_platform.extract.session.Pace", lambda *_, **__: Pace(1_000_000.0))


@dataclass(frozen=True)
class Person:
    """Somebody with a client id, a lake and a watchlist."""

    lake: Lake
    client_id: str = "me"
    watchlist: Watchlist = field(default_factory=lambda: everything(CATALOGUE))

    def captures(self, sandbox: Sandbox, mode: ModeSetting = "auto", now: datetime = NOW) -> Manifest:
        """Capture the day of `now`."""
        api_url = sandbox.api_url(now.date())
        credentials = Credentials(self.client_id, SecretStr("s"), api_url, sandbox.token_url)
        return Session(self.lake, self.watchlist, credentials, mode, now=lambda: now).capture_today({})

    def spent(self) -> dict[str, int]:
        """What the ledger says."""
        session = Session(self.lake, self.watchlist, Credentials(self.client_id, SecretStr("s")), now=lambda: NOW)
        return session.budget(session.known_mode() or pytest.fail("the mode is not known")).spent()


def probes(log: list[LoggedRequest]) -> int:
    """Requests whose only purpose was to find out the mode: for an artist that there is not."""
    return sum(entry.query.get("ids") == "0" * 22 for entry in log)


def refusals(log: list[LoggedRequest]) -> int:
    """Requests that the mode does not offer."""
    return sum(entry.status in (400, 403) for entry in log)


# -- nothing is lost


@dataclass(frozen=True)
class Expected:
    """What a capture of all artists must hold, counted in the catalogue; what is gone today is not there to hold."""

    artists: set[str]
    listed: set[str]
    albums: set[str]
    tracks: set[str]
    gone: Counter[str]

    @classmethod
    def of(cls, catalogue: Catalogue) -> "Expected":
        """Count it."""
        everyone = range(catalogue.artists)
        artists = {one for one in everyone if catalogue.find_artist(catalogue.artist(one).id, 0) is not None}
        listed = {album for artist in artists for album in catalogue.albums_of(artist, 0)}
        albums = {one for one in listed if catalogue.find_album(catalogue.album(one).id, 0) is not None}
        tracks = {track for album in albums for track in catalogue.tracks_of(album)}
        here = {one for one in tracks if catalogue.find_track(catalogue.track(one).id, 0) is not None}
        return cls(
            artists={catalogue.artist(one).id for one in artists},
            listed={catalogue.album(one).id for one in listed},
            albums={catalogue.album(one).id for one in albums},
            tracks={catalogue.track(one).id for one in here},
            gone=Counter(
                artist=catalogue.artists - len(artists),
                album=len(listed) - len(albums),
                track=len(tracks) - len(here),
            ),
        )


def ids(lake: Lake, manifest: Manifest, entity: str) -> list[str]:
    """The ids of an entity's items that are there."""
    return [line["item"]["id"] for line in lines(lake, manifest, entity) if line["item"]]


@pytest.mark.parametrize("mode", MODE_NAMES)
@pytest.mark.parametrize("oddities", [False, True])
def test_whatever_the_mode_nothing_of_the_catalogue_is_lost(lake: Lake, mode: ModeName, oddities: bool) -> None:
    catalogue = (OddCatalogue if oddities else Catalogue)(artists=40, anchor=TODAY)
    person = Person(lake, watchlist=Watchlist(artists=tuple(catalogue.artist(one).id for one in range(40))))
    with serve(CATALOGUE, behaviour=Behaviour(mode, oddities=oddities)) as sandbox:
        manifest = person.captures(sandbox)

    expected = Expected.of(catalogue)
    assert sorted(ids(lake, manifest, "artists")) == sorted(expected.artists)
    assert sorted(ids(lake, manifest, "artist_albums")) == sorted(expected.listed)
    assert sorted(ids(lake, manifest, "albums")) == sorted(expected.albums)
    assert sorted(ids(lake, manifest, "tracks")) == sorted(expected.tracks)
    assert Counter({gap.kind: gap.count for gap in manifest.gaps}) == +expected.gone
    assert bool(+expected.gone) == oddities
    assert (manifest.mode, manifest.partial, manifest.incomplete, manifest.repeated) == (mode, False, [], 0)


@pytest.mark.parametrize("oddities", [False, True])
def test_every_item_of_a_playlist_and_of_a_search_is_there_at_its_position(lake: Lake, oddities: bool) -> None:
    catalogue = (OddCatalogue if oddities else Catalogue)(artists=40, anchor=TODAY)
    person = Person(lake)
    with serve(CATALOGUE, behaviour=Behaviour("extended", oddities=oddities)) as sandbox:
        manifest = person.captures(sandbox)
    for index, playlist in enumerate(catalogue.playlist_ids):
        there = [line for line in lines(lake, manifest, "playlist_items") if line["params"]["playlist_id"] == playlist]
        told = [((line["item"] or {}).get("track") or {}).get("id") for line in sorted(there, key=position)]
        items = catalogue.playlist(index, 0).items
        assert [line["position"] for line in sorted(there, key=position)] == list(range(len(items)))
        songs = [None if item.track is None else catalogue.track(item.track).id for item in items]
        assert [one for one, song in zip(told, songs, strict=True) if song] == [song for song in songs if song]
    for search, market in product(person.watchlist.searches, person.watchlist.markets):
        params = {"type": search.type, "query": search.query}
        results = lines(lake, manifest, "search_results")
        there = [line for line in results if (line["params"], line["market"]) == (params, market)]
        found = find(catalogue, 0, search.type, search.query, market)[: search.most]
        assert len(found) > 10
        assert [line["position"] for line in sorted(there, key=position)] == list(range(len(found)))


def position(line: dict[str, Any]) -> int:
    """Where an item stands in its list."""
    return int(line["position"])


def test_development_mode_gets_the_very_objects_but_for_fields_that_its_manifest_names(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    objects: dict[ModeName, dict[str, dict[str, Any]]] = {}
    missing: dict[ModeName, list[str]] = {}
    for mode in MODE_NAMES:
        lake = Lake((tmp_path_factory.mktemp(mode) / "lake").as_uri())
        person = Person(lake, watchlist=Watchlist(artists=tuple(CATALOGUE.artist(one).id for one in range(5))))
        with serve(CATALOGUE, behaviour=Behaviour(mode)) as sandbox:
            manifest = person.captures(sandbox)
        items = [line["item"] for entity in ("artists", "albums", "tracks") for line in lines(lake, manifest, entity)]
        objects[mode], missing[mode] = {item["id"]: item for item in items}, manifest.missing
    assert missing["extended"] == []
    assert objects["extended"].keys() == objects["development"].keys()
    for identifier, item in objects["extended"].items():
        lost = item.keys() - objects["development"][identifier].keys()
        (named,) = (one for one in missing["development"] if one.startswith(f"{item['type']}s: "))
        assert lost
        # No table holds these two.
        assert {name for name in lost if name not in named} <= {"preview_url", "linked_from"}


def test_development_mode_names_the_playlists_whose_items_it_does_not_get(lake: Lake) -> None:
    watchlist = Watchlist(artists=(CATALOGUE.artist(0).id,), playlists=CATALOGUE.playlist_ids)
    with serve(CATALOGUE, behaviour=Behaviour("development")) as sandbox:
        manifest = Person(lake, watchlist=watchlist).captures(sandbox)
    assert "items of playlists" in manifest.missing
    (gap,) = manifest.gaps
    assert (gap.kind, gap.count, sorted(gap.examples)) == ("playlist", 3, sorted(CATALOGUE.playlist_ids))


NOTHING = {
    "playlists": Watchlist(playlists=CATALOGUE.playlist_ids),
    "artists that are gone": Watchlist(artists=tuple(f"{number:022d}" for number in range(3))),
}


@pytest.mark.parametrize("watchlist", NOTHING.values(), ids=NOTHING)
def test_a_capture_that_gets_nothing_says_what_it_lacks_and_what_it_cost(lake: Lake, watchlist: Watchlist) -> None:
    with serve(CATALOGUE, behaviour=Behaviour("development")) as sandbox:
        manifest = Person(lake, watchlist=watchlist).captures(sandbox, "development")
        assert sum(gap.count for gap in manifest.gaps) == 3
        assert manifest.requests == asked(sandbox.log())


def test_development_mode_gets_what_a_playlist_says_of_itself(lake: Lake) -> None:
    with serve(CATALOGUE, behaviour=Behaviour("development")) as sandbox:
        manifest = Person(lake, watchlist=Watchlist(playlists=CATALOGUE.playlist_ids)).captures(sandbox)
    assert sorted(ids(lake, manifest, "playlists")) == sorted(CATALOGUE.playlist_ids)


# -- finding out the mode


@pytest.mark.parametrize("mode", MODE_NAMES)
def test_the_mode_is_found_out_by_one_request_and_remembered_for_the_client_id(lake: Lake, mode: ModeName) -> None:
    me, you = Person(lake), Person(lake, client_id="you")
    with serve(CATALOGUE, behaviour=Behaviour(mode)) as sandbox:
        manifest = me.captures(sandbox)
        assert manifest.mode == mode
        first = sandbox.log()
        assert probes(first) == 1
        assert refusals(first) == (mode == "development")
        assert me.spent() == asked(first), "the probe is spent like any other request"
        me.captures(sandbox)
        assert sandbox.log() == first, "the day is complete"

        me.captures(sandbox, now=TOMORROW)
        assert probes(sandbox.log()) == 1
        you.captures(sandbox, now=TOMORROW + timedelta(days=1))
        assert probes(sandbox.log()) == 2


@pytest.mark.parametrize("mode", MODE_NAMES)
def test_a_mode_that_is_set_is_not_asked_for(lake: Lake, mode: ModeName) -> None:
    with serve(CATALOGUE, behaviour=Behaviour(mode)) as sandbox:
        manifest = Person(lake).captures(sandbox, mode)
        assert (probes(sandbox.log()), refusals(sandbox.log())) == (0, 0)
        assert manifest.requests == asked(sandbox.log())


def test_a_development_setting_is_kept_to_though_more_is_offered(lake: Lake) -> None:
    with serve(CATALOGUE) as sandbox:
        manifest = Person(lake).captures(sandbox, "development")
        assert not any("ids" in entry.query for entry in sandbox.log())
    assert manifest.mode == "development"
    assert "items of playlists" in manifest.missing


SEARCH = Search(query="year:2026", type="album", most=25)
WATCHLISTS = {
    "everything": everything(CATALOGUE).model_copy(update={"playlists": ()}),
    "artists": Watchlist(artists=(CATALOGUE.artist(0).id, CATALOGUE.artist(1).id)),
    "a search": Watchlist(searches=(SEARCH,)),
}


@pytest.mark.parametrize("watchlist", WATCHLISTS.values(), ids=WATCHLISTS)
def test_a_wrong_setting_ends_as_the_right_one_would_and_says_so(
    tmp_path_factory: pytest.TempPathFactory, watchlist: Watchlist
) -> None:
    right, wrong = (
        Person(Lake((tmp_path_factory.mktemp(name) / "lake").as_uri()), watchlist=watchlist)
        for name in ("right", "wrong")
    )
    with serve(CATALOGUE, behaviour=Behaviour("development", oddities=True)) as sandbox:
        expected = right.captures(sandbox, "development")
        before = len(sandbox.log())
        manifest = wrong.captures(sandbox, "extended")
        log = sandbox.log()[before:]
    assert items_of(wrong.lake, manifest) == items_of(right.lake, expected)
    assert (manifest.mode, manifest.missing) == ("development", expected.missing)
    assert gaps_of(manifest) == gaps_of(expected)
    assert (manifest.partial, manifest.incomplete) == (False, [])
    assert manifest.requests == asked(log)
    assert 1 <= refusals(log) <= 16


def test_a_wrong_setting_does_not_hide_that_playlists_have_no_items(lake: Lake) -> None:
    with serve(CATALOGUE, behaviour=Behaviour("development")) as sandbox:
        manifest = Person(lake, watchlist=Watchlist(playlists=CATALOGUE.playlist_ids)).captures(sandbox, "extended")
        assert manifest.requests == asked(sandbox.log())
    assert "playlist_items" not in manifest.items
    assert sum(gap.count for gap in manifest.gaps if gap.kind == "playlist") == 3
    assert not manifest.partial


# -- how much is asked for at once


@pytest.mark.parametrize("mode", MODE_NAMES)
def test_batches_and_pages_are_as_large_as_the_mode_allows(lake: Lake, mode: ModeName) -> None:
    with serve(CATALOGUE, behaviour=Behaviour(mode)) as sandbox:
        manifest = Person(lake).captures(sandbox, mode)
        log = sandbox.log()
    sizes = {
        family: [len(entry.query["ids"].split(",")) for entry in log if entry.family == family and "ids" in entry.query]
        for family in ("artists", "albums", "tracks")
    }
    if mode == "extended":
        for family, most in {"artists": 50, "albums": 20, "tracks": 50}.items():
            assert max(sizes[family]) <= most
            assert len(sizes[family]) == asked(log)[family] == ceil(manifest.items[family] / most)
    else:
        assert sizes == {"artists": [], "albums": [], "tracks": []}
        assert asked(log)["tracks"] == manifest.items["tracks"]
    limits = {family: {entry.query["limit"] for entry in log if entry.family == family} for family in LISTS}
    page = "50" if mode == "extended" else "10"
    assert limits["artists/albums"] == {page}
    assert max(int(limit) for limit in limits["search"]) == int(page)


LISTS = ("artists/albums", "search")


class Counting:
    """How many requests are being answered at the same moment, at the most."""

    most = 0

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.now = app, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.now += 1
        Counting.most = max(Counting.most, self.now)
        try:
            await self.app(scope, receive, send)
        finally:
            self.now -= 1


@contextmanager
def counting(mode: ModeName) -> Iterator[Sandbox]:
    """A sandbox in this process, which takes its time, and counts who waits."""
    app = create_app(CATALOGUE, Behaviour(mode, latency=0.002))
    app.add_middleware(Counting)
    Counting.most = 0
    with running(app) as url:
        yield Sandbox(url)


@pytest.mark.parametrize(("mode", "fewest", "most"), [("extended", 2, 16), ("development", 1, 1)])
def test_development_mode_is_asked_one_thing_at_a_time(lake: Lake, mode: ModeName, fewest: int, most: int) -> None:
    person = Person(lake, watchlist=Watchlist(artists=tuple(CATALOGUE.artist(one).id for one in range(20))))
    with counting(mode) as sandbox:
        person.captures(sandbox)
    assert fewest <= Counting.most <= most


# -- what is no mode


def test_when_spotify_wants_to_be_left_alone_nobody_asks_for_the_mode_either(lake: Lake) -> None:
    person = Person(lake)
    with serve(CATALOGUE, behaviour=Behaviour(faults=Faults(script=((1, "429:86400"),)))) as sandbox:
        for _ in range(2):
            with pytest.raises(QuotaError):
                person.captures(sandbox)
        assert sum(asked(sandbox.log()).values()) == 1
        assert person.captures(sandbox, now=TOMORROW + timedelta(hours=1)).mode == "extended"


def test_a_fault_says_nothing_about_the_mode(lake: Lake) -> None:
    stumbling = Faults(script=((1, "429:0"), (2, "expired")))
    with serve(CATALOGUE, behaviour=Behaviour("development", faults=stumbling)) as sandbox:
        person = Person(lake, watchlist=WATCHLISTS["artists"])
        assert person.captures(sandbox).mode == "development"


@pytest.mark.parametrize("setting", ["auto", "extended", "development"])
def test_credentials_that_are_not_accepted_are_a_failure_and_no_mode(lake: Lake, setting: ModeSetting) -> None:
    with serve(CATALOGUE) as sandbox:
        nowhere = Sandbox(sandbox.url)
        person = Person(lake, client_id=":")  # Basic authorization cannot carry it: the sandbox sees an empty id
        with pytest.raises(AuthenticationError):
            person.captures(nowhere, setting)
    assert checkpoints.checkpoints(lake) == []
    assert lake.keys("raw/_captures") == []
