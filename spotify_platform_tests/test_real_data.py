"""The whole graph on real input: charts of 2021 and three playlists of 2024, which are no part of the repository."""

from pathlib import Path

import pytest

from spotify_platform_tests.conftest import Platform

PLAYLIST_DAYS = ("2024-04-22", "2024-05-02", "2024-05-11")


@pytest.fixture(scope="module")
def platform(shared_data: Path, tmp_path_factory: pytest.TempPathFactory):
    """Everything imported and run, once for this module."""
    with pytest.MonkeyPatch.context() as patch:
        root = tmp_path_factory.mktemp("real")
        patch.setenv("SPOTIFY_PLATFORM_HOME", str(root))
        platform = Platform(root)
        platform.ok("import", "charts", shared_data / "charts" / "top50_by_market_2021.csv.gz")
        for day in PLAYLIST_DAYS:
            path = shared_data / "playlists" / f"top50_global_{day}.json.gz"
            platform.ok("import", "playlists", path, "--snapshot-date", day)
        platform.ok("run")
        yield platform


def test_every_chart_entry_arrived(platform: Platform) -> None:
    (totals,) = platform.query(
        """
        select count(*) as entries, count(distinct market) as markets, count(distinct snapshot_date) as dates,
            count(distinct (market, snapshot_date)) as charts, count(distinct track_id) as tracks
        from curated.chart_entries
        """
    )
    assert totals == {"entries": 143_350, "markets": 69, "dates": 60, "charts": 2_867, "tracks": 2_872}


def test_the_charts_artists_and_albums_arrived(platform: Platform) -> None:
    (totals,) = platform.query(
        """
        select count(distinct artist_id) as artists, count(distinct album_id) as albums
        from curated.chart_entries
        join curated.tracks using (snapshot_date, track_id)
        join curated.track_artists using (snapshot_date, track_id)
        """
    )
    assert totals == {"artists": 2_432, "albums": 2_148}


def test_two_markets_have_all_dates_and_the_others_41(platform: Platform) -> None:
    days = platform.query(
        "select days, count(*) as markets, min(market) as first, max(market) as last from "
        "(select market, count(distinct snapshot_date) as days from curated.chart_entries group by market) "
        "group by days order by days"
    )
    assert [(row["days"], row["markets"]) for row in days] == [(41, 67), (60, 2)]
    assert (days[1]["first"], days[1]["last"]) == ("GLOBAL", "US")


def test_missing_days_are_gaps_and_not_zeros(platform: Platform) -> None:
    missing = "('2021-03-12', '2021-03-13', '2021-04-25', '2021-05-01', '2021-05-02')"
    for table in ("curated.chart_entries", "marts.chart_movement", "marts.market_performance"):
        assert platform.query(f"select count(*) as n from {table} where snapshot_date in {missing}") == [{"n": 0}]
    after = platform.query(
        "select snapshot_date, previous_date, coverage, confidence from marts.chart_movement join "
        "(select market, snapshot_date, coverage as c from marts.market_performance) using (market, snapshot_date) "
        "where market = 'US' and snapshot_date = '2021-03-14' limit 1"
    )
    assert after[0]["previous_date"] == "2021-03-11"


def test_the_playlists_have_50_tracks_with_popularity(platform: Platform) -> None:
    days = platform.query(
        "select snapshot_date as day, count(*) as items, count(popularity) as known from curated.playlist_items "
        "join curated.tracks using (snapshot_date, track_id) group by day order by day"
    )
    assert days == [{"day": day, "items": 50, "known": 50} for day in PLAYLIST_DAYS]


def test_nothing_was_rejected(platform: Platform) -> None:
    assert platform.query("select count(*) as n from curated.rejects") == [{"n": 0}]


def test_all_of_it_again_changes_nothing(platform: Platform, shared_data: Path) -> None:
    names = ("curated.chart_entries", "curated.tracks", "marts.chart_movement", "marts.market_performance")
    before = platform.tables(*names)
    platform.ok("import", "charts", shared_data / "charts" / "top50_by_market_2021.csv.gz")
    assert "Every captured date is published" in platform.ok("run")
    assert platform.tables(*names) == before
