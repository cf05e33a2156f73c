"""What the tests of this room share: raw lines → tables, on the real engine."""

import gzip
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from hashlib import md5
from pathlib import Path
from typing import Any

import duckdb

from spotify_platform.contracts.curated import CURATED
from spotify_platform.contracts.raw import ENTITIES_BY_NAME
from spotify_platform.curate.batch import curate_batch
from spotify_platform.curate.duckdb import DuckDBEngine
from spotify_platform.curate.engine import Part
from spotify_platform.lake import keys
from spotify_platform.lake.captures import to_line

DAY = date(2026, 11, 1)
STAMPS = tuple(f"2026-11-01T05:00:0{second}Z" for second in range(10))

Row = dict[str, Any]


@dataclass(frozen=True)
class Raw:
    """One line of a raw file, verbatim, and the file it lies in."""

    entity: str
    line: bytes
    capture_id: str = "c1"
    day: date = DAY
    chunk: int = 0

    @property
    def hash(self) -> str:
        """What breaks ties."""
        return md5(self.line).hexdigest()


def raw(entity: str, item: Any, capture_id: str = "c1", at: Any = STAMPS[0], day: date = DAY, **envelope: Any) -> Raw:
    """A line as the capture writer makes it."""
    line = {"captured_at": at, "endpoint": "/v1/test", "params": {}, "market": None, "position": None} | envelope
    return Raw(entity, to_line(line | {"item": item}, ENTITIES_BY_NAME[entity].line), capture_id, day)


@dataclass(frozen=True)
class Tables:
    """The rows of every table, sorted by all their values."""

    rows: dict[str, list[Row]]

    def __getitem__(self, table: str) -> list[Row]:
        """The rows of one table, in the order of all their values."""
        return self.rows[table]

    def by(self, table: str, key: str) -> dict[Any, Row]:
        """The rows of a table with one date by a column that is unique in it."""
        found = {row[key]: row for row in self.rows[table]}
        assert len(found) == len(self.rows[table])
        return found


def curated(lines: Iterable[Raw]) -> Tables:
    """The lines as raw files, curated and written by the real engine, and read back."""
    with tempfile.TemporaryDirectory(prefix="test-curate-") as folder:
        return _curated(Path(folder), lines)


def raw_files(folder: Path, lines: Iterable[Raw]) -> dict[str, list[str]]:
    """The lines as raw files below a folder, as a capture writer packs them; the files by entity."""
    content: dict[tuple[str, date, str, int], list[bytes]] = defaultdict(list)
    for one in lines:
        content[one.entity, one.day, one.capture_id, one.chunk].append(one.line)
    paths: dict[str, list[str]] = defaultdict(list)
    for (entity, day, capture_id, chunk), found in content.items():
        path = folder / keys.chunk(entity, day, capture_id, chunk)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(b"\n".join(found) + b"\n", mtime=0))
        paths[entity].append(str(path))
    return paths


def _curated(folder: Path, lines: Iterable[Raw]) -> Tables:
    named = raw_files(folder, lines)
    with DuckDBEngine(folder) as engine:
        batch = curate_batch(engine, named, str(folder / "out"))
    with duckdb.connect() as connection:
        rows: dict[str, list[Row]] = {table.name: [] for table in CURATED}
        for part in batch.parts:
            rows[part.table] += _rows(connection, part)
    return Tables({name: sorted(found, key=repr) for name, found in rows.items()})


def _rows(connection: duckdb.DuckDBPyConnection, part: Part) -> list[Row]:
    read = connection.execute("select * from read_parquet(?, hive_partitioning = false)", [part.path])
    names = [column[0] for column in read.description or []]
    rows = [dict(zip(names, row, strict=True)) for row in read.fetchall()]
    assert len(rows) == part.rows
    return rows
