"""A second, plain opinion of what curation must do: line by line in plain Python, with nothing of `curate` in it."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from spotify_platform.contracts.raw import ENTITIES_BY_NAME, TEXT, Shape

from .helpers import Raw

FULL, EMBEDDED, CHART = "full", "embedded", "chart"
_DEPTH = {CHART: 1, EMBEDDED: 2, FULL: 3}


def text(value: Any) -> str | None:
    """A value of any JSON type as text."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def day_and_precision(value: str | None) -> tuple[date | None, str | None]:
    """The first day of a stated day, month or year from 1000 on, and which of the three was stated."""
    if value is None or not value.isascii():
        return None, None
    numbers = value.split("-")
    lengths = [len(number) for number in numbers]
    if lengths not in ([4], [4, 2], [4, 2, 2]) or not all(number.isdigit() for number in numbers):
        return None, None
    year, month, day = (*map(int, numbers), 1, 1)[:3]
    if year < 1000:
        return None, None
    try:
        return date(year, month, day), ("year", "month", "day")[len(numbers) - 1]
    except ValueError:
        return None, None


def stamp(value: str | None) -> datetime | None:
    """A moment in UTC: day, T, time to at most microseconds, Z."""
    if value is None or not value.isascii() or value[10:11] != "T" or value[-1:] != "Z":
        return None
    day, precision = day_and_precision(value[:10])
    clock, dot, fraction = value[11:-1].partition(".")
    parts = clock.split(":")
    if day is None or precision != "day" or [len(part) for part in parts] != [2, 2, 2]:
        return None
    if not all(part.isdigit() for part in parts) or (dot and not (fraction.isdigit() and len(fraction) <= 6)):
        return None
    hour, minute, second = map(int, parts)
    if hour > 23 or minute > 59 or second > 59:
        return None
    passed = timedelta(hours=hour, minutes=minute, seconds=second, microseconds=int(fraction.ljust(6, "0")))
    return datetime(day.year, day.month, day.day) + passed


def whole(value: str | None, digits: int) -> int | None:
    """A whole number of at most so many digits."""
    if value is None or not value.isascii():
        return None
    plain = value.removeprefix("-")
    return int(value) if plain.isdigit() and len(plain) <= digits else None


def boolean(value: str | None) -> bool | None:
    """JSON's true and false."""
    return {"true": True, "false": False}.get(value or "")


def _fits(value: Any, shape: Shape) -> bool:
    if value is None or shape == TEXT:
        return True
    if isinstance(shape, list):
        elements = value if isinstance(value, list) else [...]
        return all(element is not ... and _fits(element, shape[0]) for element in elements)
    assert isinstance(shape, dict)
    return isinstance(value, dict) and all(_fits(value.get(name), inner) for name, inner in shape.items())


def fault(one: Raw) -> str | None:
    """Why a line makes no row, or None."""
    try:
        line = json.loads(one.line)
    except ValueError:
        return "not_json"
    if not isinstance(line, dict) or not _fits(line, ENTITIES_BY_NAME[one.entity].line):
        return "wrong_shape"
    if line.get("item") is None:
        return "null_item"
    if stamp(text(line.get("captured_at"))) is None:
        return "bad_captured_at"
    item = line["item"]
    if one.entity == "playlist_items":
        placed = _playlist(line) is not None and whole(text(line.get("position")), 9) is not None
        return None if placed else "no_identity"
    if one.entity == "chart_entries":
        if line.get("market") is None:
            return "no_market"
        if whole(text(item.get("rank")), 9) is None:
            return "bad_rank"
        return None if charted(item) else "no_identity"
    return "no_identity" if identity(text(item.get("id"))) is None else None


def identity(value: str | None) -> str | None:
    """An id: anything without blanks and brackets."""
    return value if value and not set(value) & set(" \t\r\n{}[]") else None


def _playlist(line: dict[str, Any]) -> str | None:
    return text((line.get("params") or {}).get("playlist_id"))


def charted(item: dict[str, Any]) -> str | None:
    """The track that a chart's row is about."""
    uri = text(item.get("uri")) or ""
    in_uri = uri.removeprefix("spotify:track:") if uri.startswith("spotify:track:") else None
    return identity(text(item.get("track_id"))) or identity(in_uri)


def played(item: dict[str, Any]) -> dict[str, Any]:
    """What stands at a place of a playlist."""
    found: dict[str, Any] = item["item"] if item.get("item") is not None else item.get("track") or {}
    return found


@dataclass(frozen=True)
class Line:
    """A good line."""

    raw: Raw
    line: dict[str, Any]

    @property
    def item(self) -> dict[str, Any]:
        """The item."""
        found: dict[str, Any] = self.line["item"]
        return found

    @property
    def captured_at(self) -> datetime:
        """When it came."""
        moment = stamp(text(self.line["captured_at"]))
        assert moment
        return moment


@dataclass(frozen=True)
class Seen:
    """An object as one line tells it."""

    line: Line
    detail: str
    known: dict[str, Any]

    @property
    def order(self) -> tuple[Any, ...]:
        """The greater one wins."""
        return _DEPTH[self.detail], self.line.captured_at, self.line.raw.capture_id, self.line.raw.hash


@dataclass
class Expected:
    """What the tables must hold."""

    dropped: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)  # entity, reason, line, capture
    tracks: dict[str | None, Seen] = field(default_factory=dict)
    albums: dict[str | None, Seen] = field(default_factory=dict)
    artists: dict[str | None, str] = field(default_factory=dict)  # to the detail
    whole_artists: dict[str | None, Seen] = field(default_factory=dict)
    charts: dict[tuple[str | None, int], set[str | None]] = field(default_factory=lambda: defaultdict(set))
    playlists: dict[tuple[str | None, int], set[str | None]] = field(default_factory=lambda: defaultdict(set))
    capture_of: dict[tuple[str, str | None], str] = field(default_factory=dict)  # (kind, market or playlist)
    track_artists: dict[tuple[str | None, str], int] = field(default_factory=dict)
    album_artists: dict[tuple[str | None, str], int] = field(default_factory=dict)
    genres: set[tuple[str | None, str]] = field(default_factory=set)


def expected(lines: Iterable[Raw]) -> Expected:
    """What the lines of one date must become."""
    out = Expected()
    good: dict[str, list[Line]] = defaultdict(list)
    for one in lines:
        if reason := fault(one):
            out.dropped[one.entity, reason, one.line.decode(), one.capture_id] += 1
        else:
            good[one.entity].append(Line(one, json.loads(one.line)))
    newest = _newest(out, "chart_entries", good["chart_entries"], lambda line: text(line["market"]))
    charts = _placed(out, newest, lambda line: (text(line["market"]), whole(text(line["item"]["rank"]), 9)))
    newest = _newest(out, "playlist_items", good["playlist_items"], _playlist)
    playlists = _placed(out, newest, lambda line: (_playlist(line), whole(text(line["position"]), 9)))
    for line in charts:
        rank = whole(text(line.item["rank"]), 9)
        assert rank is not None
        out.charts[text(line.line["market"]), rank].add(charted(line.item))
    for line in playlists:
        position = whole(text(line.line["position"]), 9)
        assert position is not None
        what = played(line.item)
        known = text(what.get("id")) if text(what.get("type")) in ("track", None) else None
        out.playlists[_playlist(line.line), position].add(known)

    _keep(out.tracks, (Seen(line, FULL, line.item) for line in good["tracks"]), "id")
    objects = [(line, played(line.item)) for line in playlists]
    tracks = (Seen(line, FULL, what) for line, what in objects if text(what.get("type")) in ("track", None))
    _keep(out.tracks, (seen for seen in tracks if seen.known.get("id") is not None), "id")
    _keep(out.tracks, (Seen(line, CHART, line.item | {"id": charted(line.item)}) for line in charts), "id")

    _keep(out.albums, (Seen(line, FULL, line.item) for line in good["albums"]), "id")
    _keep(out.albums, (seen for track in out.tracks.values() for seen in _album_of(track)), "id")

    for track_id, track in out.tracks.items():
        for position, artist_id in _credits(track):
            out.track_artists.setdefault((track_id, artist_id), position)
            _credit(out, artist_id, track.detail)
    for album_id, album in out.albums.items():
        for position, artist_id in _listed(album.known):
            out.album_artists.setdefault((album_id, artist_id), position)
            _credit(out, artist_id, album.detail)
    _keep(out.whole_artists, (Seen(line, FULL, line.item) for line in good["artists"]), "id")
    for name, seen in out.whole_artists.items():
        out.artists[name] = FULL
        genres = [text(genre) for genre in seen.known.get("genres") or []]
        out.genres |= {(name, genre) for genre in genres if genre is not None}
    return out


def _newest(out: Expected, kind: str, lines: list[Line], unit: Any) -> list[Line]:
    """The lines of each unit's newest capture: the one whose last line came last."""
    moments: dict[str | None, dict[str, datetime]] = defaultdict(dict)
    for line in lines:
        captures = moments[unit(line.line)]
        captures[line.raw.capture_id] = max(captures.get(line.raw.capture_id, datetime.min), line.captured_at)
    for name, captures in moments.items():
        out.capture_of[kind, name] = max(captures, key=lambda capture: (captures[capture], capture))
    return [line for line in lines if out.capture_of[kind, unit(line.line)] == line.raw.capture_id]


def _placed(out: Expected, lines: list[Line], place: Any) -> list[Line]:
    """Lines that have their place for themselves; of several the one with the greatest hash, the others are dropped."""
    holders: dict[Any, str] = {}
    for line in lines:
        holders[place(line.line)] = max(holders.get(place(line.line), ""), line.raw.hash)
    kept = [line for line in lines if holders[place(line.line)] == line.raw.hash]
    for line in lines:
        if holders[place(line.line)] != line.raw.hash:
            raw = line.raw
            out.dropped[raw.entity, "place_taken", raw.line.decode(), raw.capture_id] += 1
    return kept


def _keep(best: dict[str | None, Seen], found: Iterable[Seen], key: str) -> None:
    for seen in found:
        name = text(seen.known.get(key))
        if name not in best or seen.order > best[name].order:
            best[name] = seen


def _album_of(track: Seen) -> Iterator[Seen]:
    if track.detail == CHART:
        if album_id := text(track.known.get("album_id")):
            yield Seen(track.line, CHART, {"id": album_id, "name": text(track.known.get("album_name")) or None})
    elif (track.known.get("album") or {}).get("id") is not None:
        yield Seen(track.line, EMBEDDED, track.known["album"])


def _credits(track: Seen) -> Iterator[tuple[int, str]]:
    if track.detail == CHART:
        ids = text(track.known.get("artist_ids")) or ""
        yield from ((position, one) for position, one in enumerate(re.split(";", ids)) if one)
    else:
        yield from _listed(track.known)


def _listed(known: dict[str, Any]) -> Iterator[tuple[int, str]]:
    for position, artist in enumerate(known.get("artists") or []):
        artist_id = text((artist or {}).get("id"))
        if artist_id is not None:
            yield position, artist_id


def _credit(out: Expected, artist_id: str, detail: str) -> None:
    by = CHART if detail == CHART else EMBEDDED
    if _DEPTH[by] > _DEPTH.get(out.artists.get(artist_id, ""), 0):
        out.artists[artist_id] = by
