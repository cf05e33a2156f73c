"""Runs of a Glue job, over an API that throttles, drops connections and answers late.

A run is started once, found again, waited for and stopped. What it works on is `glue`'s business.
"""

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from spotify_platform.contracts.errors import (
    DeadlineError,
    InputError,
    JobError,
    PermanentError,
    PlatformError,
    TransientError,
)
from spotify_platform.cost.glue import LEAST_SECONDS

if TYPE_CHECKING:
    from logging import Logger

GOING = frozenset({"STARTING", "RUNNING", "WAITING"})
ENDED = frozenset({"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR", "EXPIRED"})

# An API that does not answer is asked again for as long as this many polls take (10 minutes at 15 seconds), with
# pauses of at most four polls.
_PATIENCE_POLLS = 40
_LONGEST_PAUSE_POLLS = 4
# Stopping a run must not hold up a process that was told to end.
_STOP_SECONDS = 20.0
# A run may be there a moment before it is listed.
_LOOKS = 3
# Older runs' output is gone: the lake's lifecycle rule removes what is staged after this time.
_REMEMBERED = timedelta(days=7)

_BUSY = frozenset(
    {
        *("ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded"),
        *("ConcurrentRunsExceededException", "ResourceNumberLimitExceededException"),
        *("InternalServiceException", "InternalFailure", "OperationTimeoutException", "ServiceUnavailable"),
    }
)


@dataclass(frozen=True)
class JobRun:
    """A run as the API tells it."""

    id: str
    state: str
    started_on: datetime
    arguments: Mapping[str, str]
    error: str
    usage: Mapping[str, float]

    @classmethod
    def told(cls, answer: Mapping[str, Any]) -> "JobRun":
        """The run of an answer. Auto-scaled and FLEX runs tell their DPU seconds, others time and capacity."""
        seconds, capacity = answer.get("ExecutionTime"), answer.get("MaxCapacity")
        used = answer.get("DPUSeconds") or (seconds and capacity and max(seconds, LEAST_SECONDS) * capacity)
        flex = answer.get("ExecutionClass") == "FLEX"
        return cls(
            id=answer["Id"],
            state=answer["JobRunState"],
            started_on=answer.get("StartedOn") or datetime.now(UTC),
            arguments=answer.get("Arguments") or {},
            error=answer.get("ErrorMessage") or "",
            usage={"glue_dpu_seconds_flex" if flex else "glue_dpu_seconds": float(used)} if used else {},
        )


class JobRuns:
    """The runs of one job."""

    def __init__(self, job: str, log: "Logger", poll_seconds: float, region: str = "", endpoint_url: str = "") -> None:
        """Nothing is asked yet. An empty region or endpoint is the environment's."""
        import boto3
        from botocore.config import Config

        # botocore would repeat a StartJobRun whose answer was lost, and start a second run; we ask again ourselves.
        config = Config(retries={"total_max_attempts": 1}, connect_timeout=10, read_timeout=60)
        self._client = boto3.client(
            "glue", region_name=region or None, endpoint_url=endpoint_url or None, config=config
        )
        self._job, self._log, self._poll = job, log, poll_seconds

    def url(self, run_id: str) -> str:
        """Where a person sees the run."""
        region = self._client.meta.region_name
        return f"https://{region}.console.aws.amazon.com/gluestudio/home?region={region}#/job/{self._job}/run/{run_id}"

    def with_argument(self, name: str, value: str) -> list[JobRun]:
        """The runs of the last days that were started with this argument, newest first."""
        found = [run for run in self._recent() if run.arguments.get(name) == value]
        return sorted(found, key=lambda run: run.started_on, reverse=True)

    def start(self, arguments: Mapping[str, str], name: str, deadline_minutes: float, **options: str) -> str:
        """Start a run and return its id. `name` is the argument whose value no other run has.

        Where the answer is lost or Glue is busy, the run is looked for before another one is started.
        """
        wanted = {
            "JobName": self._job,
            "Arguments": dict(arguments),
            # Glue itself ends what we can no longer stop.
            "Timeout": max(1, math.ceil(deadline_minutes)),
            **options,
        }

        def start_once() -> str:
            try:
                return str(self._client.start_job_run(**wanted)["JobRunId"])
            except Exception as error:
                if not _may_pass(error):
                    raise
                for look in range(_LOOKS):
                    time.sleep(self._poll if look else 0)
                    started = self.with_argument(name, arguments[name])
                    if started:
                        self._log.warning(f"Glue did not say so ({error}), but it has started {started[0].id}.")
                        return started[0].id
                raise

        try:
            return str(self._patiently(start_once))
        except PlatformError:
            raise
        except BaseException:  # interrupted while Glue was asked: perhaps it has started one
            with suppress(PlatformError):
                for run in self.with_argument(name, arguments[name]):
                    self.stop(run.id)
            raise

    def wait(self, run_id: str, deadline_minutes: float) -> JobRun:
        """The run when it has ended. Whatever keeps us from waiting, an interruption or the deadline, stops it."""
        deadline = time.monotonic() + 60 * deadline_minutes
        state = ""
        try:
            while True:
                run = self._get(run_id, deadline)
                if run.state != state:
                    self._log.info(f"Glue job {self._job}, run {run_id}: {run.state}. {self.url(run_id)}")
                    state = run.state
                if run.state in ENDED:
                    return run
                left = deadline - time.monotonic()
                if left <= 0:
                    raise DeadlineError(
                        f"Glue job {self._job}, run {run_id}, was {run.state} after {deadline_minutes:g} minutes and "
                        "was stopped. Allow it more time or workers, or ask for fewer dates."
                    )
                time.sleep(min(self._poll, left))
        except BaseException:
            self.stop(run_id)
            raise

    def stop(self, run_id: str) -> None:
        """Ask Glue to stop a run. It never raises: there is already an error that says why."""
        try:
            answer = self._patiently(
                lambda: self._client.batch_stop_job_run(JobName=self._job, JobRunIds=[run_id]), _STOP_SECONDS
            )
        except PlatformError as error:
            refused = str(error)
        else:
            refused = "; ".join(str(one.get("ErrorDetail")) for one in answer.get("Errors", []))
        if refused:
            self._log.error(f"Glue run {run_id} could not be stopped ({refused}). See {self.url(run_id)}")
        else:
            self._log.warning(f"Glue run {run_id} is being stopped.")

    def _get(self, run_id: str, deadline: float) -> JobRun:
        left = max(deadline - time.monotonic(), self._poll)
        answer = self._patiently(lambda: self._client.get_job_run(JobName=self._job, RunId=run_id), left)
        return JobRun.told(answer["JobRun"])

    def _recent(self) -> Iterator[JobRun]:
        horizon = datetime.now(UTC) - _REMEMBERED
        token: dict[str, str] = {}
        while True:
            wanted = {"JobName": self._job, "MaxResults": 200, **token}
            answer = self._patiently(lambda wanted=wanted: self._client.get_job_runs(**wanted))
            page = [JobRun.told(run) for run in answer["JobRuns"]]
            yield from (run for run in page if run.started_on >= horizon)
            # Glue lists the newest first.
            if not answer.get("NextToken") or (page and page[-1].started_on < horizon):
                return
            token = {"NextToken": answer["NextToken"]}

    def _patiently(self, ask: Any, seconds: float = math.inf) -> Any:
        """What `ask` returns. It is called again while Glue is busy or cannot be reached, for a while."""
        from botocore.exceptions import BotoCoreError, ClientError

        retrying = Retrying(
            retry=retry_if_exception(_may_pass),
            wait=wait_random_exponential(multiplier=self._poll, max=_LONGEST_PAUSE_POLLS * self._poll),
            stop=stop_after_delay(min(seconds, _PATIENCE_POLLS * self._poll)),
            before_sleep=self._tell,
            reraise=True,
        )
        try:
            return retrying(ask)
        except (BotoCoreError, ClientError) as error:
            raise _ours(error, self._job) from error

    def _tell(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        self._log.warning(f"Glue: {error}. Asking again.")


def _may_pass(error: BaseException) -> bool:
    from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return error.response["Error"]["Code"] in _BUSY or status >= 500
    return isinstance(error, (ConnectionError, HTTPClientError))


def _ours(error: Exception, job: str) -> PlatformError:
    """What a refusal of Glue's means to us."""
    from botocore.exceptions import ClientError, NoCredentialsError, NoRegionError

    if _may_pass(error):
        return TransientError(f"Glue did not answer about job {job}: {error}")
    if isinstance(error, ClientError) and error.response["Error"]["Code"] == "EntityNotFoundException":
        return InputError(f"Glue does not know the job or run: {error}. Deploy job {job}, or name another one.")
    if isinstance(error, (NoCredentialsError, NoRegionError)):
        return InputError(f"Glue cannot be asked: {error}. Set AWS credentials and a region.")
    return PermanentError(f"Glue refuses what was asked about job {job}: {error}")


def failed(run: JobRun, job: str, because: str) -> PlatformError:
    """What a run that ended without success means: whether another one may do better."""
    about = f"Glue job {job}, run {run.id}, ended as {run.state}. {because}".strip()
    if run.state == "TIMEOUT":
        return DeadlineError(f"{about} Allow it more time or workers, or ask for fewer dates.")
    return JobError(about)
