"""Makes the tour's pictures of Dagster's UI: `python docs/tour_pictures.py docs/pictures`, with Chromium.

A real `dagster dev` runs on a demo of some days in a temporary folder; a backfill of three of them is launched as the
UI does it, over GraphQL, and waited for.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, sync_playwright
from stale import made

ROOT = Path(__file__).parents[1]
PROGRAMS = Path(sys.executable).parent
DAYS = 5
BACKFILL = """mutation($days: [String!]!, $assets: [AssetKeyInput!]!) {
  launchPartitionBackfill(backfillParams: {partitionNames: $days, assetSelection: $assets}) {
    __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""


class Ui:
    """A running `dagster dev`."""

    def __init__(self, address: str) -> None:
        self.address = address

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """An answer of its GraphQL."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(f"{self.address}/graphql", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return dict(json.load(answer)["data"])

    def backfill(self, days: list[str]) -> str:
        """Launch a backfill of the curated and loaded tables, and wait for its end; its id."""
        nodes = self.ask("{ assetNodes { assetKey { path } isPartitioned } }")["assetNodes"]
        assets = [
            {"path": node["assetKey"]["path"]}
            for node in nodes
            if node["isPartitioned"] and node["assetKey"]["path"][0] in ("curated", "warehouse")
        ]
        answer = self.ask(BACKFILL, days=days, assets=assets)["launchPartitionBackfill"]
        backfill = str(answer["backfillId"])
        one = (
            "query($id: String!) { partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { status } } }"
        )
        while (status := self.ask(one, id=backfill)["partitionBackfillOrError"]["status"]) != "COMPLETED_SUCCESS":
            if "FAILED" in status:
                raise SystemExit(f"The backfill ended as {status}.")
            time.sleep(1)
        return backfill


@contextmanager
def dagster_dev(environment: dict[str, str]) -> Iterator[Ui]:
    """`dagster dev` with this environment, until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(PROGRAMS / "dagster"), "dev", "-h", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(
        command, cwd=ROOT, env=environment, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        address = f"http://127.0.0.1:{port}"
        while True:
            try:
                urllib.request.urlopen(f"{address}/server_info").close()
                break
            except urllib.error.URLError:
                if server.poll() is not None:
                    raise SystemExit("dagster dev did not start.") from None
                time.sleep(1)
        yield Ui(address)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(60)


def take(page: Page, address: str, wait_for: str, path: Path) -> None:
    """A picture of a page, once a text stands on it."""
    page.goto(address)
    page.get_by_text(wait_for).first.wait_for(timeout=60_000)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(3_000)  # what moves into its place
    page.screenshot(path=path)
    Image.open(path).convert("RGB").quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)


def main(folder: Path) -> None:
    """Run a demo, open its UI, and take the pictures."""
    with tempfile.TemporaryDirectory(prefix="tour-") as home:
        environment = os.environ | {"SPOTIFY_PLATFORM_HOME": home}
        demo = [PROGRAMS / "spotify-platform", "demo", "--days", str(DAYS)]
        subprocess.run(demo, env=environment, check=True)
        days = sorted(path.name.removeprefix("snapshot_date=") for path in Path(home).glob("demo/lake/raw/artists/*"))
        with dagster_dev(environment) as ui, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1400, "height": 900})
            backfill = ui.backfill(days[1:4])
            pages = {
                "dagster-assets": ("/asset-groups?open-nodes=", "curated"),
                "dagster-partition": (f"/assets/curated/tracks?view=partitions&partition={days[2]}", days[2]),
                "dagster-check": ("/assets/curated/tracks?view=checks&checkDetail=audit", "audit"),
                "dagster-backfill": (f"/runs/b/{backfill}", backfill),
            }
            for name, (where, text) in pages.items():
                take(page, ui.address + where, text, folder / f"{name}.png")
            browser.close()
    made(f"{name}.png" for name in pages)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
