"""docs/from-beginner-to-production.md, run as a reader runs it: one shell, block after block.

Each break that the page tells of must happen, and the platform's answer to it, too.
"""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "from-beginner-to-production.md"
MARK = "=== "
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)

pytestmark = pytest.mark.soak


def blocks() -> list[tuple[str, str]]:
    """The page's blocks of shell, in order, each with the heading above it."""
    sections = [section.partition("\n") for section in PAGE.read_text("utf-8").split("\n## ")]
    return [(heading, block) for heading, _, text in sections for block in BLOCK.findall(text)]


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses; the page's own may be taken by a reader's sandbox."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each section printed, by heading, in a folder like a clone after `make demo` and `make beginner`."""
    clone = tmp_path_factory.mktemp("clone")
    (clone / "examples").symlink_to(ROOT / "examples")
    (clone / ".venv").symlink_to(sys.prefix)
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("SPOTI", "DAGSTER"))}
    for made in (
        [".venv/bin/spotify-platform", "demo"],
        [".venv/bin/python", "examples/beginner/offline.py", ".platform/beginner"],
    ):
        subprocess.run(made, cwd=clone, env=environ, check=True, capture_output=True)
    script = "set -eo pipefail\n" + "".join(f"echo '{MARK}{heading}'\n{block}" for heading, block in blocks())
    assert script.count("PORT=8765") == 1
    script = script.replace("PORT=8765", f"PORT={free_port()}")
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=clone,
        env=environ | {"COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    sections: dict[str, str] = {}
    for part in done.stdout.split(MARK)[1:]:
        heading, _, printed = part.partition("\n")
        sections[heading] = sections.get(heading, "") + printed
    return sections


def test_a_failing_request_costs_the_beginner_everything_and_the_platform_nothing(told):
    said = told["Extract: a request fails"]
    assert "failed: 0 kinds kept" in said
    assert re.search(r"Captured .* 2 artists, \d+ tracks", said)


def test_a_quota_makes_the_beginner_sleep_and_the_platform_plan(told):
    said = told["Extract: the quota"]
    assert "Retry will occur after" in said
    assert re.search(r"\d+ requests, about", said)


def test_the_beginner_asks_twice_and_the_platform_once(told):
    once, twice, after = map(
        int, re.findall(r"(\d+) requests so far", told["Extract: the same again, and what it costs"])
    )
    assert (twice, after) == (2 * once, twice)
    assert "Captured already" in told["Extract: the same again, and what it costs"]


def test_one_line_that_is_cut_stops_all_of_the_beginners_tables(told):
    said = told["Transform: a line that is cut"]
    assert "JSONDecodeError" in said and "failed: one bad line among all" in said


def test_a_wrong_row_stays_in_the_beginners_table_and_is_told_by_the_platform(told):
    said = told["Transform: a row that is wrong"]
    assert re.search("^US,,", said, re.MULTILINE)
    assert re.search(r"chart_entries +bad_rank +NULL +True", said)
    assert re.search(r"chart_entries +bad_value +streams +False", said)


def test_a_late_day_takes_the_newest_ones_place_in_the_beginners_table_only(told):
    said = told["Load: yesterday comes after today"]
    newer, older = re.findall(r"^US,1,.*,(\d+),", said, re.MULTILINE)
    assert newer != older
    found = re.findall(r"^[\d-]{10} +(\d+) +([\d,]+) *$", said, re.MULTILINE)
    assert [(rows, streams.replace(",", "")) for rows, streams in found] == [("50", newer), ("50", older)]
    assert "Nothing new" in said


def test_a_backfill_names_the_gaps_and_leaves_what_is_published(told):
    said = told["Load: a day again, and a day that is not there"]
    assert re.search(r"Gap: .* \(3 dates\)", said)
    assert "10 dates are published" in said


def test_half_a_chart_is_a_ranking_for_the_beginner_and_withheld_by_the_platform(told):
    said = told["Analyse: half a chart"]
    assert "15 rows → .platform/try/tables/chart_entries.csv" in said and "Picture:" in said
    assert "15 rows, usually 50" in said and "Withheld; readers see batch" in said
    assert "1 date is in the marts." in said and said.rstrip().endswith("50")  # once the whole chart is there


def test_the_beginner_reads_sixty_days_to_tell_of_one(told):
    assert re.search(r"^650 chart entries, \d+ MB$", told["Size"], re.MULTILINE)
    assert re.search(r"39,?000 +60", told["Size"])
