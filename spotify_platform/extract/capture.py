"""A capture of the Web API: what is asked for a watchlist and a date, and in which order.

How it is asked is `client`'s business, how it is stored `lake`'s. Answers go into the lake word for word.
"""

import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

from spotify_platform.extract.client import Client
from spotify_platform.extract.watchlist import Watchlist
from spotify_platform.lake import keys
from spotify_platform.lake.captures import CaptureWriter, Manifest, read_manifest
from spotify_platform.lake.store import Lake


def capture(
    lake: Lake,
    client: Client,
    watchlist: Watchlist,
    snapshot_date: date,
    *,
    source: Literal["spotify", "sandbox"],
    now: Callable[[], datetime],
    claim: Callable[[], object] = lambda: None,
    made_by: dict[str, str] | None = None,
) -> Manifest:
    """Capture a watchlist as of `snapshot_date`: its artists, their albums, those albums' tracks, and its playlists.

    Every album and track is asked for once; a track that stands in one of the playlists is there in full already.
    `now` tells the time (aware) of each answer; in the sandbox the time of the start names the capture, and one that
    is committed is returned without a request. `claim` is called when everything is there, before the commit: it may
    refuse the lake. Raises what `Client` raises; then nothing was captured.
    """
    start = now()
    capture_id = f"{start.astimezone(UTC):%Y%m%dT%H%M%SZ}-{'sandbox' if source == 'sandbox' else secrets.token_hex(2)}"
    if source == "sandbox" and lake.exists(keys.manifest(snapshot_date, capture_id)):
        return read_manifest(lake, snapshot_date, capture_id)
    writer = CaptureWriter(lake, capture_id, snapshot_date, start)
    asked_before = client.requests
    _Run(writer, client, now).everything(watchlist)
    claim()
    return writer.commit(
        source=source,
        mode="extended",
        requests={family: sent - asked_before.get(family, 0) for family, sent in client.requests.items()},
        made_by=made_by or {},
    )


@dataclass
class _Run:
    """One way through the API: each method asks, writes what came, and tells the ids found in it."""

    writer: CaptureWriter
    client: Client
    now: Callable[[], datetime]

    def everything(self, watchlist: Watchlist) -> None:
        artists = [identifier for identifier, _ in self.objects("artists", self.client.artists(watchlist.artists))]
        listed = [album for artist in artists for album in _ids(self.client.artist_albums(artist))]
        played = {track for playlist in watchlist.playlists for track in self.playlist(playlist)}
        tracks: list[str] = []
        for _, album in self.objects("albums", self.client.albums(_once(listed))):
            tracks += _ids(self.client.album_tracks(album))
        wanted = [track for track in _once(tracks) if track not in played]
        for _ in self.objects("tracks", self.client.tracks(wanted)):
            pass  # written, and nothing more to ask for

    def objects(self, entity: str, answers: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
        """Write what a batch endpoint answered; yields the requested id and the object where there was one."""
        for identifier, item in answers:
            self.writer.add(entity, item, endpoint=f"/v1/{entity}", captured_at=self.now(), params={"id": identifier})
            if isinstance(item, dict):
                yield identifier, item

    def playlist(self, playlist_id: str) -> Iterator[str]:
        """Write a playlist's items; yields the ids of the tracks that stand in it."""
        for position, item in self.client.playlist_items(playlist_id):
            self.writer.add(
                "playlist_items",
                item,
                endpoint=f"/v1/playlists/{playlist_id}/items",
                captured_at=self.now(),
                params={"playlist_id": playlist_id},
                position=position,
            )
            if isinstance(item, dict):
                yield from _ids([item.get("item") or item.get("track")])  # `item` since 2026, `track` before


def _ids(objects: Iterable[Any]) -> Iterator[str]:
    """The ids of objects that have one: local files and what is gone have none."""
    for one in objects:
        if isinstance(one, dict) and isinstance(one.get("id"), str):
            yield one["id"]


def _once(ids: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(ids))
