"""The embedded engine: DuckDB in process, on local files, spilling to a scratch folder."""

import glob
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import narwhals as nw

from spotify_platform.contracts.curated import CURATED_BY_NAME
from spotify_platform.contracts.raw import TEXT, Entity, Shape
from spotify_platform.contracts.table import Table, Type
from spotify_platform.curate.engine import Frame, Part

# An object larger than this is not an answer of Spotify's; the largest seen, an album with 50 tracks and their
# markets, has 0.2 MB.
_MAX_LINE_BYTES = 8_000_000
# A line is one column: no line has these four characters in a row, which JSON cannot hold unescaped.
_NO_DELIMITER = "\x01\x02\x03\x04"
# Left alone, the buffer is 16 times the longest line: 128 MB a thread.
_BUFFER_BYTES = 2 * _MAX_LINE_BYTES
# A thread that writes keeps so many rows in memory; with 185 markets a row takes 3 KB. DuckDB's own is 524,288.
_FLUSHED_ROWS = 5_000
# Every file holds all texts of an enum. There are 250 markets in the world, but anything may stand in a raw line.
_MOST_ENUMERATED = 1_000
# What does not fit is spilled to the scratch folder. The process takes about 200 MB beside it.
MEMORY = "450MB"


class DuckDBEngine:
    """Curation in DuckDB. Use it as a context: leaving it frees what it holds."""

    def __init__(self, scratch: Path) -> None:
        """Open an in-memory database that spills into `scratch`."""
        config: dict[str, str | bool | int | float | list[str]] = {
            "temp_directory": str(scratch),
            "memory_limit": MEMORY,
            "preserve_insertion_order": False,
            "partitioned_write_flush_threshold": _FLUSHED_ROWS,
            # The right side of a join is always the narrow one here; DuckDB, guessing, would hash whole lines.
            "disabled_optimizers": "build_side_probe_side",
        }
        self._connection = duckdb.connect(config=config)
        self._connection.execute("set TimeZone = 'UTC'")
        self._tables = 0

    def __enter__(self) -> Self:
        """The engine itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the database."""
        self._connection.close()

    def lines(self, files: Sequence[str]) -> Frame:
        """See `Engine.lines`. A line that is not UTF-8 is an error here: the file is damaged."""
        if not files:
            nothing = ", ".join(f"null::varchar as {name}" for name in ("snapshot_date", "capture_id", "line", "hash"))
            return self._frame(f"select {nothing} where false")
        paths = _texts(glob.escape(path) for path in files)  # a * in a folder's name is no pattern
        return self._frame(f"""
            select regexp_extract(filename, 'snapshot_date=([^/\\\\]+)', 1) as snapshot_date,
                regexp_extract(filename, '([^/\\\\]+)-[0-9]+[.]jsonl[.]gz$', 1) as capture_id,
                line, md5(line) as hash
            from read_csv({paths}, columns = {{'line': 'VARCHAR'}}, delim = '{_NO_DELIMITER}', quote = '', escape = '',
                header = false, auto_detect = false, strict_mode = false, filename = true, compression = 'gzip',
                max_line_size = {_MAX_LINE_BYTES}, buffer_size = {_BUFFER_BYTES})
            where line <> ''""")

    def parse(self, lines: Frame, entity: Entity) -> Frame:
        """See `Engine.parse`. A line is read twice: for the types of its objects and lists, and for its values.

        json_transform alone would turn a text where a list should be into NULL without a word. `try` makes NULL of
        what is no JSON, so that good lines are not read a third time to know that they are.
        """
        expected = {"$": "OBJECT"} | dict(_containers(entity.line, "$"))
        paths, kinds = _texts(expected), _texts(expected.values())
        item = list(expected).index("$.item") + 1
        spec = json.dumps(_spec(entity.line)).replace("'", "''")
        relation: duckdb.DuckDBPyRelation = lines.to_native()
        read = relation.select(
            f"*, try(json_type(line, {paths})) as types, try(json_transform(line, '{spec}')) as record"
        )
        unfit = f"len(list_filter(types, lambda t, i: t not in ('NULL', ({kinds})[i]))) > 0"
        strange = " or ".join(_strange_elements(entity.line))
        return nw.from_native(
            read.select(f"""
                * exclude (types),
                case
                    when types is null then 'not_json'
                    when types[1] <> 'OBJECT' or {unfit} {f"or {strange}" if strange else ""} then 'wrong_shape'
                    when coalesce(types[{item}], 'NULL') = 'NULL' then 'null_item'
                end as fault""")
        )

    def lists(self, frame: Frame, *columns: str) -> Frame:
        """See `Engine.lists`. Packed is JSON's text, a third as long as the list."""
        relation: duckdb.DuckDBPyRelation = frame.to_native()
        opened = ", ".join(f'{_opened(name)} as "{name}"' for name in columns)
        return nw.from_native(relation.select(f"* replace ({opened})"))

    def explode(self, frame: Frame, column: str) -> Frame:
        """See `Engine.explode`."""
        relation: duckdb.DuckDBPyRelation = frame.to_native()
        return nw.from_native(
            relation.select(
                f'* exclude ("{column}"), unnest("{column}") as "{column}", '
                f'(generate_subscripts("{column}", 1) - 1)::integer as position'
            )
        )

    def materialise(self, *frames: Frame) -> list[Frame]:
        """See `Engine.materialise`.

        All are written down as SQL before the first is computed: a statement that writes makes DuckDB bind the frames
        that are used after it anew, 1 ms a step of theirs.
        """
        created = {}
        for frame in frames:
            self._tables += 1
            relation: duckdb.DuckDBPyRelation = frame.to_native()
            created[f"step_{self._tables}"] = relation.sql_query()
        for name, sql in created.items():
            self._connection.execute(f"create table {name} as {sql}")
        return [self._frame(f"select *, rowid as row_id from {name}") for name in created]

    def count(self, frame: Frame, *by: str) -> dict[tuple[Any, ...], int]:
        """See `Engine.count`."""
        counted = frame.group_by(*by).agg(rows=nw.len())
        return {tuple(row[:-1]): row[-1] for row in counted.to_native().fetchall()}

    def write(self, frames: Mapping[str, Frame], folder: str) -> list[Part]:
        """See `Engine.write`. Written down as SQL first, as in `materialise`."""
        rows = {table: self._rows(CURATED_BY_NAME[table], frame) for table, frame in frames.items()}
        # Writing keeps one core busy, whatever DuckDB has. Two tables at a time, those with lists, the largest, first.
        order = sorted((CURATED_BY_NAME[name] for name in rows), key=lambda table: not _list_columns(table))
        with ThreadPoolExecutor(2) as pool:
            written = list(pool.map(lambda table: self._copy(table, rows[table.name], folder), order))
        return sorted((part for parts in written for part in parts), key=lambda part: (part.table, part.path))

    def _rows(self, table: Table, frame: Frame) -> str:
        """SQL: a table's rows, their lists still packed."""
        kinds = {
            column.name: "VARCHAR" if column.type is Type.STRINGS else column.type.duckdb for column in table.columns
        }
        columns = ", ".join(f'"{name}"::{kind} as "{name}"' for name, kind in kinds.items())
        relation: duckdb.DuckDBPyRelation = frame.to_native().select(columns)
        return relation.sql_query()

    def _copy(self, table: Table, rows: str, folder: str) -> list[Part]:
        """Write a table sorted by key: a reader of one key skips most of it.

        Spotify gives the same few lists of markets over and over: each is read once, and rows carry its number until
        they are sorted. Sorted with lists of 185 markets in them, a day of 2 GB took 1.3 GB of memory. They are told
        apart by MD5, since groups by texts of 1 KB are not spilled.
        """
        connection = self._connection.cursor()
        opened, joins = [], ""
        for name in _list_columns(table):
            lists = f"{table.name}_{name}"
            connection.execute(
                f"create table {lists} as select packed, {_opened('packed')} as list "
                f'from (select any_value("{name}") as packed from ({rows}) '
                f'where "{name}" is not null group by md5_number("{name}"))'
            )
            _narrow(connection, lists)
            rows = (
                f'select rows.* replace ({lists}.rowid as "{name}") '
                f'from ({rows}) as rows left join {lists} on {lists}.packed = rows."{name}"'
            )
            opened.append(f'{lists}.list as "{name}"')
            joins += f' left join {lists} on {lists}.rowid = sorted."{name}"'
        columns = f"sorted.* replace ({', '.join(opened)})" if opened else "*"
        order = ", ".join(f'"{name}"' for name in table.key or ("snapshot_date", "entity", "line", "capture_id"))
        target = Path(folder, table.name)
        target.mkdir(parents=True)
        written = connection.execute(
            f"copy (select {columns} from (select * from ({rows}) order by {order}) as sorted {joins}) "
            "to $folder (format parquet, compression zstd, "
            "partition_by (snapshot_date), write_partition_columns true, return_stats true)",
            {"folder": str(target)},
        ).fetchall()
        connection.close()
        return [Part(table.name, _day(path), path, rows, size) for path, rows, size, *_ in written]

    def _frame(self, sql: str) -> Frame:
        return nw.from_native(self._connection.sql(sql))


def _narrow(connection: duckdb.DuckDBPyConnection, lists: str) -> None:
    """Keep a table's lists of texts as lists of an enum, a byte a text instead of 16; in Parquet they are texts again.

    185 markets a row are most of what is written: so it takes a third of the time.
    """
    connection.execute(f"create table {lists}_texts as select distinct unnest(list) as text from {lists}")
    count = connection.execute(f"select count(text) from {lists}_texts").fetchone()
    if count and 0 < count[0] <= _MOST_ENUMERATED:
        texts = f"select text from {lists}_texts where text is not null order by text"
        connection.execute(f"create type {lists}_text as enum ({texts})")
        connection.execute(f"alter table {lists} alter list type {lists}_text[]")


def _list_columns(table: Table) -> list[str]:
    return [column.name for column in table.columns if column.type is Type.STRINGS]


def _opened(column: str) -> str:
    """SQL: a list of texts, sorted, from the column with its JSON."""
    return f"list_sort(\"{column}\"::json::varchar[], 'asc', 'nulls first')"


def _day(path: str) -> date:
    found = re.search(r"snapshot_date=([^/\\]+)", path)
    assert found
    return date.fromisoformat(found[1])


def _spec(shape: Shape) -> Any:
    """A shape as json_transform takes it: every leaf is text, a list of texts stays JSON."""
    if shape == TEXT:
        return "VARCHAR"
    if shape == [TEXT]:
        return "JSON"
    if isinstance(shape, list):
        return [_spec(shape[0])]
    assert isinstance(shape, dict)
    return {name: _spec(inner) for name, inner in shape.items()}


def _containers(shape: Shape, path: str) -> list[tuple[str, str]]:
    """The JSON paths of a shape's objects and lists below its root, each with its JSON type."""
    if isinstance(shape, list):
        return [(path, "ARRAY")]
    if isinstance(shape, dict):
        own = [] if path == "$" else [(path, "OBJECT")]
        return own + [found for name, inner in shape.items() for found in _containers(inner, f"{path}.{name}")]
    return []


def _strange_elements(shape: Shape, path: str = "$", value: str = "record") -> Iterator[str]:
    """SQL, for each list of objects in a shape: whether an element is no object.

    An element without an id is rare, and only then the line is read once more.
    """
    if isinstance(shape, list) and isinstance(shape[0], dict):
        first = next(iter(shape[0]))
        yield (
            f"(coalesce(len(list_filter({value}, lambda e: e.{first} is null)), 0) > 0 "
            f"and len(list_filter(json_type(line, '{path}[*]'), lambda t: t not in ('NULL', 'OBJECT'))) > 0)"
        )
    if isinstance(shape, dict):
        for name, inner in shape.items():
            yield from _strange_elements(inner, f"{path}.{name}", f"{value}.{name}")


def _texts(values: Iterable[str]) -> str:
    """A list of SQL string literals."""
    return "[" + ", ".join("'" + value.replace("'", "''") + "'" for value in values) + "]"
