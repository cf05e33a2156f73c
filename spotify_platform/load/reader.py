"""Reading: in-memory DuckDB over what is published, so that a question never waits for a run that is writing."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from spotify_platform.contracts.curated import CURATED
from spotify_platform.contracts.errors import InputError
from spotify_platform.contracts.marts import MARTS
from spotify_platform.lake.publishing import PublishedFile, heads
from spotify_platform.lake.store import Lake
from spotify_platform.load.parquet import scan
from spotify_platform.marts.build import published_marts


@contextmanager
def open_reader(lake: Lake) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the schemas `curated` and `marts` as they are published at this moment."""
    curated = [file for record in heads(lake).values() for file in record.files]
    build = published_marts(lake)
    built = build.files if build else []
    with lake.local([file.path for file in curated + built]) as local, duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'; create schema curated; create schema marts")
        for schema, tables, files in (("curated", CURATED, curated), ("marts", MARTS, built)):
            paths = _by_table(files, local)
            for table in tables:
                connection.execute(f"create view {schema}.{table.name} as {scan(table, paths[table.name])}")
        yield connection


def query(lake: Lake, sql: str) -> tuple[list[str], list[tuple[object, ...]]]:
    """The columns and rows of one SELECT. Raises `InputError` for anything else, and for SQL that does not run."""
    with open_reader(lake) as connection:
        try:
            sql.encode()
            statements = connection.extract_statements(sql)
            if [statement.type for statement in statements] != [duckdb.StatementType.SELECT]:
                raise InputError("Give one SELECT; a query only reads.")
            cursor = connection.execute(statements[0])
            return [column[0] for column in cursor.description or []], cursor.fetchall()
        except (duckdb.Error, UnicodeEncodeError) as error:
            raise InputError(f"The query did not run: {str(error).strip()}") from None


def _by_table(files: list[PublishedFile], local: dict[str, Path]) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = defaultdict(list)
    for file in files:
        found[file.table].append(local[file.path])
    return found
