"""A second opinion on what is published: Great Expectations reads a date's tables and judges them by the contracts.

This room only puts `lake`, `load` and `quality` together; how an asset or a command tells the outcome is theirs.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from spotify_platform.contracts.curated import CURATED
from spotify_platform.contracts.errors import InputError, LakeError
from spotify_platform.lake import keys
from spotify_platform.lake.publishing import head
from spotify_platform.lake.store import Lake
from spotify_platform.load.parquet import scan
from spotify_platform.quality.data_docs import INDEX
from spotify_platform.quality.expectations import Verdict, checked_columns, judge

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Report:
    """What Great Expectations says of a published date: one verdict a check, and the first page of its Data Docs."""

    day: date
    batch_id: str
    verdicts: tuple[Verdict, ...]
    docs: Path | None

    @property
    def failed(self) -> list[Verdict]:
        """The verdicts that do not hold; their `finding` is a line for a person."""
        return [verdict for verdict in self.verdicts if not verdict.holds]


def newest_published(lake: Lake) -> date | None:
    """The newest date that readers see, or None where nothing was published."""
    found = lake.folders(keys.PUBLISHED)
    return keys.date_in(found[-1]) if found else None


def report(lake: Lake, day: date, docs: Path | None = None) -> Report:
    """Judge the published batch of a date; with `docs`, a folder, Data Docs are written to `docs/<date>`.

    Raises `InputError` for a date that is not published, and where Great Expectations is not installed, and
    `LakeError` for a batch that cannot be read.
    """
    record = head(lake, day)
    if record is None:
        newest = newest_published(lake)
        hint = f"The newest published date is {newest}." if newest else "Nothing is."
        raise InputError(f"{day} is not published, so there is nothing to judge. {hint}")
    with lake.local([file.path for file in record.files]) as local:
        files: dict[str, list[Path]] = defaultdict(list)
        for file in record.files:
            if not local[file.path].exists():
                raise LakeError(f"{lake.url}/{file.path}: not there, though the publish record of {day} names it.")
            files[file.table].append(local[file.path])
        try:
            frames = frames_of(files)
        except duckdb.Error as error:
            said = str(error).splitlines()[0]
            raise LakeError(f"{lake.url}: the batch of {day} cannot be read: {said}") from error
    folder = docs / day.isoformat() if docs else None
    verdicts = judge(frames, f"{day} {record.batch_id}", folder)
    return Report(day, record.batch_id, tuple(verdicts), folder / INDEX if folder else None)


def frames_of(files: Mapping[str, Sequence[Path]]) -> dict[str, "pd.DataFrame"]:
    """The checked columns of every curated table, from its Parquet files, as Python objects.

    Objects, because pandas would make a column of integers one of floats for a single NULL.
    """
    import pandas as pd

    frames = {}
    with duckdb.connect() as connection:
        for table in CURATED:
            names = checked_columns(table)
            wanted = ", ".join(f'"{name}"' for name in names)
            rows = connection.execute(f"select {wanted} from ({scan(table, files.get(table.name, ()))})").fetchall()
            frames[table.name] = pd.DataFrame(rows, columns=names, dtype=object)
    return frames
