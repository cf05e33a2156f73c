"""The embedded engine: DuckDB in process, on local files, spilling to a scratch folder."""

import glob
import json
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import narwhals as nw

from spotify_platform.contracts.raw import TEXT, Entity, Shape
from spotify_platform.contracts.table import Table
from spotify_platform.curate.engine import Frame, Part

# An object larger than this is not an answer of Spotify's; the largest seen is a playlist of 100 full tracks, 1 MB.
_MAX_LINE_BYTES = 20_000_000


class DuckDBEngine:
    """Curation in DuckDB. Use it as a context: leaving it frees what it holds."""

    def __init__(self, scratch: Path) -> None:
        """Open an in-memory database that spills into `scratch`."""
        self._connection = duckdb.connect(config={"temp_directory": str(scratch)})
        self._connection.execute("set TimeZone = 'UTC'; set preserve_insertion_order = false")
        self._tables = 0

    def __enter__(self) -> Self:
        """The engine itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the database."""
        self._connection.close()

    def read(self, entity: Entity, files: Iterable[Path]) -> Frame:
        """See `Engine.read`. A line is parsed once: only where it is JSON and has the declared shape."""
        paths = [glob.escape(str(path)) for path in files]  # a * in a folder's name is no pattern
        source = f"""
            select filename, line from read_csv({_texts(paths)}, columns = {{'line': 'VARCHAR'}}, delim = chr(1),
                quote = '', escape = '', header = false, auto_detect = false, strict_mode = false, filename = true,
                max_line_size = {_MAX_LINE_BYTES}, compression = 'gzip')
            where line <> ''"""
        if not paths:
            source = "select null::varchar as filename, null::varchar as line where false"
        spec = json.dumps(_spec(entity.line)).replace("'", "''")
        return self._frame(f"""
            with lines as ({source}),
            judged as (
                select *, case
                    when not json_valid(line) then 'not_json'
                    when json_type(line) <> 'OBJECT' or not ({_shape_holds(entity.line)}) then 'wrong_shape'
                    when coalesce(json_type(line, '$.item'), 'NULL') = 'NULL' then 'null_item'
                end as fault
                from lines
            )
            select regexp_extract(filename, 'snapshot_date=([^/\\\\]+)', 1) as snapshot_date,
                regexp_extract(filename, '([^/\\\\]+)-[0-9]+[.]jsonl[.]gz$', 1) as capture_id,
                line, md5(line) as hash, fault,
                json_transform(case when fault is null then line end, '{spec}') as record
            from judged""")

    def explode(self, frame: Frame, column: str) -> Frame:
        """See `Engine.explode`."""
        relation: duckdb.DuckDBPyRelation = frame.to_native()
        return nw.from_native(
            relation.select(
                f'* exclude ("{column}"), unnest("{column}") as "{column}", '
                f'(generate_subscripts("{column}", 1) - 1)::integer as position'
            )
        )

    def materialise(self, frame: Frame) -> Frame:
        """See `Engine.materialise`."""
        self._tables += 1
        name = f"step_{self._tables}"
        frame.to_native().create(name)
        return nw.from_native(self._connection.table(name))

    def write(self, table: Table, frame: Frame, folder: Path) -> list[Part]:
        """See `Engine.write`."""
        columns = ", ".join(f'"{name}"::{kind} as "{name}"' for name, kind in table.duckdb_columns.items())
        order = ", ".join(f'"{name}"' for name in table.key or ("snapshot_date", "entity", "line", "capture_id"))
        folder.mkdir(parents=True)
        frame.to_native().select(columns).create_view("written", replace=True)
        # Sorted by key: the same rows give the same file, and a reader of one key skips most of it.
        written = self._connection.execute(
            f"copy (select * from written order by {order}) to $folder (format parquet, compression zstd, "
            "partition_by (snapshot_date), write_partition_columns true, return_stats true)",
            {"folder": str(folder)},
        ).fetchall()
        return sorted((Part(Path(name), rows) for name, rows, *_ in written), key=lambda part: part.path)

    def count(self, frame: Frame, *by: str) -> dict[tuple[Any, ...], int]:
        """Rows by the values of the columns `by`."""
        counted = frame.group_by(*by).agg(rows=nw.len())
        return {tuple(row[:-1]): row[-1] for row in counted.to_native().fetchall()}

    def _frame(self, sql: str) -> Frame:
        return nw.from_native(self._connection.sql(sql))


def _spec(shape: Shape) -> Any:
    """A shape as json_transform takes it: every leaf is text."""
    if shape == TEXT:
        return "VARCHAR"
    if isinstance(shape, list):
        return [_spec(shape[0])]
    assert isinstance(shape, dict)
    return {name: _spec(inner) for name, inner in shape.items()}


def _shape_holds(shape: dict[str, Shape]) -> str:
    """SQL: every object and list of the shape is one in the line, or is absent or null.

    json_transform itself would turn a text where a list should be into NULL without a word.
    """
    plain: list[tuple[str, str]] = []
    starred: list[tuple[str, str]] = []
    for path, kind in _containers(shape, "$"):
        (starred if "[*]" in path else plain).append((path, kind))
    paths, kinds = _texts(path for path, _ in plain), _texts(kind for _, kind in plain)
    conditions = [f"len(list_filter(json_type(line, {paths}), lambda t, i: t not in ('NULL', ({kinds})[i]))) = 0"]
    conditions += [
        f"len(list_filter(json_type(line, '{path}'), lambda t: t not in ('NULL', '{kind}'))) = 0"
        for path, kind in starred
    ]
    return " and ".join(conditions)


def _containers(shape: Shape, path: str) -> list[tuple[str, str]]:
    """The JSON paths of a shape's objects and lists, each with its JSON type."""
    if isinstance(shape, list):
        inner = shape[0]
        elements = [(f"{path}[*]", "OBJECT")] if isinstance(inner, dict) else []
        return [(path, "ARRAY"), *elements]
    if isinstance(shape, dict):
        own = [] if path == "$" else [(path, "OBJECT")]
        return own + [found for name, inner in shape.items() for found in _containers(inner, f"{path}.{name}")]
    return []


def _texts(values: Iterable[str]) -> str:
    """A list of SQL string literals."""
    return "[" + ", ".join("'" + value.replace("'", "''") + "'" for value in values) + "]"
