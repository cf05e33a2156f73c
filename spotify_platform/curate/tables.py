"""The curated tables as expressions over the flat form: one function a table or a pair of tables.

Latest wins, and the unit is the answer: the newest object of an artist, album or track; the newest whole chart of a
market; the newest whole playlist. A full object beats one embedded in another object, that one beats a chart's line.
"""

from collections.abc import Callable, Mapping

import narwhals as nw
from narwhals import Expr, col, lit

from spotify_platform.contracts.curated import CURATED
from spotify_platform.curate import cast
from spotify_platform.curate.cast import field
from spotify_platform.curate.engine import Engine, Frame
from spotify_platform.curate.flat import META, charted_track

FULL, EMBEDDED, CHART = 3, 2, 1
_KEYS = ["snapshot_date", "captured_at", "capture_id"]
_REFS = nw.List(nw.Struct({"id": nw.String, "name": nw.String}))

Value = tuple[Expr, Callable[[Expr], Expr]]  # the text, and its cast


def curate(engine: Engine, flat: Mapping[str, Frame]) -> dict[str, Frame]:
    """Flat forms by entity → frames by table, with the contract's columns."""
    good = {name: frame.filter(col("reason").is_null()) for name, frame in flat.items()}
    ranked = good["chart_entries"].with_columns(cast.integer(field(col("item"), "rank")).alias("rank"))
    all_charts = engine.materialise(_newest_answer(ranked, "market"))
    all_playlists = engine.materialise(_newest_answer(good["playlist_items"], "playlist_id"))
    charts = all_charts.filter(_keeps_its_place("market", "rank"))
    playlists = all_playlists.filter(_keeps_its_place("playlist_id", "position"))

    tracks = engine.materialise(_tracks(good["tracks"], playlists, charts))
    albums = engine.materialise(_albums(good["albums"], tracks))
    track_artists = engine.materialise(_track_credits(engine, tracks))
    album_artists = engine.materialise(_credits(engine, albums, "album_id"))
    artists = engine.materialise(_artists(good["artists"], track_artists, album_artists))

    frames = {
        "artists": artists,
        "artist_genres": _genres(engine, artists),
        "albums": albums,
        "album_artists": album_artists,
        "tracks": tracks,
        "track_artists": track_artists,
        "chart_entries": _chart_entries(charts),
        "playlist_items": _playlist_items(playlists),
        "rejects": nw.concat(
            [
                _rejects(flat),
                _overtaken(all_charts, "chart_entries", "market", "rank"),
                _overtaken(all_playlists, "playlist_items", "playlist_id", "position"),
            ]
        ),
    }
    return {table.name: frames[table.name].select(*table.names) for table in CURATED}


# -- values: declared once, used by the cast and by the search for bad values ------------------------------------------


def _artist_values(item: Expr) -> dict[str, Value]:
    return {
        "popularity": (field(item, "popularity"), cast.integer),
        "followers": (field(item, "followers", "total"), cast.bigint),
    }


def _album_values(item: Expr) -> dict[str, Value]:
    return {
        "release_date": (_release_date(item), cast.day),
        "total_tracks": (field(item, "total_tracks"), cast.integer),
    }


def _release_date(album: Expr) -> Expr:
    """The text of a release date; 0000 is Spotify's way to say that it does not know."""
    text = field(album, "release_date")
    return nw.when(~text.str.starts_with("0000")).then(text)


def _full_album_values(item: Expr) -> dict[str, Value]:
    return _album_values(item) | {"popularity": (field(item, "popularity"), cast.integer)}


def _track_values(item: Expr) -> dict[str, Value]:
    return {
        "popularity": (field(item, "popularity"), cast.integer),
        "duration_ms": (field(item, "duration_ms"), cast.bigint),
        "explicit": (field(item, "explicit"), cast.boolean),
        "disc_number": (field(item, "disc_number"), cast.integer),
        "track_number": (field(item, "track_number"), cast.integer),
    }


def _chart_values(item: Expr) -> dict[str, Value]:
    return {
        "streams": (_given(field(item, "streams")), cast.bigint),
        "stated_peak_rank": (_given(field(item, "peak_rank")), cast.integer),
        "stated_previous_rank": (_given(field(item, "previous_rank")), cast.integer),
        "stated_days_on_chart": (_given(field(item, "days_on_chart")), cast.integer),
        "duration_s": (_given(field(item, "duration_s")), cast.integer),
    }


def _playlist_values(item: Expr) -> dict[str, Value]:
    return {
        "added_at": (field(item, "added_at"), cast.stamp),
        "is_local": (field(item, "is_local"), cast.boolean),
    }


def _typed(values: Mapping[str, Value]) -> list[Expr]:
    return [apply(text).alias(name) for name, (text, apply) in values.items()]


def _given(text: Expr) -> Expr:
    """A cell of a chart file: an empty one says nothing."""
    return nw.when(text != "").then(text)


# -- latest wins -------------------------------------------------------------------------------------------------------


def _newest_object(frame: Frame, key: str, *ties: str) -> Frame:
    """One row per date and key: most detailed first, then newest, then by capture and content."""
    order = ["depth", "captured_at", "capture_id", "hash", *ties]
    return frame.unique(subset=["snapshot_date", key], keep="last", order_by=order)


def _newest_answer(frame: Frame, unit: str) -> Frame:
    """All rows of the newest capture that has the unit (a market's chart, a playlist) on the date.

    Rows of two answers are never mixed: a chart or playlist that never stood would be the result. Pages of one
    answer come at different moments, so the capture's last moment counts.
    """
    within = ["snapshot_date", unit]
    moments = frame.with_columns(col("captured_at").max().over(*within, "capture_id").alias("moment"))
    newest = moments.filter(col("moment") == col("moment").max().over(*within))
    return newest.filter(col("capture_id") == col("capture_id").max().over(*within)).drop("moment")


def _keeps_its_place(*place: str) -> Expr:
    """Of lines of one answer that claim the same place, the one that stays; lines with the same content all do."""
    return col("hash") == col("hash").max().over("snapshot_date", *place)


def _overtaken(frame: Frame, entity: str, *place: str) -> Frame:
    """Lines whose place another line of the same answer has, as rejects."""
    return frame.filter(~_keeps_its_place(*place)).select(
        *_KEYS,
        lit(entity).alias("entity"),
        lit("place_taken").alias("reason"),
        cast.null(nw.String).alias("fields"),
        lit(True).alias("dropped"),
        "line",
    )


# -- tracks, albums, artists -------------------------------------------------------------------------------------------


def _tracks(full: Frame, playlists: Frame, charts: Frame) -> Frame:
    item = col("item")
    played = playlists.with_columns(_played(item).alias("item")).filter(
        ~field(item, "id").is_null(), (field(item, "type") == "track") | field(item, "type").is_null()
    )
    frames = [_track_rows(full, "full"), _track_rows(played, "full"), _charted_tracks(charts)]
    return _newest_object(nw.concat(frames), "track_id")


def _played(item: Expr) -> Expr:
    """What stands in a playlist: `item` since 2026, `track` before."""
    return nw.coalesce(field(item, "item"), field(item, "track"))


def _track_rows(frame: Frame, detail: str) -> Frame:
    item = col("item")
    return frame.select(
        *META,
        lit(FULL).alias("depth"),
        field(item, "id").alias("track_id"),
        field(item, "name").alias("name"),
        field(item, "album", "id").alias("album_id"),
        *_typed(_track_values(item)),
        field(item, "external_ids", "isrc").alias("isrc"),
        _sorted(field(item, "available_markets")).alias("available_markets"),
        lit(detail).alias("detail"),
        field(item, "artists").alias("artists"),
        field(item, "album").alias("album"),
        cast.null(nw.String).alias("artist_ids"),
        cast.null(nw.String).alias("artist_names"),
    )


def _charted_tracks(charts: Frame) -> Frame:
    item = col("item")
    album_id = _given(field(item, "album_id"))
    seconds = cast.integer(_given(field(item, "duration_s"))).cast(nw.Int64)
    no_markets = cast.null(nw.List(nw.String))
    album = nw.struct(
        album_id.alias("id"),
        _given(field(item, "album_name")).alias("name"),
        cast.null(nw.String).alias("album_type"),
        cast.null(nw.String).alias("release_date"),
        cast.null(nw.String).alias("total_tracks"),
        no_markets.alias("available_markets"),
        cast.null(_REFS).alias("artists"),
    )
    return charts.select(
        *META,
        lit(CHART).alias("depth"),
        charted_track(item).alias("track_id"),
        _given(field(item, "track_name")).alias("name"),
        album_id.alias("album_id"),
        cast.null(nw.Int32).alias("popularity"),
        (seconds * 1000).alias("duration_ms"),
        cast.null(nw.Boolean).alias("explicit"),
        cast.null(nw.Int32).alias("disc_number"),
        cast.null(nw.Int32).alias("track_number"),
        cast.null(nw.String).alias("isrc"),
        no_markets.alias("available_markets"),
        lit("chart").alias("detail"),
        cast.null(_REFS).alias("artists"),
        album.alias("album"),
        _given(field(item, "artist_ids")).alias("artist_ids"),
        _given(field(item, "artist_names")).alias("artist_names"),
    )


def _albums(full: Frame, tracks: Frame) -> Frame:
    item, album = col("item"), col("album")
    whole = full.select(
        *META,
        lit(FULL).alias("depth"),
        *_album_columns(item),
        field(item, "label").alias("label"),
        field(item, "external_ids", "upc").alias("upc"),
        cast.integer(field(item, "popularity")).alias("popularity"),
        lit("full").alias("detail"),
    )
    inside = tracks.filter(~col("album_id").is_null()).select(
        *META,
        nw.when(col("detail") == "chart").then(lit(CHART)).otherwise(lit(EMBEDDED)).alias("depth"),
        *_album_columns(album),
        cast.null(nw.String).alias("label"),
        cast.null(nw.String).alias("upc"),
        cast.null(nw.Int32).alias("popularity"),
        nw.when(col("detail") == "chart").then(lit("chart")).otherwise(lit("embedded")).alias("detail"),
    )
    return _newest_object(nw.concat([whole, inside]), "album_id")


def _album_columns(album: Expr) -> list[Expr]:
    return [
        field(album, "id").alias("album_id"),
        field(album, "name").alias("name"),
        field(album, "album_type").alias("album_type"),
        *_typed(_album_values(album)),
        cast.precision(_release_date(album)).alias("release_date_precision"),
        _sorted(field(album, "available_markets")).alias("available_markets"),
        field(album, "artists").alias("artists"),
    ]


def _artists(full: Frame, *credits: Frame) -> Frame:
    item = col("item")
    whole = full.select(
        *META,
        lit(FULL).alias("depth"),
        lit(0).cast(nw.Int32).alias("position"),
        field(item, "id").alias("artist_id"),
        field(item, "name").alias("name"),
        *_typed(_artist_values(item)),
        _sorted(field(item, "genres")).alias("genres"),
        lit("full").alias("detail"),
    )
    inside = [
        frame.select(
            *META,
            nw.when(col("detail") == "chart").then(lit(CHART)).otherwise(lit(EMBEDDED)).alias("depth"),
            "position",
            "artist_id",
            "name",
            cast.null(nw.Int32).alias("popularity"),
            cast.null(nw.Int64).alias("followers"),
            cast.null(nw.List(nw.String)).alias("genres"),
            nw.when(col("detail") == "chart").then(lit("chart")).otherwise(lit("embedded")).alias("detail"),
        )
        for frame in credits
    ]
    return _newest_object(nw.concat([whole, *inside]), "artist_id", "position", "name")


def _sorted(texts: Expr) -> Expr:
    return texts.list.sort()


# -- links -------------------------------------------------------------------------------------------------------------


def _credits(engine: Engine, frame: Frame, key: str) -> Frame:
    """Who an album or track is by, from the list of artists in it; a twice credited artist keeps the first place."""
    listed = engine.explode(frame.select(*META, key, "detail", "artists"), "artists").select(
        *META,
        key,
        "detail",
        "position",
        field(col("artists"), "id").alias("artist_id"),
        field(col("artists"), "name").alias("name"),
    )
    known = listed.filter(~col("artist_id").is_null())
    return known.unique(subset=["snapshot_date", key, "artist_id"], keep="first", order_by=["position"])


def _track_credits(engine: Engine, tracks: Frame) -> Frame:
    """Who a track is by; an archive's chart row names its artists as two texts joined with semicolons."""
    charted = tracks.filter(~col("artist_ids").is_null()).with_columns(
        col("artist_ids").str.split(";").alias("ids"), col("artist_names").str.split(";").alias("names")
    )
    ids = engine.explode(charted.select(*META, "track_id", "detail", "ids"), "ids")
    # Where the texts do not have the same length, a name cannot be told to belong to an id.
    matching = charted.filter(col("ids").list.len() == col("names").list.len())
    names = engine.explode(matching.select("snapshot_date", "track_id", "names"), "names")
    stated = (
        ids.filter(col("ids") != "")
        .join(names, on=["snapshot_date", "track_id", "position"], how="left")
        .select(*META, "track_id", "detail", "position", col("ids").alias("artist_id"), col("names").alias("name"))
        .unique(subset=["snapshot_date", "track_id", "artist_id"], keep="first", order_by=["position"])
    )
    return nw.concat([_credits(engine, tracks, "track_id"), stated])


def _genres(engine: Engine, artists: Frame) -> Frame:
    listed = engine.explode(artists.select(*_KEYS, "artist_id", "genres"), "genres")
    named = listed.rename({"genres": "genre"}).filter(~col("genre").is_null())
    return named.unique(subset=["snapshot_date", "artist_id", "genre"], keep="first", order_by=["position"])


# -- charts, playlists, rejects ----------------------------------------------------------------------------------------


def _chart_entries(charts: Frame) -> Frame:
    item = col("item")
    names = field(item, "artist_names")
    archive = ~field(item, "artist_ids").is_null()
    rows = charts.select(
        *META,
        lit(CHART).alias("depth"),
        "market",
        "rank",
        charted_track(item).alias("track_id"),
        _given(field(item, "track_name")).alias("track_name"),
        _given(nw.when(archive).then(names.str.replace_all(";", ", ", literal=True)).otherwise(names)).alias(
            "artist_names"
        ),
        _given(field(item, "source")).alias("source"),
        *_typed(_chart_values(item)),
    )
    return rows.unique(subset=["snapshot_date", "market", "rank"], keep="last", order_by=["captured_at", "hash"])


def _playlist_items(playlists: Frame) -> Frame:
    item = col("item")
    played = _played(item)
    is_track = field(played, "type") == "track"
    rows = playlists.select(
        *META,
        "playlist_id",
        "position",
        *_typed(_playlist_values(item)),
        field(played, "type").alias("item_type"),
        nw.when(is_track | field(played, "type").is_null()).then(field(played, "id")).alias("track_id"),
        field(played, "name").alias("name"),
    )
    return rows.unique(
        subset=["snapshot_date", "playlist_id", "position"], keep="last", order_by=["captured_at", "hash"]
    )


def _rejects(flat: Mapping[str, Frame]) -> Frame:
    """Lines that made no row, and lines of which some value could not be read."""
    values = {
        "artists": _artist_values(col("item")),
        "albums": _full_album_values(col("item")),
        "tracks": _track_values(col("item")) | _inside("album", _album_values(field(col("item"), "album"))),
        "chart_entries": _chart_values(col("item")),
        "playlist_items": _playlist_values(col("item"))
        | _inside("track", _track_values(_played(col("item"))))
        | _inside("track.album", _album_values(field(_played(col("item")), "album"))),
    }
    frames = []
    for entity, frame in flat.items():
        bad = [nw.when(_unreadable(*value)).then(lit(name)) for name, value in values[entity].items()]
        named = frame.with_columns(nw.concat_str(*bad, separator=", ", ignore_nulls=True).alias("fields"))
        dropped = ~col("reason").is_null()
        frames.append(
            named.filter(dropped | (col("fields") != "")).select(
                *_KEYS,
                lit(entity).alias("entity"),
                nw.coalesce(col("reason"), lit("bad_value")).alias("reason"),
                nw.when(~dropped).then(col("fields")).alias("fields"),
                dropped.alias("dropped"),
                "line",
            )
        )
    return nw.concat(frames)


def _unreadable(text: Expr, apply: Callable[[Expr], Expr]) -> Expr:
    """Whether a text stands there that its cast cannot read."""
    return ~text.is_null() & apply(text).is_null()


def _inside(name: str, values: Mapping[str, Value]) -> dict[str, Value]:
    """Values of an object inside another, by their path."""
    return {f"{name}.{inner}": value for inner, value in values.items()}
