"""Step 2, transform: raw lines → tables, with pandas. `python transform.py raw` says what it makes of them.

A table has one row per thing: of two answers about one track the newer counts. A value that is missing stays missing.
It never becomes 0: an unknown popularity and a popularity of 0 are different facts.
"""

import gzip
import json
import re
import sys
from pathlib import Path

import pandas as pd

Lines = list[dict]
TABLES = {  # columns of each; those before the bar are its key: no two rows have the same
    "artists": "artist_id | name popularity followers",
    "artist_genres": "artist_id genre |",
    "albums": "album_id | name album_type release_date release_date_precision total_tracks label popularity",
    "tracks": "track_id | name album_id popularity duration_ms explicit isrc disc_number track_number",
    "track_artists": "track_id artist_id | position",
    "chart_entries": "market rank | track_id track_name artist_names streams source",
}
NUMBERS = re.compile("popularity|followers|total_tracks|duration_ms|(disc|track)_number|position|rank|streams")
PRECISION = {10: "day", 7: "month", 4: "year"}  # Spotify's dates are as long as they are exact


def read(raw: Path, *kinds: str) -> Lines:
    """All lines of some kinds, the oldest first. A line without an item says nothing."""
    lines = []
    for path in sorted(path for kind in kinds for path in (raw / kind).rglob("*.jsonl*")):
        with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as file:
            lines += [json.loads(line) for line in file]
    return sorted((line for line in lines if line["item"]), key=lambda line: line["captured_at"])


def newest(things: Lines) -> Lines:
    """Of several objects with one id the last; those without an id, files of a playlist's owner, are nobody's."""
    return list({thing["id"]: thing for thing in things if thing.get("id")}.values())


def table(name: str, rows: Lines) -> pd.DataFrame:
    """Rows as a table. Later ones win, and a row without its key is no row."""
    key, rest = (words.split() for words in TABLES[name].split("|"))
    frame = pd.DataFrame(rows, columns=key + rest).dropna(subset=key)
    frame = frame.drop_duplicates(key, keep="last").sort_values(key, ignore_index=True)
    for column in filter(NUMBERS.fullmatch, frame.columns):
        # Int64 with a capital: a plain int column cannot hold "missing", and pandas would make it 3.0 and NaN.
        frame[column] = pd.to_numeric(frame[column], errors="coerce").astype("Int64")
    return frame


def released(album: dict) -> dict:
    """The first day that a date can mean, as text: 2019 → 2019-01-01. pandas' own dates would end before 1677."""
    date = album.get("release_date") or ""
    if not re.fullmatch(r"[1-9]\d{3}(-\d\d){0,2}", date):  # Spotify says 0000 for "not known"
        return {"release_date": None, "release_date_precision": None}
    return {"release_date": (date + "-01-01")[:10], "release_date_precision": PRECISION[len(date)]}


def with_id(thing: dict, name: str) -> dict:
    """An object of Spotify's with its ids, isrc among them, under the names that our tables use."""
    return {**thing, **(thing.get("external_ids") or {}), f"{name}_id": thing.get("id") or None}


def credits(things: Lines, name: str) -> Lines:
    """Who things are by, a row each, the last artist first: of an artist named twice the first place is to win."""
    pairs = [(thing, *one) for thing in things for one in reversed([*enumerate(thing.get("artists") or [])])]
    return [{f"{name}_id": thing["id"], "position": n, **with_id(one, "artist")} for thing, n, one in pairs if one]


def transform(raw: Path) -> dict[str, pd.DataFrame]:
    """Raw lines → tables by name."""
    lines = [line["item"] for line in read(raw, "tracks", "playlist_items")]
    # What stands in a playlist was called `track` until 2026; it may be an episode, or nothing if it was withdrawn.
    played = [(one.get("item") or one.get("track")) if "added_at" in one else one for one in lines]
    tracks = newest([one for one in played if one and one.get("type", "track") == "track"])
    full = newest([line["item"] for line in read(raw, "albums")])
    # An album that was not asked for stands, shortened, inside its tracks; a whole one comes last and wins.
    albums = newest([track["album"] for track in tracks if track.get("album")] + full)
    charted = [{**one["item"], "market": one["market"]} for one in read(raw, "chart_entries")]
    charted = [{**row, "track_id": row["uri"].removeprefix("spotify:track:")} for row in charted]
    by = credits(tracks, "track")
    told = [with_id(one, "artist") for one in newest([line["item"] for line in read(raw, "artists")])]
    rows = {
        # Likewise an artist that is only credited somewhere: a name, and nothing else is known.
        "artists": [{"artist_id": one["artist_id"], "name": one.get("name")} for one in credits(albums, "album") + by]
        + [{**one, "followers": (one.get("followers") or {}).get("total")} for one in told],
        "artist_genres": [{**one, "genre": genre} for one in told for genre in one.get("genres") or []],
        "albums": [{**with_id(album, "album"), **released(album)} for album in albums],
        # Of a track that is known from a chart only, the title is all there is.
        "tracks": [{"track_id": row["track_id"], "name": row["track_name"]} for row in charted]
        + [{**with_id(one, "track"), "album_id": (one.get("album") or {}).get("id")} for one in tracks],
        "track_artists": by,
        "chart_entries": charted,
    }
    return {name: table(name, rows[name]) for name in TABLES}


if __name__ == "__main__":
    for name, frame in transform(Path(sys.argv[1])).items():
        print(f"{name}: {len(frame)} rows, {int(frame.isna().sum().sum())} values missing")
