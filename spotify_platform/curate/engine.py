"""What an engine must offer natively; everything else is Narwhals."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import narwhals as nw

from spotify_platform.contracts.raw import Entity
from spotify_platform.contracts.table import Table

Frame = nw.LazyFrame[Any]


@dataclass(frozen=True)
class Part:
    """A Parquet file that an engine wrote: `…/snapshot_date=D/….parquet`, and its rows."""

    path: Path
    rows: int


class Engine(Protocol):
    """A place where frames are computed."""

    def read(self, entity: Entity, files: Iterable[Path]) -> Frame:
        """The lines of an entity's raw files, each parsed once.

        Columns: `snapshot_date` (text) and `capture_id` from the file's path, `line` (verbatim), `hash` (its MD5),
        `fault` (why it was not parsed, or NULL) and `record` (the line as nested structs with text leaves, or NULL).
        """
        ...

    def explode(self, frame: Frame, column: str) -> Frame:
        """One row per element of the list `column`, with its 0-based `position`; empty and NULL lists give none."""
        ...

    def materialise(self, frame: Frame) -> Frame:
        """The frame computed once and kept, so that what follows does not compute it again."""
        ...

    def write(self, table: Table, frame: Frame, folder: Path) -> list[Part]:
        """The frame as Parquet with the contract's columns and types; a date without rows has no file."""
        ...
