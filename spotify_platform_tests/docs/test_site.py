"""The documentation as a site: it builds without a network, its links lead somewhere, and nothing in it is stale."""

import os
import re
import shutil
import subprocess
import sys
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def script(name: str) -> ModuleType:
    """A script of docs/, as a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(DOCS)
        return import_module(name)


def build(folder: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """Build the site of a folder, where every request of a network would fail."""
    words = [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(site)]
    without = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(words, cwd=folder, env=os.environ | without, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    folder = tmp_path_factory.mktemp("site")
    done = build(ROOT, folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_is_built_and_asks_nobody_for_anything(site: Path) -> None:
    pages = [page for page in site.rglob("*.html") if page.name != "404.html"]
    assert len(pages) >= 12
    for page in pages:
        text = page.read_text("utf-8")
        loaded = re.findall(r'<(?:script|link|img)\b[^>]*\b(?:src|href)="(https?:)?//', text)
        assert not loaded, page
    assert (site / "search" / "search_index.json").stat().st_size > 100_000


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("[gone](gone.md)", "link 'gone.md'"),
        ("[gone](concepts.md#gone)", "no such anchor"),
        ("[gone](../deploy/gone.yaml)", "not in the repository"),
        ("![gone](pictures/gone.png)", "pictures/gone.png"),
    ],
    ids=["page", "anchor", "file", "picture"],
)
def test_a_link_that_leads_nowhere_is_an_error(fault: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    shutil.copy(DOCS / "site_hooks.py", tmp_path / "docs")
    (tmp_path / "README.md").write_text("# Start\n", "utf-8")
    (tmp_path / "docs" / "concepts.md").write_text(f"# Concepts\n\n{fault}\n", "utf-8")
    (tmp_path / "mkdocs.yml").write_text(
        re.sub(
            r"nav:\n  - index.*", "nav:\n  - index.md\n  - concepts.md\n", (ROOT / "mkdocs.yml").read_text(), flags=re.S
        )
    )
    done = build(tmp_path, tmp_path / "site")
    assert done.returncode == 1 and told in done.stderr, done.stderr


@pytest.mark.parametrize("page", ["commands.md", "settings.md", "marts.md", "errors.md"])
def test_the_reference_is_what_the_code_says(page: str) -> None:
    assert (DOCS / "reference" / page).read_text("utf-8") == script("reference").PAGES[page](), "run `make docs`"


def test_messages_that_are_made_for_somebody_else_to_raise_are_in_the_reference() -> None:
    made = script("reference").errors()
    for text in ("Spotify did not accept the credentials", "Glue cannot be asked", "Spotify serves only the present"):
        assert text in made


def test_the_picture_of_the_rooms_is_what_the_code_says() -> None:
    assert (DOCS / "pictures" / "rooms.svg").read_text("utf-8") == script("rooms").svg(), "run `make docs`"


def test_a_month_costs_what_prices_and_arithmetic_say() -> None:
    cost, page = script("cost"), (DOCS / "cost.md").read_text("utf-8")
    assert cost.made(page) == page, "run `make docs`"
    sums = [sum(line.cost for line in cost.month(size)) for size in cost.SIZES]
    told = "about ${:.0f} for 1,000 artists, ${:.0f} for 10,000 and ${:.0f} for 100,000".format(*sums)
    assert told in (DOCS / "deploy.md").read_text("utf-8")
    # The first line, by hand: a thousand artists' 175 s and 30 s of idle calls, 30 times, at $0.0000166667 a GB-second.
    assert round(next(cost.month(1_000)).cost, 4) == Decimal("0.1025")


def test_no_picture_is_stale() -> None:
    assert script("stale").stale() == [], "run `make pictures`, or `make docs` for those of questions"


def test_a_picture_whose_sources_changed_is_stale(tmp_path: Path) -> None:
    stale = script("stale")
    (tmp_path / "docs" / "pictures").mkdir(parents=True)
    (tmp_path / "dashboard").mkdir()
    (tmp_path / "docs" / "pictures" / "dashboard-today.png").touch()
    (tmp_path / "dashboard" / "app.py").write_text("a page")
    assert stale.stale(tmp_path) == ["dashboard-today.png"]
    stale.made(["dashboard-today.png"], tmp_path)
    assert stale.stale(tmp_path) == []
    (tmp_path / "dashboard" / "app.py").write_text("another page")
    assert stale.stale(tmp_path) == ["dashboard-today.png"]


def test_every_picture_is_shown_somewhere() -> None:
    pages = [ROOT / "README.md", *DOCS.rglob("*.md")]
    text = "\n".join(page.read_text("utf-8") for page in pages)
    pictures = [path.name for pattern in ("*.png", "pictures/*.png", "pictures/*.svg") for path in DOCS.glob(pattern)]
    assert [name for name in pictures if name not in text] == []
