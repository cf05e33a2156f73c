"""MiniStack whose Glue jobs really run: as Glue packages them, in a process of their own, on a local Spark.

Run by the Python that MiniStack is installed in, with the path of a file that says how jobs are run (see `Host`
in `test_glue_ministack`). MiniStack itself says SUCCEEDED of a Spark job that it has no container for.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from ministack.app import main  # type: ignore[import-not-found]
from ministack.services import glue  # type: ignore[import-not-found]

HOST = json.loads(Path(sys.argv.pop()).read_text("utf-8"))


def run_job(
    run: dict[str, Any], job: dict[str, Any], name: str, arguments: dict[str, str], script: str, _: Any
) -> None:
    """Run the job's script until it ends, is stopped, or has used up its time."""
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=HOST["folder"]))
    command = [HOST["python"], "-S", script, *(word for pair in arguments.items() for word in pair)]
    with (folder / "log").open("wb") as log:
        environment = {**HOST["environment"], "PYTHONPATH": path_of(arguments, folder)}
        process = subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, env=environment, cwd=folder, start_new_session=True
        )
    started = time.monotonic()
    while process.poll() is None:
        if run["JobRunState"] == "RUNNING" and time.monotonic() < started + 60 * run["Timeout"]:
            time.sleep(0.1)
            continue
        run["JobRunState"] = "STOPPED" if run["JobRunState"] != "RUNNING" else "TIMEOUT"
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        run["ErrorMessage"] = "its process has ended"
        return
    said = (folder / "log").read_text("utf-8", "replace").strip().splitlines()
    run["JobRunState"] = "FAILED" if process.returncode else "SUCCEEDED"
    run["ErrorMessage"] = said[-1] if process.returncode and said else ""


def path_of(arguments: dict[str, str], folder: Path) -> str:
    """What the job can import: its own files as they are, what pip installs for it, and Glue's libraries."""
    files = []
    for url in arguments["--extra-py-files"].split(","):
        files.append(folder / url.rsplit("/", 1)[-1])
        with urlopen(f"{HOST['environment']['AWS_ENDPOINT_URL']}/{url.removeprefix('s3://')}") as content:
            files[-1].write_bytes(content.read())
    pins = arguments["--additional-python-modules"].split(",")
    installed = Path(HOST["folder"], "modules")
    if not installed.exists():
        subprocess.run([*HOST["pip"], "--target", str(installed), *pins], check=True)
    return os.pathsep.join(map(str, [*files, installed, HOST["libraries"]]))


class _Docker:
    """Has every image, so that jobs are run at all."""

    class images:  # noqa: N801
        """See `_Docker`."""

        @staticmethod
        def get(_: str) -> None:
            """It is there."""


_start = glue._start_job_run


def start(asked: dict[str, Any]) -> Any:
    """StartJobRun with the run's own Timeout, which MiniStack leaves out."""
    answer = _start(asked)
    for run in glue._job_runs.get(asked["JobName"], [])[-1:]:
        run["Timeout"] = asked.get("Timeout", run["Timeout"])
    return answer


glue._get_docker = lambda: _Docker
glue._execute_spark_docker = run_job
glue._start_job_run = start

if __name__ == "__main__":
    main()
