"""The warehouse as runs know it, on Snowflake: load published batches, build marts, remove what is purged.

Files land additively and unseen; one MERGE of `ops.published` switches dates to their batches, for all tables at once.
"""

import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from spotify_platform.contracts.curated import CURATED
from spotify_platform.contracts.errors import LakeError, NotLandedError, PlatformError, WarehouseError
from spotify_platform.contracts.marts import MARTS
from spotify_platform.contracts.table import Table
from spotify_platform.lake.publishing import PublishRecord, heads
from spotify_platform.lake.store import Lake
from spotify_platform.load.parquet import check_files, scan
from spotify_platform.load.snowflake import landing
from spotify_platform.load.snowflake.ddl import BATCH, copied
from spotify_platform.load.snowflake.landing import Judgement, Way, judge
from spotify_platform.load.snowflake.names import Names
from spotify_platform.load.snowflake.session import Session
from spotify_platform.load.warehouse import holds
from spotify_platform.marts.dialect import rendered
from spotify_platform.marts.sql import Mart, days_of

_PLAIN = re.compile(r"[\w/=.-]+", re.ASCII)

# Dates that are copied together: what goes wrong with one costs the others no more than this again.
_DATES_A_COPY = 30

# REFRESH reaches back 7 days, events 14: what is older COPY takes.
# https://docs.snowflake.com/en/sql-reference/sql/alter-pipe
PIPE_WINDOW = timedelta(days=6)


@dataclass(frozen=True)
class Patience:
    """How long to wait for Snowpipe, in seconds. Its latency is officially "minutes"."""

    deadline: float = 20 * 60
    between: float = 10  # at most, from one look at what has landed to the next
    refresh_after: float = 2 * 60  # without an event of a file, tell the pipe to look


class SnowflakeWarehouse:
    """Snowflake as runs know a warehouse (`load.warehouse.Warehouse`), over one session."""

    def __init__(
        self,
        session: Session,
        names: Names,
        *,
        external: bool,
        pipes: bool,
        patience: Patience,
        say: Callable[[str], None],
    ) -> None:
        """`external`: Snowflake can read the lake itself; `pipes`: Snowpipe does, wherever it can.

        `say` is told what takes long or went another way.
        """
        self.session, self.names, self.patience, self.say = session, names, patience, say
        self.external, self.pipes = external, external and pipes
        self.piped_bytes = 0  # of the files that were left to Snowpipe
        self.name = f"snowflake {names.database}"

    def load(self, lake: Lake, records: Iterable[PublishRecord]) -> list[date]:
        """Bring the batches in that `records` name, and switch their dates; what is loaded already is left as it is.

        Returns the dates that changed. Raises `WarehouseError` when files were refused or rows do not add up, and
        `NotLandedError` when Snowpipe took too long; those dates keep their old batch, the others are switched. A batch
        with which Snowpipe had trouble is copied by the next call.
        """
        records = list(records)
        _check_names(records)
        self._become(self.names.loader)
        loaded = {day: (seq, batch) for day, seq, batch in self._published()}
        wanted = [record for record in records if not holds(loaded.get(record.snapshot_date), record)]
        refused = {batch for (batch,) in self.session.rows("select distinct batch_id from ops.refused")}
        young = datetime.now(UTC) - PIPE_WINDOW
        by_pipe = [
            record for record in wanted if self.pipes and record.published_at > young and record.batch_id not in refused
        ]
        by_copy = [record for record in wanted if record not in by_pipe]
        if by_copy and self.pipes:
            self.say(f"{len(by_copy)} dates are copied: Snowpipe had trouble with them, or they are too old for it.")
        copied, errors = self._copy_all(lake, by_copy)
        self.piped_bytes += sum(file.bytes for record in by_pipe for file in record.files)
        piped, more = self._wait(by_pipe)
        errors += more
        if errors:
            # What trying again cannot mend is told first, and decides whether it is tried again.
            errors.sort(key=lambda error: isinstance(error, NotLandedError))
            raise type(errors[0])(" ".join(str(error) for error in errors))
        return sorted(copied + piped)

    def _copy_all(self, lake: Lake, records: list[PublishRecord]) -> tuple[list[date], list[PlatformError]]:
        """Copy dates together, or one by one where that fails, so that one of them does not hold up the others."""
        days: list[date] = []
        errors: list[PlatformError] = []
        for start in range(0, len(records), _DATES_A_COPY):
            chunk = records[start : start + _DATES_A_COPY]
            try:
                self._copy(lake, chunk)
                days += [record.snapshot_date for record in chunk]
            except (WarehouseError, LakeError) as error:
                if len(chunk) == 1:
                    errors.append(error)
                    continue
                for record in chunk:
                    more, said = self._copy_all(lake, [record])
                    days, errors = days + more, errors + said
        return days, errors

    def _copy(self, lake: Lake, records: list[PublishRecord]) -> None:
        """COPY, count and switch in one transaction."""
        if self.external:
            self._copy_from(records, "landing.lake")
            return
        folder = f"load-{secrets.token_hex(4)}"  # nobody else's, so that one REMOVE clears it
        files = [file for record in records for file in record.files]
        with lake.local([file.path for file in files]) as local:
            check_files(records, local)
            landing.upload(
                self.session,
                "landing.uploads",
                {f"{folder}/{landing.inside(file)}": local[file.path] for file in files},
            )
        self._copy_from(records, f"landing.uploads/{folder}")
        self.session.rows(f"remove @landing.uploads/{folder}/")

    def _copy_from(self, records: list[PublishRecord], stage: str) -> None:
        with self.session.transaction():
            # First, since it locks `ops.published`: of two loaders the second deletes what the first has copied, and
            # not half of it.
            self._switch(records, "copy", {})
            landing.copy(self.session, records, stage)
            found = judge(self.session, records, "copy")
            if found.wrong:
                raise WarehouseError(
                    _told([record for record in records if record.batch_id in found.wrong], found.wrong)
                )

    def _wait(self, records: list[PublishRecord]) -> tuple[list[date], list[PlatformError]]:
        """Switch every date as soon as its files are there, until the deadline; what went wrong with the others."""
        begun, refreshed, pause = time.monotonic(), False, min(0.5, self.patience.between)
        left, changed = {record.batch_id: record for record in records}, []
        wrong: dict[str, list[str]] = {}
        found = Judgement({}, {}, [], {})
        while left:
            found = judge(self.session, left.values(), "pipe")
            wrong |= found.wrong
            there = [one for batch, one in left.items() if batch not in wrong and batch not in found.waiting]
            if there:
                self._switch(there, "pipe", found.until)
                changed += [record.snapshot_date for record in there]
            left = {batch: left[batch] for batch in found.waiting}
            waited = time.monotonic() - begun
            if not left or (waited > self.patience.deadline and refreshed):  # not before the pipes were told to look
                break
            if waited > self.patience.refresh_after and not refreshed:
                self.say("No files came by themselves: the pipes are told to look.")
                landing.refresh(self.session, found.late)
                refreshed = True
            time.sleep(pause)
            pause = min(2 * pause, self.patience.between)
        errors: list[PlatformError] = []
        if failed := [record for record in records if record.batch_id in wrong]:
            self._remember(failed, "refused, or rows do not add up")
            errors.append(WarehouseError(f"{_told(failed, wrong)} The next run copies these dates."))
        if late := list(left.values()):
            self._remember(late, "not landed by the deadline")
            states = landing.state_of_pipes(self.session, {file.table for file in found.late})
            errors.append(
                NotLandedError(
                    f"{_told(late, found.waiting)} Waited {self.patience.deadline:g} s. Pipes: "
                    f"{', '.join(f'{table} {state}' for table, state in states.items())}. The next run copies these "
                    "dates; look at the pipes and the bucket's events (`spotify-platform doctor`)."
                )
            )
        return changed, errors

    def _switch(self, records: Iterable[PublishRecord], way: Way, until: Mapping[str, datetime]) -> None:
        """Let readers see these batches, all in one statement; a newer one that is there already stays.

        `until` is the scan of a batch's last file: what is scanned later is not seen. Snowflake counts nanoseconds.
        """
        rows = ", ".join(
            f"('{one.snapshot_date}', {one.seq}, '{one.batch_id}', '{way}', {_moment(until.get(one.batch_id))})"
            for one in records
        )
        self.session.rows(
            "merge into ops.published as old using (select column1::date as snapshot_date, column2 as seq, "
            "column3 as batch_id, column4 as landed_by, column5::timestamp_ltz as seen_until "
            f"from values {rows}) as new "
            "on old.snapshot_date = new.snapshot_date "
            # The opposite of what `holds` says, at the moment of the switch.
            "when matched and (new.seq > old.seq or new.batch_id > old.batch_id) then update set "
            "seq = new.seq, batch_id = new.batch_id, landed_by = new.landed_by, seen_until = new.seen_until, "
            "loaded_at = current_timestamp() "
            "when not matched then insert (snapshot_date, seq, batch_id, landed_by, seen_until, loaded_at) "
            "values (new.snapshot_date, new.seq, new.batch_id, new.landed_by, new.seen_until, current_timestamp())"
        )

    def _remember(self, records: Iterable[PublishRecord], reason: str) -> None:
        """Keep that Snowpipe had trouble with batches."""
        rows = ", ".join(f"('{one.snapshot_date}', '{one.batch_id}', '{reason}')" for one in records)
        self.session.rows(
            "insert into ops.refused (snapshot_date, batch_id, reason, refused_at) "
            f"select column1::date, column2, column3, current_timestamp() from values {rows}"
        )

    def _become(self, role: str) -> None:
        self.session.rows(f"use role {role}")

    def _published(self) -> list[tuple[date, int, str]]:
        return self.session.rows("select snapshot_date, seq, batch_id from ops.published order by 1")

    def batches(self) -> dict[date, str]:
        """The loaded batch of every date."""
        self._become(self.names.transformer)
        return {day: batch for day, _, batch in self._published()}

    @contextmanager
    def building(self) -> Iterator[None]:
        """One transaction."""
        self._become(self.names.transformer)
        with self.session.transaction():
            yield

    def put(self, table: str, path: Path) -> None:
        """Replace `ops.<table>` by the rows of a Parquet file."""
        # PUT is no part of a transaction; the file's place is nobody else's.
        name = f"{table}/{path.parent.name}/{path.name}"
        landing.upload(self.session, "ops.uploads", {name: path})
        self.session.rows(f"delete from ops.{table}")
        self.session.rows(
            f"copy into ops.{table} from @ops.uploads/ files = ('{name}') "
            "file_format = (format_name = 'ops.parquet_files') match_by_column_name = case_insensitive force = true"
        )
        self.session.rows(f"remove @ops.uploads/{name}")

    def ask(self, select: str) -> list[tuple[Any, ...]]:
        """The rows of a SELECT."""
        return self.session.rows(rendered(select, "snowflake"))

    def make(self, mart: Mart, *, whole: bool) -> None:
        """Replace a mart's rows by what its SELECT gives, all or those of the days to build."""
        table = mart.table
        columns = ", ".join(f"{name}::{kind} as {name}" for name, kind in table.snowflake_columns.items())
        # DELETE and not CREATE OR REPLACE, which would end the transaction, as all DDL does.
        days = "" if whole else f" where {table.day} in ({days_of(mart)})"
        self.session.rows(f"delete from marts.{table.name}{days}")
        self.session.rows(
            f"insert into marts.{table.name} ({', '.join(table.names)}) "
            f"select {columns} from ({rendered(mart.select, 'snowflake')}) as made"
        )

    def export(self, table: Table, path: Path, between: tuple[date, date] | None) -> int:
        """Write a mart to a Parquet file as the contract has it, by its key, or some days of it; returns the rows."""
        import duckdb

        order = ", ".join(table.key)
        days = f"where {table.day} between '{between[0]}' and '{between[1]}' " if between else ""
        made = self.session.arrow(f"select {', '.join(table.names)} from marts.{table.name} {days}order by {order}")
        with duckdb.connect() as connection:
            rows = scan(table, [])  # none
            if made is not None:
                connection.register("made", made.rename_columns(table.names))
                columns = ", ".join(f'"{name}"::{kind} as "{name}"' for name, kind in table.duckdb_columns.items())
                rows = f"select {columns} from made"
            connection.execute(f"copy ({rows}) to $path (format parquet, compression zstd)", {"path": str(path)})
        return made.num_rows if made is not None else 0

    def remove(self, dates: Iterable[date]) -> None:
        """Remove all rows of dates."""
        listed = ", ".join(f"'{day}'" for day in dates)
        if not listed:
            return
        self._become(self.names.loader)
        with self.session.transaction():
            for table in ("ops.published", "ops.refused", *(f"landing.{name}" for name in _landing_tables())):
                self.session.rows(f"delete from {table} where snapshot_date in ({listed})")

    def sweep(self, lake: Lake, before: datetime) -> None:
        """Remove the rows of batches made before a moment that readers neither see nor will see.

        A batch that a head of the lake names may have landed and wait to be switched.
        """
        self._become(self.names.loader)
        self._sweep_uploads("landing.uploads", before)
        # As long as a pipe might be trusted with a batch, it is remembered that it cannot be.
        self.session.rows(f"delete from ops.refused where batch_id < '{before - PIPE_WINDOW:%Y%m%dT%H%M%S}'")
        kept = ", ".join(f"'{record.batch_id}'" for record in heads(lake).values()) or "''"
        for table in _landing_tables():
            way = "copy" if table.endswith("_copied") else "pipe"
            self.session.rows(
                f"delete from landing.{table} where {BATCH} < '{before:%Y%m%dT%H%M%S}' and {BATCH} not in ({kept}) "
                f"and {BATCH} not in (select batch_id from ops.published where landed_by = '{way}')"
            )
        self._become(self.names.transformer)
        self._sweep_uploads("ops.uploads", before)

    def _sweep_uploads(self, stage: str, before: datetime) -> None:
        """Remove what a load or a build that was killed has left in an internal stage."""
        for file in self.session.records(f"list @{stage}"):
            if parsedate_to_datetime(str(file["last_modified"])) < before:
                self.session.rows(f"remove @{stage}/{str(file['name']).partition('/')[2]}")

    def clear(self) -> None:
        """Remove every row and upload; a day later Time Travel has forgotten them, and there is no Fail-safe."""
        landed = [f"landing.{name}" for name in _landing_tables()]
        made = [f"marts.{mart.name}" for mart in MARTS]
        for role, stage, tables in (
            (self.names.loader, "landing.uploads", ["ops.published", "ops.refused", *landed]),
            (self.names.transformer, "ops.uploads", ["ops.coverage", "ops.days_to_build", "ops.last_build", *made]),
        ):
            self._become(role)
            for table in tables:
                self.session.rows(f"delete from {table}")
            self.session.rows(f"remove @{stage}/")


def _landing_tables() -> list[str]:
    return [name for table in CURATED for name in (table.name, copied(table))]


def _moment(at: datetime | None) -> str:
    """A moment as text, a microsecond later, since we know it to the microsecond only; NULL: no limit."""
    return f"'{at.astimezone(UTC) + timedelta(microseconds=1):%Y-%m-%d %H:%M:%S.%f} +00:00'" if at else "null"


def _told(records: Iterable[PublishRecord], about: Mapping[str, list[str]]) -> str:
    """What there is to say about batches, for a person: dates, files, counts, Snowflake's words."""
    said = []
    for record in records:
        files = about[record.batch_id]
        more = f", and {len(files) - 3} more files" if len(files) > 3 else ""
        said.append(f"{record.snapshot_date}: {'; '.join(files[:3])}{more}.")
    return " ".join(said[:5]) + (f" So are {len(said) - 5} more dates." if len(said) > 5 else "")


def _check_names(records: Iterable[PublishRecord]) -> None:
    """Batch ids and paths become a part of statements: they must be as we make them."""
    for record in records:
        for name in (record.batch_id, *(file.path for file in record.files)):
            if not _PLAIN.fullmatch(name):
                raise LakeError(
                    f"{record.snapshot_date}: {name!r} in its publish record is no name of ours. Nothing loaded."
                )
