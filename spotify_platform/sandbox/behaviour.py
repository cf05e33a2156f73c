"""How a sandbox behaves: its mode, its limits, what it does wrong on purpose.

Settings only, handed to the server's process as one JSON argument. How each is carried out is the business of
`modes.py`, `limits.py`, `tokens.py`, `faults.py` and `oddities.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal, get_args

ModeName = Literal["development", "extended"]

# What a quota is about. One object and a batch of its kind are one family.
FAMILIES = (
    "artists", "artists/albums", "artists/top-tracks", "albums", "albums/tracks", "tracks",
    "playlists", "playlists/items", "search", "markets", "browse/new-releases",
)  # fmt: skip

_KIND = re.compile(
    r"(429(-quota)?(:\d+)?|500|502|503|timeout(:\d+(\.\d+)?)?|slow:\d+(\.\d+)?|drop|cut|empty|html|list|expired)"
)


@dataclass(frozen=True)
class Faults:
    """What goes wrong, and for which requests. An API request is numbered from 1; token requests are not counted.

    Kinds:

    - `429`: too many requests, without Retry-After; `429:7`, `429:0`, `429:86400`: with it
    - `429-quota`, `429-quota:86207`: the same with the reason QUOTA_EXCEEDED
    - `500`: with an error in JSON; `502`, `503`: with a proxy's HTML page
    - `timeout`, `timeout:5`: no answer for that many seconds (60), then the connection is closed
    - `drop`: the connection is closed at once, without an answer
    - `cut`: the headers and half the body, then the connection is closed
    - `empty`: 200 without a body; `html`: 200 with a page; `list`: 200 with JSON that is no object
    - `slow:2.5`: the right answer after that many seconds
    - `expired`: 401 "The access token expired", and that token is refused from then on

    A faulted request has no other effect: it counts for no limit (a slow one does, for it is answered).
    """

    probability: float = 0.0  # that a request draws a fault, from its number and `seed` alone
    seed: int = 1
    kinds: tuple[str, ...] = ("429:1", "500", "502", "503", "drop", "cut", "empty", "html", "list", "expired")
    # (request number, kind): that request. (regex, kind): the first request whose path it is found in; every
    # entry serves once, so the same entry three times is three requests. A script goes before the probability.
    script: tuple[tuple[int | str, str], ...] = ()

    def __post_init__(self) -> None:
        """Refuse what could never happen."""
        if not 0 <= self.probability <= 1:
            raise ValueError(f"A probability lies between 0 and 1, not at {self.probability}.")
        for kind in (*self.kinds, *(kind for _, kind in self.script)):
            if not _KIND.fullmatch(kind):
                raise ValueError(f"The sandbox knows no fault {kind!r}.")
        for request, _ in self.script:
            if isinstance(request, str):
                re.compile(request)
        if self.probability and not self.kinds:
            raise ValueError("A probability needs kinds of faults to draw from.")


@dataclass(frozen=True)
class Behaviour:
    """How a server behaves; the default answers everything, at once and without an end."""

    mode: ModeName = "extended"
    oddities: bool = False  # null, empty and strange values, as real answers have them
    latency: float = 0.0  # seconds before every API answer
    requests_per_second: float | None = None  # on average over a rolling window of 30 s; for all clients together
    quotas: Mapping[str, int] = field(default_factory=dict)  # family → requests in any 24 h
    token_seconds: int = 3600
    faults: Faults = Faults()

    def __post_init__(self) -> None:
        """Refuse what the server does not know."""
        if self.mode not in get_args(ModeName):
            raise ValueError(f"A mode is development or extended, not {self.mode!r}.")
        if unknown := set(self.quotas) - set(FAMILIES):
            raise ValueError(f"No endpoint belongs to {', '.join(sorted(unknown))}; families: {', '.join(FAMILIES)}.")

    def to_json(self) -> str:
        """All settings as one line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Behaviour:
        """What `to_json` wrote."""
        settings = json.loads(text)
        faults = settings.pop("faults")
        faults["kinds"] = tuple(faults["kinds"])
        faults["script"] = tuple((request, kind) for request, kind in faults["script"])
        return cls(**settings, faults=Faults(**faults))


ORDINARY = Behaviour()
