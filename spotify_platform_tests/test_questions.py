"""The question book: every query in it runs, as the page says, and the page is what the product makes."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from spotify_platform.load.reader import query

from .marts.comparison import Built, built
from .marts.worlds import write_season

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "questions.md"
# A question of the page: its SQL, and the columns of the answer; without rows there are none.
ANSWERED = re.compile(r"^## (.+?)\n.*?```sql\n(.*?)\n```\n\n(?:\| (.*?) \|\n|No rows)", re.MULTILINE | re.DOTALL)
QUESTIONS = [match.groups() for match in ANSWERED.finditer(PAGE.read_text("utf-8"))]

every_question = pytest.mark.parametrize(("title", "select", "columns"), QUESTIONS, ids=[one[0] for one in QUESTIONS])


@pytest.fixture(scope="module")
def book() -> ModuleType:
    """The script that makes the page."""
    spec = importlib.util.spec_from_file_location("questions", DOCS / "questions.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Sixteen weeks of two invented markets, in the marts."""
    from spotify_platform.lake import Lake

    folder = tmp_path_factory.mktemp("season")
    lake = Lake((folder / "lake").as_uri())
    write_season(lake)
    return built(lake, folder)


def test_the_page_has_every_question(book: ModuleType) -> None:
    assert [(one.title, one.select) for one in book.questions()] == [(title, select) for title, select, _ in QUESTIONS]
    named = re.findall(r"\]\((pictures/.+?)\)", PAGE.read_text("utf-8"))
    assert named
    assert all((DOCS / name).is_file() for name in named)


@every_question
def test_a_question_is_answered(season: Built, title: str, select: str, columns: str | None) -> None:
    found, _ = query(season.lake, select)
    assert columns is None or " | ".join(found) == columns


@pytest.mark.soak
def test_the_page_is_what_the_demo_answers_today(tmp_path: Path) -> None:
    subprocess.run([sys.executable, DOCS / "questions.py", tmp_path], check=True, timeout=600)
    assert (tmp_path / "questions.md").read_text("utf-8") == PAGE.read_text("utf-8")
