"""The JSON shapes of the API (extended mode), for one catalogue, day and base URL.

Only shapes: which object is asked for, and in which page, is `endpoints.py`'s business.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import quote_plus

from spotify_platform.sandbox import ids
from spotify_platform.sandbox.catalogue import Album, Artist, Catalogue, Playlist, PlaylistItem, Track
from spotify_platform.sandbox.scores import MARKETS

Json = dict[str, Any]
EMBEDDED_TRACKS = 50  # an album carries its first 50 tracks
EMBEDDED_ITEMS = 100  # a playlist its first 100 items
_LOCAL_ARTIST, _LOCAL_TITLE, _LOCAL_SECONDS = "Garage Tapes", "Rehearsal 4", 233


def page(items: list[Any], url: str, query: str, limit: int, offset: int, total: int) -> Json:
    """Spotify's paging object. `query`: the other parameters, already encoded, each ending in "&"."""

    def at(start: int) -> str:
        return f"{url}?{query}offset={start}&limit={limit}"

    return {
        "href": at(offset),
        "items": items,
        "limit": limit,
        "next": at(offset + limit) if offset + limit < total else None,
        "offset": offset,
        "previous": at(max(0, offset - limit)) if offset > 0 else None,
        "total": total,
    }


class Objects:
    """Builds objects as they stand on one day. `url`: the API prefix without a trailing slash."""

    def __init__(self, catalogue: Catalogue, offset: int, url: str) -> None:
        """Objects of `catalogue` on the day `offset` days from the anchor."""
        self.catalogue, self.offset, self.url = catalogue, offset, url
        # The same artists and albums are embedded in every track of a batch: built once, only ever read.
        self.simple_artist = lru_cache(maxsize=1024)(self._simple_artist)
        self.embedded_album = lru_cache(maxsize=1024)(self._embedded_album)

    def artist(self, index: int) -> Json:
        """A full artist."""
        artist = self.catalogue.artist(index)
        return {
            **self.simple_artist(index),
            "followers": {"href": None, "total": self.catalogue.followers(index, self.offset)},
            "genres": list(artist.genres),
            "images": self._images(artist, (640, 320, 160)),
            "popularity": self.catalogue.artist_popularity(index, self.offset),
        }

    def album(self, index: int) -> Json:
        """A full album with its first tracks."""
        album = self.catalogue.album(index)
        tracks = self.catalogue.tracks_of(index)
        first = [self.simple_track(track) for track in tracks[:EMBEDDED_TRACKS]]
        url = f"{self.url}/albums/{album.id}/tracks"
        owner = f"{album.release_date[:4]} {album.label}"
        return {
            **self.embedded_album(index),
            "copyrights": [{"text": f"© {owner}", "type": "C"}, {"text": f"℗ {owner}", "type": "P"}],
            "external_ids": {"upc": album.upc} if album.upc else {},
            "genres": [],
            "label": album.label,
            "popularity": self.catalogue.album_popularity(index, self.offset),
            "tracks": page(first, url, "", EMBEDDED_TRACKS, 0, len(tracks)),
        }

    def artists_album(self, index: int) -> Json:
        """A simplified album as an artist's list has it."""
        return {**self.embedded_album(index), "album_group": self.catalogue.album(index).kind}

    def simple_track(self, index: int) -> Json:
        """A simplified track, as albums have it."""
        track = self.catalogue.track(index)
        return {
            "artists": [self.simple_artist(artist) for artist in track.artists],
            "available_markets": self.catalogue.album(track.album).markets,
            "disc_number": 1,
            "duration_ms": track.duration_ms,
            "explicit": track.explicit,
            **self._reference("track", track),
            "is_local": False,
            "name": track.name,
            "preview_url": None,
            "track_number": track.number,
        }

    def track(self, index: int) -> Json:
        """A full track with its album."""
        track = self.catalogue.track(index)
        return {
            "album": self.embedded_album(track.album),
            **self.simple_track(index),
            "external_ids": {"isrc": track.isrc} if track.isrc else {},
            "popularity": self.catalogue.track_popularity(index, self.offset),
        }

    def playlist(self, playlist: Playlist) -> Json:
        """A full playlist with its first items."""
        first = [self.playlist_item(item) for item in playlist.items[:EMBEDDED_ITEMS]]
        url = f"{self.url}/playlists/{playlist.id}/tracks"
        return {
            "collaborative": False,
            "description": "An invented playlist of the offline sandbox.",
            "followers": {"href": None, "total": 1000 + ids.number(playlist.id) % 100_000},
            **self._reference("playlist", playlist),
            "images": [{"height": None, "url": f"https://image.invalid/{playlist.id}", "width": None}],
            "name": playlist.name,
            "owner": {**self._user(), "display_name": "sandbox"},
            "primary_color": None,
            "public": True,
            "snapshot_id": playlist.snapshot_id,
            "tracks": page(first, url, "", EMBEDDED_ITEMS, 0, len(playlist.items)),
        }

    def playlist_item(self, item: PlaylistItem) -> Json | None:
        """One entry of a playlist."""
        track = self._local_track() if item.local else None
        if item.track is not None:
            track = {**self.track(item.track), "episode": False, "track": True}
        return {
            "added_at": item.added_at,
            "added_by": self._user(),
            "is_local": item.local,
            "primary_color": None,
            "track": track,
            "video_thumbnail": {"url": None},
        }

    def markets(self) -> Json:
        """The markets the catalogue has."""
        return {"markets": MARKETS}

    def _reference(self, kind: str, thing: Artist | Album | Track | Playlist) -> Json:
        return {
            "external_urls": {"spotify": f"https://open.spotify.com/{kind}/{thing.id}"},
            "href": f"{self.url}/{kind}s/{thing.id}",
            "id": thing.id,
            "type": kind,
            "uri": f"spotify:{kind}:{thing.id}",
        }

    def _simple_artist(self, index: int) -> Json:
        artist = self.catalogue.artist(index)
        return {**self._reference("artist", artist), "name": artist.name}

    def _embedded_album(self, index: int) -> Json:
        album = self.catalogue.album(index)
        return {
            "album_type": album.kind,
            "artists": [self.simple_artist(album.artist)],
            "available_markets": album.markets,
            **self._reference("album", album),
            "images": self._images(album, (640, 300, 64)),
            "name": album.name,
            "release_date": album.release_date,
            "release_date_precision": album.release_date_precision,
            "total_tracks": album.total_tracks,
        }

    def _images(self, thing: Artist | Album, sizes: tuple[int, ...]) -> list[Json]:
        # A host that never answers: nobody shall load pictures of invented people from Spotify.
        return [{"height": size, "url": f"https://image.invalid/{size}/{thing.id}", "width": size} for size in sizes]

    def _user(self) -> Json:
        return {
            "external_urls": {"spotify": "https://open.spotify.com/user/sandbox"},
            "href": f"{self.url}/users/sandbox",
            "id": "sandbox",
            "type": "user",
            "uri": "spotify:user:sandbox",
        }

    def _local_track(self) -> Json:
        nothing: Json = {"external_urls": {}, "href": None, "id": None, "uri": None}
        album = {
            "album_type": None, "artists": [], "available_markets": [], "images": [], "name": "",
            "release_date": None, "release_date_precision": None, "type": "album", **nothing,
        }  # fmt: skip
        words = ":".join((quote_plus(_LOCAL_ARTIST), "", quote_plus(_LOCAL_TITLE), str(_LOCAL_SECONDS)))
        return {
            "album": album,
            "artists": [{**nothing, "name": _LOCAL_ARTIST, "type": "artist"}],
            "available_markets": [],
            "disc_number": 0,
            "duration_ms": _LOCAL_SECONDS * 1000,
            "explicit": False,
            "external_ids": {},
            **nothing,
            "is_local": True,
            "name": _LOCAL_TITLE,
            "popularity": 0,
            "preview_url": None,
            "track_number": 0,
            "type": "track",
            "uri": f"spotify:local:{words}",
        }
