"""Figures: their SQL runs on both warehouses, their words come from the contracts, their charts keep the rules."""

from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from spotify_platform.charts import figure as room
from spotify_platform.charts.draw import draw
from spotify_platform.charts.figure import Answer, Figure, Filters, ask, bound, choices, figures
from spotify_platform.charts.findings import defaults, findings
from spotify_platform.charts.palette import DARK, LIGHT
from spotify_platform.charts.table import html, to_csv
from spotify_platform.contracts.errors import InputError
from spotify_platform.contracts.operations import OPERATIONS
from spotify_platform.load.reader import Snapshot, query
from spotify_platform.marts.dialect import rendered
from spotify_platform_tests.dashboard.conftest import platform_at

UNITS = (
    "(UTC)",
    ", UTC)",
    "(%",
    "(places",
    "(place ",
    "(days",
    "(points",
    "(lines",
    "(0–100)",
    "(natural log",
    "(standard",
    "(US dollars",
)
FIGURES = list(figures().values())


def filters(snapshot: Snapshot) -> dict[str, str | date]:
    chosen = defaults(snapshot.query)
    assert isinstance(chosen["day"], date)
    artists = choices(snapshot.query, "artists", chosen)
    return chosen | {"artist": artists[0][0], "since": chosen["day"] - timedelta(days=90)}


def marks(spec: Any, key: str) -> list[Any]:
    """Everything under a key, anywhere in a chart."""
    if isinstance(spec, dict):
        here = [spec[key]] if key in spec else []
        return here + [one for value in spec.values() for one in marks(value, key)]
    return [one for value in spec for one in marks(value, key)] if isinstance(spec, list) else []


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_a_figure_answers_draws_and_explains_itself(figure: Figure, snapshot: Snapshot) -> None:
    question = partial(query, snapshot.lake) if figure.table in OPERATIONS else snapshot.query
    answer = ask(question, figure, filters(snapshot))
    assert {"Definition", "Window"} <= answer.words.keys()
    assert "Coverage" in answer.words or answer.words["No rows"]
    if answer.rows:
        assert set(figure.fields) <= set(answer.columns)
    for palette in (LIGHT, DARK):
        for chart in draw(answer, palette):
            made = chart.spec()
            axes = [one for channel in ("x", "y") for one in marks(made, channel) if isinstance(one, dict)]
            titles = [axis["title"] for axis in axes if "title" in axis]
            assert set(filter(None, titles)) <= set(figure.axes)
            coloured = [one for one in marks(made, "color") if isinstance(one, dict)]
            assert all(len(one["scale"]["domain"]) <= 8 for one in coloured if "scale" in one)


@pytest.mark.parametrize("figure", [one for one in FIGURES if one.kind != "table"], ids=lambda figure: figure.name)
def test_axes_have_titles_with_units(figure: Figure) -> None:
    assert figure.axes
    assert all(axis == "Entity" or any(unit in axis for unit in UNITS) for axis in figure.axes), figure.axes


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_a_figure_can_be_asked_of_snowflake(figure: Figure) -> None:
    values: Filters = {
        "market": "US",
        "artist": "a",
        "day": date(2026, 1, 1),
        "week": date(2026, 1, 2),
        "since": date(2025, 1, 1),
    }
    assert rendered(figure.sql(values), "snowflake")


def test_a_value_is_quoted_and_a_filter_without_one_is_refused() -> None:
    assert (
        bound("select $market, $day", {"market": "O'Neil", "day": date(2026, 1, 2)})
        == "select 'O''Neil', date '2026-01-02'"
    )
    with pytest.raises(InputError, match="market"):
        bound("select $market", {})


HEADER = "-- title: T\n-- value: {value}\n-- draw: {draw}\n-- axes: A (%)\nselect 1"


@pytest.mark.parametrize(
    ("value", "kind", "told"),
    [
        ("trending_artists_daily.trends", "bars trend artist_name", "no column"),
        ("nowhere.trend", "bars trend artist_name", "no column"),
        ("trending_artists_daily.trend", "pie trend artist_name", "pie"),
    ],
)
def test_a_mistake_in_a_header_is_named(value: str, kind: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        room._read("f.sql", HEADER.format(value=value, draw=kind))


def test_unknown_is_unknown_with_its_reason_and_never_nought() -> None:
    figure = figures()["trending_today"]
    columns = ["artist_name", "trend", "coverage", "confidence", "reason"]
    rows = [("A", 0.5, 1.0, "high", None), ("B", None, 0.2, "low", "fewer than 7 observed days")]
    answer = Answer(figure, "", columns, rows)
    assert answer.words["Unknown"] == "1 of 2 rows have no value: fewer than 7 observed days."
    assert answer.words["Coverage"] == "20% to 100%"
    assert answer.words["Confidence"] == "high for 1, low for 1"
    (chart,) = draw(answer, LIGHT)
    assert [row["artist_name"] for row in chart.rows] == ["A"]
    assert '<td class="unknown">unknown</td>' in html(answer)
    assert to_csv(answer).splitlines()[2] == "B,,0.2,low,fewer than 7 observed days"


def test_nothing_is_drawn_where_nothing_is_known() -> None:
    answer = Answer(figures()["trending_today"], "", ["artist_name", "trend", "reason"], [("A", None, "no chart")])
    assert draw(answer, LIGHT) == []


def test_names_are_no_markup() -> None:
    answer = Answer(figures()["entries"], "", ["track_name"], [("<script>alert(1)</script>",)])
    assert "<script>" not in html(answer)


def test_a_missing_day_is_a_gap_in_its_line() -> None:
    days = [date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 4)]
    rows = [(day, 0.5, "A") for day in days]
    (chart,) = draw(Answer(figures()["trending_course"], "", ["snapshot_date", "trend", "artist_name"], rows), LIGHT)
    assert [(row["snapshot_date"].day, row.get("trend")) for row in chart.rows] == [
        (1, 0.5),
        (2, 0.5),
        (3, None),
        (4, 0.5),
    ]


def test_a_ninth_series_is_refused() -> None:
    rows = [(date(2026, 1, 1), 0.5, f"A{n}") for n in range(9)]
    with pytest.raises(ValueError, match="legend"):
        draw(Answer(figures()["trending_course"], "", ["snapshot_date", "trend", "artist_name"], rows), LIGHT)


def test_findings_say_the_day_they_hold_for(snapshot: Snapshot) -> None:
    told = [finding.text for finding in findings(snapshot.query, filters(snapshot))]
    assert len(told) == 8
    assert all("20" in text for text in told), "a sentence without a year"


def test_a_day_without_a_past_says_that_trends_are_not_known(one_day: Path) -> None:
    with platform_at(one_day) as platform:
        snapshot = Snapshot(platform.home.lake())
        told = {one.figure: one.text for one in findings(snapshot.query, filters(snapshot))}
        snapshot.close()
    assert "is not known" in told["trending_today"]
    assert "no chart in the 28 days before the last 7" in told["trending_today"]
    assert "is not known" in told["genre_growth"]


def test_a_snapshot_stays_with_its_build_and_knows_of_a_newer_one(snapshot: Snapshot) -> None:
    with pytest.raises(InputError, match="there is no such table"):
        snapshot.query("select * from marts.nowhere")
    with pytest.raises(InputError, match="only reads"):
        snapshot.query("create table t as select 1")
    assert snapshot.version.startswith("marts/_published/")


def test_no_name_of_the_scatter_stands_over_another_point() -> None:
    columns = ["artist_name", "consistency", "virality"]
    rows = [("A", 10.0, 1.0), ("B", 15.0, 1.0), ("C", 90.0, -3.0), ("D", 50.0, 3.0)]
    (chart,) = draw(Answer(figures()["artist_map"], "", columns, rows), LIGHT)
    named = {row["artist_name"] for row in chart.rows if row["_left"] or row["_right"]}
    assert named == {"B", "C", "D"}  # A's name would reach over B
