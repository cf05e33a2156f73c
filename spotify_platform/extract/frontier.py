"""The frontier: what is found and not asked for yet, what is asked, and what is known already.

It lies on disk, in a SQLite file of this process, since 20,000 artists lead to half a million ids; a capture's memory
does not grow with them. What follows from an answer is `capture`'s business.
"""

import sqlite3
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

# In the order in which they are asked for: everything that leads to a kind comes before it.
KINDS = ("name", "search", "playlist", "artist", "discography", "album", "album_tracks", "track")

Fact = tuple[str, str, str, str]  # kind, id, and what the answer leads to: another kind and id, or two empty texts

_SCHEMA = """
    create table work (
        kind text not null, id text not null, start integer not null default 0, state text not null default 'found',
        unique (kind, id)
    );
    create index by_state on work (kind, state);
    create table known (kind text not null, id text not null, next_kind text not null, next_id text not null);
"""


class Frontier:
    """Units of work, each a kind with an id, in the order in which they were found. For one thread."""

    def __init__(self) -> None:
        """Empty, in a folder that is removed at the end of the context."""
        self._folder = tempfile.TemporaryDirectory(prefix="frontier-")
        self._db = sqlite3.connect(Path(self._folder.name, "frontier.db"), isolation_level=None)
        # Nothing of it outlives the process: no journal, no waiting for the disk.
        self._db.executescript("pragma journal_mode = off; pragma synchronous = off;" + _SCHEMA)

    def __enter__(self) -> Self:
        """The frontier itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Remove the file."""
        self._db.close()
        self._folder.cleanup()

    def add(self, kind: str, ids: Iterable[str], start: int = 0) -> None:
        """Find units; what was found before stays as it is. `start`: where a list is to begin."""
        rows = ((kind, identifier, start) for identifier in ids)
        self._db.executemany("insert or ignore into work (kind, id, start) values (?, ?, ?)", rows)

    def done(self, kind: str, identifier: str) -> None:
        """A unit is answered, found before or not."""
        self._set(kind, identifier, 0, "done")

    def again(self, kind: str, identifier: str, start: int) -> None:
        """A unit is to be asked for, from `start` on: the next page of a list, or what was interrupted."""
        self._set(kind, identifier, start, "found")

    def take(self, kind: str, most: int) -> list[tuple[str, int]]:
        """Up to `most` units to ask for now, as (id, start), oldest first."""
        rows = self._db.execute(
            "update work set state = 'asked' where rowid in (select rowid from work where kind = ? and state = 'found' "
            "order by rowid limit ?) returning rowid, id, start",
            (kind, most),
        ).fetchall()
        return [(identifier, start) for _, identifier, start in sorted(rows)]

    def know(self, facts: Iterable[Fact]) -> None:
        """Remember what earlier answers say; it counts for units that `reuse` is called for."""
        self._db.executemany("insert into known values (?, ?, ?, ?)", facts)

    def index(self) -> None:
        """After the last `know`: make looking it up fast."""
        self._db.execute("create index if not exists by_unit on known (kind, id)")

    def known(self, kind: str, next_kind: str) -> set[tuple[str, str]]:
        """What earlier answers of a kind lead to: pairs of its id and the other's."""
        query = "select id, next_id from known where kind = ? and next_kind = ?"
        return set(self._db.execute(query, (kind, next_kind)))

    def reuse(self, kind: str) -> int:
        """Take units as answered where an earlier answer is known, and find what it leads to. Returns how many."""
        reused = self._db.execute(
            "update work set state = 'reused' where kind = ? and state = 'found' and start = 0 "
            "and exists (select 1 from known where known.kind = work.kind and known.id = work.id)",
            (kind,),
        ).rowcount
        self._db.execute(
            "insert or ignore into work (kind, id) select next_kind, next_id from work join known using (kind, id) "
            "where work.kind = ? and state = 'reused' and next_kind <> '' order by work.rowid, known.rowid",
            (kind,),
        )
        return reused

    def lead(self, kind: str, next_kind: str) -> None:
        """Find a unit of `next_kind` for every unit of a kind, as its answer will."""
        self._db.execute(
            "insert or ignore into work (kind, id) select ?, id from work where kind = ? order by rowid",
            (next_kind, kind),
        )

    def average(self, kind: str, next_kind: str, unless_known: float) -> float:
        """How many of `next_kind` one of `kind` leads to, by earlier answers; `unless_known` where there are none."""
        query = "select count(distinct id), count(case when next_kind = ? then 1 end) from known where kind = ?"
        units, led_to = self._db.execute(query, (next_kind, kind)).fetchone()
        return led_to / units if units else unless_known

    def count(self, kind: str, *states: str) -> int:
        """How many units of a kind are in one of the states found, asked, done and reused."""
        marks = ", ".join("?" * len(states))
        query = f"select count(*) from work where kind = ? and state in ({marks})"
        (count,) = self._db.execute(query, (kind, *states)).fetchone()
        return int(count)

    def remaining(self) -> dict[str, int]:
        """How many units of each kind are found and not answered."""
        query = "select kind, count(*) from work where state in ('found', 'asked') group by kind"
        return dict(self._db.execute(query).fetchall())

    def _set(self, kind: str, identifier: str, start: int, state: str) -> None:
        self._db.execute(
            "insert into work (kind, id, start, state) values (?, ?, ?, ?) "
            "on conflict (kind, id) do update set start = excluded.start, state = excluded.state",
            (kind, identifier, start, state),
        )
