"""What a person sees in the terminal: progress, tables and the demo's summary. Nothing is decided here."""

import csv
import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import rich.measure
import rich.progress
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from spotify_platform.home import Home
from spotify_platform.resources.platform import Progress

Format = Literal["table", "csv", "json"]

out = Console()
err = Console(stderr=True)

_STAGES = {"capture": "Capture", "publish": "Curate, audit, publish"}


def show_home(home: Home) -> None:
    """Say which home a command speaks to; on stderr, so that a query's output stays clean."""
    what = "the sandbox's data" if home.name == "demo" else "real data"
    err.print(f"[dim]Home: {home.path} ({home.name}: {what})[/dim]", highlight=False, soft_wrap=True)


def program() -> str:
    """How the command line was called, so that what we tell a person to type next works as it stands."""
    called = Path(sys.argv[0])
    on_path = shutil.which(called.name)
    if not called.exists() or (on_path and Path(on_path).samefile(called)):
        return "spotify-platform"
    return str(called)


EXAMPLE_QUERY = "select snapshot_date, market, top_track, turnover from marts.market_performance limit 5"


class BarProgress(Progress):
    """Progress bars, one a stage, over the dates of a run."""

    def __init__(self, bars: rich.progress.Progress, tasks: dict[str, rich.progress.TaskID]) -> None:
        """`tasks` are the bars by stage."""
        self._bars, self._tasks = bars, tasks

    def done(self, stage: str, day: date, state: str) -> None:
        """See `Progress.done`."""
        if stage in self._tasks:
            self._bars.update(self._tasks[stage], advance=1, what=f"{day} {state}")


@contextmanager
def bars(stages: Sequence[str], total: int) -> Iterator[BarProgress]:
    """Bars for stages of `total` dates each."""
    columns = (
        rich.progress.TextColumn("{task.description:<24}"),
        rich.progress.BarColumn(),
        rich.progress.MofNCompleteColumn(),
        rich.progress.TimeElapsedColumn(),
        rich.progress.TextColumn("[dim]{task.fields[what]}"),
    )
    with rich.progress.Progress(*columns, console=err) as shown:
        yield BarProgress(shown, {stage: shown.add_task(_STAGES[stage], total=total, what="") for stage in stages})


def print_rows(columns: list[str], rows: list[tuple[object, ...]], form: Format) -> None:
    """Rows as a table for people, or as CSV or JSON for programs."""
    if form == "json":
        json.dump([dict(zip(columns, map(_plain, row), strict=True)) for row in rows], sys.stdout, ensure_ascii=False)
        sys.stdout.write("\n")
    elif form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_plain(value) for value in row] for row in rows)
    else:
        _print_table(columns, [["NULL" if value is None else _cell(value) for value in row] for row in rows])


def _print_table(columns: list[str], cells: list[list[str]]) -> None:
    """A table as wide as it is; where a terminal is narrower, one line a value."""
    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in cells:
        table.add_row(*row)
    width = rich.measure.Measurement.get(wide := Console(width=100_000), wide.options, table).maximum
    if not out.is_terminal or width <= out.width:
        Console(width=width).print(table)
        return
    name_width = max(map(len, columns))
    for row in cells:
        for name, value in zip(columns, row, strict=True):
            out.print(f"[bold]{name:<{name_width}}[/bold]  {value}", highlight=False, soft_wrap=True)
        out.print()


def _plain(value: object) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else escape(str(value))
