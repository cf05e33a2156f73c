"""Faults: which request gets one, and what it then looks like.

The kinds are described in `behaviour.py`. Closing a connection is `connections.py`'s business.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from spotify_platform.sandbox import ids
from spotify_platform.sandbox.answers import JSON_TYPE, error, json_answer, too_many
from spotify_platform.sandbox.behaviour import Faults
from spotify_platform.sandbox.connections import gone, hang_up

_TIMEOUT_SECONDS = 60.0
_REASONS = {"502": "Bad Gateway", "503": "Service Unavailable"}
_PAGE = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center></body></html>"


class FaultPlan:
    """Hands out the faults of one server, request by request."""

    def __init__(self, faults: Faults) -> None:
        """No request seen yet."""
        self._faults, self._script, self._requests = faults, list(faults.script), 0

    def next(self, path: str) -> str | None:
        """The kind of fault for the next API request, or None."""
        self._requests += 1
        for entry in self._script:
            request, kind = entry
            if request == self._requests or (isinstance(request, str) and re.search(request, path)):
                self._script.remove(entry)
                return kind
        faults = self._faults
        if ids.fraction(faults.seed, "fault", self._requests) >= faults.probability:
            return None
        return faults.kinds[ids.number(faults.seed, "kind", self._requests) % len(faults.kinds)]


class Unanswered(Response):
    """No answer: the connection is closed after some seconds, unless the client went away before."""

    def __init__(self, seconds: float) -> None:
        """0: at once."""
        super().__init__()
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hold the connection, then close it."""
        if self._seconds:
            with suppress(TimeoutError):
                await asyncio.wait_for(gone(receive), self._seconds)
        await hang_up(scope, receive)


class Cut(Response):
    """Another response's headers and the first half of its body."""

    def __init__(self, whole: Response) -> None:
        """`whole`: what should have been answered."""
        super().__init__(whole.body, whole.status_code, media_type=JSON_TYPE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Promise the whole, send half, close."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body[: len(self.body) // 2], "more_body": True})
        await hang_up(scope, receive)


def slowness(kind: str) -> float | None:
    """Seconds by which a `slow` fault delays the right answer; None for every other kind."""
    name, _, seconds = kind.partition(":")
    return float(seconds) if name == "slow" else None


def play(kind: str, right: Callable[[], Response]) -> Response:
    """The response of a fault that is not `slow`. `right`: makes the answer there would have been."""
    name, _, seconds = kind.partition(":")
    match name:
        case "429" | "429-quota":
            return too_many(int(seconds) if seconds else None, quota=name == "429-quota")
        case "500":
            return error(500, "Server error.")
        case "502" | "503":
            return Response(_PAGE.format(f"{name} {_REASONS[name]}"), int(name), media_type="text/html")
        case "timeout":
            return Unanswered(float(seconds) if seconds else _TIMEOUT_SECONDS)
        case "drop":
            return Unanswered(0)
        case "cut":
            return Cut(right())
        case "empty":
            return Response(b"", media_type=JSON_TYPE)
        case "html":
            return Response(_PAGE.format("Spotify"), media_type="text/html")
        case "list":
            return json_answer([])
        case "expired":
            return error(401, "The access token expired")
    raise AssertionError(kind)
