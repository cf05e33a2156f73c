"""Loading published batches into DuckDB: one transaction switches every date of a run to its batch."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import duckdb

from spotify_platform.contracts.curated import CURATED
from spotify_platform.contracts.errors import LakeError
from spotify_platform.lake.publishing import PublishRecord
from spotify_platform.lake.store import Lake, sha256
from spotify_platform.load.parquet import scan


def load(connection: duckdb.DuckDBPyConnection, lake: Lake, records: Iterable[PublishRecord]) -> list[date]:
    """Load the batches that `records` name; those that are loaded already are left as they are.

    Returns the dates that changed. Raises `LakeError` when rows do not add up to the records; nothing is changed then.
    """
    connection.begin()
    try:
        _create(connection)
        records = [record for record in records if not _is_loaded(connection, record)]
        dates = [record.snapshot_date for record in records]
        if records:
            with lake.local([file.path for record in records for file in record.files]) as local:
                _check_files(records, local)
                for table in CURATED:
                    paths = [local[f.path] for record in records for f in record.files if f.table == table.name]
                    connection.execute(f"delete from curated.{table.name} where snapshot_date in ?", [dates])
                    connection.execute(f"insert into curated.{table.name} by name {scan(table, paths)}")
            _reconcile(connection, records)
            connection.execute("delete from ops.published where snapshot_date in ?", [dates])
            connection.executemany(
                "insert into ops.published values (?, ?, ?, now()::timestamp)",
                [[record.snapshot_date, record.seq, record.batch_id] for record in records],
            )
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    return dates


def _create(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create schema if not exists curated; create schema if not exists ops")
    connection.execute(
        "create table if not exists ops.published "
        "(snapshot_date date primary key, seq integer, batch_id varchar, loaded_at timestamp)"
    )
    for table in CURATED:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in table.duckdb_columns.items())
        connection.execute(f"create table if not exists curated.{table.name} ({columns})")
        for name, kind in table.duckdb_columns.items():  # a column that the contract got since
            connection.execute(f'alter table curated.{table.name} add column if not exists "{name}" {kind}')


def _check_files(records: list[PublishRecord], local: dict[str, Path]) -> None:
    """The files must be, byte for byte, those that were audited and published."""
    for record in records:
        for file in record.files:
            path = local[file.path]
            if not path.exists() or sha256(path) != file.sha256:
                raise LakeError(
                    f"{file.path} is not what was published on {record.published_at:%F %T}: lost or changed. Nothing "
                    f"was loaded. Put it back, or delete the date's publish records and run again."
                )


def _is_loaded(connection: duckdb.DuckDBPyConnection, record: PublishRecord) -> bool:
    # Batch ids begin with their time. A purged date begins anew with the first number: a higher one alone says nothing.
    query = (
        "select batch_id = $batch or (seq >= $seq and batch_id > $batch) from ops.published where snapshot_date = $day"
    )
    about = {"batch": record.batch_id, "seq": record.seq, "day": record.snapshot_date}
    row = connection.execute(query, about).fetchone()
    return bool(row and row[0])


def _reconcile(connection: duckdb.DuckDBPyConnection, records: list[PublishRecord]) -> None:
    """Rows per table and date must be what the publish records say."""
    for table in CURATED:
        counts = connection.execute(
            f"select snapshot_date, count(*) from curated.{table.name} where snapshot_date in ? group by all",
            [[record.snapshot_date for record in records]],
        ).fetchall()
        loaded = dict(counts)
        for record in records:
            expected, found = record.rows.get(table.name, 0), loaded.get(record.snapshot_date, 0)
            if expected != found:
                raise LakeError(
                    f"{table.name} of {record.snapshot_date}: {found:,} rows loaded, {expected:,} published in batch "
                    f"{record.batch_id}. Nothing was loaded; the files of that batch were changed or are damaged."
                )
