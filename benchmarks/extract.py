"""What a capture costs: its rate against a limit, its requests against a formula, its memory against its length.

The formula is computed from the sandbox's catalogue alone; `spotify_platform.extract` is imported by the parts that
capture, never by the one that computes. `make bench-extract`
"""

import argparse
import json
import logging
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from spotify_platform.sandbox import Behaviour, Catalogue, LoggedRequest, Sandbox, serve

if TYPE_CHECKING:
    from spotify_platform.extract.client import Credentials
    from spotify_platform.extract.watchlist import Watchlist

PARTS = ("requests", "memory", "rate")
SEED = 7

RATE, LATENCY = 20.0, 0.1  # what the sandbox allows a second, and how long it takes
SETTLED = 60.0  # seconds after which hardly a 429 is to come
LEAST_SHARE, MOST_REFUSED = 0.9, 2
COUNTED_ARTISTS = 300
MOST_GROWTH = 1.2

GROUPS = ("album", "single", "compilation")
BATCH = {"artists": 50, "albums": 20, "tracks": 50}
PAGE, ALBUM_CARRIES, PLAYLIST_CARRIES = 50, 50, 100

ID, SECRET = "bench", "not-a-secret"


@dataclass(frozen=True)
class Row:
    """One line of the last table. `good`: None where nothing was asked for."""

    what: str
    asked: str
    measured: str
    good: bool | None = None


# -- the formula -------------------------------------------------------------------------------------------------------


def formula(catalogue: Catalogue) -> dict[str, int]:
    """Requests by family that all artists and playlists of the catalogue cost on its anchor day, and no more."""
    lists = [
        [album for album in catalogue.albums_of(artist, 0) if catalogue.album(album).kind in GROUPS]
        for artist in range(catalogue.artists)
    ]
    albums = [album for one in lists for album in one]
    playlists = [catalogue.playlist(index, 0).items for index in range(len(catalogue.playlist_ids))]
    in_full = {item.track for items in playlists for item in items if item.track is not None}
    tracks = sum(track not in in_full for album in albums for track in catalogue.tracks_of(album))
    requests = {
        "artists": ceil(catalogue.artists / BATCH["artists"]),
        "artists/albums": sum(max(1, ceil(len(one) / PAGE)) for one in lists),
        "albums": ceil(len(albums) / BATCH["albums"]),
        "albums/tracks": sum(_further(len(catalogue.tracks_of(album)), ALBUM_CARRIES) for album in albums),
        "tracks": ceil(tracks / BATCH["tracks"]),
        "playlists": len(playlists),
        "playlists/items": sum(_further(len(items), PLAYLIST_CARRIES) for items in playlists),
    }
    return {family: count for family, count in requests.items() if count}


def _further(length: int, carried: int) -> int:
    """Pages of a list of which the first `carried` came with something else."""
    return ceil(max(0, length - carried) / PAGE)


# -- what the parts share ----------------------------------------------------------------------------------------------


def catalogue_of(artists: int) -> Catalogue:
    """So many artists, around today."""
    return Catalogue(SEED, artists, datetime.now(UTC).date())


def artist_ids(catalogue: Catalogue) -> list[str]:
    """The ids of all artists."""
    return [catalogue.artist(index).id for index in range(catalogue.artists)]


def watchlist_of(artists: Sequence[str], playlists: Sequence[str]) -> "Watchlist":
    """A watchlist that names these, all else as it is by default."""
    from spotify_platform.extract.watchlist import Watchlist

    return Watchlist(artists=tuple(artists), playlists=tuple(playlists))


def credentials(api_url: str, token_url: str) -> "Credentials":
    """Credentials for a sandbox."""
    from pydantic import SecretStr

    from spotify_platform.extract.client import Credentials

    return Credentials(ID, SecretStr(SECRET), api_url, token_url)


def capture_unpaced(folder: str, day: str, watchlist: "Watchlist", allowed: "Credentials") -> dict[str, int]:
    """Capture a day as fast as the answers come; returns the manifest's requests."""
    from spotify_platform.extract.account import EXTENDED
    from spotify_platform.extract.capture import Order, capture
    from spotify_platform.extract.client import Client
    from spotify_platform.lake.store import Lake

    order = Order(watchlist, datetime.fromisoformat(day).date(), "spotify", EXTENDED, {"user": ID})
    return capture(Lake(f"file://{folder}"), Client(allowed), order).requests


# -- requests ----------------------------------------------------------------------------------------------------------


def measure_requests(console: Console) -> list[Row]:
    """A complete capture, its manifest and the server's log beside the formula."""
    catalogue = catalogue_of(COUNTED_ARTISTS)
    wanted = formula(catalogue)
    with serve(catalogue) as server, tempfile.TemporaryDirectory() as folder:
        watchlist = watchlist_of(artist_ids(catalogue), catalogue.playlist_ids)
        allowed = credentials(server.api_url(catalogue.anchor), server.token_url)
        told = capture_unpaced(folder, catalogue.anchor.isoformat(), watchlist, allowed)
        seen = Counter(entry.family for entry in api_requests(server))
    title = f"Requests, {catalogue.artists} artists"
    table = Table("family", "formula", "manifest", "server's log", "ratio", title=title)
    for family in sorted(wanted.keys() | told.keys() | seen.keys()):
        ours, theirs = told.get(family, 0), wanted.get(family, 0)
        table.add_row(family, *map(str, (theirs, ours, seen[family])), f"{ours / theirs:.3f}" if theirs else "–")
    total, formula_total = sum(told.values()), sum(wanted.values())
    table.add_row("all", *map(str, (formula_total, total, seen.total())), f"{total / formula_total:.3f}")
    console.print(table)
    return [
        Row(
            f"requests of {catalogue.artists} artists and 3 playlists, by family",
            f"the formula's {formula_total}",
            f"manifest {total}, server's log {seen.total()}",
            told == wanted == dict(seen),
        )
    ]


def api_requests(server: Sandbox) -> list[LoggedRequest]:
    """The server's log without the tokens."""
    return [entry for entry in server.log() if entry.family != "token"]


# -- memory ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Footprint:
    """What a capture took in a process of its own. `start` and `peak`: MB, before the capture and at most.

    `seconds` are on the clock, the server's work among them; `busy` are this process' own.
    """

    artists: int
    start: float
    peak: float
    seconds: float
    busy: float
    requests: int


def measure_memory(console: Console, fewer: int) -> list[Row]:
    """So many artists, and ten times as many, each captured by a fresh interpreter."""
    few, many = footprint(fewer), footprint(10 * fewer)
    table = Table("artists", "requests", "seconds", "of CPU", "MB before", "MB at most", title="Memory of a capture")
    for one in (few, many):
        took = f"{one.seconds:.0f}", f"{one.busy:.0f}", f"{one.start:.1f}", f"{one.peak:.1f}"
        table.add_row(f"{one.artists:,}", f"{one.requests:,}", *took)
    console.print(table)
    ratio, beyond = many.peak / few.peak, (many.peak - many.start) / (few.peak - few.start)
    what = f"peak memory, {many.artists:,} artists against {few.artists:,}"
    return [
        Row(what, f"≤ {MOST_GROWTH}", f"{ratio:.2f}", ratio <= MOST_GROWTH),
        Row("… of that what the capture added to the bare process", "–", f"{beyond:.2f}"),
    ]


def footprint(artists: int) -> Footprint:
    """Capture so many artists in a child process, from a server in another one."""
    catalogue = catalogue_of(artists)
    with serve(catalogue) as server, tempfile.TemporaryDirectory() as folder:
        # The ids are found here, since the catalogue remembers what it was asked.
        task = {
            "folder": folder,
            "day": catalogue.anchor.isoformat(),
            "artists": artist_ids(catalogue),
            "playlists": catalogue.playlist_ids,
            "urls": [server.api_url(catalogue.anchor), server.token_url],
        }
        command = [sys.executable, __file__, "--child"]
        done = subprocess.run(command, input=json.dumps(task), stdout=subprocess.PIPE, text=True, check=True)
    return Footprint(artists, **json.loads(done.stdout))


def child() -> None:
    """The child process: capture what stdin says, and print the footprint."""
    task: dict[str, Any] = json.loads(sys.stdin.read())
    watchlist = watchlist_of(task["artists"], task["playlists"])
    allowed = credentials(*task["urls"])
    import spotify_platform.extract.capture  # noqa: F401  # what is imported is not what the capture takes

    start, began, busy = peak_megabytes(), time.monotonic(), time.process_time()
    requests = capture_unpaced(task["folder"], task["day"], watchlist, allowed)
    told = {
        "start": start,
        "peak": peak_megabytes(),
        "seconds": time.monotonic() - began,
        "busy": time.process_time() - busy,
        "requests": sum(requests.values()),
    }
    print(json.dumps(told))


def peak_megabytes() -> float:
    """The most memory that this process has held."""
    with suppress(OSError):
        # Linux counts into a process' ru_maxrss what its parent held when it was started.
        found = re.search(r"^VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
        if found:
            return int(found[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


# -- rate --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answered:
    """What a server's log tells of one client. `seconds`: the window, from the first request on."""

    seconds: float
    accepted: int
    refused: int
    refused_late: int

    @property
    def rate(self) -> float:
        """Accepted requests a second."""
        return self.accepted / self.seconds

    @property
    def share(self) -> float:
        """Of the rate that the server allows."""
        return self.rate / RATE

    @classmethod
    def of(cls, log: Sequence[LoggedRequest], seconds: float) -> "Answered":
        """The first so many seconds of a log."""
        ages = [(entry.at - log[0].at, entry.status) for entry in log]
        refused = [age for age, status in ages if status == 429 and age < seconds]
        accepted = sum(status == 200 and age < seconds for age, status in ages)
        return cls(seconds, accepted, len(refused), sum(age >= SETTLED for age in refused))


def measure_rate(console: Console, seconds: float, plain_seconds: float) -> list[Row]:
    """Ours and plain spotipy over the same watchlist, one after the other, each with a server that is fresh."""
    sample = catalogue_of(COUNTED_ARTISTS)
    # A tenth more than can be asked in the time, so that it does not run out of work.
    artists = max(COUNTED_ARTISTS, ceil(1.1 * RATE * seconds / (sum(formula(sample).values()) / COUNTED_ARTISTS)))
    catalogue = catalogue_of(artists)
    wanted = sum(formula(catalogue).values())
    behaviour = Behaviour(latency=LATENCY, requests_per_second=RATE)
    with serve(catalogue, behaviour=behaviour) as server, tempfile.TemporaryDirectory() as folder:
        finished = not capture_for(seconds + 2, folder, catalogue, server)
        log = api_requests(server)
    ours = Answered.of(log, seconds)
    with serve(catalogue, behaviour=behaviour) as server:
        reached = plain_spotipy(catalogue, server, plain_seconds)
        plain_log = api_requests(server)
    plain = Answered.of(plain_log, plain_seconds)

    title = f"Rate, {RATE:.0f} requests/s allowed, {LATENCY * 1000:.0f} ms latency, {artists:,} artists"
    table = Table("", "seconds", "accepted", "a second", "429", "429 late", "whole", "minutes", title=title)
    plain_wanted = round(len(plain_log) / max(1, reached) * artists)
    for name, one, whole in (("ours", ours, wanted), ("plain", plain, plain_wanted)):
        cells = (f"{one.seconds:.0f}", f"{one.accepted:,}", f"{one.rate:.1f}", str(one.refused), str(one.refused_late))
        table.add_row(name, *cells, f"{whole:,}", f"{whole / one.rate / 60:.1f}")
    console.print(table)
    lowest = min(Answered.of(log, cut).share for cut in range(max(1, int(seconds) - 30), int(seconds) + 1))
    console.print(f"Ours, accepted by half minute: {' '.join(map(str, by_half_minute(log, seconds)))}")
    console.print(
        "Late: after a minute. Whole: requests for all the watchlist (the formula; as the loop began), and their time."
    )
    if finished:
        console.print("[bold]Ours ended before its time: the rate is too low.[/bold]")
    faster = (plain_wanted / plain.rate) / (wanted / ours.rate)
    window = f"over {seconds:.0f} s"
    return [
        Row(
            f"accepted requests {window}, of {RATE * seconds:,.0f} allowed",
            f"≥ {LEAST_SHARE:.0%}",
            f"{ours.share:.1%} ({ours.accepted:,})",
            ours.share >= LEAST_SHARE,
        ),
        # Requests come in bursts, so that the moment of the cut matters.
        Row("… the lowest if cut up to half a minute earlier", "–", f"{lowest:.1%}"),
        Row(
            "429 after the first minute",
            f"≤ {MOST_REFUSED}",
            f"{ours.refused_late} (and {ours.refused - ours.refused_late} before)",
            ours.refused_late <= MOST_REFUSED if seconds > SETTLED else None,
        ),
        Row(
            f"plain spotipy in a loop, {plain_seconds:.0f} s scaled to a rate",
            "–",
            f"{plain.share:.1%}, {plain.refused} × 429",
        ),
        Row("rate, ours to plain spotipy's", "–", f"{ours.rate / plain.rate:.2f}"),
        Row("time for the whole watchlist, plain spotipy's to ours", "–", f"{faster:.1f}"),
    ]


def capture_for(seconds: float, folder: str, catalogue: Catalogue, server: Sandbox) -> bool:
    """Capture as the platform does, until the time is over; returns whether it was."""
    from spotify_platform.contracts.errors import UnfinishedError
    from spotify_platform.extract.session import Session
    from spotify_platform.lake.store import Lake

    watchlist = watchlist_of(artist_ids(catalogue), catalogue.playlist_ids)
    allowed = credentials(server.api_url(catalogue.anchor), server.token_url)
    session = Session(Lake(f"file://{folder}"), watchlist, allowed, "auto")
    try:
        session.capture_today({"user": ID}, stop_at=datetime.now(UTC) + timedelta(seconds=seconds))
    except UnfinishedError:
        return True
    return False


def plain_spotipy(catalogue: Catalogue, server: Sandbox, seconds: float) -> int:
    """The same watchlist in a loop with spotipy as it comes; returns how many artists it reached."""
    import spotipy
    from spotipy.cache_handler import MemoryCacheHandler
    from spotipy.oauth2 import SpotifyClientCredentials

    auth = SpotifyClientCredentials(ID, SECRET, cache_handler=MemoryCacheHandler())  # else it leaves a file here
    auth.OAUTH_TOKEN_URL = server.token_url
    spotify = spotipy.Spotify(auth_manager=auth)
    spotify.prefix = server.api_url(catalogue.anchor)
    artists, playlists = artist_ids(catalogue), catalogue.playlist_ids
    end = time.monotonic() + seconds
    for reached, artist in enumerate(artists):
        if time.monotonic() >= end:
            return reached
        spotify.artist(artist)
        short_albums = everything(spotify, spotify.artist_albums(artist, include_groups=",".join(GROUPS), limit=PAGE))
        tracks: list[str] = []
        for batch in batches([album["id"] for album in short_albums], BATCH["albums"]):
            for album in spotify.albums(batch)["albums"]:
                tracks += [track["id"] for track in everything(spotify, album["tracks"])]
        for batch in batches(tracks, BATCH["tracks"]):
            spotify.tracks(batch)
    for playlist in playlists:
        list(everything(spotify, spotify.playlist(playlist)["tracks"]))
    return len(artists)


def everything(spotify: Any, page: dict[str, Any] | None) -> Iterator[Any]:
    """The items of a page and of those that follow it."""
    while page:
        yield from page["items"]
        page = spotify.next(page) if page["next"] else None


def batches(ids: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    """Ids, so many at a time."""
    return (ids[start : start + size] for start in range(0, len(ids), size))


def by_half_minute(log: Sequence[LoggedRequest], seconds: float) -> list[int]:
    """Accepted requests of each half minute."""
    halves = Counter(int((entry.at - log[0].at) // 30) for entry in log if entry.status == 200)
    return [halves[half] for half in range(ceil(seconds / 30))]


# -- all of it ---------------------------------------------------------------------------------------------------------


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description="What a capture costs.")
    parser.add_argument("--only", choices=PARTS, help="one part instead of all")
    parser.add_argument("--seconds", type=float, default=300, help="how long the rate is measured (300)")
    parser.add_argument("--plain-seconds", type=float, default=60, help="how long plain spotipy's is (60)")
    parser.add_argument("--artists", type=int, default=2000, help="memory: so many against ten times as many (2000)")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child()
        return
    logging.getLogger("spotipy").addHandler(logging.NullHandler())  # it tells of every 429
    console, began, rows = Console(), time.monotonic(), list[Row]()
    for part in PARTS:
        if options.only not in (None, part):
            continue
        if part == "requests":
            rows += measure_requests(console)
        elif part == "memory":
            rows += measure_memory(console, options.artists)
        else:
            rows += measure_rate(console, options.seconds, options.plain_seconds)
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    caption = f"{time.monotonic() - began:.0f} s; {os.cpu_count()} cores, load {load} in the last 1, 5 and 15 minutes"
    table = Table("", "asked", "measured", "", title="Speed and cost of extraction", caption=caption)
    for row in rows:
        table.add_row(row.what, row.asked, row.measured, {True: "ok", False: "short", None: ""}[row.good])
    console.print(table)


if __name__ == "__main__":
    main()
