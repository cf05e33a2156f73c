"""The curated tables as expressions over the flat forms.

Latest wins, and the unit is the answer: the newest object of an artist, album or track; the newest whole chart of a
market; the newest whole playlist. A full object beats one embedded in another object, that one beats a chart's line.

Winners are found on narrow keys, and their lines are fetched by row id: half the time of comparing whole lines.
"""

from collections.abc import Mapping

import narwhals as nw
from narwhals import Expr, col, lit

from spotify_platform.contracts.curated import CURATED, CURATED_BY_NAME
from spotify_platform.curate import cast
from spotify_platform.curate.cast import field
from spotify_platform.curate.engine import Engine, Frame
from spotify_platform.curate.flat import META

FULL, EMBEDDED, CHART = 3, 2, 1
_KEYS = ["snapshot_date", "captured_at", "capture_id"]
_PLACES = {"chart_entries": ("market", "rank"), "playlist_items": ("playlist_id", "position")}


def curate(engine: Engine, flat: Mapping[str, Frame], lines: Mapping[str, Frame]) -> dict[str, Frame]:
    """Flat forms and raw lines by entity → frames by table, with the contract's columns."""
    good = {name: frame.filter(col("reason").is_null()) for name, frame in flat.items()}
    held = _computed(engine, {name: _held(good[name], *place) for name, place in _PLACES.items()})
    taken = _computed(engine, {name: _taken(good[name], held[name], name) for name in _PLACES})
    charts = _kept(good["chart_entries"], held["chart_entries"])
    playlists = _kept(good["playlist_items"], held["playlist_items"])

    tracks = _winners(
        engine,
        "track_id",
        _claims(good["tracks"], "track_id", FULL, 0),
        _claims(playlists, "track_id", FULL, 1),
        _claims(charts, "track_id", CHART, 2),
    )
    # The two forms of a whole track object, and the charts' lines, that won.
    objects = [_won(good["tracks"], tracks, 0), _won(good["playlist_items"], tracks, 1)]
    charted = _won(good["chart_entries"], tracks, 2)
    albums = _winners(
        engine,
        "album_id",
        _claims(good["albums"], "album_id", FULL, 0),
        *(_claims(frame, "album_id", EMBEDDED, 1 + number) for number, frame in enumerate(objects)),
        _claims(charted, "album_id", CHART, 3),
    )
    embedded = [_won(frame, albums, 1 + number) for number, frame in enumerate(objects)]
    whole_albums = _won(good["albums"], albums, 0)

    of_albums = [
        _credits(engine, [whole_albums], "album_id", "artists"),
        _credits(engine, embedded, "album_id", "album_artists"),
    ]
    track_credits, album_credits = engine.materialise(
        nw.concat([_credits(engine, objects, "track_id", "artists"), _charted_credits(engine, charted)]),
        nw.concat(of_albums),
    )
    artists = _artist_winners(engine, good["artists"], [track_credits, album_credits])
    whole_artists = _won(good["artists"], artists, 0)

    frames = {
        "artists": _artists(whole_artists, artists),
        "artist_genres": _genres(engine, whole_artists),
        "albums": _albums(whole_albums, embedded, _won(charted, albums, 3)),
        "album_artists": album_credits,
        "tracks": _tracks(objects, charted),
        "track_artists": track_credits,
        "chart_entries": _chart_entries(charts),
        "playlist_items": playlists,
        "rejects": _rejects(flat, lines, taken),
    }
    return {table.name: frames[table.name].select(*table.names) for table in CURATED}


def things(flat: Frame, entity: str) -> Frame:
    """One row for each date and thing that an entity's good lines tell: `snapshot_date`, `unreadable`, `repeated`.

    Whether its newest line has a value that could not be read, and whether the capture of that line tells it otherwise
    as well.
    """
    key = _PLACES.get(entity) or (entity.removesuffix("s") + "_id",)
    unreadable = (~col("fields").is_null()).alias("unreadable")
    good = flat.filter(col("reason").is_null()).with_columns(unreadable)
    told = good.group_by("snapshot_date", *key, "capture_id").agg(
        nw.struct("captured_at", "hash", "unreadable").max().alias("newest"), col("hash").min().alias("other")
    )
    newest = col("newest")
    claim = nw.struct(
        field(newest, "captured_at").alias("captured_at"),
        "capture_id",
        field(newest, "unreadable").alias("unreadable"),
        (field(newest, "hash") != col("other")).alias("repeated"),
    )
    best = told.select("snapshot_date", *key, claim.alias("claim")).group_by("snapshot_date", *key)
    return best.agg(col("claim").max()).select(
        "snapshot_date", *(field(col("claim"), name).alias(name) for name in ("unreadable", "repeated"))
    )


# -- latest wins -------------------------------------------------------------------------------------------------------


def _held(lines: Frame, unit: str, place: str) -> Frame:
    """Who holds which place of the newest answers: `hash` and line (`won`) by date, capture, unit and place.

    Rows of two answers are never mixed: a chart or playlist that never stood would be the result. Pages of one answer
    come at different moments, so a capture's last moment counts. Of two lines that claim a place one stays.
    """
    within = ["snapshot_date", unit]
    last = lines.group_by(*within, "capture_id").agg(col("captured_at").max().alias("last"))
    newest = last.group_by(*within).agg(nw.struct("last", "capture_id").max().alias("newest"))
    answers = newest.select(*within, field(col("newest"), "capture_id").alias("capture_id"))
    of_newest = lines.join(answers, on=[*within, "capture_id"], how="semi")
    held = of_newest.group_by(*within, "capture_id", place).agg(nw.struct("hash", "row_id").max().alias("holder"))
    holder = col("holder")
    return held.select(
        *within, "capture_id", place, field(holder, "hash").alias("held"), field(holder, "row_id").alias("won")
    )


def _computed(engine: Engine, frames: Mapping[str, Frame]) -> dict[str, Frame]:
    return dict(zip(frames, engine.materialise(*frames.values()), strict=True))


def _kept(lines: Frame, held: Frame) -> Frame:
    return lines.join(held.select(col("won").alias("row_id")), on="row_id", how="semi")


def _taken(lines: Frame, held: Frame, entity: str) -> Frame:
    """Lines whose place another line of the same answer holds: `entity`, date, capture and hash."""
    unit, place = _PLACES[entity]
    rivals = lines.join(
        held.select("snapshot_date", "capture_id", unit, place, "held"),
        on=["snapshot_date", "capture_id", unit, place],
        how="inner",
    ).filter(col("hash") != col("held"))
    return rivals.select(lit(entity).alias("entity"), *META).unique()


def _claims(lines: Frame, key: str, depth: int, source: int) -> Frame:
    """Lines that tell about `key`, narrow: date, key and the claim by which they are compared."""
    claim = nw.struct(
        lit(depth).cast(nw.Int32).alias("depth"),
        *("captured_at", "capture_id", "hash"),
        lit(source).cast(nw.Int32).alias("source"),
        "row_id",
    )
    return lines.filter(~col(key).is_null()).select("snapshot_date", key, claim.alias("claim"))


def _winners(engine: Engine, key: str, *claims: Frame) -> Frame:
    """For each date and key the line that tells most and newest: its `source` and its row id there, `won`."""
    best = nw.concat(list(claims)).group_by("snapshot_date", key).agg(col("claim").max())
    claim = col("claim")
    winners = best.select(key, field(claim, "source").alias("source"), field(claim, "row_id").alias("won"))
    return engine.materialise(winners)[0]


def _won(lines: Frame, winners: Frame, source: int) -> Frame:
    """The lines of a source that won."""
    ours = winners.filter(col("source") == source).select(col("won").alias("row_id"))
    return lines.join(ours, on="row_id", how="semi")


# -- tracks and albums -------------------------------------------------------------------------------------------------


def _tracks(objects: list[Frame], charted: Frame) -> Frame:
    lines = charted.select(
        *_KEYS,
        *("track_id", "album_id"),
        col("track_name").alias("name"),
        (col("duration_s").cast(nw.Int64) * 1000).alias("duration_ms"),
        lit("chart").alias("detail"),
    )
    return _together("tracks", *(frame.with_columns(lit("full").alias("detail")) for frame in objects), lines)


def _albums(whole: Frame, embedded: list[Frame], charted: Frame) -> Frame:
    inside = [
        frame.select(
            *_KEYS,
            *("album_id", "album_type", "release_date", "release_date_precision", "total_tracks"),
            col("album_name").alias("name"),
            col("album_markets").alias("available_markets"),
            lit("embedded").alias("detail"),
        )
        for frame in embedded
    ]
    lines = charted.select(*_KEYS, "album_id", col("album_name").alias("name"), lit("chart").alias("detail"))
    return _together("albums", whole.with_columns(lit("full").alias("detail")), *inside, lines)


def _together(table: str, *sources: Frame) -> Frame:
    """Rows of several sources; what a source does not tell is NULL."""
    names = CURATED_BY_NAME[table].names
    told = [frame.select(*(name for name in names if name in frame.columns)) for frame in sources]
    return nw.concat(told, how="diagonal")


# -- credits and artists -----------------------------------------------------------------------------------------------


def _credits(engine: Engine, frames: list[Frame], key: str, artists: str) -> Frame:
    """Who an album or track is by, from the list of artists in it."""
    listed = nw.concat([frame.select(*META, key, col(artists).alias("artist")) for frame in frames])
    each = engine.explode(listed, "artist")
    named = each.select(
        *META,
        key,
        "position",
        field(col("artist"), "id").alias("artist_id"),
        field(col("artist"), "name").alias("name"),
        lit(EMBEDDED).cast(nw.Int32).alias("depth"),
    )
    return _first_places(named.filter(~col("artist_id").is_null()), key)


def _charted_credits(engine: Engine, charted: Frame) -> Frame:
    """Who a charted track is by; an archive's line names its artists as two texts joined with semicolons."""
    stated = charted.filter(col("artist_ids") != "").with_columns(
        col("artist_ids").str.split(";").alias("ids"), col("artist_names").str.split(";").alias("names")
    )
    ids = engine.explode(stated.select(*META, "track_id", "ids"), "ids")
    # Where the texts do not have the same length, a name cannot be told to belong to an id.
    matching = stated.filter(col("ids").list.len() == col("names").list.len())
    names = engine.explode(matching.select("snapshot_date", "track_id", "names"), "names")
    named = (
        ids.filter(col("ids") != "")
        .join(names, on=["snapshot_date", "track_id", "position"], how="left")
        .select(
            *META,
            *("track_id", "position"),
            col("ids").alias("artist_id"),
            cast.given(col("names")).alias("name"),
            lit(CHART).cast(nw.Int32).alias("depth"),
        )
    )
    return _first_places(named, "track_id")


def _first_places(credits: Frame, key: str) -> Frame:
    """A twice credited artist keeps the first place."""
    told = ("captured_at", "capture_id", "hash", "name", "depth")
    first = credits.group_by("snapshot_date", key, "artist_id").agg(nw.struct("position", *told).min().alias("first"))
    return first.select(
        *("snapshot_date", key, "artist_id"),
        *(field(col("first"), name).alias(name) for name in ("position", *told)),
    )


def _artist_winners(engine: Engine, full: Frame, credits: list[Frame]) -> Frame:
    """For each date and artist who tells most and newest: a full object, or a credit with all that it knows."""

    def claim(depth: Expr, position: Expr, row_id: Expr) -> Expr:
        return nw.struct(
            depth.cast(nw.Int32).alias("depth"),
            *("captured_at", "capture_id", "hash"),
            position.cast(nw.Int32).alias("position"),
            # Of one line that credits an artist twice, a name rather than none.
            (~col("name").is_null()).alias("named"),
            nw.coalesce(col("name"), lit("")).alias("name"),
            row_id.cast(nw.Int64).alias("row_id"),
        ).alias("claim")

    claims = [full.select("snapshot_date", "artist_id", claim(lit(FULL), lit(0), col("row_id")))]
    claims += [
        frame.select("snapshot_date", "artist_id", claim(col("depth"), col("position"), lit(-1))) for frame in credits
    ]
    best = nw.concat(claims).group_by("snapshot_date", "artist_id").agg(col("claim").max())
    told = col("claim")
    winners = best.select(
        *("snapshot_date", "artist_id"),
        *(field(told, name).alias(name) for name in ("depth", "captured_at", "capture_id")),
        nw.when(field(told, "named")).then(field(told, "name")).alias("name"),
        nw.when(field(told, "depth") == FULL).then(lit(0).cast(nw.Int32)).alias("source"),
        field(told, "row_id").alias("won"),
    )
    return engine.materialise(winners)[0]


def _artists(whole: Frame, winners: Frame) -> Frame:
    known_by = nw.when(col("depth") == CHART).then(lit("chart")).otherwise(lit("embedded"))
    credited = winners.filter(col("depth") < FULL).select(*_KEYS, "artist_id", "name", known_by.alias("detail"))
    return _together("artists", whole.with_columns(lit("full").alias("detail")), credited)


def _genres(engine: Engine, whole: Frame) -> Frame:
    listed = engine.lists(whole.select(*_KEYS, "artist_id", "genres"), "genres")
    each = engine.explode(listed, "genres").select(*_KEYS, "artist_id", col("genres").alias("genre"))
    return each.filter(~col("genre").is_null()).unique()


# -- charts, rejects ---------------------------------------------------------------------------------------------------


def _chart_entries(charts: Frame) -> Frame:
    # Only the archive's files, those with ids, separate names by a semicolon: elsewhere it is a part of a name.
    names = col("artist_names")
    joined = names.str.replace_all(";", ", ", literal=True)
    return charts.with_columns(
        nw.when(~col("artist_ids").is_null()).then(joined).otherwise(names).alias("artist_names")
    )


def _rejects(flat: Mapping[str, Frame], lines: Mapping[str, Frame], taken: Mapping[str, Frame]) -> Frame:
    """Lines that made no row, and lines of which some value could not be read.

    The text of a line whose place is taken is read from the raw files once more: too few to keep all lines for.
    """
    names = CURATED_BY_NAME["rejects"].names
    on = ["snapshot_date", "capture_id", "hash"]
    frames = []
    for entity, frame in flat.items():
        faulty = frame.filter(~col("line").is_null())
        dropped = ~col("reason").is_null()
        if entity in taken:
            displaced = taken[entity]
            faulty = faulty.join(displaced.select(*on), on=on, how="anti")
            dated = lines[entity].with_columns(cast.day(col("snapshot_date")).alias("snapshot_date"))
            texts = dated.join(displaced.select(*on, "captured_at"), on=on, how="inner")
            frames.append(
                texts.select(
                    *(*_KEYS, "line"),
                    lit(entity).alias("entity"),
                    lit("place_taken").alias("reason"),
                    cast.null(nw.String).alias("fields"),
                    lit(True).alias("dropped"),
                ).select(*names)
            )
        frames.append(
            faulty.select(
                *(*_KEYS, "line", "fields"),
                lit(entity).alias("entity"),
                nw.coalesce(col("reason"), lit("bad_value")).alias("reason"),
                dropped.alias("dropped"),
            ).select(*names)
        )
    return nw.concat(frames)
