"""Answers: how they become raw lines, and what a raw line leads to.

The same reading serves an answer that just came, the chunks of a capture that goes on, and the captures of earlier
days. What is asked for next is `capture`'s business.
"""

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from spotify_platform.extract.frontier import Fact
from spotify_platform.lake.captures import RawFile
from spotify_platform.lake.store import Lake

# The raw entity that the objects of a kind, or the members of a list, are lines of.
ENTITY_OF = {
    "search": "search_results",
    "playlist": "playlist_items",
    "artist": "artists",
    "discography": "artist_albums",
    "album": "albums",
    "album_tracks": "album_tracks",
    "track": "tracks",
}
_KIND_OF = {entity: kind for kind, entity in ENTITY_OF.items()}
# Which parameter of the request names the unit that a line belongs to.
_UNIT_PARAM = {"artist_albums": "artist_id", "album_tracks": "album_id", "playlist_items": "playlist_id"}


@dataclass(frozen=True)
class Line:
    """One item with what the envelope says of it."""

    entity: str
    item: Any
    params: Mapping[str, str]
    market: str | None = None
    position: int | None = None
    endpoint: str = field(default="", compare=False)

    @property
    def unit(self) -> tuple[str, str]:
        """The kind and id of the unit whose answer the line is of."""
        if self.entity == "playlists":
            return "playlist", self.params["id"]
        if self.entity == "search_results":
            return "search", search_id(self.params["type"], self.params["query"], self.market)
        return _KIND_OF[self.entity], self.params[_UNIT_PARAM.get(self.entity, "id")]

    def facts(self) -> Iterator[Fact]:
        """That its unit is known, and what the item leads to."""
        yield (*self.unit, "", "")
        if not isinstance(self.item, dict):
            return
        found: Iterable[tuple[str, Any]] = ()
        if self.entity == "artists":
            found = [("discography", self.params["id"])]
        elif self.entity == "artist_albums":
            found = [("album", self.item.get("id"))]
        elif self.entity == "albums":
            found = _in_album(self.params["id"], self.item)
        elif self.entity == "album_tracks":
            found = [("track", self.item.get("id"))]
        elif self.entity == "search_results":
            found = [(self.params["type"], self.item.get("id"))]
        for kind, identifier in found:
            if isinstance(identifier, str) and identifier:
                yield (*self.unit, kind, identifier)
        if self.entity == "playlists":
            yield (*self.unit, "snapshot", str(self.item.get("snapshot_id")))
        if self.entity == "playlist_items" and (track := track_in(self.item)):
            yield ("track", track, "", "")  # it stands there in full


def search_id(kind: str, query: str, market: str | None) -> str:
    """The id of a search as a unit of work."""
    return json.dumps([kind, query, market], ensure_ascii=False)


def track_in(playlist_item: Any) -> str | None:
    """The id of the track in a playlist's item: `item` since 2026, `track` before; None for anything else."""
    if not isinstance(playlist_item, dict):
        return None
    track = playlist_item.get("item") or playlist_item.get("track")
    if not isinstance(track, dict) or track.get("type", "track") != "track":
        return None
    identifier = track.get("id")
    return identifier if isinstance(identifier, str) and identifier else None


def embedded_page(item: Mapping[str, Any]) -> dict[str, Any] | None:
    """The first page of a list inside an album or a playlist, where there is one."""
    for key in ("tracks", "items"):
        page = item.get(key)
        if isinstance(page, dict) and isinstance(page.get("items"), list):
            return page
    return None


def _in_album(identifier: str, album: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    page = embedded_page(album)
    if page is None:
        return
    for track in page["items"]:
        if isinstance(track, dict):
            yield "track", track.get("id")
    if page.get("next"):
        yield "album_tracks", identifier


def read_lines(lake: Lake, files: Iterable[RawFile]) -> Iterator[Line]:
    """The lines of chunks. Raises `LakeError` for one that is not there."""
    for file in files:
        for text in gzip.decompress(lake.get(file.path)).splitlines():
            line = json.loads(text)
            yield Line(file.entity, line["item"], line["params"], line["market"], line["position"], line["endpoint"])
