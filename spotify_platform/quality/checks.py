"""Checks: what must hold for a table, derived from its contract, and what was found.

The audit and the Great Expectations suites judge by the same list. How a check is made is their business.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from spotify_platform.contracts.table import Column, Table

Severity = Literal["error", "warning"]  # an error withholds a date, a warning is told
Kind = Literal["unique", "not_null", "between", "values", "references"]


@dataclass(frozen=True)
class Check:
    """One thing that must hold for every row of a table."""

    table: str
    kind: Kind
    columns: tuple[str, ...]
    between: tuple[int, int] | None = None
    values: tuple[str, ...] = ()
    references: str = ""
    severity: Severity = "error"

    @property
    def name(self) -> str:
        """What must hold, in words; unique within the table."""
        said = " + ".join(self.columns)
        match self.kind:
            case "unique":
                return f"{said} is unique"
            case "not_null":
                return f"{said} is not null"
            case "between":
                assert self.between
                return f"{said} is between {self.between[0]} and {self.between[1]}"
            case "values":
                return f"{said} is one of {', '.join(self.values)}"
            case "references":
                return f"{said} stands in {self.references}"


@dataclass(frozen=True)
class Finding:
    """A check that does not hold: where, what should, and how many rows (or lines) break it."""

    table: str  # curated table, or raw/<entity>
    check: str
    rows: int
    severity: Severity = "error"
    example: str = ""

    def __str__(self) -> str:
        """A line for a person."""
        example = f", for instance {self.example}" if self.example else ""
        return f"{self.table}: {self.check} ({self.rows:,} rows{example})"


def checks_of(table: Table) -> list[Check]:
    """Every check of a table, in the order of its columns."""
    unique = [Check(table.name, "unique", table.key)] if table.key else []
    return unique + [check for column in table.columns for check in _column_checks(table.name, column)]


def _column_checks(table: str, column: Column) -> Iterator[Check]:
    columns = (column.name,)
    if not column.null:
        yield Check(table, "not_null", columns)
    if column.between:
        yield Check(table, "between", columns, between=column.between)
    if column.values:
        yield Check(table, "values", columns, values=column.values)
    if column.references:
        yield Check(table, "references", columns, references=column.references)
