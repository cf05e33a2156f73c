"""The demo: 60 days of the sandbox's Spotify, from HTTP and chart files to the marts, as one run."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from spotify_platform.automation.foreground import RunOutcome, run_dates
from spotify_platform.extract.charts import import_charts
from spotify_platform.home import Home
from spotify_platform.lake.origin import Origin, SandboxOrigin, claim, origin_of
from spotify_platform.resources.platform import Progress
from spotify_platform.sandbox import Catalogue, write_chart_files


@dataclass(frozen=True)
class Demo:
    """Which days of which catalogue the demo shows."""

    origin: SandboxOrigin
    first: date
    last: date


def prepare(home: Home, *, days: int, artists: int, seed: int) -> Demo:
    """Claim the demo's lake for a catalogue that ends yesterday; one that was begun earlier goes on as it was."""
    lake = home.lake()
    origin: Origin | None = origin_of(lake)
    if origin is None:
        yesterday = datetime.now(UTC).date() - timedelta(days=1)
        origin = claim(lake, "sandbox", SandboxOrigin(seed=seed, artists=artists, anchor=yesterday))
    elif origin.sandbox and (origin.sandbox.seed, origin.sandbox.artists) != (seed, artists):
        claim(lake, "sandbox", SandboxOrigin(seed=seed, artists=artists, anchor=origin.sandbox.anchor))  # refuses
    assert origin.sandbox, "the demo's home holds a sandbox's lake"
    anchor = origin.sandbox.anchor
    return Demo(origin.sandbox, anchor - timedelta(days=days - 1), anchor)


def import_chart_files(home: Home, demo: Demo) -> int:
    """Write the days' chart files, and import them as a person would. Returns the number of files."""
    sandbox = demo.origin
    catalogue = Catalogue(seed=sandbox.seed, artists=sandbox.artists, anchor=sandbox.anchor)
    files = write_chart_files(catalogue, home.path / "charts", demo.first, demo.last)
    import_charts(home.lake(), files, today=datetime.now(UTC).date(), again=True)
    return len(files)


def run(home: Home, demo: Demo, progress: Progress) -> RunOutcome:
    """Capture, curate, load and build the days: the whole graph as one run."""
    return run_dates(home, "daily", demo.first, demo.last, progress)
