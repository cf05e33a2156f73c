"""A function as AWS Lambda runs it: a child process that asks a Runtime API on the loopback interface for its calls.

The protocol is AWS's "Lambda runtime API" (2018-06-01); the child is AWS's own client, awslambdaric.
"""

import json
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Literal

_START_SECONDS = 60


@dataclass
class Call:
    """One call of the function, and what came of it."""

    seconds: float  # that it is told to have
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    end: Literal["answered", "failed", "killed"] = "killed"
    told: dict[str, Any] = field(default_factory=dict)
    taken: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    def finish(self, end: Literal["answered", "failed"], body: bytes) -> None:
        """Note how it ended, and what the function said."""
        self.end, self.told = end, json.loads(body)
        self.taken.set()
        self.over.set()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Say nothing of the connection that a killed child leaves."""


class Function:
    """A function with one execution environment at most, as with reserved concurrency 1."""

    def __init__(self, package: Path, environment: Mapping[str, str], log: Path, python: tuple[str, ...]) -> None:
        """Start the Runtime API; the child process starts with the first call."""
        self._package, self._log, self._python = package, log, python
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        self._call: Call | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._server = _Server(("127.0.0.1", 0), self._answers())
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self._environment = {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.server_port}",
            "AWS_LAMBDA_FUNCTION_NAME": "capture",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
            "LAMBDA_TASK_ROOT": str(package),
            "TZ": ":UTC",
            **environment,
        }

    def call(self, seconds: float = 60, killed_after: float = 120) -> Call:
        """Call the function, and tell it that it has so many seconds.

        AWS would kill it then. Here it is when `killed_after` is over, so that no test depends on a machine's speed.
        """
        call = self._call = Call(seconds)
        if self._process is None or self._process.poll() is not None:
            self._start()
        self._calls.put(call)
        # As in AWS, the start of a process does not count.
        assert call.taken.wait(_START_SECONDS), self.log()
        if not call.over.wait(killed_after):
            self._kill()
        return call

    def log(self) -> str:
        """All that the function printed so far."""
        return self._log.read_text() if self._log.exists() else ""

    def close(self) -> None:
        """End the child and the server."""
        self._kill()
        self._calls.put(None)
        self._server.shutdown()
        self._server.server_close()

    def _start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *self._python, "-m", "awslambdaric", "handler.handler"],
                cwd=self._package,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> type[BaseHTTPRequestHandler]:
        function = self

        class Answers(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                """…/invocation/next: the next call, once there is one."""
                call = function._calls.get()
                if call is None:
                    self.close_connection = True
                    return
                call.taken.set()
                self.send_response(200)
                self.send_header("Lambda-Runtime-Aws-Request-Id", call.id)
                self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + call.seconds) * 1000)))
                arn = "arn:aws:lambda:eu-west-1:123456789012:function:capture"
                self.send_header("Lambda-Runtime-Invoked-Function-Arn", arn)
                self.send_header("Content-Type", "application/json")
                self._end(b"{}")

            def do_POST(self) -> None:
                """…/invocation/<id>/response, …/invocation/<id>/error or …/init/error."""
                body = self.rfile.read(int(self.headers["Content-Length"]))
                *_, of, what = self.path.split("/")
                call = function._call
                if call and of in (call.id, "init"):
                    call.finish("answered" if what == "response" else "failed", body)
                self.send_response(202)
                self._end(b"")

            def _end(self, body: bytes) -> None:
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        return Answers


@contextmanager
def running_function(
    package: Path, environment: Mapping[str, str], log: Path, python: tuple[str, ...] = ()
) -> Iterator[Function]:
    """A function of an unpacked package. `python`: options of the interpreter."""
    function = Function(package, environment, log, python)
    try:
        yield function
    finally:
        function.close()
