"""Files in stages: PUT, LIST, REMOVE, and COPY INTO a table.

A stage as an object is made in `statements`; what a pipe loads and when is decided in `pipes`, which copies with what
is here. Modelled after

- https://docs.snowflake.com/en/sql-reference/sql/copy-into-table: a path is a prefix of keys; FILES are names after it,
  1,000 at most, and one that is missing fails the statement; PATTERN must match the whole storage location; a column
  that a file lacks is NULL; FORCE loads again what was loaded; a file counts as loaded by its name and ETag for 64
  days; ON_ERROR = ABORT_STATEMENT loads nothing at the first error, SKIP_FILE leaves the file out.
- https://docs.snowflake.com/en/user-guide/querying-metadata: METADATA$FILENAME has the full path, in an external stage
  the key within the bucket, in an internal one the path within the stage. METADATA$FILE_ROW_NUMBER counts from 1.
- https://docs.snowflake.com/en/sql-reference/functions/copy_history: FILE_NAME is the path relative to the stage.
- https://docs.snowflake.com/en/sql-reference/sql/put, …/list and …/remove.

A file is read before anything is written, by another connection of DuckDB: a bad file leaves a transaction alive, as it
does in Snowflake and does not in DuckDB.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import boto3
import duckdb
import pyarrow as pa

from spotify_platform_tests.snowflake_model.account import Account, Context, Load
from spotify_platform_tests.snowflake_model.errors import SqlError, not_modelled, translated
from spotify_platform_tests.snowflake_model.results import answer, status
from spotify_platform_tests.snowflake_model.words import Name, Words, quoted, unquoted

REMEMBERED = timedelta(days=64)
MOST_FILES = 1000

_METADATA = {
    *("METADATA$FILENAME", "METADATA$FILE_ROW_NUMBER", "METADATA$FILE_CONTENT_KEY"),
    *("METADATA$FILE_LAST_MODIFIED", "METADATA$START_SCAN_TIME"),
}


@dataclass(frozen=True)
class File:
    """A file in a stage. `path` is relative to the stage, `name` what METADATA$FILENAME says."""

    path: str
    name: str
    shown: str
    size: int
    etag: str
    modified: datetime


@dataclass(frozen=True)
class Stage:
    """A stage with a way to its files: a prefix in a bucket, or a folder here."""

    name: Name
    location: str  # s3://bucket/prefix/, or empty
    folder: Path
    cache: Path

    @property
    def shown(self) -> str:
        """Where it is, as COPY_HISTORY and PATTERN have it."""
        return self.location or f"@{'.'.join(self.name)}/"

    @property
    def _bucket(self) -> str:
        return urlparse(self.location).netloc

    @property
    def _prefix(self) -> str:
        return urlparse(self.location).path.lstrip("/")

    def files(self, prefix: str) -> list[File]:
        """The files whose path begins like this, by name."""
        return sorted(self._objects(prefix) if self.location else self._local(prefix), key=lambda file: file.path)

    def _objects(self, prefix: str) -> Iterator[File]:
        pages = boto3.client("s3").get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix + prefix):
            for one in page.get("Contents", []):
                key, shown = one["Key"], f"s3://{self._bucket}/{one['Key']}"
                path = key.removeprefix(self._prefix)
                yield File(path, key, shown, one["Size"], one["ETag"].strip('"'), one["LastModified"])

    def _local(self, prefix: str) -> Iterator[File]:
        for found in self.folder.rglob("*"):
            path = found.relative_to(self.folder).as_posix()
            if found.is_file() and path.startswith(prefix):
                about = found.stat()
                etag = hashlib.md5(found.read_bytes(), usedforsecurity=False).hexdigest()
                modified = datetime.fromtimestamp(about.st_mtime, UTC)
                yield File(path, path, f"{self.name[-1].lower()}/{path}", about.st_size, etag, modified)

    def fetch(self, file: File) -> Path:
        """The file as one that DuckDB can read."""
        if not self.location:
            return self.folder / file.path
        local = self.cache / hashlib.sha256(f"{file.shown} {file.etag}".encode()).hexdigest()
        if not local.exists():
            self.cache.mkdir(parents=True, exist_ok=True)
            partial = local.with_suffix(f".{id(file)}")
            boto3.client("s3").download_file(self._bucket, file.name, str(partial))
            partial.rename(local)
        return local

    def remove(self, file: File) -> None:
        """Delete the file."""
        if self.location:
            boto3.client("s3").delete_object(Bucket=self._bucket, Key=file.name)
        else:
            (self.folder / file.path).unlink()


def opened(account: Account, name: Name) -> Stage:
    """The stage of this full name."""
    thing = account.find("STAGE", name)
    location = str(thing.properties.get("URL", ""))
    if location and not location.endswith("/"):
        location += "/"
    scratch = account.scratch
    return Stage(name, location, scratch.joinpath("stages", *name), scratch / "objects")


def reference(context: Context, words: Words) -> tuple[Stage, str]:
    """Read `@stage/path`, with or without quotes: the stage, and the path."""
    token = words.take("stage", "text")
    text = unquoted(token.text) if token.kind == "text" else token.text
    name, _, path = text.removeprefix("@").partition("/")
    if not text.startswith("@") or name[:1] in ("~", "%"):
        raise not_modelled(f"location like {text}; only named stages")
    return opened(context.account, context.full(Words(name).name())), path


def put(context: Context, words: Words) -> dict[str, Any]:
    """What the connector needs to upload a file; it writes into the stage's folder itself."""
    source = words.text()
    stage, path = reference(context, words)
    options = words.options()
    context.touch("WRITE", "Stage", stage.name)
    if stage.location:
        raise not_modelled("PUT to an external stage, nor has Snowflake")
    if ".." in path.split("/"):
        raise not_modelled("path with ..")
    folder = stage.folder / path
    folder.mkdir(parents=True, exist_ok=True)
    return {
        "command": "UPLOAD",
        "src_locations": [source.removeprefix("file://")],
        "stageInfo": {"locationType": "LOCAL_FS", "location": f"{folder}/", "creds": {}},
        "autoCompress": options.get("AUTO_COMPRESS", True),
        "sourceCompression": str(options.get("SOURCE_COMPRESSION", "auto_detect")).lower(),
        "overwrite": options.get("OVERWRITE", False),
        "parallel": int(options.get("PARALLEL", 4)),
    }


def listed(context: Context, words: Words) -> pa.Table:
    """LIST: names with the stage's in front, or URLs."""
    stage, path = reference(context, words)
    context.touch("READ", "Stage", stage.name)
    files = _matching(stage, stage.files(path), words.options().get("PATTERN"))
    rows = [
        (file.shown, file.size, file.etag, format_datetime(file.modified.astimezone(UTC), usegmt=True))
        for file in files
    ]
    return answer(["name", "size", "md5", "last_modified"], rows)


def removed(context: Context, words: Words) -> pa.Table:
    """REMOVE: what it removed."""
    stage, path = reference(context, words)
    context.touch("WRITE", "Stage", stage.name)
    files = _matching(stage, stage.files(path), words.options().get("PATTERN"))
    for file in files:
        stage.remove(file)
    return answer(["name", "result"], [(file.shown, "removed") for file in files])


def _matching(stage: Stage, files: list[File], pattern: str | None) -> list[File]:
    return [file for file in files if pattern is None or re.fullmatch(pattern, stage.shown + file.path)]


@dataclass(frozen=True)
class Copy:
    """A COPY INTO taken apart."""

    table: Name
    stage: Name
    path: str
    options: dict[str, Any]
    database: str | None
    schema: str | None

    @property
    def pattern(self) -> str | None:
        """The regular expression for names."""
        return self.options.get("PATTERN")


def parsed(context: Context, words: Words, skip: bool = False) -> Copy:
    """Read a COPY INTO from after these words on. With `skip` files with errors are left out unless it says otherwise.

    Raises for options that are wrong: a pipe's are checked when it is made.
    """
    table = context.full(words.name())
    words.expect("FROM")
    if words.next == "(":
        raise not_modelled("COPY with a query")
    stage, path = reference(context, words)
    options = words.options()
    if not words.done:
        raise words.unexpected()
    context.require_table(table)
    options.setdefault("ON_ERROR", "SKIP_FILE" if skip else "ABORT_STATEMENT")
    if str(options["ON_ERROR"]).upper() not in ("ABORT_STATEMENT", "SKIP_FILE"):
        raise not_modelled(f"on_error = {options['ON_ERROR']}")
    copied = Copy(table, stage.name, path, options, context.database, context.schema)
    _check(context, copied)
    return copied


def _check(context: Context, copied: Copy) -> None:
    chosen = copied.options.get("FILE_FORMAT") or context.account.find("STAGE", copied.stage).properties.get(
        "FILE_FORMAT"
    )
    form: dict[str, Any] = chosen if isinstance(chosen, dict) else {"FORMAT_NAME": chosen} if chosen else {}
    if "FORMAT_NAME" in form:
        form = context.account.find("FILE FORMAT", context.full(Words(str(form["FORMAT_NAME"])).name())).properties
    if str(form.get("TYPE", "CSV")).upper() != "PARQUET":
        raise not_modelled(f"COPY of {form.get('TYPE', 'CSV')}")
    how = str(copied.options.get("MATCH_BY_COLUMN_NAME", "NONE")).upper()
    if how not in ("CASE_INSENSITIVE", "CASE_SENSITIVE"):
        message = (
            "SQL compilation error:\nPARQUET file format can produce one and only one column of type variant, object, "
            "or array. Load data into separate columns using the MATCH_BY_COLUMN_NAME copy option or copy with "
            "transformation."
        )
        raise SqlError(2019, "0A000", message)
    for source in copied.options.get("INCLUDE_METADATA", {}).values():
        if str(source).upper() not in _METADATA:
            raise SqlError(904, "42000", f"SQL compilation error:\ninvalid identifier '{source}'")
    if len(copied.options.get("FILES", [])) > MOST_FILES:
        raise SqlError(1011, "42601", f"SQL compilation error:\nmaximum number of files, {MOST_FILES}, exceeded.")


@dataclass
class Outcome:
    """What became of a file: rows that are read but not yet written, or an error, or neither when it was skipped."""

    file: File
    rows: pa.Table | None = None
    error: SqlError | None = None

    @property
    def count(self) -> int:
        """How many rows there are to load."""
        return 0 if self.rows is None else self.rows.num_rows


@dataclass
class Copied:
    """A COPY that can be written: the answer it gives, the rows, what the histories remember."""

    answer: pa.Table
    table: Name
    outcomes: list[Outcome] = field(default_factory=list)
    loads: list[Load] = field(default_factory=list)

    def write(self, duck: duckdb.DuckDBPyConnection) -> None:
        """Insert the rows."""
        write(duck, self.table, self.outcomes)


def copy(context: Context, copied: Copy, read: Callable[[], duckdb.DuckDBPyConnection]) -> Copied:
    """Choose and read the files of a COPY."""
    context.touch("COPY", "Table", copied.table)
    context.touch("READ", "Stage", copied.stage)
    stage = opened(context.account, copied.stage)
    named = copied.options.get("FILES")
    files = _named(stage, copied, named) if named else _matching(stage, stage.files(copied.path), copied.pattern)
    force = copied.options.get("FORCE") is True
    fresh = [file for file in files if force or not _loaded(context, copied.table, stage, file)]
    skipped = [file for file in files if file not in fresh] if named else []
    abort = str(copied.options["ON_ERROR"]).upper() == "ABORT_STATEMENT"
    outcomes = list(outcomes_of(context, copied, stage, fresh, read, abort))
    loads = [load(context, copied.table, stage, outcome) for outcome in outcomes]
    return Copied(_answer(outcomes, skipped), copied.table, outcomes, loads)


def _named(stage: Stage, copied: Copy, named: list[str]) -> list[File]:
    found = []
    for name in named:
        path = copied.path + name
        file = next((file for file in stage.files(path) if file.path == path), None)
        if file is None:
            raise SqlError(
                91016,
                "22000",
                f"Remote file '{stage.shown}{path}' was not found. There are several potential causes. The file might "
                "not exist. The required credentials may be missing or invalid.",
            )
        found.append(file)
    return found


def _loaded(context: Context, table: Name, stage: Stage, file: File) -> bool:
    since = context.account.now() - REMEMBERED
    return any(
        known.table == table
        and known.pipe is None
        and known.error is None
        and known.at >= since
        and (known.stage, known.file, known.etag) == (stage.shown, file.path, file.etag)
        for known in context.account.loads
    )


def load(context: Context, table: Name, stage: Stage, outcome: Outcome, pipe: Name | None = None) -> Load:
    """An outcome as the histories keep it."""
    file, error = outcome.file, outcome.error
    message = None if error is None else error.message
    return Load(
        table, stage.shown, file.path, file.etag, file.size, context.account.now(), outcome.count, message, pipe
    )


def outcomes_of(
    context: Context,
    copied: Copy,
    stage: Stage,
    files: list[File],
    read: Callable[[], duckdb.DuckDBPyConnection],
    abort: bool,
) -> Iterator[Outcome]:
    """Read files for a table. With `abort` the first error is raised, with the file's name in it."""
    if not files:
        return
    described = context.duck.execute(f"describe {_sql(copied.table)}").fetchall()
    columns = {name: (kind, null == "YES") for name, kind, null, *_ in described}
    scanned_at = context.account.now()
    with read() as connection:
        zone = context.parameters.get("TIMEZONE", "America/Los_Angeles")
        connection.execute(f"set TimeZone = {quoted(zone)}")
        for file in files:
            local = stage.fetch(file)
            try:
                yield Outcome(file, _rows(connection, local, copied, file, columns, scanned_at))
            except (duckdb.Error, SqlError) as error:
                failed = _failure(file, local, error)
                if abort:
                    raise failed from error
                yield Outcome(file, error=failed)


def _rows(
    connection: duckdb.DuckDBPyConnection,
    local: Path,
    copied: Copy,
    file: File,
    columns: dict[str, tuple[str, bool]],
    scanned_at: datetime,
) -> pa.Table:
    """The rows of a file in the table's columns and types."""
    source = f"read_parquet([{quoted(str(local))}], file_row_number = true, hive_partitioning = false)"
    inside = [
        row[0] for row in connection.execute(f"describe select * exclude (file_row_number) from {source}").fetchall()
    ]
    cased = str(copied.options["MATCH_BY_COLUMN_NAME"]).upper() == "CASE_SENSITIVE"
    by_name = {name if cased else name.upper(): name for name in inside}
    metadata = {key.upper(): str(value).upper() for key, value in copied.options.get("INCLUDE_METADATA", {}).items()}
    modified = file.modified.astimezone(UTC).replace(tzinfo=None)
    values = {
        "METADATA$FILENAME": quoted(file.name),
        "METADATA$FILE_ROW_NUMBER": "file_row_number + 1",
        "METADATA$FILE_CONTENT_KEY": quoted(file.etag),
        "METADATA$FILE_LAST_MODIFIED": f"{quoted(modified.isoformat())}::timestamp",
        "METADATA$START_SCAN_TIME": f"{quoted(scanned_at.isoformat())}::timestamptz",
    }
    selected = []
    for name, (kind, _) in columns.items():
        if name in metadata:
            expression = values[metadata[name]]
        elif name in by_name:
            expression = _identifier(by_name[name])
            expression = f"to_json({expression})" if kind == "JSON" else expression
        else:
            expression = "null"
        selected.append(f"cast({expression} as {kind}) as {_identifier(name)}")
    table = connection.sql(f"select {', '.join(selected)} from {source}").to_arrow_table()
    for name, (_, nullable) in columns.items():
        if not nullable and table.column(name).null_count:
            raise SqlError(100072, "22000", f"NULL result in a non-nullable column ({name})")
    return table


def _failure(file: File, local: Path, error: Exception) -> SqlError:
    """An error in a file, which says in which."""
    cause = translated(error)
    hint = (
        "\n  If you would like to continue loading when an error is encountered, use other values such as 'SKIP_FILE' "
        "or 'CONTINUE' for the ON_ERROR option."
    )
    if cause.code in (100038, 100072, 100132):
        return replace(cause, message=f"{cause.message}\n  File '{file.path}'{hint}")
    first = str(error).partition("\n")[0].replace(str(local), file.path)
    return SqlError(100069, "22P02", f"Error parsing the parquet file: {first}\n  File '{file.path}'{hint}")


def write(duck: duckdb.DuckDBPyConnection, table: Name, outcomes: list[Outcome]) -> None:
    """Insert what was read, in one statement."""
    rows = [outcome.rows for outcome in outcomes if outcome.rows is not None]
    if rows:
        duck.register("copied_rows", pa.concat_tables(rows))
        try:
            duck.execute(f"insert into {_sql(table)} by name select * from copied_rows")
        finally:
            duck.unregister("copied_rows")


def _answer(outcomes: list[Outcome], skipped: list[File]) -> pa.Table:
    if not outcomes and not skipped:
        return status("Copy executed with 0 files processed.")
    columns = [
        *("file", "status", "rows_parsed", "rows_loaded", "error_limit", "errors_seen"),
        *("first_error", "first_error_line", "first_error_character", "first_error_column_name"),
    ]
    rows: list[tuple[Any, ...]] = []
    for outcome in outcomes:
        state, message = ("LOADED", None) if outcome.error is None else ("LOAD_FAILED", outcome.error.message)
        errors = int(outcome.error is not None)
        rows.append((outcome.file.shown, state, outcome.count, outcome.count, 1, errors, message, None, None, None))
    for file in skipped:
        rows.append((file.shown, "LOAD_SKIPPED", 0, 0, 0, 1, "File was loaded before.", None, None, None))
    return answer(columns, rows)


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _sql(name: Name) -> str:
    return ".".join(map(_identifier, name))
