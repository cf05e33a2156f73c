"""What the levers of cost are worth: engines, Glue's workers and FLEX, file sizes, a warehouse that sleeps.

Measured here: seconds of DuckDB and CPU seconds of Spark for the same raw files, at two sizes, and the files that
publishing writes. Reckoned from that by `prices.yaml`: what Glue would use, whose virtual CPUs are taken to be as fast
as these cores and whose work is taken to divide evenly among workers. Nothing here has run on Glue. `make bench-cost`
"""

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).with_name("curate")))

import data
from bench import Cost, captured, run_child

from spotify_platform.contracts.raw import ENTITIES_BY_NAME
from spotify_platform.cost.glue import LEAST_SECONDS
from spotify_platform.cost.prices import prices
from spotify_platform.lake import Lake
from spotify_platform.publish import publish_dates

YEAR, CPUS_OF_A_DPU = 365, 4
START_SECONDS = 30  # of a Glue job until its own code runs; an assumption
WORKERS = (2, 5, 10, 20)
SMALL_FILE, PIPE_FILE = 1_000_000, 100_000_000  # bytes


@dataclass(frozen=True)
class Measured:
    """A lake of some size: what each engine took, and how large its raw files are, as they lie there."""

    megabytes: float  # before compression
    raw_bytes: int
    duckdb: Cost
    spark: Cost


def measure(folder: Path, megabytes: float, days: int) -> Measured:
    """Both engines on the same lake, one after the other."""
    lake = folder / f"lake-{megabytes:g}"
    data.write(lake, megabytes, days)
    files = [path for name in ENTITIES_BY_NAME for path in (lake / "raw" / name).rglob("*.jsonl.gz")]
    size = sum(path.stat().st_size for path in files)
    taken = {one: run_child(one, lake=str(lake), out=f"{folder}/{one}-{megabytes:g}") for one in ("duckdb", "spark")}
    return Measured(megabytes, size, taken["duckdb"], taken["spark"])


def engines(console: Console, found: list[Measured]) -> None:
    """What was measured."""
    table = Table(title="Curation, measured")
    for name in ("JSON, MB", "raw files, MB", "DuckDB, s", "DuckDB CPU, s", "Spark, s", "Spark CPU, s", "CPU ratio"):
        table.add_column(name, justify="right")
    for one in found:
        figures = [one.megabytes, one.raw_bytes / 1e6, one.duckdb.wall, one.duckdb.cpu, one.spark.wall, one.spark.cpu]
        table.add_row(*(f"{figure:,.1f}" for figure in figures), f"{one.spark.cpu / one.duckdb.cpu:.1f}")
    console.print(table)


def glue(console: Console, small: Measured, large: Measured, artists: int, raw_bytes: int) -> None:
    """A year's backfill on Glue with some workers, by Spark's CPU a byte, which is what larger work adds."""
    known = prices()
    cpu_a_byte = (large.spark.cpu - small.spark.cpu) / (large.raw_bytes - small.raw_bytes)
    wall_a_byte = (large.duckdb.wall - small.duckdb.wall) / (large.raw_bytes - small.raw_bytes)
    work = cpu_a_byte * raw_bytes * YEAR
    table = Table(title=f"A year of {artists:,} artists, {raw_bytes * YEAR / 1e9:,.1f} GB of raw files: reckoned")
    for name in ("engine", "workers", "minutes", "DPU-seconds", "standard, $", "FLEX, $"):
        table.add_column(name, justify="right")
    seconds = wall_a_byte * raw_bytes * YEAR
    price = Decimal(seconds) * known["local", "seconds"].price
    table.add_row("DuckDB", "1 process", f"{seconds / 60:,.1f}", "", f"{price:,.3f}", "")
    for workers in WORKERS:
        # One of them is the driver.
        elapsed = max(LEAST_SECONDS, START_SECONDS + work / (CPUS_OF_A_DPU * (workers - 1)))
        used = Decimal(elapsed * workers)
        standard, flex = used * known["glue", "dpu_seconds"].price, used * known["glue", "dpu_seconds_flex"].price
        table.add_row("Glue", str(workers), f"{elapsed / 60:,.1f}", f"{used:,.0f}", f"{standard:,.3f}", f"{flex:,.3f}")
    console.print(table)


def files(console: Console, folder: Path, megabytes: float, days: int) -> None:
    """The files that publishing writes, by table."""
    lake = Lake((folder / f"lake-{megabytes:g}").absolute().as_uri())
    dates: list[date] = captured(Path(lake.url.removeprefix("file://")))
    publish_dates(lake, dates)
    sizes = [size for key, size in lake.sizes("curated").items() if key.endswith(".parquet")]
    raw = [size for key, size in lake.sizes("raw").items() if key.endswith(".gz")]
    table = Table(title=f"Files of {days} dates of {megabytes / days:,.0f} MB of JSON")
    for name in ("zone", "files a date", "MB a date", "median, MB", "largest, MB", "below 1 MB", "100 MB or more"):
        table.add_column(name, justify="right")
    for zone, found in (("raw", raw), ("curated", sizes)):
        table.add_row(
            zone,
            f"{len(found) / days:,.1f}",
            f"{sum(found) / days / 1e6:,.1f}",
            f"{median(found) / 1e6:,.2f}",
            f"{max(found) / 1e6:,.2f}",
            f"{sum(size < SMALL_FILE for size in found) / len(found):.0%}",
            f"{sum(size >= PIPE_FILE for size in found) / len(found):.0%}",
        )
    console.print(table)


def sleeping(console: Console) -> None:
    """A warehouse that one run a day wakes up, by how long it waits before it sleeps."""
    table = Table(title="Snowflake's XS, woken up once a day for 6 minutes: a month")
    for name in ("sleeps after, s", "credits", "$"):
        table.add_column(name, justify="right")
    for pause in (60, 300, 600):
        credits = Decimal((360 + pause) * 30) / 3600
        table.add_row(str(pause), f"{credits:,.2f}", f"{credits * prices()['snowflake', 'credits'].price:,.2f}")
    console.print(table)


def main() -> int:
    """Measure, reckon and print."""
    parser = argparse.ArgumentParser(description="What the levers of cost are worth.")
    parser.add_argument("--megabytes", type=float, default=400, help="of JSON of the larger lake (400)")
    parser.add_argument("--days", type=int, default=4, help="dates of each lake (4)")
    options = parser.parse_args()
    console, began = Console(), time.monotonic()
    if not console.is_terminal:
        console = Console(width=150)
    with tempfile.TemporaryDirectory(prefix="bench-cost-") as scratch:
        folder = Path(scratch)
        with console.status("Measuring …"):
            found = [measure(folder, size, options.days) for size in (options.megabytes / 4, options.megabytes)]
        engines(console, found)
        for artists in (1_000, 10_000):
            glue(console, *found, artists, artists * 16_000)
        files(console, folder, options.megabytes, options.days)
    sleeping(console)
    console.print(f"{time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
