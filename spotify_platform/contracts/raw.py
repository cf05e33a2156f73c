"""The raw zone: what one line of a raw file looks like, entity by entity.

A line is a small envelope around one object as Spotify (or a chart file) gave it. Declared here is only what curation
reads; a line may hold more and keeps it. Leaves are text: casting is `curate`'s business, so that a value of the
wrong type is one bad value and not a lost line.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

TEXT = "text"
Shape: TypeAlias = str | list[Any] | dict[str, Any]  # TEXT, a list with the shape of its elements, or an object

_ARTIST_REF: Shape = {"id": TEXT, "name": TEXT}
_ALBUM_REF: dict[str, Shape] = {
    "id": TEXT,
    "name": TEXT,
    "album_type": TEXT,
    "release_date": TEXT,
    "total_tracks": TEXT,
    "available_markets": [TEXT],
    "artists": [_ARTIST_REF],
}
_TRACK: dict[str, Shape] = {
    "id": TEXT,
    "type": TEXT,
    "name": TEXT,
    "popularity": TEXT,
    "duration_ms": TEXT,
    "explicit": TEXT,
    "is_local": TEXT,
    "track_number": TEXT,
    "disc_number": TEXT,
    "external_ids": {"isrc": TEXT},
    "available_markets": [TEXT],
    "artists": [_ARTIST_REF],
    "album": _ALBUM_REF,
}

_CHART_COLUMNS = (
    "rank uri track_id track_name artist_ids artist_names album_id album_name duration_s "
    "source peak_rank previous_rank days_on_chart streams"
)


@dataclass(frozen=True)
class Entity:
    """One kind of raw line: where it comes from and the part of its item that curation reads."""

    name: str
    meaning: str
    item: dict[str, Shape]

    @property
    def line(self) -> dict[str, Shape]:
        """The shape of a whole line: the envelope with the item in it."""
        return {**ENVELOPE, "item": self.item}


# What every line carries beside the item. Entity, snapshot date and capture id are in the file's path.
ENVELOPE: dict[str, Shape] = {
    "captured_at": TEXT,  # when the answer came, UTC, ISO 8601 with Z
    "endpoint": TEXT,  # path of the request, or the kind of file
    "params": {"playlist_id": TEXT},  # the request's parameters; curation needs only this one
    "market": TEXT,  # ISO 3166 alpha-2 or GLOBAL, where the answer is about one market
    "position": TEXT,  # 0-based place in the list that the answer is a part of
}

ENTITIES = (
    Entity(
        "artists",
        "artist objects of GET /artists",
        {
            "id": TEXT,
            "name": TEXT,
            "popularity": TEXT,
            "followers": {"total": TEXT},
            "genres": [TEXT],
        },
    ),
    Entity(
        "albums",
        "album objects of GET /albums",
        {
            **_ALBUM_REF,
            "label": TEXT,
            "popularity": TEXT,
            "external_ids": {"upc": TEXT},
        },
    ),
    Entity("tracks", "track objects of GET /tracks", _TRACK),
    Entity(
        "playlist_items",
        "items of GET /playlists/{id} and …/items (`track` until 2026, `item` since)",
        {"added_at": TEXT, "is_local": TEXT, "track": _TRACK, "item": _TRACK},
    ),
    Entity(
        "chart_entries",
        "rows of chart files: charts.spotify.com, or an archive with ids of artists and album",
        dict.fromkeys(_CHART_COLUMNS.split(), TEXT),
    ),
)
# What leads a capture from one answer to the next. Kept like everything that was paid for; no table is made of it yet.
LISTS = (
    Entity("playlists", "playlists themselves, without their items, of GET /playlists/{id}", {}),
    Entity("artist_albums", "short albums of the lists of GET /artists/{id}/albums", {}),
    Entity("album_tracks", "short tracks of GET /albums/{id}/tracks, after those in the album", {}),
    Entity("search_results", "what searches found, of GET /search: artists, short albums or tracks", {}),
)
ENTITIES_BY_NAME = {entity.name: entity for entity in ENTITIES}
