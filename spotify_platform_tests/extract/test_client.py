"""The client against a small server that misbehaves on request: waiting, giving up, and keeping secrets."""

import logging
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.responses import JSONResponse, Response

from spotify_platform.contracts.errors import (
    AuthenticationError,
    CapabilityError,
    MalformedAnswerError,
    PermanentError,
    PlatformError,
    QuotaError,
    SourceError,
    UnfinishedError,
)
from spotify_platform.extract.budget import EVERYTHING, Budget
from spotify_platform.extract.client import Client, Credentials, GoneError, page_of
from spotify_platform.extract.pace import Pace
from spotify_platform.lake.store import Lake

from .tiny import SECRET, A, B, Dropped, Spotify, status, tiny_spotify

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def server() -> Iterator[Spotify]:
    """The tiny server, running for all tests of this module."""
    with tiny_spotify() as spotify:
        yield spotify


@pytest.fixture
def spotify(server: Spotify) -> Spotify:
    """The tiny server as new, knowing one artist."""
    url = server.url
    server.__init__()  # type: ignore[misc]
    server.url = url
    server.answers["artists"] = {"artists": [{"id": A}]}
    return server


QUOTA = {"error": {"status": 429, "message": "no", "reason": "QUOTA_EXCEEDED"}}
EXPIRED = {"error": {"status": 401, "message": "The access token expired"}}


@pytest.mark.parametrize(
    ("faults", "waits"),
    [
        ([status(500), status(500)], [1, 2]),
        ([status(503, Retry_After="7")], [7]),
        ([status(429, Retry_After="1")], [1]),
        ([status(429)], [1]),
        ([status(429, Retry_After="60")] * 12, [60] * 12),
        ([status(500)] * 7, [1, 2, 4, 8, 8, 8, 8]),
        ([status(401, EXPIRED)], [0]),
        ([Dropped], [1]),
        ([lambda: Response(b"")], [1]),
        ([lambda: Response(b"<html>")], [1]),
        ([status(200, {"artists": []})], [1]),
        ([status(200, ["artists"])], [1]),
        ([status(502, {"error": "bad gateway"})], [1]),
    ],
    ids=[
        *("500s", "503", "429", "429 untimed", "429s", "seven 500s", "old token", "dropped", "empty", "no JSON"),
        *("too few", "a list", "odd error"),
    ],
)
def test_faults_that_pass_are_waited_for(
    spotify: Spotify, faults: list[Callable[[], Response]], waits: list[float]
) -> None:
    spotify.faults = list(faults)
    slept: list[float] = []
    client = spotify.client(slept)
    assert client.objects("artist", [A]) == [{"id": A}]
    assert slept == waits
    assert client.requests == {"artists": len(faults) + 1}


@pytest.mark.parametrize(
    ("fault", "kind", "gist", "requests"),
    [
        (status(500), SourceError, "artists: status 500, time after time", 8),
        (Dropped, SourceError, "artists: no usable answer", 8),
        (lambda: Response(b""), SourceError, "not JSON", 8),
        (status(200, {"artists": []}), MalformedAnswerError, "expected shape", 8),
        (status(429, Retry_After="30"), SourceError, "status 429", 20),
        (status(429, QUOTA, Retry_After="86207"), QuotaError, "for artists until 2026-11-21 02:56 UTC", 1),
        (status(429, Retry_After="86207"), QuotaError, "this client id until", 1),
        (status(503, Retry_After="3600"), QuotaError, "until 2026-11-20 04:00 UTC", 1),
        (status(401), AuthenticationError, "did not accept the credentials", 1),
        (status(403), CapabilityError, "does not offer /v1/artists/", 1),
        (status(400), PermanentError, "refused /v1/artists/ .status 400", 1),
        (status(404, {"error": "gone"}), GoneError, "status 404", 1),
    ],
    ids=[
        *("500", "dropped", "empty", "too few", "429s", "spent quota", "closed", "long 503", "401", "403", "400"),
        "404",
    ],
)
def test_faults_that_do_not_pass_are_told_in_the_platforms_own_words(
    spotify: Spotify, fault: Callable[[], Response], kind: type[PlatformError], gist: str, requests: int
) -> None:
    spotify.faults = [fault] * 30
    with pytest.raises(kind, match=gist) as failed:
        spotify.client(now=lambda: NOW).objects("artist", [A])
    assert len(spotify.asked) == requests
    assert SECRET not in str(failed.value)


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
def test_a_token_that_is_not_given_is_an_error_of_ours_too(
    spotify: Spotify, token: Callable[[], Response], kind: type[PlatformError]
) -> None:
    spotify.token = token
    with pytest.raises(kind) as failed:
        spotify.client().objects("artist", [A])
    assert SECRET not in str(failed.value)
    assert spotify.asked == []


def test_a_token_that_expired_is_fetched_anew_once(spotify: Spotify) -> None:
    given = iter(["first", "second"])
    spotify.token = lambda: JSONResponse({"access_token": next(given), "expires_in": 3600})
    spotify.faults = [status(401, EXPIRED)]
    client = spotify.client()
    client.objects("artist", [A])
    client.objects("artist", [A])
    assert next(given, "both were fetched") == "both were fetched"


def test_a_server_that_is_not_there_is_a_source_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    url = f"http://127.0.0.1:{port}/"
    client = Client(Credentials("me", SecretStr(SECRET), url, url), sleep=lambda seconds: None)
    with pytest.raises(SourceError, match="no usable answer"):
        client.objects("artist", [A])


def test_empty_credentials_are_refused_at_once() -> None:
    with pytest.raises(AuthenticationError, match="is empty"):
        Client(Credentials("me", SecretStr("")))


def test_the_secret_is_in_no_log_and_no_repr(spotify: Spotify, caplog: pytest.LogCaptureFixture) -> None:
    client = spotify.client()
    caplog.set_level(logging.DEBUG)
    for name in ("spotipy", "spotipy.client", "spotipy.oauth2", "urllib3"):
        caplog.set_level(logging.DEBUG, name)  # after the client was made: it does not lean on levels
    spotify.token = lambda: JSONResponse({"access_token": "the-token", "expires_in": 3600})
    spotify.faults = [status(500), status(401, EXPIRED)]
    client.objects("artist", [A])
    assert "urllib3" in caplog.text
    assert SECRET not in caplog.text
    assert "the-token" not in caplog.text
    assert SECRET not in repr(Credentials("me", SecretStr(SECRET)))


@pytest.mark.parametrize(("answer", "offered"), [(status(403), False), (status(400), True), (status(200, {}), True)])
def test_a_probe_tells_the_modes_apart_by_one_request(
    spotify: Spotify, answer: Callable[[], Response], offered: bool
) -> None:
    spotify.faults = [answer]
    assert spotify.client().offers_batches() is offered
    assert len(spotify.asked) == 1


def test_a_probe_with_wrong_credentials_is_no_sign_of_a_mode(spotify: Spotify) -> None:
    spotify.faults = [status(401)]
    with pytest.raises(AuthenticationError):
        spotify.client().offers_batches()


def test_a_long_wait_is_remembered_for_the_family_or_for_all(spotify: Spotify, lake: Lake) -> None:
    budget = Budget(lake, "me", {}, now=lambda: NOW)
    spotify.faults = [status(429, QUOTA, Retry_After="600"), status(429, Retry_After="900")]
    for _ in "12":
        with pytest.raises(QuotaError):
            spotify.client(now=lambda: NOW, budget=budget).objects("artist", [A])
    until = {"artists": NOW + timedelta(seconds=600), EVERYTHING: NOW + timedelta(seconds=900)}
    assert budget.closed() == until
    assert Budget(lake, "me", {}, now=lambda: NOW + timedelta(seconds=700)).closed() == {EVERYTHING: until[EVERYTHING]}
    assert Budget(lake, "another", {}, now=lambda: NOW).closed() == {}


def test_every_attempt_is_paid_for_and_paced(spotify: Spotify, lake: Lake) -> None:
    budget = Budget(lake, "me", {"artists": 3}, now=lambda: NOW)
    pace = Pace(1000.0)
    spotify.faults = [status(500), status(500)]
    client = spotify.client(budget=budget, pace=pace)
    client.objects("artist", [A])
    with pytest.raises(QuotaError, match="budget of 3 requests for artists") as over:
        client.objects("artist", [A])
    assert over.value.until == NOW + timedelta(hours=24, minutes=10)
    assert len(spotify.asked) == 3


def test_a_client_that_was_stopped_asks_nothing_more(spotify: Spotify) -> None:
    client = spotify.client()
    client.stop()
    with pytest.raises(UnfinishedError):
        client.objects("artist", [A])
    assert spotify.asked == []


def test_a_page_tells_where_the_next_one_begins() -> None:
    link = f"https://api.spotify.com/v1/albums/{B}/tracks?offset=50&limit=50&locale=de"
    assert page_of({"items": [1, 2], "next": link}, 0).next == 50
    assert page_of({"items": [1, 2], "next": "https://api.spotify.com/v1/?after=x"}, 4).next == 6
    assert page_of({"items": [1], "next": None}, 0).next is None


def test_a_page_that_leads_nowhere_is_the_last() -> None:
    link = "https://api.spotify.com/v1/x?offset=50"
    assert page_of({"items": [], "next": link}, 50).next is None


def test_nothing_is_written_into_the_working_directory(
    spotify: Spotify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    spotify.client().objects("artist", [A])
    assert list(tmp_path.iterdir()) == []
