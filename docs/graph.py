"""Makes docs/graph.png: the lineage of one mart in Dagster's UI, after a demo of some days in a temporary folder.

`python docs/graph.py docs/graph.png` needs Chromium, and playwright to drive it.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import socket

from stale import made

ROOT = Path(__file__).parents[1]
PROGRAMS = Path(sys.executable).parent
PAGE = "/assets/marts/trending_artists_daily?view=lineage&lineageScope=upstream&lineageDepth=9"
WINDOW = {"width": 2600, "height": 1900}  # so large that the UI leaves details away and shows all names
MARGIN = 24
# The smallest rectangle around what the graph draws.
AROUND = """() => {
    const boxes = [...document.querySelectorAll("svg foreignObject")].map(node => node.getBoundingClientRect());
    const [left, top] = [Math.min(...boxes.map(box => box.left)), Math.min(...boxes.map(box => box.top))];
    const [right, bottom] = [Math.max(...boxes.map(box => box.right)), Math.max(...boxes.map(box => box.bottom))];
    return {x: left, y: top, width: right - left, height: bottom - top};
}"""


@contextmanager
def webserver(environment: dict[str, str]) -> Iterator[str]:
    """The UI of the platform with this environment; its address."""
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [
        PROGRAMS / "dagster-webserver",
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
        "-w",
        "workspace.yaml",
        "--read-only",
    ]
    with subprocess.Popen(command, cwd=ROOT, env=environment) as server:
        try:
            for _ in range(120):
                try:
                    urllib.request.urlopen(f"{address}/server_info").close()
                    break
                except urllib.error.URLError:
                    time.sleep(1)
            yield address
        finally:
            server.terminate()


def main(path: Path) -> None:
    """Run a demo, open its UI, and take the picture."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory(prefix="graph-") as home:
        environment = os.environ | {"SPOTIFY_PLATFORM_HOME": home}
        subprocess.run([PROGRAMS / "spotify-platform", "demo", "--days", "3"], env=environment, check=True)
        with webserver(environment) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            page = browser.new_page(viewport=WINDOW)
            page.goto(address + PAGE)
            page.get_by_text("fct_chart_daily").first.wait_for()
            page.wait_for_timeout(5000)  # the boxes move into their places
            box = page.evaluate(AROUND)
            clip = {"x": box["x"] - MARGIN, "y": box["y"] - MARGIN}
            clip |= {"width": box["width"] + 2 * MARGIN, "height": box["height"] + 2 * MARGIN}
            page.screenshot(path=path, clip=clip)
            browser.close()
    made([path.name])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
