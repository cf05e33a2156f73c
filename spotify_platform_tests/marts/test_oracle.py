"""Every mart, to the row, against its definition computed a second time in plain Python."""

import csv
import gzip
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
import pytest

from spotify_platform.contracts.marts import MARTS_BY_NAME
from spotify_platform.contracts.table import Type
from spotify_platform.extract.charts import import_charts
from spotify_platform.extract.markets import market_code
from spotify_platform.lake import Lake
from spotify_platform.lake.captures import CaptureWriter
from spotify_platform.load.duckdb import DuckDBWarehouse, load
from spotify_platform.load.reader import query
from spotify_platform.load.warehouse import open_warehouse
from spotify_platform.marts.build import build_marts
from spotify_platform.publish import pending_dates, publish_dates

from . import oracle

ORACLE = {
    "chart_movement": oracle.chart_movement,
    "trending_artists_daily": oracle.trending_artists_daily,
    "market_performance": oracle.market_performance,
}
INPUTS = ("chart_entries", "tracks", "track_artists", "artists", "artist_genres", "albums")
IMPORTED = date(2026, 11, 23)
SEEDS = (1, 2, 3)


@dataclass(frozen=True)
class Built:
    """A lake that went the whole way: its captures are curated, published, loaded and in the marts."""

    lake: Lake

    def read(self, table: str) -> pd.DataFrame:
        """A table as readers see it: None for NULL, dates as dates."""
        columns, rows = query(self.lake, f"select * from {table}")
        cells = zip(*rows, strict=True) if rows else [()] * len(columns)
        return pd.DataFrame(
            {name: pd.Series(list(values), dtype=object) for name, values in zip(columns, cells, strict=True)}
        )

    @cached_property
    def curated(self) -> dict[str, pd.DataFrame]:
        """The tables that the marts are made from."""
        return {table: self.read(f"curated.{table}") for table in INPUTS}

    def differences(self, mart: str) -> list[str]:
        """What sets a mart apart from its definition."""
        return differences(mart, self.read(f"marts.{mart}"), ORACLE[mart](self.curated))


def built(lake: Lake, folder: Path) -> Built:
    """Run the platform over everything captured in a lake."""
    outcome = publish_dates(lake, pending_dates(lake))
    assert not outcome.reasons
    with open_warehouse(folder / "warehouse.duckdb") as connection:
        load(connection, lake, outcome.readable.values())
        build_marts(DuckDBWarehouse(connection), lake)
    return Built(lake)


def differences(mart: str, found: pd.DataFrame, expected: pd.DataFrame) -> list[str]:
    """What sets the mart that was built apart from the oracle's, in words."""
    table = MARTS_BY_NAME[mart]
    assert list(found.columns) == list(expected.columns) == table.names
    keys = [list(zip(*(frame[name] for name in table.key), strict=True)) for frame in (found, expected)]
    told = [f"{key}: stands {count} times" for key, count in Counter(keys[0]).items() if count > 1]
    told += [f"{key}: only in the mart" for key in set(keys[0]) - set(keys[1])]
    told += [f"{key}: only in the oracle" for key in set(keys[1]) - set(keys[0])]
    if told:
        return sorted(told)
    row_of = {key: row for row, key in enumerate(keys[1])}
    expected = expected.iloc[[row_of[key] for key in keys[0]]].reset_index(drop=True)
    for column in table.columns:
        ours, theirs = found[column.name], expected[column.name]
        wrong = (ours != theirs) & ~(ours.isna() & theirs.isna())
        if column.type is Type.DOUBLE:
            # Both are rounded to 6 decimals; a sum in another order may turn the last one.
            wrong &= ~((ours.astype(float) - theirs.astype(float)).abs() < 1.5e-6)
        told += [f"{keys[0][row]}: {column.name} is {ours[row]!r}, not {theirs[row]!r}" for row in wrong.index[wrong]]
    return told


# -- invented worlds ---------------------------------------------------------------------------------------------------

START = date(2022, 1, 3)
TITLES = ["Snow", "snow", "Élan", "Élan", "夜", "ﬀ", "𝄞", "Rain, Rain", ""]
NAMES = ["Ann", "Ann", "ann", "Øyvind", "Bob; Sons", "ﬀ", "𝄞", "Zoë", "", None]
CREDITS = ["Nobody", "Nobody", "nobody, Ann", "Ann", ""]
GENRES = ["pop", "Pop", "k-pop", "hip hop", "été", "zouk"]
INEXACT_RELEASES = ["2021-06", "2020", "0000", None]
RELEASES = ["2021-12-24", "2019-02-28", "2022-01-20", "2022-02-11", *INEXACT_RELEASES]


@dataclass
class World:
    """A small world that changes from day to day: names, genres, credits, albums, release dates and charts."""

    random: Random
    artists: list[str] = field(default_factory=lambda: [f"artist{n}" for n in range(9)])
    albums: list[str] = field(default_factory=lambda: [f"album{n}" for n in range(8)])
    tracks: list[str] = field(default_factory=lambda: [f"track{n:02}" for n in range(16)])
    nameless: str = "artist8"
    uncaptured: frozenset[str] = frozenset({"track13", "track14", "track15"})  # no source tells who these are by
    charts: dict[str, list[str]] = field(default_factory=dict)  # the newest chart of each market

    def calendars(self) -> dict[str, set[date]]:
        """When charts come: nearly daily; with gaps of up to six days; daily for a week, then again after a month."""
        dense = self.random.choices([1, 2, 3, 4], [30, 2, 1, 1], k=38)
        sparse = [self.random.randint(1, 6) for _ in range(13)]
        paused = [1] * 8 + [self.random.randint(29, 36)] + self.random.choices([1, 2, 3], k=10)
        return {
            market: {START + timedelta(days=late + sum(gaps[:n])) for n in range(len(gaps) + 1)}
            for market, late, gaps in (("US", 0, dense), ("LU", 9, sparse), ("GLOBAL", 2, paused))
        }

    def artist(self, artist: str) -> dict[str, Any]:
        """A full artist object of today; some artists never have a genre."""
        genres = self.random.sample(GENRES, self.random.randint(0, 3)) if artist < "artist4" else []
        return self.credit(artist) | {"genres": genres, "popularity": 50, "followers": {"total": 10}}

    def credit(self, artist: str) -> dict[str, Any]:
        """An artist as it stands inside another object; one has no name anywhere."""
        return {"id": artist, "name": None if artist == self.nameless else self.random.choice(NAMES)}

    def album(self, album: str) -> dict[str, Any]:
        """An album object of today; the release dates of most are never exact."""
        stated = RELEASES if album in ("album1", "album2", "album3") else INEXACT_RELEASES
        return {"id": album, "name": "Album", "release_date": self.random.choice(stated), "artists": []}

    def album_of(self, track: str) -> str:
        """The album that a track is on today: mostly the same."""
        usual = self.albums[self.tracks.index(track) % len(self.albums)]
        return usual if self.random.random() < 0.9 else self.random.choice(self.albums)

    def credited(self) -> list[str]:
        """Whom a track is by, today."""
        return self.random.sample(self.artists, self.random.randint(0, 2))

    def track(self, track: str) -> dict[str, Any]:
        """A full track object of today."""
        album = self.album(self.album_of(track)) if self.random.random() < 0.8 else None
        artists = [self.credit(artist) for artist in self.credited()]
        return {"id": track, "name": self.random.choice(TITLES), "album": album, "artists": artists}

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
                yield row | {"uri": f"spotify:track:{track}", "artist_names": self.random.choice(CREDITS)}

    def objects(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Entities and full objects that somebody asks for today: few, and often none."""
        for entity, things, make in (
            ("artists", self.artists, self.artist),
            ("albums", self.albums, self.album),
            ("tracks", sorted(set(self.tracks) - self.uncaptured), self.track),
        ):
            for thing in self.random.sample(things, self.random.choice([0, 0, 0, 1, 2])):
                yield entity, make(thing)


def write_world(lake: Lake, seed: int) -> None:
    """Capture a world from its first chart until two days after its last."""
    world = World(Random(seed))
    calendars = world.calendars()
    last = max(day for calendar in calendars.values() for day in calendar)
    for day in (START + timedelta(days=n) for n in range((last - START).days + 3)):
        lines: list[Line] = [(entity, item, None) for entity, item in world.objects()]
        for market in [market for market in calendars if day in calendars[market]]:
            lines += [("chart_entries", row, market) for row in world.chart_rows(market)]
        if lines:
            write_capture(lake, day, lines)


Line = tuple[str, dict[str, Any], str | None]  # entity, item, and market where it is about one


def write_capture(lake: Lake, day: date, lines: Iterable[Line]) -> None:
    """One capture with `lines`, as if it had been made at noon."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    capture = CaptureWriter(lake, f"noon-{day}", day, noon)
    for entity, item, market in lines:
        capture.add(entity, item, endpoint=entity, captured_at=noon, market=market)
    capture.commit(source="import")


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Built]:
    """Invented worlds by seed, captured and run through the platform."""
    made = {}
    for seed in SEEDS:
        folder = tmp_path_factory.mktemp("world")
        lake = Lake((folder / "lake").as_uri())
        write_world(lake, seed)
        made[seed] = built(lake, folder)
    return made


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("mart", ORACLE)
def test_a_mart_of_an_invented_world_is_as_defined(worlds: dict[int, Built], mart: str, seed: int) -> None:
    assert worlds[seed].differences(mart)[:5] == []


def test_the_invented_worlds_have_what_the_definitions_are_about(worlds: dict[int, Built]) -> None:
    entries = worlds[1].curated["chart_entries"]
    assert entries.duplicated(["market", "snapshot_date", "track_id"]).any()
    marts = {mart: pd.concat([ORACLE[mart](w.curated) for w in worlds.values()]) for mart in ORACLE}

    movement = marts["chart_movement"]
    assert set(movement["movement"]) == {None, "NEW", "RE-ENTRY", "UP", "DOWN", "SAME"}
    assert set(movement["after_gap"]) == {True, False}
    assert set(movement["confidence"]) == {"high", "medium", "low"}
    assert ((movement["consecutive_days"] == 1) & movement["previous_rank"].notna()).any()

    trending = marts["trending_artists_daily"]
    reasons = {None, oracle.NO_EARLIER_CHART, oracle.TOO_FEW_DAYS, oracle.UNKNOWN_ARTIST}
    assert set(trending["reason"]) == reasons
    assert set(trending["confidence"]) == {"high", "medium", "low"}
    assert trending["artist_name"].isna().any()
    assert (trending["charted_tracks"] == 0).any()

    performance = marts["market_performance"]
    told = {reason for reasons in performance["reason"].dropna() for reason in reasons.split("; ")}
    assert told == {oracle.NO_TURNOVER, oracle.NO_GENRE, oracle.NO_RELEASE_DAY}
    assert set(performance["confidence"]) == {"high", "medium", "low"}
    assert performance["top_track"].isna().any()
    assert (performance["turnover"] == 0).any()
    assert (performance["mean_track_age_days"].dropna() < 0).any()


def test_a_wrong_cell_and_a_missing_row_are_told(worlds: dict[int, Built]) -> None:
    sound = oracle.chart_movement(worlds[1].curated)
    wrong = sound.copy()
    wrong.loc[5, "peak_rank"] = 99
    assert len(differences("chart_movement", wrong, sound)) == 1
    assert len(differences("chart_movement", sound.drop(index=5).reset_index(drop=True), sound)) == 1


def test_an_artist_whom_nobody_names_is_one_artist(lake: Lake, tmp_path: Path) -> None:
    by_one = [{"id": "a1", "name": None}]
    write_capture(
        lake,
        START,
        [
            ("tracks", {"id": "t1", "name": "Snow", "artists": by_one}, None),
            ("tracks", {"id": "t2", "name": "Rain", "artists": by_one}, None),
            ("chart_entries", {"rank": "1", "uri": "spotify:track:t1", "artist_names": "Ann"}, "US"),
            ("chart_entries", {"rank": "2", "uri": "spotify:track:t2", "artist_names": "Ann, Bob"}, "US"),
        ],
    )
    performance = built(lake, tmp_path).read("marts.market_performance")
    assert list(performance["artists"]) == [1]


# -- the real charts of 2021 -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Real:
    """The charts of 2021: as a file, and as the platform made them."""

    file: Path
    platform: Built

    @cached_property
    def tracks(self) -> dict[str, dict[str, dict[int, str]]]:
        """Tracks by market, date and rank, straight from the file."""
        charts: dict[str, dict[str, dict[int, str]]] = defaultdict(lambda: defaultdict(dict))
        with gzip.open(self.file, "rt", encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                charts[market_code(row["market"])][row["snapshot_date"]][int(row["rank"])] = row["track_id"]
        return charts

    def turnovers(self, market: str) -> dict[str, Fraction]:
        """Per date the share of tracks that were not on the chart before."""
        charts = self.tracks[market]
        days = sorted(charts)
        shares = {}
        for before, day in pairwise(days):
            old, now = set(charts[before].values()), set(charts[day].values())
            shares[day] = Fraction(len(now - old), len(now))
        return shares


@pytest.fixture(scope="module")
def real(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Real:
    """The charts of 2021, and what is known of their artists' genres and albums' release dates."""
    folder = tmp_path_factory.mktemp("real")
    lake = Lake((folder / "lake").as_uri())
    file = shared_data / "charts" / "top50_by_market_2021.csv.gz"
    manifests = import_charts(lake, [file], today=IMPORTED)
    write_capture(lake, manifests[-1].snapshot_date, _genres_and_releases(shared_data / "genres"))
    return Real(file, built(lake, folder))


def _genres_and_releases(folder: Path) -> Iterator[Line]:
    """Artists with their genres and albums with their release dates, as the Web API would have given them."""
    genres: dict[str, list[str]] = defaultdict(list)
    for row in _table(folder / "genre.csv"):
        genres[row["artist_id"]].append(row["genre"])
    names = {row["artist_id"]: row["artist_name"] for row in _table(folder / "artist.csv")}
    for artist, name in names.items():
        yield "artists", {"id": artist, "name": name, "genres": genres[artist]}, None
    for row in _table(folder / "album.csv"):
        yield "albums", {"id": row["album_id"], "name": row["album_name"], "release_date": row["release_date"]}, None


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize(("mart", "rows"), [("chart_movement", 143_350), ("market_performance", 2_867)])
def test_a_mart_of_2021_has_a_row_for_everything(real: Real, mart: str, rows: int) -> None:
    assert len(real.platform.read(f"marts.{mart}")) == rows


@pytest.mark.parametrize("mart", ORACLE)
def test_a_mart_of_2021_is_as_defined(real: Real, mart: str) -> None:
    assert real.platform.differences(mart)[:5] == []


def test_montero_led_the_world_on_23_of_its_60_charts(real: Real) -> None:
    by_hand = Counter(chart[1] for chart in real.tracks["GLOBAL"].values())
    montero = "67BtfxlNbhBmCDR2L2l8qd"
    assert (by_hand.most_common(1), by_hand.total()) == ([(montero, 23)], 60)

    leaders = "select track_id, count(*) from marts.chart_movement where market = 'GLOBAL' and rank = 1 group by all"
    _, rows = query(real.platform.lake, f"{leaders} order by all")
    assert rows == sorted(by_hand.items())


def test_lithuania_changes_most(real: Real) -> None:
    by_hand = {market: _mean(real.turnovers(market)) for market in real.tracks}
    assert max(by_hand, key=lambda market: by_hand[market]) == "LT"
    assert by_hand["LT"] == Fraction(875, 10_000)

    means = "select market, avg(turnover) from marts.market_performance group by all order by market"
    _, rows = query(real.platform.lake, means)
    assert [market for market, _ in rows] == sorted(by_hand)
    assert [mean for _, mean in rows] == pytest.approx([float(by_hand[market]) for market in sorted(by_hand)], abs=1e-6)


def test_on_luxembourgs_37_frozen_days_nothing_is_new(real: Real) -> None:
    by_hand = {day for day, turnover in real.turnovers("LU").items() if not turnover}
    assert len(by_hand) == 37

    _, rows = query(
        real.platform.lake,
        "select snapshot_date::varchar, new_entries from marts.market_performance "
        "where market = 'LU' and turnover = 0 order by all",
    )
    assert rows == [(day, 0) for day in sorted(by_hand)]


def _mean(shares: dict[str, Fraction]) -> Fraction:
    return sum(shares.values(), Fraction()) / len(shares)
