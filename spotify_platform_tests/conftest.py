"""What tests share: a platform of its own in a temporary folder, and the real data where it exists."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from spotify_platform.home import Home, active_home, demo_home, live_home
from spotify_platform.lake import Lake
from spotify_platform.load.reader import open_reader

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

# The longest files, which `make test` begins with: at the end they would run alone for minutes. The first one mostly
# waits for a daemon, which is why there are more workers than cores.
LONGEST = ("test_automation_end_to_end.py", "test_parity.py", "test_demo.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first; all else stays in its order."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(LONGEST)))


@dataclass(frozen=True)
class Answer:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Platform:
    """A platform whose homes lie in a temporary folder."""

    root: Path

    def cli(self, *words: str | Path) -> Answer:
        """Run a command in this process and return what it said."""
        from spotify_platform.cli import app

        result = CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "200"})
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Answer(result.exit_code, result.stdout, result.stderr)

    def ok(self, *words: str | Path) -> str:
        """Run a command that must succeed; returns what it printed."""
        answer = self.cli(*words)
        assert answer.code == 0, answer.err
        return answer.out

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Rows of a SELECT, as `spotify-platform query --format json` gives them."""
        rows: list[dict[str, Any]] = json.loads(self.ok("query", sql, "--format", "json"))
        return rows

    def tables(self, *names: str) -> dict[str, list[tuple[Any, ...]]]:
        """All rows of tables, sorted, so that two states can be compared: `curated.tracks`, `marts.…`."""
        with open_reader(self.home.lake()) as connection:
            return {name: connection.execute(f"select * from {name} order by all").fetchall() for name in names}

    @property
    def home(self) -> Home:
        """The home that plain commands show."""
        return active_home()

    @property
    def demo(self) -> Home:
        """The demo's home."""
        return demo_home()

    @property
    def live(self) -> Home:
        """The home of real data."""
        return live_home()


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Platform:
    """A platform with nothing in it, and no setting of the person who runs the tests."""
    for name in ("SPOTIPY_CLIENT_ID", "SPOTIPY_CLIENT_SECRET", "DAGSTER_HOME", "SPOTIFY_PLATFORM_LAKE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SPOTIFY_PLATFORM_HOME", str(tmp_path / "platform"))
    # The report is drawn at the end of each run, a second of CPU; tests/dashboard looks at it.
    monkeypatch.setattr("spotify_platform.report.picture", lambda answer: "")
    return Platform(tmp_path / "platform")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """An empty lake in a folder."""
    return Lake((tmp_path / "lake").as_uri())


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the repository; it is never part of it."""
    if not SHARED_DATA.exists():
        pytest.skip("the real data is not here: it is Spotify's, and no part of the repository")
    return SHARED_DATA
