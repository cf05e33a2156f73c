"""The invented catalogue: its artists, albums, tracks, playlists and charts on any day it knows.

Every value is a pure function of (seed, artists, anchor, id, day), computed when asked for, so that a
catalogue of 100,000 artists costs as little as one of 40.
Scores are `scores.py`'s business, JSON shapes `objects.py`'s.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from spotify_platform.sandbox import ids, names
from spotify_platform.sandbox.scores import GLOBAL, MARKETS, Scores
from spotify_platform.sandbox.stories import FEWEST_ARTISTS, Plan, plan

FIRST_OFFSET, LAST_OFFSET = -729, 365  # days around the anchor that the catalogue knows
CHARTING_ARTISTS = 150  # strength falls so fast with the index that nobody behind could chart

# Room in the numbering: album = artist * 8 + slot, track = album * 16 + place.
_ALBUM_SLOTS, _TRACK_SLOTS = 8, 16
_FUTURE_SLOT, _PLANTED_SLOT = 5, 6
# A cycle and not a draw: 120 albums for 40 artists, whatever the seed.
_ALBUMS_PER_ARTIST = (3, 2, 4, 3, 2, 5, 3, 2, 4, 2)
_PLAYLIST_NAMES = ("Sandbox Hits", "Sandbox Mixtape", "Sandbox Discoveries")
_PLAYLIST_SIZES = ((50, 10), (84, 34), (60, 30))  # strongest tracks and rotating tail


class UnknownDayError(ValueError):
    """A day outside the 729 days before and the 365 days after the anchor."""


@dataclass(frozen=True, slots=True)
class Artist:
    """What never changes about an artist. `genres`: up to 3 names; `home`: a market."""

    index: int
    id: str
    name: str
    genres: tuple[str, ...]
    home: str


@dataclass(frozen=True, slots=True)
class Album:
    """What never changes about an album. `kind`: its album_type; `release`: days from the anchor."""

    index: int
    id: str
    name: str
    artist: int
    kind: str
    release: int
    release_date: str
    release_date_precision: str
    total_tracks: int
    label: str
    upc: str
    markets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Track:
    """What never changes about a track. `artists`: indexes, the main one first; `number` counts from 1."""

    index: int
    id: str
    name: str
    album: int
    number: int
    duration_ms: int
    explicit: bool
    isrc: str
    artists: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ChartRow:
    """One line of a daily chart. `streams`: plays on that day in that market."""

    rank: int
    track_index: int
    track_id: str
    track_name: str
    artist_names: tuple[str, ...]
    label: str
    streams: int


@dataclass(frozen=True, slots=True)
class PlaylistItem:
    """One entry: a track's index, or None for a local file (`local` true) and for a vanished track."""

    track: int | None
    added_at: str
    local: bool = False


@dataclass(frozen=True, slots=True)
class Playlist:
    """A playlist as it stands on one day; `snapshot_id` changes when and only when the items do."""

    id: str
    name: str
    snapshot_id: str
    items: tuple[PlaylistItem, ...]


@dataclass(frozen=True)
class Catalogue:
    """An invented Spotify around the day `anchor`. Equal fields give equal answers."""

    seed: int = 7
    artists: int = 40
    anchor: datetime.date = datetime.date(2026, 11, 20)

    def __post_init__(self) -> None:
        """Refuse what is too small for the stories."""
        if self.artists < FEWEST_ARTISTS:
            raise ValueError(f"A sandbox needs at least {FEWEST_ARTISTS} artists, not {self.artists}.")

    @cached_property
    def plan(self) -> Plan:
        """The planted parts; for `scores.py` and `stories.py` only."""
        return plan(self.seed)

    @cached_property
    def scores(self) -> Scores:
        """The score model of this catalogue."""
        return Scores(self)

    @property
    def first_day(self) -> datetime.date:
        """The earliest known day."""
        return self.anchor + datetime.timedelta(days=FIRST_OFFSET)

    @property
    def last_day(self) -> datetime.date:
        """The latest known day."""
        return self.anchor + datetime.timedelta(days=LAST_OFFSET)

    def offset(self, day: datetime.date) -> int:
        """Days from the anchor to `day`; UnknownDayError outside the known range."""
        offset = (day - self.anchor).days
        if not FIRST_OFFSET <= offset <= LAST_OFFSET:
            raise UnknownDayError(f"The sandbox knows the days {self.first_day} to {self.last_day}, not {day}.")
        return offset

    def day(self, offset: int) -> datetime.date:
        """The day `offset` days from the anchor."""
        return self.anchor + datetime.timedelta(days=offset)

    def find_artist(self, identifier: str, offset: int) -> int | None:
        """The artist's index, or None; an artist is known on every day, whatever the offset."""
        index = ids.decode(self.seed, "artist", identifier)
        return index if index is not None and index < self.artists else None

    def find_album(self, identifier: str, offset: int) -> int | None:
        """The album's index, or None; an album is unknown before its release day."""
        index = ids.decode(self.seed, "album", identifier)
        if index is None or index // _ALBUM_SLOTS >= self.artists:
            return None
        return index if index in self.albums_of(index // _ALBUM_SLOTS, offset) else None

    def find_track(self, identifier: str, offset: int) -> int | None:
        """The track's index, or None; a track is unknown before its album's release day."""
        index = ids.decode(self.seed, "track", identifier)
        if index is None or index // (_TRACK_SLOTS * _ALBUM_SLOTS) >= self.artists:
            return None
        album = index // _TRACK_SLOTS
        known = album in self.albums_of(album // _ALBUM_SLOTS, offset) and index in self.tracks_of(album)
        return index if known else None

    def find_playlist(self, identifier: str) -> int | None:
        """The playlist's index, or None."""
        index = ids.decode(self.seed, "playlist", identifier)
        return index if index is not None and index < len(_PLAYLIST_NAMES) else None

    @property
    def planted_album_index(self) -> int:
        """The index of the album of the album story."""
        return self.plan.album * _ALBUM_SLOTS + _PLANTED_SLOT

    @property
    def playlist_ids(self) -> tuple[str, ...]:
        """The ids of the three playlists."""
        return tuple(ids.encode(self.seed, "playlist", index) for index in range(len(_PLAYLIST_NAMES)))

    @cached_property
    def artist(self) -> Callable[[int], Artist]:
        """index → Artist."""
        return lru_cache(maxsize=4096)(self._artist)

    @cached_property
    def album(self) -> Callable[[int], Album]:
        """index → Album."""
        return lru_cache(maxsize=8192)(self._album)

    @cached_property
    def track(self) -> Callable[[int], Track]:
        """index → Track."""
        return lru_cache(maxsize=32768)(self._track)

    def albums_of(self, artist: int, offset: int) -> list[int]:
        """Indexes of an artist's albums that are out on a day, newest first."""
        out = [index for index in self._album_indexes(artist) if self.album(index).release <= offset]
        return sorted(out, key=lambda index: (-self.album(index).release, index))

    def tracks_of(self, album: int) -> range:
        """Indexes of an album's tracks."""
        return range(album * _TRACK_SLOTS, album * _TRACK_SLOTS + self.album(album).total_tracks)

    def all_tracks_of(self, artist: int) -> Iterator[int]:
        """Indexes of every track of an artist, released or not."""
        for album in self._album_indexes(artist):
            yield from self.tracks_of(album)

    def leading_tracks(self, artist: int) -> range:
        """Indexes of the tracks a planted story is told with: those of the artist's first album."""
        return self.tracks_of(artist * _ALBUM_SLOTS)

    def track_popularity(self, track: int, offset: int) -> int:
        """0 to 100; two days behind the streams, as the real number lags too."""
        return self._popularity(self.scores.level(track, max(offset - 2, self._release(track))), 70)

    def album_popularity(self, album: int, offset: int) -> int:
        """0 to 100, led by the album's strongest track."""
        return max(self.track_popularity(track, offset) for track in self.tracks_of(album))

    def artist_popularity(self, artist: int, offset: int) -> int:
        """0 to 100, from the artist's three strongest tracks."""
        tracks = [track for album in self.albums_of(artist, offset) for track in self.tracks_of(album)]
        if not tracks:
            return 0
        strongest = sorted((self.scores.level(t, max(offset - 2, self._release(t))) for t in tracks), reverse=True)[:3]
        return self._popularity(sum(strongest) / len(strongest), 74)

    def followers(self, artist: int, offset: int) -> int:
        """Followers, growing slowly; the viral artist gains in proportion to its climb."""
        start = 10 ** (7.4 + self.scores.base(artist) * 0.4) * (0.6 + 0.8 * self._draw("followers", artist))
        growth = 0.02 + 0.25 * self._draw("follower growth", artist)
        years = (offset - FIRST_OFFSET) / 365
        climb = self.scores.viral_progress(offset) if artist == self.plan.viral else 0.0
        return int(start * (1 + growth * years + 0.9 * climb))

    def chart(self, market: str, day: datetime.date, size: int = 50) -> list[ChartRow]:
        """The daily chart of a market or GLOBAL: `size` rows (at most 200), rank 1 first."""
        if market != GLOBAL and market not in MARKETS:
            raise ValueError(f"The sandbox has no market {market!r}; it has {GLOBAL} and {', '.join(MARKETS)}.")
        strongest = self.scores.table(self.offset(day))[market][:size]
        return [self._chart_row(rank, *entry) for rank, entry in enumerate(strongest, start=1)]

    @cached_property
    def playlist(self) -> Callable[[int, int], Playlist]:
        """(index, offset) → Playlist on that day."""
        return lru_cache(maxsize=64)(self._playlist)

    def _draw(self, *parts: object) -> float:
        return ids.fraction(self.seed, *parts)

    def _release(self, track: int) -> int:
        return self.album(track // _TRACK_SLOTS).release

    def _popularity(self, level: float, at_the_charts_end: int) -> int:
        return min(100, max(0, round(at_the_charts_end + 17 * (level - self.scores.level_at_rank(50)))))

    def _artist(self, index: int) -> Artist:
        return Artist(
            index=index,
            id=ids.encode(self.seed, "artist", index),
            name=names.artist_name(self.seed, index),
            genres=self._genres(index),
            home=MARKETS[ids.number(self.seed, "home", index) % len(MARKETS)],
        )

    def _genres(self, artist: int) -> tuple[str, ...]:
        # Among those who chart, only its planted artists have the growing genre: their share is the story.
        free = [g for g in names.GENRES if g != self.plan.genre or artist >= CHARTING_ARTISTS]
        first, second, third = (free[ids.number(self.seed, "genre", artist, place) % len(free)] for place in range(3))
        if artist in self.plan.genre_artists:
            return (self.plan.genre,)
        if artist in (self.plan.viral, self.plan.album):
            return ()  # their rise is their own story: it must not make a genre grow
        wanted = (0, 1, 1, 1, 2, 2, 2, 3)[ids.number(self.seed, "genres", artist) % 8]
        return tuple(dict.fromkeys((first, second, third)[:wanted]))

    def _album_indexes(self, artist: int) -> list[int]:
        slots = list(range(_ALBUMS_PER_ARTIST[(artist + self.seed) % len(_ALBUMS_PER_ARTIST)]))
        if artist not in self.plan.artists and self._draw("future", artist) < 0.35:
            slots.append(_FUTURE_SLOT)
        if artist == self.plan.album:
            slots.append(_PLANTED_SLOT)
        return [artist * _ALBUM_SLOTS + slot for slot in slots]

    def _album(self, index: int) -> Album:
        artist, slot = divmod(index, _ALBUM_SLOTS)
        kind, total_tracks = self._kind(index, artist, slot)
        release = self._release_offset(index, artist, slot)
        date, precision = self._stated_release(index, release)
        return Album(
            index=index,
            id=ids.encode(self.seed, "album", index),
            name=names.title(self.seed, "album", index),
            artist=artist,
            kind=kind,
            release=release,
            release_date=date,
            release_date_precision=precision,
            total_tracks=total_tracks,
            label=names.LABELS[ids.number(self.seed, "label", artist, slot // 3) % len(names.LABELS)],
            upc=f"{ids.number(self.seed, 'upc', index) % 10**12:012d}",
            markets=self._markets(index, artist),
        )

    def _kind(self, index: int, artist: int, slot: int) -> tuple[str, int]:
        if slot == _PLANTED_SLOT or (slot == 0 and artist in self.plan.artists):
            return "album", 8
        length = ids.number(self.seed, "length", index)
        kind = self._draw("kind", index)
        if kind < 0.62:
            return "single", (1, 1, 1, 2)[length % 4]
        return ("album", 5 + length % 5) if kind < 0.92 else ("compilation", 6 + length % 4)

    def _release_offset(self, index: int, artist: int, slot: int) -> int:
        when = self._draw("release", index)
        if slot == _PLANTED_SLOT:
            return self.plan.album_release
        if slot == _FUTURE_SLOT:
            return 6 + int(when * 360)
        if artist in self.plan.artists:
            return -130 - int(when * 200) if slot == 0 else -400 - int(when * 3000)
        return -1 - int(when * 1400) if when < 0.5 else -730 - int((when - 0.5) * 9000)

    def _stated_release(self, index: int, release: int) -> tuple[str, str]:
        date = self.day(release).isoformat()
        vague = self._draw("precision", index)
        if release > -1500 or vague > 0.3:
            return date, "day"
        return (date[:4], "year") if vague < 0.2 else (date[:7], "month")

    def _markets(self, index: int, artist: int) -> tuple[str, ...]:
        if artist in self.plan.artists or self._draw("everywhere", index) < 0.9:
            return MARKETS
        return tuple(market for market in MARKETS if self._draw("market", index, market) < 0.8)

    def _track(self, index: int) -> Track:
        album, place = divmod(index, _TRACK_SLOTS)
        draw = ids.number(self.seed, "track", index)
        year = self.day(self.album(album).release).year % 100
        return Track(
            index=index,
            id=ids.encode(self.seed, "track", index),
            name=names.title(self.seed, "track", index),
            album=album,
            number=place + 1,
            duration_ms=115_000 + draw % 170_000,
            explicit=draw // 1_000_000 % 100 < 22,
            isrc=f"{self._registrant(album)}{year:02d}{draw % 100_000:05d}",
            artists=self._artists_of_track(index, album // _ALBUM_SLOTS),
        )

    def _registrant(self, album: int) -> str:
        home = self.artist(album // _ALBUM_SLOTS).home
        code = ids.number(self.seed, "registrant", album)
        return home + "".join(ids.ALPHABET[code // 36**place % 36] for place in range(3))

    def _artists_of_track(self, track: int, main: int) -> tuple[int, ...]:
        # Planted artists stand alone: a guest on a viral track would look viral too.
        if main in self.plan.artists or self._draw("featured", track) > 0.18:
            return (main,)
        guest = ids.number(self.seed, "guest", track) % min(self.artists, CHARTING_ARTISTS)
        return (main,) if guest == main or guest in self.plan.artists else (main, guest)

    def _chart_row(self, rank: int, index: int, streams: int) -> ChartRow:
        track = self.track(index)
        artists = tuple(self.artist(artist).name for artist in track.artists)
        return ChartRow(rank, index, track.id, track.name, artists, self.album(track.album).label, streams)

    def _playlist(self, index: int, offset: int) -> Playlist:
        items = self._playlist_items(index, offset)
        snapshot = hashlib.blake2b(repr((index, items)).encode(), digest_size=18).digest()
        identifier = ids.encode(self.seed, "playlist", index)
        return Playlist(identifier, _PLAYLIST_NAMES[index], base64.b64encode(snapshot).decode(), tuple(items))

    def _playlist_items(self, index: int, offset: int) -> list[PlaylistItem]:
        strongest, tail = _PLAYLIST_SIZES[index]
        ranked = [track for track, _ in self.scores.table(offset)[(GLOBAL, GLOBAL, MARKETS[self.seed % 12])[index]]]
        week = math.floor(offset / 7)
        rest = sorted(ranked[strongest:], key=lambda track: ids.number(self.seed, "tail", index, week, track))
        items = [self._playlist_item(track, index, offset) for track in ranked[:strongest] + rest[:tail]]
        if index == 1:  # what real playlists have too: somebody's own file, and a track that is gone
            added = f"{self.day(FIRST_OFFSET).isoformat()}T08:00:00Z"
            items.insert(17, PlaylistItem(None, added, local=True))
            items.insert(41, PlaylistItem(None, added))
        return items

    def _playlist_item(self, track: int, playlist: int, offset: int) -> PlaylistItem:
        # A stay begins on the track's own day of a four-week rhythm: stable from one day to the next.
        draw = ids.number(self.seed, "added", playlist, track)
        added = max(offset - (offset + draw) % 28, self._release(track))
        return PlaylistItem(track, f"{self.day(added).isoformat()}T{draw // 28 % 24:02d}:{draw // 700 % 60:02d}:00Z")
