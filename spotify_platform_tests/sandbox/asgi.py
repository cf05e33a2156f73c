"""The application asked directly, without a server, with a clock that stands still until a test moves it."""

import asyncio
import datetime
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from spotify_platform.sandbox import Behaviour, Catalogue, LoggedRequest, create_app

CATALOGUE = Catalogue()
_FORM = b"grant_type=client_credentials&client_id=anybody&client_secret=anything"


@dataclass
class Clock:
    """Seconds, as many as a test says."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Answer:
    """What came back."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Api:
    """A client of one application, which fetches a token when it is made."""

    def __init__(self, behaviour: Behaviour, catalogue: Catalogue = CATALOGUE) -> None:
        self.clock = Clock()
        self._app = create_app(catalogue, behaviour, self.clock)
        self.token = self.new_token()["access_token"]

    def new_token(self) -> dict[str, Any]:
        return asyncio.run(self._ask("POST", "/api/token", b"", {}, _FORM)).json

    def get(self, path: str, **query: str | int) -> Answer:
        """An answer of `/v1/…` with the client's token."""
        return self.together((f"/v1/{path}", query))[0]

    def get_on(self, day: datetime.date, path: str, **query: str | int) -> Answer:
        """An answer as it is on a day."""
        return self.together((f"/days/{day}/v1/{path}", query))[0]

    def together(self, *asked: tuple[str, dict[str, str | int]]) -> list[Answer]:
        """Answers of whole paths that are asked for at once."""
        headers = {"authorization": f"Bearer {self.token}", "host": "sandbox"}

        async def ask() -> list[Answer]:
            return await asyncio.gather(
                *(self._ask("GET", path, urlencode(query).encode(), headers, b"") for path, query in asked)
            )

        return asyncio.run(ask())

    def log(self) -> list[LoggedRequest]:
        entries = [LoggedRequest(**one) for one in self.together(("/_sandbox/log", {}))[0].json]
        return [entry for entry in entries if entry.family != "token"]

    async def _ask(self, method: str, path: str, query: bytes, headers: dict[str, str], body: bytes) -> Answer:
        answer = Answer()

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            else:
                answer.body += message["body"]

        sent = [(name.encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": "http", "method": method, "path": path, "query_string": query, "headers": sent}
        await self._app(scope, receive, send)
        return answer
