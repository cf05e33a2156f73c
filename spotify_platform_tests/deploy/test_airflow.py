"""The DAGs in a real Airflow, scheduler and all, beside a real `dagster dev`: each learns what becomes of the other.

Airflow is on SQLite in a home of its own, and takes the DAGs from where they lie. Its workers' platform is a second
home with the same captures, so that what the two DAGs make can be compared.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import requests

from spotify_platform.contracts.curated import CURATED
from spotify_platform.contracts.marts import MARTS
from spotify_platform.load.warehouse import held
from spotify_platform.sandbox import Catalogue, write_chart_files
from spotify_platform_tests.conftest import Platform
from spotify_platform_tests.test_dagster_dev import Server, running, until

ROOT = Path(__file__).parents[2]
DAGS = ROOT / "deploy" / "airflow" / "dags"
PROGRAM = ROOT / ".venv" / "airflow" / "bin" / "airflow"
TODAY = datetime.now(UTC).date()
WEEK = [TODAY - timedelta(days=number) for number in range(9, 2, -1)]
GAP = TODAY - timedelta(days=20)  # nothing was captured then
BY_DAGSTER, ALONE = "spotify_platform_by_dagster", "spotify_platform_alone"

# Airflow's own place for what a shop wants of all its tasks: here, that nobody waits ten minutes.
POLICY = '''
"""Impatience."""
import os
from datetime import timedelta

def task_policy(task):
    """Look and try again soon; give up as soon as a test says so."""
    task.retry_delay = timedelta(seconds=1)
    if task.task_id == "run":
        task.poke_interval = 5
        task.timeout = float(os.environ.get("TEST_TIMEOUT", task.timeout))
'''

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(not PROGRAM.exists(), reason="there is no Airflow in .venv/airflow; `make soak` installs it"),
]


# -- Dagster -----------------------------------------------------------------------------------------------------------

_SENSORS = """{ sensorsOrError(
    repositorySelector: {repositoryName: "__repository__", repositoryLocationName: "spotify_platform"}
) { ... on Sensors { results { name sensorState { id } } } } }"""


@dataclass(frozen=True)
class Beside:
    """`dagster dev` on a home whose captures nobody has asked for yet."""

    platform: Platform
    server: Server
    client: Any

    def runs(self, name: str, value: str) -> list[tuple[str, str]]:
        """Ids and states of the runs with a tag, newest first."""
        found = self.server.ask(
            f'{{ runsOrError(filter: {{tags: [{{key: "{name}", value: "{value}"}}]}}) {{'
            "... on Runs { results { runId status } } } }"
        )
        return [(run["runId"], run["status"]) for run in found["runsOrError"]["results"]] if found else []

    def of(self, run_id: str) -> list[tuple[str, str]]:
        """The same for a run of the DAG."""
        return self.runs("spotify_platform/caller", caller(run_id))

    def works_at(self, run_id: str) -> str:
        """The only run for a run of the DAG, once it is under way."""
        return until(lambda: [run for run, state in self.of(run_id) if state == "STARTED"], f"{run_id} is begun")[0]

    def ended(self, run: str) -> str:
        """How a run of Dagster's ended, once it has."""
        return until(lambda: (told := self.client.look(run)).done and told.status, f"Dagster's run {run} ends")

    @contextmanager
    def held_up(self) -> Iterator[None]:
        """Runs go on for as long as this lasts, since somebody else has the warehouse."""
        with held(self.platform.root / "live" / "warehouse.duckdb"):
            yield


def caller(run_id: str) -> str:
    """By what Dagster knows a run of the DAG."""
    return f"airflow/{BY_DAGSTER}/{run_id}"


def days_of(platform: Platform) -> list[str]:
    """The dates that are in the marts."""
    with at(platform):
        rows = platform.query("select distinct snapshot_date as day from marts.fct_chart_daily order by day")
    return [row["day"] for row in rows]


@contextmanager
def at(platform: Platform) -> Iterator[None]:
    """Commands in this process mean this home."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPOTIFY_PLATFORM_HOME", str(platform.root))
        yield


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """The platform of Airflow's workers."""
    return Platform(tmp_path_factory.mktemp("workers"))


@pytest.fixture(scope="module")
def dagster(workers: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beside]:
    """`dagster dev`, which does only what it is asked for, and a week of charts captured in both homes."""
    platform = Platform(tmp_path_factory.mktemp("dagster"))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(DAGS)
        client = import_module("dagster_runs")
        for name in ("SPOTIPY_CLIENT_ID", "SPOTIPY_CLIENT_SECRET", "DAGSTER_HOME", "SPOTIFY_PLATFORM_LAKE_URL"):
            patch.delenv(name, raising=False)
        with running("dagster", platform) as server:
            found = until(lambda: server.ask(_SENSORS), "dagster dev tells its sensors")["sensorsOrError"]["results"]
            for sensor in found:  # else the captures' own sensor would be faster than Airflow
                server.ask(f'mutation {{ stopSensor(id: "{sensor["sensorState"]["id"]}") {{ __typename }} }}')
            files = write_chart_files(
                Catalogue(anchor=TODAY), tmp_path_factory.mktemp("charts"), WEEK[0], WEEK[-1], ["US"]
            )
            with at(platform):
                platform.ok("import", "charts", *files)
            shutil.copytree(platform.root / "live" / "lake", workers.root / "live" / "lake")
            yield Beside(platform, server, client.Dagster(server.url.removesuffix("/graphql")))


# -- Airflow -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Airflow:
    """An Airflow home with its settings, all of them environment variables, and its API at `port`."""

    env: dict[str, str]
    port: int

    def run(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        """A command's outcome, its output as one text."""
        return subprocess.run(
            [str(PROGRAM), *words],
            env=self.env | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )

    def ok(self, *words: str, **env: str) -> str:
        """A command that must succeed; returns what it printed."""
        done = self.run(*words, **env)
        assert done.returncode == 0, done.stdout
        return done.stdout

    @contextmanager
    def serving(self) -> Iterator[None]:
        """The scheduler, which starts the tasks, and the API that these and the UI ask."""
        with ExitStack() as stack:
            for command in (["api-server"], ["scheduler", "--skip-serve-logs"]):
                log = stack.enter_context(Path(self.env["AIRFLOW_HOME"], f"{command[0]}.log").open("wb"))
                process = subprocess.Popen(
                    [str(PROGRAM), *command],
                    env=self.env,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # its workers end with it, by their group
                )
                stack.callback(stop, process)
            until(self._healthy, "Airflow's scheduler and API are there")
            yield

    def _healthy(self) -> bool:
        try:
            told = requests.get(f"http://127.0.0.1:{self.port}/api/v2/monitor/health", timeout=10)
            return bool(told.ok and told.json()["scheduler"]["status"] == "healthy")
        except requests.RequestException:
            return False

    def ask(self, method: str, path: str, **body: Any) -> Any:
        """What the API answers."""
        told = requests.request(method, f"http://127.0.0.1:{self.port}/api/v2{path}", json=body or None, timeout=60)
        assert told.ok, told.text
        return told.json()

    def trigger(self, day: date, run_id: str) -> None:
        """Begin a run of the DAG for a date, at an hour that is no backfill's: Airflow has one run for a moment."""
        self.ask("POST", f"/dags/{BY_DAGSTER}/dagRuns", dag_run_id=run_id, logical_date=f"{day}T07:00:00Z")

    def clear(self, run_id: str) -> None:
        """Have the waiting task tried again, as a person does in the UI."""
        body = {"dry_run": False, "only_failed": False, "dag_run_id": run_id, "task_ids": ["run"]}
        self.ask("POST", f"/dags/{BY_DAGSTER}/clearTaskInstances", **body)

    def task(self, run_id: str, task: str = "run") -> dict[str, Any]:
        """A task of a run, as it stands."""
        return self.ask("GET", f"/dags/{BY_DAGSTER}/dagRuns/{run_id}/taskInstances/{task}")

    def waits(self, run_id: str) -> None:
        """Until the task waits for Dagster, between two looks."""
        until(lambda: self.task(run_id)["state"] == "up_for_reschedule", f"{run_id} waits for Dagster")

    def ended(self, run_id: str) -> str:
        """How a run of the DAG ended, once it has."""
        path = f"/dags/{BY_DAGSTER}/dagRuns/{run_id}"
        return until(
            lambda: (state := self.ask("GET", path)["state"]) in ("success", "failed") and state, f"{run_id} ends"
        )

    def log(self, run_id: str) -> str:
        """What the waiting task's log says of its last try."""
        attempt = self.task(run_id)["try_number"]
        return str(self.ask("GET", f"/dags/{BY_DAGSTER}/dagRuns/{run_id}/taskInstances/run/logs/{attempt}"))

    def backfill(self, dag: str, days: list[date]) -> list[str]:
        """Have a DAG run for dates, as many at once as Airflow likes; returns how the runs ended."""
        end = days[-1] + timedelta(days=1)
        self.ok("backfill", "create", "--dag-id", dag, "--from-date", str(days[0]), "--to-date", str(end))
        return until(lambda: self._all_ended(f"/dags/{dag}/dagRuns?run_type=backfill"), f"the backfill of {dag} ends")

    def _all_ended(self, path: str) -> list[str]:
        states = [run["state"] for run in self.ask("GET", path)["dag_runs"]]
        return states if {*states} <= {"success", "failed"} else []


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a server and all that it started."""
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)


@pytest.fixture(scope="module")
def airflow(dagster: Beside, workers: Platform, tmp_path_factory: pytest.TempPathFactory) -> Airflow:
    """Airflow's home with the DAGs, nothing of it running yet."""
    root = tmp_path_factory.mktemp("airflow")
    (root / "config").mkdir()
    (root / "config" / "airflow_local_settings.py").write_text(POLICY, "utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "CORE__DAGS_FOLDER": str(DAGS),
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "CORE__PARALLELISM": "2",
        "API__HOST": "127.0.0.1",
        "API__PORT": str(port),
        "API__BASE_URL": f"http://127.0.0.1:{port}",
        "API__WORKERS": "1",
        # A worker tells of a look's end that much later; after the next look has begun, Airflow takes it for a failure.
        "WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        "SCHEDULER__USE_JOB_SCHEDULE": "False",  # of all dates only those that a test asks for
        "USAGE_DATA_COLLECTION__ENABLED": "False",
    }
    made = Airflow(
        {
            **os.environ,
            **{f"AIRFLOW__{name}": value for name, value in settings.items()},
            "AIRFLOW_HOME": str(root),
            "AIRFLOW_CONN_SPOTIFY_DAGSTER": dagster.server.url.removesuffix("/graphql"),
            "SPOTIFY_PLATFORM_PYTHON": sys.executable,
            "SPOTIFY_PLATFORM_HOME": str(workers.root),
        },
        port,
    )
    made.ok("db", "migrate")
    made.ok("dags", "reserialize")
    return made


@pytest.fixture(scope="module")
def scheduler(airflow: Airflow) -> Iterator[Airflow]:
    """The same with its servers running."""
    with airflow.serving():
        yield airflow


# -- `airflow dags test`, all in one process, while there is no scheduler ----------------------------------------------


def test_a_good_date_is_published(airflow: Airflow, dagster: Beside) -> None:
    airflow.ok("dags", "test", BY_DAGSTER, f"{WEEK[0]}T07:00:00")
    ((_, state),) = dagster.runs("dagster/partition", str(WEEK[0]))
    assert state == "SUCCESS"
    assert days_of(dagster.platform) == [str(WEEK[0])]


def test_a_date_without_a_capture_fails_and_says_why(airflow: Airflow, dagster: Beside) -> None:
    done = airflow.run("dags", "test", BY_DAGSTER, f"{GAP}T07:00:00")
    assert done.returncode != 0 and "DagRun failed" in done.stdout
    assert "Spotify serves only the present" in done.stdout
    assert [state for _, state in dagster.runs("dagster/partition", str(GAP))] == ["FAILURE"] * 3  # two retries


def test_a_deadline_that_passes_ends_the_run(airflow: Airflow, dagster: Beside) -> None:
    with dagster.held_up():
        done = airflow.run("dags", "test", BY_DAGSTER, f"{WEEK[1]}T07:00:00", TEST_TIMEOUT="4")
        assert done.returncode != 0 and "Sensor has timed out" in done.stdout
        ((run, _),) = dagster.runs("dagster/partition", str(WEEK[1]))
        assert dagster.ended(run) == "CANCELED"


# -- with the scheduler ------------------------------------------------------------------------------------------------


def test_a_try_finds_the_run_that_an_earlier_one_launched(scheduler: Airflow, dagster: Beside) -> None:
    day = str(WEEK[2])
    with dagster.held_up():
        died = dagster.client.launch("publish", day, day, caller("again"), "1")  # and could not tell of it
        scheduler.trigger(WEEK[2], "again")
        dagster.works_at("again")
        scheduler.waits("again")
        scheduler.clear("again")
        until(lambda: scheduler.task("again")["try_number"] > 1, "a second try has begun")
        scheduler.waits("again")
    assert scheduler.ended("again") == "success"
    assert dagster.of("again") == [(died.run_id, "SUCCESS")]


def test_a_run_that_is_cancelled_in_dagster_fails_the_task(scheduler: Airflow, dagster: Beside) -> None:
    with dagster.held_up():
        scheduler.trigger(WEEK[3], "cancelled")
        run = dagster.works_at("cancelled")
        scheduler.waits("cancelled")
        dagster.client.stop(run)
        assert scheduler.ended("cancelled") == "failed"
    assert f"{run} ended as CANCELED" in scheduler.log("cancelled")
    assert dagster.of("cancelled") == [(run, "CANCELED")]  # and nobody launched it again


@pytest.mark.parametrize(("name", "what"), [("task", "/taskInstances/run"), ("whole", "")])
def test_what_is_failed_by_hand_ends_in_dagster(scheduler: Airflow, dagster: Beside, name: str, what: str) -> None:
    with dagster.held_up():
        scheduler.trigger(WEEK[4 if what else 5], name)
        run = dagster.works_at(name)
        scheduler.waits(name)
        body = {"new_state": "failed"} if what else {"state": "failed"}
        scheduler.ask("PATCH", f"/dags/{BY_DAGSTER}/dagRuns/{name}{what}", **body)
        assert dagster.ended(run) == "CANCELED"
    assert scheduler.ended(name) == "failed"
    until(lambda: scheduler.task(name, "end_what_is_left")["state"] == "success", "the teardown is done")
    assert dagster.of(name) == [(run, "CANCELED")]


@pytest.fixture(scope="module")
def week(scheduler: Airflow) -> dict[str, list[str]]:
    """The week's backfill with each DAG: how the runs ended."""
    return {dag: scheduler.backfill(dag, WEEK) for dag in (BY_DAGSTER, ALONE)}


def test_a_weeks_backfill_brings_each_date_to_the_marts(week: dict[str, list[str]], dagster: Beside) -> None:
    assert week[BY_DAGSTER] == ["success"] * 7
    assert days_of(dagster.platform) == [str(day) for day in WEEK]


def test_one_task_at_a_time_writes_the_warehouse(week: dict[str, list[str]], scheduler: Airflow) -> None:
    told = scheduler.ask("GET", f"/dags/{ALONE}/dagRuns/~/taskInstances?task_id=load_and_build")["task_instances"]
    tasks = sorted((one["start_date"], one["end_date"]) for one in told)
    assert len(tasks) == len(WEEK) == len(week[ALONE])
    assert all(end <= start for (_, end), (start, _) in pairwise(tasks))


def test_airflow_alone_makes_what_dagster_makes(week: dict[str, list[str]], dagster: Beside, workers: Platform) -> None:
    assert week[ALONE] == ["success"] * 7
    names = [f"curated.{table.name}" for table in CURATED] + [f"marts.{table.name}" for table in MARTS]
    with at(dagster.platform):
        made = dagster.platform.tables(*names)
    with at(workers):
        alone = workers.tables(*names)
    assert all(made[name] for name in ("curated.tracks", "marts.chart_movement"))
    for name in names:
        assert alone[name] == made[name], name
