"""Connections that the application may close without an answer, which ASGI and uvicorn do not offer.

An application that raises or returns early would make uvicorn answer 500 or complain in its log.
"""

from __future__ import annotations

import asyncio
from typing import cast

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.auto import AutoHTTPProtocol


class Connection(AutoHTTPProtocol):  # type: ignore[misc, valid-type]  # whichever parser uvicorn found
    """uvicorn's protocol, which puts its transport into the scope of every request."""

    app: ASGIApp

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport at hand from the first byte on."""
        super().connection_made(transport)
        app = self.app

        async def with_transport(scope: Scope, receive: Receive, send: Send) -> None:
            scope["transport"] = transport
            await app(scope, receive, send)

        self.app = with_transport


async def hang_up(scope: Scope, receive: Receive) -> None:
    """Close a request's connection after what was sent so far, and wait until uvicorn has noticed."""
    cast(asyncio.Transport, scope["transport"]).close()
    await gone(receive)


async def gone(receive: Receive) -> None:
    """Wait until a request's connection is closed, by whomever."""
    while (await receive())["type"] != "http.disconnect":
        pass
