"""The pages in a browser: nothing overlaps or is cut off, nothing is told to the console, axe finds nothing to say.

Debian's Chromium is driven; where there is none, these tests are skipped. `make test` opens each page once, the soak at
both widths, light and dark, on every platform.
"""

import csv
import io
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, TimeoutError, sync_playwright

from spotify_platform_tests.conftest import Platform
from spotify_platform_tests.dashboard.conftest import platform_at
from spotify_platform_tests.dashboard.test_pages import FIGURES

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="Chromium is not here: apt-get install chromium")

PAGES = ("today", "trending", "genres", "markets", "artists", "releases", "health", "cost")
PROGRAM = Path(sys.executable).with_name("spotify-platform")
AXE = Path(str(find_spec("axe_playwright_python").origin)).with_name("axe.min.js")
# A page opened by its own address makes Streamlit look below it first for where its server is, which is no fault.
PROBES = ("/_stcore/health", "/_stcore/host-config")

DONE = """() => {
    const app = document.querySelector('[data-testid=stApp]');
    const charts = [...document.querySelectorAll('[data-testid=stVegaLiteChart]')];
    return app && app.dataset.testScriptState === 'notRunning' && document.querySelector('h1')
        && document.body.innerText.match(/Shown:|Nothing is here yet/)
        && charts.every(chart => chart.querySelector('canvas, svg'))
        && [...document.querySelectorAll('[class*=st-key-figure-]')]
            .every(figure => figure.querySelector('dl, code, table'))
        && !document.querySelector('[data-stale=true]')
        && document.getAnimations().every(animation => animation.playState !== 'running');
}"""

# The address changes before the page's script runs again: notes that it did, so that nobody looks at the page before.
NOTE_RUNS = """() => {
    window.hasRun = false;
    new MutationObserver(() => { window.hasRun = true; })
        .observe(document.body, {subtree: true, attributes: true, attributeFilter: ['data-test-script-state']});
}"""

# What is wider than its place, stands out of its box, or lies over its neighbour.
FAULTS = """() => {
    const faults = [];
    const main = document.querySelector('[data-testid=stMain]');
    if (main.scrollWidth > main.clientWidth + 1) faults.push(`the page is ${main.scrollWidth} pixels wide`);
    const box = one => one.getBoundingClientRect();
    const named = one => (one.className || '').toString().match(/st-key-[\\w-]+/)?.[0] ?? one.tagName;
    const seen = one => box(one).width > 0 && box(one).height > 0
        && !one.closest('details:not([open]) > :not(summary)');
    const figures = [...document.querySelectorAll('[class*=st-key-figure-]')];
    for (const figure of figures) {
        const edge = box(figure);
        const inside = [...figure.querySelectorAll('canvas, svg.marks, h3, button, dl, dt, dd, .scroll, p')];
        for (const one of inside.filter(seen)) {
            if (one.closest('.scroll') && !one.matches('.scroll')) continue;
            const rect = box(one);
            if (rect.left < edge.left - 1 || rect.right > edge.right + 1 || rect.bottom > edge.bottom + 1)
                faults.push(`${named(figure)}: ${one.tagName} stands out of its box`);
        }
        const blocks = [...figure.querySelectorAll('[data-testid=stElementContainer]')].filter(seen);
        blocks.forEach((one, n) => { const next = blocks[n + 1];
            if (next && box(next).top < box(one).bottom - 1 && box(next).left < box(one).right - 1
                && box(next).right > box(one).left + 1) faults.push(`${named(figure)}: two of its parts overlap`); });
    }
    figures.forEach((one, n) => figures.slice(n + 1).forEach(other => {
        const a = box(one), b = box(other);
        if (!one.contains(other) && !other.contains(one) && a.left < b.right - 1 && b.left < a.right - 1
            && a.top < b.bottom - 1 && b.top < a.bottom - 1) faults.push(`${named(one)} and ${named(other)} overlap`);
    }));
    const words = [...document.querySelectorAll('h1, h2, h3, label p, button p')].filter(seen);
    for (const one of words)
        if (one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX !== 'visible')
            faults.push(`cut off: ${one.textContent}`);
    return faults;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for all tests."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[Path, str]]:
    """The addresses of dashboards by the folder of their platform; `address_of` starts what is missing."""
    started: dict[Path, str] = {}
    processes: list[subprocess.Popen[bytes]] = []

    class Servers(dict):
        def __missing__(self, root: Path) -> str:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
            environment = os.environ | {"SPOTIFY_PLATFORM_HOME": str(root)}
            words = [str(PROGRAM), "dashboard", "--port", str(port)]
            process = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE)
            processes.append(process)
            for line in process.stdout:  # Streamlit says so when it answers
                if b"URL:" in line:
                    break
            assert process.poll() is None
            self[root] = started[root] = f"http://127.0.0.1:{port}"
            return self[root]

    yield Servers()
    for process in processes:
        process.terminate()
        process.wait()


class Seen:
    """A page of a dashboard in a window, and what its console and its network were told."""

    def __init__(self, browser: Browser, width: int, scheme: Literal["light", "dark"]) -> None:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.page: Page = context.new_page()
        self.faults: list[str] = []
        self.hosts: set[str] = set()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", lambda request: self.hosts.add(request.url.split("/")[2]))

    def _hear(self, message: Any) -> None:
        if message.type == "error" and not message.location["url"].endswith(PROBES):
            self.faults.append(message.text)

    def open(self, address: str, name: str) -> Page:
        self.page.goto(f"{address}/{'' if name == 'today' else name}")
        self.wait()
        return self.page

    def wait(self) -> None:
        self.page.wait_for_function(DONE, timeout=60_000)

    def judge(self) -> None:
        """Fail for whatever is wrong with what is shown now."""
        assert self.page.evaluate(FAULTS) == []
        assert self.page.get_by_test_id("stException").count() == 0
        assert self.page.get_by_role("alert").filter(has_text="Error").count() == 0
        assert self.faults == []
        assert all(host.startswith("127.0.0.1") for host in self.hosts), self.hosts

    def axe(self) -> list[str]:
        """What axe-core has against the page, by WCAG 2.2 A and AA."""
        self.page.evaluate(AXE.read_text("utf-8"))
        rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
        found = self.page.evaluate("async rules => (await axe.run({runOnly: rules})).violations", rules)
        return [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]]

    def choose(self, box: int) -> str:
        """Click another choice of a filter; returns what it reads, or nothing where there is no other."""
        chosen = self.page.get_by_test_id("stSelectbox").nth(box).locator("input")
        before, address = chosen.input_value(), self.page.url
        chosen.click()
        self.page.get_by_role("option").first.wait_for()
        others = [text for text in self.page.get_by_role("option").all_inner_texts() if text != before]
        self.page.evaluate(NOTE_RUNS)
        while others and self.page.url == address:
            # By name, and more than once: the list is drawn anew as it opens, and a click may meet the one that goes.
            if not (option := self.page.get_by_role("option", name=others[-1], exact=True)).count():
                chosen.click()
            option.click()
            with suppress(TimeoutError):
                self.page.wait_for_url(lambda url: url != address, wait_until="commit", timeout=5_000)
        if not others:
            self.page.keyboard.press("Escape")
            return ""
        self.page.wait_for_function("window.hasRun")
        self.wait()
        return others[-1]


@pytest.fixture
def window(browser: Browser) -> Iterator[Any]:
    """Opens windows, which are closed when the test ends."""
    windows: list[Seen] = []

    def open_window(width: int = 1280, scheme: Literal["light", "dark"] = "light") -> Seen:
        windows.append(Seen(browser, width, scheme))
        return windows[-1]

    yield open_window
    for one in windows:
        one.page.context.close()


@pytest.mark.parametrize(("name", "width"), [(name, (1280, 390)[n % 2]) for n, name in enumerate(PAGES)])
def test_a_page_looks_right(name: str, width: int, month: Path, servers, window) -> None:
    seen = window(width, ("light", "dark")[PAGES.index(name) % 4 // 2])
    seen.open(servers[month], name)
    seen.judge()
    assert seen.axe() == []
    assert seen.choose(0)
    seen.judge()


@pytest.mark.soak
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", PAGES)
def test_every_page_on_every_platform(name: str, width: int, scheme: str, root: Path, servers, window) -> None:
    seen = window(width, scheme)
    page = seen.open(servers[root], name)
    seen.judge()
    assert seen.axe() == []
    for box in range(page.get_by_test_id("stSelectbox").count()):
        seen.choose(box)
        seen.judge()


def _shown(cell: str, told: str, name: str) -> bool:
    """Whether a cell reads as `query`'s value: with two places (dollars: six) where it has some, no 0 for nothing."""
    if not told:
        return cell == ("" if name == "reason" else "unknown")
    try:
        figure = float(told)
    except ValueError:
        return cell == " ".join(told.split())
    if name == "usd":
        return cell == f"{figure:,.6f}"
    return cell in (f"{figure:,.2f}", f"{int(figure):,}" if figure == int(figure) else "", told)


def _judge_figures(page: Page, platform: Platform) -> list[str]:
    """Hold what each figure of a page shows and offers against what `query` says; returns the figures' names."""
    judged = []
    for figure in page.locator("[class*=st-key-figure-]").all():
        name = re.search(r"st-key-figure-([\w-]+)", figure.get_attribute("class") or "")
        if not name or not figure.get_by_text("Rows and SQL").count():
            continue  # what the lake says itself, of audit and captures, is no answer to a query
        figure.get_by_text("Rows and SQL").click()
        figure.locator("code").wait_for()
        words = shlex.split(figure.locator("code").inner_text())
        assert words[:2] == ["spotify-platform", "query"]
        told = list(csv.DictReader(io.StringIO(platform.ok("query", words[2], "--format", "csv"))))
        judged.append(name[1])
        if not told:
            continue
        with page.expect_download() as download:
            figure.get_by_role("button", name=re.compile("rows? as CSV")).click()
        assert list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text("utf-8")))) == told, name[1]
        table = figure.locator("table")
        heads = [head.replace(" ", "_") for head in table.locator("th").all_inner_texts()]
        rows = [row.locator("td").all_inner_texts() for row in table.locator("tbody tr").all()]
        assert len(rows) == min(15, len(told)), name[1]
        for cells, row in zip(rows, told, strict=False):
            wrong = [
                (name[1], head, cell, row[head])
                for head, cell in zip(heads, cells, strict=True)
                if not _shown(cell, row[head], head)
            ]
            assert wrong == []
    return judged


def test_the_rows_on_screen_are_those_of_query(month: Path, servers, window) -> None:
    page = window().open(servers[month], "trending")
    with platform_at(month) as platform:
        assert "trending_today" in _judge_figures(page, platform)


@pytest.mark.soak
@pytest.mark.parametrize("name", PAGES)
def test_every_figure_on_screen_is_that_of_query(name: str, month: Path, servers, window) -> None:
    """With the filters as they are at first, and with another choice of each."""
    seen = window()
    page = seen.open(servers[month], name)
    with platform_at(month) as platform:
        judged = _judge_figures(page, platform)
        assert len(judged) == FIGURES[name]
        for box in range(page.get_by_test_id("stSelectbox").count()):
            page = (seen := window()).open(servers[month], name)
            if seen.choose(box):
                assert _judge_figures(page, platform) == judged


def test_a_filter_stands_in_the_address_and_is_read_from_it(month: Path, servers, window) -> None:
    seen = window()
    page = seen.open(servers[month], "today")
    chosen = seen.choose(0)
    assert f"market={chosen}" in page.url
    again = window()
    other = again.open(servers[month], f"trending?market={chosen}")
    assert other.locator(".st-key-figure-trending_today code").text_content().count(f"'{chosen}'") == 1


def test_the_keyboard_reaches_filters_and_pages(month: Path, servers, window) -> None:
    seen = window()
    page = seen.open(servers[month], "today")
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.innerText || document.activeElement.ariaLabel || ''"))
        if page.evaluate("!!document.activeElement.closest('[data-testid=stSelectbox]')"):
            break
    else:
        pytest.fail(f"no filter among {reached}")
    assert any("Genres" in text for text in reached)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_function("() => location.search.includes('market=')")
    seen.wait()
    seen.judge()


def test_the_report_looks_right_too(month: Path, browser: Browser, window) -> None:
    with platform_at(month) as platform:
        address = platform.demo.report.as_uri()
    for width, scheme in ((1280, "light"), (390, "dark")):
        seen = window(width, scheme)
        seen.hosts.clear()
        seen.page.goto(address)
        assert seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert seen.axe() == []
        assert seen.faults == [] and seen.hosts == {""}


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("document.querySelector('dl').style.width = '3000px'", "stands out of its box"),
        ("document.querySelector('.st-key-figure-movers').style.transform = 'translateX(-300px)'", "overlap"),
        ("document.querySelector('h1').style.cssText = 'overflow:hidden;white-space:nowrap;width:9px'", "cut off"),
    ],
    ids=["too-wide", "overlapping", "cut-off"],
)
def test_a_fault_of_the_layout_is_seen(fault: str, told: str, month: Path, servers, window) -> None:
    seen = window()
    page = seen.open(servers[month], "today")
    page.evaluate(fault)
    assert any(told in one for one in page.evaluate(FAULTS)), page.evaluate(FAULTS)
