"""Finding artists, albums and tracks by words, as `GET /search` does.

Pages and shapes are `endpoints.py`'s business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from spotify_platform.sandbox.catalogue import Catalogue

KINDS = ("artist", "album", "track")
# Names are computed, not stored: a search looks through the strongest artists only, however many there are.
_REACH = {"artist": 3000, "album": 600, "track": 300}
_MOST_FOUND = 1000  # Spotify lets nobody page further either
_FILTER = re.compile(r'(genre|artist):(?:"([^"]*)"|(\S+))', re.IGNORECASE)


@lru_cache(maxsize=256)
def find(catalogue: Catalogue, offset: int, kind: str, query: str) -> tuple[int, ...]:
    """Indexes of what matches every word and every genre: or artist: filter, strongest artists first."""
    filters = [(name.casefold(), (quoted or plain).casefold()) for name, quoted, plain in _FILTER.findall(query)]
    words = _FILTER.sub(" ", query).casefold().split()
    found = []
    for artist in range(min(catalogue.artists, _REACH[kind])):
        if all(_passes(catalogue, artist, name, value) for name, value in filters):
            found += [index for index, text in _texts(catalogue, offset, kind, artist) if _has(words, text)]
        if len(found) >= _MOST_FOUND:
            break
    return tuple(found[:_MOST_FOUND])


def _has(words: list[str], text: str) -> bool:
    text = text.casefold()
    return all(word in text for word in words)


def _passes(catalogue: Catalogue, artist: int, name: str, value: str) -> bool:
    known = catalogue.artist(artist)
    return value in known.genres if name == "genre" else value in known.name.casefold()


def _texts(catalogue: Catalogue, offset: int, kind: str, artist: int) -> Iterator[tuple[int, str]]:
    """(index, searchable words) of an artist's things of a kind that are out on the day."""
    name = catalogue.artist(artist).name
    if kind == "artist":
        yield artist, name
        return
    for album in catalogue.albums_of(artist, offset):
        if kind == "album":
            yield album, f"{catalogue.album(album).name} {name}"
        else:
            yield from ((track, f"{catalogue.track(track).name} {name}") for track in catalogue.tracks_of(album))
