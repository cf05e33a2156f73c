"""The pages without a browser: each one has something to say on every platform, and its filters reach its figures."""

import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from spotify_platform_tests.conftest import Platform
from spotify_platform_tests.dashboard.conftest import platform_at

DASHBOARD = Path(__file__).parents[2] / "dashboard"
PAGES = ("today", "trending", "genres", "markets", "artists", "releases", "health", "cost")
FIGURES = {"today": 4, "trending": 4, "genres": 2, "markets": 3, "artists": 5, "releases": 2, "health": 5, "cost": 3}

Open = Callable[[str, Path], AppTest]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens a page of the platform in a folder; what it holds stays readable while the test lasts."""
    monkeypatch.syspath_prepend(DASHBOARD)

    def open_page(name: str, root: Path) -> AppTest:
        monkeypatch.setenv("SPOTIFY_PLATFORM_HOME", str(root))
        app = AppTest.from_file(str(DASHBOARD / "app.py"), default_timeout=60).run()
        return app if name == "today" else app.switch_page(f"views/{name}.py").run()

    with pytest.MonkeyPatch.context() as patch:
        for name in ("SPOTIPY_CLIENT_ID", "SPOTIPY_CLIENT_SECRET", "SPOTIFY_PLATFORM_LAKE_URL"):
            patch.delenv(name, raising=False)
        yield open_page


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_error_on_any_platform(name: str, root: Path, opened: Open) -> None:
    page = opened(name, root)
    assert not page.exception and not page.error
    assert page.title[0].value
    assert page.subheader or "Nothing is here yet" in page.markdown[0].value


@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_all_its_figures_with_their_rows_and_sql(name: str, month: Path, opened: Open) -> None:
    page = opened(name, month)
    asked = [code.value for code in page.code if code.value.startswith("spotify-platform query")]
    assert len(asked) == FIGURES[name]
    assert len(page.get("download_button")) == FIGURES[name]
    assert page.caption[-1].value.startswith("Shown:")


def test_an_empty_platform_says_how_to_begin(nothing: Path, opened: Open) -> None:
    for name in PAGES:
        (said,) = opened(name, nothing).markdown
        assert "make demo" in said.value and str(nothing) in said.value


def test_development_mode_is_said_to_lack_figures(development: Path, opened: Open) -> None:
    page = opened("health", development)
    assert "does not serve" in page.info[0].value and "unknown, not 0" in page.info[0].value


def test_a_filter_reaches_the_questions(month: Path, opened: Open) -> None:
    page = opened("today", month)
    before = [code.value for code in page.code]
    page.selectbox(key="market").set_value("US").run()
    assert all("market = 'US'" in code.value for code in page.code[:1])
    assert [code.value for code in page.code] != before
    assert not page.error and not page.exception


def test_a_question_of_a_page_can_be_typed_as_it_stands(month: Path, opened: Open) -> None:
    """What the code block says is a command, and its rows are those that the page counts."""
    page = opened("trending", month)
    command = shlex.split(page.code[0].value)
    assert command[:2] == ["spotify-platform", "query"]
    with platform_at(month) as platform:
        rows = platform.query(command[2])
    assert page.get("download_button")[0].proto.label == f"{len(rows)} rows as CSV"


def test_a_fault_of_the_platform_is_told_in_one_box(month: Path, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOTIFY_PLATFORM_CAPTURE_HOUR", "99")
    page = opened("today", month)
    assert len(page.error) == 1
    assert "SPOTIFY_PLATFORM_CAPTURE_HOUR" in page.error[0].value


def test_the_command_refuses_a_port_in_use(platform: Platform) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        answer = platform.cli("dashboard", "--port", str(taken.getsockname()[1]))
    assert answer.code == 1 and "in use" in answer.err
