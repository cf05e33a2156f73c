"""Makes docs/questions.md: each question of docs/questions/ with its SQL, the demo's answer and a picture.

`python docs/questions.py FOLDER` writes questions.md and the pictures into FOLDER. The demo ends on a fixed day here,
so that the page changes with the platform only.
"""

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

QUESTIONS = Path(__file__).parent / "questions"
DAYS = 60
LAST = date(2026, 11, 19)  # a Thursday: the last charting week is whole
ROWS = 10  # of an answer that the page shows

HEAD = """# Questions

What product and label teams ask, with the SQL and what the demo answers. Any of it runs by
`spotify-platform query "…"`, in Snowflake, or in any tool that reads Parquet. What the figures mean is in
[metrics.md](metrics.md), what the columns mean in [data-dictionary.md](data-dictionary.md).

Made by `make docs` from `docs/questions/*.sql` and the demo's invented data of the 60 days up to {last}; change those
files, not this page.
"""


@dataclass(frozen=True)
class Question:
    """A question that somebody asks, and the SELECT that answers it."""

    name: str
    title: str
    asked_by: str
    reading: str
    picture: tuple[str, ...]  # bar, line or scatter, then columns; empty: none
    select: str


def questions() -> Iterator[Question]:
    """All questions, in the order of their files' names."""
    for path in sorted(QUESTIONS.glob("*.sql")):
        head, _, select = path.read_text("utf-8").partition("\n\n")
        said: dict[str, str] = {}
        word = ""
        for line in head.splitlines():
            key, colon, text = line.removeprefix("-- ").partition(":")
            if colon and key in ("title", "asked by", "reading", "picture"):
                word, line = key, text
            said[word] = f"{said.get(word, '')} {line.removeprefix('--').strip()}".strip()
        picture = tuple(said.get("picture", "").split())
        yield Question(path.stem, said["title"], said["asked by"], said["reading"], picture, select.strip())


def demo(home: Path) -> None:
    """The demo's sixty days, up to the fixed one."""
    os.environ["SPOTIFY_PLATFORM_HOME"] = str(home)
    from spotify_platform.console import bars
    from spotify_platform.demo import import_chart_files, prepare, run
    from spotify_platform.home import demo_home
    from spotify_platform.lake.origin import SandboxOrigin, claim

    opened = demo_home()
    claim(opened.lake(), "sandbox", SandboxOrigin(seed=7, artists=40, anchor=LAST))
    plan = prepare(opened, days=DAYS, artists=40, seed=7)
    assert (plan.first, plan.last) == (LAST - timedelta(days=DAYS - 1), LAST)
    import_chart_files(opened, plan)
    with bars(["capture", "publish"], DAYS) as progress:
        outcome = run(opened, plan, progress)
    if outcome.failures:
        raise SystemExit(f"The demo failed: {outcome.failures}")


def answer(select: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """What the demo's marts answer."""
    from spotify_platform.home import demo_home
    from spotify_platform.load.reader import query

    return query(demo_home().lake(), select)


def page(folder: Path) -> Iterator[str]:
    """The page, line by line; pictures are written on the way."""
    yield HEAD.format(last=LAST)
    for question in questions():
        columns, rows = answer(question.select)
        yield f"## {question.title}\n"
        yield f"Asked by {question.asked_by}. {question.reading}\n"
        yield f"```sql\n{question.select}\n```\n"
        yield from _table(columns, rows)
        if question.picture and rows:
            draw(question, columns, rows, folder / "pictures" / f"{question.name}.png")
            yield f"![{question.title}](pictures/{question.name}.png)\n"


def _table(columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> Iterator[str]:
    if not rows:
        yield "No rows.\n"
        return
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows[:ROWS]:
        yield f"| {' | '.join(_cell(value) for value in row)} |"
    yield f"\nThe first {ROWS} of {len(rows)} rows.\n" if len(rows) > ROWS else ""


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = f"{value:.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return text.replace("|", "\\|")


def draw(question: Question, columns: Sequence[str], rows: Sequence[tuple[Any, ...]], path: Path) -> None:
    """Write an answer as a picture."""
    import altair as alt

    kind, *fields = question.picture
    plain = [{name: _plain(value) for name, value in zip(columns, row, strict=True)} for row in rows]
    data = alt.Data(values=[row for row in plain if all(row[field] is not None for field in fields[:2])])
    names = [field.replace("_", " ") for field in fields]
    if kind == "bar":
        chart = alt.Chart(data).mark_bar(color="#1b7f5c")
        value, label = fields
        chart = chart.encode(x=alt.X(f"{value}:Q", title=names[0]), y=alt.Y(f"{label}:N", title=None, sort="-x"))
    elif kind == "line":
        across, value, label = fields
        type_of = "T" if across.endswith(("week", "date")) else "Q"
        chart = alt.Chart(data).mark_line(point=True)
        chart = chart.encode(
            x=alt.X(f"{across}:{type_of}", title=names[0]),
            y=alt.Y(f"{value}:Q", title=names[1]),
            color=alt.Color(f"{label}:N", title=None, scale=alt.Scale(scheme="tableau10")),
        )
    else:
        across, value, label = fields
        base = alt.Chart(data).encode(x=alt.X(f"{across}:Q", title=names[0]), y=alt.Y(f"{value}:Q", title=names[1]))
        chart = base.mark_circle(size=70, color="#1b7f5c") + base.mark_text(align="left", dx=7).encode(
            text=f"{label}:N"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    chart.properties(width=560, height=320, title=question.title).save(path, scale_factor=1.5)


def _plain(value: object) -> object:
    return str(value) if isinstance(value, date) else value


def main(folder: Path) -> None:
    """Write the page and its pictures."""
    with tempfile.TemporaryDirectory(prefix="questions-") as scratch:
        demo(Path(scratch))
        (folder / "questions.md").write_text("\n".join(page(folder)).rstrip() + "\n", "utf-8")


if __name__ == "__main__":
    from stale import made

    main(Path(sys.argv[1]))
    made(f"{question.name}.png" for question in questions() if question.picture)
