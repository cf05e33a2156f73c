"""What the tests of lake, publishing and loading share: small captures, and what readers see of them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

from spotify_platform.contracts.curated import CURATED
from spotify_platform.lake import Lake
from spotify_platform.lake.captures import CaptureWriter, Manifest
from spotify_platform.lake.publishing import PublishRecord, heads
from spotify_platform.load.reader import open_reader

DAY = date(2026, 11, 1)
NEXT = date(2026, 11, 2)

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Item:
    """One item to capture, with the parts of the envelope that differ."""

    entity: str
    item: Any
    envelope: dict[str, Any] = field(default_factory=dict)


def artist(artist_id: str, **fields: Any) -> Item:
    """A full artist."""
    return Item("artists", {"id": artist_id, "name": artist_id.title(), "genres": ["pop"]} | fields)


def track(track_id: str, **fields: Any) -> Item:
    """A full track of one album by one artist."""
    album = {"id": "album", "name": "Album", "release_date": "2020-05", "artists": [{"id": "ann", "name": "Ann"}]}
    known = {"id": track_id, "type": "track", "album": album, "artists": [{"id": "ann", "name": "Ann"}]}
    return Item("tracks", known | fields)


def charted(market: str, rank: Any, track_id: str) -> Item:
    """A line of a chart of charts.spotify.com."""
    return Item("chart_entries", {"rank": rank, "uri": f"spotify:track:{track_id}"}, {"market": market})


def played(playlist: str, position: int, track_id: str) -> Item:
    """An item of a playlist."""
    item = {"added_at": "2026-10-01T00:00:00Z", "item": {"id": track_id, "type": "track"}}
    return Item("playlist_items", item, {"params": {"playlist_id": playlist}, "position": position})


# At least one row in every table.
EVERYTHING = (
    artist("ann", popularity=50, available_markets=["DE"]),
    Item("albums", {"id": "album", "name": "Album", "artists": [{"id": "ann"}], "popularity": 1}),
    track("t1", popularity=1, available_markets=["US", "DE"]),
    track("t2", popularity="loud"),
    charted("US", 1, "t1"),
    played("mix", 0, "t3"),
)


def written(lake: Lake, day: date, capture_id: str, items: Iterable[Item], hour: int = 5) -> CaptureWriter:
    """A capture with its items, not committed yet."""
    came = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
    writer = CaptureWriter(lake, capture_id, day, came)
    for one in items:
        writer.add(one.entity, one.item, endpoint="/v1/test", captured_at=came, **one.envelope)
    return writer


def capture(lake: Lake, day: date, capture_id: str, *items: Item, hour: int = 5) -> Manifest:
    """A committed capture."""
    return written(lake, day, capture_id, items, hour).commit(source="import")


def seen(lake: Lake) -> dict[str, list[Row]]:
    """All rows that readers see, by table, sorted by their text."""
    with open_reader(lake) as connection:
        return {
            table.name: sorted(connection.execute(f"select * from curated.{table.name}").fetchall(), key=repr)
            for table in CURATED
        }


def whole_batches(lake: Lake) -> dict[date, PublishRecord]:
    """The head of every date; fails unless every file that it names is there, byte for byte."""
    found = heads(lake)
    for record in found.values():
        for file in record.files:
            content = lake.get(file.path)
            assert (sha256(content).hexdigest(), len(content)) == (file.sha256, file.bytes)
    return found
