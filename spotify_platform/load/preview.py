"""Previews: the few rows of each mart that a person would look at first, read from the published files.

Which ones they are follows from the contract: of the newest day that is over, in one market, the first by the mart's
headlines; a row that has an id gets the name from its dimension. How they are shown is not said here.
"""

import glob
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from spotify_platform.contracts.marts.headlines import HEADLINES
from spotify_platform.contracts.table import Table
from spotify_platform.lake.publishing import PublishedFile
from spotify_platform.lake.store import Lake
from spotify_platform.marts.sql import marts

ROWS = 8
_MONTHS = 2  # of a mart's files: on the first of a month the newest day that is over lies in the one before
_THINGS = ("track", "album", "artist")  # each has ids, names and a dimension


@dataclass(frozen=True)
class Preview:
    """The first rows of a mart, with the names that were looked up."""

    table: Table
    rows: Sequence[Mapping[str, Any]] = ()  # none: no day of the mart is over yet
    total: int = 0  # rows of that day and market
    day: date | None = None  # None: the mart's rows have no day, or are days themselves
    market: str | None = None

    @cached_property
    def label(self) -> str:
        """The column by which a person knows a row: the name of the key's last thing, or that part of the key."""
        telling = self._telling()
        for key in reversed(self.table.key):
            named = key.removesuffix("_id").removesuffix("_key") + "_name"
            if found := [name for name in (named, key) if name in telling]:
                return found[0]
        return telling[0]

    @property
    def columns(self) -> list[str]:
        """Columns that tell a person something, the most telling first: label, headlines, then as in the contract."""
        columns = dict.fromkeys([self.label, *HEADLINES.get(self.table.name, ()), *self._telling()])
        return [name for name in columns if name == self.label or any(row[name] is not None for row in self.rows)]

    @property
    def headline(self) -> str | None:
        """The headline that most of the rows have; a rank is no figure to draw. None: there is none."""
        names = [name for name in HEADLINES.get(self.table.name, ()) if not _is_rank(name)]
        filled = {name: sum(row[name] is not None for row in self.rows) for name in names}
        return max(filled, key=lambda name: filled[name]) if any(filled.values()) else None

    def named(self, row: Mapping[str, Any]) -> Any:
        """What a row is known by: its label, or its key where no name is known."""
        keys = [name for name in reversed(self.table.key) if name not in (self.table.day, "market")]
        return next((row[name] for name in (self.label, *keys) if row[name] is not None), None)

    def _telling(self) -> list[str]:
        """All columns but those that are the same in all rows, and ids, which tell a person nothing."""
        same = {"history_from", self.table.day if self.day else "", "market" if self.market else ""}
        names = [*_looked_up(self.table), *self.table.names]
        return [name for name in names if name not in same and not name.endswith(("_id", "_key"))]


def previews(lake: Lake, files: Sequence[PublishedFile], today: date) -> Iterator[Preview]:
    """A preview of each mart of a build, whose files these are, as of `today`; each after the marts that it reads."""
    tables = [mart.table for mart in marts()]
    newest = {table.name: [file.path for file in files if file.table == table.name][-_MONTHS:] for table in tables}
    with lake.local([path for paths in newest.values() for path in paths]) as local, duckdb.connect() as connection:
        connection.execute("set threads = 1")  # more cost more, for so few rows
        known = {name: _scan(local[path] for path in paths) for name, paths in newest.items() if paths}
        for table in tables:
            yield _preview(connection, table, known, today) if table.name in known else Preview(table)


def _preview(connection: duckdb.DuckDBPyConnection, table: Table, known: Mapping[str, str], today: date) -> Preview:
    """The preview of a mart; `known` says in SQL where the rows of each mart are."""
    source, days_are_rows = known[table.name], table.key == (table.day,)
    day, market, where = None, None, ["true"]
    if table.day:
        over = today - timedelta(days=7 if table.day == "chart_week" else 1)
        where = [f"{table.day} <= '{over}'"]
    if table.day and not days_are_rows:
        day = connection.execute(f"select max({table.day}) from {source} where {where[0]}").fetchall()[0][0]
        if day is None:
            return Preview(table)
        where = [f"{table.day} = '{day}'"]
    if {"market"} < set(table.key) - {table.day}:  # one market that fills the preview; GLOBAL before others
        order = f"least(count(*), {ROWS}) desc, market <> 'GLOBAL', market"
        select = f"select market from {source} where {where[0]} group by market order by {order} limit 1"
        market = connection.execute(select).fetchall()[0][0]
        where.append("market = $market")
    names = _looked_up(table)
    columns = ", ".join(["t.*", *(f"{thing}.{name}" for name, thing in names.items()), "count(*) over ()"])
    joins = [f"left join {known[f'dim_{thing}']} as {thing} using ({thing}_id)" for thing in names.values()]
    first = [f"t.{name} {'' if _is_rank(name) else 'desc'} nulls last" for name in HEADLINES.get(table.name, ())]
    first = [f"t.{table.day} desc"] if days_are_rows else first
    found = connection.execute(
        f"select {columns} from (from {source} where {' and '.join(where)}) as t {' '.join(joins)} "
        f"order by {', '.join([*first, *(f't.{name}' for name in table.key)])} limit {ROWS}",
        {"market": market} if market else None,
    ).fetchall()
    fields = [*table.names, *names, ""]
    rows = [dict(zip(fields, row, strict=True)) for row in found]
    return Preview(table, rows, found[0][-1] if found else 0, day, market)


def _scan(files: Iterable[Path]) -> str:
    """SQL for the rows in `files`, which one build has made: all have the contract's columns, in order."""
    names = ", ".join("'" + glob.escape(str(file)).replace("'", "''") + "'" for file in files)
    return f"read_parquet([{names}], hive_partitioning = false)"


def _looked_up(table: Table) -> dict[str, str]:
    """Names that a mart has not, of things whose ids it has: name of the column → thing."""
    missing = [thing for thing in _THINGS if f"{thing}_id" in table.names and f"{thing}_name" not in table.names]
    return {f"{thing}_name": thing for thing in missing}


def _is_rank(name: str) -> bool:
    return name.endswith("rank")
