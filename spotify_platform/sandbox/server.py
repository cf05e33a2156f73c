"""The sandbox as a process on 127.0.0.1: started, watched and stopped.

What it answers is `app.py`'s business.
"""

from __future__ import annotations

import argparse
import datetime
import http.client
import json
import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import uvicorn

from spotify_platform.sandbox.app import LOG_PATH, create_app
from spotify_platform.sandbox.behaviour import ORDINARY, Behaviour
from spotify_platform.sandbox.catalogue import Catalogue
from spotify_platform.sandbox.connections import Connection
from spotify_platform.sandbox.log import LoggedRequest

_HOST = "127.0.0.1"
_START_SECONDS = 30
_STOP_SECONDS = 5


@dataclass(frozen=True)
class Sandbox:
    """A running server. `url`: for instance http://127.0.0.1:40123, without a trailing slash."""

    url: str

    @property
    def token_url(self) -> str:
        """Where tokens are asked for; for spotipy's `OAUTH_TOKEN_URL`."""
        return f"{self.url}/api/token"

    def api_url(self, day: datetime.date) -> str:
        """The API as it stands on a day, with a trailing slash; for spotipy's `prefix`."""
        return f"{self.url}/days/{day.isoformat()}/v1/"

    def log(self) -> list[LoggedRequest]:
        """What was asked so far, in the order of arrival; token requests too."""
        return [LoggedRequest(**entry) for entry in json.loads(_get(urlsplit(self.url).port or 0, LOG_PATH))]


@contextmanager
def serve(catalogue: Catalogue, port: int = 0, behaviour: Behaviour = ORDINARY) -> Iterator[Sandbox]:
    """Run the sandbox in a process of its own while the block runs. Port 0: any free one."""
    process = subprocess.Popen(
        # The package imports this module before -m runs it: harmless, and no reason for a warning.
        [
            *(sys.executable, "-W", "ignore::RuntimeWarning:runpy", "-m", "spotify_platform.sandbox.server"),
            *("--seed", str(catalogue.seed), "--artists", str(catalogue.artists), "--port", str(port)),
            *("--anchor", catalogue.anchor.isoformat(), "--behaviour", behaviour.to_json(), "--stop-at-end-of-input"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        bound = _announced_port(process)
        _get(bound, LOG_PATH)  # the socket already listens, so one request that waits is enough
        yield Sandbox(f"http://{_HOST}:{bound}")
    finally:
        _stop(process)


def run_forever(catalogue: Catalogue, port: int, behaviour: Behaviour = ORDINARY) -> None:
    """Serve in this process until it is interrupted. Port 0: any free one; the port is printed first."""
    listener = socket.create_server((_HOST, port))
    print(listener.getsockname()[1], flush=True)
    config = uvicorn.Config(
        create_app(catalogue, behaviour),
        http=Connection,
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    uvicorn.Server(config).run(sockets=[listener])


def _announced_port(process: subprocess.Popen[bytes]) -> int:
    """The first line the child prints; it listens by then."""
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], _START_SECONDS)
    line = process.stdout.readline() if ready else b""
    if not line:
        raise RuntimeError(f"The sandbox did not start within {_START_SECONDS} s; its error output tells why.")
    return int(line)


def _get(port: int, path: str) -> bytes:
    """An answer of the running server."""
    # Not urllib, which would ask a proxy if the environment names one.
    connection = http.client.HTTPConnection(_HOST, port, timeout=_START_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().read()
    finally:
        connection.close()


def _stop(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None and process.stdout is not None
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdin.close()
    process.stdout.close()


def _stop_at_end_of_input() -> None:
    """End this process when its parent, killed or not, no longer holds the other end of stdin."""

    def watch() -> None:
        while os.read(0, 1024):
            pass
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def main() -> None:
    """Entry of the child process."""
    parser = argparse.ArgumentParser(prog="python -m spotify_platform.sandbox.server")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--artists", type=int, required=True)
    parser.add_argument("--anchor", type=datetime.date.fromisoformat, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--behaviour", type=Behaviour.from_json, default=ORDINARY)
    parser.add_argument("--stop-at-end-of-input", action="store_true")
    options = parser.parse_args()
    if options.stop_at_end_of_input:
        _stop_at_end_of_input()
    run_forever(Catalogue(options.seed, options.artists, options.anchor), options.port, options.behaviour)


if __name__ == "__main__":
    main()
