"""Building the marts in the DuckDB warehouse, and publishing them as Parquet for readers.

All marts of a build come from the same loaded batches and are published by one record, so a reader never sees two
builds mixed.
"""

import hashlib
import secrets
import tempfile
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
from pydantic import BaseModel

from spotify_platform.contracts.errors import PermanentError
from spotify_platform.contracts.marts import MARTS_BY_NAME
from spotify_platform.contracts.table import Table
from spotify_platform.lake import keys
from spotify_platform.lake.ledger import Covered, ledger
from spotify_platform.lake.publishing import PublishedFile
from spotify_platform.lake.store import Lake, sha256
from spotify_platform.marts.sql import marts
from spotify_platform.quality.audit import audit_tables


class MartsRecord(BaseModel):
    """One published build of all marts: from which loaded batches, and its files."""

    seq: int
    build_id: str
    inputs: str  # fingerprint of the SQL and the contracts
    ledger: str = ""  # fingerprint of the coverage ledger
    batches: dict[date, str]  # the loaded batch of every date
    built_at: datetime
    files: list[PublishedFile]


def published_marts(lake: Lake) -> MartsRecord | None:
    """The build that readers see, or None before the first one."""
    found = lake.keys(keys.MARTS_PUBLISHED)
    return MartsRecord.model_validate_json(lake.get(found[-1])) if found else None


def build_marts(connection: duckdb.DuckDBPyConnection, lake: Lake) -> tuple[MartsRecord, bool]:
    """Build and publish all marts; where nothing was loaded since the last build, that one stands.

    `connection` is the warehouse, held for us alone. Returns the record that stands and whether it is new.
    Raises `PermanentError` when a mart breaks its contract; the published build stays.
    """
    inputs, entries = _inputs(), ledger(lake)
    covered = hashlib.sha256(repr(entries).encode()).hexdigest()[:16]
    batches = dict(connection.execute("select snapshot_date, batch_id from ops.published order by 1").fetchall())
    last = published_marts(lake)
    if last and (last.inputs, last.ledger, last.batches) == (inputs, covered, batches):
        return last, False
    now = datetime.now(UTC)
    build_id = f"{now:%Y%m%dT%H%M%S%fZ}-{secrets.token_hex(3)}"
    connection.begin()
    try:
        with tempfile.TemporaryDirectory(prefix="marts-") as scratch:
            files = []
            # A date that is published and not loaded yet has no rows here: no mart may count it as a day without any.
            _write_ledger(
                connection, [replace(one, readable=one.readable and one.snapshot_date in batches) for one in entries]
            )
            connection.execute("create schema if not exists marts")
            for mart in marts():
                columns = ", ".join(f'"{name}"::{kind} as "{name}"' for name, kind in mart.table.duckdb_columns.items())
                connection.execute(
                    f"create or replace table marts.{mart.table.name} as select {columns} from ({mart.select})"
                )
                files.append(_export(connection, lake, mart.table, build_id, Path(scratch)))
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    seq = last.seq + 1 if last else 1
    record = MartsRecord(
        seq=seq, build_id=build_id, inputs=inputs, ledger=covered, batches=batches, built_at=now, files=files
    )
    if not lake.create(keys.marts_published(record.seq), record.model_dump_json(indent=1).encode()):
        raise PermanentError(
            f"{lake.url}: build {record.seq} of the marts was published by another warehouse. "
            "One lake has one warehouse: stop the other one, then run again."
        )
    return record, True


def _write_ledger(connection: duckdb.DuckDBPyConnection, entries: list[Covered]) -> None:
    """The coverage ledger as `ops.coverage`, which the mart of that name reads."""
    columns = MARTS_BY_NAME["coverage"].duckdb_columns
    schema = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    connection.execute(f"create or replace table ops.coverage ({schema})")
    if not entries:
        return
    # Column by column: `executemany` takes 0.2 ms a row, and a year of 70 markets has 27,000.
    values = {name: [getattr(entry, name) for entry in entries] for name in columns}
    lists = ", ".join(f"unnest(${name}::{kind}[])" for name, kind in columns.items())
    connection.execute(f"insert into ops.coverage select {lists}", values)


def _export(
    connection: duckdb.DuckDBPyConnection, lake: Lake, table: Table, build_id: str, scratch: Path
) -> PublishedFile:
    path = scratch / f"{table.name}.parquet"
    order = ", ".join(f'"{name}"' for name in table.key)
    connection.execute(
        f"copy (select * from marts.{table.name} order by {order}) to $path (format parquet, compression zstd)",
        {"path": str(path)},
    )
    row = connection.execute(f"select count(*) from marts.{table.name}").fetchone()
    findings = [finding for found in audit_tables({table.name: [path]}, [table]).values() for finding in found]
    if findings:
        raise PermanentError(f"{findings[0]}: the marts were not published; the last build stays readable.")
    key = keys.mart(table.name, build_id)
    lake.put(key, path)
    return PublishedFile(
        table=table.name, path=key, rows=row[0] if row else 0, bytes=path.stat().st_size, sha256=sha256(path)
    )


def _inputs() -> str:
    """What decides the rows of a build, beside the loaded batches: the SQL and the contracts."""
    digest = hashlib.sha256()
    for mart in marts():
        digest.update(mart.select.encode() + repr(mart.table).encode())
    return digest.hexdigest()[:16]
