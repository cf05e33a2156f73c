"""What a test can break: privileges, objects, statements, the connection, the pace of the pipes.

The switches only; `server` and `session` ask here before they act.
"""

import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from spotify_platform_tests.snowflake_model.errors import SqlError, denied, unknown
from spotify_platform_tests.snowflake_model.words import Name, parts

Mention = tuple[str, str, Name]  # a verb, the kind of the object, its full name


@dataclass
class Break:
    """A thing that happens once, at the nth statement that matches."""

    matching: re.Pattern[str]
    nth: int
    executed: bool = False
    lost: str = ""
    error: SqlError | None = None


@dataclass
class Faults:
    """All switches of a server."""

    denied: set[tuple[str, Name]] = field(default_factory=set)
    hidden: set[Name] = field(default_factory=set)
    breaks: list[Break] = field(default_factory=list)
    down: bool = False
    hold_pipes: bool = False
    statements: list[tuple[str, str]] = field(default_factory=list)  # each with the session's QUERY_TAG
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def deny(self, verb: str, name: str) -> None:
        """Take this privilege away."""
        self.denied.add((verb.upper(), parts(name)))

    def hide(self, name: str) -> None:
        """Let nobody see this object, nor what is in it."""
        self.hidden.add(parts(name))

    def restore(self) -> None:
        """Whole again."""
        self.denied.clear()
        self.hidden.clear()
        self.breaks.clear()
        self.down = self.hold_pipes = False

    def check(self, mentions: Iterable[Mention]) -> None:
        """Fail for what is hidden or denied among the objects that a statement mentions."""
        for verb, kind, name in mentions:
            if any(name[: len(hidden)] == hidden for hidden in self.hidden):
                raise unknown("Object" if kind in ("Table", "View") else kind, ".".join(name))
            if (verb.upper(), name) in self.denied:
                raise denied(kind, name[-1])

    def strike(self, sql: str, tag: str) -> Break | None:
        """Note a statement; the break that is due at it."""
        with self._lock:
            self.statements.append((sql, tag))
            for due in self.breaks:
                if due.matching.search(sql):
                    due.nth -= 1
                    if due.nth == 0:
                        self.breaks.remove(due)
                        return due
        return None
