"""The watchlist: whose music and which playlists a capture asks for.

Where the list is kept (a file, a setting) is the caller's business.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from spotify_platform.contracts.errors import InputError

_ID = r"(?P<id>[0-9A-Za-z]{22})"


@dataclass(frozen=True)
class Watchlist:
    """Spotify's ids of artists and playlists, without repetition, in the order they were named."""

    artists: tuple[str, ...]
    playlists: tuple[str, ...]

    @classmethod
    def parse(cls, artists: Iterable[str], playlists: Iterable[str]) -> "Watchlist":
        """A watchlist from ids, `spotify:artist:…` URIs and open.spotify.com addresses.

        Raises `InputError` for anything else, and for a playlist among the artists or the other way round.
        """
        return cls(
            artists=tuple(dict.fromkeys(_id("artist", text) for text in artists)),
            playlists=tuple(dict.fromkeys(_id("playlist", text) for text in playlists)),
        )


def _id(kind: Literal["artist", "playlist"], text: str) -> str:
    address = rf"(?:https?://)?open\.spotify\.com/(?:intl-[a-z-]+/)?{kind}/"
    found = re.fullmatch(rf"(?:spotify:{kind}:|{address})?{_ID}/?(?:[?#]\S*)?", text.strip())
    if not found:
        raise InputError(
            f"{text[:100]!r} in the watchlist names no {kind}. Give an id of 22 letters and digits, "
            f"spotify:{kind}:<id> or https://open.spotify.com/{kind}/<id>."
        )
    return found["id"]
