"""How strong a track is in each market on each day, and the ranked table of a day.

A score is a product, so its logarithm, the level, is a sum: artist, album, track, age, slow waves. Planted
tracks follow the curve of their story instead. Names, dates and ids are `catalogue.py`'s business.
"""

from __future__ import annotations

import datetime
import hashlib
import heapq
import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from spotify_platform.sandbox import ids
from spotify_platform.sandbox.names import GENRES

if TYPE_CHECKING:
    from spotify_platform.sandbox.catalogue import Catalogue

GLOBAL = "GLOBAL"
# Daily streams of a track of level 0, in thousands.
_MARKET_SIZE = {
    "US": 1500, "GB": 420, "DE": 430, "FR": 330, "ES": 320, "IT": 310,
    "BR": 900, "MX": 800, "JP": 260, "IN": 700, "AU": 190, "SE": 90,
}  # fmt: skip
MARKETS = tuple(_MARKET_SIZE)
_REST_OF_THE_WORLD = 2.2  # GLOBAL is the markets' sum times this
_CANDIDATES = 400  # a day's strongest tracks; no other can chart anywhere
_DEPTH = 200  # longest chart kept
_NOISE = 0.05  # a day in one market is off by up to this share
_FALL: float = 0.7  # below 1: the first days of the fall are the steepest
_WEEKDAY = (0.97, 0.97, 0.98, 1.0, 1.06, 1.03, 0.96)  # Monday first

Curve = Callable[[int], float]


def _age_level(age: int) -> float:
    """The release curve: up within four days, down over a quarter, then a long even tail."""
    return -0.6 * math.exp(-age / 1.5) - 1.3 * (1 - math.exp(-age / 80)) - 0.1 * math.log1p(age / 365)


_AGE = tuple(_age_level(age) for age in range(6000))


@dataclass(frozen=True, slots=True)
class Profile:
    """What a background track's level is made of. Periods in days, amplitudes in log units."""

    still: float
    release: int
    waves: tuple[tuple[float, float, float], ...]
    trend: float

    def level(self, offset: int) -> float:
        """The level on a day on or after the release."""
        level = self.still + _AGE[min(max(offset - self.release, 0), 5999)] + self.trend * offset
        for amplitude, speed, phase in self.waves:
            level += amplitude * math.sin(offset * speed + phase)
        return level


class Scores:
    """The score model of one catalogue; its caches are bounded."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Scores of `catalogue`; nothing is computed yet."""
        self._catalogue = catalogue
        self.table = lru_cache(maxsize=128)(self._table)
        self._profile = lru_cache(maxsize=32768)(self._make_profile)
        self._weights = lru_cache(maxsize=8192)(self._market_weights)

    def base(self, artist: int) -> float:
        """The artist's lasting strength in log units: 0 for the first, falling with the index."""
        return -0.04 * min(artist, 150) - 0.5 * math.log1p(max(0, artist - 150) / 150)

    def level(self, track: int, offset: int) -> float:
        """The track's level on a day on or after its release, before market and noise."""
        curve = self._curves.get(track)
        return curve(offset) if curve else self._profile(track).level(offset)

    def level_at_rank(self, rank: int) -> float:
        """The level that a place in GLOBAL has usually taken, were no story planted."""
        return self._usual_levels[min(rank, len(self._usual_levels)) - 1]

    def viral_progress(self, offset: int) -> float:
        """0 before the viral climb, 1 after it."""
        plan = self._catalogue.plan
        return min(1.0, max(0.0, (offset - plan.viral_start) / plan.viral_climb))

    def _table(self, offset: int) -> dict[str, list[tuple[int, int]]]:
        """Market → [(track index, streams)], strongest first, at most 200."""
        day = self._catalogue.day(offset)
        streams = [(track, *self._streams(track, level, offset, day)) for track, level in self._candidates(offset)]
        return {
            market: _ranked([(row[0], row[place]) for row in streams])
            for place, market in enumerate((*MARKETS, GLOBAL), start=1)
        }

    def _candidates(self, offset: int) -> list[tuple[int, float]]:
        out = [(track, self.level(track, offset)) for track, release in self._pool if release <= offset]
        return heapq.nlargest(_CANDIDATES, out, key=lambda entry: (entry[1], -entry[0]))

    def _streams(self, track: int, level: float, offset: int, day: datetime.date) -> tuple[int, ...]:
        """Streams in each market, then GLOBAL."""
        strength = math.exp(level) * _WEEKDAY[day.weekday()] / 2**32
        noise = self._noise(track, offset)
        local = [int(w * strength * n) for w, n in zip(self._weights(track // 16), noise, strict=True)]
        return (*local, int(sum(local) * _REST_OF_THE_WORLD))

    def _noise(self, track: int, offset: int) -> list[float]:
        """One factor per market, times 2³²: a single digest serves all twelve."""
        text = f"{self._catalogue.seed}/{track}/{offset}"
        digest = hashlib.blake2b(text.encode(), digest_size=4 * len(MARKETS)).digest()
        spread = _NOISE / 3 if track in self._curves else _NOISE
        low = (1 - spread) * 2**32
        return [low + 2 * spread * value for value in struct.unpack(f"<{len(MARKETS)}I", digest)]

    def _market_weights(self, album: int) -> tuple[float, ...]:
        """Streams of a level-0 track of this album per market; 0 where it is not available."""
        available = self._catalogue.album(album).markets
        artist = album // 8
        return tuple(
            size * 1000 * math.exp(self._affinity(artist, market)) if market in available else 0.0
            for market, size in _MARKET_SIZE.items()
        )

    def _affinity(self, artist: int, market: str) -> float:
        seed, catalogue = self._catalogue.seed, self._catalogue
        drawn = sum(ids.fraction(seed, "affinity", artist, market, n) for n in range(3)) - 1.5
        if artist in catalogue.plan.artists:
            return drawn * 0.06  # stories are told in every market
        return drawn * 0.55 + (0.25 if catalogue.artist(artist).home == market else 0.0)

    @cached_property
    def _pool(self) -> list[tuple[int, int]]:
        """(track index, release) of everything that could ever chart."""
        from spotify_platform.sandbox.catalogue import CHARTING_ARTISTS  # the catalogue imports this module

        catalogue = self._catalogue
        return [
            (track, catalogue.album(track // 16).release)
            for artist in range(min(catalogue.artists, CHARTING_ARTISTS))
            for track in catalogue.all_tracks_of(artist)
        ]

    def _make_profile(self, track: int) -> Profile:
        seed, artist, album = self._catalogue.seed, track // 128, track // 16
        release = self._catalogue.album(album).release
        quality = -1.5 * ids.fraction(seed, "quality", track) - 0.5 * ids.fraction(seed, "album quality", album)
        planted = artist in self._catalogue.plan.artists
        if planted and artist != self._catalogue.plan.album:
            quality -= 2.0  # only the tracks of the story may carry it
        if -90 < release < 6:
            quality -= 1.2  # no other release shall outshine the stories around the anchor
        genres = self._catalogue.artist(artist).genres
        return Profile(
            still=self.base(artist) + quality,
            release=release,
            waves=() if planted else self._waves(artist, track),
            trend=0.0 if planted or not genres else self._genre_trend(genres[0]),
        )

    def _waves(self, artist: int, track: int) -> tuple[tuple[float, float, float], ...]:
        return self._wave("artist", artist, 70, 200, 0.07), self._wave("track", track, 15, 60, 0.07)

    def _wave(self, what: str, index: int, shortest: int, longest: int, amplitude: float) -> tuple[float, float, float]:
        one, two, three = (ids.fraction(self._catalogue.seed, "wave", what, index, n) for n in range(3))
        period = shortest + (longest - shortest) * one
        return amplitude * (0.5 + two), math.tau / period, math.tau * three

    def _genre_trend(self, genre: str) -> float:
        """Log units per day: genres grow and shrink by up to a quarter a year."""
        return (ids.fraction(self._catalogue.seed, "trend", GENRES.index(genre)) - 0.5) * 0.5 / 365

    @cached_property
    def _usual_levels(self) -> list[float]:
        """Levels of the unplanted tracks by place in GLOBAL, averaged over the 60 days before the anchor."""
        planted = self._catalogue.plan.artists
        tracks = [(track, release) for track, release in self._pool if track // 128 not in planted]
        total = sum(_MARKET_SIZE.values()) * 1000
        shift = {track: math.log((sum(self._weights(track // 16)) or 1.0) / total) for track, _ in tracks}
        days = [
            heapq.nlargest(150, (self._profile(t).level(offset) + shift[t] for t, r in tracks if r <= offset))
            for offset in range(-60, 1, 12)
        ]
        return [sum(levels) / len(levels) for levels in zip(*days, strict=False)]

    @cached_property
    def _curves(self) -> dict[int, Curve]:
        """Track index → the level its story gives it."""
        plan, leading = self._catalogue.plan, self._catalogue.leading_tracks
        curves: dict[int, Curve] = {}
        for place, track in enumerate(leading(plan.steady)[:3]):
            curves[track] = self._steady(place)
        for place, track in enumerate(leading(plan.viral)[:4]):
            curves[track] = self._viral(place)
        for place, track in enumerate(leading(plan.falling)[:3]):
            curves[track] = self._falling(place)
        for place, track in enumerate(self._catalogue.tracks_of(self._catalogue.planted_album_index)):
            curves[track] = self._album(place)
        for number, artist in enumerate(plan.genre_artists):
            for place, track in enumerate(leading(artist)[:3]):
                curves[track] = self._growing(number + 5 * place)
        return curves

    def _steady(self, place: int) -> Curve:
        height = self.level_at_rank((1, 24, 40)[place]) + (0.1 if place == 0 else 0.0)
        return lambda offset: height - 0.004 * max(0, offset - 60)

    def _viral(self, place: int) -> Curve:
        low = self.level_at_rank((33, 60, 80, 95)[place])
        high = self.level_at_rank(1) + (0.35, 0.0, -0.25, -0.45)[place]

        def curve(offset: int) -> float:
            fading = 0.02 * max(0, offset - 12)
            return max(low, low + (high - low) * self.viral_progress(offset) - fading)

        return curve

    def _falling(self, place: int) -> Curve:
        high, low = self.level_at_rank((2, 12, 22)[place]), self.level_at_rank((28, 80, 90)[place])
        start = self._catalogue.plan.falling_start

        def curve(offset: int) -> float:
            fallen: float = (max(0, offset - start) / -start) ** _FALL
            return max(high - (high - low) * fallen, low - 1.5)

        return curve

    def _album(self, place: int) -> Curve:
        plan = self._catalogue.plan
        high = self.level_at_rank(1) + 0.3 - 0.22 * place
        tail = high - 1.3

        def curve(offset: int) -> float:
            days = offset - plan.album_release - plan.album_peak
            if days <= 0:
                return high - 0.45 * min(1.0, 0.35 * -days)
            return tail + (high - 0.12 - tail) * math.exp(-days / 70)

        return curve

    def _growing(self, place: int) -> Curve:
        start, end = self.level_at_rank(36 + 5 * place), self.level_at_rank(8 + 5 * place // 3)

        def curve(offset: int) -> float:
            return start + (end - start) * min(1.0, max(0.0, (offset + 60) / 60))

        return curve


def _ranked(streams: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """By streams descending, then by track index, so that a tie always falls the same way."""
    return sorted((e for e in streams if e[1] > 0), key=lambda e: (-e[1], e[0]))[:_DEPTH]
