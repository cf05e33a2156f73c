"""Step 1, extract: ask Spotify's Web API about a few artists, and keep every answer as it came.

    python extract.py raw "Some Artist" "Another Artist" --playlist ID --charts folder/with/charts

Answers go to raw/<kind>/<moment>.jsonl, one JSON object a line. Nothing is left out or tidied: what is thrown away now
can never be asked for again, Spotify serves today only. Credentials: SPOTIPY_CLIENT_ID and SPOTIPY_CLIENT_SECRET.
"""

import argparse
import csv
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import spotipy
from spotipy.cache_handler import MemoryCacheHandler
from spotipy.oauth2 import SpotifyClientCredentials

ALBUMS = 3  # newest releases of an artist; each costs a request, and a new app has about a hundred a day


def connect() -> spotipy.Spotify:
    """Spotify, or, where SPOTIFY_API_URL says so, the offline one that answers like it."""
    auth = SpotifyClientCredentials(cache_handler=MemoryCacheHandler())  # the default leaves its token in a file here
    spotify = spotipy.Spotify(auth_manager=auth)
    if address := os.environ.get("SPOTIFY_API_URL"):
        auth.OAUTH_TOKEN_URL, spotify.prefix = f"{address}/api/token", f"{address}/v1/"
    return spotify


def pages(spotify: spotipy.Spotify, page: dict) -> Iterator:
    """All items of a list. An answer holds one page of it; stopping there is how 50 of 300 tracks get lost unseen."""
    yield from page["items"]
    while page["next"]:
        page = spotify.next(page)
        yield from page["items"]


def save(raw: Path, kind: str, items: list, **told: object) -> None:
    """Add one file of lines; files that are there already are never touched, so no earlier answer is overwritten."""
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
    path = raw / kind / f"{now.replace(':', '')}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8") as file:
        for position, item in enumerate(items):
            file.write(json.dumps({"captured_at": now, "position": position, **told, "item": item}) + "\n")
    print(f"{len(items):5} {kind} → {path}")


def ask(spotify: spotipy.Spotify, names: list[str], playlists: list[str], raw: Path) -> None:
    """Search each artist by name, then ask for what hangs on it: artist, newest albums, their tracks."""
    artists, albums, tracks = [], [], []
    for name in names:
        for found in spotify.search(q=f'artist:"{name}"', type="artist", limit=1)["artists"]["items"]:
            artists.append(spotify.artist(found["id"]))
            listed = pages(spotify, spotify.artist_albums(found["id"], limit=10))  # a new app may ask for 10 at most
            newest = sorted(listed, key=lambda album: album.get("release_date") or "", reverse=True)[:ALBUMS]
            albums += [spotify.album(album["id"]) for album in newest]
    for album in albums:
        # One request a track: asking for fifty at once is closed to apps made since February 2026.
        tracks += [spotify.track(track["id"]) for track in pages(spotify, album["tracks"])]
    for kind, items in {"artists": artists, "albums": albums, "tracks": tracks}.items():
        save(raw, kind, items)
    for playlist in playlists:
        items = list(pages(spotify, spotify.playlist_items(playlist, limit=50)))
        save(raw, "playlist_items", items, params={"playlist_id": playlist})


def keep_charts(folder: Path, raw: Path) -> None:
    """Chart files that you downloaded, regional-us-daily-2026-10-01.csv, row by row: no API serves charts."""
    for path in sorted(folder.glob("regional-*-daily-*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            save(raw, "chart_entries", list(csv.DictReader(file)), market=path.name.split("-")[1].upper())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("raw", type=Path)
    parser.add_argument("artists", nargs="*")
    parser.add_argument("--playlist", action="append", default=[])
    parser.add_argument("--charts", type=Path)
    options = parser.parse_args()
    ask(connect(), options.artists, options.playlist, options.raw)
    if options.charts:
        keep_charts(options.charts, options.raw)
