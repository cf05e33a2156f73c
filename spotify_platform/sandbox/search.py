"""Finding artists, albums and tracks by words and filters, as `GET /search` does.

Pages and shapes are `endpoints.py`'s business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from spotify_platform.sandbox.catalogue import Catalogue

KINDS = ("artist", "album", "track")
# Names are computed, not stored: a search looks through the strongest artists only, however many there are.
_REACH = {"artist": 3000, "album": 600, "track": 300}
_MOST_FOUND = 1000  # Spotify lets nobody page further either
_NEW_DAYS = 14
_FILTER = re.compile(r'(genre|artist|year|tag):(?:"([^"]*)"|(\S+))', re.IGNORECASE)
_YEARS = re.compile(r"(\d{4})(?:-(\d{4}))?")


@lru_cache(maxsize=256)
def find(catalogue: Catalogue, offset: int, kind: str, query: str, market: str | None) -> tuple[int, ...]:
    """Indexes of what matches every word and every filter, strongest artists first.

    Filters: `genre:`, `artist:`, `year:2026`, `year:2020-2026`, `tag:new`. Years and newness are those of albums:
    an artist passes with one such album. Albums and tracks must be available in the market.
    """
    wanted = _Wanted.read(query)
    found: list[int] = []
    for artist in range(min(catalogue.artists, _REACH[kind])):
        if wanted.by(catalogue, artist):
            found += (
                index for index, text in _texts(catalogue, offset, kind, artist, wanted, market) if wanted.has(text)
            )
        if len(found) >= _MOST_FOUND:
            break
    return tuple(found[:_MOST_FOUND])


@dataclass(frozen=True)
class _Wanted:
    """A query, taken apart: its bare words, and (filter, value) pairs about artists and about albums."""

    words: list[str]
    of_artists: list[tuple[str, str]]
    of_albums: list[tuple[str, str]]

    @classmethod
    def read(cls, query: str) -> _Wanted:
        filters = [(name.casefold(), (quoted or plain).casefold()) for name, quoted, plain in _FILTER.findall(query)]
        return cls(
            words=_FILTER.sub(" ", query).casefold().split(),
            of_artists=[one for one in filters if one[0] in ("genre", "artist")],
            of_albums=[one for one in filters if one[0] in ("year", "tag")],
        )

    def has(self, text: str) -> bool:
        text = text.casefold()
        return all(word in text for word in self.words)

    def by(self, catalogue: Catalogue, artist: int) -> bool:
        known = catalogue.artist(artist)
        return all(
            value in known.genres if name == "genre" else value in known.name.casefold()
            for name, value in self.of_artists
        )

    def on(self, catalogue: Catalogue, album: int, offset: int) -> bool:
        known = catalogue.album(album)
        return all(
            value == "new" and offset - known.release < _NEW_DAYS
            if name == "tag"
            else _within(int(known.release_date[:4]), value)
            for name, value in self.of_albums
        )


def _within(year: int, years: str) -> bool:
    """Whether a year is the one meant, or in the range; nothing is when neither was written."""
    written = _YEARS.fullmatch(years)
    return written is not None and int(written[1]) <= year <= int(written[2] or written[1])


def _texts(
    catalogue: Catalogue, offset: int, kind: str, artist: int, wanted: _Wanted, market: str | None
) -> Iterator[tuple[int, str]]:
    """(index, searchable words) of an artist's things of a kind that are out on the day and pass the filters."""
    name = catalogue.artist(artist).name
    albums = [one for one in catalogue.albums_of(artist, offset) if wanted.on(catalogue, one, offset)]
    if kind == "artist":
        if albums or not wanted.of_albums:
            yield artist, name
        return
    for album in albums:
        if market is not None and market not in catalogue.album(album).markets:
            continue
        if kind == "album":
            yield album, f"{catalogue.album(album).name} {name}"
        else:
            yield from ((track, f"{catalogue.track(track).name} {name}") for track in catalogue.tracks_of(album))
