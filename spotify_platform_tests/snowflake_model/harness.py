"""What a test holds: the server as a process of its own, connections to it, and the switches for faults.

How the server answers belongs to the other modules; nothing here knows any SQL.
"""

import json
import selectors
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, TextIO, cast

import snowflake.connector
from snowflake.connector import SnowflakeConnection

ACCOUNT = "model"
USER = "MODEL"
PASSWORD = "model"
WAREHOUSE = "COMPUTE_WH"
START_SECONDS = 60.0
STOP_SECONDS = 15.0
CONTROL_SECONDS = 120.0

Lost = Literal["session", "answer", "server"]


@contextmanager
def serving(queue: str | None = None, start_seconds: float = START_SECONDS) -> Iterator["Model"]:
    """A Snowflake of one's own, empty, on a free port of 127.0.0.1, while the context lasts.

    It reads S3 and SQS at `AWS_ENDPOINT_URL` as it is now; `Model.use_aws` moves it later. With a `queue` (a name; made
    when missing) pipes with `auto_ingest = true` load what S3 announces there; `show pipes` tells its ARN.
    """
    command = [sys.executable, "-m", "spotify_platform_tests.snowflake_model.server"]
    with tempfile.TemporaryFile("w+") as log:
        # The server ends when its standard input does, so it does not outlive a test run that is killed.
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            model = Model("127.0.0.1", _port(process, log, start_seconds))
            if queue is not None:
                model.ingest_from(queue)
            yield model
        finally:
            process.stdin.close()
            try:
                process.wait(timeout=STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()


def _port(process: "subprocess.Popen[str]", log: Any, seconds: float) -> int:
    """The port that the server prints once it answers."""
    with selectors.DefaultSelector() as selector:
        output = cast(TextIO, process.stdout)
        selector.register(output, selectors.EVENT_READ)
        line = output.readline() if selector.select(timeout=seconds) else ""
    if not line:
        process.kill()
        log.seek(0)
        raise RuntimeError(f"The model of Snowflake did not start (it had {seconds:g} s):\n{log.read()}")
    return int(line)


@dataclass(frozen=True)
class Model:
    """A running model: where it is, connections to it, and its switches. Names of objects are `DB.SCHEMA.NAME`."""

    host: str
    port: int

    @property
    def parameters(self) -> dict[str, Any]:
        """What `snowflake.connector.connect` needs to come here as the user that may do everything.

        The pauses between the connector's retries are short, so that a lost connection is noticed at once.
        """
        return {
            "account": ACCOUNT,
            "user": USER,
            "password": PASSWORD,
            "warehouse": WAREHOUSE,
            "host": self.host,
            "port": self.port,
            "protocol": "http",
            "login_timeout": 10,
            "network_timeout": 10,
            "backoff_policy": _short_pauses,
            # Else every connection asks the clouds' addresses whether it runs there: five seconds without a DNS.
            "platform_detection_timeout_seconds": 0.0,
        }

    def connect(self, **kwargs: Any) -> SnowflakeConnection:
        """A connection of the real connector; `kwargs` go over `parameters`. A key in place of the password works."""
        parameters = self.parameters | kwargs
        if "private_key" in kwargs or "private_key_file" in kwargs:
            parameters.pop("password")
            parameters.setdefault("authenticator", "SNOWFLAKE_JWT")
        return snowflake.connector.connect(**parameters)

    def use_aws(self, endpoint: str) -> None:
        """Read S3 and SQS at another address from now on. Forgets the queue."""
        self._control("use_aws", endpoint=endpoint)

    # Time

    def advance(self, by: timedelta) -> None:
        """Let time pass: for `current_timestamp()`, histories, and how old a file is. Not for the ages of JWTs."""
        self._control("advance", seconds=by.total_seconds())

    # Snowpipe

    def ingest_from(self, queue: str) -> str:
        """Load what S3 announces on this queue (a name; made when missing) from now on. Returns the queue's ARN."""
        return str(self._control("ingest_from", queue=queue)["arn"])

    def announce(self, bucket: str, key: str) -> None:
        """Tell the pipes of an object, as an event on the queue would."""
        self._control("announce", bucket=bucket, key=key)

    def wait_until_drained(self, seconds: float = 20.0) -> None:
        """Wait until the queue is empty and the pipes have loaded all they may. Paused and held pipes may not."""
        if not self._control("drained", seconds=min(seconds, CONTROL_SECONDS / 2))["drained"]:
            raise TimeoutError(f"The pipes had not loaded their files after {seconds:g} s.")

    def hold_pipes(self) -> None:
        """Delayed ingestion: pipes keep their files pending until `release_pipes`."""
        self._control("hold_pipes", hold=True)

    def release_pipes(self) -> None:
        """End of the delay; the files load now."""
        self._control("hold_pipes", hold=False)

    # Users

    def add_user(self, name: str, password: str | None = None, public_key: str | None = None) -> None:
        """A user (or another password or key for one): a PEM public key as `alter user … set rsa_public_key` has it."""
        self._control("add_user", name=name, password=password, public_key=public_key)

    def expire_tokens(self, user: str, expired: bool = True) -> None:
        """Take every JWT of this user as expired, as for a client whose clock is wrong."""
        self._control("expire_tokens", user=user, expired=expired)

    # Faults

    def deny(self, verb: str, name: str) -> None:
        """Take a privilege away from everyone: 003001 for statements with this verb on this object.

        A verb is a statement's first word (`insert`, `copy`, `create`, `use`, …); `select` is also what a statement
        that writes one object needs on those it reads, `read` what COPY needs on a stage.
        """
        self._control("deny", verb=verb, name=name)

    def hide(self, name: str) -> None:
        """Make every mention of this object (or of anything in this database or schema) 002003."""
        self._control("hide", name=name)

    def lose_connection(self, matching: str, *, nth: int = 1, executed: bool = False, lost: Lost = "session") -> None:
        """Drop the connection at the nth statement from now that matches the regular expression; once.

        `executed` says whether the statement ran before. With `session` the session is gone too: its transaction is
        rolled back and the connector's retry is told 390111. With `answer` only the answer is lost: the retry gets it,
        and the statement does not run twice. With `server` nothing answers any more, until `restore`.
        """
        self._control("lose_connection", matching=matching, nth=nth, executed=executed, lost=lost)

    def fail(self, matching: str, *, code: int, state: str, message: str, nth: int = 1) -> None:
        """Let the nth statement from now that matches fail with this error, without running; once."""
        self._control("fail", matching=matching, nth=nth, code=code, state=state, message=message)

    def end_sessions(self) -> None:
        """End all sessions, as an administrator can: their transactions are rolled back."""
        self._control("end_sessions")

    def restore(self) -> None:
        """Undo `deny`, `hide`, `fail`, `lose_connection`, `hold_pipes`, `expire_tokens`, and `advance`."""
        self._control("restore")

    def statements(self, matching: str = "") -> list[str]:
        """The statements that arrived since the start or the last call of `forget_statements`, in their order."""
        return [sql for sql, _ in self._control("statements", matching=matching)["statements"]]

    def tags(self, matching: str = "") -> set[str]:
        """The QUERY_TAGs of the sessions that these statements came in."""
        return {tag for _, tag in self._control("statements", matching=matching)["statements"]}

    def forget_statements(self) -> None:
        """Begin the list of statements anew."""
        self._control("forget_statements")

    def _control(self, action: str, **arguments: Any) -> dict[str, Any]:
        request = urllib.request.Request(
            f"http://{self.host}:{self.port}/model/{action}",
            data=json.dumps(arguments).encode(),
            headers={"Content-Type": "application/json"},
        )
        # No proxy: the environment's may not lead to the loopback interface.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=CONTROL_SECONDS) as response:
                answer: dict[str, Any] = json.load(response)
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"The model refused {action}: {error.read().decode()}") from error
        return answer


def _short_pauses() -> Iterator[float]:
    while True:
        yield 0.05
