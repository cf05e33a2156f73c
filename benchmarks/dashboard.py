"""How long the dashboard's first page takes on the demo's data, and how long any filter takes on 10 million rows.

`make bench-dashboard`. A page is timed in Chromium, from the address to the last chart drawn; a filter from the click
on another choice to the last chart drawn anew. The large database is `benchmarks/marts/data.py`'s with its marts built,
as `make bench-marts` leaves it: give it with --database. Without Chromium nothing is measured.
"""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from calendar import monthrange
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
from playwright.sync_api import Page, sync_playwright
from rich.console import Console
from rich.table import Table as RichTable

from spotify_platform.contracts.marts import MARTS
from spotify_platform.lake import Lake, keys
from spotify_platform.lake.origin import claim
from spotify_platform.lake.publishing import PublishedFile
from spotify_platform.load.duckdb import DuckDBWarehouse
from spotify_platform.marts.build import MartsRecord

PROGRAM = Path(sys.executable).with_name("spotify-platform")
FIRST_PAGE, ANY_FILTER = 2.0, 1.0  # seconds
PAGES = ("", "trending", "genres", "markets", "artists", "releases", "health")
DRAWN = """() => {
    const end = [...document.querySelectorAll('[data-testid=stCaptionContainer]')].pop();
    const charts = [...document.querySelectorAll('[data-testid=stVegaLiteChart]')];
    return end && end.textContent.includes('Shown:') && !document.querySelector('[data-stale=true]')
        && document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'
        && charts.every(chart => chart.querySelector('canvas, svg'));
}"""


def publish(database: Path, lake: Lake) -> int:
    """Publish a database's marts as a build does, a file a month; returns the rows of the charts."""
    claim(lake, "spotify")
    files = []
    with duckdb.connect(database, read_only=True) as connection, tempfile.TemporaryDirectory() as scratch:
        warehouse = DuckDBWarehouse(connection)
        for mart in MARTS:
            for part, between in _parts(connection, mart.name, mart.day if mart.touched else ""):
                path = Path(scratch, f"{mart.name}-{part}.parquet")
                rows = warehouse.export(mart, path, between)
                key = keys.mart(mart.name, "bench", part)
                lake.put(key, path)
                files.append(PublishedFile(table=mart.name, path=key, rows=rows, bytes=path.stat().st_size, sha256=""))
                path.unlink()
    record = MartsRecord(seq=1, build_id="bench", inputs="", batches={}, built_at=datetime.now(UTC), files=files)
    lake.put(keys.marts_published(1), record.model_dump_json().encode())
    return sum(file.rows for file in files if file.table == "fct_chart_daily")


def _parts(
    connection: duckdb.DuckDBPyConnection, name: str, day: str
) -> Iterator[tuple[str, tuple[date, date] | None]]:
    if not day:
        yield "all", None
        return
    months = connection.execute(f"select distinct date_trunc('month', {day}) from marts.{name} order by 1").fetchall()
    for (first,) in months:
        yield f"{first:%Y-%m}", (first, first.replace(day=monthrange(first.year, first.month)[1]))


@contextmanager
def serving(home: Path) -> Iterator[str]:
    """A dashboard over a home, until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"SPOTIFY_PLATFORM_HOME": str(home)}
    server = subprocess.Popen([PROGRAM, "dashboard", "--port", str(port)], env=environment, stdout=subprocess.DEVNULL)
    try:
        while socket.socket().connect_ex(("127.0.0.1", port)):
            if server.poll() is not None:
                raise SystemExit("The dashboard did not start.")
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def timed_page(page: Page, address: str) -> float:
    """Seconds until everything is drawn."""
    start = time.perf_counter()
    page.goto(address)
    page.wait_for_function(DRAWN, timeout=120_000)
    return time.perf_counter() - start


def timed_filters(page: Page) -> Iterator[tuple[str, float]]:
    """For each filter of a page: seconds from the click on its third choice until everything is drawn."""
    for box in range(page.get_by_test_id("stSelectbox").count()):
        select = page.get_by_test_id("stSelectbox").nth(box)
        name = select.locator("label").inner_text()
        select.locator("input").click()
        choice = page.get_by_role("option").nth(2)
        choice.wait_for()
        before = page.evaluate("document.querySelector('[data-testid=stApp]').dataset.testScriptState")
        assert before == "notRunning"
        start = time.perf_counter()
        choice.click()
        page.wait_for_function(
            "() => document.querySelector('[data-testid=stApp]').dataset.testScriptState !== 'notRunning'",
            timeout=5_000,
        )
        page.wait_for_function(DRAWN, timeout=120_000)
        yield name, time.perf_counter() - start


def main() -> None:
    """Measure and print the tables; exit with 1 where a bound is broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--database", type=Path, help="DuckDB file of benchmarks/marts/data.py with its marts")
    parser.add_argument("--demo", type=Path, help="home of a demo that was run; else one is run")
    given = parser.parse_args()
    chromium = shutil.which("chromium")
    if not chromium:
        raise SystemExit("Chromium is not here. Install it: apt-get install chromium")
    table = RichTable(
        "",
        "seconds",
        "bound",
        title=f"The dashboard in Chromium, a load of {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores",
    )
    broken = False
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        home = given.demo or Path(scratch, "demo")
        if not given.demo:
            environment = os.environ | {"SPOTIFY_PLATFORM_HOME": str(home)}
            subprocess.run([PROGRAM, "demo"], env=environment, check=True, stdout=subprocess.DEVNULL)
        with serving(home) as address:
            seconds = timed_page(browser.new_page(), address)
            broken |= seconds > FIRST_PAGE
            table.add_row("first page after the start, demo", f"{seconds:.2f}", f"{FIRST_PAGE}")
            seconds = timed_page(browser.new_page(), address)
            table.add_row("the same for the next reader", f"{seconds:.2f}", f"{FIRST_PAGE}")
        if given.database:
            large = Path(scratch, "large")
            rows = publish(given.database, Lake((large / "live" / "lake").as_uri()))
            with serving(large) as address:
                for name in PAGES:
                    page = browser.new_page()
                    table.add_row(f"/{name}, {rows:,} chart rows", f"{timed_page(page, f'{address}/{name}'):.2f}", "")
                    for label, seconds in timed_filters(page):
                        broken |= seconds > ANY_FILTER
                        table.add_row(f"/{name}: {label}", f"{seconds:.2f}", f"{ANY_FILTER}")
        browser.close()
    Console().print(table)
    if not given.database:
        Console().print("Filters were not measured: give --database.")
    raise SystemExit(1 if broken else 0)


if __name__ == "__main__":
    main()
