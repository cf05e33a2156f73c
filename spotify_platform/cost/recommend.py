"""Which engine shall curate so many bytes: DuckDB in Dagster's own process, or the Glue job. By what runs took.

DuckDB pays by the second and has one machine; Glue pays at least for a minute of its workers, and has as many as one
asks for. So DuckDB is taken while it is cheaper and done in time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from spotify_platform.cost.prices import Prices

Engine = Literal["duckdb", "glue"]


@dataclass(frozen=True)
class Run:
    """What a run of curation took: `used` are seconds of DuckDB, or DPU-seconds of Glue.

    `raw_bytes` are those of the raw files as they lie in the lake, compressed.
    """

    engine: Engine
    raw_bytes: int
    used: float


@dataclass(frozen=True)
class Recommendation:
    """An engine, and why, for a person."""

    engine: Engine
    why: str


# What docs/deploy.md tells, on two cores; until a run of one's own tells better.
FIRST_GUESS = Run("duckdb", raw_bytes=32_000_000, used=6.0)  # 500 MB of JSON, two thousand artists
# The job's own start and its least workers, of a minute each: one driver and one executor.
LEAST_DPU_SECONDS = 120.0


def recommendation(raw_bytes: int, runs: Sequence[Run], prices: Prices, most_minutes: float = 60) -> Recommendation:
    """The engine for so many bytes of raw files, from runs of either engine.

    Of each engine the run that is nearest in size is taken and scaled; one of Glue is not scaled down, since starting
    is most of a small one. DuckDB is recommended where Glue has not run: nothing tells that it would be worth it.
    """
    raw_bytes = max(1, raw_bytes)
    size = f"{raw_bytes / 1e6:,.1f} MB of raw files"
    duck = _nearest("duckdb", runs, raw_bytes) or FIRST_GUESS
    seconds = duck.used * raw_bytes / duck.raw_bytes
    local = Decimal(seconds) * prices["local", "seconds"].price
    glue = _nearest("glue", runs, raw_bytes)
    in_time = seconds <= most_minutes * 60
    about_duckdb = f"DuckDB takes about {_lasting(seconds)} ({_money(local)}) for {size}"
    if not in_time:
        return Recommendation("glue", f"{about_duckdb}, longer than the {most_minutes:g} min allowed.")
    if not glue:
        least = Decimal(LEAST_DPU_SECONDS) * prices["glue", "dpu_seconds"].price
        return Recommendation("duckdb", f"{about_duckdb}; Glue costs {_money(least)} at least, and has not run yet.")
    dpu_seconds = glue.used * max(1.0, raw_bytes / glue.raw_bytes)
    there = Decimal(dpu_seconds) * prices["glue", "dpu_seconds"].price
    about_glue = f"Glue would use about {dpu_seconds:,.0f} DPU-seconds ({_money(there)})"
    if there < local:
        return Recommendation("glue", f"{about_glue}; {about_duckdb}.")
    return Recommendation("duckdb", f"{about_duckdb}; {about_glue}.")


def _nearest(engine: Engine, runs: Sequence[Run], raw_bytes: int) -> Run | None:
    """The run of an engine that is nearest in size, as a ratio."""
    ours = [run for run in runs if run.engine == engine and run.raw_bytes > 0]
    return min(ours, key=lambda run: max(run.raw_bytes / raw_bytes, raw_bytes / run.raw_bytes), default=None)


def _lasting(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.1f} s"
    return f"{seconds:,.0f} s" if seconds < 180 else f"{seconds / 60:,.0f} min"


def _money(amount: Decimal) -> str:
    return f"${amount:.4f}" if amount >= Decimal("0.001") else f"${amount:.6f}"
