"""Curation in pandas: the same raw files in, the same nine tables and the same audit out, as fast as we could write it.

    python benchmarks/curate/with_pandas.py LAKE OUT        curate every date of a lake into a folder
    python benchmarks/curate/with_pandas.py --check LAKE    compare with hand.py's rows

One date at a time, in one process. Lines become rows in plain Python, since pandas has no JSON of changing shape: the
values of each line are read once, and what repeats (moments, dates, lists of markets) is read once in all. From there
on it is pandas on narrow keys, and pyarrow writes the files. With orjson, where it is installed, a run takes about a
third less than with the standard library's json.
"""

import argparse
import contextlib
import gc
import hashlib
import json
import re
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import hand
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from rows import same_rows

from spotify_platform.contracts.curated import CURATED
from spotify_platform.contracts.raw import ENTITIES_BY_NAME
from spotify_platform.contracts.table import Table, Type
from spotify_platform.quality.checks import Check, checks_of

try:
    import orjson

    loads: Callable[[bytes], Any] = orjson.loads

    def _text_of(value: Any) -> str:
        return str(orjson.dumps(value), "utf-8")

except ImportError:
    loads = json.loads
    _text_of = partial(json.dumps, ensure_ascii=False, separators=(",", ":"))

Row = tuple[Any, ...]

ARROW = {
    Type.STRING: pa.string(),
    Type.STRINGS: pa.list_(pa.string()),
    Type.INTEGER: pa.int32(),
    Type.BIGINT: pa.int64(),
    Type.DOUBLE: pa.float64(),
    Type.BOOLEAN: pa.bool_(),
    Type.DATE: pa.date32(),
    Type.TIMESTAMP: pa.timestamp("us"),
}

# -- values ------------------------------------------------------------------------------------------------------------

_WHOLE = re.compile(r"-?[0-9]{1,18}")
_DAY = re.compile(r"[1-9][0-9]{3}(-[0-9]{2}){0,2}", re.ASCII)
_NO_DAY = re.compile(r"0000(-[0-9]{2}){0,2}", re.ASCII)
_STAMP = re.compile(
    r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?Z", re.ASCII
)
_IDENTITY = re.compile(r"[^ \t\r\n{}\[\]]+")
_PRECISION = {4: "year", 7: "month", 10: "day"}


def text(value: Any) -> str | None:
    """A leaf of any JSON type as text."""
    return value if value is None or type(value) is str else _text_of(value)


def whole(value: Any, digits: int) -> int | None:
    """A whole number of at most so many digits."""
    if type(value) is int:
        return value if -(10**digits) < value < 10**digits else None
    if type(value) is str and _WHOLE.fullmatch(value):
        return int(value) if len(value.lstrip("-")) <= digits else None
    return None


def truth(value: Any) -> bool | None:
    """JSON's true and false, also as text."""
    return value if type(value) is bool else {"true": True, "false": False}.get(value if type(value) is str else "")


def identity(value: str | None) -> str | None:
    """An id: anything without blanks and brackets."""
    return value if value is not None and _IDENTITY.fullmatch(value) else None


class _Moments(dict[Any, Any]):
    """Moments by their text: the thousands of lines of a capture have a few."""

    def __missing__(self, value: Any) -> datetime | None:
        found = None
        if type(value) is str and _STAMP.fullmatch(value):
            with contextlib.suppress(ValueError):
                found = datetime.fromisoformat(value[:-1])
        self[value] = found
        return found


class _Days(dict[Any, Any]):
    """First day, precision and whether it is a bad value, by the text of a release date."""

    def __missing__(self, value: Any) -> tuple[date | None, str | None, bool]:
        found = None
        if type(value) is str and _DAY.fullmatch(value):
            with contextlib.suppress(ValueError):
                found = date.fromisoformat(value + "-01-01"[len(value) - 4 :])
        good = found is not None or value is None or (type(value) is str and _NO_DAY.fullmatch(value) is not None)
        self[value] = told = (found, _PRECISION[len(value)] if found else None, not good)
        return told


class _Lists:
    """Lists of markets, each kept and sorted once; a row has its number."""

    def __init__(self) -> None:
        self.sorted: list[list[str | None]] = []
        self.numbers: dict[str | tuple[str | None, ...], int] = {}

    def number(self, value: list[Any] | None) -> int | None:
        """The number of a list."""
        if value is None:
            return None
        try:
            joined = "\0".join(value)  # a key in 3.7 µs; a tuple takes 4.8, a hash for each of 185 texts
        except TypeError:  # something in it is no text
            joined = ""
        simple = joined.count("\0") == len(value) - 1 and joined
        key = joined if simple else tuple(map(text, value))
        found = self.numbers.get(key)
        if found is None:
            texts = joined.split("\0") if simple else map(text, value)
            self.sorted.append(sorted(texts, key=lambda one: (one is not None, one or "")))
            found = self.numbers[key] = len(self.sorted) - 1
        return found


_moments, _days = _Moments(), _Days()


def _moment(value: Any) -> datetime | None:
    return _moments[value] if type(value) is str else None


def _day(value: Any) -> tuple[date | None, str | None, bool]:
    return _days[value] if value is None or type(value) is str else (None, None, True)


# Shapes, written out: objects and lists of the contract's shape are such, or not there. A general walk takes 7 µs
# a line against 3.
_OBJECT, _LIST = {dict, type(None)}, {list, type(None)}


def _credits_fit(value: Any) -> bool:
    if type(value) is not list:
        return value is None
    if len(value) == 1:
        return type(value[0]) in _OBJECT
    return all(type(one) in _OBJECT for one in value)


def _artist_fits(get: Callable[[str], Any]) -> bool:
    return type(get("followers")) in _OBJECT and type(get("genres")) in _LIST


def _album_fits(get: Callable[[str], Any]) -> bool:
    return (
        type(get("external_ids")) in _OBJECT
        and type(get("available_markets")) in _LIST
        and _credits_fit(get("artists"))
    )


def _track_fits(get: Callable[[str], Any]) -> bool:
    album = get("album")
    if not _album_fits(get) or type(album) not in _OBJECT:
        return False
    return not album or (type(album.get("available_markets")) in _LIST and _credits_fit(album.get("artists")))


def _playlist_item_fits(get: Callable[[str], Any]) -> bool:
    tracks = get("track"), get("item")
    return all(type(one) in _OBJECT for one in tracks) and all(_track_fits(one.get) for one in tracks if one)


_ITEM_FITS: dict[str, Callable[[Callable[[str], Any]], bool]] = {
    "artists": _artist_fits,
    "albums": _album_fits,
    "tracks": _track_fits,
    "playlist_items": _playlist_item_fits,
    "chart_entries": lambda get: True,
}


def _bad(*values: tuple[Any, Any, str]) -> str | None:
    """The names of the values that were given and could not be read."""
    return ", ".join(name for given, made, name in values if given is not None and made is None) or None


# -- lines -------------------------------------------------------------------------------------------------------------

# What every good line has first.
_FIRST = ("captured_at", "capture_id", "line")
_TRACK = (
    "item_type", "track_id", "name", "album_id", "popularity", "duration_ms", "explicit", "isrc", "disc_number",
    "track_number", "markets", "artists", "album_name", "album_type", "release_date", "release_date_precision",
    "total_tracks", "album_markets", "album_artists",
)  # fmt: skip
_COLUMNS = {
    "artists": (*_FIRST, "artist_id", "name", "popularity", "followers", "genres"),
    "albums": (
        *_FIRST, "album_id", "name", "album_type", "release_date", "release_date_precision", "total_tracks", "label",
        "upc", "popularity", "markets", "artists",
    ),
    "tracks": (*_FIRST, *_TRACK),
    "playlist_items": (*_FIRST, "playlist_id", "position", "added_at", "is_local", "bad", *_TRACK),
    "chart_entries": (
        *_FIRST, "market", "rank", "track_id", "track_name", "artist_ids", "artist_names", "album_id", "album_name",
        "duration_ms", "source", "streams", "stated_peak_rank", "stated_previous_rank", "stated_days_on_chart", "bad",
    ),
}  # fmt: skip


_CHART_NUMBERS = ("streams", "peak_rank", "previous_rank", "days_on_chart", "duration_s")


class Reader:
    """The raw files of one date → good rows by entity, and rejects."""

    def __init__(self) -> None:
        """Nothing read yet."""
        self.rows: dict[str, list[Row]] = {name: [] for name in ENTITIES_BY_NAME}
        self.rejects: list[Row] = []  # entity, reason, fields, dropped, line, captured_at, capture_id
        self.lists = _Lists()
        self._makers: dict[str, Callable[[Any, Any], tuple[str | None, str | None, Row]]] = {
            "artists": self._artist,
            "albums": self._album,
            "tracks": self._track_line,
            "playlist_items": self._playlist_item,
            "chart_entries": self._chart_entry,
        }

    def read(self, entity: str, path: Path) -> None:
        """One file."""
        capture_id = path.name.rpartition("-")[0]
        make, fits, rows, rejects = self._makers[entity], _ITEM_FITS[entity], self.rows[entity], self.rejects
        placed = entity in ("playlist_items", "chart_entries")
        moments = _moments
        for line in zlib.decompress(path.read_bytes(), 31).split(b"\n"):
            if not line:
                continue
            try:
                told = loads(line)
            except ValueError:
                rejects.append((entity, "not_json", None, True, line, None, capture_id))
                continue
            shaped = type(told) is dict and type(told.get("params")) in _OBJECT
            item = told.get("item") if shaped else None
            if not shaped or not (item is None or (type(item) is dict and fits(item.get))):
                at = _moment(told.get("captured_at")) if type(told) is dict else None
                rejects.append((entity, "wrong_shape", None, True, line, at, capture_id))
                continue
            stated = told.get("captured_at")
            at = moments[stated] if type(stated) is str else None
            if item is None:
                rejects.append((entity, "null_item", None, True, line, at, capture_id))
                continue
            if at is None:
                rejects.append((entity, "bad_captured_at", None, True, line, None, capture_id))
                continue
            reason, bad, row = make(told, item)
            if reason:
                rejects.append((entity, reason, None, True, line, at, capture_id))
                continue
            rows.append((at, capture_id, line, *row))
            if bad and not placed:  # of those it has to be known first who holds the place
                rejects.append((entity, "bad_value", bad, False, line, at, capture_id))

    @staticmethod
    def _artist(_: Any, item: Any) -> tuple[str | None, str | None, Row]:
        get = item.get
        artist_id = text(get("id"))
        if not identity(artist_id):
            return "no_identity", None, ()
        popularity, total = get("popularity"), (get("followers") or {}).get("total")
        made, followers = whole(popularity, 9), whole(total, 18)
        bad = _bad((popularity, made, "popularity"), (total, followers, "followers"))
        return None, bad, (artist_id, text(get("name")), made, followers, get("genres"))

    def _album(self, _: Any, item: Any) -> tuple[str | None, str | None, Row]:
        get = item.get
        album_id = text(get("id"))
        if not identity(album_id):
            return "no_identity", None, ()
        first, precision, bad_day = _day(get("release_date"))
        total, popularity = get("total_tracks"), get("popularity")
        made_total, made_popularity = whole(total, 9), whole(popularity, 9)
        bad = None
        if bad_day or made_total is None or made_popularity is None:
            bad = _bad(
                (bad_day or None, None, "release_date"),
                (total, made_total, "total_tracks"),
                (popularity, made_popularity, "popularity"),
            )
        row = (
            album_id, text(get("name")), text(get("album_type")), first, precision, made_total, text(get("label")),
            text((get("external_ids") or {}).get("upc")), made_popularity,
            self.lists.number(get("available_markets")), get("artists"),
        )  # fmt: skip
        return None, bad, row

    def _track_line(self, _: Any, item: Any) -> tuple[str | None, str | None, Row]:
        bad, row = self._track(item, "")
        return None if identity(row[1]) else "no_identity", bad, row

    def _track(self, item: Any, inside: str) -> tuple[str | None, Row]:
        get = item.get
        album = get("album") or {}
        in_album = album.get
        kind = text(get("type"))
        popularity, duration, explicit = get("popularity"), get("duration_ms"), get("explicit")
        disc, number, total = get("disc_number"), get("track_number"), in_album("total_tracks")
        first, precision, bad_day = _day(in_album("release_date"))
        made = (
            whole(popularity, 9), whole(duration, 18), truth(explicit), whole(disc, 9), whole(number, 9),
            whole(total, 9),
        )  # fmt: skip
        bad = None
        if bad_day or None in made:
            bad = _bad(
                (popularity, made[0], f"{inside}popularity"),
                (duration, made[1], f"{inside}duration_ms"),
                (explicit, made[2], f"{inside}explicit"),
                (disc, made[3], f"{inside}disc_number"),
                (number, made[4], f"{inside}track_number"),
                (bad_day or None, None, f"{inside}album.release_date"),
                (total, made[5], f"{inside}album.total_tracks"),
            )
        return bad, (
            kind, text(get("id")) if kind is None or kind == "track" else None, text(get("name")),
            text(in_album("id")), made[0], made[1], made[2], text((get("external_ids") or {}).get("isrc")), made[3],
            made[4], self.lists.number(get("available_markets")), get("artists"),
            text(in_album("name")), text(in_album("album_type")), first, precision, made[5],
            self.lists.number(in_album("available_markets")), in_album("artists"),
        )  # fmt: skip

    def _playlist_item(self, told: Any, item: Any) -> tuple[str | None, str | None, Row]:
        playlist_id, position = text((told.get("params") or {}).get("playlist_id")), whole(told.get("position"), 9)
        if playlist_id is None or position is None:
            return "no_identity", None, ()
        track = item.get("item")
        bad, row = self._track(track if track is not None else item.get("track") or {}, "track.")
        added, local = item.get("added_at"), item.get("is_local")
        made_added, made_local = _moment(added), truth(local)
        of_item = _bad((added, made_added, "added_at"), (local, made_local, "is_local"))
        bad = ", ".join(filter(None, (of_item, bad))) or None
        return None, bad, (playlist_id, position, made_added, made_local, bad, *row)

    @staticmethod
    def _chart_entry(told: Any, item: Any) -> tuple[str | None, str | None, Row]:
        get = item.get
        market, rank = text(told.get("market")), whole(get("rank"), 9)
        if market is None:
            return "no_market", None, ()
        if rank is None:
            return "bad_rank", None, ()
        track_id = identity(text(get("track_id")))
        if track_id is None:
            uri = text(get("uri")) or ""
            track_id = identity(uri[14:]) if uri.startswith("spotify:track:") else None
        if track_id is None:
            return "no_identity", None, ()
        # A chart file is CSV: an empty text is a value that is not there.
        streams, peak, previous, days, seconds = (None if value == "" else value for value in map(get, _CHART_NUMBERS))
        made = whole(streams, 18), whole(peak, 9), whole(previous, 9), whole(days, 9), whole(seconds, 9)
        bad = None
        if None in made:
            bad = _bad(
                (streams, made[0], "streams"),
                (peak, made[1], "stated_peak_rank"),
                (previous, made[2], "stated_previous_rank"),
                (days, made[3], "stated_days_on_chart"),
                (seconds, made[4], "duration_s"),
            )
        row = (
            market, rank, track_id, text(get("track_name")) or None, text(get("artist_ids")),
            text(get("artist_names")) or None, text(get("album_id")) or None, text(get("album_name")) or None,
            None if made[4] is None else made[4] * 1000, text(get("source")) or None, *made[:4], bad,
        )  # fmt: skip
        return None, bad, row

    def frame(self, entity: str) -> pd.DataFrame:
        """The good rows; values stay as they are, pyarrow converts those that are written."""
        rows = self.rows.pop(entity)
        columns = dict(zip(_COLUMNS[entity], zip(*rows, strict=True), strict=True)) if rows else {}
        frame = pd.DataFrame(
            {name: pd.Series(columns.get(name, ()), dtype=object) for name in _COLUMNS[entity]}, copy=False
        )
        frame["captured_at"] = frame["captured_at"].astype("datetime64[us]")
        return frame


# -- tables ------------------------------------------------------------------------------------------------------------


def hashes(lines: Iterable[bytes]) -> list[str]:
    """What breaks ties; made only of lines that have one, and so are kept until the date is done."""
    return [hashlib.md5(line).hexdigest() for line in lines]


def latest(frame: pd.DataFrame, *key: str) -> pd.DataFrame:
    """Of each key the row that came last; of several the one of the greater capture id, then hash."""
    if not frame.duplicated(list(key)).any():
        return frame
    several = frame.duplicated(list(key), keep=False)
    order = frame.loc[several, [*key, *_FIRST]]
    order = order.assign(hash=hashes(order["line"])).sort_values(["captured_at", "capture_id", "hash"])
    won = order.drop_duplicates(list(key), keep="last").index
    return frame.loc[~several | frame.index.isin(won)]


def held(frame: pd.DataFrame, unit: str, place: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The lines of each unit's newest capture: those that hold their place, and those whose place is taken."""
    ends = frame.groupby([unit, "capture_id"], sort=False)["captured_at"].max().reset_index()
    newest = ends.sort_values(["captured_at", "capture_id"]).drop_duplicates(unit, keep="last")
    capture = frame[unit].map(newest.set_index(unit)["capture_id"])
    frame = frame[capture == frame["capture_id"]]
    contested = frame.duplicated([unit, place], keep=False)
    several = frame[contested]
    several = several.assign(hash=hashes(several["line"])).sort_values("hash")
    winners = several.drop_duplicates([unit, place], keep="last")
    beside = several.merge(winners[[unit, place, "hash"]], on=[unit, place], suffixes=("", "_held"))
    return frame[~contested | frame.index.isin(winners.index)], beside[beside["hash"] != beside["hash_held"]]


def credits(owners: pd.DataFrame, owner: str, artists: str, detail: str) -> Iterator[Row]:
    """An owner's artists, each once, at the first place."""
    for owner_id, listed, at, capture_id, line in owners[[owner, artists, *_FIRST]].itertuples(index=False):
        seen = set()
        for position, artist in enumerate(listed or ()):
            artist_id = text(artist.get("id")) if artist else None
            if artist_id is not None and artist_id not in seen:
                seen.add(artist_id)
                yield owner_id, artist_id, position, at, capture_id, text(artist.get("name")), detail, line


def chart_credits(owners: pd.DataFrame) -> Iterator[Row]:
    """The artists of a chart's row: ids and names separated by ';', where the file has ids."""
    known = owners[owners["artist_ids"].notna()]
    columns = ["track_id", "artist_ids", "artist_names", *_FIRST]
    for owner_id, artist_ids, artist_names, at, capture_id, line in known[columns].itertuples(index=False):
        listed = artist_ids.split(";")
        names = artist_names.split(";") if artist_names else []
        if len(names) != len(listed):
            names = [""] * len(listed)
        seen = set()
        for position, (artist_id, name) in enumerate(zip(listed, names, strict=True)):
            if artist_id and artist_id not in seen:
                seen.add(artist_id)
                yield owner_id, artist_id, position, at, capture_id, name or None, "chart", line


_CREDIT = ("owner", "artist_id", "position", "captured_at", "capture_id", "name", "detail", "line")


def _credits_frame(rows: Iterable[Row]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=list(_CREDIT))
    return frame.astype({"captured_at": "datetime64[us]", "position": "int32"})


def tables(reader: Reader) -> dict[str, pd.DataFrame]:
    """The curated tables of one date, by name; lists of markets are still numbers."""
    artists, albums, tracks = (reader.frame(name) for name in ("artists", "albums", "tracks"))
    every_entry, every_item = reader.frame("chart_entries"), reader.frame("playlist_items")
    charts, charts_taken = held(every_entry, "market", "rank")
    items, items_taken = held(every_item, "playlist_id", "position")
    rejects = [
        *reader.rejects,
        *_placeless("chart_entries", every_entry, charts_taken),
        *_placeless("playlist_items", every_item, items_taken),
    ]
    out: dict[str, pd.DataFrame] = {}

    full = latest(pd.concat([tracks, items[items["track_id"].notna()][list(tracks)]], ignore_index=True), "track_id")
    charted = latest(charts[~charts["track_id"].isin(full["track_id"])], "track_id")
    out["tracks"] = pd.concat(
        [full.assign(detail="full"), charted.rename(columns={"track_name": "name"}).assign(detail="chart")],
        ignore_index=True,
    )

    whole_albums = latest(albums, "album_id")
    embedded = full[full["album_id"].notna() & ~full["album_id"].isin(whole_albums["album_id"])]
    embedded = latest(embedded, "album_id")
    in_charts = charted[charted["album_id"].notna()]
    in_charts = in_charts[~in_charts["album_id"].isin(pd.concat([whole_albums["album_id"], embedded["album_id"]]))]
    in_charts = latest(in_charts, "album_id")
    shared = ["album_id", "album_type", "release_date", "release_date_precision", "total_tracks", *_FIRST]
    of_tracks = embedded[[*shared, "album_name", "album_markets"]].rename(
        columns={"album_name": "name", "album_markets": "markets"}
    )
    of_charts = in_charts[["album_id", "album_name", *_FIRST]].rename(columns={"album_name": "name"})
    out["albums"] = pd.concat(
        [whole_albums.assign(detail="full"), of_tracks.assign(detail="embedded"), of_charts.assign(detail="chart")],
        ignore_index=True,
    )

    by_track = _credits_frame([*credits(full, "track_id", "artists", "embedded"), *chart_credits(charted)])
    by_album = _credits_frame(
        [
            *credits(whole_albums, "album_id", "artists", "embedded"),
            *credits(embedded, "album_id", "album_artists", "embedded"),
        ]
    )
    out["track_artists"] = by_track.rename(columns={"owner": "track_id"})
    out["album_artists"] = by_album.rename(columns={"owner": "album_id"})

    whole_artists = latest(artists, "artist_id")
    named = pd.concat([by_track, by_album], ignore_index=True)
    named = named[~named["artist_id"].isin(whole_artists["artist_id"])]
    named = named.assign(deeper=named["detail"] == "embedded", hash=hashes(named["line"]), named=named["name"].notna())
    order = ["deeper", "captured_at", "capture_id", "hash", "position", "named", "name"]
    named = named.sort_values(order).drop_duplicates("artist_id", keep="last")
    out["artists"] = pd.concat([whole_artists.assign(detail="full"), named], ignore_index=True)
    genres = [
        (artist_id, genre, at, capture_id)
        for artist_id, listed, at, capture_id in whole_artists[
            ["artist_id", "genres", "captured_at", "capture_id"]
        ].itertuples(index=False)
        for genre in dict.fromkeys(map(text, listed or ()))
        if genre is not None
    ]
    out["artist_genres"] = pd.DataFrame(genres, columns=["artist_id", "genre", "captured_at", "capture_id"])
    # Only the archive's files, those with ids, separate the names by ';': elsewhere it is a part of a name.
    archived = charts["artist_ids"].notna() & charts["artist_names"].notna()
    charts.loc[archived, "artist_names"] = [name.replace(";", ", ") for name in charts.loc[archived, "artist_names"]]
    out["chart_entries"] = charts
    out["playlist_items"] = items
    out["rejects"] = pd.DataFrame(
        [(*first, line.decode(), at, capture_id) for *first, line, at, capture_id in rejects],
        columns=["entity", "reason", "fields", "dropped", "line", "captured_at", "capture_id"],
    )
    return out


def _placeless(entity: str, good: pd.DataFrame, taken: pd.DataFrame) -> Iterator[Row]:
    """The rejects of charts or playlists: lines whose place is taken, and those of the others that have bad values."""
    columns = ["line", "captured_at", "capture_id"]
    lost = set()
    for line, at, capture_id in taken[columns].itertuples(index=False):
        lost.add((capture_id, line))
        yield entity, "place_taken", None, True, line, at, capture_id
    for bad, line, at, capture_id in good.loc[good["bad"].notna(), ["bad", *columns]].itertuples(index=False):
        if (capture_id, line) not in lost:
            yield entity, "bad_value", bad, False, line, at, capture_id


# -- files -------------------------------------------------------------------------------------------------------------


def write(table: Table, frame: pd.DataFrame, lists: pa.Array, day: date, folder: Path) -> None:
    """A table of a date as Parquet, sorted by its key; no rows make no file."""
    if frame.empty:
        return
    frame = frame.sort_values(list(table.key[1:] or ("entity", "line")))
    arrays = []
    for column in table.columns:
        kind = ARROW[column.type]
        if column.name == "snapshot_date":
            arrays.append(pa.repeat(pa.scalar(day, kind), len(frame)))
        elif column.type == Type.STRINGS:
            arrays.append(lists.take(pa.array(frame["markets"], pa.int32(), from_pandas=True)))
        elif column.name in frame:
            arrays.append(pa.array(frame[column.name], kind, from_pandas=True))
        else:
            arrays.append(pa.nulls(len(frame), kind))
    path = folder / table.name / f"snapshot_date={day}" / "part-0.parquet"
    path.parent.mkdir(parents=True)
    pq.write_table(pa.Table.from_arrays(arrays, table.names), path, compression="zstd")


def audit(folder: Path) -> tuple[dict[str, int], dict[str, int]]:
    """Rows by table, and how many of them break a check of the contracts, as written: each file is read again."""
    frames: dict[str, pd.DataFrame] = {}
    for table in CURATED:
        checked = {"snapshot_date", *(name for check in checks_of(table) for name in check.columns)}
        columns = [name for name in table.names if name in checked]
        found = sorted((folder / table.name).rglob("*.parquet"))
        read = pa.concat_tables([pq.ParquetFile(path).read(columns) for path in found] or [_nothing(table, columns)])
        frames[table.name] = read.to_pandas(date_as_object=False)
    broken = {
        f"{check.table}: {' '.join(check.columns)} {check.kind}": count
        for table in CURATED
        for check in checks_of(table)
        if (count := breaking(check, frames))
    }
    return {name: len(frame) for name, frame in frames.items()}, broken


def _nothing(table: Table, columns: Sequence[str]) -> pa.Table:
    fields = {column.name: ARROW[column.type] for column in table.columns}
    return pa.schema([(name, fields[name]) for name in columns]).empty_table()


def breaking(check: Check, frames: dict[str, pd.DataFrame]) -> int:
    """How many rows break a check."""
    frame = frames[check.table]
    if check.kind == "unique":
        return int(frame.duplicated(list(check.columns)).sum())
    values = frame[check.columns[0]]
    if check.kind == "not_null":
        return int(values.isna().sum())
    if check.between:
        return int(((values < check.between[0]) | (values > check.between[1])).sum())
    if check.values:
        return int((values.notna() & ~values.isin(check.values)).sum())
    key = ["snapshot_date", check.columns[0]]
    known = pd.MultiIndex.from_frame(frames[check.references][key])
    return int((values.notna() & ~pd.MultiIndex.from_frame(frame[key]).isin(known)).sum())


def run(lake_folder: Path, dates: Sequence[date], out: Path) -> dict[str, int]:
    """Curate the dates into `out`, which must be empty or new, audit what was written, and return rows by table."""
    out.mkdir(parents=True, exist_ok=True)
    gc.disable()  # nothing here refers to itself; looking for it took a fifth of the time
    try:
        for day in dates:
            reader = Reader()
            for entity in ENTITIES_BY_NAME:
                for path in hand.raw_files(lake_folder, entity, day):
                    reader.read(entity, Path(path))
            made = tables(reader)
            lists = pa.array(reader.lists.sorted, ARROW[Type.STRINGS])
            for table in CURATED:
                write(table, made[table.name], lists, day, out)
        rows, broken = audit(out)
    finally:
        gc.enable()
    (out / "_audit.json").write_text(json.dumps(broken, indent=1), encoding="utf-8")
    return rows


def check(lake_folder: Path) -> bool:
    """Print, table by table, rows and those that differ from hand.py's; True where none does."""
    with tempfile.TemporaryDirectory(prefix="with-pandas-") as folder:
        dates = hand.captured_dates(lake_folder)
        theirs, ours = hand.run(lake_folder, dates, Path(folder, "hand")), run(lake_folder, dates, Path(folder, "ours"))
        return same_rows(Path(folder, "ours"), Path(folder, "hand")) and theirs == ours


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", metavar="LAKE", type=Path)
    parser.add_argument("lake", metavar="LAKE", type=Path, nargs="?")
    parser.add_argument("out", metavar="OUT", type=Path, nargs="?")
    given = parser.parse_args()
    if given.check:
        return 0 if check(given.check) else 1
    if not given.lake or not given.out:
        parser.error("LAKE and OUT, or --check LAKE")
    start = time.perf_counter()
    for name, rows in run(given.lake, hand.captured_dates(given.lake), given.out).items():
        print(f"{name:15}{rows:11,} rows")
    print(f"{time.perf_counter() - start:.2f} s; audit: {(given.out / '_audit.json').read_text(encoding='utf-8')}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
