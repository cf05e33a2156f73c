"""AWS on the loopback interface: MiniStack in an environment of its own, whose Glue runs jobs on a Spark that reads S3.

What MiniStack and Spark on S3 need is installed into `build/soak`, once (400 MB). How a job is run is the launcher's
business (`ministack_launcher.py`); what is asked of AWS is each test's.
"""

import json
import os
import socket
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import boto3
import pytest
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from .resources.spark_job import environment, libraries

TOOLS = Path(__file__).parents[1] / "build/soak"
MINISTACK = "ministack[full]==1.5.33"
# The only package on PyPI that brings Hadoop's S3 file system, beside much else.
JARS_FROM = "sagemaker_pyspark==1.4.5"
JARS = ("hadoop-aws-3.3.1.jar", "aws-java-sdk-bundle-1.11.901.jar")
REGION = "us-east-1"


@dataclass(frozen=True)
class MiniStack:
    """A running MiniStack, to which the environment points; its log and its jobs' are in `folder`."""

    url: str
    folder: Path

    @property
    def log(self) -> str:
        """What the server said so far."""
        return (self.folder / "ministack.log").read_text("utf-8", "replace")


@contextmanager
def serving(folder: Path, auth: bool = False, extra: Mapping[str, str] = {}) -> Iterator[MiniStack]:
    """MiniStack on a free port while the context lasts, and the environment in which every client finds it.

    With `auth` IAM is enforced, for jobs and functions under their own roles; the environment's credentials are the
    root's, which may do everything. Functions see the variables `extra` beside those that they are deployed with.
    """
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
            patch.setenv(name, REGION)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.setenv("AWS_ENDPOINT_URL", url)
        patch.setenv("AWS_ALLOW_HTTP", "true")
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
            patch.delenv(name, raising=False)
        # boto3's own client of the process keeps the credentials that it has found first.
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        host = _host_of_jobs(folder, url)
        settings = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": url.rsplit(":", 1)[1], "IOT_MTLS_ENABLED": "0"}
        settings |= {"AUTH": str(auth).lower(), **extra}
        server = subprocess.Popen(
            # -P: the launcher's `ministack` is the installed one, not this module beside it.
            [str(python()), "-P", str(Path(__file__).with_name("ministack_launcher.py")), str(host)],
            env={**os.environ, **settings},
            stdout=(folder / "ministack.log").open("wb"),
            stderr=subprocess.STDOUT,
            cwd=folder,
        )
        try:
            wait_until(lambda: _answers(f"{url}/_ministack/health"), 60)
            yield MiniStack(url, folder)
        finally:
            server.terminate()
            server.wait(30)


def _host_of_jobs(folder: Path, url: str) -> Path:
    """The file that tells the launcher how a job is run."""
    s3a = {
        **{"endpoint": url, "path.style.access": "true", "connection.ssl.enabled": "false"},
        "change.detection.version.required": "false",
    }
    spark = {
        **{f"spark.hadoop.fs.s3a.{name}": value for name, value in s3a.items()},
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        "spark.jars": ",".join(map(str, jars())),
        "spark.driver.memory": "3g",
    }
    host = {
        "folder": str(folder),
        "python": sys.executable,
        "pip": [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"],
        "libraries": str(libraries(folder)),
        "environment": environment(folder, spark),
    }
    (folder / "host.json").write_text(json.dumps(host), "utf-8")
    return folder / "host.json"


def python() -> Path:
    """A Python with MiniStack, in an environment of its own: it pins botocore."""
    here = TOOLS / "ministack"
    if not (here / "done").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(here)], check=True)
        _pip(here / "bin/python", "install", MINISTACK)
        (here / "done").touch()
    return here / "bin/python"


def jars() -> list[Path]:
    """Hadoop's S3 file system."""
    here = TOOLS / "jars"
    wanted = [here / name for name in JARS]
    if not all(jar.exists() for jar in wanted):
        _pip(
            Path(sys.executable),
            *("download", "--no-deps", "--no-binary", ":all:", "--dest", TOOLS / "download", JARS_FROM),
        )
        (archive,) = (TOOLS / "download").glob("*.tar.gz")
        here.mkdir(exist_ok=True)
        with tarfile.open(archive) as content:
            for member in content:
                if Path(member.name).name in JARS:
                    (here / Path(member.name).name).write_bytes(content.extractfile(member).read())
        archive.unlink()
    return wanted


def _pip(python: Path, *words: str | Path) -> None:
    command = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", *map(str, words)]
    if subprocess.run(command).returncode:
        pytest.skip(f"pip cannot get {words[-1]} from a package index")


def free_port() -> int:
    """A port of the loopback interface that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(holds: Callable[[], object], seconds: float) -> None:
    """Ask until the answer is true; raises when the time is over."""
    retry(wait=wait_fixed(0.1), stop=stop_after_delay(seconds), retry=retry_if_result(lambda found: not found))(holds)()


def _answers(url: str) -> bool:
    try:
        with urlopen(url) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
