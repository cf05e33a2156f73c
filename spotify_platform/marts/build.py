"""Building the marts in the warehouse, and publishing them as Parquet for readers.

All marts of a build come from the same loaded batches and are published by one record, so a reader never sees two
builds mixed. A build makes only the days that can have changed since the last one (`days`), and the files of the other
months stay.
"""

import hashlib
import secrets
import tempfile
from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

import duckdb
from pydantic import BaseModel

from spotify_platform.contracts.errors import OvertakenError, PermanentError
from spotify_platform.contracts.marts import MARTS_BY_NAME
from spotify_platform.contracts.table import Table
from spotify_platform.lake import keys
from spotify_platform.lake.ledger import Covered, ledger
from spotify_platform.lake.publishing import PublishedFile
from spotify_platform.lake.store import Lake, sha256
from spotify_platform.marts import days
from spotify_platform.marts.sql import Mart, marts
from spotify_platform.quality.audit import audit_tables

ALL = "all"  # the part of a mart that is one file

# Tables in `ops` that a build fills, beside the ledger; column → DuckDB type.
DAYS_TO_BUILD = {"mart": "VARCHAR", "snapshot_date": "DATE"}
LAST_BUILD = {"build_id": "VARCHAR"}


class Builder(Protocol):
    """What building needs of a warehouse."""

    @property
    def name(self) -> str:
        """Which warehouse it is, as `settings.warehouse_name` has it."""

    def batches(self) -> dict[date, str]:
        """The loaded batch of every date."""

    def building(self) -> AbstractContextManager[None]:
        """Everything made inside is seen together when it ends, or nothing of it."""

    def put(self, table: str, path: Path) -> None:
        """Replace `ops.<table>`, which is one that a build fills, by the rows of a Parquet file."""

    def ask(self, select: str) -> list[tuple[Any, ...]]:
        """The rows of a SELECT that both warehouses take."""

    def make(self, mart: Mart, *, whole: bool) -> None:
        """Make a mart anew: as a whole, or its rows of the days that `ops.days_to_build` has for it."""

    def export(self, table: Table, path: Path, between: tuple[date, date] | None) -> int:
        """Write a mart to a Parquet file, by its key, or its rows of these days; returns the rows."""


class MartsRecord(BaseModel):
    """One published build of all marts: from which loaded batches, and its files."""

    seq: int
    build_id: str
    inputs: str  # fingerprint of the SQL and the contracts
    ledger: str = ""  # fingerprint of the coverage ledger
    batches: dict[date, str]  # the loaded batch of every date
    warehouse: str = "duckdb"  # where it was made
    built_at: datetime
    files: list[PublishedFile]


def published_marts(lake: Lake) -> MartsRecord | None:
    """The build that readers see, or None before the first one."""
    found = lake.keys(keys.MARTS_PUBLISHED)
    return MartsRecord.model_validate_json(lake.get(found[-1])) if found else None


def build_marts(warehouse: Builder, lake: Lake) -> tuple[MartsRecord, bool]:
    """Build and publish all marts; where nothing was loaded since the last build, that one stands.

    `warehouse` is held for us alone. Returns the record that stands and whether it is new.
    Raises `PermanentError` when a mart breaks its contract or does not add up; the published build stays.
    """
    inputs, entries = _inputs(), ledger(lake)
    covered = hashlib.sha256(repr(entries).encode()).hexdigest()[:16]
    batches = warehouse.batches()
    last = published_marts(lake)
    made_from = (warehouse.name, inputs, covered, batches)
    if last and (last.warehouse, last.inputs, last.ledger, last.batches) == made_from:
        return last, False
    now = datetime.now(UTC)
    build_id = f"{now:%Y%m%dT%H%M%S%fZ}-{secrets.token_hex(3)}"
    with tempfile.TemporaryDirectory(prefix="marts-") as scratch:
        # Named by the build, since a warehouse may take the names of folder and file for a place of its own.
        folder = Path(scratch, build_id)
        folder.mkdir()
        # A date that is published and not loaded yet has no rows here: no mart may count it as a day without any.
        known = [replace(one, readable=one.readable and one.snapshot_date in batches) for one in entries]
        with warehouse.building():
            stands = last and (last.warehouse, last.inputs) == (warehouse.name, inputs)
            build = _Build(warehouse, lake, build_id, folder, last if stands else None)
            files = build.made(known, batches)
            # Only a warehouse that another machine loads into can change meanwhile.
            if warehouse.batches() != batches:
                raise OvertakenError(
                    "Dates were loaded while the marts were built: nothing was published. Run it again."
                )
    seq = last.seq + 1 if last else 1
    record = MartsRecord(
        seq=seq,
        build_id=build_id,
        inputs=inputs,
        ledger=covered,
        batches=batches,
        warehouse=warehouse.name,
        built_at=now,
        files=files,
    )
    if not lake.create(keys.marts_published(record.seq), record.model_dump_json(indent=1).encode()):
        raise PermanentError(
            f"{lake.url}: build {record.seq} of the marts was published by another warehouse, or from another machine. "
            "One lake has one warehouse: stop the other one, then run again."
        )
    return record, True


@dataclass
class _Build:
    """A build on its way: what was made lies in `folder` until all of it is judged.

    `last` is the published build, as long as its SQL, its contracts and its warehouse are ours.
    """

    warehouse: Builder
    lake: Lake
    build_id: str
    folder: Path
    last: MartsRecord | None
    made_anew: dict[str, dict[str, tuple[Path, int]]] = field(default_factory=dict)  # mart → part → file and its rows

    def made(self, entries: Sequence[Covered], batches: Mapping[date, str]) -> list[PublishedFile]:
        """Make what has changed, judge it, and put it into the lake, unseen as yet; the files of the whole build."""
        if self.last and self.warehouse.ask("select build_id from ops.last_build") != [(self.last.build_id,)]:
            self.last = None  # the warehouse holds a build that was not published
        self._put("coverage", MARTS_BY_NAME["coverage"].duckdb_columns, [vars(entry) for entry in entries])
        changed = self._changed(batches)  # as long as the last build's ledger is there
        for mart in _without_days():
            self.warehouse.make(mart, whole=True)
            self._export(mart.table, ALL, None)
        if changed is not None:
            changed = self._with_attributes(changed)
        if changed is None:
            self.last = None  # nothing of it stays
        self._make_days(changed, sorted({entry.snapshot_date for entry in entries}))
        self._judge()
        self._put("last_build", LAST_BUILD, [{"build_id": self.build_id}])
        return self._files()

    def _changed(self, batches: Mapping[date, str]) -> days.Changed | None:
        """The days with other rows or other charts than in the last build; None: everything is made anew."""
        charts = days.of_charts(self.warehouse.ask) if self.last else None
        if not self.last or charts is None:
            return None
        return days.Changed(frozenset(charts | days.of_batches(self.last.batches, batches)))

    def _with_attributes(self, changed: days.Changed) -> days.Changed | None:
        """The days that changed, with those that newer attributes touch; None: everything is made anew."""
        assert self.last
        before = {file.table: file.path for file in self.last.files if file.table in days.COMPARED}
        with self.lake.local(list(before.values())) as local:
            more = days.of_attributes(
                self.warehouse.ask,
                {table: local[path] for table, path in before.items()},
                {table: self.made_anew[table][ALL][0] for table in days.COMPARED},
            )
        return more and replace(more, days=more.days | changed.days)

    def _make_days(self, changed: days.Changed | None, calendar: Sequence[date]) -> None:
        """Make the marts that have days: all days of the calendar, or those that `changed` touches."""
        to_build = {mart.table.name: days.to_build(mart, changed, calendar) for mart in _with_days()}
        rows = [{"mart": name, "snapshot_date": day} for name, listed in to_build.items() for day in listed]
        self._put("days_to_build", DAYS_TO_BUILD, rows)
        for mart in _with_days():
            listed = to_build[mart.table.name]
            if listed or changed is None:
                self.warehouse.make(mart, whole=changed is None)
            self.made_anew[mart.table.name] = {}
            for first, last in _months(listed):
                self._export(mart.table, f"{first:%Y-%m}", (first, last))

    def _export(self, table: Table, part: str, between: tuple[date, date] | None) -> None:
        path = self.folder / f"{table.name}-{part}.parquet"
        rows = self.warehouse.export(table, path, between)
        self.made_anew.setdefault(table.name, {})[part] = (path, rows)

    def _judge(self) -> None:
        """Hold what was made against the contracts, and its sums against what it was made from."""
        paths = {name: [path for path, _ in parts.values()] for name, parts in self.made_anew.items()}
        found = audit_tables(paths, [MARTS_BY_NAME[name] for name in paths])
        told = [str(finding) for findings in found.values() for finding in findings]
        for mart in marts():
            if self.made_anew[mart.table.name] and not told and mart.check:
                told += [f"{mart.table.name} does not add up: {row}" for row in self.warehouse.ask(mart.check)[:1]]
        if told:
            raise PermanentError(f"{told[0]}: the marts were not published; the last build stays readable.")

    def _files(self) -> list[PublishedFile]:
        """Put what was made into the lake; with the last build's files of the other months that is the build."""
        files = []
        for table, parts in self.made_anew.items():
            kept = [file for file in self.last.files if file.table == table] if self.last else []
            files += [file for file in kept if _part(file) not in parts]
            for part, (path, rows) in parts.items():
                if rows or part == ALL:
                    key = keys.mart(table, self.build_id, part)
                    self.lake.put(key, path)
                    size = path.stat().st_size
                    files.append(PublishedFile(table=table, path=key, rows=rows, bytes=size, sha256=sha256(path)))
        return sorted(files, key=lambda file: (file.table, _part(file)))

    def _put(self, table: str, columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> None:
        """Replace a table of the warehouse's that a build fills."""
        path = self.folder / f"{table}.parquet"
        # Column by column: `executemany` takes 0.2 ms a row, and a year of 70 markets has 27,000.
        values = {name: [row[name] for row in rows] for name in columns}
        lists = ", ".join(f'unnest(${name}::{kind}[]) as "{name}"' for name, kind in columns.items())
        with duckdb.connect() as connection:
            connection.execute(f"copy (select {lists}) to $path (format parquet)", values | {"path": str(path)})
        self.warehouse.put(table, path)


def _without_days() -> list[Mart]:
    return [mart for mart in marts() if not mart.table.touched]


def _with_days() -> list[Mart]:
    return [mart for mart in marts() if mart.table.touched]


def _months(listed: Iterable[date]) -> list[tuple[date, date]]:
    """The first and the last day of each month that has one of the days."""
    firsts = sorted({day.replace(day=1) for day in listed})
    return [(first, first.replace(day=monthrange(first.year, first.month)[1])) for first in firsts]


def _part(file: PublishedFile) -> str:
    """Which part of its mart a file is: `all`, or a month."""
    return PurePosixPath(file.path).stem


def _inputs() -> str:
    """What decides the rows of a build, beside the loaded batches: the SQL and the contracts."""
    digest = hashlib.sha256()
    for mart in marts():
        digest.update(mart.select.encode() + mart.check.encode() + repr(mart.table).encode())
    return digest.hexdigest()[:16]
