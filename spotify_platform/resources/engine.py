"""Which engine curates: DuckDB in process, a Spark session, or a Glue job. One setting says it.

What an engine computes is `curate`'s business, and the same for all.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from spotify_platform.contracts.errors import InputError

if TYPE_CHECKING:
    from spotify_platform.curate.spark import SparkEngine
    from spotify_platform.curator import Curator, InProcess

# A local session: nothing listens beyond loopback, and shuffles are as wide as one machine.
_LOCAL_SPARK = {
    "spark.master": "local[*]",
    "spark.app.name": "spotify_platform",
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "2g",
    "spark.sql.shuffle.partitions": "4",
    "spark.log.level": "ERROR",
    "spark.ui.showConsoleProgress": "false",
}


class EngineResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The engine that makes tables of raw files."""

    name: str = ""  # duckdb, spark or glue; empty: the setting's

    def curator(self, context: dg.AssetExecutionContext) -> "Curator":
        """Curation for the run of this context."""
        from spotify_platform.curator import in_duckdb
        from spotify_platform.resources.glue import GlueResource
        from spotify_platform.settings import read_settings

        settings = read_settings()
        match self.name or settings.engine:
            case "duckdb":
                return in_duckdb()
            case "spark":
                return in_spark()
            case "glue":
                job = GlueResource(
                    job=settings.glue_job,
                    deadline_minutes=settings.glue_deadline_minutes,
                    flex_from_dates=settings.glue_flex_from_dates,
                )
                return job.curator(context)
            case other:
                raise InputError(f"{other}: no engine. Give duckdb, spark or glue.")


def in_spark() -> "InProcess":
    """A local Spark session. A call costs some ten seconds whatever it gets, so it gets much."""
    from spotify_platform.curator import InProcess

    try:
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException
    except ImportError:
        raise InputError('Spark is not installed. Run: pip install "spotify-platform[spark]"') from None
    return InProcess(_spark, (PySparkException, Py4JError), chunk_bytes=640_000_000)


@contextmanager
def _spark(scratch: Path) -> Iterator["SparkEngine"]:
    """An engine on the process' session, which is begun with the first call and lives as long as the process."""
    from dagster_pyspark.resources import spark_session_from_config

    from spotify_platform.curate.spark import SparkEngine, session_config
    from spotify_platform.settings import use_bundled_java

    use_bundled_java()
    session = spark_session_from_config(_LOCAL_SPARK | session_config())  # type: ignore[no-untyped-call]
    yield SparkEngine(session, str(scratch / "spark"))
