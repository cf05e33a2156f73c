"""The oracle against figures that a person can work out on paper."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest

from spotify_platform.contracts.curated import CURATED_BY_NAME

from .comparison import INPUTS, breaches
from .oracle import ORACLE, Curated
from .oracle.basis import UNKNOWN_ARTIST

FRIDAY = date(2026, 1, 2)
DAY, WEEK = timedelta(days=1), timedelta(days=7)

Row = dict[str, Any]


def curated(**tables: Iterable[Row]) -> Curated:
    """Curated tables with these rows; a column that a row does not tell is NULL."""
    return {
        name: pd.DataFrame(list(tables.get(name, ())), columns=CURATED_BY_NAME[name].names, dtype=object)
        for name in INPUTS
    }


def charts(market: str, tracks_by_day: Mapping[date, str]) -> list[Row]:
    """Rows of a market's charts: each the tracks from the first place on, a dot where a place is empty."""
    return [
        {"market": market, "snapshot_date": day, "rank": rank, "track_id": track, "artist_names": f"by {track}"}
        for day, tracks in tracks_by_day.items()
        for rank, track in enumerate(tracks, start=1)
        if track != "."
    ]


def credits(tracks: str) -> list[Row]:
    """Each track by an artist of the same letter, a capital one."""
    return [{"snapshot_date": FRIDAY, "track_id": one, "artist_id": one.upper(), "position": 0} for one in tracks]


def rows_of(mart: str, tables: Curated) -> list[Row]:
    """A mart's rows, which must keep its contract."""
    frame = ORACLE[mart](tables)
    assert breaches(mart, frame) == []
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def only(rows: list[Row], **wanted: object) -> Row:
    """The one row with these values."""
    (row,) = [row for row in rows if all(row[name] == value for name, value in wanted.items())]
    return row


def test_consistency_streaks_and_spikes() -> None:
    """Eight daily charts, another five days later, and five days after that the only one of the week."""
    before = {FRIDAY + n * DAY: "abc" for n in range(8)}
    week = FRIDAY + 2 * WEEK
    tables = curated(
        chart_entries=charts("US", before | {FRIDAY + 3 * DAY: "bac", week - 2 * DAY: "a.c", week + 3 * DAY: "ca.b"}),
        track_artists=credits("ab"),
    )
    rows = [row for row in rows_of("artist_consistency_virality", tables) if row["chart_week"] == week]
    a, b, c = (only(rows, artist_key=key) for key in ("A", "B", "name:by c"))

    # Ten charts of up to four places. A stands at 1, once at 2 before the week, and at 2 in it: no median distance.
    assert (a["charted_days"], a["observed_days"], a["presence_rate"]) == (10, 10, 1)
    assert (a["rank_mad"], a["consistency"]) == (0, 100)
    # B is missing once; at 2 seven times, at 1 and at 4 once.
    assert (b["charted_days"], b["presence_rate"], b["rank_mad"], b["consistency"]) == (9, 0.9, 0, 90)
    # After eight daily charts come steps of 5 days each: every row ends.
    assert [(row["longest_streak"], row["current_streak"]) for row in (a, b, c)] == [(8, 1), (8, 1), (8, 1)]
    assert [(row["days_on_chart"], row["peak_rank"], row["days_at_peak"]) for row in (a, b, c)] == [
        (10, 1, 8),
        (9, 1, 1),
        (10, 1, 1),
    ]
    # Of nine charts before: A had 3 points on most, C 1; in the week 4 + 1 − 2 = 3, and 4.
    assert [row["spike_days"] for row in (a, b, c)] == [0, 0, 1]
    # From the last chart of the week before (A 1, C 3, B off: 4) to the last of this one (C 1, A 2, B 4).
    assert [row["rank_gain"] for row in (a, b, c)] == [-1, 0, 2]
    assert [row["new_entries"] for row in (a, b, c)] == [0, 1, 0]
    # Mean gain 1/3, deviation √(14/9) = 1.247219; mean of new entries 1/3, deviation √(2/9) = 0.471405.
    assert [row["virality"] for row in (a, b, c)] == pytest.approx([-1.776152, 1.146952, 0.629200], abs=2e-6)
    assert (a["coverage"], a["confidence"]) == (0.357143, "low")
    assert (c["artist_id"], c["artist_name"]) == (None, "by c")
    assert [row["reason"] for row in (a, c)] == [
        "history of under 13 weeks",
        f"history of under 13 weeks; {UNKNOWN_ARTIST}",
    ]


def test_popularity_counts_where_it_is_known_in_both_weeks_and_is_clamped() -> None:
    known = {("A", 0): 10, ("A", 3): 12, ("A", 9): 90, ("B", 0): 50, ("B", 13): 45, ("C", 7): 5}
    tables = curated(
        chart_entries=charts("US", {FRIDAY + n * DAY: "abc" for n in (0, 7)}),
        track_artists=credits("abc"),
        artists=[
            {"snapshot_date": FRIDAY + n * DAY, "artist_id": artist, "popularity": score, "detail": "full"}
            for (artist, n), score in known.items()
        ],
    )
    rows = [row for row in rows_of("artist_consistency_virality", tables) if row["chart_week"] == FRIDAY + WEEK]
    assert [row["popularity_change"] for row in rows] == [20, -5, None]
    assert [row["virality"] for row in rows] == [1, -1, 0]  # nobody moved; one deviation above and below the mean


def test_growth_is_told_from_13_weeks_on_among_artists_of_a_stage() -> None:
    fridays = {FRIDAY + n * WEEK: "abc" if n < 9 else "bca" for n in range(14)}
    rows = rows_of("artist_consistency_virality", curated(chart_entries=charts("US", fridays)))
    assert {row["growth_class"] for row in rows if row["chart_week"] < FRIDAY + 12 * WEEK} == {"insufficient history"}

    # B has most points, and of three artists only the first is a superstar: A (3 → 1) and C (1 → 2) are of one stage.
    rows = [row for row in rows if row["chart_week"] == FRIDAY + 12 * WEEK]
    assert [row["stage"] for row in rows] == ["developing", "superstar", "developing"]
    assert [row["growth_score"] for row in rows] == [-1.333333, 0, 0.666667]
    assert [row["growth_class"] for row in rows] == ["declining", "average", "average"]


def test_stages_are_shares_of_all_artists_with_points() -> None:
    """Of 450 artists one is of the first 0.03 %, one more of the next 0.2 %, four of the next 1 %."""
    crowd = [
        {"market": "BR", "snapshot_date": FRIDAY, "rank": rank, "track_id": f"t{rank}", "artist_names": f"{rank:03}"}
        for rank in range(1, 451)
    ]
    rows = rows_of("artist_consistency_virality", curated(chart_entries=crowd))
    stages = [row["stage"] for row in sorted(rows, key=lambda row: row["peak_rank"])]
    assert stages == ["superstar", "mainstream", *["mid-level"] * 4, *["developing"] * 444]


def test_a_genre_grows_by_the_shares_of_its_tracks_places() -> None:
    """Ten tracks are pop and one of them is rock as well: it falls from the first place to the tenth."""
    pop = {"snapshot_date": FRIDAY, "genre": "pop"}
    tables = curated(
        chart_entries=charts("US", {FRIDAY: "rabcdefghi", FRIDAY + 4 * WEEK: "abcdefghir"}),
        track_artists=credits("rabcdefghi"),
        artists=[{"snapshot_date": FRIDAY, "artist_id": one, "detail": "full"} for one in "RABCDEFGHI"],
        artist_genres=[pop | {"artist_id": one} for one in "RABCDEFGHI"] + [pop | {"artist_id": "R", "genre": "rock"}],
    )
    rows = [row for row in rows_of("genre_growth", tables) if row["chart_week"] == FRIDAY + 4 * WEEK]
    pop, rock = only(rows, genre="pop"), only(rows, genre="rock")
    # All weigh 1 + 1/2 + … + 1/10 = 2.928968. Rock weighed a half, then a twentieth.
    assert (rock["share_before"], rock["share_4w"], rock["share"]) == (0.170709, 0.017071, 0.017071)
    assert (pop["share_before"], pop["share_4w"]) == (0.829291, 0.982929)
    assert pop["growth"] == pytest.approx(0.982929 / 0.829291 - 1, abs=1e-6)
    assert (rock["growth"], rock["reason"]) == (None, "fewer than 10 tracks in the eight weeks")
    assert (pop["rank_by_share"], pop["rank_by_growth"], rock["rank_by_growth"]) == (1, 1, None)
    assert (pop["tracks"], pop["genre_known_share"], pop["coverage"]) == (10, 1, 0.035714)


def test_a_release_is_followed_from_its_day_on() -> None:
    """LT charts a day later than US; GLOBAL is no market of its own."""
    release = FRIDAY + DAY
    tables = curated(
        chart_entries=[
            *charts("US", {FRIDAY: "x", FRIDAY + 2 * DAY: "yab", FRIDAY + 4 * DAY: "ab"}),
            *charts("LT", {FRIDAY + DAY: "y", FRIDAY + 4 * DAY: "yb"}),
            *charts("GLOBAL", {FRIDAY + 4 * DAY: "b"}),
        ],
        tracks=[{"snapshot_date": FRIDAY, "track_id": one, "album_id": "lp"} for one in "ab"],
        albums=[
            {"snapshot_date": FRIDAY, "album_id": "lp", "release_date": release, "release_date_precision": "day"},
            {"snapshot_date": release + DAY, "album_id": "lp", "popularity": 7},
        ],
    )
    rows = rows_of("new_release_performance", tables)
    assert [row["days_since_release"] for row in rows] == [0, 1, 3]
    first, second, last = rows
    assert (first["charts"], first["points"], first["best_rank"], first["peak_points"]) == (1, 0, None, None)
    assert (first["reason"], first["markets_reached"], first["coverage"]) == ("on no chart so far", 0, 0.5)
    assert (second["points"], second["best_rank"], second["charted_tracks"], second["markets"]) == (3, 2, 2, 1)
    assert (second["first_chart_day"], second["peak_day"], second["popularity_day_1"]) == (1, 1, 7)
    # US 2 + 1, LT 1, GLOBAL 1: five points on three charts of two markets.
    assert (last["charts"], last["markets"], last["markets_reached"], last["points"]) == (3, 2, 2, 5)
    assert (last["peak_rank"], last["peak_points"], last["peak_day"], last["first_chart_day"]) == (1, 5, 3, 1)
    # Five charts; US and LT could have had four each since the release, GLOBAL one.
    assert (last["coverage"], last["confidence"], last["reason"]) == (0.555556, "medium", None)


def test_an_album_of_an_unknown_day_has_its_first_day_only() -> None:
    tables = curated(
        chart_entries=[*charts("US", {FRIDAY: "x", FRIDAY + DAY: "xa", FRIDAY + 2 * DAY: "a"})],
        tracks=[{"snapshot_date": FRIDAY, "track_id": "a", "album_id": "lp"}],
        albums=[
            {"snapshot_date": FRIDAY, "album_id": "lp", "release_date": FRIDAY, "release_date_precision": "month"},
        ],
    )
    (row,) = rows_of("new_release_performance", tables)
    assert (row["snapshot_date"], row["release_date"], row["reason"]) == (
        FRIDAY + DAY,
        None,
        "the release day is not known",
    )
    assert (row["best_rank"], row["points"], row["coverage"], row["markets_reached"]) == (2, 1, 1, None)


def test_a_frozen_chart_is_stale_and_a_shuffled_one_is_not() -> None:
    days = {FRIDAY: "abc", FRIDAY + DAY: "abc", FRIDAY + 2 * DAY: "acb", FRIDAY + 3 * DAY: "ac"}
    rows = rows_of("market_performance", curated(chart_entries=charts("US", days)))
    assert [row["stale_source"] for row in rows] == [None, True, False, False]
    assert [row["turnover"] for row in rows] == [None, 0, 0, 0]
