"""The client secret, and the tokens it buys, stand nowhere: in no log at any level, no file, no exception, no output.

Everything is listened to at DEBUG, and every file of the home is searched, compressed ones too.
"""

import base64
import gzip
import io
import logging
import os
import re
import socket
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
import requests
from pydantic import SecretStr
from starlette.responses import JSONResponse, Response

from spotify_platform.contracts.errors import PlatformError
from spotify_platform.contracts.raw import ENTITIES, LISTS
from spotify_platform.definitions import build_definitions
from spotify_platform.extract.client import Client, Credentials
from spotify_platform.extract.pace import Pace
from spotify_platform.extract.session import Session
from spotify_platform.extract.watchlist import Watchlist
from spotify_platform.lake.store import Lake
from spotify_platform.sandbox import Behaviour, Catalogue, Faults, serve
from spotify_platform.settings import read_settings
from spotify_platform_tests.conftest import Platform

from .tiny import A, Spotify, status, tiny_spotify

CLIENT, SECRET = "b34c8e5f2d0a4a6fb1a7c9e0d2f48613", "5f1d9c7e3b8a4d2c9e6f0a1b2c3d4e5f"
TODAY = datetime.now(UTC).date()
CATALOGUE = Catalogue(artists=24, anchor=TODAY)
CHARTS = "chart_entries"  # imported, not captured
LOGGERS = ("", "spotipy", "spotipy.client", "spotipy.oauth2", "urllib3", "requests", "dagster", "spotify_platform")
TOKEN = "BQD-a-token-of-the-tiny-server-0123456789"
SECRETS = re.compile(
    b"|".join(
        [
            re.escape(SECRET.encode()),
            re.escape(base64.b64encode(f"{CLIENT}:{SECRET}".encode())),
            re.escape(TOKEN.encode()),
            b"sandbox-[0-9a-f]{32}",  # every token of the sandbox
        ]
    )
)


def leaks(content: bytes | str) -> list[bytes]:
    """The secrets that stand in something."""
    return SECRETS.findall(content.encode() if isinstance(content, str) else content)


def leaks_under(root: Path) -> dict[str, list[bytes]]:
    """The secrets in all files below a folder."""
    found = {}
    for path in root.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            found[str(path)] = leaks(gzip.decompress(content) if path.suffix == ".gz" else content)
    assert found
    return {path: secrets for path, secrets in found.items() if secrets}


@pytest.fixture
def heard() -> Iterator[io.StringIO]:
    """All that is logged while a test runs, at every level, as a handler of everything would write it."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s %(args)s"))
    before = {name: logging.getLogger(name).level for name in LOGGERS}
    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.DEBUG)
    logging.getLogger().addHandler(handler)
    yield text
    logging.getLogger().removeHandler(handler)
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture(autouse=True)
def at_full_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody keeps to a pace, nor waits before asking again."""
    monkeypatch.setattr("spotify_platform.extract.session.Pace", lambda *_, **__: Pace(1_000_000.0))
    monkeypatch.setattr(Client, "_rest", lambda *_: None)


# -- a person with credentials, and what may happen to them


FAULTS = {
    "nothing": Faults(),
    "faults": Faults(script=((2, "500"), (3, "expired"), (4, "cut"), (5, "html"))),
    "a spent quota": Faults(script=((4, "429-quota:86400"),)),
    "a day's wait": Faults(script=((4, "429:86400"),)),
    "a day's wait for the mode": Faults(script=((1, "429:86400"),)),
}
ENDINGS = {"nothing": 0, "faults": 0}


@pytest.fixture
def person(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Platform]:
    """A function that sets a person's platform up for a server."""
    platform.root.mkdir(parents=True, exist_ok=True)
    watchlist = platform.root / "watchlist.yaml"
    watchlist.write_text(f"artists: [{CATALOGUE.artist(0).id}, {'0' * 22}]\nplaylists: [{CATALOGUE.playlist_ids[0]}]\n")

    def at(api_url: str, token_url: str) -> Platform:
        for name, value in {
            "SPOTIPY_CLIENT_ID": CLIENT,
            "SPOTIPY_CLIENT_SECRET": SECRET,
            "SPOTIFY_PLATFORM_WATCHLIST": str(watchlist),
            "SPOTIFY_PLATFORM_API_URL": api_url,
            "SPOTIFY_PLATFORM_TOKEN_URL": token_url,
        }.items():
            monkeypatch.setenv(name, value)
        return platform

    return at


def run_job(platform: Platform) -> str:
    """Capture today as a run of Dagster, with every log in its event log; returns what its events say."""
    overrides = {"python_logs": {"python_log_level": "DEBUG", "managed_python_loggers": ["root", *LOGGERS[1:]]}}
    folder = platform.root / "instance"
    folder.mkdir(parents=True, exist_ok=True)
    with dg.DagsterInstance.local_temp(str(folder), overrides=overrides) as instance:
        job = build_definitions().resolve_implicit_global_asset_job_def()
        captured = [dg.AssetKey(["raw", entity.name]) for entity in (*ENTITIES, *LISTS) if entity.name != CHARTS]
        result = job.execute_in_process(
            instance=instance, asset_selection=captured, partition_key=TODAY.isoformat(), raise_on_error=False
        )
        return "\n".join(str(record) for record in instance.all_logs(result.run_id))


def assert_silence(platform: Platform, heard: io.StringIO, capfd: pytest.CaptureFixture[str], *more: str) -> None:
    """Nothing was told anywhere."""
    said = capfd.readouterr()
    for text in (heard.getvalue(), said.out, said.err, *more):
        assert leaks(text) == []
    assert leaks_under(platform.root) == {}


# -- the search itself


def test_the_search_finds_what_it_looks_for(tmp_path: Path, heard: io.StringIO) -> None:
    with serve(CATALOGUE) as sandbox:
        form = {"grant_type": "client_credentials"}
        token = requests.post(sandbox.token_url, data=form, auth=(CLIENT, SECRET), timeout=5).json()["access_token"]
        assert leaks(token) == [token.encode()]
        sent = requests.Request("POST", sandbox.token_url, auth=(CLIENT, SECRET)).prepare().headers["Authorization"]
        assert leaks(sent)
    (tmp_path / "chunk.jsonl.gz").write_bytes(gzip.compress(SECRET.encode()))
    assert leaks_under(tmp_path)
    logging.getLogger("spotipy.anything").debug("%s", SECRET)
    assert leaks(heard.getvalue())


# -- the command line, and a run of Dagster


@pytest.mark.parametrize("what", FAULTS)
def test_the_command_line_tells_no_secret(
    person: Callable[[str, str], Platform], heard: io.StringIO, capfd: pytest.CaptureFixture[str], what: str
) -> None:
    with serve(CATALOGUE, behaviour=Behaviour(faults=FAULTS[what])) as sandbox:
        platform = person(sandbox.api_url(TODAY), sandbox.token_url)
        answers = [platform.cli("plan"), platform.cli("capture"), platform.cli("capture"), platform.cli("plan")]
        assert len(sandbox.log()) > 1
    assert answers[1].code == ENDINGS.get(what, 1)
    assert "urllib3" in heard.getvalue()
    assert_silence(platform, heard, capfd, *(answer.out + answer.err for answer in answers))


@pytest.mark.parametrize("what", FAULTS)
def test_a_run_of_dagster_tells_no_secret(
    person: Callable[[str, str], Platform], heard: io.StringIO, capfd: pytest.CaptureFixture[str], what: str
) -> None:
    with serve(CATALOGUE, behaviour=Behaviour(faults=FAULTS[what])) as sandbox:
        platform = person(sandbox.api_url(TODAY), sandbox.token_url)
        events = run_job(platform)
        assert len(sandbox.log()) > 1
    assert ("STEP_FAILURE" in events) == (ENDINGS.get(what, 1) == 1)
    assert "/api/token HTTP/1.1" in events, "what urllib3 says at DEBUG is there"
    assert_silence(platform, heard, capfd, events)


# -- credentials that are not accepted, by a server that repeats what it was sent


ECHO = {"error": "invalid_client", "error_description": f"Invalid client secret: {SECRET}"}
TOKEN_ERRORS: dict[str, Callable[[], Response]] = {
    "refused": lambda: JSONResponse(ECHO, 400),
    "refused in a page": lambda: Response(f"<html>{SECRET}</html>", 401),
    "refused for a day": lambda: JSONResponse(ECHO, 429, {"Retry-After": "86400"}),
    "without a token": lambda: JSONResponse({"expires_in": 3600, "client_secret": SECRET}),
}
API_ERRORS: dict[str, Callable[[], Response]] = {
    f"{code}": status(code, {"error": {"status": code, "message": f"Bearer {TOKEN} is not good enough"}})
    for code in (400, 401, 403, 404)
}


@pytest.fixture
def spotify() -> Iterator[Spotify]:
    """The tiny server, giving out a token that is easily found."""
    with tiny_spotify() as server:
        server.token = lambda: JSONResponse({"access_token": TOKEN, "expires_in": 3600})
        yield server


@pytest.mark.parametrize("error", TOKEN_ERRORS)
def test_credentials_that_are_not_accepted_are_not_repeated(
    person: Callable[[str, str], Platform],
    spotify: Spotify,
    heard: io.StringIO,
    capfd: pytest.CaptureFixture[str],
    error: str,
) -> None:
    spotify.token = TOKEN_ERRORS[error]
    platform = person(f"{spotify.url}/v1/", f"{spotify.url}/api/token")
    answer = platform.cli("capture")
    assert answer.code == 1
    assert "Error:" in answer.err
    events = run_job(platform)
    assert "STEP_FAILURE" in events
    assert_silence(platform, heard, capfd, answer.out, answer.err, events)


def everything_of(error: BaseException) -> str:
    """An exception with all that it says led to it, as any log would show it."""
    told = "".join(traceback.format_exception(error))
    link: BaseException | None = error
    while link:
        told += repr((link, link.args, vars(link)))
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return told


@pytest.mark.parametrize("code", API_ERRORS)
def test_a_refusal_that_repeats_the_token_is_not_passed_on(spotify: Spotify, heard: io.StringIO, code: str) -> None:
    spotify.faults = [API_ERRORS[code]]
    client = Client(Credentials(CLIENT, SecretStr(SECRET), f"{spotify.url}/v1/", f"{spotify.url}/api/token"))
    with pytest.raises(PlatformError) as refused:
        client.object("artist", A)
    assert leaks(everything_of(refused.value)) == []
    assert leaks(heard.getvalue()) == []


@pytest.mark.parametrize("fault", ["drop", "cut", "empty", "html", "list", "500", "429", "timeout:0.01"])
def test_what_fails_time_after_time_tells_no_secret(heard: io.StringIO, fault: str) -> None:
    always = Faults(probability=1.0, kinds=(fault,))
    with serve(CATALOGUE, behaviour=Behaviour(faults=always)) as sandbox:
        credentials = Credentials(CLIENT, SecretStr(SECRET), sandbox.api_url(TODAY), sandbox.token_url)
        with pytest.raises(PlatformError) as failed:
            Client(credentials).object("artist", CATALOGUE.artist(0).id)
    assert leaks(everything_of(failed.value)) == []
    assert leaks(heard.getvalue()) == []


def test_a_network_that_is_not_there_tells_no_secret(heard: io.StringIO) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    nowhere = Credentials(CLIENT, SecretStr(SECRET), f"http://127.0.0.1:{port}/v1/", f"http://127.0.0.1:{port}/token")
    with pytest.raises(PlatformError) as failed:
        Client(nowhere).object("artist", A)
    assert leaks(everything_of(failed.value)) == []
    assert leaks(heard.getvalue()) == []


# -- who prints what they have


def test_whoever_prints_credentials_sees_none(person: Callable[[str, str], Platform], lake: Lake) -> None:
    person("http://127.0.0.1:1/v1/", "http://127.0.0.1:1/token")
    credentials = Credentials(CLIENT, SecretStr(SECRET))
    settings = read_settings()
    session = Session(lake, Watchlist(), credentials)
    for thing in (credentials, session, settings, Client(credentials), vars(settings), settings.model_dump()):
        assert leaks(f"{thing!r} {thing!s} {thing}") == []
    assert leaks(settings.model_dump_json()) == []


CRASH = """
from requests.adapters import HTTPAdapter
send = HTTPAdapter.send
def crash(self, request, **kwargs):
    if request.method == "POST":
        return send(self, request, **kwargs)
    raise RuntimeError("a mistake of ours")
HTTPAdapter.send = crash
import sys
sys.argv = ["spotify-platform", "capture"]
from spotify_platform.cli import app
app()
"""


def test_a_crash_of_the_command_line_tells_no_secret(person: Callable[[str, str], Platform]) -> None:
    with serve(CATALOGUE) as sandbox:
        platform = person(sandbox.api_url(TODAY), sandbox.token_url)
        crashed = subprocess.run([sys.executable, "-c", CRASH], env=os.environ, capture_output=True)
    assert crashed.returncode == 1
    assert b"a mistake of ours" in crashed.stderr
    assert leaks(crashed.stderr + crashed.stdout) == []
    assert leaks_under(platform.root) == {}
