"""MiniStack whose Glue jobs really run: as Glue packages them, in a process of their own, on a local Spark.

Run by the Python that MiniStack is installed in, with the path of a file that says how jobs are run (see `serving`
in `ministack`). MiniStack itself says SUCCEEDED of a Spark job that it has no container for.

Where IAM is enforced, a job has the credentials of its role, as MiniStack gives them to functions. Requests then count
as encrypted, as if they came through a server that ends TLS, unless they say otherwise (X-Forwarded-Proto: http).
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

import boto3
from botocore.exceptions import ClientError
from ministack import app  # type: ignore[import-not-found]
from ministack.core import iam_actions  # type: ignore[import-not-found]
from ministack.core.lambda_runtime import execution_credentials  # type: ignore[import-not-found]
from ministack.core.responses import get_account_id, get_region  # type: ignore[import-not-found]
from ministack.services import glue, scheduler  # type: ignore[import-not-found]

HOST = json.loads(Path(sys.argv.pop()).read_text("utf-8"))


def run_job(
    run: dict[str, Any], job: dict[str, Any], name: str, arguments: dict[str, str], script: str, _: Any
) -> None:
    """Run the job's script until it ends, is stopped, or has used up its time."""
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=HOST["folder"]))
    command = [HOST["python"], "-S", script, *(word for pair in arguments.items() for word in pair)]
    environment = HOST["environment"] | credentials_of(job)
    try:
        environment["PYTHONPATH"] = path_of(arguments, folder, environment)
    except ClientError as error:
        run["JobRunState"], run["ErrorMessage"] = "FAILED", f"The job's files: {error}"
        return
    with (folder / "log").open("wb") as log:
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


def credentials_of(job: dict[str, Any]) -> dict[str, str]:
    """Variables with the credentials of a job's role; none where IAM is not enforced."""
    if not app.AUTH:
        return {}
    about = {"FunctionArn": f"arn:aws:lambda:{get_region()}:{get_account_id()}:function:{job['Name']}"}
    credentials: dict[str, str] = execution_credentials(about | {"FunctionName": "GlueJob", "Role": job["Role"]})
    return credentials


def path_of(arguments: dict[str, str], folder: Path, environment: dict[str, str]) -> str:
    """What the job can import: its own files as they are, what pip installs for it, and Glue's libraries."""
    s3 = boto3.client(
        "s3",
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=environment.get("AWS_SESSION_TOKEN"),
    )
    files = []
    for url in arguments["--extra-py-files"].split(","):
        bucket, _, key = url.removeprefix("s3://").partition("/")
        files.append(folder / key.rsplit("/", 1)[-1])
        s3.download_file(bucket, key, str(files[-1]))
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


async def behind_tls(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """MiniStack's application, to which requests come encrypted unless they say otherwise."""
    if scope["type"] == "http" and all(name != b"x-forwarded-proto" for name, _ in scope["headers"]):
        scope = scope | {"headers": [*scope["headers"], (b"x-forwarded-proto", b"https")]}
    await _application(scope, receive, send)


def resource_of(service: str, *request: Any) -> str:
    """What a request is about, as policies name it: lines go into a stream, of which MiniStack names only the group."""
    found = str(_resource_of(service, *request))
    if service == "logs" and request[2].get("x-amz-target", "").endswith((".CreateLogStream", ".PutLogEvents")):
        return f"{found}:log-stream:{json.loads(request[3])['logStreamName']}"
    return found


_application = app.app
_resource_of = iam_actions.extract_resource_arn

glue._get_docker = lambda: _Docker
glue._execute_spark_docker = run_job
glue._start_job_run = start
app.app = behind_tls
iam_actions.extract_resource_arn = resource_of
scheduler._SCHEDULE_TICK_INTERVAL = 1  # second; MiniStack's own is ten

if __name__ == "__main__":
    app.main()
