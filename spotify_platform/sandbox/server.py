"""The sandbox over HTTP: the API of api.spotify.com (extended mode) on 127.0.0.1.

Routing, tokens and the server's process belong here; what an answer holds is `endpoints.py`'s business.
A day is chosen by path, `/days/2026-10-01/v1/…`; plain `/v1/…` is the anchor day.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import datetime
import http.client
import json
import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from spotify_platform.sandbox import ids
from spotify_platform.sandbox.catalogue import Catalogue, UnknownDayError
from spotify_platform.sandbox.endpoints import ENDPOINTS, ApiError, Call
from spotify_platform.sandbox.objects import Json, Objects

_HOST = "127.0.0.1"
_START_SECONDS = 30
_STOP_SECONDS = 5
_TOKEN = "sandbox-"


def create_app(catalogue: Catalogue) -> Starlette:
    """The whole API over one catalogue, as an ASGI application."""
    objects = lru_cache(maxsize=4)(lambda offset, url: Objects(catalogue, offset, url))
    routes: list[BaseRoute] = []
    for pattern, endpoint in ENDPOINTS.items():
        handler = _handler(catalogue, objects, endpoint)
        for prefix in ("/days/{day}/v1", "/v1"):
            # Both spellings answer at once: Starlette's own redirect would double spotipy's requests.
            routes += [Route(f"{prefix}{pattern}", handler), Route(f"{prefix}{pattern}/", handler)]
    routes += [Route("/api/token", _token, methods=["POST"]), Route("/api/token/", _token, methods=["POST"])]
    return Starlette(routes=routes, exception_handlers={HTTPException: _http_error, ApiError: _api_error})


def _handler(
    catalogue: Catalogue, objects: Callable[[int, str], Objects], endpoint: Callable[[Call], Json]
) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        _require_token(request)
        day = request.path_params.get("day")
        path = request.url.path.partition("/v1/")[2].rstrip("/")
        root = f"http://{request.headers.get('host', _HOST)}"
        url = f"{root}/days/{day}/v1" if day else f"{root}/v1"
        offset = _offset(catalogue, day) if day else 0
        identifier = request.path_params.get("id", "")
        return _json(endpoint(Call(objects(offset, url), path, identifier, dict(request.query_params))))

    return handle


def _offset(catalogue: Catalogue, day: str) -> int:
    try:
        return catalogue.offset(datetime.date.fromisoformat(day))
    except UnknownDayError as error:
        raise ApiError(404, str(error)) from error
    except ValueError as error:
        raise ApiError(404, f"{day!r} is not a day like 2026-10-01.") from error


def _require_token(request: Request) -> None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if not token:
        raise ApiError(401, "No token provided")
    if scheme.lower() != "bearer" or not token.startswith(_TOKEN):
        raise ApiError(401, "Invalid access token")


async def _token(request: Request) -> Response:
    """Client credentials, from Basic authorization or from the form; any non-empty pair will do."""
    form = dict(parse_qsl((await request.body()).decode()))
    client, secret = _basic(request.headers.get("authorization", "")) or (
        form.get("client_id", ""),
        form.get("client_secret", ""),
    )
    if not client or not secret:
        return _json({"error": "invalid_client", "error_description": "Invalid client"}, 400)
    if form.get("grant_type") != "client_credentials":
        return _json({"error": "unsupported_grant_type", "error_description": "grant_type not supported"}, 400)
    token = _TOKEN + ids.base62(ids.number("token", client), 11)
    return _json({"access_token": token, "token_type": "Bearer", "expires_in": 3600})


def _basic(authorization: str) -> tuple[str, str] | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client, _, secret = base64.b64decode(encoded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return client, secret


def _json(content: Json, status: int = 200) -> Response:
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    return Response(text.encode(), status, media_type="application/json; charset=utf-8")


async def _api_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return _json({"error": {"status": error.status, "message": error.message}}, error.status)


async def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = "Service not found" if error.status_code == 404 else error.detail
    return _json({"error": {"status": error.status_code, "message": message}}, error.status_code)


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


@contextmanager
def serve(catalogue: Catalogue, port: int = 0) -> Iterator[Sandbox]:
    """Run the sandbox in a process of its own while the block runs. Port 0: any free one."""
    process = subprocess.Popen(
        # The package imports this module before -m runs it: harmless, and no reason for a warning.
        [
            *(sys.executable, "-W", "ignore::RuntimeWarning:runpy", "-m", "spotify_platform.sandbox.server"),
            *("--seed", str(catalogue.seed), "--artists", str(catalogue.artists), "--port", str(port)),
            *("--anchor", catalogue.anchor.isoformat(), "--stop-at-end-of-input"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        bound = _announced_port(process)
        _wait_for_answer(bound)
        yield Sandbox(f"http://{_HOST}:{bound}")
    finally:
        _stop(process)


def run_forever(catalogue: Catalogue, port: int) -> None:
    """Serve in this process until it is interrupted. Port 0: any free one; the port is printed first."""
    listener = socket.create_server((_HOST, port))
    print(listener.getsockname()[1], flush=True)
    config = uvicorn.Config(
        create_app(catalogue),
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


def _wait_for_answer(port: int) -> None:
    """Return once a request is answered; the socket already listens, so one request that waits is enough."""
    # Not urllib, which would ask a proxy if the environment names one.
    connection = http.client.HTTPConnection(_HOST, port, timeout=_START_SECONDS)
    connection.request("GET", "/v1/markets")
    connection.getresponse().read()  # 401, for want of a token: it answers
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
    parser.add_argument("--stop-at-end-of-input", action="store_true")
    options = parser.parse_args()
    if options.stop_at_end_of_input:
        _stop_at_end_of_input()
    run_forever(Catalogue(options.seed, options.artists, options.anchor), options.port)


if __name__ == "__main__":
    main()
