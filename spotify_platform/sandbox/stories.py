"""The planted stories: who rises, falls, holds or releases, and when.

`Plan` is what the catalogue follows; `stories()` tells it to the tests. No product code calls it, and no API
answer contains anything of it. How a story becomes a score is `scores.py`'s business.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spotify_platform.sandbox.ids import number
from spotify_platform.sandbox.names import GENRES

if TYPE_CHECKING:
    from spotify_platform.sandbox.catalogue import Catalogue

FEWEST_ARTISTS = 24  # every story needs its own artist, and a chart needs fifty tracks beside theirs


@dataclass(frozen=True)
class Plan:
    """Artists by index, days as offsets from the anchor (negative: before it)."""

    steady: int
    falling: int
    album: int
    viral: int
    genre_artists: tuple[int, ...]
    genre: str
    viral_start: int
    viral_climb: int
    falling_start: int
    album_release: int
    album_peak: int

    @property
    def artists(self) -> frozenset[int]:
        """Every artist that plays a part."""
        return frozenset((self.steady, self.falling, self.album, self.viral, *self.genre_artists))


def plan(seed: int) -> Plan:
    """The parts and dates that belong to a seed."""

    def pick(what: str, lowest: int, highest: int) -> int:
        return lowest + number(seed, "story", what) % (highest - lowest + 1)

    genre_first = pick("genre artists", 15, 19)
    return Plan(
        steady=pick("steady", 1, 3),
        falling=pick("falling", 4, 6),
        album=pick("album", 7, 10),
        viral=pick("viral", 11, 14),
        genre_artists=tuple(range(genre_first, genre_first + 5)),
        genre=GENRES[pick("genre", 8, len(GENRES) - 1)],
        viral_start=pick("viral start", -14, -8),
        viral_climb=pick("viral climb", 4, 6),
        falling_start=pick("falling start", -15, -13),
        album_release=pick("album release", -35, -20),
        album_peak=pick("album peak", 3, 6),
    )


@dataclass(frozen=True)
class Stories:
    """The planted stories in the words of the API: ids, names and dates."""

    viral_id: str
    viral_name: str
    viral_start: datetime.date
    steady_id: str
    steady_name: str
    falling_id: str
    falling_name: str
    falling_start: datetime.date
    growing_genre: str
    growing_genre_artist_ids: tuple[str, ...]
    album_id: str
    album_name: str
    album_artist_id: str
    album_artist_name: str
    album_release: datetime.date
    album_peak: datetime.date


def stories(catalogue: Catalogue) -> Stories:
    """What was planted in a catalogue, for tests that look whether it is found."""
    told = catalogue.plan

    def day(offset: int) -> datetime.date:
        return catalogue.anchor + datetime.timedelta(days=offset)

    album = catalogue.album(catalogue.planted_album_index)
    viral, steady, falling, releasing = map(catalogue.artist, (told.viral, told.steady, told.falling, told.album))
    return Stories(
        viral_id=viral.id,
        viral_name=viral.name,
        viral_start=day(told.viral_start),
        steady_id=steady.id,
        steady_name=steady.name,
        falling_id=falling.id,
        falling_name=falling.name,
        falling_start=day(told.falling_start),
        growing_genre=told.genre,
        growing_genre_artist_ids=tuple(catalogue.artist(index).id for index in told.genre_artists),
        album_id=album.id,
        album_name=album.name,
        album_artist_id=releasing.id,
        album_artist_name=releasing.name,
        album_release=day(told.album_release),
        album_peak=day(told.album_release + told.album_peak),
    )
