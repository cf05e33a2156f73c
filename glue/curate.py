"""The AWS Glue job of curation: a plan in the lake → tables staged in the lake, and their counts for Dagster.

Glue 5.1 (Spark 3.5.6, Python 3.11, Java 17). What it does is in the project's wheel, `spotify_platform.curate`; who
starts it and makes the plan is `spotify_platform/resources/glue.py`. A day and a year are the same job.
"""

import argparse
import json
import sys
import time
from collections import defaultdict
from typing import Any

import boto3
from dagster_pipes import PipesCliArgsParamsLoader, PipesContext, PipesS3MessageWriter, open_dagster_pipes
from pyspark.sql import SparkSession

from spotify_platform.contracts.errors import InputError
from spotify_platform.curate.batch import Batch, curate_batch
from spotify_platform.curate.fingerprint import fingerprint
from spotify_platform.curate.spark import SparkEngine, session_config


def main() -> None:
    """Curate what the plan names, report to Dagster, and log one line about it."""
    loader = PipesCliArgsParamsLoader()  # type: ignore[no-untyped-call]
    if not loader.is_dagster_pipes_process():
        # dagster-pipes would take a mock for Dagster: the job would succeed and nobody would hear of it.
        raise InputError("Not started by Dagster: --dagster-pipes-context is missing. Materialise the curated assets.")
    arguments = _arguments()
    started = time.monotonic()
    with open_dagster_pipes(params_loader=loader, message_writer=PipesS3MessageWriter(boto3.client("s3"))) as pipes:
        _refuse_other_code(arguments.code)
        settings: dict[str, Any] = {**session_config()}
        session = SparkSession.builder.appName("curate").config(map=settings).getOrCreate()
        try:
            plan = json.loads(_read(session, arguments.plan))
            batch = curate_batch(SparkEngine(session, plan["scratch"]), plan["files"], plan["folder"])
        finally:
            session.stop()
        _report(pipes, batch, {"work_key": arguments.work_key, "seconds": round(time.monotonic() - started, 1)})


def _arguments() -> argparse.Namespace:
    """Ours among those that Glue and Dagster add (--JOB_NAME, --JOB_RUN_ID, --dagster-pipes-messages, …)."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--work-key", required=True, help="names the work; a retry finds its run by it")
    parser.add_argument("--plan", required=True, help="URL of the plan")
    parser.add_argument("--code", required=True, help="fingerprint of the curation code that Dagster has")
    known, _ = parser.parse_known_args(sys.argv[1:])
    return known


def _read(session: SparkSession, url: str) -> str:
    """A small text file from wherever Hadoop can read."""
    java: Any = session.sparkContext._jvm
    path = java.org.apache.hadoop.fs.Path(url)
    stream = path.getFileSystem(session.sparkContext._jsc.hadoopConfiguration()).open(path)
    try:
        return str(java.org.apache.commons.io.IOUtils.toString(stream, "UTF-8"))
    finally:
        stream.close()


def _refuse_other_code(wanted: str) -> None:
    """Rows of another version must not be published under this one's name."""
    if fingerprint() != wanted:
        raise InputError(
            f"The job's wheel has the curation code {fingerprint()}, Dagster {wanted}. Deploy the wheel of Dagster's "
            "version (make glue)."
        )


def _report(pipes: PipesContext, batch: Batch, about: dict[str, Any]) -> None:
    """The batch, part by part and entity by entity, goes to Dagster; its sums to the log."""
    pipes.report_custom_message(batch.as_json())
    rows: dict[str, int] = defaultdict(int)
    for part in batch.parts:
        rows[part.table] += part.rows
    sums = {
        "event": "curated",
        **about,
        "dates": len({lines.day for lines in batch.lines}),
        "read": sum(sum(lines.read.values()) for lines in batch.lines),
        "rejected": sum(sum(lines.rejected.values()) for lines in batch.lines),
        "rows": dict(sorted(rows.items())),
        "files": len(batch.parts),
        "bytes": sum(part.bytes for part in batch.parts),
    }
    pipes.log.info(f"curated: {sums}")
    print(json.dumps(sums), flush=True)


if __name__ == "__main__":
    main()
