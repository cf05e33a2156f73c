"""Snowpipe: pipes, their queues, and the thread that reads events from SQS and loads files.

How a file is read and written is the business of `stages`. Modelled after

- https://docs.snowflake.com/en/sql-reference/sql/create-pipe, …/alter-pipe, …/show-pipes and
  https://docs.snowflake.com/en/user-guide/data-load-snowpipe-manage: a pipe that is made anew forgets what it loaded.
- https://docs.snowflake.com/en/user-guide/data-load-snowpipe-intro: a file is known by its path and name for 14 days,
  whatever is in it; one that failed is known too. (COPY keeps another history, of names with ETags.)
- REFRESH queues what was staged in the last 7 days; `prefix` is appended to the path in the pipe's definition. A paused
  pipe takes files and loads none.
- https://docs.snowflake.com/en/sql-reference/sql/copy-into-table: Snowpipe matches PATTERN with the path after the
  stage's URL, a plain COPY with the whole location. ON_ERROR is SKIP_FILE unless given.
- https://docs.snowflake.com/en/sql-reference/functions/system_pipe_status,
  https://docs.snowflake.com/en/sql-reference/functions/copy_history (14 days; Loaded, Load failed, Partially loaded,
  Load skipped; FILE_NAME is relative to the stage and STAGE_LOCATION is the stage's URL, where the page says no more
  than "name of the source file and relative path" and "name of the stage": match the end of the path), https://docs.snowflake.com/en/user-guide/data-load-snowpipe-auto-s3.

Loading is not immediate, here as there: a statement that queues files returns before they are loaded. Each file is
loaded on its own, in a transaction of its own. How long Snowflake takes is not modelled.
"""

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote_plus

import boto3
import duckdb
import pyarrow as pa
from botocore.exceptions import ClientError

from spotify_platform_tests.snowflake_model import stages
from spotify_platform_tests.snowflake_model.account import ADMIN, Account, Context, Load, Thing
from spotify_platform_tests.snowflake_model.errors import SqlError, translated
from spotify_platform_tests.snowflake_model.results import DONE, answer, status
from spotify_platform_tests.snowflake_model.statements import chosen
from spotify_platform_tests.snowflake_model.words import Name, Words, parts

REMEMBERED = timedelta(days=14)
REFRESHED = timedelta(days=7)
HISTORY = timedelta(days=14)
PAUSE_SECONDS = 0.1

HISTORY_COLUMNS = {
    "FILE_NAME": "varchar",
    "STAGE_LOCATION": "varchar",
    "LAST_LOAD_TIME": "timestamptz",
    "ROW_COUNT": "bigint",
    "ROW_PARSED": "bigint",
    "FILE_SIZE": "bigint",
    "FIRST_ERROR_MESSAGE": "varchar",
    "FIRST_ERROR_LINE_NUMBER": "bigint",
    "FIRST_ERROR_CHARACTER_POS": "bigint",
    "FIRST_ERROR_COLUMN_NAME": "varchar",
    "ERROR_COUNT": "bigint",
    "ERROR_LIMIT": "bigint",
    "STATUS": "varchar",
    "TABLE_CATALOG_NAME": "varchar",
    "TABLE_SCHEMA_NAME": "varchar",
    "TABLE_NAME": "varchar",
    "PIPE_CATALOG_NAME": "varchar",
    "PIPE_SCHEMA_NAME": "varchar",
    "PIPE_NAME": "varchar",
    "PIPE_RECEIVED_TIME": "timestamptz",
}


@dataclass
class Pipe:
    """A pipe at work: what it copies, what is pending, what it knows."""

    thing: Thing
    copied: stages.Copy
    definition: str
    auto: bool
    paused: bool = False
    pending: list[tuple[stages.File, datetime]] = field(default_factory=list)
    known: dict[str, datetime] = field(default_factory=dict)
    last: Load | None = None
    forwarded: str = ""

    def offer(self, file: stages.File, now: datetime) -> bool:
        """Queue a file, unless the pipe knows it."""
        seen = self.known.get(file.path)
        if seen is not None and now - seen < REMEMBERED:
            return False
        self.known[file.path] = now
        self.pending.append((file, now))
        return True

    def wants(self, path: str) -> bool:
        """Whether a path within the stage is the pipe's."""
        pattern = self.copied.pattern
        return path.startswith(self.copied.path) and (pattern is None or re.fullmatch(pattern, path) is not None)


class Snowpipe:
    """All pipes of an account, and the thread that feeds them."""

    def __init__(self, account: Account, connect: Callable[[], duckdb.DuckDBPyConnection]) -> None:
        self._account = account
        self._connect = connect
        self._pipes: dict[Name, Pipe] = {}
        self._queue: str | None = None
        self._rounds = 0
        self._failure: Exception | None = None
        self._changed = threading.Condition()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, name="snowpipe", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self) -> None:
        """End the work."""
        self._ending.set()
        self.poke()
        self._thread.join(timeout=10)

    # Statements

    def run(self, context: Context, words: Words) -> pa.Table | None:
        """The answer to a statement about pipes; None when it is none."""
        handlers: list[tuple[str, Callable[[Context, Words], pa.Table]]] = [
            ("CREATE OR REPLACE PIPE", lambda c, w: self._create(c, w, replaced=True)),
            ("CREATE PIPE", lambda c, w: self._create(c, w, replaced=False)),
            ("ALTER PIPE", self._alter),
            ("DROP PIPE", self._drop),
            ("SHOW PIPES", self._show),
            ("DESCRIBE PIPE", self._describe),
            ("DESC PIPE", self._describe),
        ]
        for phrase, handler in handlers:
            if words.accept(phrase):
                with self._changed:
                    return handler(context, words)
        return None

    def _create(self, context: Context, words: Words, replaced: bool) -> pa.Table:
        tolerate = words.accept("IF NOT EXISTS")
        name = context.full(words.name())
        context.require_schema(name)
        context.touch("CREATE", "Pipe", name)
        options = words.options()
        words.expect("AS")
        definition = words.rest
        words.expect("COPY INTO")
        copied = stages.parsed(context, words, skip=True)
        if "FILES" in copied.options or "FORCE" in copied.options:
            raise SqlError(1003, "42601", "SQL compilation error:\nFILES and FORCE are not allowed in a pipe.")
        thing = Thing("PIPE", name, options, self._account.now())
        if not self._account.add(thing, replaced, tolerate):
            return status(f"{name[-1]} already exists, statement succeeded.")
        self._pipes[name] = Pipe(thing, copied, definition, options.get("AUTO_INGEST") is True)
        return status(f"Pipe {name[-1]} successfully created.")

    def _pipe(self, context: Context, name: Name) -> Pipe:
        full = context.full(name)
        self._account.find("PIPE", full)
        return self._pipes[full]

    def _alter(self, context: Context, words: Words) -> pa.Table:
        tolerate = words.accept("IF EXISTS")
        name = words.name()
        if tolerate and context.full(name) not in self._account.things.get("PIPE", {}):
            return status(DONE)
        context.touch("ALTER", "Pipe", context.full(name))
        pipe = self._pipe(context, name)
        if words.accept("REFRESH"):
            return self._refresh(context, pipe, words.options())
        words.expect("SET")
        options = words.options()
        pipe.paused = options.pop("PIPE_EXECUTION_PAUSED", pipe.paused) is True
        pipe.thing.properties.update(options)
        self._changed.notify_all()
        return status(DONE)

    def _refresh(self, context: Context, pipe: Pipe, options: dict[str, Any]) -> pa.Table:
        stage = stages.opened(self._account, pipe.copied.stage)
        now = self._account.now()
        oldest = now - REFRESHED
        if after := options.get("MODIFIED_AFTER"):
            asked = datetime.fromisoformat(str(after))
            oldest = max(oldest, asked if asked.tzinfo else asked.replace(tzinfo=UTC))
        files = stage.files(pipe.copied.path + str(options.get("PREFIX", "")))
        sent = [file for file in files if file.modified >= oldest and pipe.wants(file.path) and pipe.offer(file, now)]
        self._changed.notify_all()
        return answer(["File", "Status"], [(file.path, "SENT") for file in sent])

    def _drop(self, context: Context, words: Words) -> pa.Table:
        tolerate = words.accept("IF EXISTS")
        name = context.full(words.name())
        context.touch("DROP", "Pipe", name)
        if not tolerate or name in self._account.things.get("PIPE", {}):
            self._account.find("PIPE", name)
            del self._account.things["PIPE"][name], self._pipes[name]
        return status(f"{name[-1]} successfully dropped.")

    def _show(self, context: Context, words: Words) -> pa.Table:
        return self._shown(chosen(context, words, self._account.all("PIPE")))

    def _describe(self, context: Context, words: Words) -> pa.Table:
        return self._shown([self._pipe(context, words.name()).thing])

    def _shown(self, things: list[Thing]) -> pa.Table:
        columns = [
            *("created_on", "name", "database_name", "schema_name", "definition", "owner", "notification_channel"),
            *("comment", "integration", "pattern", "error_integration", "owner_role_type", "invalid_reason", "kind"),
        ]
        rows = []
        for thing in things:
            pipe = self._pipes[thing.name]
            channel = self._account.queue_arn if pipe.auto else None
            comment = str(thing.properties.get("COMMENT", ""))
            known = (thing.created, thing.name[2], *thing.name[:2], pipe.definition, ADMIN, channel, comment)
            rows.append((*known, None, pipe.copied.pattern, None, "ROLE", None, "STAGE"))
        return answer(columns, rows)

    def status(self, context: Context, name: str) -> str:
        """SYSTEM$PIPE_STATUS."""
        with self._changed:
            context.touch("MONITOR", "Pipe", context.full(parts(name)))
            pipe = self._pipe(context, parts(name))
            told: dict[str, Any] = {"executionState": self._state(context, pipe)}
            if pipe.pending:
                told["oldestPendingFilePath"] = pipe.pending[0][0].path
                told["oldestFileTimestamp"] = _moment(pipe.pending[0][1])
            told["pendingFileCount"] = len(pipe.pending)
            if pipe.last is not None:
                told["lastIngestedTimestamp"] = _moment(pipe.last.at)
                told["lastIngestedFilePath"] = pipe.last.file
            if pipe.auto:
                told["notificationChannelName"] = self._account.queue_arn
                told["numOutstandingMessagesOnChannel"] = 0
                if pipe.forwarded:
                    told["lastForwardedFilePath"] = pipe.forwarded
            return json.dumps(told, separators=(",", ":"))

    def history(self, context: Context, table: Name, start: datetime, end: datetime | None) -> list[tuple[Any, ...]]:
        """COPY_HISTORY of a table, of COPY and of pipes, in the order of `HISTORY_COLUMNS`."""
        context.require_table(table)
        context.touch("SELECT", "Table", table)
        now = self._account.now()
        if start < now - HISTORY:
            raise SqlError(1040, "22023", "Cannot retrieve data before 14 days ago: START_TIME is too old.")
        return [
            _history_row(load)
            for load in self._account.loads
            if load.table == table and start <= load.at <= (end or now)
        ]

    # Work

    def ingest_from(self, queue: str) -> str:
        """Read events from a queue from now on; makes it when missing. Returns its ARN."""
        sqs = boto3.client("sqs")
        url = sqs.create_queue(QueueName=queue)["QueueUrl"]
        arn = str(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])
        with self._changed:
            self._queue, self._account.queue_arn = url, arn
            self._changed.notify_all()
        return arn

    def forget_queue(self) -> None:
        """Read no events any more."""
        with self._changed:
            self._queue = None

    def announce(self, bucket: str, key: str) -> None:
        """Queue an object with the pipes that want it, as for an event."""
        with self._changed:
            for pipe in self._live():
                if pipe.auto:
                    self._offer(pipe, bucket, key)
            self._changed.notify_all()

    def _offer(self, pipe: Pipe, bucket: str, key: str) -> None:
        thing = self._account.things.get("STAGE", {}).get(pipe.copied.stage)
        if thing is None:
            return
        stage = stages.opened(self._account, pipe.copied.stage)
        shown = f"s3://{bucket}/{key}"
        path = shown.removeprefix(stage.location)
        if not stage.location or path == shown or not pipe.wants(path):
            return
        pipe.forwarded = f"{bucket}/{key}"
        # Its size and ETag are those at the time of loading: an event may be older than the object.
        pipe.offer(stages.File(path, key, shown, 0, "", self._account.now()), self._account.now())

    def _live(self) -> list[Pipe]:
        """The pipes that are there; a database takes its own along when it is dropped."""
        there = self._account.things.get("PIPE", {})
        return [pipe for name, pipe in self._pipes.items() if there.get(name) is pipe.thing]

    def _may_load(self, pipe: Pipe) -> bool:
        if not pipe.pending or pipe.paused:
            return False
        with self._connect() as duck:
            return self._state(Context(self._account, duck), pipe) == "RUNNING"

    def _state(self, context: Context, pipe: Pipe) -> str:
        """What SYSTEM$PIPE_STATUS calls executionState."""
        if pipe.paused:
            return "PAUSED"
        if pipe.copied.stage not in self._account.things.get("STAGE", {}):
            return "STOPPED_STAGE_DROPPED"
        there = [name for _, name in context.tables(pipe.copied.table[:2])]
        return "RUNNING" if pipe.copied.table in there else "STOPPED_MISSING_TABLE"

    def _context(self, pipe: Pipe) -> Context:
        copied = pipe.copied
        return Context(self._account, self._connect(), database=copied.database, schema=copied.schema)

    def poke(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def drained(self, seconds: float) -> bool:
        """Wait until all that was announced or queued before this call is loaded. False when it takes longer."""
        with self._changed:
            # The round under way may have looked before this call, so it takes a whole one more.
            goal = self._rounds + 2
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._rounds >= goal or self._failure is not None, timeout=seconds)
            if self._failure is not None:
                failure, self._failure = self._failure, None
                raise failure
            return self._rounds >= goal

    def _work(self) -> None:
        while not self._ending.is_set():
            idle = False
            try:
                idle = not self._receive() and not self._load_one()
            except Exception as error:  # kept for `drained`, which raises it where a test sees it
                with self._changed:
                    self._failure = error
                    self._changed.notify_all()
                    self._changed.wait(timeout=PAUSE_SECONDS)
            if idle:
                with self._changed:
                    self._rounds += 1
                    self._changed.notify_all()
                    self._changed.wait(timeout=PAUSE_SECONDS)

    def _receive(self) -> bool:
        """Hand what the queue has to the pipes; whether there was anything."""
        with self._changed:
            url = self._queue
        if url is None:
            return False
        sqs = boto3.client("sqs")
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in messages:
            for record in json.loads(message["Body"]).get("Records", []):
                if str(record.get("eventName", "")).startswith("ObjectCreated:"):
                    s3 = record["s3"]
                    self.announce(s3["bucket"]["name"], unquote_plus(s3["object"]["key"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return bool(messages)

    def _load_one(self) -> bool:
        """Load the next pending file of some pipe; whether there was one."""
        with self._changed:
            if self._account.faults.hold_pipes:
                return False
            pipe = next(filter(self._may_load, self._live()), None)
            if pipe is None:
                return False
            file, _ = pipe.pending[0]
        context = self._context(pipe)
        with context.duck as duck:
            loaded = self._load(context, duck, pipe, file)
        with self._changed:
            # A pipe made anew while its file loaded is another one; that one's queue stays as it is.
            pipe.pending.pop(0)
            pipe.last = loaded
            self._account.loads.append(loaded)
        return True

    def _load(self, context: Context, duck: duckdb.DuckDBPyConnection, pipe: Pipe, file: stages.File) -> Load:
        copied = pipe.copied
        stage = stages.opened(self._account, copied.stage)
        try:
            there = next((found for found in stage.files(file.path) if found.path == file.path), None)
            if there is None:
                raise SqlError(91016, "22000", f"Remote file '{file.shown}' was not found.")
            (outcome,) = stages.outcomes_of(context, copied, stage, [there], self._connect, abort=False)
            stages.write(duck, copied.table, [outcome])
        except (SqlError, ClientError) as error:
            outcome = stages.Outcome(file, error=translated(error))
        return stages.load(context, copied.table, stage, outcome, pipe.thing.name)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _history_row(load: Load) -> tuple[Any, ...]:
    failed = load.error is not None
    values: dict[str, Any] = {
        "FILE_NAME": load.file,
        "STAGE_LOCATION": load.stage,
        "LAST_LOAD_TIME": load.at,
        "ROW_COUNT": load.rows,
        "ROW_PARSED": load.rows,
        "FILE_SIZE": load.size,
        "FIRST_ERROR_MESSAGE": load.error,
        "ERROR_COUNT": int(failed),
        "ERROR_LIMIT": 1,
        "STATUS": "Load failed" if failed else "Loaded",
        "TABLE_CATALOG_NAME": load.table[0],
        "TABLE_SCHEMA_NAME": load.table[1],
        "TABLE_NAME": load.table[2],
    }
    if load.pipe is not None:
        names = dict(zip(("PIPE_CATALOG_NAME", "PIPE_SCHEMA_NAME", "PIPE_NAME"), load.pipe, strict=True))
        values |= names | {"PIPE_RECEIVED_TIME": load.at}
    return tuple(values.get(column) for column in HISTORY_COLUMNS)
