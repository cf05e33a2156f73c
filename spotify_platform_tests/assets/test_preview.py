"""What Dagster shows of a mart: the rows that a person looks at first, as a table and a picture, small and harmless."""

import base64
import json
import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import dagster as dg
import duckdb
import pytest

from spotify_platform.assets.links import DASHBOARD, PAGES, REPORT
from spotify_platform.assets.marts import mart_tables
from spotify_platform.assets.preview import chart, may_be_shown, metadata, table
from spotify_platform.contracts.marts import MARTS, MARTS_BY_NAME
from spotify_platform.contracts.marts.headlines import HEADLINES
from spotify_platform.contracts.table import Type
from spotify_platform.lake import Lake
from spotify_platform.lake.origin import claim
from spotify_platform.lake.publishing import PublishedFile
from spotify_platform.load.preview import Preview, previews

TODAY = date(2026, 11, 20)  # a Friday: the charting week of the 13th is over
SVG = "{http://www.w3.org/2000/svg}"

Row = dict[str, Any]


@pytest.fixture
def preview(lake: Lake):
    """A function that publishes rows of marts, what is not said being NULL, and previews one of them."""

    def of(name: str, **marts: Iterable[Row]) -> Preview:
        dimensions: dict[str, Iterable[Row]] = {"dim_album": (), "dim_artist": (), "dim_track": ()}
        files = [published(lake, mart, list(rows)) for mart, rows in (dimensions | marts).items()]
        found = {one.table.name: one for one in previews(lake, files, TODAY)}
        assert list(found) == [spec.key.path[1] for spec in mart_tables.specs]  # Dagster takes them in this order only
        return found[name]

    return of


def published(lake: Lake, mart: str, rows: list[Row]) -> PublishedFile:
    """A file of a mart in the lake, made of rows."""
    columns = MARTS_BY_NAME[mart].duckdb_columns
    values = json.dumps([{name: row.get(name) for name in columns} for row in rows], default=str)
    schema = json.dumps([columns])
    key = f"marts/{mart}/build_id=B/all.parquet"
    path = Path(lake.folder or "", key)
    path.parent.mkdir(parents=True, exist_ok=True)
    select = f"select unnest(from_json($rows, '{schema}'), recursive := true)"
    duckdb.execute(f"copy ({select}) to $path (format parquet)", {"rows": values, "path": str(path)})
    return PublishedFile(table=mart, path=key, rows=len(rows), bytes=path.stat().st_size, sha256="")


def trending(artist: str, trend: float | None = 0.0, day: str = "2026-11-19", market: str = "GLOBAL") -> Row:
    """A row of trending_artists_daily."""
    figures = {"trend": trend, "points_7d": 3.0, "artist_key": artist, "artist_id": artist, "artist_name": artist}
    return {"snapshot_date": day, "market": market, **figures}


def cells(markdown: str) -> list[list[str]]:
    """The cells of a table in Markdown, its header first."""
    lines = [line.strip("|").split("|") for line in markdown.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line] for line in (lines[0], *lines[2:])]


def bars(markdown: str) -> list[tuple[str, int]]:
    """The labels and lengths of a picture's bars."""
    picture = base64.b64decode(markdown.partition("base64,")[2].rstrip(")"))
    root = ElementTree.fromstring(picture)
    lengths = re.findall(r"h(-?\d+)", root.find(f"{SVG}path").get("d", ""))
    return [(text.text or "", int(length)) for text, length in zip(root.iter(f"{SVG}text"), lengths, strict=True)]


def test_the_newest_day_that_is_over_is_shown_the_greatest_figure_first(preview) -> None:
    rows = [trending("A", 0.5), trending("B", 2.25), trending("C", None), trending("D", 9, day="2026-11-18")]
    found = preview("trending_artists_daily", trending_artists_daily=[*rows, trending("E", 9, day="2026-11-20")])
    assert table(found).startswith("2026-11-19, GLOBAL: 3 of 3 rows\n")
    assert cells(table(found)) == [
        ["artist name", "trend", "points 7d"],
        ["B", "2.25", "3"],
        ["A", "0.5", "3"],
        ["C", "", "3"],
    ]


def test_a_week_that_is_not_over_is_not_shown(preview) -> None:
    weeks = [{"chart_week": day, "market": "US", "genre": day, "share_4w": 0.5} for day in ("2026-11-13", "2026-11-20")]
    assert preview("genre_growth", genre_growth=weeks).day == date(2026, 11, 13)


def test_a_mart_of_days_shows_the_last_ones(preview) -> None:
    days = [{"snapshot_date": f"2026-11-{day}", "charts": 3, "year": 2026} for day in range(10, 21)]
    found = preview("dim_date", dim_date=days)
    assert (found.day, found.total) == (None, 10)
    assert cells(table(found))[1:] == [[f"2026-11-{day}", "3", "2026"] for day in range(19, 11, -1)]


def test_of_the_markets_one_that_fills_the_preview_is_shown(preview) -> None:
    rows = [
        {"snapshot_date": "2026-11-19", "market": "*", "entity": name, "items": 1} for name in ("artists", "tracks")
    ]
    chart = {"snapshot_date": "2026-11-19", "market": "GLOBAL", "entity": "chart_entries", "items": 9}
    assert preview("coverage", coverage=[chart, *rows]).market == "*"


def test_ids_are_shown_as_names(preview) -> None:
    facts = [{"snapshot_date": "2026-11-19", "track_id": name, "popularity": 5, "points": 7} for name in ("T1", "T2")]
    found = preview("fct_track_daily", fct_track_daily=facts, dim_track=[{"track_id": "T1", "track_name": "Snow"}])
    assert cells(table(found)) == [["track name", "popularity", "points"], ["Snow", "5", "7"], ["T2", "5", "7"]]
    assert [name for name, _ in bars(chart(found, "popularity"))] == ["Snow", "T2"]


def test_what_is_not_there_yet_is_said(preview) -> None:
    found = preview("trending_artists_daily", trending_artists_daily=[trending("A", day="2026-11-20")])
    assert {name: value.value for name, value in metadata(found).items()} == {
        "preview": "No rows of a day that is over yet."
    }


def test_a_figure_that_no_row_has_gives_way_to_the_next_one(preview) -> None:
    found = preview("trending_artists_daily", trending_artists_daily=[trending("A", None)])
    assert found.headline == "points_7d"
    ranks = [{"snapshot_date": "2026-11-19", "market": "US", "track_id": "T", "rank": 1}]
    assert preview("chart_movement", chart_movement=ranks).headline is None  # and a rank is none


@pytest.mark.parametrize(
    ("trends", "lengths"),
    [((2, 1, 0), [230, 115, 0]), ((3, -1), [172, -58]), ((-1, -2), [-115, -230]), ((0, 0), [0, 0])],
)
def test_bars_begin_at_zero(preview, trends: tuple[int, ...], lengths: list[int]) -> None:
    rows = [trending(f"A{n}", trend) for n, trend in enumerate(trends)]
    drawn = chart(preview("trending_artists_daily", trending_artists_daily=rows), "trend")
    assert [length for _, length in bars(drawn)] == lengths
    assert drawn.startswith("2026-11-19, GLOBAL: trend\n")


@pytest.mark.parametrize(
    "name",
    [
        "a|b",
        "[x](javascript:alert(1))",
        "![x](http://127.0.0.1/x)",
        "<img src=x>",
        "*b* _i_ `c` ~s~",
        "a\nb\x00c",
        "&amp;",
    ],
)
def test_no_name_is_read_as_markup(preview, name: str) -> None:
    found = preview("trending_artists_daily", trending_artists_daily=[trending(name, 1)])
    (line,) = [line for line in table(found).splitlines() if line.endswith("| 1 | 3|")]
    shown = line.removeprefix("|").removesuffix(" | 1 | 3|")
    assert not re.search(r"(?<!\\)[|\[\]<>*_`~&!]", shown)
    assert re.sub(r"\\(.)", r"\1", shown) == name.replace("\n", " ").replace("\x00", " ")
    assert [label for label, _ in bars(chart(found, "trend"))] == [re.sub(r"[\n\0]", " ", name[:15]) + "…"] or len(
        name
    ) < 17


def test_what_is_shown_fits_into_the_page(preview) -> None:
    """Dagster's UI hides Markdown from 1,000 characters on; 𝄞 counts as two."""
    rows = [trending("𝄞" * 50 + str(n), n) | {"reason": "夜" * 50, "charted_tracks": 10**9} for n in range(9)]
    found = preview("trending_artists_daily", trending_artists_daily=rows)
    for markdown in (table(found), chart(found, "trend")):
        assert len(markdown.encode("utf-16-le")) < 2000
    assert len(cells(table(found))) == 9
    assert len(bars(chart(found, "trend"))) >= 5


def test_a_column_that_the_window_would_cut_off_is_left_out(preview) -> None:
    row = trending("A", 1) | {"reason": "a" * 36, "best_rank": 1, "confidence": "high"}
    found = preview("trending_artists_daily", trending_artists_daily=[row])
    assert cells(table(found))[0] == ["artist name", "trend", "points 7d", "best rank", "confidence"]


@pytest.mark.parametrize("mart", HEADLINES)
def test_a_headline_is_a_figure_of_its_mart(mart: str) -> None:
    assert not unknown_headlines(mart, HEADLINES[mart])


@pytest.mark.parametrize(
    ("mart", "column"), [("dim_artst", "popularity"), ("dim_artist", "fame"), ("dim_artist", "genres")]
)
def test_a_mistaken_headline_is_found(mart: str, column: str) -> None:
    assert unknown_headlines(mart, (column,))


def unknown_headlines(mart: str, names: Iterable[str]) -> list[str]:
    """Headlines that are no figure of a mart."""
    columns = MARTS_BY_NAME[mart].columns if mart in MARTS_BY_NAME else ()
    figures = {column.name for column in columns if column.type in (Type.INTEGER, Type.BIGINT, Type.DOUBLE)}
    return [name for name in names if name not in figures]


def test_a_mart_links_to_what_shows_it() -> None:
    specs = {spec.key.path[1]: spec for spec in mart_tables.specs}
    assert PAGES.keys() <= {mart.name for mart in MARTS}
    assert specs["genre_growth"].metadata["dashboard"] == dg.MetadataValue.url(f"{DASHBOARD}/genres")
    assert specs["genre_growth"].metadata["report"] == dg.MetadataValue.asset(REPORT)
    assert not {"dashboard", "report"} & specs["dim_date"].metadata.keys()


def test_spotifys_content_does_not_go_to_dagster_plus(lake: Lake) -> None:
    class Plus(dg.DagsterInstance):
        __module__ = "dagster_cloud.instance"

    plus, own = Plus.__new__(Plus), dg.DagsterInstance.__new__(dg.DagsterInstance)
    spotifys, invented = claim(lake, "spotify"), claim(Lake(lake.url + "-demo"), "sandbox")
    assert [may_be_shown(origin, own) for origin in (spotifys, invented, None)] == [True, True, True]
    assert [may_be_shown(origin, plus) for origin in (spotifys, invented, None)] == [False, True, False]
