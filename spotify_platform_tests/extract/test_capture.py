"""What a capture asks for, in which order, and what it keeps: from the sandbox, and from a small server."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.requests import Request

from spotify_platform.contracts.errors import MalformedAnswerError, QuotaError, SourceError, UnfinishedError
from spotify_platform.extract.account import DEVELOPMENT, EXTENDED, Mode
from spotify_platform.extract.capture import Order, capture, close_captures
from spotify_platform.extract.client import Client, Credentials
from spotify_platform.extract.watchlist import Name, Search, Watchlist
from spotify_platform.lake import checkpoints, keys
from spotify_platform.lake.captures import Manifest
from spotify_platform.lake.store import Lake
from spotify_platform.sandbox import Catalogue, Sandbox, serve

from .helpers import all_keys, lines
from .tiny import GONE, SECRET, A, B, Spotify, status, tiny_spotify

DAY = date(2026, 11, 20)


def clock() -> datetime:
    """The time, standing still."""
    return datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


def order(watchlist: Watchlist, day: date = DAY, mode: Mode = EXTENDED, source: Any = "spotify") -> Order:
    """An order of Ann's."""
    return Order(watchlist, day, source, mode, {"user": "ann"})


def ids(lake: Lake, manifest: Manifest, entity: str) -> list[str]:
    """The ids of an entity's items, in order."""
    return [line["item"]["id"] for line in lines(lake, manifest, entity) if line["item"]]


# -- days of the sandbox


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """The sandbox's catalogue of forty artists."""
    return Catalogue()


@pytest.fixture(scope="module")
def sandbox(catalogue: Catalogue) -> Iterator[Sandbox]:
    """The sandbox, running."""
    with serve(catalogue) as running:
        yield running


def sandbox_client(sandbox: Sandbox, day: date = DAY) -> Client:
    """A client of the sandbox as it stands on a day."""
    return Client(Credentials("me", SecretStr(SECRET), sandbox.api_url(day), sandbox.token_url))


def everything(catalogue: Catalogue, **more: Any) -> Watchlist:
    """A watchlist with all artists and playlists."""
    artists = tuple(catalogue.artist(index).id for index in range(catalogue.artists))
    return Watchlist(artists=artists, playlists=catalogue.playlist_ids, **more)


def test_everything_of_the_catalogue_arrives_exactly_once(lake: Lake, catalogue: Catalogue, sandbox: Sandbox) -> None:
    client, watchlist = sandbox_client(sandbox), everything(catalogue)
    manifest = capture(lake, client, order(watchlist, source="sandbox"), now=clock)

    released = [album for artist in range(catalogue.artists) for album in catalogue.albums_of(artist, 0)]
    tracks = {catalogue.track(index).id for album in released for index in catalogue.tracks_of(album)}
    assert sorted(ids(lake, manifest, "artists")) == sorted(watchlist.artist_ids)
    for entity in ("artist_albums", "albums"):
        assert sorted(ids(lake, manifest, entity)) == sorted(catalogue.album(index).id for index in released)
    asked = ids(lake, manifest, "tracks")
    played = [line["item"]["track"] for line in lines(lake, manifest, "playlist_items")]
    in_playlists = {track["id"] for track in played if track and track["id"]}
    assert len(asked) == len(set(asked))
    assert set(asked).isdisjoint(in_playlists)
    assert set(asked) | in_playlists == tracks
    positions = [(line["params"]["playlist_id"], line["position"]) for line in lines(lake, manifest, "playlist_items")]
    assert sorted(positions) == sorted(
        (playlist, position)
        for index, playlist in enumerate(catalogue.playlist_ids)
        for position in range(len(catalogue.playlist(index, 0).items))
    )
    assert sorted(ids(lake, manifest, "playlists")) == sorted(catalogue.playlist_ids)

    assert (manifest.capture_id, manifest.source, manifest.mode) == ("20261120T030000Z-sandbox", "sandbox", "extended")
    assert (manifest.partial, manifest.gaps, manifest.missing, manifest.repeated) == (False, [], [], 0)
    assert manifest.made_by["user"] == "ann"
    assert sum(manifest.requests.values()) < 80
    assert lake.keys(keys.CHECKPOINTS) == []


def test_a_capture_that_is_complete_is_not_made_again(lake: Lake, catalogue: Catalogue, sandbox: Sandbox) -> None:
    watchlist = Watchlist(artists=(catalogue.artist(1).id,))
    first = capture(lake, sandbox_client(sandbox), order(watchlist))
    client = sandbox_client(sandbox)
    assert capture(lake, client, order(watchlist)) == first
    assert client.requests == {}


def test_another_watchlist_of_the_day_asks_only_for_what_is_not_there(
    lake: Lake, catalogue: Catalogue, sandbox: Sandbox
) -> None:
    one, two = catalogue.artist(1).id, catalogue.artist(2).id
    first = capture(lake, sandbox_client(sandbox), order(Watchlist(artists=(one,))))
    second = capture(lake, sandbox_client(sandbox), order(Watchlist(artists=(one, two))))
    assert ids(lake, second, "artists") == [two]
    for entity in ("artist_albums", "albums", "tracks"):
        assert ids(lake, second, entity)
        assert set(ids(lake, second, entity)).isdisjoint(ids(lake, first, entity))
    assert second.reused["artist"] == 1


def test_what_stands_for_a_week_is_asked_for_once_a_week(lake: Lake, catalogue: Catalogue, sandbox: Sandbox) -> None:
    watchlist = everything(catalogue)
    requests = {}
    for number in range(9):
        day = DAY + timedelta(days=number)
        manifest = capture(lake, sandbox_client(sandbox, day), order(watchlist, day))
        requests[number] = manifest.requests
        # What has popularity is there every day all the same.
        assert len(ids(lake, manifest, "artists")) == 40
        assert len(ids(lake, manifest, "tracks")) > 250
    assert [n for n, spent in requests.items() if "artists/albums" in spent] == [0, 7]
    assert [n for n, spent in requests.items() if spent.get("albums", 0) > 1] == [0, 7]


def test_daily_means_every_day(lake: Lake, catalogue: Catalogue, sandbox: Sandbox) -> None:
    every = {"artists": "daily", "discographies": "daily", "albums": "daily", "tracks": "daily"}
    watchlist = Watchlist.model_validate({"artists": [catalogue.artist(1).id], "every": every})
    first, second = (
        capture(lake, sandbox_client(sandbox, day), order(watchlist, day)) for day in (DAY, DAY + timedelta(days=1))
    )
    assert first.requests == second.requests


def test_a_playlist_of_the_same_version_is_read_once_a_day(lake: Lake, catalogue: Catalogue, sandbox: Sandbox) -> None:
    playlist = catalogue.playlist_ids[1]
    first = capture(lake, sandbox_client(sandbox), order(Watchlist(playlists=(playlist,))))
    more = Watchlist(playlists=(playlist, catalogue.playlist_ids[0]))
    second = capture(lake, sandbox_client(sandbox), order(more))
    assert {line["params"]["playlist_id"] for line in lines(lake, second, "playlist_items")} == {more.playlists[1]}
    assert first.items["playlist_items"] > 100
    assert second.requests["playlists"] == 2


def test_depth_says_where_to_stop(lake: Lake, catalogue: Catalogue, sandbox: Sandbox) -> None:
    artist = (catalogue.artist(1).id,)
    alone = capture(lake, sandbox_client(sandbox), order(Watchlist(artists=artist, depth="artists")))
    assert set(alone.requests) == {"artists"}
    albums = capture(lake, sandbox_client(sandbox), order(Watchlist(artists=artist, depth="albums")))
    assert set(albums.requests) == {"artists/albums", "albums"}


def test_searches_are_asked_once_a_market_and_what_they_find_is_watched(
    lake: Lake, catalogue: Catalogue, sandbox: Sandbox
) -> None:
    genre = next(catalogue.artist(n).genres[0] for n in range(catalogue.artists) if catalogue.artist(n).genres)
    named = [catalogue.artist(n).id for n in range(catalogue.artists) if genre in catalogue.artist(n).genres]
    search = Search(query=f'genre:"{genre}"', type="artist")
    manifest = capture(
        lake, sandbox_client(sandbox), order(Watchlist(searches=(search,), markets=("DE", "US"), depth="artists"))
    )
    found = lines(lake, manifest, "search_results")
    assert {line["market"] for line in found} == {"DE", "US"}
    assert {(line["params"]["type"], line["params"]["query"]) for line in found} == {("artist", search.query)}
    assert sorted(ids(lake, manifest, "artists")) == sorted(named)
    assert manifest.requests["search"] == 2


def test_a_name_is_resolved_once(lake: Lake, catalogue: Catalogue, sandbox: Sandbox) -> None:
    artist = catalogue.artist(5)
    watchlist = Watchlist(artists=(Name(name=artist.name.upper()), Name(name="Nobody At All")), depth="artists")
    manifest = capture(lake, sandbox_client(sandbox), order(watchlist))
    assert ids(lake, manifest, "artists") == [artist.id]
    assert [(gap.kind, gap.count, gap.examples) for gap in manifest.gaps] == [("name", 1, ["Nobody At All"])]
    tomorrow = DAY + timedelta(days=1)
    again = capture(lake, sandbox_client(sandbox, tomorrow), order(watchlist, tomorrow))
    assert again.requests == {"artists": 1, "search": 1}  # for nobody at all


# -- a server that does as the test says


@pytest.fixture(scope="module")
def server() -> Iterator[Spotify]:
    """The tiny server, running for all tests of this module."""
    with tiny_spotify() as spotify:
        yield spotify


@pytest.fixture
def spotify(server: Spotify) -> Spotify:
    """The tiny server as new, knowing one artist without albums."""
    url = server.url
    server.__init__()  # type: ignore[misc]
    server.url = url
    server.answers |= {"artists": {"artists": [{"id": A}]}, f"artists/{A}/albums": {"items": [], "next": None}}
    return server


def test_batches_and_pages_are_followed_to_the_end(spotify: Spotify, lake: Lake) -> None:
    tracks = [f"{number:022d}" for number in range(120)]
    short = [{"id": track} for track in tracks]

    def page(request: Request) -> dict[str, Any]:
        start = int(request.query_params.get("offset", 0))
        more = f"https://elsewhere.example/?offset={start + 50}&limit=50" if start + 50 < len(short) else None
        return {"items": short[start : start + 50], "next": more}

    def asked(request: Request) -> dict[str, Any]:
        return {"tracks": [{"id": track} for track in request.query_params["ids"].split(",")]}

    album = {"id": B, "tracks": {"items": short[:50], "next": f"{spotify.url}/v1/albums/{B}/tracks?offset=50"}}
    items = [{"item": {"id": tracks[7], "track": True}}, None, {"track": None}, {"track": {"id": None}}]
    spotify.answers |= {
        "artists": {"artists": [{"id": A}, None]},
        f"artists/{A}/albums": {"items": [{"id": B}, {"id": B}, {"id": GONE}], "next": None},
        "albums": {"albums": [album, None]},
        f"albums/{B}/tracks": page,
        "tracks": asked,
        f"playlists/{A}": {"id": A, "name": "p", "snapshot_id": "s", "tracks": {"items": items, "next": None}},
    }
    watchlist = Watchlist(artists=(A, GONE), playlists=(A,))
    manifest = capture(lake, spotify.client(), order(watchlist, mode=SERIAL), now=clock)

    assert ids(lake, manifest, "tracks") == [track for track in tracks if track != tracks[7]]
    assert ids(lake, manifest, "album_tracks") == tracks[50:]
    assert [line["position"] for line in lines(lake, manifest, "album_tracks")] == list(range(50, 120))
    assert [line["item"] for line in lines(lake, manifest, "albums")] == [album, None]
    assert lines(lake, manifest, "artists")[1] == {
        "captured_at": "2026-11-20T03:00:00.000000Z",
        "endpoint": "/v1/artists",
        "params": {"id": GONE},
        "market": None,
        "position": None,
        "item": None,
    }
    assert [line["position"] for line in lines(lake, manifest, "playlist_items")] == [0, 1, 2, 3]
    assert [line["item"] for line in lines(lake, manifest, "playlists")] == [{"id": A, "name": "p", "snapshot_id": "s"}]
    assert manifest.requests == {
        "albums": 1,
        "albums/tracks": 2,
        "artists": 1,
        "artists/albums": 1,
        "playlists": 1,
        "tracks": 3,
    }
    assert {(gap.kind, gap.reason, gap.count) for gap in manifest.gaps} == {
        ("artist", "answered with null", 1),
        ("album", "answered with null", 1),
    }
    assert "limit=50" in next(path for path in spotify.asked if path.startswith(f"artists/{A}/albums"))


def test_captures_of_spotify_at_the_same_moment_are_two(spotify: Spotify, lake: Lake) -> None:
    spotify.answers["artists"] = lambda request: {"artists": [{"id": A}] * len(request.query_params["ids"].split(","))}
    one, two = (
        capture(lake, spotify.client(), order(Watchlist(artists=(A, *more), depth="artists")), now=clock)
        for more in ((), (B,))
    )
    assert one.capture_id != two.capture_id
    assert one.capture_id.startswith("20261120T030000Z-")


def test_one_playlist_that_is_not_there_does_not_hold_up_the_rest(spotify: Spotify, lake: Lake) -> None:
    spotify.answers[f"playlists/{B}"] = {"id": B, "tracks": {"items": [], "next": None}}
    spotify.faults = [status(404)]
    manifest = capture(lake, spotify.client(), order(Watchlist(artists=(A,), playlists=(GONE, B)), mode=SERIAL))
    assert ids(lake, manifest, "playlists") == [B]
    assert [(gap.kind, gap.reason, gap.examples) for gap in manifest.gaps] == [
        ("playlist", "not there (status 404)", [GONE])
    ]
    assert not manifest.partial


SERIAL = Mode(**{**vars(EXTENDED), "workers": 1})


def test_a_403_on_batches_means_development_mode(spotify: Spotify, lake: Lake) -> None:
    spotify.answers |= {f"artists/{A}": {"id": A, "name": "a"}, "artists": lambda request: status(403)()}
    manifest = capture(lake, spotify.client(), order(Watchlist(artists=(A,))))
    assert ids(lake, manifest, "artists") == [A]
    assert manifest.mode == "development"
    assert manifest.missing == list(DEVELOPMENT.missing)
    assert "limit=10" in next(path for path in spotify.asked if path.startswith(f"artists/{A}/albums"))


def test_batches_in_flight_when_the_mode_turns_out_are_asked_for_singly(spotify: Spotify, lake: Lake) -> None:
    names = [f"{n:022d}" for n in range(230)]
    spotify.answers |= {f"artists/{one}": {"id": one} for one in names} | {"artists": lambda request: status(403)()}
    manifest = capture(lake, spotify.client(), order(Watchlist(artists=tuple(names), depth="artists")))
    assert sorted(ids(lake, manifest, "artists")) == names
    assert (manifest.mode, manifest.gaps) == ("development", [])


def test_pages_that_are_too_large_mean_development_mode_too(spotify: Spotify, lake: Lake) -> None:
    too_large = {"error": {"status": 400, "message": "Invalid limit"}}
    spotify.answers |= {f"artists/{A}": {"id": A}}
    spotify.answers["search"] = lambda request: (
        {"artists": {"items": [{"id": A}], "next": None}}
        if request.query_params["limit"] == "10"
        else status(400, too_large)()
    )
    watchlist = Watchlist(searches=(Search(query="x", type="artist"),), depth="artists")
    manifest = capture(lake, spotify.client(), order(watchlist))
    assert ids(lake, manifest, "artists") == [A]
    assert (manifest.mode, manifest.gaps) == ("development", [])


def test_development_mode_asks_for_single_objects_and_says_what_it_cannot_get(spotify: Spotify, lake: Lake) -> None:
    spotify.answers |= {f"artists/{one}": {"id": one} for one in (A, B)}
    spotify.answers |= {f"artists/{B}/albums": {"items": [], "next": None}, f"playlists/{GONE}": {"id": GONE}}
    watchlist = Watchlist(artists=(A, B), playlists=(GONE,))
    manifest = capture(lake, spotify.client(), order(watchlist, mode=DEVELOPMENT))
    assert manifest.requests == {"artists": 2, "artists/albums": 2, "playlists": 1}
    assert "items of playlists" in manifest.missing
    assert [(gap.kind, gap.examples) for gap in manifest.gaps] == [("playlist", [GONE])]


def test_one_malformed_answer_is_a_gap_and_many_are_another_api(spotify: Spotify, lake: Lake) -> None:
    names = [f"{n:022d}" for n in range(6)]
    spotify.answers |= {f"artists/{one}": {"id": one} for one in names} | {f"artists/{names[2]}": {"artist": "?"}}
    manifest = capture(
        lake, spotify.client(), order(Watchlist(artists=tuple(names), depth="artists"), mode=DEVELOPMENT)
    )
    assert ids(lake, manifest, "artists") == [name for name in names if name != names[2]]
    assert [(gap.reason, gap.examples) for gap in manifest.gaps] == [("malformed answer", [names[2]])]
    spotify.answers |= {f"artists/{one}": {"artist": "?"} for one in names}
    with pytest.raises(MalformedAnswerError):
        capture(
            lake,
            spotify.client(),
            order(Watchlist(artists=tuple(names), depth="artists"), DAY + timedelta(days=1), DEVELOPMENT),
        )


# -- ending in order, and going on


def albums_of(spotify: Spotify, count: int) -> list[str]:
    """Give artist A so many albums of one track each, served in batches."""
    albums = [f"{number:022d}" for number in range(count)]
    spotify.answers[f"artists/{A}/albums"] = {"items": [{"id": album} for album in albums], "next": None}
    spotify.answers["albums"] = lambda request: {
        "albums": [{"id": one, "tracks": {"items": []}} for one in request.query_params["ids"].split(",")]
    }
    return albums


def test_when_the_source_fails_what_came_is_kept_and_the_next_call_goes_on(spotify: Spotify, lake: Lake) -> None:
    albums = albums_of(spotify, 60)
    serial = order(Watchlist(artists=(A,)), mode=SERIAL)
    spotify.faults_at = dict.fromkeys(range(4, 12), status(500))  # from the second batch of albums on
    with pytest.raises(SourceError):
        capture(lake, spotify.client(), serial)
    (checkpoint,) = checkpoints.checkpoints(lake)
    assert checkpoint.remaining == {"album": 40}

    spotify.asked.clear()
    spotify.faults_at = {}
    manifest = capture(lake, spotify.client(), serial)
    assert manifest.capture_id == checkpoint.capture_id
    assert len(spotify.asked) == 2
    assert sorted(ids(lake, manifest, "albums")) == albums
    assert manifest.requests == {"albums": 11, "artists": 1, "artists/albums": 1}


def test_when_nothing_came_nothing_is_kept(spotify: Spotify, lake: Lake) -> None:
    spotify.faults = [status(500)] * 8
    with pytest.raises(SourceError):
        capture(lake, spotify.client(), order(Watchlist(artists=(A,))))
    assert all_keys(lake) == []


def test_a_spent_quota_ends_in_order_and_the_other_families_go_on(spotify: Spotify, lake: Lake) -> None:
    quota = {"error": {"status": 429, "message": "no", "reason": "QUOTA_EXCEEDED"}}
    names = [f"{n:022d}" for n in range(4)]
    spotify.answers |= {f"artists/{one}": {"id": one} for one in names}
    spotify.answers |= {f"artists/{one}/albums": {"items": [{"id": one}], "next": None} for one in names}
    spotify.answers |= {f"albums/{one}": {"id": one} for one in names}
    watchlist = Watchlist(artists=tuple(names), depth="albums")
    spotify.faults_at = {6: status(429, quota, Retry_After="86207")}  # the second list of albums
    with pytest.raises(QuotaError, match="Not asked for yet: 3 × discography") as ended:
        capture(lake, spotify.client(), order(watchlist, mode=DEVELOPMENT))
    assert ended.value.family == "artists/albums"
    assert "albums/" + names[0] in [path.split("?")[0] for path in spotify.asked]
    (checkpoint,) = checkpoints.checkpoints(lake)
    assert checkpoint.remaining == {"discography": 3}

    spotify.asked.clear()
    spotify.faults_at = {}
    manifest = capture(lake, spotify.client(), order(watchlist, mode=DEVELOPMENT))
    assert manifest.capture_id == checkpoint.capture_id
    assert sorted(ids(lake, manifest, "albums")) == names
    assert len(spotify.asked) == 6
    assert (manifest.repeated, manifest.partial) == (0, False)
    assert manifest.requests == {"albums": 4, "artists": 4, "artists/albums": 5}


def test_a_capture_that_runs_out_of_time_goes_on_where_it_was(spotify: Spotify, lake: Lake) -> None:
    late = datetime.now(UTC) - timedelta(seconds=1)
    with pytest.raises(UnfinishedError, match="ran out of time"):
        capture(lake, spotify.client(), order(Watchlist(artists=(A,))), stop_at=late)
    assert spotify.asked == []
    assert capture(lake, spotify.client(), order(Watchlist(artists=(A,)))).items == {"artists": 1}


def test_an_unfinished_day_is_closed_as_partial_with_what_is_missing(spotify: Spotify, lake: Lake) -> None:
    quota = {"error": {"status": 429, "message": "no", "reason": "QUOTA_EXCEEDED"}}
    names = [f"{n:022d}" for n in range(4)]
    spotify.answers |= {f"artists/{one}": {"id": one} for one in names}
    spotify.faults_at = {3: status(429, quota, Retry_After="86207")}
    with pytest.raises(QuotaError):
        capture(lake, spotify.client(), order(Watchlist(artists=tuple(names), depth="artists"), mode=DEVELOPMENT))
    assert close_captures(lake, before=DAY) == []
    (manifest,) = close_captures(lake, before=DAY + timedelta(days=1))
    assert manifest.partial
    assert ids(lake, manifest, "artists") == names[:2]
    assert [(gap.kind, gap.count) for gap in manifest.gaps] == [("artist", 2)]
    assert "before the day was closed" in manifest.gaps[0].reason
    assert lake.keys(keys.CHECKPOINTS) == []
    assert len(lake.keys(keys.LOG)) == 1
    assert close_captures(lake) == []


def test_the_lake_is_claimed_before_anything_is_put(spotify: Spotify, lake: Lake) -> None:
    def refuse() -> None:
        assert [key for key in all_keys(lake) if not key.startswith(keys.CHECKPOINTS)] == []
        raise SourceError("not yours")

    with pytest.raises(SourceError, match="not yours"):
        capture(lake, spotify.client(), order(Watchlist(artists=(A,))), claim=refuse)
    assert [key for key in all_keys(lake) if not key.startswith(keys.CHECKPOINTS)] == []
