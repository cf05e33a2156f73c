"""Files that a person gives: opening them, plain or gzip, and refusing them with one line that says where and what.

What stands in the files is the business of `charts` and `playlists`.
"""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import IO, cast

from spotify_platform.contracts.errors import InputError

FIRST_DAY = date(2017, 1, 1)  # Spotify's daily charts begin with it
_GZIP_MAGIC = b"\x1f\x8b"


def refusal(where: str, what: str, remedy: str) -> InputError:
    """The error that refuses a file, on one line. `where`: file name, and line if known; `what`: no final full stop."""
    return InputError(" ".join(f"{where}: {what}. Nothing was imported. {remedy}".split()))


def shown(text: str) -> str:
    """A value from a file as a message may carry it: quoted, at most 60 characters of it."""
    return repr(text if len(text) <= 60 else text[:60] + "…")


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a file, unpacked where they are gzip, whatever its name says.

    Raises `InputError` when it is missing, no file, unreadable or, while being read in the block, broken gzip.
    """
    where = path.name or str(path)
    try:
        if path.is_dir():
            raise refusal(where, "is a folder", "Give the files in it.")
        if not path.exists():
            raise refusal(str(path), "is not there", "Correct the path.")
        if not path.is_file():  # a pipe cannot be read twice
            raise refusal(where, "is no ordinary file", "Save it to disk first.")
        with path.open("rb") as file:
            packed = file.read(2) == _GZIP_MAGIC
            file.seek(0)
            if packed:
                with gzip.open(file) as unpacked:
                    yield cast(IO[bytes], unpacked)
            else:
                yield file
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise refusal(where, f"is broken gzip ({error})", "Download it again.") from None
    except OSError as error:
        raise refusal(where, f"cannot be read ({error.strerror or error})", "Make it readable.") from None


def downloaded_at(path: Path, snapshot_date: date, now: datetime) -> datetime:
    """When a file came: its modification time, but not after `now` and not before the date that it describes (UTC)."""
    changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return max(datetime.combine(snapshot_date, time(), UTC), min(changed, now))


def stamp(path: Path) -> tuple[int, int]:
    """What changes when a file is written again: its size in bytes and its modification time in nanoseconds."""
    facts = path.stat()
    return facts.st_size, facts.st_mtime_ns


def fault_of_date(snapshot_date: date, today: date) -> str | None:
    """Why a date cannot be that of a snapshot, or None."""
    if snapshot_date > today:
        return f"the date {snapshot_date} is in the future"
    if snapshot_date < FIRST_DAY:
        return f"the date {snapshot_date} is before {FIRST_DAY}, when Spotify's charts begin"
    return None
