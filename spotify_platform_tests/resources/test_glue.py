"""Curation as a Glue job: Glue and S3 on the loopback interface, and once the job itself, on a local Spark.

The same job on an S3 that Spark itself reads is in `test_glue_ministack`.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import boto3
import dagster as dg
import pytest
from dagster_pipes import (
    DAGSTER_PIPES_CONTEXT_ENV_VAR,
    DAGSTER_PIPES_MESSAGES_ENV_VAR,
    PipesContext,
    PipesDefaultContextLoader,
    PipesMappingParamsLoader,
    PipesParams,
    PipesS3MessageWriter,
    PipesS3MessageWriterChannel,
)

from spotify_platform.contracts.errors import DeadlineError, InputError, JobError, PermanentError, TransientError
from spotify_platform.curate.batch import Batch, Lines
from spotify_platform.curate.engine import Part
from spotify_platform.curator import Curated
from spotify_platform.lake import Lake, keys
from spotify_platform.lake.captures import RawFile
from spotify_platform.publish import publish_dates
from spotify_platform.resources.glue import MESSAGES, STAGING, GlueResource

from ..lake.helpers import DAY, EVERYTHING, NEXT, capture, seen, whole_batches
from ..s3 import new_bucket, serving
from .glue_api import BUSY, DENIED, HUNG_UP, LATE, LOST, SILENT, THROTTLED, GlueApi, Scripted, Work, glue_api
from .spark_job import SparkJob, environment, libraries

LINES = Lines("artists", DAY, {"c1": 1}, {"c1": 0}, {"c1": 0}, 1, 0, 0)

ROOT = Path(__file__).parents[2]
TABLE = b"rows"  # what the stand-in for the job writes in place of Parquet


@pytest.fixture(scope="module")
def s3() -> Iterator[None]:
    with serving():
        yield


@pytest.fixture
def lake(s3) -> Lake:
    """An empty lake in a bucket of its own."""
    bucket = new_bucket()
    return Lake(f"s3://{bucket}/platform")


@pytest.fixture
def files(lake) -> list[RawFile]:
    """The raw files of two dates."""
    return [file for day in (DAY, NEXT) for file in capture(lake, day, "c1", *EVERYTHING).files]


class AtOnce(PipesS3MessageWriter):
    """Dagster's writer of messages without its thread, which sleeps for a second or two."""

    @contextmanager
    def open(self, params: PipesParams) -> Iterator[PipesS3MessageWriterChannel]:
        channel = self.make_channel(params)
        yield channel
        channel.upload_messages_chunk(StringIO("\n".join(map(json.dumps, channel.flush_messages()))), 1)


@dataclass
class Job:
    """A stand-in for the job: it writes a table's file and reports it, through Dagster's own writer of messages."""

    lake: Lake
    parts: int = 1
    forgets: bool = False  # to report
    raises: Exception | None = None
    then: Callable[[str], None] = lambda folder: None  # what happens to the staged files after the report
    work: Callable[[], Work] = lambda: Scripted("RUNNING", "SUCCEEDED")

    def __call__(self, arguments: dict[str, str]) -> Work:
        plan = json.loads(self.lake.get(arguments["--plan"].removeprefix(f"{self.lake.url}/")))
        folder = plan["folder"].removeprefix(f"{self.lake.url}/")
        parts = []
        for number in range(self.parts):
            key = f"{folder}/artists/day={DAY}/part-{number}.parquet"
            self.lake.put(key, TABLE)
            parts.append(Part("artists", DAY, f"s3a://{self.lake.url.removeprefix('s3://')}/{key}", 1, len(TABLE)))
        self.lake.put(f"{folder}/artists/_SUCCESS", b"")
        bootstrap = {
            DAGSTER_PIPES_CONTEXT_ENV_VAR: arguments["--dagster-pipes-context"],
            DAGSTER_PIPES_MESSAGES_ENV_VAR: arguments["--dagster-pipes-messages"],
        }
        writer = AtOnce(boto3.client("s3"))
        context = PipesContext(PipesMappingParamsLoader(bootstrap), PipesDefaultContextLoader(), writer)
        try:
            with context as pipes:
                if self.raises:
                    raise self.raises
                if not self.forgets:
                    pipes.report_custom_message(Batch([LINES], parts).as_json())
        except (InputError, OSError) as error:
            return Scripted("FAILED", error=f"{type(error).__name__}: {error}")
        self.then(folder)
        return self.work()


@pytest.fixture
def glue(lake) -> Iterator[GlueApi]:
    """Glue, whose job does well."""
    with glue_api(Job(lake)) as api:
        yield api


def resource(glue: GlueApi, **settings: Any) -> GlueResource:
    return GlueResource(endpoint_url=glue.url, poll_seconds=0.05, **settings)


def curate(
    glue: GlueResource | GlueApi,
    lake: Lake,
    files: Sequence[RawFile],
    use: Callable[[Curated], Any] = lambda curated: curated,
) -> Any:
    """What `use` makes of the curated batch, inside a run of Dagster."""
    given = glue if isinstance(glue, GlueResource) else resource(glue)
    used = []

    @dg.asset
    def curated(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        with given.curator(context).curate(lake, files) as batch:
            used.append(use(batch))
        return dg.MaterializeResult()

    dg.materialize([curated])
    return used[0]


def contents(curated: Curated) -> list[bytes]:
    return [Path(part.path).read_bytes() for part in curated.batch.parts]


def staged(lake: Lake) -> list[str]:
    return lake.keys(STAGING) + lake.keys(MESSAGES)


# -- a run that does well


def test_a_batch_comes_back_with_its_files_and_what_it_cost(glue, lake, files):
    glue.start = Job(lake, parts=3)
    found, read = curate(glue, lake, files, lambda curated: (curated, contents(curated)))
    assert read == [TABLE] * 3
    assert found.batch.lines == [LINES]
    assert [(part.table, part.day, part.rows, part.bytes) for part in found.batch.parts] == [("artists", DAY, 1, 4)] * 3
    assert found.damaged == []
    assert found.usage == {"glue_dpu_seconds": 120}
    assert staged(lake) == []
    assert "BatchStopJobRun" not in glue.asked


def test_the_job_is_told_the_raw_files_and_where_to_write(glue, lake, files):
    plans = []
    job = Job(lake)

    def start(arguments: dict[str, str]) -> Work:
        plans.append(json.loads(lake.get(arguments["--plan"].removeprefix(f"{lake.url}/"))))
        return job(arguments)

    glue.start = start
    curate(resource(glue, deadline_minutes=3.5), lake, files)
    (plan,) = plans
    told = {url for urls in plan["files"].values() for url in urls}
    assert told == {f"{lake.url}/{file.path}" for file in files}
    assert {entity: len(urls) for entity, urls in plan["files"].items()} == dict.fromkeys(plan["files"], 2)
    assert plan["folder"] != plan["scratch"]
    (run,) = glue.runs
    assert run.arguments["--plan"].startswith(f"{lake.url}/{STAGING}/{run.arguments['--work-key']}/")
    assert run.asked["Timeout"] == 4  # Glue ends the run when we no longer can
    assert "ExecutionClass" not in run.asked


def test_backfills_may_run_on_flex(glue, lake, files):
    curate(resource(glue, flex_from_dates=2), lake, files)
    curate(resource(glue, flex_from_dates=2), lake, [file for file in files if keys.date_in(file.path) == DAY])
    assert [run.asked.get("ExecutionClass") for run in glue.runs] == ["FLEX", None]


def test_two_calls_in_one_process_get_their_own_messages(glue, lake, files):
    for number in (1, 2):
        glue.start = Job(lake, parts=number)
        assert len(curate(glue, lake, files, contents)) == number


def test_dates_with_a_damaged_file_are_left_out(glue, lake, files):
    bad = next(file for file in files if keys.date_in(file.path) == DAY)
    lake.put(bad.path, b"cut")
    found = curate(glue, lake, files, lambda curated: curated.damaged)
    assert found == [bad]
    lake.delete([bad.path])
    assert curate(glue, lake, files, lambda curated: curated.damaged) == [bad]
    assert curate(glue, lake, [file for file in files if keys.date_in(file.path) == NEXT]).damaged == []
    assert len({run.arguments["--work-key"] for run in glue.runs}) == 1  # NEXT was the work, every time


def test_without_a_sound_file_no_run_is_started(glue, lake, files):
    lake.delete(file.path for file in files)
    found = curate(glue, lake, files)
    assert (found.batch, found.damaged, found.usage) == (Batch([], []), files, {})
    assert glue.asked == []


def test_a_lake_that_glue_cannot_read_is_refused(glue, files, tmp_path):
    with pytest.raises(InputError, match="Set SPOTIFY_PLATFORM_LAKE_URL to s3://"):
        curate(glue, Lake(tmp_path.as_uri()), files)


# -- a run that does not


@pytest.mark.parametrize(
    ("state", "error"),
    [
        ("FAILED", JobError),
        ("ERROR", JobError),
        ("STOPPED", JobError),
        ("EXPIRED", JobError),
        ("TIMEOUT", DeadlineError),
    ],
)
def test_every_bad_end_is_an_error_and_a_retry_starts_anew(glue, lake, files, state, error):
    glue.start = lambda arguments: Scripted("WAITING", state, error="no luck\nsecret rows")
    with pytest.raises(error, match=f"ended as {state}. no luck") as raised:
        curate(glue, lake, files)
    assert "secret rows" not in str(raised.value)
    glue.start = Job(lake)
    assert curate(glue, lake, files, contents) == [TABLE]
    first, second = (run.arguments for run in glue.runs)
    assert first["--work-key"] == second["--work-key"]
    assert first["--plan"] != second["--plan"]
    assert staged(lake) == []  # also what the first attempt has left


@pytest.mark.parametrize(
    ("raised", "error"), [(InputError("the wheel is old"), PermanentError), (OSError("disk full"), TransientError)]
)
def test_what_the_job_raised_tells_whether_to_try_again(glue, lake, files, raised, error):
    glue.start = Job(lake, raises=raised)
    with pytest.raises(error, match=str(raised)):
        curate(glue, lake, files)


def test_past_the_deadline_the_run_is_stopped(glue, lake, files):
    glue.start = lambda arguments: Scripted("RUNNING")
    with pytest.raises(DeadlineError, match="and was stopped"):
        curate(resource(glue, deadline_minutes=0.005), lake, files)
    assert glue.stopped == ["jr_0"]


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_an_interruption_stops_the_run(glue, lake, files, name):
    looked = threading.Event()

    class Endless(Scripted):
        def state(self) -> tuple[str, str]:
            looked.set()
            return super().state()

    glue.start = lambda arguments: Endless("RUNNING")
    said = interrupted(glue, lake, files, looked, getattr(signal, name))
    assert glue.stopped == ["jr_0"], said
    assert "is being stopped" in said


def test_an_interruption_before_glue_has_answered_stops_the_run_too(glue, lake, files):
    glue.start = lambda arguments: Scripted("RUNNING")
    glue.trouble("StartJobRun", SILENT)
    said = interrupted(glue, lake, files, glue.silent, signal.SIGTERM)
    assert glue.stopped == ["jr_0"], said


def interrupted(glue: GlueApi, lake: Lake, files: list[RawFile], when: threading.Event, by: signal.Signals) -> str:
    """What a process that curates, and is sent a signal, says."""
    program = f"""
from spotify_platform.lake import Lake
from spotify_platform.lake.captures import RawFile
from spotify_platform.resources.glue import GlueResource
from spotify_platform_tests.resources.test_glue import curate
files = [RawFile.model_validate(one) for one in {[file.model_dump() for file in files]}]
curate(GlueResource(endpoint_url={glue.url!r}, poll_seconds=0.05), Lake({lake.url!r}), files)
"""
    process = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    try:
        assert when.wait(60)
        process.send_signal(by)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode != 0
    return said


@pytest.mark.parametrize(
    "loss",
    [
        pytest.param({"forgets": True}, id="no report"),
        pytest.param({"then": "file"}, id="a file is gone"),
        pytest.param({"then": "size"}, id="a file has another size"),
        pytest.param({"then": "more"}, id="a file that was not reported"),
        pytest.param({"then": "messages"}, id="no message at all"),
        pytest.param({"then": "first"}, id="the first messages are gone"),
    ],
)
def test_lost_messages_are_a_failure_and_a_retry_starts_anew(glue, lake, files, loss):
    def lose(folder: str) -> None:
        part = next(key for key in lake.keys(folder) if key.endswith(".parquet"))
        if loss["then"] == "file":
            lake.delete([part])
        elif loss["then"] == "size":
            lake.put(part, TABLE + b"!")
        elif loss["then"] == "more":
            lake.put(part.replace("part-0", "part-9"), TABLE)
        else:
            messages = lake.keys(MESSAGES)
            if loss["then"] == "first":
                lake.put(messages[0].replace("1.json", "2.json"), lake.get(messages[0]))
            lake.delete(messages[:1])

    glue.start = Job(lake, forgets=True) if "forgets" in loss else Job(lake, then=lose)
    with pytest.raises(JobError, match="lost"):
        curate(glue, lake, files)
    glue.start = Job(lake)
    assert curate(glue, lake, files, contents) == [TABLE]
    assert len(glue.runs) == 2


# -- a retry finds the run that was started


def test_a_retry_attaches_to_the_run_that_is_going_on(glue, lake, files):
    glue.start = Job(lake, work=lambda: Scripted(*["RUNNING"] * 40, "SUCCEEDED"))
    glue.trouble("GetJobRun", DENIED)
    glue.trouble("BatchStopJobRun", DENIED)
    with pytest.raises(PermanentError, match="AccessDenied"):
        curate(glue, lake, files)
    glue.start = Job(lake)
    for other in (files[:1], files[:2]):  # Glue tells two runs to a page, the newest first
        curate(glue, lake, other)
    assert curate(glue, lake, files, contents) == [TABLE]
    assert len(glue.runs) == 3


def test_after_a_failure_to_publish_the_run_that_succeeded_is_read_again(glue, lake, files):
    def fail(curated: Curated) -> None:
        raise TransientError("the lake was busy")

    with pytest.raises(TransientError, match="busy"):
        curate(glue, lake, files, fail)
    assert curate(glue, lake, files, contents) == [TABLE]
    assert len(glue.runs) == 1
    assert curate(glue, lake, files, contents) == [TABLE]  # asked for anew, as its output is gone
    assert len(glue.runs) == 2


def test_runs_of_other_work_are_not_attached_to(glue, lake, files):
    glue.start = Job(lake)
    for number in range(3):
        curate(glue, lake, files[number : number + 1])
    other = replace_sha(files)
    curate(glue, lake, other)
    assert len({run.arguments["--work-key"] for run in glue.runs}) == len(glue.runs) == 4


def replace_sha(files: list[RawFile]) -> list[RawFile]:
    return [file.model_copy(update={"sha256": "0" * 64}) for file in files]


# -- an API that does not answer


@pytest.mark.parametrize("trouble", [THROTTLED, HUNG_UP, LOST])
def test_polls_without_an_answer_do_not_end_the_run(glue, lake, files, trouble):
    glue.trouble("GetJobRun", *[trouble] * 3)
    assert curate(glue, lake, files, contents) == [TABLE]
    assert len(glue.runs) == 1
    assert glue.stopped == []


def test_polls_that_are_never_answered_are_given_up(glue, lake, files):
    glue.trouble("GetJobRun", *[THROTTLED] * 1000)
    with pytest.raises(TransientError, match="did not answer"):
        curate(glue, lake, files)
    assert glue.stopped == ["jr_0"]
    assert 2 < glue.asked.count("GetJobRun") < 200


@pytest.mark.parametrize("trouble", [LOST, LATE])
def test_a_start_whose_answer_is_lost_starts_no_second_run(glue, lake, files, trouble):
    glue.trouble("StartJobRun", trouble)
    assert curate(glue, lake, files, contents) == [TABLE]
    assert glue.asked.count("StartJobRun") == len(glue.runs) == 1


@pytest.mark.parametrize("trouble", [HUNG_UP, THROTTLED, BUSY])
def test_a_start_that_glue_did_not_take_is_asked_for_again(glue, lake, files, trouble):
    glue.trouble("StartJobRun", trouble, trouble)
    assert curate(glue, lake, files, contents) == [TABLE]
    assert glue.asked.count("StartJobRun") == 3
    assert len(glue.runs) == 1


def test_what_glue_refuses_is_not_asked_again(glue, lake, files):
    glue.trouble("StartJobRun", "EntityNotFoundException")
    with pytest.raises(InputError, match="Deploy job spotify-platform-curate"):
        curate(glue, lake, files)
    assert glue.asked.count("StartJobRun") == 1


# -- the job itself


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make glue` builds."""
    folder = tmp_path_factory.mktemp("glue") / "built"
    command = [sys.executable, str(ROOT / "glue/build.py"), "--output", str(folder), "--no-build-isolation"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder


def modules_of(package: Path) -> dict[str, str]:
    """The modules that the job's settings add to Glue's own, with their versions."""
    wanted = json.loads((package / "job.json").read_text("utf-8"))["DefaultArguments"]["--additional-python-modules"]
    return dict(pin.split("==") for pin in wanted.split(","))


@pytest.fixture
def job_environment(lake, package, tmp_path) -> dict[str, str]:
    """Glue's environment, on a local Spark that finds the lake's bucket in a folder: `tmp_path/bucket`."""
    bucket = lake.url.split("/")[2]
    (tmp_path / "bucket").mkdir()
    (wheel,) = package.glob("*.whl")
    spark = {
        # Twice as fast on a dozen lines as what is made for millions.
        **{"spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN"},
        **{"spark.sql.adaptive.enabled": "false", "spark.sql.shuffle.partitions": "1"},
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme",
        "spark.hadoop.fs.viewfs.overload.scheme.target.file.impl": "org.apache.hadoop.fs.LocalFileSystem",
        f"spark.hadoop.fs.viewfs.mounttable.{bucket}.linkFallback": (tmp_path / "bucket").as_uri(),
    }
    path = f"{wheel}{os.pathsep}{libraries(tmp_path / 'job', modules_of(package))}"
    return environment(tmp_path / "job", spark) | {"PYTHONPATH": path}


def really(lake: Lake, package: Path, environment: dict[str, str], folder: Path) -> Callable[[dict[str, str]], Work]:
    """Runs that are the job itself. The lake is copied to Spark's folder before, and what is staged there back."""
    mirror = Lake((folder / "bucket/platform").as_uri())

    def start(arguments: dict[str, str]) -> Work:
        for key in lake.keys("raw") + lake.keys(STAGING):
            mirror.put(key, lake.get(key))

        def copy_back() -> None:
            for key in mirror.keys(STAGING):
                lake.put(key, mirror.get(key))

        return SparkJob(package / "curate.py", arguments, environment, folder / "job.log", copy_back)

    return start


def test_the_job_itself_publishes_what_curation_in_process_does(glue, lake, package, job_environment, tmp_path):
    in_process = Lake((tmp_path / "lake").as_uri())
    for day in (DAY, NEXT):
        for zone in (lake, in_process):
            capture(zone, day, "c1", *EVERYTHING)
    publish_dates(in_process, [DAY, NEXT])

    glue.start = really(lake, package, job_environment, tmp_path)
    outcomes = []

    @dg.asset
    def curated(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        curator = resource(glue).curator(context)
        outcomes.append(publish_dates(lake, [DAY, NEXT], curator=curator))
        return dg.MaterializeResult()

    said = dg.materialize([curated], raise_on_error=False)
    log = (tmp_path / "job.log").read_text("utf-8")
    assert said.success, log
    assert seen(lake) == seen(in_process)
    (outcome,) = outcomes
    assert outcome.usage["glue_dpu_seconds"] == 120
    assert staged(lake) == []

    (line,) = [json.loads(line) for line in log.splitlines() if line.startswith('{"event"')]
    assert line["work_key"] == glue.runs[0].arguments["--work-key"]
    assert (line["dates"], line["read"], line["rejected"]) == (2, 2 * len(EVERYTHING), 0)
    assert line["rows"] == {
        table: sum(record.rows.get(table, 0) for record in whole_batches(lake).values()) for table in line["rows"]
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param({}, "InputError: Not started by Dagster", id="by hand"),
        pytest.param({"--code": "other"}, "Deploy the wheel of Dagster's version", id="with another version's wheel"),
    ],
)
def test_the_job_refuses_to_run(glue, lake, files, package, job_environment, tmp_path, arguments, message):
    job = really(lake, package, job_environment, tmp_path)
    glue.start = lambda given: job(given | arguments if arguments else {"--plan": given["--plan"]})
    with pytest.raises(PermanentError if arguments else JobError, match=message):
        curate(glue, lake, files)


def test_the_job_is_short():
    assert len((ROOT / "glue/curate.py").read_text("utf-8").splitlines()) < 120
