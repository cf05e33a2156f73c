"""Taking the text of a statement apart: words, names, texts and `KEY = value` options.

For the statements that neither sqlglot nor fakesnow understands. What they do belongs to `statements`, `stages` and
`pipes`. Texts follow https://docs.snowflake.com/en/sql-reference/data-types-text#string-constants, with `''` and
backslashes as escapes.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from spotify_platform_tests.snowflake_model.errors import SqlError

_TOKEN = re.compile(
    r"""
      (?P<skip>\s+|--[^\n]*|/\*.*?\*/)
    | (?P<text>'(?:[^'\\]|\\.|'')*')
    | (?P<stage>@[^\s,);']+)
    | (?P<name>(?:"(?:[^"]|"")*"|[\w$]+)(?:\.(?:"(?:[^"]|"")*"|[\w$]+))*)
    | (?P<sign>=>|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_PART = re.compile(r'"(?:[^"]|"")*"|[^."]+')
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}

Name = tuple[str, ...]


@dataclass(frozen=True)
class Token:
    """A piece of a statement, where it begins and where it ends."""

    kind: str
    text: str
    start: int
    end: int


@dataclass
class Words:
    """A statement read from left to right."""

    sql: str
    tokens: list[Token] = field(init=False)
    at: int = 0

    def __post_init__(self) -> None:
        """Cut the statement."""
        matches = _TOKEN.finditer(self.sql)
        found = [Token(str(match.lastgroup), match.group(), match.start(), match.end()) for match in matches]
        self.tokens = [token for token in found if token.kind != "skip"]
        while self.tokens and self.tokens[-1].text == ";":
            self.tokens.pop()

    @property
    def next(self) -> str:
        """The next piece in capitals; empty at the end."""
        return self.tokens[self.at].text.upper() if self.at < len(self.tokens) else ""

    @property
    def done(self) -> bool:
        """Whether everything is read."""
        return self.at >= len(self.tokens)

    @property
    def rest(self) -> str:
        """The text from here to the end."""
        return "" if self.done else self.sql[self.tokens[self.at].start : self.tokens[-1].end]

    def accept(self, phrase: str) -> bool:
        """Read these words if they are next."""
        words = phrase.upper().split()
        ahead = [token.text.upper() for token in self.tokens[self.at : self.at + len(words)]]
        if ahead == words:
            self.at += len(words)
            return True
        return False

    def begins(self, phrase: str) -> bool:
        """Whether these words are next."""
        at = self.at
        found = self.accept(phrase)
        self.at = at
        return found

    def expect(self, phrase: str) -> None:
        """Read these words, or fail as for any other text that is no statement."""
        if not self.accept(phrase):
            raise self.unexpected()

    def take(self, *kinds: str) -> Token:
        """Read one piece of these kinds."""
        if self.done or self.tokens[self.at].kind not in kinds:
            raise self.unexpected()
        self.at += 1
        return self.tokens[self.at - 1]

    def word(self) -> str:
        """Read one word, as capitals."""
        return self.take("name").text.upper()

    def name(self) -> Name:
        """Read a name of one to three parts."""
        return parts(self.take("name").text)

    def text(self) -> str:
        """Read a text in quotes."""
        return unquoted(self.take("text").text)

    def options(self) -> dict[str, Any]:
        """Read `KEY = value` as long as there are any: texts, words, truth values, and lists of these or of options."""
        found: dict[str, Any] = {}
        while not self.done and self.tokens[self.at].kind == "name" and self._ahead() == "=":
            key = self.word()
            self.expect("=")
            found[key] = self._value()
            self.accept(",")
        return found

    def _ahead(self) -> str:
        return self.tokens[self.at + 1].text if self.at + 1 < len(self.tokens) else ""

    def _value(self) -> Any:
        if self.accept("("):
            named = self._ahead() == "="
            inside: Any = self.options() if named else []
            while not self.accept(")"):
                if named:
                    raise self.unexpected()
                inside.append(self._value())
                self.accept(",")
            return inside
        token = self.take("text", "name")
        if token.kind == "text":
            return unquoted(token.text)
        return {"TRUE": True, "FALSE": False}.get(token.text.upper(), token.text)

    def unexpected(self) -> SqlError:
        """What Snowflake says to text that is no statement."""
        what = f"unexpected '{self.tokens[self.at].text}'" if not self.done else "unexpected '<EOF>'"
        position = self.tokens[self.at].start if not self.done else len(self.sql)
        return SqlError(1003, "42000", f"SQL compilation error:\nsyntax error line 1 at position {position} {what}.")


def parts(name: str) -> Name:
    """A dotted name as its parts; without quotes a part means capitals."""
    found = _PART.findall(name.strip())
    return tuple(part[1:-1].replace('""', '"') if part.startswith('"') else part.upper() for part in found)


def unquoted(text: str) -> str:
    """The value of a text in single quotes."""
    return re.sub(r"''|\\(.)", lambda m: _ESCAPES.get(m[1], m[1]) if m[1] else "'", text[1:-1], flags=re.DOTALL)


def quoted(text: str) -> str:
    """A value as a text of DuckDB's SQL."""
    return "'" + text.replace("'", "''") + "'"
