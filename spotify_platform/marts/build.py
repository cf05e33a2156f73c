"""Building the marts in the warehouse, and publishing them as Parquet for readers.

All marts of a build come from the same loaded batches and are published by one record, so a reader never sees two
builds mixed.
"""

import hashlib
import secrets
import tempfile
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Protocol

import duckdb
from pydantic import BaseModel

from spotify_platform.contracts.errors import OvertakenError, PermanentError
from spotify_platform.contracts.marts import MARTS_BY_NAME
from spotify_platform.contracts.table import Table
from spotify_platform.lake import keys
from spotify_platform.lake.ledger import Covered, ledger
from spotify_platform.lake.publishing import PublishedFile
from spotify_platform.lake.store import Lake, sha256
from spotify_platform.marts.sql import Mart, marts
from spotify_platform.quality.audit import audit_tables


class Builder(Protocol):
    """What building needs of a warehouse."""

    @property
    def name(self) -> str:
        """Which warehouse it is, as `settings.warehouse_name` has it."""

    def batches(self) -> dict[date, str]:
        """The loaded batch of every date."""

    def building(self) -> AbstractContextManager[None]:
        """Everything made inside is seen together when it ends, or nothing of it."""

    def put_coverage(self, path: Path) -> None:
        """Replace `ops.coverage`, which the mart of that name reads, by the rows of a Parquet file."""

    def make(self, mart: Mart) -> None:
        """Make a mart anew."""

    def export(self, table: Table, path: Path) -> int:
        """Write a mart to a Parquet file, by its key; returns its rows."""


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
    Raises `PermanentError` when a mart breaks its contract; the published build stays.
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
        coverage = Path(scratch, build_id, "coverage.parquet")
        # A date that is published and not loaded yet has no rows here: no mart may count it as a day without any.
        _write_ledger(
            coverage, [replace(one, readable=one.readable and one.snapshot_date in batches) for one in entries]
        )
        with warehouse.building():
            warehouse.put_coverage(coverage)
            files = []
            for mart in marts():
                warehouse.make(mart)
                files.append(_export(warehouse, lake, mart.table, build_id, Path(scratch)))
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


def _write_ledger(path: Path, entries: list[Covered]) -> None:
    """The coverage ledger as a Parquet file, for the table that the mart of that name reads."""
    columns = MARTS_BY_NAME["coverage"].duckdb_columns
    # Column by column: `executemany` takes 0.2 ms a row, and a year of 70 markets has 27,000.
    values = {name: [getattr(entry, name) for entry in entries] for name in columns}
    lists = ", ".join(f'unnest(${name}::{kind}[]) as "{name}"' for name, kind in columns.items())
    path.parent.mkdir(parents=True)
    with duckdb.connect() as connection:
        connection.execute(f"copy (select {lists}) to $path (format parquet)", values | {"path": str(path)})


def _export(warehouse: Builder, lake: Lake, table: Table, build_id: str, scratch: Path) -> PublishedFile:
    """Take a mart out of the warehouse, hold it against its contract, and put it into the lake, unseen as yet."""
    path = scratch / f"{table.name}.parquet"
    rows = warehouse.export(table, path)
    findings = [finding for found in audit_tables({table.name: [path]}, [table]).values() for finding in found]
    if findings:
        raise PermanentError(f"{findings[0]}: the marts were not published; the last build stays readable.")
    key = keys.mart(table.name, build_id)
    lake.put(key, path)
    return PublishedFile(table=table.name, path=key, rows=rows, bytes=path.stat().st_size, sha256=sha256(path))


def _inputs() -> str:
    """What decides the rows of a build, beside the loaded batches: the SQL and the contracts."""
    digest = hashlib.sha256()
    for mart in marts():
        digest.update(mart.select.encode() + repr(mart.table).encode())
    return digest.hexdigest()[:16]
