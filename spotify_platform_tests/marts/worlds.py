"""Invented worlds: small, and with everything that the marts' definitions are about."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from spotify_platform.lake import Lake
from spotify_platform.lake.captures import CaptureWriter

START = date(2022, 1, 3)
TITLES = ["Snow", "snow", "Élan", "Élan", "夜", "ﬀ", "𝄞", "Rain, Rain", ""]
NAMES = ["Ann", "Ann", "ann", "Øyvind", "Bob; Sons", "ﬀ", "𝄞", "Zoë", "", None]
CREDITS = ["Nobody", "Nobody", "nobody, Ann", "Ann", ""]
GENRES = ["pop", "Pop", "k-pop", "hip hop", "été", "zouk"]
INEXACT_RELEASES = ["2021-06", "2020", "0000", None]
RELEASES = ["2021-12-24", "2019-02-28", "2022-01-20", "2022-02-11", *INEXACT_RELEASES]
NEW_RELEASES = {"album1": "2022-01-20", "album4": "2022-01-09", "album8": "2022-01-25"}
CAPTURED_SINCE_RELEASE = (1, 7, 28)  # days after release on which somebody mostly asks for an album

Line = tuple[str, dict[str, Any], str | None]  # entity, item, and market where it is about one


@dataclass
class World:
    """A small world that changes from day to day: names, genres, credits, albums, release dates and charts."""

    random: Random
    artists: list[str] = field(default_factory=lambda: [f"artist{n}" for n in range(9)])
    albums: list[str] = field(default_factory=lambda: [f"album{n}" for n in range(8)])
    tracks: list[str] = field(default_factory=lambda: [f"track{n:02}" for n in range(16)])
    nameless: str = "artist8"
    unasked: str = "artist7"  # nobody ever asks for the artist itself
    uncharted: str = "album8"
    uncaptured: frozenset[str] = frozenset({"track13", "track14", "track15"})  # no source tells who these are by
    charts: dict[str, list[str]] = field(default_factory=dict)  # the newest chart of each market

    def calendars(self) -> dict[str, set[date]]:
        """When charts come: nearly daily; with gaps of up to six days; daily for a week, then again after a month."""
        dense = self.random.choices([1, 2, 3, 4], [40, 2, 1, 1], k=52)
        sparse = [self.random.randint(1, 6) for _ in range(13)]
        paused = [1] * 8 + [self.random.randint(29, 36)] + self.random.choices([1, 2, 3], k=10)
        return {
            market: {START + timedelta(days=late + sum(gaps[:n])) for n in range(len(gaps) + 1)}
            for market, late, gaps in (("US", 0, dense), ("LU", 9, sparse), ("GLOBAL", 2, paused))
        }

    def maybe(self, *values: object) -> Any:
        """One of the values, or nothing."""
        return self.random.choice([*values, None])

    def artist(self, artist: str) -> dict[str, Any]:
        """A full artist object of today; some artists never have a genre."""
        genres = self.random.sample(GENRES, self.random.randint(0, 3)) if artist < "artist4" else []
        full = self.credit(artist) | {"genres": genres, "popularity": self.maybe(20, 35, 50, 55, 90)}
        return full | {"followers": {"total": self.maybe(10, 11, 12)}}

    def credit(self, artist: str) -> dict[str, Any]:
        """An artist as it stands inside another object; one has no name anywhere."""
        return {"id": artist, "name": None if artist == self.nameless else self.random.choice(NAMES)}

    def album(self, album: str) -> dict[str, Any]:
        """An album object of today; the release dates of most are never exact."""
        stated = RELEASES if album in ("album2", "album3") else INEXACT_RELEASES
        return {
            "id": album,
            "name": self.random.choice(TITLES),
            "album_type": self.maybe("album", "single"),
            "release_date": NEW_RELEASES.get(album, self.random.choice(stated)),
            "total_tracks": self.maybe(1, 12),
            "artists": [self.credit(artist) for artist in self.credited()],
        }

    def whole_album(self, album: str) -> dict[str, Any]:
        """A full album object of today."""
        return self.album(album) | {"label": self.maybe("Label", "label"), "popularity": self.maybe(0, 30, 60)}

    def album_of(self, track: str) -> str:
        """The album that a track is on today: mostly the same."""
        usual = self.albums[self.tracks.index(track) % len(self.albums)]
        return usual if self.random.random() < 0.9 else self.random.choice(self.albums)

    def credited(self) -> list[str]:
        """Whom a track or an album is by, today."""
        return self.random.sample(self.artists, self.random.randint(0, 2))

    def track(self, track: str) -> dict[str, Any]:
        """A full track object of today."""
        album = self.album(self.album_of(track)) if self.random.random() < 0.8 else None
        artists = [self.credit(artist) for artist in self.credited()]
        told = {"popularity": self.maybe(0, 40, 80), "duration_ms": self.maybe(1000, 2000)}
        told |= {"explicit": self.maybe(True, False), "external_ids": {"isrc": self.maybe("XX1", "XX2")}}
        return told | {"id": track, "name": self.random.choice(TITLES), "album": album, "artists": artists}

    def chart(self, market: str) -> list[tuple[int, str]]:
        """Ranks and tracks of today's chart: moved, sometimes frozen, with holes, or with a track twice."""
        random = self.random
        tracks = self.charts.get(market) or random.sample(self.tracks, random.randint(3, 8))
        if random.random() > 0.15:
            tracks = [track for track in tracks if random.random() > 0.2]
            random.shuffle(tracks)
            entering = [track for track in self.tracks if track not in tracks]
            random.shuffle(entering)
            tracks = (tracks + entering)[: random.randint(3, 8)]
        self.charts[market] = tracks
        ranked = list(enumerate(tracks, start=1))
        if random.random() < 0.2:
            ranked.append((len(tracks) + 1, random.choice(tracks)))
        if random.random() < 0.1:
            ranked.remove(random.choice(ranked))
        return ranked

    def chart_rows(self, market: str) -> Iterator[dict[str, str]]:
        """Rows of today's chart file: one of charts.spotify.com without ids, or an archive's with ids."""
        archive = self.random.random() < 0.4
        for rank, track in self.chart(market):
            artists = [] if track in self.uncaptured else [self.credit(artist) for artist in self.credited()]
            # Too many names for the ids: then no name can be told to belong to an id.
            unsure = any(artist["name"] is None for artist in artists)
            names = ["x", "y", "z"] if unsure else [artist["name"] for artist in artists]
            row = {"rank": str(rank), "track_name": self.random.choice(TITLES)}
            if archive:
                ids = ";".join(artist["id"] for artist in artists)
                album = self.random.choice([self.album_of(track), ""])
                yield row | {"track_id": track, "artist_ids": ids, "artist_names": ";".join(names), "album_id": album}
            else:
                told = {"artist_names": self.random.choice(CREDITS), "streams": self.random.choice(["", "1200", "90"])}
                yield row | {"uri": f"spotify:track:{track}"} | told

    def objects(self, day: date) -> Iterator[tuple[str, dict[str, Any]]]:
        """Entities and full objects that somebody asks for today: few, and often none."""
        for entity, things, make in (
            ("artists", sorted({*self.artists} - {self.unasked}), self.artist),
            ("albums", [*self.albums, self.uncharted], self.whole_album),
            ("tracks", sorted(set(self.tracks) - self.uncaptured), self.track),
        ):
            asked = self.random.sample(things, self.random.choice([0, 0, 0, 1, 2]))
            if entity == "albums" and self.random.random() < 0.7:
                asked = sorted({*asked, *_released_lately(day)})
            for thing in asked:
                yield entity, make(thing)


def _released_lately(day: date) -> set[str]:
    ages = {album: (day - date.fromisoformat(released)).days for album, released in NEW_RELEASES.items()}
    return {album for album, age in ages.items() if age in CAPTURED_SINCE_RELEASE}


def write_world(lake: Lake, seed: int) -> None:
    """Capture a world from its first chart until two days after its last."""
    world = World(Random(seed))
    calendars = world.calendars()
    last = max(day for calendar in calendars.values() for day in calendar)
    for day in (START + timedelta(days=n) for n in range((last - START).days + 3)):
        lines: list[Line] = [(entity, item, None) for entity, item in world.objects(day)]
        for market in [market for market in calendars if day in calendars[market]]:
            lines += [("chart_entries", row, market) for row in world.chart_rows(market)]
        if lines:
            write_capture(lake, day, lines)


# -- a season ----------------------------------------------------------------------------------------------------------

SEASON = date(2022, 1, 7)  # a Friday
SEASON_WEEKS = 16
CHART_DAYS = (0, 3, 5)  # of a week
DRILL = range(24, 36)  # tracks of an album that comes out in week 9, all of one genre
CROWD = 450  # places of the one chart of a market, each by somebody else


@dataclass
class Season:
    """Sixteen weeks with few charts in each, of markets that each have a tale of their own.

    US: nothing in week 6, and a new genre from week 9 on. LU: for five weeks nobody knows who made the tracks. SE, FI,
    NO: the same three tracks on a frozen chart, one by two artists; its last place becomes far lower, or was before.
    DK: two artists change places. IS: a pause of thirteen weeks. BR: one chart, with more artists than all others.
    """

    random: Random

    def objects(self, week: int, day: int) -> Iterator[Line]:
        """What is asked for on a day of a week: everything on the first one, later now this and now that."""
        first = (week, day) == (0, 0)
        for n in range(36) if first else []:
            by = [_who(24 + n % 6)] if n in DRILL else [_who(n % 24), *([_who(7)] if n % 9 == 1 else [])]
            yield "tracks", {"id": f"t{n:02}", "name": f"Song {n}", "album": _album(n), "artists": by}, None
        for n in range(30) if first else [0, *self.random.sample(range(1, 30), 5)] if day == 3 else []:
            popularity = 20 + 70 * (week % 2) if n == 0 else self.random.randint(40, 60)
            genres = ["drill"] if n >= 24 else ["pop", "soul"] if n % 2 else ["pop"]
            yield "artists", _who(n) | {"genres": genres, "popularity": popularity}, None
        for n in (0, 24) if day != 3 and self.random.random() < 0.7 else ():
            yield "albums", _album(n) | {"popularity": 10 + week}, None

    def charts(self, week: int, day: int) -> Iterator[tuple[str, list[tuple[int, str]]]]:
        """The charts of a day of a week: ranks and tracks by market."""
        if week != 6:
            yield "US", self.ranked([f"t{n:02}" for n in ([*DRILL] if week >= 9 else []) + [*range(24)]])
        if day == 3 and week < 13:
            known = not 4 <= week <= 8
            yield "LU", self.ranked([f"t{n:02}" if known else f"lu{n}" for n in range(8)])
        if day != 5:
            frozen = [(1, "t04"), (2, "t10"), (3, "t06")]
            for market, longer, last in (
                ("SE", week >= 12, "t04"),
                ("FI", week >= 12, "t16"),
                ("NO", week < 12, "t16"),
            ):
                yield market, [*frozen, (20, last)] if longer else frozen
            yield "DK", list(enumerate(["t22", "t23"] if week < 12 else ["t23", "t22"], start=1))
        if day == 0 and week in (0, 14, 15):
            yield "IS", self.ranked([f"t{n:02}" for n in range(8)])
        if (week, day) == (13, 3):
            yield "BR", [(rank, f"br{rank}") for rank in range(1, CROWD + 1)]

    def ranked(self, tracks: list[str]) -> list[tuple[int, str]]:
        """A chart of some of the tracks; the first ones stand high on most days."""
        order = sorted(tracks, key=lambda track: tracks.index(track) + self.random.gauss(0, 8))
        return list(enumerate(order[: self.random.randint(5, 12)], start=1))


def _who(number: int) -> dict[str, Any]:
    return {"id": f"a{number:02}", "name": f"Artist {number}"}


def _album(track: int) -> dict[str, Any]:
    """The album of a track: two came out within the season."""
    first = 24 if track in DRILL else track // 2 * 2
    released = {0: "2022-01-12", 24: "2022-03-11"}.get(first, "2021-06-01")
    return {"id": f"lp{first:02}", "name": "LP", "release_date": released}


def write_season(lake: Lake) -> None:
    """Capture a season."""
    season = Season(Random(4))
    for week in range(SEASON_WEEKS):
        for n in CHART_DAYS:
            lines = list(season.objects(week, n))
            for market, chart in season.charts(week, n):
                for rank, track in chart:
                    row = {"rank": str(rank), "uri": f"spotify:track:{track}", "artist_names": f"By {track}"}
                    lines.append(("chart_entries", row, market))
            write_capture(lake, SEASON + timedelta(weeks=week, days=n), lines)


def write_capture(lake: Lake, day: date, lines: Iterable[Line]) -> None:
    """One capture with `lines`, as if it had been made at noon."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    capture = CaptureWriter(lake, f"noon-{day}", day, noon)
    for entity, item, market in lines:
        capture.add(entity, item, endpoint=entity, captured_at=noon, market=market)
    capture.commit(source="import")


SEEDS = (1, 2)
WORLDS: dict[str, Callable[[Lake], None]] = {
    **{f"seed {seed}": partial(write_world, seed=seed) for seed in SEEDS},
    "season": write_season,
}
