"""Curation as an AWS Glue job: raw files in the lake → a batch whose files are staged there, then here.

The job is `glue/curate.py`; its runs are `job_runs`' business. What the batch is audited for and how it is published
is `publish`'s.
"""

import hashlib
import json
import secrets
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

import dagster as dg

from spotify_platform.contracts import errors
from spotify_platform.contracts.errors import InputError, JobError, PermanentError

if TYPE_CHECKING:
    from spotify_platform.curate.batch import Batch
    from spotify_platform.curator import Curated
    from spotify_platform.lake.captures import RawFile
    from spotify_platform.lake.store import Lake
    from spotify_platform.resources.job_runs import JobRun, JobRuns

# Both are emptied after success; a lifecycle rule of the bucket removes what failures leave, after seven days.
STAGING = "curated/_staging"  # curated/_staging/<work>/<attempt>/plan.json, tables/…, scratch/…
MESSAGES = "_pipes"  # _pipes/<work>/<attempt>/<n>.json

WORK_ARGUMENT, PLAN_ARGUMENT, CODE_ARGUMENT = "--work-key", "--plan", "--code"


class GlueResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The Glue job that curates."""

    job: str = "spotify-platform-curate"
    region: str = ""  # empty: the environment's
    endpoint_url: str = ""  # empty: AWS
    deadline_minutes: float = 120.0
    poll_seconds: float = 15.0
    flex_from_dates: int = 0  # from so many dates on FLEX is asked for: a third cheaper, and it may wait; 0: never

    def curator(self, context: dg.AssetExecutionContext) -> "GlueCurator":
        """Curation for the run of this context."""
        from spotify_platform.resources.job_runs import JobRuns

        runs = JobRuns(self.job, context.log, self.poll_seconds, self.region, self.endpoint_url)
        return GlueCurator(context, runs, self.job, self.deadline_minutes, self.flex_from_dates)


@dataclass(frozen=True)
class GlueCurator:
    """Curates through runs of a Glue job. A call that is made again finds the run that the first one started."""

    context: dg.AssetExecutionContext
    runs: "JobRuns"
    job: str
    deadline_minutes: float
    flex_from_dates: int = 0
    chunk_bytes: int = sys.maxsize  # a day and a year are the same job

    @contextmanager
    def curate(self, lake: "Lake", files: Sequence["RawFile"]) -> Iterator["Curated"]:
        """See `Curator.curate`. Raw files are compared with their manifests by size; they are not read here."""
        from spotify_platform.curate.batch import Batch
        from spotify_platform.curator import Curated, without_dates_of

        if urlparse(lake.url).scheme != "s3":
            raise InputError(f"{lake.url}: Glue reads lakes in S3 only. Set SPOTIFY_PLATFORM_LAKE_URL to s3://…")
        damaged = _damaged(lake, files)
        sound = without_dates_of(damaged, files)
        if not sound:
            yield Curated(Batch([], []), damaged, {})
            return
        work = _Work(lake, tuple(sound))
        staged = self._curated(work)
        with staged.downloaded() as batch:
            yield Curated(batch, damaged, dict(staged.usage))
        # Whatever attempts have left, too. After an error it stays: the next call then needs no new run.
        lake.delete([key for folder in (STAGING, MESSAGES) for key in lake.keys(f"{folder}/{work.key}")])

    def _curated(self, work: "_Work") -> "_Staged":
        """The work done by a run: one that an earlier call has started, or a new one."""
        known = self._run_of(work)
        attempt = _Attempt(work, known.arguments[PLAN_ARGUMENT].split("/")[-2] if known else _new_name())
        messages = LakeMessages(work.lake, attempt.messages)
        with dg.open_pipes_session(
            context=self.context, context_injector=dg.PipesEnvContextInjector(), message_reader=messages
        ) as session:
            if known:
                self.context.log.info(f"Glue run {known.id} was started for this work ({known.state}); waiting for it.")
                run_id = known.id
            else:
                run_id = self._start(attempt, dict(session.get_bootstrap_cli_arguments()))
            run = self.runs.wait(run_id, self.deadline_minutes)
            if run.state != "SUCCEEDED":
                with suppress(JobError):  # perhaps they tell why
                    messages.read()
                raise self._failure(run, messages)
            try:
                messages.read()
                return _Staged(attempt, attempt.batch(session.get_custom_messages(), run), run.usage)
            except JobError:
                # No later call may take it for a good one: it would fail in the same way for ever.
                work.lake.delete(work.lake.keys(attempt.folder))
                raise

    def _run_of(self, work: "_Work") -> "JobRun | None":
        """The newest run for this work that is going on, or has succeeded with its output still there."""
        from spotify_platform.resources.job_runs import GOING

        for run in self.runs.with_argument(WORK_ARGUMENT, work.key):
            plan = run.arguments[PLAN_ARGUMENT].removeprefix(f"{work.lake.url}/")
            if run.state in GOING or (run.state == "SUCCEEDED" and work.lake.exists(plan)):
                return run
        return None

    def _start(self, attempt: "_Attempt", bootstrap: dict[str, str]) -> str:
        from spotify_platform.curate.fingerprint import fingerprint

        attempt.put_plan()
        arguments = {
            WORK_ARGUMENT: attempt.work.key,
            PLAN_ARGUMENT: attempt.plan_url,
            CODE_ARGUMENT: fingerprint(),  # the wheel that was deployed may be another version
            **bootstrap,
        }
        flex = 0 < self.flex_from_dates <= len(attempt.work.days)
        options = {"ExecutionClass": "FLEX"} if flex else {}
        return self.runs.start(arguments, PLAN_ARGUMENT, self.deadline_minutes, **options)

    def _failure(self, run: "JobRun", messages: "LakeMessages") -> errors.PlatformError:
        from spotify_platform.resources.job_runs import failed

        name, said = messages.exception or ("", run.error)
        # The message may quote a raw line; its first words say what was wrong.
        first_words = (said.strip().splitlines() or [""])[0][:300]
        if issubclass(getattr(errors, name, Exception), PermanentError):
            return PermanentError(f"Glue job {self.job}, run {run.id}: {first_words}")
        return failed(run, self.job, f"{name}: {first_words}" if name else first_words)


class LakeMessages(dg.PipesMessageReader):
    """The messages that a job has put into a folder of the lake, read when the job has ended.

    What a process put before it ended is there, so that no thread has to wait for it, as Dagster's own reader does:
    an error in its thread loses all further messages, and a job that sent none is waited for another 11 seconds.
    """

    def __init__(self, lake: "Lake", folder: str) -> None:
        """Nothing is read yet."""
        self._lake, self._folder = lake, folder
        self._handler: dg.PipesMessageHandler | None = None
        self.exception: tuple[str, str] | None = None  # with which the job closed: its class' name, and its message

    @contextmanager
    def read_messages(self, handler: dg.PipesMessageHandler) -> Iterator[dict[str, Any]]:
        """Where the job is to put messages; they go to `handler` when `read` is called."""
        self._handler = handler
        address = urlparse(f"{self._lake.url}/{self._folder}")
        yield {"bucket": address.netloc, "key_prefix": address.path.strip("/"), "include_stdio_in_messages": False}

    def read(self) -> None:
        """Hand on all messages. Raises `JobError` for one that is none."""
        assert self._handler, "the session is open"
        chunks = len(self._lake.keys(self._folder))
        try:
            content = [self._lake.get(f"{self._folder}/{number}.json") for number in range(1, chunks + 1)]
            messages = [json.loads(line) for chunk in content for line in chunk.splitlines()]
        except (errors.LakeError, ValueError) as error:
            raise JobError(f"Messages of the Glue job were lost: {error} Run again.") from error
        for message in messages:
            raised = (message.get("params") or {}).get("exception") if message["method"] == "closed" else None
            if raised:
                self.exception = (raised["name"] or "", raised["message"])
            self._handler.handle_message(message)

    @property
    def expected_writer_count(self) -> int:
        """One. Dagster's own answer comes with a warning that it is a preview, in every run."""
        return 1

    def no_messages_debug_text(self) -> str:
        """Where messages were looked for."""
        return f"Looked for messages in {self._lake.url}/{self._folder}/."


@dataclass(frozen=True)
class _Work:
    """Raw files that are curated together, and the code that does it."""

    lake: "Lake"
    files: tuple["RawFile", ...]

    @cached_property
    def key(self) -> str:
        """The same for the same files and code, in whichever process."""
        from spotify_platform.curate.fingerprint import fingerprint

        inputs = sorted((file.path, file.sha256) for file in self.files)
        return hashlib.sha256(json.dumps([self.lake.url, fingerprint(), inputs]).encode()).hexdigest()[:32]

    @cached_property
    def days(self) -> set[str]:
        from spotify_platform.lake import keys

        return {keys.date_in(file.path).isoformat() for file in self.files}


@dataclass(frozen=True)
class _Attempt:
    """One run at a piece of work, in folders of its own: what another attempt still writes cannot mix with it."""

    work: _Work
    name: str

    @property
    def folder(self) -> str:
        return f"{STAGING}/{self.work.key}/{self.name}"

    @property
    def messages(self) -> str:
        return f"{MESSAGES}/{self.work.key}/{self.name}"

    @property
    def plan_url(self) -> str:
        return f"{self.work.lake.url}/{self.folder}/plan.json"

    def put_plan(self) -> None:
        """What the job is to do: raw files by entity, and where the results go."""
        files: dict[str, list[str]] = defaultdict(list)
        for file in self.work.files:
            files[file.entity].append(f"{self.work.lake.url}/{file.path}")
        here = f"{self.work.lake.url}/{self.folder}"
        plan = {"files": files, "folder": f"{here}/tables", "scratch": f"{here}/scratch"}
        self.work.lake.put(f"{self.folder}/plan.json", json.dumps(plan).encode())

    def batch(self, messages: Sequence[Any], run: "JobRun") -> "Batch":
        """The batch that the job reported, its parts' paths as keys. Raises `JobError` unless exactly it lies there."""
        from spotify_platform.curate.batch import Batch

        about = f"Glue run {run.id} succeeded, but"
        if len(messages) != 1:
            raise JobError(f"{about} {len(messages)} reports came from it: messages were lost. Run again.")
        batch = Batch.from_json(messages[0])
        parts = [replace(part, path=self._key(part.path)) for part in batch.parts]
        told = {part.path: part.bytes for part in parts}
        tables = f"{self.folder}/tables"
        there = {key: size for key, size in _sizes(self.work.lake, tables) if _is_table(key.removeprefix(tables))}
        if told != there:
            wrong = sorted(key for key in told.keys() | there.keys() if told.get(key) != there.get(key))
            raise JobError(
                f"{about} of {len(told)} reported and {len(there)} staged files {len(wrong)} do not match "
                f"({wrong[0]}): messages or files were lost. Run again."
            )
        return replace(batch, parts=parts)

    def _key(self, url: str) -> str:
        # Hadoop may name a file by the scheme of the class that wrote it.
        _, _, path = url.partition("://")
        return path.removeprefix(self.work.lake.url.removeprefix("s3://") + "/")


@dataclass(frozen=True)
class _Staged:
    """Work that is done: the batch, whose files lie in the lake, and what it cost."""

    attempt: _Attempt
    batch: "Batch"
    usage: Any

    @contextmanager
    def downloaded(self) -> Iterator["Batch"]:
        """The batch with its parts as local files."""
        with self.attempt.work.lake.local([part.path for part in self.batch.parts]) as paths:
            gone = [part.path for part in self.batch.parts if not paths[part.path].exists()]
            if gone:
                raise JobError(f"{gone[0]}: gone while it was read; somebody else was at the same work. Run again.")
            yield replace(self.batch, parts=[replace(part, path=str(paths[part.path])) for part in self.batch.parts])


def _new_name() -> str:
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}-{secrets.token_hex(3)}"


def _is_table(path: str) -> bool:
    """Whether a staged file is part of a table, and not Spark's own (_SUCCESS, _temporary, EMR's folder markers)."""
    return path.endswith(".parquet") and not any(name.startswith(("_", ".")) for name in path.split("/"))


def _damaged(lake: "Lake", files: Sequence["RawFile"]) -> list["RawFile"]:
    """The files that are missing or have another size than their manifest says."""
    from spotify_platform.lake import keys

    there: dict[str, int] = {}
    for entity in {file.entity for file in files}:
        days = [keys.day(keys.date_in(file.path)) for file in files if file.entity == entity]
        there |= dict(_sizes(lake, f"raw/{entity}", first=min(days), last=max(days)))
    return [file for file in files if there.get(file.path) != file.bytes]


def _sizes(lake: "Lake", folder: str, first: str = "", last: str = "~") -> Iterator[tuple[str, int]]:
    """The keys below a folder's folders from `first` to `last`, with their bytes: 1,000 to a LIST."""
    import obstore
    from obstore.store import from_url

    # S3 lists in order, so that a day in a lake of years is one page.
    for page in obstore.list(from_url(lake.url), prefix=folder, offset=f"{folder}/{first}"):
        for entry in page:
            if entry["path"] > f"{folder}/{last}~":
                return
            yield entry["path"], entry["size"]
