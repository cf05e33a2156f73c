"""What the DAG asks of Dagster, against a real webserver and daemon: launched once, found again, stopped, told why."""

from collections.abc import Iterator
from datetime import date
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from spotify_platform.sandbox import Catalogue, write_chart_files
from spotify_platform_tests.conftest import Platform
from spotify_platform_tests.test_dagster_dev import running, until

ROOT = Path(__file__).parents[2]
DAGS = ROOT / "deploy" / "airflow" / "dags"
FIRST, LAST = date(2026, 11, 18), date(2026, 11, 19)

pytestmark = pytest.mark.soak


@pytest.fixture(scope="module")
def client() -> ModuleType:
    """The DAGs' own client, which needs no Airflow."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(DAGS)
        return import_module("dagster_runs")


@pytest.fixture(scope="module")
def dagster(client: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """`dagster dev` on a home with two imported days."""
    root = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPOTIFY_PLATFORM_HOME", str(root))
        platform = Platform(root)
        files = write_chart_files(Catalogue(anchor=date(2026, 11, 20)), root / "files", FIRST, LAST, ["US"])
        platform.ok("import", "charts", *files)
        with running("dagster", platform) as server:
            yield client.Dagster(server.url.removesuffix("/graphql"))


def ended(dagster: Any, run_id: str) -> Any:
    """A run, once it has ended."""
    return until(lambda: (run := dagster.look(run_id)).done and run, f"run {run_id} ends")


def test_a_stretch_is_one_run_that_ends_well(dagster: Any) -> None:
    run = dagster.launch("publish", str(FIRST), str(LAST), "test/stretch", "1")
    assert ended(dagster, run.run_id).status == "SUCCESS"


def test_an_attempt_launches_once_and_a_later_one_anew(dagster: Any) -> None:
    run = dagster.launch("publish", str(FIRST), str(FIRST), "test/once", "1")
    assert dagster.launch("publish", str(FIRST), str(FIRST), "test/once", "1").run_id == run.run_id
    ended(dagster, run.run_id)
    assert dagster.launch("publish", str(FIRST), str(FIRST), "test/once", "1").run_id == run.run_id
    later = dagster.launch("publish", str(FIRST), str(FIRST), "test/once", "2")
    assert later.run_id != run.run_id
    ended(dagster, later.run_id)


def test_a_retry_takes_on_the_run_that_still_goes_on(dagster: Any) -> None:
    run = dagster.launch("publish", str(FIRST), str(LAST), "test/retry", "1")
    assert dagster.launch("publish", str(FIRST), str(LAST), "test/retry", "2").run_id == run.run_id
    dagster.stop(run.run_id)
    assert ended(dagster, run.run_id).status in ("CANCELED", "SUCCESS")


def test_a_date_without_a_capture_fails_and_says_why(dagster: Any) -> None:
    run = ended(dagster, dagster.launch("publish", "2026-11-01", "2026-11-01", "test/gap", "1").run_id)
    assert run.status == "FAILURE"
    assert "Spotify serves only the present" in run.reason


def test_what_is_not_there_is_said(dagster: Any, client: ModuleType) -> None:
    with pytest.raises(client.DagsterError, match="did not launch nothing"):
        dagster.launch("nothing", str(FIRST), str(FIRST), "test/nothing", "1")
    with pytest.raises(client.DagsterError, match="knows no run"):
        dagster.look("no-such-run")
    with pytest.raises(client.DagsterError, match="Is Dagster running"):
        client.Dagster("http://127.0.0.1:9", token="secret").find("nobody")
