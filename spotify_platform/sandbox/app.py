"""The sandbox as an ASGI application: the API of api.spotify.com, its tokens, and a log of what was asked.

From a request to its response belongs here; what an answer holds is `endpoints.py`'s business, the process that
serves it `server.py`'s. A day is chosen by path, `/days/2026-10-01/v1/…`; plain `/v1/…` is the anchor day.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import datetime
import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from spotify_platform.sandbox.answers import error, json_answer, too_many
from spotify_platform.sandbox.behaviour import ORDINARY, Behaviour
from spotify_platform.sandbox.catalogue import Catalogue, UnknownDayError
from spotify_platform.sandbox.endpoints import ENDPOINTS, ApiError, Call, resolve
from spotify_platform.sandbox.faults import FaultPlan, Unanswered, play, slowness
from spotify_platform.sandbox.limits import Limits
from spotify_platform.sandbox.log import LoggedRequest
from spotify_platform.sandbox.modes import MODES
from spotify_platform.sandbox.objects import Objects
from spotify_platform.sandbox.oddities import OddCatalogue, OddObjects
from spotify_platform.sandbox.tokens import Tokens

LOG_PATH = "/_sandbox/log"
_MARKET = re.compile("[A-Z]{2}")


def create_app(
    catalogue: Catalogue, behaviour: Behaviour = ORDINARY, clock: Callable[[], float] = time.monotonic
) -> Starlette:
    """The whole API over one catalogue. `clock`: seconds that never go back, for limits, tokens and the log."""
    api = _Api(catalogue, behaviour, clock)
    routes = [
        # One route for every endpoint, with and without a trailing slash: Starlette's redirect would double requests.
        Route("/v1/{path:path}", api.call),
        Route("/days/{day}/v1/{path:path}", api.call),
        Route("/api/token", api.token, methods=["POST"]),
        Route("/api/token/", api.token, methods=["POST"]),
        Route(LOG_PATH, api.log),
    ]
    return Starlette(routes=routes, exception_handlers={HTTPException: _http_error})


@dataclass(frozen=True)
class _Asked:
    """One API request. `pattern`: the endpoint's key, None where there is none; `path`: the whole one."""

    path: str
    day: str | None
    pattern: str | None
    id: str
    query: dict[str, str]
    authorization: str
    host: str

    @classmethod
    def read(cls, request: Request) -> _Asked:
        found = resolve(request.path_params["path"].rstrip("/"))
        return cls(
            path=request.scope["path"].rstrip("/"),
            day=request.path_params.get("day"),
            pattern=found[0] if found else None,
            id=found[1] if found else "",
            query=dict(request.query_params),
            authorization=request.headers.get("authorization", ""),
            host=request.headers.get("host", "127.0.0.1"),
        )

    @property
    def family(self) -> str:
        return ENDPOINTS[self.pattern].family if self.pattern else "unknown"


class _Api:
    """One server's state: its tokens, limits, faults and log."""

    def __init__(self, catalogue: Catalogue, behaviour: Behaviour, clock: Callable[[], float]) -> None:
        self._mode, self._latency = MODES[behaviour.mode], behaviour.latency
        self._tokens = Tokens(behaviour.token_seconds, clock)
        self._limits = Limits(behaviour, clock)
        self._faults = FaultPlan(behaviour.faults)
        self._clock, self._start = clock, clock()
        self._log: list[LoggedRequest] = []
        if behaviour.oddities:
            catalogue = OddCatalogue(catalogue.seed, catalogue.artists, catalogue.anchor)
        self._catalogue = catalogue
        self._objects = lru_cache(maxsize=16)(partial(_objects, catalogue))

    async def call(self, request: Request) -> Response:
        """Any request to the API. All is decided on arrival, in one go; waiting comes after it."""
        asked = _Asked.read(request)
        fault = self._faults.next(asked.path)
        slow = slowness(fault) if fault else None
        if fault is None or slow is not None:
            response = self._admit(asked)
        else:
            response = play(fault, lambda: self._answer(asked))
            if fault == "expired":
                self._tokens.expire(asked.authorization)
        status = None if isinstance(response, Unanswered) else response.status_code
        self._record(asked.path, asked.query, asked.family, status, fault)
        if delay := self._latency + (slow or 0):
            await asyncio.sleep(delay)
        return response

    async def token(self, request: Request) -> Response:
        """Client credentials, from Basic authorization or from the form; any non-empty pair will do."""
        form = dict(parse_qsl((await request.body()).decode()))
        client, secret = _basic(request.headers.get("authorization", "")) or (
            form.get("client_id", ""),
            form.get("client_secret", ""),
        )
        if not client or not secret:
            response = json_answer({"error": "invalid_client", "error_description": "Invalid client"}, 400)
        elif form.get("grant_type") != "client_credentials":
            told = {"error": "unsupported_grant_type", "error_description": "grant_type not supported"}
            response = json_answer(told, 400)
        else:
            token, seconds = self._tokens.issue(), self._tokens.seconds
            response = json_answer({"access_token": token, "token_type": "Bearer", "expires_in": seconds})
        self._record("/api/token", {}, "token", response.status_code, None)
        return response

    async def log(self, _: Request) -> Response:
        """Every request so far, but those for the log."""
        return json_answer([asdict(entry) for entry in self._log])

    def _record(self, path: str, query: dict[str, str], family: str, status: int | None, fault: str | None) -> None:
        self._log.append(LoggedRequest(self._clock() - self._start, path, query, family, status, fault))

    def _admit(self, asked: _Asked) -> Response:
        """The answer, unless the token or a limit is against it."""
        if asked.pattern is not None:
            if refusal := self._tokens.refusal(asked.authorization):
                return error(401, refusal)
            if too_often := self._limits.refuse(asked.family):
                return too_many(too_often.retry_after, too_often.quota)
        return self._answer(asked)

    def _answer(self, asked: _Asked) -> Response:
        """What the endpoint says."""
        if asked.pattern is None:
            return error(404, "Service not found")
        if asked.pattern in self._mode.removed:
            return error(403, "Forbidden")
        try:
            return json_answer(self._mode.told(ENDPOINTS[asked.pattern].answer(self._call(asked, asked.pattern))))
        except ApiError as refused:
            return error(refused.status, refused.message)

    def _call(self, asked: _Asked, pattern: str) -> Call:
        market = asked.query.get("market", asked.query.get("country"))
        if market is not None and not _MARKET.fullmatch(market):
            raise ApiError(400, "Invalid market code")
        root = f"http://{asked.host}"
        url = f"{root}/days/{asked.day}/v1" if asked.day else f"{root}/v1"
        objects = self._objects(self._offset(asked.day) if asked.day else 0, url, market)
        return Call(objects, pattern.replace("{id}", asked.id), asked.id, asked.query, market, self._mode)

    def _offset(self, day: str) -> int:
        try:
            return self._catalogue.offset(datetime.date.fromisoformat(day))
        except UnknownDayError as unknown:
            raise ApiError(404, str(unknown)) from unknown
        except ValueError as bad:
            raise ApiError(404, f"{day!r} is not a day like 2026-10-01.") from bad


def _objects(catalogue: Catalogue, offset: int, url: str, market: str | None) -> Objects:
    if isinstance(catalogue, OddCatalogue):
        return OddObjects(catalogue, offset, url, market)
    return Objects(catalogue, offset, url)


def _basic(authorization: str) -> tuple[str, str] | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client, _, secret = base64.b64decode(encoded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return client, secret


async def _http_error(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, HTTPException)
    return error(problem.status_code, "Service not found" if problem.status_code == 404 else problem.detail)
