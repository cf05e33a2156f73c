"""The page of Power BI: it has every measure with its DAX and SQL, and the figures that the demo gives today."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from spotify_platform.powerbi.measures import MEASURES

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "powerbi.md"

# What the marts say of the same, wherever the SQL of a measure computes it by itself.
_WEEK = "market = 'GLOBAL' and chart_week = date '2026-11-13'"
_DAY = "market = 'GLOBAL' and snapshot_date = date '2026-11-19'"
_HEART = "artist_name = 'Neon Heart'"
_NEW = "album_name = 'No More Signals' and snapshot_date = date '2026-11-19'"
IN_THE_MARTS = {
    "Charts there": "select charts from marts.dim_market where market = 'GLOBAL'",
    "Newest chart day": "select last_seen from marts.dim_market where market = 'GLOBAL'",
    "Newest full week": "select max(chart_week) from marts.trending_artists_weekly where week_days = 7",
    "Track points": "select sum(points) from marts.fct_chart_daily where market = 'GLOBAL'",
    "Track streams": "select sum(streams) from marts.fct_chart_daily where market = 'GLOBAL'",
    "Artist points": f"""select sum(points) from marts.fct_artist_chart_daily inner join marts.dim_artist
        using (artist_id) where market = 'GLOBAL' and {_HEART}""",
    "New entries": "select count(*) from marts.chart_movement where market = 'US' and movement = 'NEW'",
    "Re-entries": "select count(*) from marts.chart_movement where market = 'US' and movement = 'RE-ENTRY'",
    "Days not complete": "select count(*) from marts.coverage where market = '*' and state <> 'complete'",
    "Artist trend": f"select trend from marts.trending_artists_daily where {_DAY} and {_HEART}",
    "Trend place": f"select rank_in_market from marts.trending_artists_daily where {_DAY} and {_HEART}",
    "Points of 7 days": f"select points_7d from marts.trending_artists_daily where {_DAY} and {_HEART}",
    "Points of 28 days": f"select points_28d from marts.trending_artists_daily where {_DAY} and {_HEART}",
    "Weekly trend": f"select trend from marts.trending_artists_weekly where {_WEEK} and {_HEART}",
    "Points of 4 weeks": f"select points_4w from marts.trending_artists_weekly where {_WEEK} and {_HEART}",
    "Genre share": "select avg(share) from marts.genre_growth where market = 'GLOBAL' and genre = 'metal'",
    "Genre growth": f"select growth from marts.genre_growth where {_WEEK} and genre = 'metal'",
    "Genre tracks": f"select tracks from marts.genre_growth where {_WEEK} and genre = 'metal'",
    "Genre share before": f"select share_before from marts.genre_growth where {_WEEK} and genre = 'metal'",
    "Mean turnover": """select avg(turnover) from marts.market_performance
        where market = 'IT' and snapshot_date > date '2026-10-22'""",
    "Track age": """select avg(mean_track_age_days) from marts.market_performance
        where market = 'IT' and snapshot_date > date '2026-10-22'""",
    "Top genres": """select top_genres from marts.market_performance
        where market = 'IT' and snapshot_date = date '2026-11-19'""",
    "Top artists": """select top_artists from marts.market_performance
        where market = 'IT' and snapshot_date = date '2026-11-19'""",
    "Artist consistency": f"select consistency from marts.artist_consistency_virality where {_WEEK} and {_HEART}",
    "Presence": f"select presence_rate from marts.artist_consistency_virality where {_WEEK} and {_HEART}",
    "Current streak": f"select current_streak from marts.artist_consistency_virality where {_WEEK} and {_HEART}",
    "Longest streak": f"select longest_streak from marts.artist_consistency_virality where {_WEEK} and {_HEART}",
    "Spike days": f"select spike_days from marts.artist_consistency_virality where {_WEEK} and {_HEART}",
    "Release points": "select sum(points) from marts.new_release_performance where album_name = 'No More Signals'",
    "Release peak rank": f"select peak_rank from marts.new_release_performance where {_NEW}",
    "Release peak day": f"select peak_day from marts.new_release_performance where {_NEW}",
    "Markets reached": f"select markets_reached from marts.new_release_performance where {_NEW}",
    "Popularity on day 7": f"select popularity_day_7 from marts.new_release_performance where {_NEW}",
}


@pytest.fixture(scope="module")
def book() -> ModuleType:
    """The script that makes the page."""
    sys.path.insert(0, str(DOCS))  # it takes the demo from the question book
    try:
        spec = importlib.util.spec_from_file_location("powerbi_page", DOCS / "powerbi.py")
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(DOCS))


def test_the_page_is_made_of_todays_measures(book):
    """All but the figures, which take a demo."""
    page = PAGE.read_text("utf-8")
    shown = dict(re.findall(r"^\| \[(.+?)\]\(#.+?\) \| .+? \| (.+?) \|$", page, re.MULTILINE))
    assert book.text(shown) == page
    assert [measure.name for measure in MEASURES] == list(shown)


def test_a_mistake_on_the_page_is_seen(book):
    page = PAGE.read_text("utf-8")
    assert book.text({measure.name: "1" for measure in MEASURES}) != page


def test_figures_are_written_as_power_bi_writes_them(book):
    formats = {measure.format: measure for measure in MEASURES}
    told = {form: book.written(measure, 0.0449) for form, measure in formats.items()}
    assert told["#,0"] == "0" and told["0.000"] == "0.045" and told["0.0%"] == "4.5%"
    assert told["+0.0%;-0.0%;0.0%"] == "+4.5%"
    assert book.written(formats["#,0"], None) == "(blank)"


@pytest.mark.soak
def test_the_figures_are_what_the_demo_gives_today(book, tmp_path, monkeypatch):
    from spotify_platform.home import demo_home
    from spotify_platform.load.reader import open_reader

    monkeypatch.setenv("SPOTIFY_PLATFORM_HOME", str(tmp_path))
    book.demo(tmp_path)
    figures = book.figures()
    assert book.text(figures) == PAGE.read_text("utf-8")
    with open_reader(demo_home().lake()) as connection:
        told = {name: connection.execute(select).fetchall() for name, select in IN_THE_MARTS.items()}
    named = {measure.name: measure for measure in MEASURES}
    assert {name: book.written(named[name], *row) for name, (row,) in told.items()} == {
        name: figures[name] for name in IN_THE_MARTS
    }
