"""Figures: a question in SQL, how its answer is drawn, and what it means in words.

The words come from the contracts: the meaning of the drawn column, the window that its mart's coverage counts, and the
coverage and confidence of the very rows that are shown.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

from spotify_platform.contracts.curated import CURATED
from spotify_platform.contracts.errors import InputError
from spotify_platform.contracts.marts import MARTS
from spotify_platform.contracts.operations import OPERATIONS
from spotify_platform.contracts.table import Column, Table

Ask = Callable[[str], tuple[list[str], list[tuple[Any, ...]]]]
Row = dict[str, Any]
Filters = Mapping[str, str | date]

KINDS = ("bars", "lines", "columns", "scatter", "calendar", "multiples", "table")
_TABLES = {f"curated.{table.name}": table for table in CURATED} | {table.name: table for table in (*MARTS, *OPERATIONS)}
_FORMS = ("percent", "places", "dollars")
_FILTER = re.compile(r"\$([a-z]+)")
_NO_TEXT = re.compile("--.*")


@dataclass(frozen=True)
class Figure:
    """One figure of a page: its SELECT with the filters' names, and what the header says about drawing it."""

    name: str
    title: str
    table: Table
    column: Column  # what the figure is about
    kind: str  # one of KINDS
    fields: tuple[str, ...]  # the columns that are drawn
    axes: tuple[str, ...]  # the axes' titles, with units
    form: str  # percent, places, dollars, or empty: a plain number
    days: str  # the window, where it is another than that of the mart's rows
    reading: str
    empty: str  # what it means when there are no rows
    select: str

    @property
    def filters(self) -> tuple[str, ...]:
        """The filters that the SELECT needs, in order of their first use."""
        return tuple(dict.fromkeys(_FILTER.findall(_NO_TEXT.sub("", self.select))))

    @property
    def value(self) -> str:
        """The drawn column whose NULL is unknown."""
        if self.kind in ("bars", "table"):
            return self.fields[0] if self.fields else ""
        return self.fields[1]

    def sql(self, filters: Filters) -> str:
        """The SELECT with the filters' values in it: what `spotify-platform query` takes as it stands."""
        return bound(self.select, filters)

    @property
    def definition(self) -> str:
        """What the figure shows, by the contract."""
        unit = f" [{self.column.unit}]" if self.column.unit else ""
        reading = f" {self.reading[0].upper()}{self.reading[1:]}" if self.reading else ""
        return f"{self.column.name}: {self.column.meaning}{unit}.{reading}"

    @property
    def window(self) -> str:
        """The days that a value is made of, by the header or else by the contract."""
        if self.days:
            return self.days
        coverage = next((column for column in self.table.columns if column.name == "coverage"), None)
        return coverage.meaning.partition("window: ")[2] if coverage else "each day for itself"


@dataclass(frozen=True)
class Answer:
    """The rows of a figure, and the SELECT that they answer."""

    figure: Figure
    sql: str
    columns: list[str]
    rows: list[tuple[Any, ...]]
    filters: Filters = field(default_factory=dict)

    @property
    def records(self) -> list[Row]:
        """The rows by the names of their columns."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    @property
    def unknown(self) -> list[Row]:
        """The rows whose drawn value is not known."""
        value = self.figure.value
        return [row for row in self.records if value and row[value] is None]

    @property
    def words(self) -> dict[str, str]:
        """Definition, window, coverage and confidence, and what is unknown with its reasons."""
        said = {"Definition": self.figure.definition, "Window": self.figure.window}
        if not self.rows:
            return said | {"No rows": self.figure.empty or "Nothing was captured for this choice."}
        said |= _trust(self.records)
        if self.unknown:
            said["Unknown"] = _reasons(self.unknown, len(self.rows))
        return said


def _trust(rows: Sequence[Row]) -> dict[str, str]:
    """How much of the window is there, and what that is good for."""
    shares = [row["coverage"] for row in rows if row.get("coverage") is not None]
    if not shares:
        return {"Coverage": "not counted for single days; the page Data health shows which days are there"}
    low, high = (f"{share:.0%}" for share in (min(shares), max(shares)))
    counted = Counter(row["confidence"] for row in rows if row.get("confidence"))
    levels = [level for level in ("high", "medium", "low") if counted[level]]
    confidence = levels[0] if len(levels) == 1 else ", ".join(f"{level} for {counted[level]}" for level in levels)
    return {"Coverage": low if low == high else f"{low} to {high}", "Confidence": confidence}


def _reasons(unknown: Sequence[Row], total: int) -> str:
    counted = Counter(reason for row in unknown for reason in _reasons_of(row))
    most = counted.most_common(4)
    told = "; ".join(reason if count == len(unknown) else f"{reason} ({count})" for reason, count in most)
    return f"{len(unknown)} of {total} rows have no value: {told}."


def _reasons_of(row: Row) -> list[str]:
    return (row.get("reason") or "no reason is told").split("; ")


def ask(question: Ask, figure: Figure, filters: Filters) -> Answer:
    """Put a figure's question."""
    sql = figure.sql(filters)
    columns, rows = question(sql)
    return Answer(figure, sql, columns, rows, filters)


def choices(question: Ask, name: str, filters: Filters | None = None) -> list[tuple[Any, ...]]:
    """What a filter offers: the rows of `sql/choices/<name>.sql`."""
    text = resources.files(__package__).joinpath("sql", "choices", f"{name}.sql").read_text("utf-8")
    return question(bound(text.strip(), filters or {}))[1]


def bound(select: str, filters: Filters) -> str:
    """A SELECT with values in place of `$name`; text is quoted. Raises `InputError` for a filter without a value."""

    def literal(match: re.Match[str]) -> str:
        value = filters.get(match[1])
        if value is None:
            raise InputError(f"The filter {match[1]} has no value; it is one of the question's.")
        return f"date '{value}'" if isinstance(value, date) else "'" + value.replace("'", "''") + "'"

    return _FILTER.sub(literal, select)


@cache
def figures() -> dict[str, Figure]:
    """All figures by name."""
    folder = resources.files(__package__).joinpath("sql")
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name)
    return {file.name.removesuffix(".sql"): _read(file.name, file.read_text("utf-8")) for file in files}


def _read(name: str, text: str) -> Figure:
    """A figure from its file. Raises `InputError` naming the line of the header that is wrong."""
    said: dict[str, str] = {}
    word, lines = "", text.splitlines()
    for number, line in enumerate(lines):
        if not line.startswith("--"):
            select = "\n".join(lines[number:]).strip()
            break
        key, colon, rest = line.removeprefix("-- ").partition(":")
        if colon and key in ("title", "value", "draw", "axes", "window", "read", "empty"):
            word, line = key, rest
        said[word] = f"{said.get(word, '')} {line.removeprefix('--').strip()}".strip()
    table, _, column = said["value"].rpartition(".")
    columns = {one.name: one for one in _TABLES[table].columns} if table in _TABLES else {}
    if column not in columns:
        raise InputError(f"{name}: value {said['value']!r} is no column of a contract. Correct the header.")
    kind, *fields = said["draw"].split()
    if kind not in KINDS:
        raise InputError(f"{name}: draw {kind!r} is not known. Give one of {', '.join(KINDS)}.")
    return Figure(
        name=name.removesuffix(".sql"),
        title=said["title"],
        table=_TABLES[table],
        column=columns[column],
        kind=kind,
        fields=tuple(one for one in fields if one not in _FORMS),
        axes=tuple(axis.strip() for axis in said.get("axes", "").split("|") if axis.strip()),
        form=next((one for one in fields if one in _FORMS), ""),
        days=said.get("window", ""),
        reading=said.get("read", ""),
        empty=said.get("empty", ""),
        select=select,
    )
