"""The warehouse as runs know it, its lock, which names its holder, and the DuckDB file, opened here and nowhere else.

DuckDB lets one process in, readers included; `reader` answers questions without this file. What the two warehouses do
is in `duckdb` and `snowflake`.
"""

import os
import shlex
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Protocol

import duckdb
from filelock import FileLock, Timeout

from spotify_platform.contracts.errors import LockedError
from spotify_platform.lake.publishing import PublishRecord
from spotify_platform.lake.store import Lake
from spotify_platform.marts.build import Builder

DEADLINE_SECONDS = 120.0


class Warehouse(Builder, Protocol):
    """What runs need of a warehouse, whichever it is."""

    def load(self, lake: Lake, records: Iterable[PublishRecord]) -> list[date]:
        """Load the batches that `records` name; returns the dates that changed, and leaves the others as they are.

        Raises `PlatformError` when rows do not add up to the records; readers see the old batch then.
        """

    def remove(self, dates: Iterable[date]) -> None:
        """Remove all rows of dates, in one transaction."""

    def sweep(self, lake: Lake, before: datetime) -> None:
        """Remove rows of batches made before a moment that no reader sees or will see."""

    def clear(self) -> None:
        """Remove everything."""


def holds(loaded: tuple[int, str] | None, record: PublishRecord) -> bool:
    """Whether a date, of which a batch is loaded (its number and id; None: none is), has this one or a later one."""
    if not loaded:
        return False
    seq, batch = loaded
    # Batch ids begin with their time. A purged date begins anew with the first number: a higher one alone says nothing.
    return batch == record.batch_id or (seq >= record.seq and batch > record.batch_id)


@contextmanager
def open_warehouse(path: Path, deadline: float = DEADLINE_SECONDS) -> Iterator[duckdb.DuckDBPyConnection]:
    """The DuckDB file at `path`, for us alone; made when it is not there. Raises `LockedError` as `held` does."""
    # Files that DuckDB 1.4 can read too: 2.0 would write a format that older readers cannot open.
    config: dict[str, str | bool | int | float | list[str]] = {"storage_compatibility_version": "v1.4.0"}
    with held(path, deadline), duckdb.connect(path, config=config) as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield connection


@contextmanager
def held(path: Path, deadline: float = DEADLINE_SECONDS) -> Iterator[None]:
    """A warehouse for us alone, as far as this machine goes, by a lock beside `path`.

    Waits up to `deadline` seconds for another holder, then raises `LockedError` with the holder's name.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    holder = path.with_suffix(".holder")
    try:
        # The operating system frees the lock when its holder dies, however it dies.
        with FileLock(path.with_suffix(".lock"), timeout=deadline):
            holder.write_text(f"process {os.getpid()} ({shlex.join(sys.argv)[:200]}) since {datetime.now(UTC):%FT%TZ}")
            yield
    except Timeout:
        who = holder.read_text() if holder.exists() else "another process"
        raise LockedError(f"{path}: held by {who} for more than {deadline:g} s. Wait for it, or end it.") from None
