"""The endpoints: from one request for one day to the JSON of its answer.

What an object looks like is `objects.py`'s business, what a mode leaves out of it `modes.py`'s; HTTP is `app.py`'s.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from spotify_platform.sandbox import search
from spotify_platform.sandbox.catalogue import CHARTING_ARTISTS, Catalogue, PlaylistItem
from spotify_platform.sandbox.modes import Mode
from spotify_platform.sandbox.objects import EMBEDDED_ITEMS, Json, Objects, page

_GROUPS = ("album", "single", "compilation", "appears_on")
_FURTHEST_SEARCH = 1000
_NEW_RELEASES = 100
_FIELD = re.compile(r"[a-z_]+")


class ApiError(Exception):
    """An answer in Spotify's error shape."""

    def __init__(self, status: int, message: str) -> None:
        """`status`: an HTTP status."""
        super().__init__(message)
        self.status, self.message = status, message


@dataclass(frozen=True)
class Call:
    """One request for one day, whose objects it has. `path`: after `v1/`; `id`: the one in the path."""

    objects: Objects
    path: str
    id: str
    query: dict[str, str]
    market: str | None
    mode: Mode

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue asked."""
        return self.objects.catalogue

    @property
    def offset(self) -> int:
        """The day asked for, in days from the anchor."""
        return self.objects.offset

    def number(self, name: str, default: int, lowest: int, highest: int) -> int:
        """A whole number from the query; ApiError 400 outside its bounds."""
        text = self.query.get(name, str(default))
        if not text.isdecimal() or not lowest <= int(text) <= highest:
            raise ApiError(400, f"Invalid {name}")
        return int(text)

    def batch(self, most: int) -> list[str]:
        """The ids of the query; ApiError 400 for none or too many."""
        asked = [part for part in self.query.get("ids", "").split(",") if part]
        if not asked:
            raise ApiError(400, "Missing required field: ids")
        if len(asked) > most:
            raise ApiError(400, "Too many ids requested")
        return asked

    def page(
        self,
        found: Sequence[Any],
        shape: Callable[[Any], Json | None],
        default: int,
        most: int,
        furthest: int = 10**9,
    ) -> Json:
        """The page of `found` that the query asks for; its links keep the rest of the query."""
        limit = self.number("limit", default, 1, most)
        start = self.number("offset", 0, 0, furthest)
        others = {name: value for name, value in self.query.items() if name not in ("limit", "offset")}
        query = urlencode(others) + "&" if others else ""
        items = [shape(one) for one in found[start : start + limit]]
        return page(items, f"{self.objects.url}/{self.path}", query, limit, start, len(found))


def _known(index: int | None) -> int:
    if index is None:
        raise ApiError(404, "Resource not found")
    return index


def _artists(call: Call) -> Json:
    found = [call.catalogue.find_artist(one, call.offset) for one in call.batch(50)]
    return {"artists": [None if index is None else call.objects.artist(index) for index in found]}


def _artist(call: Call) -> Json:
    return call.objects.artist(_known(call.catalogue.find_artist(call.id, call.offset)))


def _artist_albums(call: Call) -> Json:
    artist = _known(call.catalogue.find_artist(call.id, call.offset))
    groups = call.query.get("include_groups", ",".join(_GROUPS)).split(",")
    if not set(groups) <= set(_GROUPS):
        raise ApiError(400, "Invalid include_groups")
    albums = call.catalogue.albums_of(artist, call.offset)
    wanted = [index for index in albums if call.catalogue.album(index).kind in groups]
    return call.page(wanted, call.objects.artists_album, call.mode.page_default, call.mode.page_most)


def _top_tracks(call: Call) -> Json:
    artist = _known(call.catalogue.find_artist(call.id, call.offset))
    if call.market is None:
        raise ApiError(400, "Missing required field: market")
    albums = call.catalogue.albums_of(artist, call.offset)
    tracks = [track for album in albums for track in call.catalogue.tracks_of(album)]
    tracks.sort(key=lambda track: (-call.catalogue.track_popularity(track, call.offset), track))
    return {"tracks": [call.objects.track(track) for track in tracks[:10]]}


def _albums(call: Call) -> Json:
    found = [call.catalogue.find_album(one, call.offset) for one in call.batch(20)]
    return {"albums": [None if index is None else call.objects.album(index) for index in found]}


def _album(call: Call) -> Json:
    return call.objects.album(_known(call.catalogue.find_album(call.id, call.offset)))


def _album_tracks(call: Call) -> Json:
    tracks = call.catalogue.tracks_of(_known(call.catalogue.find_album(call.id, call.offset)))
    return call.page(tracks, call.objects.simple_track, 20, 50)


def _tracks(call: Call) -> Json:
    found = [call.catalogue.find_track(one, call.offset) for one in call.batch(50)]
    return {"tracks": [None if index is None else call.objects.track(index) for index in found]}


def _track(call: Call) -> Json:
    return call.objects.track(_known(call.catalogue.find_track(call.id, call.offset)))


def _playlist(call: Call) -> Json:
    index = _known(call.catalogue.find_playlist(call.id))
    # The mode has its say first: a part of a playlist no longer says that it is one.
    playlist: Json = call.mode.told(call.objects.playlist(call.catalogue.playlist(index, call.offset)))
    if "fields" not in call.query:
        return playlist
    fields = call.query["fields"].split(",")
    if not all(_FIELD.fullmatch(field) for field in fields):
        raise ApiError(400, "Invalid fields: the sandbox knows names of the first level only")
    return {field: playlist[field] for field in fields if field in playlist}


def _playlist_items(call: Call) -> Json:
    return call.page(_items(call), call.objects.playlist_item, 20, 50)


def _playlist_tracks(call: Call) -> Json:
    """The older name, with its longer pages."""
    return call.page(_items(call), call.objects.playlist_item, EMBEDDED_ITEMS, EMBEDDED_ITEMS)


def _items(call: Call) -> Sequence[PlaylistItem]:
    return call.catalogue.playlist(_known(call.catalogue.find_playlist(call.id)), call.offset).items


def _search(call: Call) -> Json:
    query = call.query.get("q", "").strip()
    kinds = call.query.get("type", "").split(",")
    if not query:
        raise ApiError(400, "No search query")
    if not set(kinds) <= set(search.KINDS):
        raise ApiError(400, "Bad search type field")
    shapes: dict[str, Callable[[int], Json]] = {
        "artist": call.objects.artist,
        "album": call.objects.embedded_album,
        "track": call.objects.track,
    }

    def found(kind: str) -> Json:
        matches = search.find(call.catalogue, call.offset, kind, query, call.market)
        return call.page(matches, shapes[kind], call.mode.page_default, call.mode.page_most, _FURTHEST_SEARCH)

    return {f"{kind}s": found(kind) for kind in kinds}


def _markets(call: Call) -> Json:
    return call.objects.markets()


def _new_releases(call: Call) -> Json:
    catalogue = call.catalogue
    artists = range(min(catalogue.artists, CHARTING_ARTISTS))
    albums = [album for artist in artists for album in catalogue.albums_of(artist, call.offset)]
    newest = sorted(albums, key=lambda index: (-catalogue.album(index).release, index))[:_NEW_RELEASES]
    return {"albums": call.page(newest, call.objects.embedded_album, 20, 50)}


@dataclass(frozen=True)
class Endpoint:
    """One path of the API, and the family that quotas count it in."""

    family: str
    answer: Callable[[Call], Json]


ENDPOINTS = {
    "artists": Endpoint("artists", _artists),
    "artists/{id}": Endpoint("artists", _artist),
    "artists/{id}/albums": Endpoint("artists/albums", _artist_albums),
    "artists/{id}/top-tracks": Endpoint("artists/top-tracks", _top_tracks),
    "albums": Endpoint("albums", _albums),
    "albums/{id}": Endpoint("albums", _album),
    "albums/{id}/tracks": Endpoint("albums/tracks", _album_tracks),
    "tracks": Endpoint("tracks", _tracks),
    "tracks/{id}": Endpoint("tracks", _track),
    "playlists/{id}": Endpoint("playlists", _playlist),
    "playlists/{id}/tracks": Endpoint("playlists/items", _playlist_tracks),
    "playlists/{id}/items": Endpoint("playlists/items", _playlist_items),
    "search": Endpoint("search", _search),
    "markets": Endpoint("markets", _markets),
    "browse/new-releases": Endpoint("browse/new-releases", _new_releases),
}


def resolve(path: str) -> tuple[str, str] | None:
    """(key of ENDPOINTS, id in the path) of a path after `v1/`; None when there is no such endpoint."""
    if path in ENDPOINTS:
        return path, ""
    kind, identifier, *rest = (*path.split("/"), "")
    pattern = "/".join((kind, "{id}", *rest)).rstrip("/")
    return (pattern, identifier) if pattern in ENDPOINTS else None
