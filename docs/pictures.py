"""Makes the pictures of the dashboard and the report: `python docs/pictures.py FOLDER`, for which Chromium is needed.

They show the demo of docs/questions.py, which ends on a fixed day, so that they change with the platform only.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright
from questions import demo
from stale import made

# Picture → page, width and height of the window, colours.
PICTURES = {
    "dashboard-today": ("", 1280, 860, "light"),
    "dashboard-trending": ("trending", 1280, 860, "dark"),
    "dashboard-genres": ("genres", 1280, 820, "light"),
    "dashboard-markets": ("markets", 1280, 860, "light"),
    "dashboard-artists": ("artists", 1280, 860, "light"),
    "dashboard-releases": ("releases", 390, 844, "light"),
    "dashboard-health": ("health", 1280, 860, "light"),
    "dashboard-cost": ("cost", 1280, 860, "light"),
    "dashboard-phone": ("", 390, 844, "dark"),
}
REPORT = ("report", 1280, 1000, "light")
DRAWN = """() => {
    const app = document.querySelector('[data-testid=stApp]');
    const charts = [...document.querySelectorAll('[data-testid=stVegaLiteChart]')];
    return app && app.dataset.testScriptState === 'notRunning' && document.body.innerText.includes('Shown:')
        && charts.length && charts.every(chart => chart.querySelector('canvas, svg'));
}"""


@contextmanager
def served(home: Path) -> Iterator[str]:
    """The dashboard over a home, until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = Path(sys.executable).with_name("spotify-platform")
    environment = os.environ | {"SPOTIFY_PLATFORM_HOME": str(home)}
    words = [program, "dashboard", "--port", str(port)]
    server = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL)
    try:
        while socket.socket().connect_ex(("127.0.0.1", port)):
            if server.poll() is not None:
                raise SystemExit("The dashboard did not start.")
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def take(browser: Browser, address: str, picture: tuple[str, int, int, str], path: Path) -> None:
    """A picture of the upper part of a page, in few colours, since it lies in the repository."""
    _, width, height, scheme = picture
    dark = scheme == "dark"
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light")
    page.goto(address)
    if address.startswith("http"):
        page.wait_for_function(DRAWN, timeout=60_000)
    page.evaluate("document.fonts.ready")
    page.screenshot(path=path, animations="disabled")
    page.close()
    Image.open(path).convert("RGB").quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)


def main(folder: Path) -> None:
    """Take all pictures."""
    chromium = shutil.which("chromium")
    if not chromium:
        raise SystemExit("Chromium is not here. Install it: apt-get install chromium")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pictures-") as scratch, sync_playwright() as playwright:
        home = Path(scratch, ".platform")
        demo(home)
        from spotify_platform.automation.foreground import reckon_costs
        from spotify_platform.home import demo_home

        reckon_costs(demo_home())
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        with served(home) as address:
            for name, picture in PICTURES.items():
                take(browser, f"{address}/{picture[0]}", picture, folder / f"{name}.png")
        report = home / "demo" / "report" / "report.html"
        take(browser, report.as_uri(), REPORT, folder / "report.png")
        browser.close()
    made([*(f"{name}.png" for name in PICTURES), "report.png"])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
