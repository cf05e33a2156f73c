"""The two modes of the Web API: how far pages go, which endpoints are gone, which fields are not told.

A mode cannot be chosen by a client; a server is in one. Endpoints themselves are `endpoints.py`'s business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spotify_platform.sandbox.behaviour import ModeName


@dataclass(frozen=True)
class Mode:
    """What an app in this mode gets. Page sizes are those of a search and of an artist's albums."""

    page_default: int
    page_most: int
    removed: frozenset[str] = frozenset()  # endpoints that answer 403
    absent: Mapping[str, frozenset[str]] | None = None  # type of object → fields it lacks

    def told(self, answer: Any) -> Any:
        """An answer without the fields this mode does not tell, however deep they lie."""
        if self.absent is None:
            return answer
        if isinstance(answer, dict):
            absent = self.absent.get(answer.get("type", ""), frozenset())
            return {name: self.told(value) for name, value in answer.items() if name not in absent}
        if isinstance(answer, list):
            return [self.told(one) for one in answer]
        return answer


_DEVELOPMENT = Mode(
    page_default=5,
    page_most=10,
    removed=frozenset(
        (
            "artists", "albums", "tracks", "artists/{id}/top-tracks", "browse/new-releases", "markets",
            # Served to the playlist's owner only, and client credentials own nothing.
            "playlists/{id}/items", "playlists/{id}/tracks",
        )
    ),
    absent={
        "track": frozenset(("popularity", "available_markets", "linked_from", "preview_url")),
        "album": frozenset(("popularity", "label", "available_markets", "album_group")),
        "artist": frozenset(("popularity", "followers", "genres")),
        # Called `items` in this mode, and again for the owner only.
        "playlist": frozenset(("tracks",)),
    },
)  # fmt: skip

MODES: Mapping[ModeName, Mode] = {"extended": Mode(page_default=20, page_most=50), "development": _DEVELOPMENT}
