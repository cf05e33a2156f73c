"""The log of requests a server keeps, so that a test can see what a client asked for.

Only the record belongs here; who writes into it is `app.py`'s business, who reads it over HTTP `server.py`'s.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request, in the order of arrival.

    `at`: seconds since the server's start. `path`: as asked, days and all, without a trailing slash.
    `family`: one of `FAMILIES`, "token" for a token request, "unknown" for a path that no endpoint has.
    `status`: None where no answer was given. `fault`: the kind of fault, if one was played.
    """

    at: float
    path: str
    query: dict[str, str]
    family: str
    status: int | None
    fault: str | None
