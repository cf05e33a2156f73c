"""Homes: the folders in which state lies, one for the demo and one for real data.

The demo's home is shown until real data is brought in; from then on it is the live one. Both can be deleted at any
time, and nothing else on the machine is written to.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote

from spotify_platform.settings import Settings, read_settings

if TYPE_CHECKING:
    from spotify_platform.lake import Lake


@dataclass(frozen=True)
class Home:
    """One folder of state: a lake, a warehouse file and Dagster's history."""

    name: Literal["demo", "live"]
    path: Path
    lake_url: str
    dagster: Path

    @property
    def warehouse(self) -> Path:
        """The DuckDB file."""
        return self.path / "warehouse.duckdb"

    @property
    def report(self) -> Path:
        """The report on the newest day, one HTML file."""
        return self.path / "report" / "report.html"

    @property
    def has_data(self) -> bool:
        """Whether anything was ever written to the lake."""
        # The file itself and not the lake: this is asked whenever definitions load, and obstore takes 0.1 s to import.
        folder = self.lake_url.removeprefix("file://")
        return folder == self.lake_url or Path(unquote(folder), "_lake.json").exists()

    def forget(self) -> None:
        """Delete what was made of the lake: the warehouse file and the reports."""
        for file in self.path.glob("warehouse.duckdb*"):
            file.unlink()
        for folder in ("quality", "report"):
            shutil.rmtree(self.path / folder, ignore_errors=True)

    def lake(self) -> "Lake":
        """The lake, opened."""
        from spotify_platform.lake import Lake

        return Lake(self.lake_url)


def active_home(settings: Settings | None = None) -> Home:
    """The home that plain commands and the UI show.

    The live one as soon as it holds data, or when there are credentials and no demo; else the demo's.
    """
    settings = settings or read_settings()
    live, demo = live_home(settings), demo_home(settings)
    return live if live.has_data or (settings.has_credentials and not demo.has_data) else demo


def demo_home(settings: Settings | None = None) -> Home:
    """The home of the sandbox's data. Its history stands aside once real data is there."""
    settings = settings or read_settings()
    path = settings.home / "demo"
    history = path / "dagster" if live_home(settings).has_data else settings.home / "dagster"
    return Home("demo", path, (path / "lake").as_uri(), history)


def live_home(settings: Settings | None = None) -> Home:
    """The home of real data."""
    settings = settings or read_settings()
    path = settings.home / "live"
    return Home("live", path, settings.lake_url or (path / "lake").as_uri(), settings.home / "dagster")


def go_live(settings: Settings | None = None) -> Home:
    """Claim the live home's lake for real data; the demo's history is moved aside, so that the two never mix.

    Call it with data at hand: from now on the live home is shown. Raises `OriginError` for a lake of the sandbox's.
    """
    from spotify_platform.lake.origin import claim

    settings = settings or read_settings()
    live, demo = live_home(settings), demo_home(settings)
    aside = demo.path / "dagster"
    if not live.has_data and demo.has_data and live.dagster.exists() and not aside.exists():
        live.dagster.rename(aside)
    claim(live.lake(), "spotify")
    return live
