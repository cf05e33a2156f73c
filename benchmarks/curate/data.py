"""A lake of raw captures for the curation benchmark, of a wanted size, without HTTP.

    python benchmarks/curate/data.py LAKE --megabytes 500 --days 3 --seed 7

Every day is the first day of a watchlist in extended mode: artists, all their albums, all tracks on them; beside them
playlists of a hundred items and charts of 200 rows, 3 and 8 lines an artist (2,000 artists, 60 playlists, 73 charts).
The days repeat the same watchlist, and `--days` alone changes nothing of the total: a year of 500 MB has 1.4 MB a day.

Objects are the sandbox's, with its oddities (holes, episodes, local files, vague dates, albums sold nowhere, other
scripts), in Spotify's own order and size: unlike the sandbox's 12 markets there are 185, in nine of ten lists all of
them, and the lines have Spotify's addresses. A day has three captures: the import of chart files, the main one, and a
later one of 5 % of the bytes that tells again what the main one told, with a whole chart and playlist where there is
room. One line in 300 is spoilt or told twice: see `_spoilt`. The lists that lead a capture on (an artist's albums,
results of searches) are left out: curation does not read them.

By bytes the mix is 1 % artists, 31 % albums (most of it the markets of the tracks in them), 50 % tracks, 14 % playlist
items and 4 % chart entries. What the demo captures on its first day would be, with as many markets, 1, 28, 32, 31 and
8 %: it watches 40 artists, so that its charts and playlists weigh more. On its other days there are no albums.
"""

import argparse
import itertools
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pycountry

from spotify_platform.lake.captures import CaptureWriter
from spotify_platform.lake.origin import SandboxOrigin, claim
from spotify_platform.lake.store import Lake
from spotify_platform.sandbox import ids
from spotify_platform.sandbox.catalogue import ChartRow, PlaylistItem
from spotify_platform.sandbox.objects import Json
from spotify_platform.sandbox.oddities import Episode, Hole, OddCatalogue, OddObjects
from spotify_platform.sandbox.scores import GLOBAL, MARKETS

LAST_DAY = date(2026, 11, 20)
API = "https://api.spotify.com/v1"
SOLD_IN, CHARTS_OF = 185, 73  # markets in which Spotify plays, and those that have a chart
CHART_ROWS, PLAYLIST_ROWS = 200, 100
PLAYLIST_LINES_AN_ARTIST, CHART_LINES_AN_ARTIST = 3, 8
AGAIN = 0.05  # share of the second capture
ODD_ONE_IN, SOUND_BYTES = 300, 40_000
_BYTES_AN_ARTIST = 60_000  # fewer than there are, so that no day runs out of artists


@cache
def markets() -> tuple[str, ...]:
    """185 markets in an order that is no sorted one, like Spotify's."""
    others = {country.alpha_2 for country in pycountry.countries} - set(MARKETS)
    drawn = sorted(others, key=lambda code: ids.number("market", code))[: SOLD_IN - len(MARKETS)]
    return tuple(sorted((*MARKETS, *drawn), key=lambda code: ids.number("order", code)))


class WideCatalogue(OddCatalogue):
    """The odd sandbox's catalogue, sold in 185 markets."""

    def _markets(self, index: int, artist: int) -> tuple[str, ...]:
        if self._draw("everywhere", index) < 0.9:
            return markets()
        return tuple(market for market in markets() if self._draw("market", index, market) < 0.8)


@dataclass
class CountingWriter(CaptureWriter):
    """A writer that knows how much it was given."""

    flushed: Counter[str] = field(default_factory=Counter)

    @property
    def size(self) -> int:
        """Bytes before compression, up to now."""
        return self.flushed.total() + sum(self._sizes.values())

    def _flush(self, entity: str) -> None:
        self.flushed[entity] += self._sizes[entity] + len(self._lines[entity])
        super()._flush(entity)


@dataclass
class Day:
    """One date's lines. `budget`: bytes before compression, of all captures."""

    catalogue: WideCatalogue
    day: date
    budget: int
    seed: int

    def __post_init__(self) -> None:
        """Open what the lines are made from."""
        self.offset = self.catalogue.offset(self.day)
        self.objects = OddObjects(self.catalogue, self.offset, API, None)
        self.start = datetime(self.day.year, self.day.month, self.day.day, 5, tzinfo=UTC)
        self.chance = Random(f"{self.seed} {self.day}")

    def write(self, lake: Lake) -> Counter[str]:
        """Write the date's captures; returns bytes before compression by entity."""
        stamp = f"{self.start:%Y%m%dT%H%M%SZ}"
        charts = CountingWriter(lake, f"charts-{ids.number(self.seed, self.day):016x}", self.day, self.start)
        first = CountingWriter(lake, f"{stamp}-{self.seed:04x}", self.day, self.start)
        chart_lines, playlist_lines = self._charts(range(CHARTS_OF)), self._playlists()
        for artist in range(self.catalogue.artists):
            if first.size + charts.size >= (1 - AGAIN) * self.budget:
                break
            at = self.start + timedelta(seconds=artist)
            self._artist(first, artist, at)
            for line in itertools.islice(playlist_lines, PLAYLIST_LINES_AN_ARTIST):
                self._add(first, at=at, **line)
            for line in itertools.islice(chart_lines, CHART_LINES_AN_ARTIST):
                self._add(charts, at=self.start, **line)
        else:
            raise RuntimeError(f"{self.day}: {self.catalogue.artists} artists are too few for {self.budget:,} bytes")
        told = charts.size + first.size
        second = CountingWriter(lake, f"{self.start:%Y%m%d}T170000Z-{self.seed:04x}", self.day, self.start)
        self._again(second, self.budget - told)
        written: Counter[str] = Counter()
        for writer in (charts, first, second):
            writer.commit(source="sandbox", mode="extended", made_by={"command": "benchmark"})
            written += writer.flushed
        return written

    def _again(self, writer: CountingWriter, budget: int) -> None:
        """What was told already, told later that day."""
        at = self.start + timedelta(hours=12)
        if budget > 4_000_000:
            for line in (*self._charts(range(1)), *itertools.islice(self._playlists(), PLAYLIST_ROWS)):
                self._add(writer, at=at, **line)
        for artist in range(self.catalogue.artists):
            if writer.size >= budget:
                return
            self._artist(writer, artist, at + timedelta(seconds=artist))

    def _artist(self, writer: CountingWriter, artist: int, at: datetime) -> None:
        """An artist, its albums and their tracks."""
        objects = self.objects
        self._object(writer, "artists", objects.artist(artist), at)
        for album in self.catalogue.albums_of(artist, self.offset):
            self._object(writer, "albums", objects.album(album), at)
            for track in self.catalogue.tracks_of(album):
                self._object(writer, "tracks", objects.track(track), at)

    def _object(self, writer: CountingWriter, entity: str, item: Json, at: datetime) -> None:
        self._add(writer, entity, item, at, endpoint=f"/v1/{entity}", params={"id": item["id"]})

    def _playlists(self) -> Iterator[dict[str, Any]]:
        """The lines of one playlist after the other, as far as artists go."""
        for number in itertools.count():
            identifier = ids.encode(self.seed, "playlist", number)
            for position, item in enumerate(self._playlist(number)):
                yield {
                    "entity": "playlist_items",
                    "item": self.objects.playlist_item(item),
                    "endpoint": f"/v1/playlists/{identifier}",
                    "params": {"playlist_id": identifier},
                    "position": position,
                }

    def _playlist(self, number: int) -> list[PlaylistItem]:
        """Tracks of anybody, and between them what the sandbox's odd playlists have."""
        added = f"{self.day}T00:00:00Z"
        items: list[PlaylistItem] = []
        draws = (ids.number(self.seed, "listed", number, draw) for draw in itertools.count())
        while len(items) < PLAYLIST_ROWS - 6:
            albums = self.catalogue.albums_of(next(draws) % self.catalogue.artists, self.offset)
            if albums:
                tracks = self.catalogue.tracks_of(albums[next(draws) % len(albums)])
                items.append(PlaylistItem(tracks[next(draws) % len(tracks)], added))
        odd = (
            (5, Hole(None, added)),
            (11, Episode(None, added, number=2 * number)),
            (23, PlaylistItem(None, added, local=True)),
            (31, PlaylistItem(None, added)),
            (47, Episode(None, added, number=2 * number + 1)),
            (53, Hole(None, added)),
        )
        for place, item in odd:
            items.insert(place, item)
        return items

    def _charts(self, numbers: range) -> Iterator[dict[str, Any]]:
        """The lines of one chart after the other. Markets that the sandbox has no chart of repeat one of its own."""
        known = (GLOBAL, *MARKETS)
        others = [market for market in markets() if market not in MARKETS]
        for number in numbers:
            market = known[number] if number < len(known) else others[number]
            rows = self.catalogue.chart(known[number % len(known)], self.day, CHART_ROWS)
            for row in rows:
                yield {
                    "entity": "chart_entries",
                    "item": _chart_item(row),
                    "endpoint": "charts.spotify.com/regional-daily",
                    "params": {"file": f"regional-{market.lower()}-daily-{self.day}.csv"},
                    "market": market,
                }

    def _add(
        self,
        writer: CountingWriter,
        entity: str,
        item: Json | None,
        at: datetime,
        *,
        endpoint: str,
        params: dict[str, str],
        market: str | None = None,
        position: int | None = None,
    ) -> None:
        """Add a line, and now and then an odd one."""

        def add(told: Json | None) -> None:
            writer.add(entity, told, endpoint=endpoint, captured_at=at, params=params, market=market, position=position)

        # The first lines are sound: a day of a few lines must not be withheld since half of them are odd.
        if item is None or writer.size < SOUND_BYTES or self.chance.randrange(ODD_ONE_IN):
            add(item)
        else:
            for told in self._spoilt(entity, item):
                add(told)

    def _spoilt(self, entity: str, item: Json) -> list[Json | None]:
        """What a line becomes: told twice, once otherwise, or with one thing wrong. Objects are shared: never changed.

        In charts and playlists a line that is told otherwise takes another's place.
        """
        ways: dict[str, list[list[Json | None]]] = {
            "artists": [[None], [item | {"popularity": "n/a"}], [item | {"genres": "pop"}]],
            "albums": [[None], [item | {"release_date": "2020-13-01"}], [item | {"artists": "nobody"}]],
            "tracks": [[item | {"id": None}], [item | {"duration_ms": 3.7}], [item | {"album": "none"}]],
            "playlist_items": [[item | {"added_at": "today"}], [item, item | {"is_local": True}], [None]],
            "chart_entries": [[item | {"rank": "–"}], [item | {"streams": "1,234"}], [item, item | {"streams": "1"}]],
        }
        return self.chance.choice([[item, item], *ways[entity]])


def _chart_item(row: ChartRow) -> Json:
    """A row as charts.spotify.com's files have it; the past of the track is not looked up."""
    return {
        "rank": str(row.rank),
        "uri": f"spotify:track:{row.track_id}",
        "artist_names": ", ".join(row.artist_names),
        "track_name": row.track_name,
        "source": row.label,
        "peak_rank": str(max(1, row.rank - row.track_index % 9)),
        "previous_rank": str(row.rank - row.track_index % 3 + 1),
        "days_on_chart": str(1 + row.track_index % 90),
        "streams": str(row.streams),
    }


def write(lake_folder: Path, megabytes: float, days: int, seed: int = 7) -> Counter[str]:
    """Write the lake; returns bytes before compression by entity. Equal arguments give equal chunks."""
    total = int(megabytes * 1_000_000)
    lake = Lake(lake_folder.absolute().as_uri())
    catalogue = WideCatalogue(seed, max(40, total // days // _BYTES_AN_ARTIST), LAST_DAY)
    claim(lake, "sandbox", SandboxOrigin(seed=seed, artists=catalogue.artists, anchor=LAST_DAY))
    written: Counter[str] = Counter()
    for number in range(days):
        # What a day took too much, its last artist, the next one has less.
        budget = total * (number + 1) // days - written.total()
        written += Day(catalogue, LAST_DAY - timedelta(days=days - 1 - number), budget, seed).write(lake)
    return written


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lake", metavar="LAKE", type=Path, help="a folder that is new")
    parser.add_argument("--megabytes", type=float, default=500, help="before compression (500)")
    parser.add_argument("--days", type=int, default=3, help="dates that they are spread over (3)")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    start = time.perf_counter()
    written = write(given.lake, given.megabytes, given.days, given.seed)
    for entity, size in written.items():
        print(f"{entity:15}{size / 1e6:10,.1f} MB{size / written.total():7.1%}")
    print(f"{'all':15}{written.total() / 1e6:10,.1f} MB; {given.days} days, {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main()
