"""Every documented command exists and is run, page by page, as a reader types it; what a page shows is what comes."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click
import pytest
import spotipy
import typer.main
from spotipy.cache_handler import MemoryCacheHandler
from spotipy.oauth2 import SpotifyClientCredentials

from spotify_platform.cli import app
from spotify_platform.sandbox import Catalogue, Sandbox, serve, write_chart_files
from spotify_platform_tests.docs.pages import PAGES, ROOT, Block, blocks, commands

# Page → blocks, by how they begin, that the tests below do not run, and why.
NOT_RUN = {
    "README.md": {
        "make demo ": "the tour runs `make demo`; `make test` is this",
        "make dashboard ": "servers, which dashboard/test_browser.py and test_dagster_dev.py start; the tour asks",
    },
    "CONTRIBUTING.md": {"make test ": "this is that; `make format` changes the repository"},
    "docs/from-beginner-to-production.md": {"": "examples/test_from_beginner_to_production.py runs the page"},
    "docs/how-to/add-a-column.md": {"": "test_how_to.py does what the page says"},
    "docs/how-to/add-a-mart.md": {"": "makes all pages and runs tests"},
    "docs/how-to/add-a-setting.md": {"": "makes all pages and runs tests"},
    "docs/deploy.md": {"": "an AWS account; deploy/test_deploy.py and test_deploy_local.py run them at MiniStack"},
    "docs/snowflake.md": {"": "a Snowflake account; load/snowflake runs them against the model"},
    "deploy/dagster_plus/README.md": {"": "accounts of Dagster+ and AWS; test_branch.py has what they do"},
    "deploy/oss/README.md": {"": "Docker; deploy/test_oss.py reads the files"},
}
TOUR = "docs/tour.md"


def to_run(page: str) -> list[Block]:
    """The blocks of a page that are run."""
    starts = NOT_RUN.get(page, {})
    return [block for block in blocks(page) if not any(block.text.startswith(start) for start in starts)]


RUN = [page for page in PAGES if page != TOUR and to_run(page)]


def test_what_is_not_run_is_still_there() -> None:
    for page, starts in NOT_RUN.items():
        for start in starts:
            assert any(block.text.startswith(start) for block in blocks(page)), (page, start)


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)])
def test_every_command_exists_with_its_options(page: str) -> None:
    targets = set(re.findall(r"^([a-z.-]+):", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE))
    for block in blocks(page):
        for program, *words in commands(block.text):
            if program == "make":
                assert words[0] in targets, words
            elif not any("$" in word for word in words):  # what a shell puts in is known when the page is run
                parsed(words)


def parsed(words: list[str]) -> None:
    """Have the command line understand some words, without doing what they say."""
    group = typer.main.get_command(app)
    while isinstance(group, click.Group) or hasattr(group, "commands"):
        name, *words = words
        assert name in group.commands, name
        group = group.commands[name]
    group.make_context(name, [word for word in words if word != "2"])  # the 2 of a redirection


# -- run, page by page -------------------------------------------------------------------------------------------------


def session(folder: Path, page: str, environment: dict[str, str]) -> list[tuple[Block, str]]:
    """Type the blocks of a page into one shell; each block with what it printed."""
    # The programs of this environment, on the copy's package; nothing is installed at test time.
    lines = ["set -eo pipefail", 'make() { command make -o .venv/run -o .venv/dev -o .venv/beginner "$@"; }']
    for number, block in enumerate(to_run(page)):
        lines += [f"echo '== block {number}'", block.text.replace("…", "any")]
    settings = {name: value for name, value in os.environ.items() if not name.startswith(("SPOTI", "DAGSTER", "AWS"))}
    done = subprocess.run(
        ["bash", "-c", "\n".join(lines)],
        cwd=folder,
        env=settings | {"PYTHONPATH": str(folder), "COLUMNS": "200"} | environment,
        input="y\n" * 20,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    printed = re.split(r"^== block \d+\n", done.stdout, flags=re.MULTILINE)[1:]
    return list(zip(to_run(page), printed, strict=True))


def lacking(block: Block, printed: str) -> list[str]:
    """Lines that a page says are shown and that were not, in this order; … stands for anything."""
    left = iter([" ".join(line.split()) for line in printed.splitlines()])
    wanted = [" ".join(line.split()) for line in block.shows.splitlines() if line.strip("… ")]
    patterns = [".*".join(map(re.escape, line.split("…"))) for line in wanted]
    return [
        line
        for line, pattern in zip(wanted, patterns, strict=True)
        if not any(re.fullmatch(pattern, one) for one in left)
    ]


@pytest.mark.soak
def test_the_tour_can_be_copied_and_shows_what_it_says(copy: Path) -> None:
    told = session(copy, TOUR, {})
    assert sum(bool(block.shows) for block, _ in told) >= 5
    for block, printed in told:
        assert lacking(block, printed) == [], printed


@pytest.fixture
def spotify() -> Iterator[Sandbox]:
    """An offline Spotify that stands for the real one."""
    with serve(Catalogue(anchor=datetime.now(UTC).date())) as sandbox:
        yield sandbox


@pytest.fixture
def prepared(copy: Path, spotify: Sandbox) -> Path:
    """The repository with the files that pages speak of: charts of October, and a playlist as the API gave it."""
    first = date(2026, 10, 1)
    catalogue = Catalogue(anchor=date(2026, 10, 20))
    for market in ("US", "GLOBAL"):
        write_chart_files(catalogue, copy, first, first + timedelta(days=1), [market])
    for path in copy.glob("regional-us-*.csv"):
        (copy / path.name.replace("-us-", "-pt-")).write_bytes(path.read_bytes())
        (copy / "archive").mkdir(exist_ok=True)
        subprocess.run(["gzip", "-k", str(path)], check=True)
        (copy / f"{path.name}.gz").rename(copy / "archive" / f"{path.name}.gz")
    auth = SpotifyClientCredentials("any", "any", cache_handler=MemoryCacheHandler())
    client = spotipy.Spotify(auth_manager=auth)
    auth.OAUTH_TOKEN_URL, client.prefix = spotify.token_url, spotify.token_url.replace("/api/token", "/v1/")
    (copy / "playlist.json").write_text(json.dumps(client.playlist(catalogue.playlist_ids[0])), "utf-8")
    write_chart_files(catalogue, copy / "my" / "charts", first, first, ["US"])
    return copy


@pytest.mark.soak
@pytest.mark.parametrize("page", RUN)
def test_the_commands_of_a_page_work(page: str, prepared: Path, spotify: Sandbox) -> None:
    home = {
        "SPOTIFY_PLATFORM_HOME": str(prepared / ".platform"),
        "SPOTIFY_PLATFORM_API_URL": spotify.token_url.replace("/api/token", "/v1/"),
        "SPOTIFY_PLATFORM_TOKEN_URL": spotify.token_url,
        "SPOTIFY_API_URL": spotify.token_url.removesuffix("/api/token"),
    }
    if page.startswith("docs"):
        home |= {"SPOTIPY_CLIENT_ID": "any", "SPOTIPY_CLIENT_SECRET": "any"}
        program = str(Path(sys.executable).with_name("spotify-platform"))
        (prepared / "watchlist.yaml").write_text("artists:\n  - name: Neon Heart\n", "utf-8")
        for words in (["import", "charts", *map(str, prepared.glob("regional-*.csv"))], ["run"]):
            subprocess.run([program, *words], cwd=prepared, env=os.environ | home, check=True, capture_output=True)
    for block, printed in session(prepared, page, home):
        assert lacking(block, printed) == [], printed
