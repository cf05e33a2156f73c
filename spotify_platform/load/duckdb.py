"""The warehouse on DuckDB: one transaction switches every date of a run to its batch, another one all marts."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, ClassVar

import duckdb

from spotify_platform.contracts.curated import CURATED
from spotify_platform.contracts.errors import LakeError
from spotify_platform.contracts.table import Table
from spotify_platform.lake.publishing import PublishRecord
from spotify_platform.lake.store import Lake
from spotify_platform.load.parquet import check_files, scan
from spotify_platform.load.warehouse import holds
from spotify_platform.marts.sql import Mart, days_of


@dataclass(frozen=True)
class DuckDBWarehouse:
    """DuckDB as runs know a warehouse (`load.warehouse.Warehouse`), over a connection that is ours alone."""

    connection: duckdb.DuckDBPyConnection
    name: ClassVar[str] = "duckdb"

    def load(self, lake: Lake, records: Iterable[PublishRecord]) -> list[date]:
        """Load published batches; returns the dates that changed."""
        return load(self.connection, lake, records)

    def batches(self) -> dict[date, str]:
        """The loaded batch of every date."""
        _create(self.connection)
        found = self.connection.execute("select snapshot_date, batch_id from ops.published order by 1").fetchall()
        return dict(found)

    @contextmanager
    def building(self) -> Iterator[None]:
        """One transaction."""
        with _transaction(self.connection):
            self.connection.execute(
                "create schema if not exists marts; create table if not exists ops.last_build (build_id varchar)"
            )
            yield

    def put(self, table: str, path: Path) -> None:
        """Replace `ops.<table>` by the rows of a Parquet file."""
        self.connection.execute(f"create or replace table ops.{table} as from read_parquet($path)", {"path": str(path)})

    def ask(self, select: str) -> list[tuple[Any, ...]]:
        """The rows of a SELECT."""
        return self.connection.execute(select).fetchall()

    def make(self, mart: Mart, *, whole: bool) -> None:
        """Make a mart anew, or its rows of the days to build."""
        table = mart.table
        columns = ", ".join(f'"{name}"::{kind} as "{name}"' for name, kind in table.duckdb_columns.items())
        rows = f"select {columns} from ({mart.select})"
        if whole:
            self.connection.execute(f"create or replace table marts.{table.name} as {rows}")
        else:
            self.connection.execute(f"delete from marts.{table.name} where {table.day} in ({days_of(mart)})")
            self.connection.execute(f"insert into marts.{table.name} {rows}")

    def export(self, table: Table, path: Path, between: tuple[date, date] | None) -> int:
        """Write a mart to a Parquet file, by its key, or its rows of some days; returns the rows."""
        order = ", ".join(f'"{name}"' for name in table.key)
        days = f"where {table.day} between '{between[0]}' and '{between[1]}'" if between else ""
        rows = f"select * from marts.{table.name} {days} order by {order}"
        copied = self.connection.execute(
            f"copy ({rows}) to $path (format parquet, compression zstd)", {"path": str(path)}
        ).fetchone()
        return copied[0] if copied else 0

    def remove(self, dates: Iterable[date]) -> None:
        """Remove all rows of dates, in one transaction."""
        gone = sorted(dates)
        if not gone:
            return
        with _transaction(self.connection):
            for table in (*(f"curated.{table.name}" for table in CURATED), "ops.published"):
                self.connection.execute(f"delete from {table} where snapshot_date in ?", [gone])

    def sweep(self, lake: Lake, before: datetime) -> None:
        """Nothing to do: only batches that readers see were ever loaded."""

    def clear(self) -> None:
        """Remove everything."""
        for schema in ("marts", "curated", "ops"):
            self.connection.execute(f"drop schema if exists {schema} cascade")


def load(connection: duckdb.DuckDBPyConnection, lake: Lake, records: Iterable[PublishRecord]) -> list[date]:
    """Load the batches that `records` name; those that are loaded already are left as they are.

    Returns the dates that changed. Raises `LakeError` when rows do not add up to the records; nothing is changed then.
    """
    with _transaction(connection):
        _create(connection)
        found = connection.execute("select snapshot_date, seq, batch_id from ops.published").fetchall()
        loaded = {day: (seq, batch) for day, seq, batch in found}
        records = [record for record in records if not holds(loaded.get(record.snapshot_date), record)]
        dates = [record.snapshot_date for record in records]
        if records:
            with lake.local([file.path for record in records for file in record.files]) as local:
                check_files(records, local)
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
    return dates


@contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All statements inside or none."""
    connection.begin()
    try:
        yield
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


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
