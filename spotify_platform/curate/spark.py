"""The Spark engine: the same expressions on a Spark session, local or a Glue job's.

Who makes the session, and where, is the caller's business.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

import narwhals as nw

from spotify_platform.contracts.curated import CURATED_BY_NAME
from spotify_platform.contracts.raw import TEXT, Entity, Shape
from spotify_platform.contracts.table import Type
from spotify_platform.curate.engine import Frame, Part

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_TYPES = {
    Type.STRING: "string",
    Type.STRINGS: "array<string>",
    Type.INTEGER: "int",
    Type.BIGINT: "bigint",
    Type.DOUBLE: "double",
    Type.BOOLEAN: "boolean",
    Type.DATE: "date",
    Type.TIMESTAMP: "timestamp_ntz",  # Parquet INT64 microseconds, not adjusted to UTC, as DuckDB's TIMESTAMP
}
_JSON = {"mode": "PERMISSIVE", "allowSingleQuotes": "false", "columnNameOfCorruptRecord": "_bad"}


def session_config() -> dict[str, str]:
    """What a session must be set to, so that it gives the rows and types that DuckDB gives."""
    return {
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "true",  # as on Glue 6; on Glue 5.1 it is off by default
        "spark.sql.parquet.compression.codec": "zstd",
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        # Days before 1582 as they are. Unset, Spark refuses to write them: one release date ended the whole batch.
        "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
        "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    }


class SparkEngine:
    """Curation on a Spark session."""

    def __init__(self, session: "SparkSession", scratch: str) -> None:
        """Stage what is materialised below `scratch`, a folder or URL that only this engine writes to."""
        self._session = session
        self._scratch = scratch.rstrip("/")
        self._steps = 0

    def lines(self, files: Sequence[str]) -> Frame:
        """See `Engine.lines`."""
        from pyspark.sql import functions as f

        if not files:
            schema = "snapshot_date string, capture_id string, line string, hash string"
            return nw.from_native(self._session.createDataFrame([], schema))
        line, path = f.col("value"), f.col("_metadata.file_path")
        # Spark keeps bytes that are no UTF-8 and would write Parquet that DuckDB refuses.
        sound = f.decode(f.encode(line, "UTF-8"), "UTF-8") == line
        # A damaged gzip file gives the lines before the damage: the audit misses the others, and withholds that date.
        reader = self._session.read.option("ignoreCorruptFiles", "true")
        read = reader.text([_literal(file) for file in files]).where((line != "") & sound)
        return nw.from_native(
            read.select(
                f.regexp_extract(path, "snapshot_date=([^/]+)", 1).alias("snapshot_date"),
                f.regexp_extract(path, "([^/]+)-[0-9]+[.]jsonl[.]gz$", 1).alias("capture_id"),
                line.alias("line"),
                f.md5(line).alias("hash"),
            )
        )

    def parse(self, lines: Frame, entity: Entity) -> Frame:
        """See `Engine.parse`. Spark reads one value and no further, so that text after it must not close the wrapper.

        What closes an object does not close a list: a line that is sound in both is one value and nothing else.
        """
        from pyspark.sql import functions as f

        wrapped = f.concat(f.lit('{"r":'), f.col("line"), f.lit("}"))
        read = f.from_json(wrapped, f"struct<r:{_ddl(entity.line)},_bad:string>", _JSON)
        any_json = f.from_json(wrapped, "struct<r:string,_bad:string>", _JSON)
        parsed: DataFrame = lines.to_native().withColumn("read", read)
        listed = f.from_json(f.concat(f.lit("["), f.col("line"), f.lit("]")), "array<string>", _JSON)
        alone = f.size(listed) == 1
        bad = f.col("read._bad").isNotNull()
        fault = (
            f.when(~f.coalesce(alone, f.lit(False)), "not_json")
            .when(bad, f.when(any_json["_bad"].isNotNull(), "not_json").otherwise("wrong_shape"))
            .when(f.col("read.r").isNull(), "wrong_shape")
            .when(f.col("read.r.item").isNull(), "null_item")
        )
        judged = parsed.withColumn("fault", fault)
        told = f.when(f.coalesce(f.col("fault"), f.lit("")) != "not_json", f.col("read.r"))
        return nw.from_native(judged.select(*lines.columns, "fault", told.alias("record")))

    def lists(self, frame: Frame, *columns: str) -> Frame:
        """See `Engine.lists`. Packed is the list itself."""
        from pyspark.sql import functions as f

        opened = {name: f.sort_array(name) for name in columns}
        rows: DataFrame = frame.to_native()
        return nw.from_native(rows.withColumns(opened))

    def explode(self, frame: Frame, column: str) -> Frame:
        """See `Engine.explode`."""
        from pyspark.sql import functions as f

        others = [name for name in frame.columns if name != column]
        rows: DataFrame = frame.to_native()
        return nw.from_native(rows.select(*others, f.posexplode(column).alias("position", column)))

    def materialise(self, *frames: Frame) -> list[Frame]:
        """See `Engine.materialise`. Parquet, and not a cache: what an executor loses would get other row ids."""
        from pyspark.sql import functions as f

        kept = []
        for frame in frames:
            self._steps += 1
            folder = f"{self._scratch}/step_{self._steps}"
            frame.to_native().withColumn("row_id", f.monotonically_increasing_id()).write.parquet(folder)
            kept.append(nw.from_native(self._session.read.parquet(_literal(folder))))
        return kept

    def count(self, frame: Frame, *by: str) -> dict[tuple[Any, ...], int]:
        """See `Engine.count`."""
        counted = frame.group_by(*by).agg(rows=nw.len()).to_native()
        return {tuple(row)[:-1]: tuple(row)[-1] for row in counted.collect()}

    def write(self, frames: Mapping[str, Frame], folder: str) -> list[Part]:
        """See `Engine.write`."""
        parts = [part for table, frame in frames.items() for part in self._write(table, frame, folder.rstrip("/"))]
        return sorted(parts, key=lambda part: (part.table, part.path))

    def _write(self, table: str, frame: Frame, folder: str) -> list[Part]:
        """Write a table; a copy of the date names the folders, since Spark leaves that column out of the files."""
        from pyspark.sql import functions as f

        contract = CURATED_BY_NAME[table]
        typed = [
            (f.sort_array(column.name) if column.type is Type.STRINGS else f.col(column.name))
            .cast(_TYPES[column.type])
            .alias(column.name)
            for column in contract.columns
        ]
        order = list(contract.key) or ["snapshot_date", "entity", "line", "capture_id"]
        rows: DataFrame = frame.to_native().select(*typed, f.col("snapshot_date").cast("string").alias("day"))
        target = f"{folder}/{table}"
        rows.repartition("day").sortWithinPartitions("day", *order).write.partitionBy("day").parquet(target)
        written = self._session.read.schema("day string").parquet(_literal(target))
        counted = written.groupBy("day", "_metadata.file_path", "_metadata.file_size").count().collect()
        return [Part(table, date.fromisoformat(day), _path(path), rows, size) for day, path, size, rows in counted]


def _literal(path: str) -> str:
    """A path as Spark reads it, which takes it for a pattern."""
    return re.sub(r"([\[\]{}*?\\])", r"\\\1", path)


def _path(url: str) -> str:
    """A file's URL as it is opened: a path where it is a local one."""
    parts = urlparse(url)
    return unquote(parts.path) if parts.scheme == "file" else unquote(url)


def _ddl(shape: Shape) -> str:
    """A shape as a Spark type: every leaf is text."""
    if shape == TEXT:
        return "string"
    if isinstance(shape, list):
        return f"array<{_ddl(shape[0])}>"
    assert isinstance(shape, dict)
    if not shape:  # an item of which curation reads nothing
        return "string"
    return "struct<" + ",".join(f"`{name}`:{_ddl(inner)}" for name, inner in shape.items()) + ">"
