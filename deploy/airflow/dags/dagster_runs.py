"""Dagster's GraphQL, as far as a caller needs it to have a job run: launch, find, look, stop.

It needs `requests` and nothing else: neither Dagster nor Airflow. A run is found again by a tag that its caller chose,
so that a caller which died after launching does not launch twice.
"""

from dataclasses import dataclass
from typing import Any

import requests

DONE = ("SUCCESS", "FAILURE", "CANCELED")
# Tags by which a caller finds its run: who asked, and at which of its tries.
CALLER, TRY = "spotify_platform/caller", "spotify_platform/try"

_FIND = """query($tags: [ExecutionTag!]) {
  runsOrError(filter: {tags: $tags}, limit: 1) {
    __typename ... on Runs { results { runId status tags { key value } } } ... on PythonError { message } } }"""
_LAUNCH = """mutation($params: ExecutionParams!) {
  launchRun(executionParams: $params) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
    ... on PipelineNotFoundError { message } ... on UnauthorizedError { message }
    ... on RunConfigValidationInvalid { errors { message } } } }"""
_LOOK = """query($id: ID!) {
  runOrError(runId: $id) { __typename ... on Run { status } ... on RunNotFoundError { message } }
  logsForRun(runId: $id) { ... on EventConnection { events {
    ... on ExecutionStepFailureEvent { stepKey error { message errorChain { error { message } } }
      failureMetadata { description } }
    ... on RunFailureEvent { message } } } } }"""
_STOP = """mutation($id: String!) {
  terminateRun(runId: $id) {
    __typename ... on TerminateRunFailure { message } ... on RunNotFoundError { message }
    ... on UnauthorizedError { message } } }"""


class DagsterError(Exception):
    """Dagster could not be asked, or refused; the message says what and why."""


@dataclass(frozen=True)
class Run:
    """A run of Dagster's: its id, its status (QUEUED, STARTED, …, SUCCESS, FAILURE, CANCELED), and why it failed."""

    run_id: str
    status: str
    reason: str = ""
    attempt: str = ""  # of its caller

    @property
    def done(self) -> bool:
        """Whether it has come to an end, good or bad."""
        return self.status in DONE


@dataclass(frozen=True)
class Dagster:
    """A Dagster webserver, or a deployment of Dagster+.

    `url`: its address, with the deployment's name for Dagster+. `token`: Dagster+'s user token; a secret.
    Every method raises `DagsterError`.
    """

    url: str
    token: str = ""
    location: str = "spotify_platform"
    repository: str = "__repository__"

    def launch(self, job: str, first: str, last: str, caller: str, attempt: str) -> Run:
        """Have a job run for the dates `first` to `last` (ISO 8601), once for each attempt of a caller.

        The run of this attempt is found again, whatever became of it; so is one of an earlier attempt that still goes
        on, whose caller died. Otherwise a new one is launched.
        """
        found = self.find(caller)
        if found and (found.attempt == attempt or not found.done):
            return found
        day = {"dagster/partition": first} if first == last else {}
        tags = {
            CALLER: caller,
            TRY: attempt,
            "dagster/asset_partition_range_start": first,
            "dagster/asset_partition_range_end": last,
            **day,
        }
        params = {
            "selector": {
                "jobName": job,
                "repositoryName": self.repository,
                "repositoryLocationName": self.location,
            },
            "runConfigData": {},
            "executionMetadata": {"tags": [{"key": key, "value": value} for key, value in tags.items()]},
        }
        told = self._ask(_LAUNCH, params=params)["launchRun"]
        if told["__typename"] != "LaunchRunSuccess":
            raise DagsterError(f"Dagster did not launch {job} for {first} to {last}: {_why(told)}")
        return Run(told["run"]["runId"], "QUEUED", attempt=attempt)

    def find(self, caller: str) -> Run | None:
        """The newest run that a caller launched, or None."""
        told = self._ask(_FIND, tags=[{"key": CALLER, "value": caller}])["runsOrError"]
        if told["__typename"] != "Runs":
            raise DagsterError(f"Dagster does not tell its runs: {_why(told)}")
        for run in told["results"]:
            tags = {tag["key"]: tag["value"] for tag in run["tags"]}
            return Run(run["runId"], run["status"], attempt=tags.get(TRY, ""))
        return None

    def look(self, run_id: str) -> Run:
        """A run as it stands; of one that failed, with the reasons of its steps."""
        told = self._ask(_LOOK, id=run_id)
        run = told["runOrError"]
        if run["__typename"] != "Run":
            raise DagsterError(f"Dagster knows no run {run_id}: {_why(run)}")
        events = (told["logsForRun"] or {}).get("events", [])
        failed = [event for event in events if event.get("stepKey")]
        reasons = [f"{event['stepKey']}: {_reason(event)}" for event in failed]
        reasons = reasons or [event["message"] for event in events if event.get("message")]
        return Run(run_id, run["status"], "; ".join(reasons))

    def stop(self, run_id: str) -> None:
        """Ask for the end of a run; one that has ended already is left as it is."""
        if not self.look(run_id).done:
            told = self._ask(_STOP, id=run_id)["terminateRun"]
            if told["__typename"] != "TerminateRunSuccess" and not self.look(run_id).done:
                raise DagsterError(f"Dagster did not stop run {run_id}: {_why(told)}")

    def _ask(self, query: str, **variables: Any) -> dict[str, Any]:
        headers = {"Dagster-Cloud-Api-Token": self.token} if self.token else {}
        address = f"{self.url.rstrip('/')}/graphql"
        try:
            answer = requests.post(address, json={"query": query, "variables": variables}, headers=headers, timeout=60)
            answer.raise_for_status()
            told = answer.json()
        except (requests.RequestException, ValueError) as error:
            # The address may be told, the token never: a request's own text holds neither headers nor body.
            raise DagsterError(
                f"{address} gave no usable answer ({type(error).__name__}). Is Dagster running?"
            ) from None
        if told.get("errors"):
            raise DagsterError(f"{address} refused a question: {told['errors'][0]['message']}")
        return dict(told["data"])


def _why(told: dict[str, Any]) -> str:
    """What an answer that is no success says."""
    errors = "; ".join(error["message"] for error in told.get("errors", []))
    return str(told.get("message") or errors or told["__typename"])


def _reason(event: dict[str, Any]) -> str:
    """What a failed step says: its own words, else the innermost error."""
    described = (event.get("failureMetadata") or {}).get("description")
    chain = [link["error"]["message"] for link in (event.get("error") or {}).get("errorChain") or []]
    message = (event.get("error") or {}).get("message", "")
    return " ".join(str(described or (chain[-1] if chain else message)).split())
