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

ANCHOR = date(2026, 11, 20)
FIRST = ANCHOR - timedelta(days=59)


class Found:
    """The marts over 60 days of charts and one capture of the catalogue, and what was planted in it."""

    def __init__(self, stories: Stories, lake: Lake) -> None:
        self.stories, self.lake = stories, lake

    def rows(self, sql: str, *values: object) -> list[tuple]:
        with open_reader(self.lake) as connection:
            return connection.execute(sql, values).fetchall()


@pytest.fixture(
    scope="module", params=[31, 2027, *(pytest.param(seed, marks=pytest.mark.soak) for seed in (47, 58, 101))]
)
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


def test_the_viral_artist_trends_most(found: Found) -> None:
    leader = found.rows(
        "select artist_id from marts.trending_artists_daily "
        "where market = 'GLOBAL' and snapshot_date = ? and rank_in_market = 1",
        ANCHOR,
    )
    assert leader == [(found.stories.viral_id,)]


def test_the_falling_artist_loses_most_points(found: Found) -> None:
    loser = found.rows(
        "select artist_id, trend < -1 from marts.trending_artists_daily "
        "where market = 'GLOBAL' and snapshot_date = ? order by points_7d - points_28d limit 1",
        ANCHOR,
    )
    assert loser == [(found.stories.falling_id, True)]


def test_the_steady_artist_has_the_track_that_keeps_its_rank(found: Found) -> None:
    steadiest = found.rows(
        """
        select artist_names, max(rank) <= 15 from marts.chart_movement where market = 'GLOBAL'
        group by artist_names, track_id having max(consecutive_days) = 60
        order by max(rank) - min(rank), max(rank) limit 1
        """
    )
    assert steadiest == [(found.stories.steady_name, True)]


def test_the_growing_genre_gains_most_share(found: Found) -> None:
    # Genre growth as defined: a track weighs 1/rank, shared by its artists' genres; 28 days against the 28 before.
    grown = found.rows(
        """
        with genres as (
            select distinct track_id, genre from curated.track_artists join curated.artist_genres using (artist_id)
        ),
        weights as (
            select genre, snapshot_date > ? as late, sum(1 / rank / genres_of_track) as weight
            from curated.chart_entries
            join genres using (track_id)
            join (select track_id, count(*) as genres_of_track from genres group by track_id) using (track_id)
            where snapshot_date > ?
            group by all
        ),
        shares as (select *, weight / sum(weight) over (partition by late) as share from weights)
        select genre from shares group by genre
        order by max(share) filter (where late) / max(share) filter (where not late) desc nulls last limit 1
        """,
        ANCHOR - timedelta(days=28),
        ANCHOR - timedelta(days=56),
    )
    assert grown == [(found.stories.growing_genre,)]


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
