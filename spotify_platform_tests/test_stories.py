"""The sandbox's planted stories, found again in the marts: seeds that were not used when the sandbox was written.

The stories are told to this test alone; no product code knows them.
"""

from datetime import date, timedelta
from pathlib import Path

import pytest

from spotify_platform.extract.charts import import_charts
from spotify_platform.lake import Lake
from spotify_platform.lake.origin import SandboxOrigin, claim
from spotify_platform.load.duckdb import DuckDBWarehouse, load
from spotify_platform.load.reader import open_reader
from spotify_platform.load.warehouse import open_warehouse
from spotify_platform.marts.build import build_marts
from spotify_platform.publish import pending_dates, publish_dates
from spotify_platform.resources.spotify import SpotifyResource
from spotify_platform.sandbox import Catalogue, Stories, stories, write_chart_files

ANCHOR = date(2026, 11, 19)  # a Thursday
WEEK = ANCHOR - timedelta(days=6)
FIRST = ANCHOR - timedelta(days=59)


class Found:
    """The marts over 60 days of charts and one capture of the catalogue, and what was planted in it."""

    def __init__(self, stories: Stories, lake: Lake) -> None:
        self.stories, self.lake = stories, lake

    def rows(self, sql: str, *values: object) -> list[tuple]:
        with open_reader(self.lake) as connection:
            return connection.execute(sql, values).fetchall()


# None of these was looked at while the sandbox and the marts were written.
SEEDS = [701, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(702, 711))]


@pytest.fixture(scope="module", params=SEEDS)
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Found:
    folder: Path = tmp_path_factory.mktemp("stories")
    lake = Lake((folder / "lake").as_uri())
    catalogue = Catalogue(seed=request.param, artists=40, anchor=ANCHOR)
    claim(lake, "sandbox", SandboxOrigin(seed=request.param, artists=40, anchor=ANCHOR))
    import_charts(lake, write_chart_files(catalogue, folder / "charts", FIRST, ANCHOR), today=ANCHOR)
    with SpotifyResource().capturing(lake, {}) as capture:
        capture(ANCHOR)
    published = publish_dates(lake, pending_dates(lake)).published
    with open_warehouse(folder / "warehouse.duckdb") as connection:
        load(connection, lake, published.values())
        build_marts(DuckDBWarehouse(connection), lake)
    return Found(stories(catalogue), lake)


def test_the_viral_artist_is_among_the_three_that_trend_most(found: Found) -> None:
    # Who was on no chart before may have a higher trend with few points.
    leaders = found.rows(
        "select artist_id from marts.trending_artists_daily "
        "where market = 'GLOBAL' and snapshot_date = ? and rank_in_market <= 3",
        ANCHOR,
    )
    assert (found.stories.viral_id,) in leaders


def test_of_those_who_led_the_falling_artist_is_among_the_three_that_fall_most(found: Found) -> None:
    losers = found.rows(
        "select artist_id, trend < -1 from marts.trending_artists_daily "
        "where market = 'GLOBAL' and snapshot_date = ? and points_28d >= 50 order by trend limit 3",
        ANCHOR,
    )
    assert (found.stories.falling_id, True) in losers


def test_the_steady_artist_has_the_track_that_keeps_its_rank(found: Found) -> None:
    steadiest = found.rows(
        """
        select artist_names, max(rank) <= 15 from marts.chart_movement where market = 'GLOBAL'
        group by artist_names, track_id having max(consecutive_days) = 60
        order by max(rank) - min(rank), max(rank) limit 1
        """
    )
    assert steadiest == [(found.stories.steady_name, True)]


def test_the_growing_genre_leads_genre_growth(found: Found) -> None:
    grown = found.rows(
        "select genre from marts.genre_growth where market = 'GLOBAL' and chart_week = ? and rank_by_growth = 1", WEEK
    )
    assert grown == [(found.stories.growing_genre,)]


def test_the_viral_artist_leads_virality(found: Found) -> None:
    # The climb begins 8 to 14 days before the end and takes 4 to 6: in one of the last two weeks.
    leaders = found.rows(
        """
        select artist_id from marts.artist_consistency_virality
        where market = 'GLOBAL' and chart_week between ? and ?
        order by virality desc limit 1
        """,
        WEEK - timedelta(days=7),
        WEEK,
    )
    assert leaders == [(found.stories.viral_id,)]


def test_the_steady_artist_leads_consistency(found: Found) -> None:
    leaders = found.rows(
        """
        select artist_id, rank() over (order by consistency desc) from marts.artist_consistency_virality
        where market = 'GLOBAL' and chart_week = ? qualify rank() over (order by consistency desc) = 1
        """,
        WEEK,
    )
    assert (found.stories.steady_id, 1) in leaders


def test_the_albums_curve_has_its_planted_peak_day(found: Found) -> None:
    last = found.rows(
        "select days_since_release, peak_day from marts.new_release_performance "
        "where album_id = ? and snapshot_date = ?",
        found.stories.album_id,
        ANCHOR,
    )
    release, peak = found.stories.album_release, found.stories.album_peak
    assert last == [((ANCHOR - release).days, (peak - release).days)]


def test_the_albums_curve_begins_at_its_release_and_peaks_on_its_day(found: Found) -> None:
    curve = found.rows(
        """
        select snapshot_date, sum(51 - rank) as points from marts.chart_movement
        where market <> 'GLOBAL' and track_id in (select track_id from curated.tracks where album_id = ?)
        group by snapshot_date order by points desc
        """,
        found.stories.album_id,
    )
    days = [day for day, _ in curve]
    assert days[0] == found.stories.album_peak
    assert min(days) - found.stories.album_release in (timedelta(0), timedelta(days=1))
    assert dict(curve)[ANCHOR] < curve[0][1] * 2 / 3
