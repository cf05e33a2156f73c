"""The marts of the real charts of 2021: against the oracle, and against facts counted straight from the file."""

import csv
import gzip
import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from statistics import mode

import pytest

from spotify_platform.extract.charts import import_charts
from spotify_platform.extract.markets import market_code
from spotify_platform.lake import Lake
from spotify_platform.load.reader import query

from .comparison import Built, built, differences
from .oracle import ORACLE
from .worlds import Line, write_capture

IMPORTED = date(2026, 11, 23)
# From 5 to 25 seconds each: the oracle is slow, or there are many rows to compare.
SLOW = {
    "genre_growth",
    "fct_chart_daily",
    "fct_artist_chart_daily",
    "fct_artist_daily",
    "fct_track_daily",
    "trending_artists_daily",
    "trending_artists_weekly",
    "artist_consistency_virality",
    "new_release_performance",
}


@dataclass(frozen=True)
class Real:
    """The charts of 2021: as a file, and as the platform made them."""

    file: Path
    platform: Built

    @cached_property
    def rows(self) -> list[dict[str, str]]:
        """The rows of the file, their markets by code."""
        with gzip.open(self.file, "rt", encoding="utf-8", newline="") as lines:
            return [row | {"market": market_code(row["market"])} for row in csv.DictReader(lines)]

    @cached_property
    def tracks(self) -> dict[str, dict[str, dict[int, str]]]:
        """Tracks by market, date and rank, straight from the file."""
        charts: dict[str, dict[str, dict[int, str]]] = defaultdict(lambda: defaultdict(dict))
        for row in self.rows:
            charts[row["market"]][row["snapshot_date"]][int(row["rank"])] = row["track_id"]
        return charts

    @cached_property
    def artists(self) -> dict[str, dict[str, dict[str, list[int]]]]:
        """The places of each artist by market and date, as each row credits its track."""
        charts: dict[str, dict[str, dict[str, list[int]]]]
        charts = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
        for row in self.rows:
            for artist in row["artist_ids"].split(";"):
                charts[row["market"]][row["snapshot_date"]][artist].append(int(row["rank"]))
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

    def ask(self, select: str) -> list[tuple[object, ...]]:
        """The rows of a SELECT over what the platform made."""
        return query(self.platform.lake, select)[1]


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


@pytest.mark.parametrize(
    ("mart", "rows"), [("chart_movement", 143_350), ("fct_chart_daily", 143_350), ("market_performance", 2_867)]
)
def test_a_mart_of_2021_has_a_row_for_everything(real: Real, mart: str, rows: int) -> None:
    assert real.ask(f"select count(*) from marts.{mart}") == [(rows,)]


@pytest.mark.parametrize("mart", [pytest.param(mart, marks=[pytest.mark.soak] * (mart in SLOW)) for mart in ORACLE])
def test_a_mart_of_2021_is_as_defined(real: Real, mart: str) -> None:
    found = real.platform.read(f"marts.{mart}")
    assert differences(mart, found, ORACLE[mart](real.platform.curated))[:5] == []


def test_montero_led_the_world_on_23_of_its_60_charts(real: Real) -> None:
    by_hand = Counter(chart[1] for chart in real.tracks["GLOBAL"].values())
    montero = "67BtfxlNbhBmCDR2L2l8qd"
    assert (by_hand.most_common(1), by_hand.total()) == ([(montero, 23)], 60)

    leaders = "select track_id, count(*) from marts.chart_movement where market = 'GLOBAL' and rank = 1 group by all"
    assert real.ask(f"{leaders} order by all") == sorted(by_hand.items())


def test_lithuania_changes_most(real: Real) -> None:
    by_hand = {market: _mean(real.turnovers(market)) for market in real.tracks}
    assert max(by_hand, key=lambda market: by_hand[market]) == "LT"
    assert by_hand["LT"] == Fraction(875, 10_000)

    rows = real.ask("select market, avg(turnover) from marts.market_performance group by all order by market")
    assert [market for market, _ in rows] == sorted(by_hand)
    assert [mean for _, mean in rows] == pytest.approx([float(by_hand[market]) for market in sorted(by_hand)], abs=1e-6)


def test_on_luxembourgs_37_frozen_days_nothing_is_new(real: Real) -> None:
    by_hand = {day for day, turnover in real.turnovers("LU").items() if not turnover}
    assert len(by_hand) == 37

    rows = real.ask(
        "select snapshot_date::varchar, new_entries from marts.market_performance "
        "where market = 'LU' and turnover = 0 order by all"
    )
    assert rows == [(day, 0) for day in sorted(by_hand)]


def test_luxembourgs_frozen_days_are_exact_repeats_and_all_of_them_stale(real: Real) -> None:
    by_hand = sorted(
        (market, day)
        for market, charts in real.tracks.items()
        for before, day in pairwise(sorted(charts))
        if charts[before] == charts[day]
    )
    frozen = [day for day, turnover in sorted(real.turnovers("LU").items()) if not turnover]
    assert [day for market, day in by_hand if market == "LU"] == frozen
    assert frozen[0] == "2021-03-28" and frozen[-1] == "2021-05-08"
    assert {"2021-04-26", "2021-05-03", "2021-05-09"}.isdisjoint(frozen)  # on three days it came to life

    stale = "select market, snapshot_date::varchar from marts.market_performance where stale_source order by all"
    assert real.ask(stale) == by_hand


def test_no_track_left_a_chart_for_60_charts_in_the_world_and_in_the_us(real: Real) -> None:
    """Nowhere are two charts more than three days apart: who is on all of a market's charts has a row as long."""
    by_hand = {}
    for market, charts in real.tracks.items():
        days = [date.fromisoformat(day) for day in sorted(charts)]
        assert max(after - before for before, after in pairwise(days)) <= timedelta(days=3)
        for track in set.intersection(*(set(chart.values()) for chart in charts.values())):
            by_hand[market, track] = len(charts)
    longest = sorted(key for key, length in by_hand.items() if length == 60)
    drivers_license = "7lPN2DXiMsVn7XUKtOW1CS"
    assert {("GLOBAL", drivers_license), ("US", drivers_license)} < set(longest)
    assert Counter(market for market, _ in longest) == {"GLOBAL": 19, "US": 10}

    top = "(select max(consecutive_days) from marts.chart_movement)"
    rows = real.ask(f"select market, track_id from marts.chart_movement where consecutive_days = {top} order by all")
    assert rows == longest
    assert real.ask(f"select {top}") == [(60,)]


def test_who_is_most_consistent_in_the_world_in_the_last_week(real: Real) -> None:
    """On each of the 21 charts of four weeks, and on most of them at one place: then nothing is lost of the 100."""
    charts = {day: chart for day, chart in real.artists["GLOBAL"].items() if day >= "2021-04-16"}
    assert len(charts) == 21
    best = {
        artist: [min(chart[artist]) for chart in charts.values()]
        for artist in set.intersection(*(set(chart) for chart in charts.values()))
    }
    by_hand = sorted(artist for artist, ranks in best.items() if ranks.count(mode(ranks)) >= 11)
    justin_bieber, giveon, daniel_caesar = "1uNFoZAHBGtllmzznpCI3s", "4fxd5Ee7UefO4CUXgwJ7IP", "20wkVLutqVOYrc0kxFs7rA"
    assert {justin_bieber, giveon, daniel_caesar} < set(by_hand)  # together: Peaches

    rows = real.ask(
        "select artist_key from marts.artist_consistency_virality where market = 'GLOBAL' "
        "and chart_week = (select max(chart_week) from marts.artist_consistency_virality) "
        "and consistency = 100 order by all"
    )
    assert rows == [(artist,) for artist in by_hand]


def test_moroccos_issam_was_the_trend_of_the_last_week(real: Real) -> None:
    trends = {}
    for market, charts in real.artists.items():
        late, before = (
            [chart for day, chart in charts.items() if first <= day <= last]
            for first, last in (("2021-05-07", "2021-05-13"), ("2021-04-09", "2021-05-06"))
        )
        for artist in {artist for chart in [*late, *before] for artist in chart}:
            now, then = (
                sum(51 - rank for chart in span for rank in chart.get(artist, [])) / len(span)
                for span in (late, before)
            )
            trends[market, artist] = math.log(1 + now) - math.log(1 + then)
    leaders = sorted(trends, key=lambda key: -trends[key])[:3]
    market, issam = leaders[0]
    assert market == "MA"
    places = [chart.get(issam, []) for _, chart in sorted(real.artists["MA"].items())]
    assert [len(ranks) for ranks in places] == [0] * 39 + [8, 20]  # a new album
    assert sum(51 - rank for ranks in places for rank in ranks) == 965

    rows = real.ask(
        "select market, artist_key, trend from marts.trending_artists_weekly "
        "where chart_week = '2021-05-07' and rank_global <= 3 order by rank_global"
    )
    assert [row[:2] for row in rows] == leaders
    assert [row[2] for row in rows] == pytest.approx([trends[key] for key in leaders], abs=2e-6)


def _mean(shares: dict[str, Fraction]) -> Fraction:
    return sum(shares.values(), Fraction()) / len(shares)
