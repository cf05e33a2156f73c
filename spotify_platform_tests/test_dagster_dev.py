"""A real `dagster dev` and `dg dev`, daemon included, on a home of its own: it shows, it reacts, and it remembers."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from dagster._core.scheduler.instigation import SensorInstigatorData

from spotify_platform.automation.instance import open_instance
from spotify_platform.definitions import build_definitions
from spotify_platform.sandbox import Catalogue, write_chart_files
from spotify_platform_tests.conftest import Platform

REPOSITORY = Path(__file__).parents[1]
DEADLINE = 180.0

pytestmark = pytest.mark.soak


def until(condition: Callable[[], Any], what: str) -> Any:
    """Ask until the answer is true; a deadline, not a length of time, decides."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.5)  # between two questions to another process
    raise AssertionError(f"not within {DEADLINE:.0f} s: {what}")


class Server:
    """The web server's GraphQL."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/graphql"

    def ask(self, query: str) -> dict[str, Any] | None:
        body = json.dumps({"query": query}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)["data"]
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return None

    def assets(self) -> list[str]:
        data = self.ask("{ assetNodes { assetKey { path } } }") or {"assetNodes": []}
        return ["/".join(node["assetKey"]["path"]) for node in data["assetNodes"]]

    def finished_runs(self) -> list[str]:
        data = self.ask("{ runsOrError { ... on Runs { results { runId status } } } }")
        runs = data["runsOrError"]["results"] if data else []
        return [run["runId"] for run in runs if run["status"] == "SUCCESS"]


@contextmanager
def running(program: str, platform: Platform) -> Iterator[Server]:
    """`dagster dev` or `dg dev` with nothing configured but the home."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name(program)), "dev", "-h", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(
        command,
        cwd=REPOSITORY,
        env=os.environ | {"SPOTIFY_PLATFORM_HOME": str(platform.root)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # its daemon and code server end with it, by their group
    )
    try:
        server = Server(port)
        until(server.assets, f"{program} dev shows the assets")
        yield server
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:  # started under nohup or `&`, it has inherited to ignore SIGTERM
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)


@pytest.mark.parametrize("program", ["dagster", "dg"])
def test_it_shows_the_graph_with_nothing_configured(platform: Platform, program: str) -> None:
    with running(program, platform) as server:
        keys = build_definitions().resolve_asset_graph().get_all_asset_keys()
        assert sorted(server.assets()) == sorted(key.to_user_string() for key in keys)


def test_the_sensor_brings_new_captures_to_the_marts_and_remembers_after_a_restart(
    platform: Platform, tmp_path: Path
) -> None:
    catalogue = Catalogue(seed=5, artists=40, anchor=date(2026, 11, 20))
    files = write_chart_files(catalogue, tmp_path / "charts", date(2026, 11, 18), date(2026, 11, 20), ["US"])
    with running("dagster", platform) as server:
        platform.ok("import", "charts", *files)
        run, *_ = until(server.finished_runs, "the sensor's run has succeeded")  # the reconcile may ask for it, too
        assert platform.query("select count(*) as n from marts.chart_movement") == [{"n": 150}]
    with open_instance(platform.live) as instance:
        kept = {state.instigator_name: state.instigator_data for state in instance.all_instigator_state()}
    sensor = kept["raw_zone"]
    assert isinstance(sensor, SensorInstigatorData)
    assert json.loads(sensor.cursor or "")["lake"] == platform.live.lake_url
    with running("dagster", platform) as server:
        assert run in until(server.finished_runs, "the history is there again")
        assert platform.cli("run").out.startswith("Every captured date is published")
