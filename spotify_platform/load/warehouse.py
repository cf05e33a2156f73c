"""The DuckDB file: opened here and nowhere else, under a lock that names its holder.

DuckDB lets one process in, readers included; `reader` answers questions without this file.
"""

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from spotify_platform.contracts.errors import LockedError

DEADLINE_SECONDS = 120.0


@contextmanager
def open_warehouse(path: Path, deadline: float = DEADLINE_SECONDS) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse file at `path`, for us alone; made when it is not there.

    Waits up to `deadline` seconds for another holder, then raises `LockedError` with the holder's name.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    holder = path.with_suffix(".holder")
    try:
        # The operating system frees the lock when its holder dies, however it dies.
        with FileLock(path.with_suffix(".lock"), timeout=deadline):
            holder.write_text(f"process {os.getpid()} ({shlex.join(sys.argv)[:200]}) since {datetime.now(UTC):%FT%TZ}")
            # Files that DuckDB 1.4 can read too: 2.0 would write a format that older readers cannot open.
            with duckdb.connect(path, config={"storage_compatibility_version": "v1.4.0"}) as connection:
                connection.execute("set TimeZone = 'UTC'")
                yield connection
    except Timeout:
        who = holder.read_text() if holder.exists() else "another process"
        raise LockedError(f"{path}: held by {who} for more than {deadline:g} s. Wait for it, or end it.") from None
