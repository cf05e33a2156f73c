"""Row counts against what is usual: the median of comparable days among the 28 before; and rows by chart."""

import glob
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from statistics import median

import duckdb

from spotify_platform.quality.checks import Finding, Severity

WINDOW = timedelta(days=28)
FEWEST_DAYS = 7  # fewer comparable days do not say what is usual
FEWEST_ROWS = 25  # a table of a couple of dozen rows may lose half of them without meaning

# Shares of what is usual. Half the usual rows must never be published, and a day's own noise is far from a third.
TOO_FEW: dict[Severity, float] = {"error": 0.67, "warning": 0.8}
TOO_MANY = 1.5


def audit_volume(table: str, rows: int, usual: Sequence[int]) -> list[Finding]:
    """What is wrong with a table's number of rows on a date, given those of comparable days before."""
    middle = median(usual) if len(usual) >= FEWEST_DAYS else 0
    if middle < FEWEST_ROWS:
        return []
    said = f"{rows:,} rows, usually {middle:,.0f}"
    for severity, share in TOO_FEW.items():
        if rows < share * middle:
            return [Finding(table, f"at least {share:.0%} of the usual rows: {said}", int(middle) - rows, severity)]
    if rows > TOO_MANY * middle:
        return [Finding(table, f"at most {TOO_MANY:.0%} of the usual rows: {said}", rows - int(middle), "warning")]
    return []


def chart_rows(files: Sequence[Path]) -> dict[date, dict[str, int]]:
    """Rows by date and market in Parquet files of `chart_entries`: one scan. The coverage ledger tells them."""
    found: dict[date, dict[str, int]] = defaultdict(dict)
    if files:
        with duckdb.connect() as connection:
            rows = connection.execute(
                "select snapshot_date, market, count(*) from read_parquet(?, hive_partitioning = false) "
                "group by all order by all",
                [[glob.escape(str(file)) for file in files]],
            ).fetchall()
        for day, market, count in rows:
            found[day][market] = count
    return dict(found)
