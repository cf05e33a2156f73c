"""What an engine must offer natively; everything else is Narwhals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import narwhals as nw

from spotify_platform.contracts.raw import Entity

Frame = nw.LazyFrame[Any]


@dataclass(frozen=True)
class Part:
    """A Parquet file that an engine wrote: rows of one table and one snapshot date."""

    table: str
    day: date
    path: str  # a local path or a URL, as the engine writes
    rows: int
    bytes: int


class Engine(Protocol):
    """A place where frames are computed."""

    def lines(self, files: Sequence[str]) -> Frame:
        """The lines of raw files, as text; empty ones and ones that are not UTF-8 are left out.

        Columns: `snapshot_date` (text) and `capture_id` from the file's path, `line` (verbatim) and `hash` (its MD5).
        """
        ...

    def parse(self, lines: Frame, entity: Entity) -> Frame:
        """Lines of an entity, each parsed once: `fault` and `record` beside the lines' columns.

        `fault` says why a line is not one of the entity's (not_json, wrong_shape, null_item), or is NULL. `record` is
        the line as nested structs with text leaves; its lists of texts are packed until `lists` opens them. Of a line
        with a fault only `captured_at` may be told.
        """
        ...

    def lists(self, frame: Frame, *columns: str) -> Frame:
        """The frame with these packed lists of texts opened: sorted, NULLs first."""
        ...

    def explode(self, frame: Frame, column: str) -> Frame:
        """One row per element of the list `column`, with its 0-based `position`; empty and NULL lists give none."""
        ...

    def materialise(self, *frames: Frame) -> list[Frame]:
        """The frames computed once and kept, each with a `row_id` that is unique in it."""
        ...

    def count(self, frame: Frame, *by: str) -> dict[tuple[Any, ...], int]:
        """Rows by the values of the columns `by`."""
        ...

    def write(self, frames: Mapping[str, Frame], folder: str) -> list[Part]:
        """Curated tables as Parquet below `folder`, with the contract's columns and types; no rows make no file.

        Lists of texts are still packed.
        """
        ...
