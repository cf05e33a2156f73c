"""The audit: a batch's Parquet files against the contracts, one scan a table, judged date by date.

It knows the tables' contracts and not the code that made the rows, so it is a second opinion. An error withholds the
date; what is done with a withheld date is `publish`'s business.
"""

import glob
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from spotify_platform.contracts.table import Column, Table

# Above this share of lines without a row, something is wrong with the capture or with us, not with single lines.
MAX_REJECTED = 0.5


@dataclass(frozen=True)
class Finding:
    """One check that does not hold: table, what must hold, and how many rows break it."""

    table: str
    check: str
    rows: int

    def __str__(self) -> str:
        """A line for a person."""
        return f"{self.table}: {self.check} ({self.rows:,} rows)"

    def as_json(self) -> dict[str, Any]:
        """The finding as a publish record or an event carries it."""
        return asdict(self)


def audit(table: Table, files: Sequence[Path]) -> dict[date, list[Finding]]:
    """What does not hold in a table's files, by snapshot date. Dates without findings are not in the answer."""
    if not files:
        return {}
    checks = dict(_checks(table))
    counts = ", ".join(f"count(*) filter (where {breaks})" for breaks in checks.values())
    unique = "0"
    if table.key:
        key = ", ".join(f'"{name}"' for name in table.key)
        unique = f"count(*) - count(distinct ({key}))"
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"select snapshot_date, {unique}, {counts} from read_parquet(?, hive_partitioning = false) group by all",
            [[glob.escape(str(path)) for path in files]],
        ).fetchall()
    names = [f"{' + '.join(table.key)} is unique", *checks]
    found: dict[date, list[Finding]] = {}
    for day, *broken in rows:
        findings = [Finding(table.name, name, n) for name, n in zip(names, broken, strict=True) if n]
        if findings:
            found[day] = findings
    return found


def audit_lines(read: Mapping[str, int], promised: Mapping[str, int], dropped: Mapping[str, int]) -> list[Finding]:
    """What does not hold between a date's raw lines and its manifests.

    All three are lines by entity: as read, as the manifests promise, and as rejected without a row.
    """
    findings = []
    for entity in sorted(set(read) | set(promised)):
        lines, expected = read.get(entity, 0), promised.get(entity, 0)
        if lines != expected:
            check = f"{expected:,} lines as the manifests say, {lines:,} read"
            findings.append(Finding(f"raw/{entity}", check, abs(lines - expected)))
        if dropped.get(entity, 0) > MAX_REJECTED * max(lines, 1):
            check = f"at most {MAX_REJECTED:.0%} of the lines rejected"
            findings.append(Finding(f"raw/{entity}", check, dropped[entity]))
    return findings


def check_count(table: Table) -> int:
    """How many checks the audit makes of a table."""
    return len(dict(_checks(table))) + bool(table.key)


def _checks(table: Table) -> Iterator[tuple[str, str]]:
    """What must hold, in words, with the SQL that finds the rows that break it."""
    for column in table.columns:
        yield from _column_checks(column)


def _column_checks(column: Column) -> Iterator[tuple[str, str]]:
    name = f'"{column.name}"'
    if not column.null:
        yield f"{column.name} is not null", f"{name} is null"
    if column.between:
        low, high = column.between
        yield f"{column.name} is between {low} and {high}", f"{name} not between {low} and {high}"
    if column.values:
        words = ", ".join(f"'{word}'" for word in column.values)
        yield f"{column.name} is one of {', '.join(column.values)}", f"{name} not in ({words})"
