"""A tiny Web API that misbehaves on request, for tests of the client."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from spotify_platform.extract.client import Client, Credentials

SECRET = "do-not-tell-anybody"
A, B, GONE = "A" * 22, "B" * 22, "G" * 22


class Spotify:
    """A tiny Web API: `answers` by path below /v1/, `faults` come first, one a request; what was asked is kept."""

    def __init__(self) -> None:
        """Nothing is known and nothing is wrong."""
        self.url = ""
        self.answers: dict[str, Any] = {}
        self.faults: list[Callable[[], Response]] = []
        self.token: Callable[[], Response] = lambda: JSONResponse({"access_token": "t", "expires_in": 3600})
        self.faults_at: dict[int, Callable[[], Response]] = {}  # by the number of the request, from 1
        self.asked: list[str] = []

    async def api(self, request: Request) -> Response:
        """Answer a question, or fail as told."""
        path = request.url.path.removeprefix("/v1/").rstrip("/")
        self.asked.append(f"{path}?{request.url.query}")
        if fault := self.faults_at.get(len(self.asked)):
            return fault()
        if self.faults:
            return self.faults.pop(0)()
        answer = self.answers[path]
        made = answer(request) if callable(answer) else answer
        return made if isinstance(made, Response) else JSONResponse(made)

    async def give_token(self, request: Request) -> Response:
        """Answer to credentials."""
        return self.token()

    def client(self, slept: list[float] | None = None, **options: Any) -> Client:
        """A client of this server that notes its waits instead of waiting."""
        return Client(self.credentials, sleep=(slept if slept is not None else []).append, **options)

    @property
    def credentials(self) -> Credentials:
        """Where the server is."""
        return Credentials("me", SecretStr(SECRET), f"{self.url}/v1/", f"{self.url}/api/token")


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


@contextmanager
def tiny_spotify() -> Iterator[Spotify]:
    """The tiny server, running."""
    spotify = Spotify()
    routes = [Route("/v1/{path:path}", spotify.api), Route("/api/token", spotify.give_token, methods=["POST"])]
    with running(Starlette(routes=routes)) as url:
        spotify.url = url
        yield spotify


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
