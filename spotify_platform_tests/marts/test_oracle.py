"""Every mart, to the row, against its definition computed a second time in plain Python, in invented worlds."""

from pathlib import Path

import pandas as pd
import pytest

from spotify_platform.lake import Lake

from .comparison import Built, breaches, built, differences
from .oracle import ORACLE, consistency, dimensions, facts, genres, markets, releases, trends
from .oracle.basis import UNKNOWN_ARTIST
from .worlds import START, WORLDS, write_capture

CONFIDENCE = {"high", "medium", "low"}


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Built]:
    """Invented worlds, captured and run through the platform."""
    made = {}
    for name, write in WORLDS.items():
        folder = tmp_path_factory.mktemp("world")
        lake = Lake((folder / "lake").as_uri())
        write(lake)
        made[name] = built(lake, folder)
    return made


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("mart", ORACLE)
def test_a_mart_of_an_invented_world_is_as_defined(worlds: dict[str, Built], mart: str, world: str) -> None:
    assert worlds[world].differences(mart)[:5] == []


@pytest.mark.parametrize("mart", ORACLE)
def test_the_oracle_keeps_the_contracts(worlds: dict[str, Built], mart: str) -> None:
    for world in worlds.values():
        assert breaches(mart, world.expected(mart)) == []


def test_a_wrong_cell_and_a_missing_row_are_told(worlds: dict[str, Built]) -> None:
    sound = worlds["seed 1"].expected("chart_movement")
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


# -- the invented worlds have what the definitions are about -----------------------------------------------------------


def everywhere(worlds: dict[str, Built], mart: str) -> pd.DataFrame:
    """A mart of all worlds."""
    return pd.concat([world.expected(mart) for world in worlds.values()])


def told(mart: pd.DataFrame) -> set[str]:
    """The reasons in a mart, one by one; that of an unknown artist has the separator in it."""
    joined = mart["reason"].dropna().str.replace(UNKNOWN_ARTIST, "UNKNOWN_ARTIST")
    reasons = {reason for reasons in joined for reason in reasons.split("; ")}
    return {UNKNOWN_ARTIST if reason == "UNKNOWN_ARTIST" else reason for reason in reasons}


def test_things_are_known_by_halves(worlds: dict[str, Built]) -> None:
    artists, albums, tracks = (everywhere(worlds, f"dim_{thing}") for thing in ("artist", "album", "track"))
    for things in (artists, albums, tracks):
        assert told(things) == {dimensions.NEVER_FULL}
        assert things["reason"].isna().any()
    for column in ("artist_name", "genres", "popularity", "followers"):
        assert artists[column].isna().any() and artists[column].notna().any()
    assert artists["genres"].str.contains(", ").any()
    assert set(albums["release_date_precision"]) == {"day", "month", "year"}
    for column in ("artist_names", "album_type", "total_tracks", "label", "popularity"):
        assert albums[column].isna().any() and albums[column].notna().any()
    for column in ("artist_names", "album_id", "release_date", "duration_ms", "explicit", "isrc", "popularity"):
        assert tracks[column].isna().any() and tracks[column].notna().any()
    bridge = everywhere(worlds, "bridge_track_artist")
    assert set(bridge["position"]) >= {0, 1}
    assert everywhere(worlds, "dim_market")["coverage"].between(0.1, 0.9).any()
    assert (everywhere(worlds, "dim_date")["charts"] == 0).any()


def test_credits_have_gaps_and_change(worlds: dict[str, Built]) -> None:
    curated = worlds["seed 1"].curated
    credits = curated["track_artists"]
    on_a_day = credits.groupby(["track_id", "snapshot_date"])["artist_id"].agg(frozenset)
    assert (on_a_day.groupby("track_id").nunique() > 1).any()
    assert set(curated["tracks"]["track_id"]) > set(credits["track_id"])


def test_charts_hold_tracks_twice_and_days_hold_none(worlds: dict[str, Built]) -> None:
    entries = worlds["seed 1"].curated["chart_entries"]
    assert entries.duplicated(["market", "snapshot_date", "track_id"]).any()
    places, artists = everywhere(worlds, "fct_chart_daily"), everywhere(worlds, "fct_artist_chart_daily")
    assert places["streams"].isna().any() and places["streams"].notna().any()
    assert artists["artist_id"].isna().any() and artists["credited_as"].isna().any()
    assert (artists["points"] > artists["chart_size"]).any()

    tracks, artists = everywhere(worlds, "fct_track_daily"), everywhere(worlds, "fct_artist_daily")
    assert told(tracks) == {facts.NO_POPULARITY, facts.NO_CHART}
    assert told(artists) == {facts.NO_POPULARITY, facts.NO_FOLLOWERS, facts.NO_CHART}
    for things in (tracks, artists):
        assert things["reason"].isna().any()
        assert (things["points"] == 0).any()
        assert things["global_rank"].notna().any()
        assert ((things["markets"] == 0) & (things["best_rank"] == things["global_rank"])).any()
        assert (things["best_rank"] < things["global_rank"]).any()


def test_charts_move_in_every_way(worlds: dict[str, Built]) -> None:
    movement = everywhere(worlds, "chart_movement")
    assert set(movement["movement"]) == {None, "NEW", "RE-ENTRY", "UP", "DOWN", "SAME"}
    assert set(movement["after_gap"]) == {True, False}
    assert set(movement["confidence"]) == CONFIDENCE
    assert ((movement["consecutive_days"] == 1) & movement["previous_rank"].notna()).any()

    performance = everywhere(worlds, "market_performance")
    assert told(performance) == {markets.NO_TURNOVER, markets.NO_GENRE, markets.NO_RELEASE_DAY}
    assert set(performance["confidence"]) == CONFIDENCE
    assert performance["top_track"].isna().any()
    assert set(performance["stale_source"]) == {None, True, False}
    assert ((performance["turnover"] == 0) & ~performance["stale_source"].eq(True)).any()
    assert (performance["mean_track_age_days"].dropna() < 0).any()


@pytest.mark.parametrize(
    ("mart", "no_earlier", "charted"),
    [
        ("trending_artists_daily", trends.NO_EARLIER_CHART, "charted_tracks"),
        ("trending_artists_weekly", trends.NO_EARLIER_WEEK, "charted_days"),
    ],
)
def test_trends_are_known_and_not(worlds: dict[str, Built], mart: str, no_earlier: str, charted: str) -> None:
    trending = everywhere(worlds, mart)
    assert set(trending["reason"]) == {None, no_earlier, trends.TOO_FEW_DAYS, UNKNOWN_ARTIST}
    assert set(trending["confidence"]) == CONFIDENCE
    assert trending["artist_name"].isna().any()
    assert (trending[charted] == 0).any()
    ranked = trending.dropna(subset=["rank_in_market"])
    assert (ranked["rank_in_market"] != ranked["rank_global"]).any()


def test_weeks_are_whole_and_not(worlds: dict[str, Built]) -> None:
    assert set(everywhere(worlds, "trending_artists_weekly")["week_days"]) >= {1, 2, 3, 6, 7}


def test_genres_grow_and_nobody_knows_them(worlds: dict[str, Built]) -> None:
    growth = everywhere(worlds, "genre_growth")
    assert told(growth) == {
        genres.NO_GENRE_IN_WEEK,
        genres.NO_CHART_BEFORE,
        genres.NO_GENRE,
        genres.NO_GENRE_BEFORE,
        genres.TOO_FEW_TRACKS,
        genres.NOT_BEFORE,
    }
    assert growth["reason"].str.contains("; ").any()
    assert (growth["growth"] > 0).any() and (growth["growth"] < 0).any()
    assert (growth["share"] == 0).any()
    assert growth["genre_known_share"].between(0.01, 0.99).any()
    assert set(growth["confidence"]) == CONFIDENCE


def test_artists_are_consistent_viral_and_neither(worlds: dict[str, Built]) -> None:
    artists = everywhere(worlds, "artist_consistency_virality")
    assert told(artists) == {
        consistency.NO_WEEK_BEFORE,
        consistency.FEW_CHARTS_BEFORE,
        consistency.SHORT_HISTORY,
        UNKNOWN_ARTIST,
    }
    assert artists["reason"].isna().any()
    assert set(artists["confidence"]) == CONFIDENCE
    assert artists["artist_name"].isna().any()
    assert set(artists["stage"]) == {"superstar", "mainstream", "mid-level", "developing"}
    classes = {"explosive", "high", "moderate", "average", "declining", "insufficient history"}
    assert set(artists["growth_class"]) == classes
    assert (artists["rank_mad"] > 0).any() and (artists["rank_mad"] % 1 > 0).any()
    assert set(artists["spike_days"].dropna()) >= {0, 1, 2}
    assert (artists["current_streak"] == 0).any()
    assert (artists["longest_streak"] > artists["current_streak"]).any()
    assert artists["new_entries"].isna().any() and (artists["new_entries"] > 1).any()
    assert {-20, 20} < set(artists["popularity_change"].dropna())
    with_virality = artists.dropna(subset=["virality"])
    assert with_virality["popularity_change"].isna().any() and with_virality["popularity_change"].notna().any()

    long_known = artists["chart_week"] - artists["history_from"] >= pd.Timedelta(days=85)
    assert (artists["growth_class"] == "insufficient history")[long_known].any()  # no chart in the nine weeks


def test_releases_chart_and_do_not(worlds: dict[str, Built]) -> None:
    albums = everywhere(worlds, "new_release_performance")
    reasons = told(albums)
    assert reasons > {releases.NOT_CHARTED, releases.RELEASE_UNKNOWN}
    assert "popularity of day 1 was not captured" in reasons and "popularity of day 1, 7 was not captured" in reasons
    assert albums["reason"].isna().any()
    for day in (1, 7, 28):
        assert albums[f"popularity_day_{day}"].notna().any()
    assert set(albums["confidence"]) == CONFIDENCE
    assert (albums["charts"] > albums["markets"]).any()
    assert (albums["markets_reached"] > albums["markets"]).any()
    assert (albums["first_chart_day"] > 0).any() and (albums["peak_day"] > albums["first_chart_day"]).any()
    assert ((albums["points"] == 0) & albums["peak_rank"].notna()).any()

    season = worlds["season"].expected("new_release_performance")
    last_chart = worlds["season"].curated["chart_entries"]["snapshot_date"].max()
    first_release = season[season["album_id"] == "lp00"]
    assert first_release["snapshot_date"].max() < last_chart
    assert first_release["days_since_release"].max() > 80
