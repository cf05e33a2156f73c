"""What a person sees in the terminal: progress, tables and the demo's summary. Nothing is decided here."""

import csv
import json
import shutil
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import rich.measure
import rich.progress
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from spotify_platform.home import Home
from spotify_platform.resources.platform import Progress

if TYPE_CHECKING:
    from spotify_platform.audits import AuditOfDate
    from spotify_platform.backfill import Backfill
    from spotify_platform.cost.forecast import Expected
    from spotify_platform.cost.ledger import Entry
    from spotify_platform.cost.outlook import Outlook
    from spotify_platform.extract.plan import Plan
    from spotify_platform.lake.captures import Manifest
    from spotify_platform.lake.ledger import Covered, State
    from spotify_platform.purge import Purge

Format = Literal["table", "csv", "json"]

out = Console()
err = Console(stderr=True)

_MOST_REASONS = 20  # lines below a calendar
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


@contextmanager
def capturing(day: date) -> Iterator[tuple[Callable[[Mapping[str, int], Mapping[str, int]], None], datetime]]:
    """A line that tells how far a capture is, and when it began; yields the function that is told."""
    with err.status(f"Capturing {day} …") as status:

        def tell(answered: Mapping[str, int], remaining: Mapping[str, int]) -> None:
            done = ", ".join(f"{count:,} × {kind.replace('_', ' ')}" for kind, count in answered.items())
            left = ", ".join(f"{count:,} × {kind.replace('_', ' ')}" for kind, count in remaining.items())
            status.update(f"Capturing {day}: {done or 'nothing'}; found and not asked for yet: {left or 'nothing'}")

        yield tell, datetime.now(UTC)


def print_capture(manifest: "Manifest", source: str, *, new: bool) -> None:
    """What a capture holds and what it lacks."""
    counts = ", ".join(f"{count:,} {entity}" for entity, count in sorted(manifest.items.items()))
    requests = f"{sum(manifest.requests.values()):,} requests"
    what = "Captured" if new else "Captured already:"
    partial = " in part" if manifest.partial else ""
    out.print(
        f"{what} {manifest.snapshot_date}{partial} from {source}: {counts or 'nothing'}, {requests}.",
        highlight=False,
        soft_wrap=True,
    )
    if manifest.missing:
        out.print(f"Not served in {manifest.mode} mode: {'; '.join(manifest.missing)}.", highlight=False)
    for gap in manifest.gaps:
        examples = f" ({', '.join(gap.examples[:3])}{', …' if gap.count > 3 else ''})" if gap.examples else ""
        kind = gap.kind.replace("_", " ")
        out.print(f"Missing: {gap.count:,} × {kind}, {gap.reason}{escape(examples)}.", highlight=False, soft_wrap=True)


def print_plan(plan: "Plan") -> None:
    """A plan: the requests of each endpoint family, how long they take, and whether the budget does."""
    if plan.done:
        out.print("Today is captured already; a capture would ask nothing.")
        return
    out.print(
        f"Mode: {plan.mode.name}"
        + ("" if plan.mode_is_known else " (assumed; one request will find out, or set SPOTIFY_PLATFORM_MODE)"),
        highlight=False,
    )
    table = Table(
        "endpoint family",
        "certain",
        "estimated",
        "spent in 24 h",
        "left",
        box=None,
        header_style="bold",
        pad_edge=False,
    )
    for one in plan.families:
        if not one.certain + one.estimated + one.spent:
            continue
        left = f"closed until {one.closed_until:%H:%M} UTC" if one.closed_until else _number(one.left, "no limit")
        table.add_row(one.family, _number(one.certain), _number(one.estimated), _number(one.spent), left)
    out.print(table)
    out.print(f"{plan.requests:,} requests, about {plan.duration}.", highlight=False)
    if plan.reused:
        out.print(f"{plan.reused:,} answers of earlier captures stand and are not asked for again.", highlight=False)
    if plan.short:
        out.print(
            f"[yellow]The budget will not do for {', '.join(plan.short)}:[/yellow] the capture keeps what it got, and "
            "goes on when it is called again.",
            highlight=False,
            soft_wrap=True,
        )


def _number(value: int | None, unless: str = "") -> str:
    return unless if value is None else f"{value:,}"


def print_rows(columns: list[str], rows: Sequence[tuple[object, ...]], form: Format) -> None:
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
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date | datetime) else value


def print_audit(audit: "AuditOfDate") -> None:
    """What the audit of a date found: a line for each table, then everything that does not hold."""
    table = Table("table", "checks", "errors", "warnings", title=f"Audit of {audit.day}", title_justify="left")
    for name in dict.fromkeys(result.table for result in audit.results):
        mine = [result for result in audit.results if result.table == name]
        broken = [result.severity for result in mine if result.broken]
        table.add_row(name, str(len(mine)), str(broken.count("error") or "–"), str(broken.count("warning") or "–"))
    if audit.results:
        out.print(table)
    for result in audit.results:
        if result.broken:
            example = f", for instance {result.example}" if result.example else ""
            said = f"{result.severity}: {result.table}: {result.check} ({result.broken:,} rows{example})"
            out.print(said, markup=False, highlight=False, soft_wrap=True)
    for reason in [] if any(result.broken for result in audit.results) else audit.reasons:
        out.print(f"error: {reason}", markup=False, highlight=False, soft_wrap=True)
    seen = f"readers see batch {audit.batch_id}" if audit.batch_id else "readers see nothing of the date"
    out.print(f"{'Published' if audit.published else 'Withheld'}; {seen}.", highlight=False, soft_wrap=True)


_STATE_STYLES: dict["State", str] = {
    "complete": "green",
    "partial": "yellow",
    "unpublished": "cyan",
    "withheld": "red",
    "purged": "magenta",
    "missing": "bright_black",
}
# A letter each, for those who see no colours.
_STATE_MARKS: dict["State", str] = {
    "complete": "■",
    "partial": "◪",
    "unpublished": "u",
    "withheld": "w",
    "purged": "p",
    "missing": "·",
}


def print_coverage(entries: Sequence["Covered"]) -> None:
    """A calendar of dates, a column a week, and below it why dates are not complete."""
    from spotify_platform.lake.ledger import by_day, state_of

    days = by_day(entries)
    if not days:
        out.print("Nothing was captured here yet.")
        return
    states = {day: state_of(found) for day, found in days.items()}
    first, last = min(days), max(days)
    mondays = [first - timedelta(days=first.weekday())]
    while mondays[-1] + timedelta(days=7) <= last:
        mondays.append(mondays[-1] + timedelta(days=7))
    # Two letters a week and four for the name of the day: as many weeks in a block as the terminal is wide.
    weeks = max(4, (out.width - 5) // 2)
    for start in range(0, len(mondays), weeks):
        _print_weeks(mondays[start : start + weeks], states)
    counts = Counter(states.values())
    legend = "  ".join(
        f"[{_STATE_STYLES[state]}]{_STATE_MARKS[state]}[/] {state} {counts[state]:,}"
        for state in _STATE_STYLES
        if counts[state]
    )
    out.print(f"{len(days):,} days, {first} to {last}:  {legend}", highlight=False, soft_wrap=True)
    _print_reasons({day: [e for e in found if e.state == states[day]] for day, found in days.items()}, states)


def _print_weeks(mondays: Sequence[date], states: Mapping[date, "State"]) -> None:
    months = ""
    for number, monday in enumerate(mondays):
        if monday.day <= 7 or (number == 0 and monday.day <= 21):  # else the next month's name would touch it
            months = f"{months:<{2 * number}}{monday:%b}"
    out.print(f"     {months}", highlight=False)
    for weekday, name in enumerate(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")):
        cells = []
        for monday in mondays:
            state = states.get(monday + timedelta(days=weekday))
            cells.append(f"[{_STATE_STYLES[state]}]{_STATE_MARKS[state]}[/] " if state else "  ")
        out.print(f"{name}  {''.join(cells)}", highlight=False)


def _print_reasons(days: Mapping[date, Sequence["Covered"]], states: Mapping[date, "State"]) -> None:
    """Why dates are not complete: consecutive dates of one reason in one line, the newest first."""
    lines: list[tuple[date, date, str]] = []
    for day, found in sorted(days.items()):
        if states[day] == "complete":
            continue
        said = f"{states[day]}: {'; '.join(sorted({entry.reason or '' for entry in found}))}"
        if lines and lines[-1][2] == said and (day - lines[-1][1]).days == 1:
            lines[-1] = (lines[-1][0], day, said)
        else:
            lines.append((day, day, said))
    for begin, end, said in lines[: -_MOST_REASONS - 1 : -1]:
        span = str(begin) if begin == end else f"{begin} to {end}"
        out.print(f"{span}  {said}", markup=False, highlight=False, soft_wrap=True)
    if len(lines) > _MOST_REASONS:
        out.print(f"… and {len(lines) - _MOST_REASONS} more: {program()} query 'select * from marts.coverage'")


def print_gaps(plan: "Backfill") -> None:
    """The dates that a backfill can do nothing for, before anything starts."""
    from spotify_platform.lake.captures import stretches

    for reason in dict.fromkeys(plan.gaps.values()):
        for stretch in stretches(day for day, why in plan.gaps.items() if why == reason):
            span = str(stretch[0]) if len(stretch) == 1 else f"{stretch[0]} to {stretch[-1]} ({len(stretch)} dates)"
            out.print(f"Gap: {span}: {reason}.", markup=False, highlight=False, soft_wrap=True)
    if plan.days:
        runs = len(stretches(plan.days))
        said = f"{len(plan.days):,} of {len(plan.days) + len(plan.gaps):,} dates in {runs} run{'s' * (runs != 1)}"
        out.print(f"Backfilling {said}.", highlight=False)


def print_backfill(plan: "Backfill", left: Mapping[date, Sequence[str]]) -> None:
    """What a backfill came to: how many dates are published, and why the others are not."""
    done = len(plan.days) - len(left)
    out.print(f"{done:,} {'date is' if done == 1 else 'dates are'} published and in the marts.", highlight=False)
    for day, reasons in left.items():
        out.print(f"Withheld: {day}: {'; '.join(reasons)}", markup=False, highlight=False, soft_wrap=True)


def print_costs(rows: Sequence["Entry"], by: str, form: Format, outlook: "Outlook | None") -> None:
    """What rows cost, summed by a field of the ledger; with an outlook the sum and what the month will come to."""
    from spotify_platform.cost.ledger import cost_by, named, total

    methods: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        methods[named(row, by)].add(row.method)
    whole = total(rows)
    shares = [
        (value, cost, round(float(cost / whole), 4) if whole else 0.0, ", ".join(sorted(methods[value])))
        for value, cost in cost_by(rows, by).items()
    ]
    print_rows([by, "usd", "share", "method"], shares, form)
    if outlook is None:
        return
    told = outlook.month
    out.print(
        f"Together ${whole:,.4f}. {outlook.today:%B}: ${told.so_far:,.4f} so far, ${told.whole:,.2f} at its end if "
        f"each day that is left costs what a usual one does, ${told.usual_day:,.4f}. "
        f"A day may cost ${outlook.budget:,.2f}.",
        highlight=False,
        soft_wrap=True,
    )


def print_expected(expected: "Expected", dates: int, *, whole: bool) -> None:
    """What a backfill would cost: in a line, or `whole` with what it would use."""
    if whole:
        names = ["asset", "service", "usage_type", "quantity", "unit", "cost"]
        lines = [tuple(getattr(line, name) for name in names) for line in expected.lines if line.cost]
        print_rows(names, lines, "table")
    like = ", ".join(f"{asset} as in run {run}" for asset, run in expected.like.items())
    out.print(
        f"At most about ${expected.cost:,.4f} for {dates:,} {'date' if dates == 1 else 'dates'}, by what runs used "
        f"before: {like or 'nothing is known yet'}.",
        highlight=False,
        soft_wrap=True,
    )
    if expected.unknown and whole:
        out.print(f"Not in it, since no run of theirs is known: {', '.join(expected.unknown)}.", highlight=False)
    if whole:
        out.print(f"Engine: {expected.engine.engine}. {expected.engine.why}", highlight=False, soft_wrap=True)


def print_purge(plan: "Purge") -> None:
    """What a purge would remove."""
    from spotify_platform.lake.captures import stretches

    for zone, dates in (("raw", plan.raw), ("curated, warehouse", plan.curated)):
        for stretch in stretches(dates):
            span = f"{stretch[0]} to {stretch[-1]} ({len(stretch)})" if len(stretch) > 1 else str(stretch[0])
            out.print(f"{zone}: {span}, {plan.reason}", highlight=False)
    for what, found in (("superseded files", plan.superseded), ("files that no record names", plan.orphans)):
        if found:
            out.print(f"{what}: {len(found):,}, {found[0]} for instance", highlight=False, soft_wrap=True)
    if plan.empty:
        out.print("Nothing to purge: no date is older than a retention that is set, and every file has a record.")


def _cell(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize():,f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else escape(str(value))
