"""The documented commands: which pages have some, and what stands in a block."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "deploy/**/*.md", "glue/*.md", "examples/**/*.md")
    for path in ROOT.glob(pattern)
    if "reference" not in path.parts and path.name != "questions.md"
)
_COMMAND = re.compile(r"\bmake |spotify-platform ")
_FENCE = re.compile(r"^```(\w*)\s*$")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page. `shows`: the block right after it that says what the commands print."""

    page: str
    text: str
    shows: str = ""


def blocks(page: str) -> list[Block]:
    """The blocks of shell commands of a page, in order."""
    found: list[tuple[str, str]] = []
    kind: str | None = None
    lines: list[str] = []
    for line in (ROOT / page).read_text("utf-8").splitlines():
        fence = _FENCE.match(line)
        if fence and kind is None:
            kind, lines = fence[1], []
        elif fence:
            found.append((str(kind), "\n".join(lines)))
            kind = None
        elif kind is not None:
            lines.append(line)
    following = [*found[1:], ("", "")]
    return [
        Block(page, text, shown if next_kind == "text" else "")
        for (kind, text), (next_kind, shown) in zip(found, following, strict=False)
        if kind == "sh"
    ]


def commands(text: str) -> Iterator[list[str]]:
    """The words of each `make …` and `spotify-platform …` of a block; what a heredoc holds is no command."""
    text = re.sub(r"<<'(\w+)'.*?^\1$", "", text, flags=re.MULTILINE | re.DOTALL)
    for line in filter(_COMMAND.search, _logical(text)):
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words: list[str] = []
        for word in [*lexer, ";"]:
            if word.strip("();<>|&"):
                words.append(word)
                continue
            while words and re.fullmatch(r"\w+=.*", words[0]):
                words.pop(0)
            if words and (words[0] == "make" or words[0].endswith("spotify-platform")):
                yield words
            words = []


def _logical(text: str) -> Iterator[str]:
    """Lines, those within quotes together."""
    line = ""
    for one in text.replace("\\\n", " ").split("\n"):
        line = f"{line} {one}".strip() if line else one
        if line.count('"') % 2 == 0:
            yield line
            line = ""
