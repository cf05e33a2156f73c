"""Access tokens: given out, checked, expired.

Who may have one is `app.py`'s business.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

_MARK = "sandbox-"


class Tokens:
    """The tokens of one server, each good for `seconds` of `clock`.

    A token of another sandbox is taken too: like Spotify's, tokens outlive a server's process.
    """

    def __init__(self, seconds: int, clock: Callable[[], float]) -> None:
        """None given out yet."""
        self.seconds, self._clock = seconds, clock
        self._ends: dict[str, float] = {}

    def issue(self) -> str:
        """A new token."""
        token = _MARK + secrets.token_hex(16)
        self._ends[token] = self._clock() + self.seconds
        return token

    def refusal(self, authorization: str) -> str | None:
        """Why a request with this Authorization header is refused; None when it is not."""
        scheme, _, token = authorization.partition(" ")
        if not token:
            return "No token provided"
        if scheme.lower() != "bearer" or not token.startswith(_MARK):
            return "Invalid access token"
        if token in self._ends and self._clock() >= self._ends[token]:
            return "The access token expired"
        return None

    def expire(self, authorization: str) -> None:
        """Refuse the token of this Authorization header from now on."""
        self._ends[authorization.partition(" ")[2]] = self._clock()
