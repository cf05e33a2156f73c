"""The flat form: lines of one entity with typed envelope and the reason for which a line makes no row.

What an entity's values mean is `tables`' business.
"""

from collections.abc import Iterable
from pathlib import Path

import narwhals as nw
from narwhals import Expr, col, lit

from spotify_platform.contracts.raw import Entity
from spotify_platform.curate import cast
from spotify_platform.curate.cast import field
from spotify_platform.curate.engine import Engine, Frame

META = ["snapshot_date", "captured_at", "capture_id", "hash"]


def flatten(engine: Engine, entity: Entity, files: Iterable[Path]) -> Frame:
    """Read an entity's files into the flat form, computed once.

    Columns: META, `market`, `position`, `playlist_id`, `item` (struct), `line`, `reason` (NULL: the line is good).
    """
    record = col("record")
    position = cast.integer(field(record, "position"))
    flat = engine.read(entity, files).select(
        cast.day(col("snapshot_date")).alias("snapshot_date"),
        cast.stamp(field(record, "captured_at")).alias("captured_at"),
        "capture_id",
        "hash",
        "line",
        "fault",
        field(record, "market").alias("market"),
        position.alias("position"),
        field(record, "params", "playlist_id").alias("playlist_id"),
        field(record, "item").alias("item"),
    )
    late_fault = nw.when(col("captured_at").is_null()).then(lit("bad_captured_at"))
    reason = nw.coalesce(col("fault"), late_fault, *_faults(entity))
    return engine.materialise(flat.with_columns(reason.alias("reason")).drop("fault"))


def _faults(entity: Entity) -> list[Expr]:
    """The reasons, in order, for which a line of the entity cannot make a row."""
    item = col("item")
    if entity.name == "playlist_items":
        unplaced = col("playlist_id").is_null() | col("position").is_null()
        return [nw.when(unplaced).then(lit("no_identity"))]
    if entity.name == "chart_entries":
        return [
            nw.when(col("market").is_null()).then(lit("no_market")),
            nw.when(cast.integer(field(item, "rank")).is_null()).then(lit("bad_rank")),
            nw.when(charted_track(item).is_null()).then(lit("no_identity")),
        ]
    return [nw.when(cast.identity(field(item, "id")).is_null()).then(lit("no_identity"))]


def charted_track(item: Expr) -> Expr:
    """The track that a chart row is about: the archive's id, or the one in the URI `spotify:track:…`."""
    uri = field(item, "uri")
    from_uri = nw.when(uri.str.starts_with("spotify:track:")).then(uri.str.slice(14))
    return nw.coalesce(cast.identity(field(item, "track_id")), cast.identity(from_uri))
