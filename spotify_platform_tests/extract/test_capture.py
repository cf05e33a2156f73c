"""Capturing from the Web API: from the sandbox, and from a small server that misbehaves on request."""

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from spotify_platform.contracts.errors import (
    AuthenticationError,
    InputError,
    PermanentError,
    PlatformError,
    SourceError,
)
from spotify_platform.extract.capture import capture
from spotify_platform.extract.client import Client, Credentials
from spotify_platform.extract.watchlist import Watchlist
from spotify_platform.lake.store import Lake
from spotify_platform.sandbox import Catalogue, Sandbox, serve

from .helpers import all_keys, lines

SECRET = "do-not-tell-anybody"
DAY = date(2026, 11, 20)
A, B, GONE = "A" * 22, "B" * 22, "G" * 22


def clock() -> datetime:
    """The time, standing still."""
    return datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """An empty lake in a folder."""
    return Lake(f"file://{tmp_path}/lake")


# -- the watchlist


def test_a_watchlist_is_named_by_ids_uris_and_addresses():
    artists = [A, f"spotify:artist:{B}", f"https://open.spotify.com/artist/{A}?si=1", f" {B} "]
    playlists = [f"https://open.spotify.com/intl-de/playlist/{A}", f"open.spotify.com/playlist/{B}/"]
    assert Watchlist.parse(artists, playlists) == Watchlist(artists=(A, B), playlists=(A, B))


@pytest.mark.parametrize(
    "text", ["", "Queen", A[:-1], A + "A", f"spotify:album:{A}", f"https://evil.example/artist/{A}"]
)
def test_what_names_no_artist_is_refused(text):
    with pytest.raises(InputError, match="names no artist"):
        Watchlist.parse([text], [])


def test_an_artist_among_the_playlists_is_refused():
    with pytest.raises(InputError, match="names no playlist"):
        Watchlist.parse([], [f"spotify:artist:{A}"])


# -- a day of the sandbox


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """The sandbox's catalogue of forty artists."""
    return Catalogue()


@pytest.fixture(scope="module")
def sandbox(catalogue: Catalogue) -> Iterator[Sandbox]:
    """The sandbox, running."""
    with serve(catalogue) as running:
        yield running


def test_everything_of_the_catalogue_arrives_exactly_once(lake, catalogue, sandbox):
    client = Client(Credentials("me", SecretStr(SECRET), sandbox.api_url(DAY), sandbox.token_url))
    artists = [catalogue.artist(index).id for index in range(catalogue.artists)]
    watchlist = Watchlist.parse(artists, catalogue.playlist_ids)
    manifest = capture(lake, client, watchlist, DAY, source="sandbox", now=clock, made_by={"user": "ann"})

    released = [album for artist in range(catalogue.artists) for album in catalogue.albums_of(artist, 0)]
    tracks = {catalogue.track(index).id for album in released for index in catalogue.tracks_of(album)}
    assert sorted(ids(lake, manifest, "artists")) == sorted(artists)
    assert sorted(ids(lake, manifest, "albums")) == sorted(catalogue.album(index).id for index in released)
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

    assert (manifest.capture_id, manifest.source, manifest.mode) == ("20261120T030000Z-sandbox", "sandbox", "extended")
    assert manifest.made_by["user"] == "ann"
    assert sum(manifest.requests.values()) < 80
    assert capture(lake, client, watchlist, DAY, source="sandbox", now=clock) == manifest
    assert client.requests == manifest.requests


def ids(lake: Lake, manifest: Any, entity: str) -> list[str]:
    """The ids of an entity's items, in order."""
    return [line["item"]["id"] for line in lines(lake, manifest, entity)]


# -- a server that does as the test says


class Spotify:
    """A tiny Web API: `answers` by path below /v1/, `faults` come first, one a request; what was asked is kept."""

    def __init__(self) -> None:
        """Nothing is known and nothing is wrong."""
        self.url = ""
        self.answers: dict[str, Any] = {}
        self.faults: list[Callable[[], Response]] = []
        self.token: Callable[[], Response] = lambda: JSONResponse({"access_token": "t", "expires_in": 3600})
        self.asked: list[str] = []

    async def api(self, request: Request) -> Response:
        """Answer a question, or fail as told."""
        path = request.url.path.removeprefix("/v1/").rstrip("/")
        self.asked.append(f"{path}?{request.url.query}")
        if self.faults:
            return self.faults.pop(0)()
        answer = self.answers[path]
        return JSONResponse(answer(request) if callable(answer) else answer)

    async def give_token(self, request: Request) -> Response:
        """Answer to credentials."""
        return self.token()

    def client(self, slept: list[float] | None = None) -> Client:
        """A client of this server that notes its waits instead of waiting."""
        credentials = Credentials("me", SecretStr(SECRET), f"{self.url}/v1/", f"{self.url}/api/token")
        return Client(credentials, sleep=(slept if slept is not None else []).append)


@contextmanager
def running(app: Starlette) -> Iterator[str]:
    """Serve an application on a free port of the loopback interface."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Spotify]:
    """The tiny server, running for all tests of this module."""
    spotify = Spotify()
    routes = [Route("/v1/{path:path}", spotify.api), Route("/api/token", spotify.give_token, methods=["POST"])]
    with running(Starlette(routes=routes)) as url:
        spotify.url = url
        yield spotify


@pytest.fixture
def spotify(server: Spotify) -> Spotify:
    """The tiny server as new, knowing one artist."""
    url = server.url
    server.__init__()  # type: ignore[misc]
    server.url = url
    server.answers["artists"] = {"artists": [{"id": A}]}
    return server


def status(code: int, body: Any = None, **headers: str) -> Callable[[], Response]:
    """An answer of a status; keyword names are headers with _ for -."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda: JSONResponse(body or {"error": {"status": code, "message": "no"}}, code, named)


class Dropped(Response):
    """An answer that breaks off in the middle."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Promise more than is sent."""
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"100")]})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
        raise ConnectionResetError


@pytest.mark.parametrize(
    ("faults", "waits"),
    [
        ([status(500), status(500)], [1, 2]),
        ([status(503, Retry_After="7")], [7]),
        ([status(429, Retry_After="1")], [1]),
        ([status(429)], [1]),
        ([status(429, Retry_After="60")] * 4, [60] * 4),
        ([Dropped], [1]),
        ([lambda: Response(b"")], [1]),
        ([lambda: Response(b"<html>")], [1]),
        ([status(200, {"artists": []})], [1]),
        ([status(200, ["artists"])], [1]),
        ([status(502, {"error": "bad gateway"})], [1]),
    ],
    ids=["500s", "503", "429", "429 untimed", "429s", "dropped", "empty", "no JSON", "too few", "a list", "odd error"],
)
def test_faults_that_pass_are_waited_for(spotify, faults, waits):
    spotify.faults = list(faults)
    slept: list[float] = []
    client = spotify.client(slept)
    assert list(client.artists([A])) == [(A, {"id": A})]
    assert slept == waits
    assert client.requests == {"artists": len(faults) + 1}


@pytest.mark.parametrize(
    ("fault", "kind", "gist", "requests"),
    [
        (status(500), SourceError, "artists: status 500, 5 times in a row", 5),
        (Dropped, SourceError, "artists: no usable answer", 5),
        (status(429, Retry_After="86207"), SourceError, "status 429, and a wait of 86,207 s", 1),
        (status(503, Retry_After="3600"), SourceError, "status 503, and a wait of 3,600 s", 1),
        (status(401), AuthenticationError, "did not accept the credentials", 1),
        (status(403), PermanentError, "development mode", 1),
        (status(400), PermanentError, "refused /v1/artists/ .status 400", 1),
        (status(404, {"error": "gone"}), PermanentError, "status 404", 1),
    ],
    ids=["500", "dropped", "spent quota", "long 503", "401", "403", "400", "404"],
)
def test_faults_that_do_not_pass_are_told_in_the_platforms_own_words(spotify, lake, fault, kind, gist, requests):
    spotify.faults = [fault] * 9
    client = spotify.client()
    with pytest.raises(kind, match=gist) as failed:
        capture(lake, client, Watchlist((A,), ()), DAY, source="spotify", now=clock)
    assert isinstance(failed.value, PlatformError)
    assert len(spotify.asked) == requests
    assert SECRET not in str(failed.value)
    assert all_keys(lake) == []


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        (status(400, {"error": "invalid_client"}), AuthenticationError),
        (status(401, {"error": "invalid_client"}), AuthenticationError),
        (status(503), SourceError),
        (status(429, Retry_After="3"), SourceError),
        (status(500, ["no"]), SourceError),
        (lambda: Response(b"<html>"), SourceError),
        (lambda: JSONResponse({"token": "x"}), SourceError),
    ],
    ids=["400", "401", "503", "429", "a list", "no JSON", "no token"],
)
def test_a_token_that_is_not_given_is_an_error_of_ours_too(spotify, token, kind):
    spotify.token = token
    with pytest.raises(kind) as failed:
        list(spotify.client().artists([A]))
    assert SECRET not in str(failed.value)
    assert spotify.asked == []


def test_a_server_that_is_not_there_is_a_source_error():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    url = f"http://127.0.0.1:{port}/"
    client = Client(Credentials("me", SecretStr(SECRET), url, url), sleep=lambda seconds: None)
    with pytest.raises(SourceError, match="no usable answer"):
        list(client.artists([A]))


def test_empty_credentials_are_refused_at_once():
    with pytest.raises(AuthenticationError, match="is empty"):
        Client(Credentials("me", SecretStr("")))


def test_the_secret_is_in_no_log_and_no_repr(spotify, caplog):
    caplog.set_level(logging.DEBUG)
    spotify.faults = [status(500)]
    client = spotify.client()
    list(client.artists([A]))
    assert SECRET not in caplog.text
    assert "Bearer" not in caplog.text
    assert SECRET not in repr(Credentials("me", SecretStr(SECRET)))


def test_batches_and_pages_are_followed_to_the_end(spotify, lake):
    tracks = [f"{number:022d}" for number in range(120)]
    short = [{"id": track} for track in tracks]

    def page(request: Request) -> dict[str, Any]:
        start = int(request.query_params.get("offset", 0))
        more = f"{spotify.url}/v1/albums/{B}/tracks?offset={start + 50}&limit=50" if start + 50 < len(short) else None
        return {"items": short[start : start + 50], "next": more}

    def asked(request: Request) -> dict[str, Any]:
        return {"tracks": [{"id": track} for track in request.query_params["ids"].split(",")]}

    album = {"id": B, "tracks": {"items": short[:50], "next": f"{spotify.url}/v1/albums/{B}/tracks?offset=50"}}
    item_since_2026 = {"item": {"id": tracks[7], "track": True}}
    spotify.answers |= {
        "artists": {"artists": [{"id": A}, None]},
        f"artists/{A}/albums": {"items": [{"id": B}, {"id": B}, {"id": GONE}], "next": None},
        "albums": {"albums": [album, None]},
        f"albums/{B}/tracks": page,
        "tracks": asked,
        f"playlists/{A}/items": {"items": [item_since_2026, None, {"track": None}, {"track": {"id": None}}]},
    }
    client = spotify.client()
    manifest = capture(lake, client, Watchlist((A, GONE), (A,)), DAY, source="spotify", now=clock)

    assert ids(lake, manifest, "tracks") == [track for track in tracks if track != tracks[7]]
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
    assert manifest.requests == {
        "artists": 1,
        "artists/albums": 1,
        "playlists/items": 1,
        "albums": 1,
        "albums/tracks": 2,
        "tracks": 3,
    }
    assert "limit=50" in next(path for path in spotify.asked if path.startswith(f"artists/{A}/albums"))


def test_captures_of_spotify_at_the_same_moment_are_two(spotify, lake):
    spotify.answers |= {f"artists/{A}/albums": {"items": []}}
    one, two = (capture(lake, spotify.client(), Watchlist((A,), ()), DAY, source="spotify", now=clock) for _ in "12")
    assert one.capture_id != two.capture_id
    assert one.capture_id.startswith("20261120T030000Z-")
