"""Reading: in-memory DuckDB over what is published, so that a question never waits for a run that is writing.

`open_reader` and `query` show what is published now. A `Snapshot` stays open for many questions about one build.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Lock

import duckdb

from spotify_platform.contracts.curated import CURATED
from spotify_platform.contracts.errors import InputError
from spotify_platform.contracts.marts import MARTS
from spotify_platform.contracts.operations import PLATFORM_COST
from spotify_platform.lake import keys
from spotify_platform.lake.publishing import PublishedFile, heads
from spotify_platform.lake.store import Lake
from spotify_platform.load.parquet import scan
from spotify_platform.marts.build import published_marts
from spotify_platform.marts.sql import references


@contextmanager
def open_reader(lake: Lake) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the schemas `curated`, `marts` and `operations` as they are published at this moment."""
    curated = [file for record in heads(lake).values() for file in record.files]
    build = published_marts(lake)
    built = build.files if build else []
    costs = lake.keys(keys.COST)
    with lake.local([*(file.path for file in curated + built), *costs]) as local, duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'; create schema curated; create schema marts; create schema operations")
        for schema, tables, files in (("curated", CURATED, curated), ("marts", MARTS, built)):
            paths = _by_table(files, local)
            for table in tables:
                connection.execute(f"create view {schema}.{table.name} as {scan(table, paths[table.name])}")
        connection.execute(
            f"create view operations.platform_cost as {scan(PLATFORM_COST, [local[key] for key in costs])}"
        )
        yield connection


def query(lake: Lake, sql: str) -> tuple[list[str], list[tuple[object, ...]]]:
    """The columns and rows of one SELECT. Raises `InputError` for anything else, and for SQL that does not run."""
    with open_reader(lake) as connection:
        return _select(connection, sql)


class Snapshot:
    """The tables and marts as one build published them, for many questions, from several threads.

    A table's files are looked up, and copied where the lake is a bucket, when it is first asked for: somebody who looks
    at the marts does not wait for years of curated tables.
    """

    def __init__(self, lake: Lake) -> None:
        """Open what `lake` shows now."""
        self.version = newest_build(lake)
        self.lake = lake
        self._marts = published_marts(lake)
        self._views: set[str] = set()
        self._making = Lock()
        self._held = ExitStack()
        self._connection = self._held.enter_context(duckdb.connect())
        self._connection.execute(
            "set TimeZone = 'UTC'; set parquet_metadata_cache = true; create schema curated; create schema marts"
        )

    def query(self, sql: str) -> tuple[list[str], list[tuple[object, ...]]]:
        """As the function `query`, of the snapshot's build."""
        with self._making:
            for name in sorted(references(sql) - self._views):
                self._view(name)
        with self._connection.cursor() as cursor:
            return _select(cursor, sql)

    def close(self) -> None:
        """Give the copied files back. Nobody may ask any more."""
        self._held.close()

    def _view(self, name: str) -> None:
        schema, _, table = name.partition(".")
        if schema == "marts":
            published = self._marts.files if self._marts else []
        else:
            published = [file for record in heads(self.lake).values() for file in record.files]
        files = [file for file in published if file.table == table]
        contract = {f"curated.{one.name}": one for one in CURATED} | {f"marts.{one.name}": one for one in MARTS}
        if name not in contract:
            raise InputError(f"{name}: there is no such table. docs/data-dictionary.md has them all.")
        local = self._held.enter_context(self.lake.local([file.path for file in files]))
        self._connection.execute(f"create view {name} as {scan(contract[name], list(local.values()))}")
        self._views.add(name)


def newest_build(lake: Lake) -> str:
    """The key of the marts' build that readers see, empty before the first one: one LIST."""
    return (lake.keys(keys.MARTS_PUBLISHED) or [""])[-1]


def _select(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[list[str], list[tuple[object, ...]]]:
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
