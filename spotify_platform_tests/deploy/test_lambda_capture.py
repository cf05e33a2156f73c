"""The capture as an AWS Lambda function: Lambda, S3, Secrets Manager and Spotify all on the loopback interface."""

import base64
import json
import logging
import os
import re
import subprocess
import sys
import threading
import uuid
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer
from pydantic import SecretStr

from spotify_platform.extract.account import fingerprint, remember
from spotify_platform.extract.client import Credentials
from spotify_platform.extract.memory import complete_capture
from spotify_platform.extract.session import Session
from spotify_platform.extract.watchlist import Watchlist
from spotify_platform.lake import Lake, keys
from spotify_platform.lake.captures import CaptureWriter, Manifest, captures_of, read_manifest
from spotify_platform.lake.checkpoints import Checkpoint, checkpoints, save
from spotify_platform.sandbox import Behaviour, Catalogue, Faults, Sandbox, serve

from ..extract.helpers import lines
from .runtime_api import Function, running_function

BUILD = Path(__file__).parents[2] / "deploy/aws/lambda_capture/build.py"
LOCK = Path(__file__).parents[2] / "requirements.lock"
CLIENT_ID, SECRET = "the-client-id", "do-not-tell-anybody"
CREDENTIALS = {"SPOTIPY_CLIENT_ID": CLIENT_ID, "SPOTIPY_CLIENT_SECRET": SECRET}
TODAY = datetime.now(UTC).date()
CATALOGUE = Catalogue(artists=40, anchor=TODAY)
WATCHLIST = Watchlist(
    artists=tuple(CATALOGUE.artist(number).id for number in range(CATALOGUE.artists)),
    playlists=CATALOGUE.playlist_ids,
)


@dataclass(frozen=True)
class Aws:
    """S3 and Secrets Manager; `requests` are all that came so far."""

    environment: dict[str, str]
    requests: list[str] = field(default_factory=list)

    def new_lake(self, requests_a_second: float = 60) -> Lake:
        """An empty lake in a bucket of its own, which remembers a pace, so that no test waits for one to grow."""
        bucket = f"lake-{uuid.uuid4().hex[:8]}"
        boto3.client("s3").create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": os.environ["AWS_REGION"]}
        )
        lake = Lake(f"s3://{bucket}/platform")
        lake.put("watchlist.yaml", WATCHLIST.model_dump_json().encode())
        remember(lake, fingerprint(CLIENT_ID), rate=requests_a_second)
        return lake

    def new_secret(self, text: str) -> str:
        """The ARN of a secret."""
        answer = boto3.client("secretsmanager").create_secret(Name=uuid.uuid4().hex, SecretString=text)
        return str(answer["ARN"])


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    environment = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nothing",
    }
    running = Aws(environment)
    handler = logging.Handler()
    handler.emit = lambda record: running.requests.append(record.getMessage())  # type: ignore[method-assign]
    log = logging.getLogger("werkzeug")
    log.addHandler(handler)
    log.propagate = False
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.delenv("AWS_PROFILE", raising=False)
        yield running
    log.removeHandler(handler)
    log.propagate = True
    server.stop()


def build(folder: Path, *options: str) -> Path:
    """A package in `folder`, zipped as capture.zip and unpacked as capture."""
    archive = folder / "capture.zip"
    subprocess.run([sys.executable, BUILD, "--output", archive, *options], check=True, stdout=subprocess.DEVNULL)
    with zipfile.ZipFile(archive) as content:
        content.extractall(folder / "capture")
    return folder / "capture"


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package without its dependencies, which are these tests' own."""
    return build(tmp_path_factory.mktemp("package"), "--no-dependencies")


@pytest.fixture(scope="session")
def no_dagster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that makes every import of Dagster fail, wherever Dagster is installed."""
    folder = tmp_path_factory.mktemp("no_dagster")
    (folder / "dagster").mkdir()
    (folder / "dagster" / "__init__.py").write_text("raise ImportError('The function imports Dagster.')\n")
    return folder


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The items of a capture of the same day into a folder."""
    lake = Lake(tmp_path_factory.mktemp("lake").as_uri())
    remember(lake, fingerprint(CLIENT_ID), rate=60.0)
    with serve(CATALOGUE) as sandbox:
        credentials = Credentials(CLIENT_ID, SecretStr(SECRET), sandbox.api_url(TODAY), sandbox.token_url)
        manifest = Session(lake, WATCHLIST, credentials, "extended").capture_today({})
    return items(lake, manifest)


MakeFunction = Callable[..., AbstractContextManager[Function]]


@pytest.fixture
def function(aws: Aws, package: Path, no_dagster: Path, tmp_path: Path) -> MakeFunction:
    """`function(lake, sandbox, **environment)`: the function, running."""

    @contextmanager
    def running(lake: Lake, sandbox: Sandbox, **environment: str) -> Iterator[Function]:
        variables = variables_of(aws, lake, sandbox) | {"PYTHONPATH": f"{package}:{no_dagster}"} | environment
        with running_function(package, variables, tmp_path / "log.txt") as ready:
            yield ready

    return running


def variables_of(aws: Aws, lake: Lake, sandbox: Sandbox) -> dict[str, str]:
    """The environment of a function that writes to this lake and takes the sandbox for Spotify."""
    return aws.environment | {
        "SPOTIFY_PLATFORM_LAKE_URL": lake.url,
        "SPOTIFY_PLATFORM_WATCHLIST": f"{lake.url}/watchlist.yaml",
        "SPOTIFY_PLATFORM_MODE": "extended",
        "SPOTIFY_PLATFORM_API_URL": sandbox.api_url(TODAY),
        "SPOTIFY_PLATFORM_TOKEN_URL": sandbox.token_url,
    }


def items(lake: Lake, manifest: Manifest) -> list[str]:
    """What a capture holds, whenever, in whichever order and from whichever port it came."""
    found = []
    for file in manifest.files:
        for line in lines(lake, manifest.model_copy(update={"files": [file]})):
            del line["captured_at"]
            text = re.sub(r"http://127.0.0.1:\d+", "", json.dumps(line, sort_keys=True))
            found.append(f"{file.entity} {text}")
    return sorted(found)


def captured(lake: Lake) -> Manifest:
    """The complete capture of the watchlist."""
    (manifest,) = filter(None, (complete_capture(lake, WATCHLIST, day) for day in (TODAY, TODAY + timedelta(days=1))))
    return manifest


def asked(sandbox: Sandbox) -> list[str]:
    """What Spotify was asked for: one entry for each object and each page of a list."""
    found = []
    for request in sandbox.log():
        if request.family != "token":
            about = request.query.pop("ids", "").split(",")
            found += [f"{request.path} {one} {sorted(request.query.items())}" for one in about]
    return found


def events(function: Function) -> list[str]:
    """The events that the function logged."""
    return [json.loads(line)["event"] for line in function.log().splitlines() if line.startswith("{")]


# -- a day


def test_the_first_call_captures_everything_and_the_next_finds_nothing_to_do(aws, function, everything):
    lake = aws.new_lake()
    with serve(CATALOGUE) as sandbox, function(lake, sandbox, **CREDENTIALS, SPOTIFY_PLATFORM_MODE="auto") as capture:
        first = capture.call()
        assert first.told.get("state") == "captured", first.told
        manifest = captured(lake)
        assert items(lake, manifest) == everything
        assert (manifest.source, manifest.mode) == ("spotify", "extended")
        assert manifest.made_by.items() >= {"lambda_request_id": first.id, "function": "capture"}.items()
        assert (first.told["capture_id"], first.told["items"]) == (manifest.capture_id, len(everything))

        so_far = len(sandbox.log())
        del aws.requests[:]
        second = capture.call()
        assert second.told == {**first.told, "state": "nothing to do", "seconds": second.told["seconds"]}
        assert len(sandbox.log()) == so_far
        # The checkpoints, the watchlist, the day's captures, and the one there is.
        assert len(aws.requests) == 4, aws.requests
        assert events(capture) == ["captured", "nothing to do"]


def test_calls_that_run_out_of_time_hand_over_to_the_next(aws, function, everything):
    lake = aws.new_lake(requests_a_second=8)
    with serve(CATALOGUE) as sandbox, function(lake, sandbox, **CREDENTIALS) as capture:
        calls = [capture.call(seconds=2)]
        while calls[-1].told["state"] == "unfinished":
            calls.append(capture.call(seconds=2))
        assert [call.told["state"] for call in calls] == ["unfinished"] * (len(calls) - 1) + ["captured"]
        assert len(calls) > 2
        assert items(lake, captured(lake)) == everything
        assert len(asked(sandbox)) == len(set(asked(sandbox)))
    assert checkpoints(lake) == []


def test_after_a_call_that_was_killed_the_next_goes_on_from_the_checkpoint(aws, function, everything):
    lake = aws.new_lake(requests_a_second=8)
    hanging = Behaviour(faults=Faults(script=((30, "timeout:60"),)))
    with serve(CATALOGUE, behaviour=hanging) as sandbox, function(lake, sandbox, **CREDENTIALS) as capture:
        while not checkpoints(lake):
            assert capture.call(seconds=2).told["state"] == "unfinished"
        (checkpoint,) = checkpoints(lake)
        assert capture.call(killed_after=2).end == "killed"
        assert capture.call().told["state"] == "captured"
        manifest = captured(lake)
        assert manifest.capture_id == checkpoint.capture_id
        assert items(lake, manifest) == everything
        assert len(asked(sandbox)) - len(set(asked(sandbox))) <= manifest.repeated
        assert manifest.repeated > 0


def test_what_an_earlier_day_left_unfinished_is_closed_as_partial(aws, function):
    lake = aws.new_lake()
    day = TODAY - timedelta(days=2)
    at = datetime.now(UTC) - timedelta(days=2)
    writer = CaptureWriter(lake, "20261101T050000Z-abcd", day, at)
    writer.add("artists", {"id": "a"}, endpoint="/v1/artists", captured_at=at)
    writer.flush()
    named = {"capture_id": writer.capture_id, "snapshot_date": day, "started_at": at, "saved_at": at}
    about = {"source": "spotify", "mode": "extended", "watchlist": "x", "remaining": {"track": 3}}
    save(lake, Checkpoint.model_validate({**named, **about, "files": writer.files}))

    with serve(CATALOGUE) as sandbox, function(lake, sandbox, **CREDENTIALS) as capture:
        assert capture.call().told["state"] == "captured"
        assert events(capture) == ["closed as partial", "captured"]
    closed = read_manifest(lake, day, writer.capture_id)
    assert closed.partial
    assert [(gap.kind, gap.count) for gap in closed.gaps] == [("track", 3)]
    assert checkpoints(lake) == []


@pytest.mark.parametrize(("mode", "request_number"), [("extended", 9), ("auto", 1)])
def test_when_spotify_closes_for_a_day_the_next_call_asks_nothing(aws, function, mode, request_number):
    lake = aws.new_lake()
    closing = Behaviour(faults=Faults(script=((request_number, "429:86400"),)))
    settings = CREDENTIALS | {"SPOTIFY_PLATFORM_MODE": mode}
    with serve(CATALOGUE, behaviour=closing) as sandbox, function(lake, sandbox, **settings) as capture:
        first = capture.call()
        assert first.told.get("state") == "come back", first.told
        hours = (datetime.fromisoformat(first.told["until"]) - datetime.now(UTC)) / timedelta(hours=1)
        assert 23 < hours <= 24
        assert (first.told.get("items", 0) > 0) == (request_number > 1)
        so_far = len(sandbox.log())
        second = capture.call()
        assert {**second.told, "reason": "", "seconds": 0} == {**first.told, "reason": "", "seconds": 0}
        assert len(sandbox.log()) == so_far
    assert len(captures_of(lake, TODAY)) == 0


# -- credentials


def test_credentials_come_from_secrets_manager(aws, function):
    lake = aws.new_lake()
    secret = aws.new_secret(json.dumps({"client_id": CLIENT_ID, "client_secret": SECRET}))
    with serve(CATALOGUE) as sandbox, function(lake, sandbox, SPOTIFY_SECRET_ID=secret) as capture:
        call = capture.call()
        assert call.told.get("state") == "captured", call.told
        assert SECRET not in capture.log() + json.dumps(call.told)


@contextmanager
def a_spotify_that_repeats_what_it_refuses() -> Iterator[str]:
    """The address of a token endpoint that knows nobody, and whose answer holds what it was sent."""

    class Refuses(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_POST(self) -> None:
            sent = self.headers["Authorization"]
            said = json.dumps({"error": "invalid_client", "error_description": f"{sent} {decoded(sent)}"}).encode()
            self.send_response(400)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

    server = HTTPServer(("127.0.0.1", 0), Refuses)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/api/token"
    server.shutdown()
    server.server_close()


def decoded(authorization: str) -> str:
    """The client id and the secret of a Basic authorization."""
    return base64.b64decode(authorization.removeprefix("Basic ")).decode()


def test_wrong_credentials_are_an_error_that_tells_no_secret(aws, function):
    lake = aws.new_lake()
    with (
        serve(CATALOGUE) as sandbox,
        a_spotify_that_repeats_what_it_refuses() as token_url,
        function(lake, sandbox, **CREDENTIALS, SPOTIFY_PLATFORM_TOKEN_URL=token_url) as capture,
    ):
        call = capture.call()
        assert (call.end, call.told["errorType"]) == ("failed", "AuthenticationError")
        assert "did not accept the credentials" in call.told["errorMessage"]
        assert events(capture) == ["failed"]
        told = capture.log() + json.dumps(call.told)
        assert SECRET not in told
        assert base64.b64encode(f"{CLIENT_ID}:{SECRET}".encode()).decode() not in told
        assert capture.call().end == "failed"  # the process is still there
    assert not lake.exists(keys.LAKE)


@pytest.mark.parametrize("content", [None, SECRET, json.dumps({"client_secret": SECRET})])
def test_a_secret_of_no_use_is_an_error_that_tells_no_secret(aws, function, content):
    secret = aws.new_secret(content) if content else "nowhere"
    with serve(CATALOGUE) as sandbox, function(aws.new_lake(), sandbox, SPOTIFY_SECRET_ID=secret) as capture:
        call = capture.call()
        assert (call.end, call.told["errorType"]) == ("failed", "InputError")
        assert f"The secret {secret} is of no use: " in call.told["errorMessage"]
        assert SECRET not in capture.log() + json.dumps(call.told)


def test_without_credentials_an_error_names_the_variables(aws, function):
    with serve(CATALOGUE) as sandbox, function(aws.new_lake(), sandbox) as capture:
        assert "SPOTIPY_CLIENT_SECRET, or SPOTIFY_SECRET_ID" in capture.call().told["errorMessage"]


# -- the package


def test_the_package_holds_the_handler_and_the_rooms_it_needs(package, tmp_path):
    again = build(tmp_path, "--no-dependencies", "--watchlist", str(package / "spotify_platform/extract/watchlist.py"))
    sources = {path.relative_to(again) for path in again.rglob("*.py")}
    assert {path.parts[1] for path in sources if len(path.parts) > 2} == {"contracts", "extract", "lake"}
    assert Path("handler.py") in sources
    assert (again / "watchlist.yaml").exists()
    assert (again / "spotify_platform/extract/watchlist.example.yaml").exists()


@pytest.mark.soak
def test_the_whole_package_is_small_and_runs_by_itself(aws, tmp_path, everything):
    runtime = tmp_path / "runtime"  # what AWS brings
    wanted = ["--quiet", "--target", str(runtime), "--constraint", str(LOCK), "awslambdaric", "boto3"]
    if subprocess.run([sys.executable, "-m", "pip", "install", *wanted]).returncode:
        pytest.skip("pip cannot reach a package index, from which the package's dependencies would come")
    package = build(tmp_path)
    assert (tmp_path / "capture.zip").stat().st_size < 50_000_000
    assert not [path for path in package.rglob("*") if "dagster" in path.name.lower()]

    lake = aws.new_lake()
    secret = aws.new_secret(json.dumps({"client_id": CLIENT_ID, "client_secret": SECRET}))
    with serve(CATALOGUE) as sandbox:
        path = {"PYTHONPATH": f"{package}:{runtime}", "SPOTIFY_SECRET_ID": secret}
        environment = variables_of(aws, lake, sandbox) | path
        # -S: nothing that is installed where these tests run.
        with running_function(package, environment, tmp_path / "log.txt", python=("-S",)) as capture:
            assert [capture.call().told["state"] for _ in range(2)] == ["captured", "nothing to do"], capture.log()
    assert items(lake, captured(lake)) == everything
