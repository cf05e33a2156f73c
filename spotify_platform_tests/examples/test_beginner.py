"""The beginner's scripts give the same answers as the platform, from the same captures: two ways to one table.

They share no code, so each checks the other. The scripts are run as a beginner runs them, as programs.
"""

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import pytest

from spotify_platform.lake import Lake
from spotify_platform.lake.captures import CaptureWriter
from spotify_platform.load.reader import open_reader
from spotify_platform.publish import publish_dates
from spotify_platform.sandbox import Behaviour, serve
from spotify_platform_tests.conftest import Platform

SCRIPTS = Path(__file__).parents[2] / "examples" / "beginner"
STEPS = ("extract", "transform", "load", "analyse")
TABLES = ("artists", "artist_genres", "albums", "tracks", "track_artists", "chart_entries")
TODAY = datetime.now(UTC).date()

Rows = list[dict[str, str]]


def step(name: str, *words: str | Path) -> str:
    """Run a step; returns what it printed."""
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / f"{name}.py"), *map(str, words)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def beginners(tables: Path) -> dict[str, Rows]:
    """The rows of the beginner's CSV files."""
    return {name: list(csv.DictReader((tables / f"{name}.csv").open(encoding="utf-8"))) for name in TABLES}


def platforms(lake: Lake, day: date, columns: dict[str, list[str]]) -> dict[str, Rows]:
    """The same columns of the platform's published rows of a day, as pandas writes them into a CSV file."""
    found = {}
    with open_reader(lake) as connection:
        for name, wanted in columns.items():
            told = connection.execute(f"select {', '.join(wanted)} from curated.{name} where snapshot_date = ?", [day])
            found[name] = [dict(zip(wanted, map(_written, row), strict=True)) for row in told.fetchall()]
    return found


def _written(value: object) -> str:
    return "" if value is None else str(value)


def compare(lake: Lake, day: date, tables: Path) -> dict[str, int]:
    """Every row and column of the beginner's tables is the platform's, and none is missing; returns their lengths."""
    ours = beginners(tables)
    columns = {name: next(csv.reader((tables / f"{name}.csv").open(encoding="utf-8"))) for name in TABLES}
    theirs = platforms(lake, day, columns)
    for name in TABLES:
        left, right = (sorted(tuple(row.values()) for row in rows[name]) for rows in (ours, theirs))
        assert left == right, f"{name}: {set(left) ^ set(right)}"
    return {name: len(rows) for name, rows in ours.items()}


def compared(lake: Lake, day: date, raw: Path, folder: Path) -> dict[str, int]:
    """As `compare`, for what the lake holds of a day, which the beginner reads as it lies there."""
    for kind in raw.iterdir():
        if (of_day := kind / f"snapshot_date={day}").exists() and not kind.name.startswith("_"):
            shutil.copytree(of_day, folder / "raw" / kind.name)
    step("load", folder / "raw", folder / "tables")
    return compare(lake, day, folder / "tables")


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make beginner` leaves."""
    folder = tmp_path_factory.mktemp("beginner")
    subprocess.run([sys.executable, str(SCRIPTS / "offline.py"), str(folder)], check=True, capture_output=True)
    return folder


def test_the_four_scripts_are_short() -> None:
    assert sum(len((SCRIPTS / f"{name}.py").read_text("utf-8").splitlines()) for name in STEPS) < 250


def test_they_know_neither_dagster_nor_the_platform() -> None:
    for name in STEPS:
        assert "dagster" not in (text := (SCRIPTS / f"{name}.py").read_text("utf-8"))
        assert "spotify_platform" not in text


def test_make_beginner_ends_with_tables_and_a_picture(offline: Path) -> None:
    assert (offline / "tables" / "top_artists.png").read_bytes().startswith(b"\x89PNG")
    assert all(beginners(offline / "tables").values())


def test_what_the_beginner_extracted_is_the_same_table_on_the_platform(offline: Path, lake: Lake) -> None:
    came = datetime.now(UTC)
    writer = CaptureWriter(lake, "beginner", TODAY, came)
    for path in sorted((offline / "raw").glob("*/*.jsonl")):
        for line in map(json.loads, path.read_text("utf-8").splitlines()):
            told = {name: line[name] for name in ("params", "market", "position") if name in line}
            at = datetime.fromisoformat(line["captured_at"])
            writer.add(path.parent.name, line["item"], endpoint="/v1/beginner", captured_at=at, **told)
    writer.commit(source="import")
    assert not publish_dates(lake, [TODAY]).withheld
    assert all(compare(lake, TODAY, offline / "tables").values())


def test_a_second_answer_takes_the_place_of_the_first(offline: Path, tmp_path: Path) -> None:
    raw, tables = tmp_path / "raw", tmp_path / "tables"
    shutil.copytree(offline / "raw", raw)
    (file,) = (raw / "tracks").glob("*.jsonl")
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    later = lines[0] | {"captured_at": "2999-01-01T00:00:00.000000Z"}
    later["item"] |= {"popularity": 99}
    (raw / "tracks" / "later.jsonl").write_text(json.dumps(later), "utf-8")
    step("load", raw, tables)
    rows = {row["track_id"]: row["popularity"] for row in beginners(tables)["tracks"]}
    assert rows[later["item"]["id"]] == "99"
    assert len(rows) == len(beginners(offline / "tables")["tracks"])


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A day of the demo, with all oddities of real answers: nulls, years as dates, episodes, local files."""
    with pytest.MonkeyPatch.context() as patch:
        root = tmp_path_factory.mktemp("platform")
        patch.setenv("SPOTIFY_PLATFORM_HOME", str(root))
        patch.delenv("SPOTIPY_CLIENT_ID", raising=False)
        patch.setattr("spotify_platform.sandbox.serve", partial(serve, behaviour=Behaviour(oddities=True)))
        platform = Platform(root)
        platform.ok("demo", "--days", "1")
        yield platform


def test_the_demos_tables_are_the_beginners(demo: Platform, tmp_path: Path) -> None:
    days = [row["day"] for row in demo.query("select distinct snapshot_date as day from curated.tracks order by 1")]
    for day in days:
        counts = compared(demo.demo.lake(), date.fromisoformat(day), demo.demo.path / "lake" / "raw", tmp_path / day)
        assert min(counts.values()) > 20, counts


def test_real_playlists_give_the_beginners_tables(platform: Platform, shared_data: Path, tmp_path: Path) -> None:
    days = ("2024-04-22", "2024-05-02", "2024-05-11")
    for day in days:
        file = shared_data / "playlists" / f"top50_global_{day}.json.gz"
        platform.ok("import", "playlists", file, "--snapshot-date", day)
    lake = platform.live.lake()
    publish_dates(lake, list(map(date.fromisoformat, days)))
    for day in days:
        counts = compared(lake, date.fromisoformat(day), platform.live.path / "lake" / "raw", tmp_path / day)
        assert counts["tracks"] == 50 and counts["albums"] > 0 and counts["artists"] > 0
