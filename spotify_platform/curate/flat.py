"""The flat form: an entity's lines with typed columns, and the reason for which a line makes no row.

What makes a value and what makes a fault is said here, once. Which of several lines wins, and the tables, are
`tables`' business.
"""

from collections.abc import Callable
from dataclasses import dataclass

import narwhals as nw
from narwhals import Expr, col, lit

from spotify_platform.contracts.raw import Entity
from spotify_platform.curate import cast
from spotify_platform.curate.cast import field as inside
from spotify_platform.curate.engine import Engine, Frame

META = ["snapshot_date", "captured_at", "capture_id", "hash"]


@dataclass(frozen=True)
class Value:
    """A value that must be read from its text: how, and what `rejects` calls it where it cannot be."""

    text: Expr
    read: Callable[[Expr], Expr]
    called: str


@dataclass(frozen=True)
class Form:
    """An entity's columns: those taken as they stand, those read from a text, and the faults of a line, in order."""

    plain: dict[str, Expr]
    values: dict[str, Value]
    faults: dict[str, Expr]


def flatten(engine: Engine, entity: Entity, lines: Frame) -> Frame:
    """The flat form of an entity's lines.

    `reason` is NULL for a good line; `fields` names its values that could not be read, or is NULL; `line` is kept
    only where one of the two is not NULL.
    """
    record, form = col("record"), _FORMS[entity.name]
    parsed = engine.parse(lines, entity).with_columns(inside(record, "item").alias("item"))
    if entity.name == "playlist_items":  # what stands in a playlist: `item` since 2026, `track` before
        item = col("item")
        parsed = parsed.with_columns(nw.coalesce(inside(item, "item"), inside(item, "track")).alias("played"))
    read = parsed.select(
        cast.day(col("snapshot_date")).alias("snapshot_date"),
        cast.stamp(inside(record, "captured_at")).alias("captured_at"),
        *("capture_id", "hash", "line", "fault"),
        *(expr.alias(name) for name, expr in form.plain.items()),
        *(value.read(value.text).alias(name) for name, value in form.values.items()),
        *(value.text.alias(f"{name}_text") for name, value in form.values.items()),
    )
    faults = {"bad_captured_at": col("captured_at").is_null()} | form.faults
    reasons = [nw.when(holds).then(lit(name)) for name, holds in faults.items()]
    unreadable = [_unreadable(name, value.called) for name, value in form.values.items()]
    judged = read.with_columns(
        nw.coalesce(col("fault"), *reasons).alias("reason"),
        nw.concat_str(*unreadable, separator=", ", ignore_nulls=True).alias("named"),
        *_precision(form),
    )
    kept = [
        *META,
        *form.plain,
        *form.values,
        *(["release_date_precision"] if "release_date" in form.values else []),
        "reason",
    ]
    good = col("reason").is_null()
    fields = nw.when(good & (col("named") != "")).then(col("named"))
    line = nw.when(~good | (col("named") != "")).then(col("line"))
    return judged.select(*kept, fields.alias("fields"), line.alias("line"))


def _precision(form: Form) -> list[Expr]:
    """How exact a release date is, where the entity tells one."""
    if "release_date" not in form.values:
        return []
    return [cast.precision(col("release_date_text"), col("release_date")).alias("release_date_precision")]


def _unreadable(name: str, called: str) -> Expr:
    return nw.when(~col(f"{name}_text").is_null() & col(name).is_null()).then(lit(called))


# -- the entities ------------------------------------------------------------------------------------------------------


def _no_identity(name: str) -> dict[str, Expr]:
    return {"no_identity": cast.identity(col(name)).is_null()}


def _artist() -> Form:
    item = col("item")
    return Form(
        {"artist_id": inside(item, "id"), "name": inside(item, "name"), "genres": inside(item, "genres")},
        {
            "popularity": Value(inside(item, "popularity"), cast.integer, "popularity"),
            "followers": Value(inside(item, "followers", "total"), cast.bigint, "followers"),
        },
        _no_identity("artist_id"),
    )


def _album() -> Form:
    item = col("item")
    return Form(
        {
            "album_id": inside(item, "id"),
            "name": inside(item, "name"),
            "album_type": inside(item, "album_type"),
            "label": inside(item, "label"),
            "upc": inside(item, "external_ids", "upc"),
            "available_markets": inside(item, "available_markets"),
            "artists": inside(item, "artists"),
        },
        _album_values(item) | {"popularity": Value(inside(item, "popularity"), cast.integer, "popularity")},
        _no_identity("album_id"),
    )


def _album_values(album: Expr, prefix: str = "") -> dict[str, Value]:
    date = cast.release(inside(album, "release_date"))
    return {
        "release_date": Value(date, cast.day, f"{prefix}release_date"),
        "total_tracks": Value(inside(album, "total_tracks"), cast.integer, f"{prefix}total_tracks"),
    }


def _track() -> Form:
    item = col("item")
    return Form({"track_id": inside(item, "id"), **_track_columns(item)}, _track_values(item), _no_identity("track_id"))


def _track_columns(track: Expr) -> dict[str, Expr]:
    return {
        "name": inside(track, "name"),
        "isrc": inside(track, "external_ids", "isrc"),
        "available_markets": inside(track, "available_markets"),
        "artists": inside(track, "artists"),
        "album_id": inside(track, "album", "id"),
        "album_name": inside(track, "album", "name"),
        "album_type": inside(track, "album", "album_type"),
        "album_markets": inside(track, "album", "available_markets"),
        "album_artists": inside(track, "album", "artists"),
    }


def _track_values(track: Expr, prefix: str = "") -> dict[str, Value]:
    casts = {
        "popularity": cast.integer,
        "duration_ms": cast.bigint,
        "explicit": cast.boolean,
        "disc_number": cast.integer,
        "track_number": cast.integer,
    }
    own = {name: Value(inside(track, name), read, f"{prefix}{name}") for name, read in casts.items()}
    return own | _album_values(inside(track, "album"), f"{prefix}album.")


def _playlist_item() -> Form:
    item, played = col("item"), col("played")
    kind = inside(played, "type")
    placed = {
        "playlist_id": inside(col("record"), "params", "playlist_id"),
        "position": cast.integer(inside(col("record"), "position")),
        "item_type": kind,
        "track_id": nw.when((kind == "track") | kind.is_null()).then(inside(played, "id")),
    }
    own = {
        "added_at": Value(inside(item, "added_at"), cast.stamp, "added_at"),
        "is_local": Value(inside(item, "is_local"), cast.boolean, "is_local"),
    }
    return Form(
        placed | _track_columns(played),
        own | _track_values(played, "track."),
        {"no_identity": col("playlist_id").is_null() | col("position").is_null()},
    )


def _chart_entry() -> Form:
    item = col("item")
    uri = inside(item, "uri")
    from_uri = nw.when(uri.str.starts_with("spotify:track:")).then(uri.str.slice(14))
    numbers = {
        "streams": ("streams", cast.bigint),
        "stated_peak_rank": ("peak_rank", cast.integer),
        "stated_previous_rank": ("previous_rank", cast.integer),
        "stated_days_on_chart": ("days_on_chart", cast.integer),
        "duration_s": ("duration_s", cast.integer),
    }
    return Form(
        {
            "market": inside(col("record"), "market"),
            "rank": cast.integer(inside(item, "rank")),
            # The archive's id, or the one in the address spotify:track:….
            "track_id": nw.coalesce(cast.identity(inside(item, "track_id")), cast.identity(from_uri)),
            "artist_ids": inside(item, "artist_ids"),
            **{
                name: cast.given(inside(item, name))
                for name in ("track_name", "artist_names", "album_id", "album_name", "source")
            },
        },
        {name: Value(cast.given(inside(item, key)), read, name) for name, (key, read) in numbers.items()},
        {
            "no_market": col("market").is_null(),
            "bad_rank": col("rank").is_null(),
            "no_identity": col("track_id").is_null(),
        },
    )


_FORMS = {
    "artists": _artist(),
    "albums": _album(),
    "tracks": _track(),
    "playlist_items": _playlist_item(),
    "chart_entries": _chart_entry(),
}
