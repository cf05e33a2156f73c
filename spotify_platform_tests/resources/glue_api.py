"""AWS Glue's control plane on the loopback interface: it starts work, tells states, and makes the troubles of a script.

What a run does is given to it: see `Scripted` here, and `spark_job` for the job itself in a process of its own.
"""

import json
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

GOING = {"STARTING", "RUNNING", "WAITING"}

# Troubles. The first three are an answer's error code; what was asked for is not done.
THROTTLED = "ThrottlingException"
BUSY = "ConcurrentRunsExceededException"
DENIED = "AccessDeniedException"
HUNG_UP = "hung up"  # the connection ends before anything is done
LOST = "lost"  # it is done, and the connection ends before it is told
LATE = "late"  # as LOST, and what was started is not listed at first
SILENT = "silent"  # it is done, and the connection stays open without an answer


class Work(Protocol):
    """What a run does."""

    def state(self) -> tuple[str, str]:
        """The state, and the error message; asked once for every look at the run."""
        ...

    def stop(self) -> None:
        """End it."""
        ...


class Scripted:
    """A run that is in these states, one after another; the last one stays."""

    def __init__(self, *states: str, error: str = "") -> None:
        self._states, self._error = deque(states), error

    def state(self) -> tuple[str, str]:
        state = self._states.popleft() if len(self._states) > 1 else self._states[0]
        return state, self._error

    def stop(self) -> None:
        self._states = deque(["STOPPED"])


Start = Callable[[dict[str, str]], Work]  # the run's arguments → its work, started


@dataclass
class Run:
    """A run, and how it was asked for."""

    id: str
    asked: dict[str, Any]
    work: Work
    started_on: float
    hidden_looks: int = 0

    @property
    def arguments(self) -> dict[str, str]:
        return self.asked["Arguments"]

    def told(self) -> dict[str, Any]:
        """The run as the API tells it; a worker's minute is told for every run."""
        state, error = self.work.state()
        return {
            **{"Id": self.id, "JobName": self.asked["JobName"], "JobRunState": state, "ErrorMessage": error},
            **{"Arguments": self.arguments, "StartedOn": self.started_on, "NumberOfWorkers": 2, "WorkerType": "G.1X"},
            **{"ExecutionTime": 60, "MaxCapacity": 2.0, "GlueVersion": "5.1"},
        }


@dataclass
class GlueApi:
    """The control plane. Runs start with `start`, which a test may change between two of them."""

    url: str
    start: Start
    runs: list[Run] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)  # operations, in order
    silent: threading.Event = field(default_factory=threading.Event)  # somebody waits for an answer
    over: threading.Event = field(default_factory=threading.Event)
    _troubles: dict[str, deque[str]] = field(default_factory=lambda: defaultdict(deque))

    def trouble(self, operation: str, *troubles: str) -> None:
        """The next calls of an operation go wrong in this way."""
        self._troubles[operation] += troubles

    def answer(self, operation: str, asked: dict[str, Any]) -> tuple[int, dict[str, Any]] | None:
        """Status and body, or None for a connection that ends without an answer."""
        self.asked.append(operation)
        troubles = self._troubles[operation]
        trouble = troubles.popleft() if troubles else ""
        if trouble == HUNG_UP:
            return None
        if trouble and trouble not in (LOST, LATE, SILENT):
            return 400, {"__type": trouble, "Message": f"scripted: {trouble}"}
        told = getattr(self, f"_{operation}")(asked)
        if trouble == LATE:
            self.runs[-1].hidden_looks = 1
        if trouble == SILENT:
            self.silent.set()
            self.over.wait()
        return (200, told) if not trouble else None

    def _StartJobRun(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        # Seconds of their own, so that the order of two runs is told.
        run = Run(f"jr_{len(self.runs)}", asked, self.start(asked["Arguments"]), time.time() + len(self.runs))
        self.runs.append(run)
        return {"JobRunId": run.id}

    def _GetJobRun(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        (run,) = [run for run in self.runs if run.id == asked["RunId"]]
        return {"JobRun": run.told()}

    def _GetJobRuns(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        """Newest first, two to a page."""
        listed: list[Run] = []
        for run in self.runs:
            if run.hidden_looks:
                run.hidden_looks -= 1
            else:
                listed.insert(0, run)
        first = int(asked.get("NextToken", 0))
        more = {"NextToken": str(first + 2)} if len(listed) > first + 2 else {}
        return {"JobRuns": [run.told() for run in listed[first : first + 2]], **more}

    def _BatchStopJobRun(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        for run in self.runs:
            if run.id in asked["JobRunIds"]:
                run.work.stop()
                self.stopped.append(run.id)
        return {"SuccessfulSubmissions": [{"JobRunId": name} for name in asked["JobRunIds"]], "Errors": []}


@contextmanager
def glue_api(start: Start) -> Iterator[GlueApi]:
    """A control plane, while the context lasts; the work that still goes on is stopped at its end."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = api.answer(self.headers["X-Amz-Target"].removeprefix("AWSGlue."), asked)
            if answer is None:
                self.close_connection = True
                return
            status, told = answer
            body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    api = GlueApi(f"http://127.0.0.1:{server.server_port}", start)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield api
    finally:
        api.over.set()
        server.shutdown()
        server.server_close()
        for run in api.runs:
            run.work.stop()
