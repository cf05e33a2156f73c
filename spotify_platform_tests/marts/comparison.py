"""A lake run through the platform, and what sets its marts apart from the oracle's."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import duckdb
import pandas as pd

from spotify_platform.contracts.marts import MARTS_BY_NAME
from spotify_platform.contracts.table import Type
from spotify_platform.lake import Lake
from spotify_platform.load.duckdb import DuckDBWarehouse, load
from spotify_platform.load.reader import open_reader
from spotify_platform.load.warehouse import open_warehouse
from spotify_platform.marts.build import build_marts
from spotify_platform.publish import pending_dates, publish_dates

from .oracle import ORACLE

INPUTS = ("chart_entries", "tracks", "track_artists", "artists", "artist_genres", "albums", "album_artists")
_PYTHON: dict[Type, type | tuple[type, ...]] = {
    Type.STRING: str,
    Type.INTEGER: int,
    Type.BIGINT: int,
    Type.DOUBLE: (float, int),
    Type.BOOLEAN: bool,
    Type.DATE: date,
}


@dataclass(frozen=True)
class Built:
    """A lake that went the whole way: its captures are curated, published, loaded and in the marts."""

    lake: Lake

    def read(self, table: str) -> pd.DataFrame:
        """A table as readers see it: None for NULL, dates as dates."""
        return self._read([table])[table]

    @cached_property
    def curated(self) -> dict[str, pd.DataFrame]:
        """The tables that the marts are made from."""
        found = self._read(f"curated.{table}" for table in INPUTS)
        return {name.removeprefix("curated."): frame for name, frame in found.items()}

    @cached_property
    def _marts(self) -> dict[str, pd.DataFrame]:
        """The marts that the oracle knows."""
        found = self._read(f"marts.{mart}" for mart in ORACLE)
        return {name.removeprefix("marts."): frame for name, frame in found.items()}

    @cached_property
    def oracle(self) -> dict[str, pd.DataFrame]:
        """The marts by the oracle, those that were asked for so far."""
        return {}

    def expected(self, mart: str) -> pd.DataFrame:
        """A mart by the oracle."""
        if mart not in self.oracle:
            self.oracle[mart] = ORACLE[mart](self.curated)
        return self.oracle[mart]

    def differences(self, mart: str) -> list[str]:
        """What sets a mart apart from its definition."""
        return differences(mart, self._marts[mart], self.expected(mart))

    def _read(self, tables: Iterable[str]) -> dict[str, pd.DataFrame]:
        """Tables by name. They are opened together: to find the files of one takes as long as of all."""
        with open_reader(self.lake) as connection:
            return {table: _frame(connection.execute(f"select * from {table}")) for table in tables}


def _frame(cursor: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    columns, rows = [column[0] for column in cursor.description or []], cursor.fetchall()
    cells = zip(*rows, strict=True) if rows else [()] * len(columns)
    return pd.DataFrame(
        {name: pd.Series(list(values), dtype=object) for name, values in zip(columns, cells, strict=True)}
    )


def built(lake: Lake, folder: Path) -> Built:
    """Run the platform over everything captured in a lake."""
    outcome = publish_dates(lake, pending_dates(lake))
    assert not outcome.reasons
    with open_warehouse(folder / "warehouse.duckdb") as connection:
        load(connection, lake, outcome.readable.values())
        build_marts(DuckDBWarehouse(connection), lake)
    return Built(lake)


def differences(mart: str, found: pd.DataFrame, expected: pd.DataFrame) -> list[str]:
    """What sets the mart that was built apart from the oracle's, in words."""
    table = MARTS_BY_NAME[mart]
    assert list(found.columns) == list(expected.columns) == table.names
    keys = [list(zip(*(frame[name] for name in table.key), strict=True)) for frame in (found, expected)]
    told = [f"{key}: stands {count} times" for key, count in Counter(keys[0]).items() if count > 1]
    told += [f"{key}: only in the mart" for key in set(keys[0]) - set(keys[1])]
    told += [f"{key}: only in the oracle" for key in set(keys[1]) - set(keys[0])]
    if told:
        return sorted(told)
    row_of = {key: row for row, key in enumerate(keys[1])}
    expected = expected.iloc[[row_of[key] for key in keys[0]]].reset_index(drop=True)
    for column in table.columns:
        ours, theirs = found[column.name], expected[column.name]
        wrong = (ours != theirs) & ~(ours.isna() & theirs.isna())
        if column.type is Type.DOUBLE:
            # Both are rounded to 6 decimals; a sum in another order may turn the last one.
            wrong &= ~((ours.astype(float) - theirs.astype(float)).abs() < 1.5e-6)
        told += [f"{keys[0][row]}: {column.name} is {ours[row]!r}, not {theirs[row]!r}" for row in wrong.index[wrong]]
    return told


def breaches(mart: str, frame: pd.DataFrame) -> list[str]:
    """What does not hold of a mart by its contract, in words."""
    table = MARTS_BY_NAME[mart]
    assert list(frame.columns) == table.names
    told = [f"{mart}: a key stands twice"] if frame.duplicated([*table.key]).any() else []
    for column in table.columns:
        values = frame[column.name].dropna()
        if not column.null and len(values) < len(frame):
            told.append(f"{mart}.{column.name} is NULL")
        if column.between and not values.between(*column.between).all():
            told.append(f"{mart}.{column.name} is out of range")
        if column.values and not set(values) <= set(column.values):
            told.append(f"{mart}.{column.name} has a strange word")
        if not all(isinstance(value, _PYTHON[column.type]) for value in values):
            told.append(f"{mart}.{column.name} has another type")
    return told
