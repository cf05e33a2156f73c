"""Landing: a batch's files become rows, by Snowpipe or by COPY, and are counted against the publish record.

Nothing here is visible to readers: `warehouse` switches a date when all of its files have landed with all their rows.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from spotify_platform.contracts.curated import CURATED, CURATED_BY_NAME
from spotify_platform.contracts.table import Table
from spotify_platform.lake.publishing import PublishedFile, PublishRecord
from spotify_platform.load.snowflake.ddl import BATCH, HOW, copied, pipe
from spotify_platform.load.snowflake.session import Session

Way = Literal["pipe", "copy"]

# COPY takes a thousand names: https://docs.snowflake.com/en/sql-reference/sql/copy-into-table
_NAMES_A_COPY = 1_000

# What Snowpipe says of a file that it is done with and could not load, or not wholly:
# https://docs.snowflake.com/en/sql-reference/functions/copy_history
_FAILED = {"load failed", "load_failed", "partially loaded", "partially_loaded"}


@dataclass(frozen=True)
class Judgement:
    """How far the files of some batches are, by batch."""

    waiting: dict[str, list[str]]  # what is not there, or not wholly: Snowpipe may commit a large file in parts
    wrong: dict[str, list[str]]  # what is wrong with its files, for a person
    late: list[PublishedFile]  # the files that are waited for
    until: dict[str, datetime]  # when the scan of the last file that is there began


def judge(session: Session, records: Iterable[PublishRecord], way: Way) -> Judgement:
    """Compare the rows that have landed by a way, file by file, with what the records say."""
    records = list(records)
    landed, scanned = _landed(session, records, way)
    late: dict[str, list[PublishedFile]] = {}
    wrong: dict[str, list[str]] = {}
    until: dict[str, datetime] = {}
    for record in records:
        expected = {inside(file): file.rows for file in record.files}
        of_batch = sorted(name for name in landed if f"/batch_id={record.batch_id}/" in name)
        if of_batch:
            until[record.batch_id] = max(scanned[name] for name in of_batch)
        missing = [file for file in record.files if landed[inside(file)] < file.rows]
        said = [_counts(name, landed, expected) for name in of_batch if landed[name] > expected.get(name, 0)]
        if way == "copy":  # which is all there, or will never be
            said += [_counts(inside(file), landed, expected) for file in missing]
        if said:
            wrong[record.batch_id] = said
        elif missing:
            late[record.batch_id] = missing
    if late:
        failed = _failed(session, {file.table for files in late.values() for file in files})
        for batch, files in list(late.items()):
            if said := [f"{inside(file)}: {failed[inside(file)]}" for file in files if inside(file) in failed]:
                wrong[batch] = said
                del late[batch]
    waiting = {
        batch: [_counts(inside(file), landed, {inside(file): file.rows}) for file in files]
        for batch, files in late.items()
    }
    return Judgement(waiting, wrong, [file for files in late.values() for file in files], until)


def _counts(name: str, landed: Mapping[str, int], published: Mapping[str, int]) -> str:
    if not landed.get(name):
        return f"{name}: not there"
    return f"{name}: {landed[name]:,} rows landed, {published.get(name, 0):,} were published"


def refresh(session: Session, files: Iterable[PublishedFile]) -> None:
    """Let the pipes look for files of which no event came; they know which they have loaded.

    It reaches back 7 days: https://docs.snowflake.com/en/sql-reference/sql/alter-pipe
    """
    prefixes: dict[str, set[str]] = defaultdict(set)
    for file in files:
        prefixes[file.table].add(inside(file).removeprefix(f"{file.table}/").rsplit("/", 1)[0])
    for table, found in prefixes.items():
        # A statement takes Snowflake a second or so: one for all dates where there are many.
        for prefix in sorted(found) if len(found) <= 10 else [""]:
            session.rows(
                f"alter pipe landing.{pipe(CURATED_BY_NAME[table])} refresh" + (f" prefix = '{prefix}/'" * bool(prefix))
            )


def state_of_pipes(session: Session, tables: Iterable[str]) -> dict[str, str]:
    """What each table's pipe is doing: RUNNING, PAUSED, …"""
    states = {}
    for table in sorted(set(tables)):
        ((told,),) = session.rows(f"select system$pipe_status('landing.{pipe(CURATED_BY_NAME[table])}')")
        states[table] = json.loads(told)["executionState"]
    return states


def copy(session: Session, records: Iterable[PublishRecord], stage: str) -> None:
    """Bring batches from a stage into the tables that no pipe feeds, instead of what is there of them.

    Call it in a transaction.
    """
    records = list(records)
    for table in CURATED:
        batches = ", ".join(f"'{record.batch_id}'" for record in records)
        session.rows(f"delete from landing.{copied(table)} where {_dates(records)} and {BATCH} in ({batches})")
        files = [file for record in records for file in record.files if file.table == table.name and file.rows]
        copy_files(session, table, stage, [inside(file) for file in files])


def copy_files(session: Session, table: Table, stage: str, names: Sequence[str]) -> None:
    """COPY files of a stage into the table that no pipe feeds, beside what is there."""
    for start in range(0, len(names), _NAMES_A_COPY):
        listed = ", ".join(f"'{name}'" for name in names[start : start + _NAMES_A_COPY])
        # FORCE, since COPY remembers for 64 days what it has loaded, also when it was deleted since.
        session.rows(
            f"copy into landing.{copied(table)} from @{stage}/ files = ({listed}) {HOW} "
            "on_error = abort_statement force = true"
        )


def upload(session: Session, stage: str, files: Mapping[str, Path]) -> None:
    """Put local files into an internal stage, under the given names."""
    for name, path in files.items():
        folder, _, file = name.rpartition("/")
        if path.name != file:
            raise ValueError(f"{path}: PUT keeps a file's name, so it must be {file}")
        local = str(path).replace("\\", "/").replace("'", "\\'")
        session.rows(f"put 'file://{local}' @{stage}/{folder}/ auto_compress = false overwrite = true")


def inside(file: PublishedFile) -> str:
    """A file's name in a stage: its path in the lake's curated zone."""
    return file.path.removeprefix("curated/")


def _landed(session: Session, records: list[PublishRecord], way: Way) -> tuple[Counter[str], dict[str, datetime]]:
    """Rows by file, for the dates of some records, and when the scan of each file began."""
    rows: Counter[str] = Counter()
    scanned: dict[str, datetime] = {}
    if records:
        selects = [
            f"select '{table.name}', file_name, count(*), max(scanned_at) from "
            f"landing.{table.name if way == 'pipe' else copied(table)} where {_dates(records)} group by file_name"
            for table in CURATED
        ]
        for table, path, count, at in session.rows(" union all ".join(selects)):
            name = _known_as(table, path)  # two paths may be the same file of ours
            rows[name] += count
            scanned[name] = max(at, scanned.get(name, at))
    return rows, scanned


def _failed(session: Session, tables: Iterable[str]) -> dict[str, str]:
    """Files that Snowpipe is done with and could not load wholly, in the last 13 days, each with Snowflake's error."""
    failed = {}
    for table in sorted(tables):
        found = session.rows(
            "select file_name, status, first_error_message from table(information_schema.copy_history("
            f"table_name => 'landing.{table}', start_time => dateadd(day, -13, current_timestamp()))) "
            "order by last_load_time"
        )
        for name, status, message in found:
            if str(status).lower() in _FAILED:
                failed[_known_as(table, name)] = f"{status}: {message}"
            else:
                failed.pop(_known_as(table, name), None)
    return failed


def _known_as(table: str, path: str) -> str:
    """A file by the name that `inside` gives it, of its path in a bucket or stage, however long that is."""
    return f"{table}/{path[path.index('snapshot_date=') :]}"


def _dates(records: list[PublishRecord]) -> str:
    """A condition that rows of the records' dates meet, by which Snowflake leaves out all other partitions."""
    return f"snapshot_date in ({', '.join(repr(str(record.snapshot_date)) for record in records)})"
