"""What the marts cost: all of them, a day that comes late, and each against the query one would write first.

`naive/<mart>.sql` are these queries: written from docs/metrics.md and the contracts by somebody who had not seen
`spotify_platform/marts`, for the same rows. Both are timed in one process on one database, in turns, the best of each.
The data is `data.py`'s: two years of 70 markets. On a small database every row of both is compared, before and after a
day came late; on the large one their number and a checksum. `make bench-marts`
"""

import argparse
import json
import math
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from functools import partial, reduce
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
from rich.console import Console
from rich.table import Table as RichTable

from spotify_platform.contracts.curated import CURATED
from spotify_platform.contracts.marts import MARTS_BY_NAME
from spotify_platform.contracts.table import Table, Type
from spotify_platform.load.duckdb import DuckDBWarehouse
from spotify_platform.marts.days import Changed, to_build
from spotify_platform.marts.sql import Mart, marts
from spotify_platform.quality.checks import Check, checks_of

PARTS = ("same", "rebuild", "late", "naive")
# For a late day, of the marts together in which it can change the rows of some days only. Of genre_growth alone it is
# more: eight weeks to make read 15 of the 105.
MOST_OF_REBUILD = 0.1
MOST_OF_NAIVE = 1.5
LEAST_SECONDS = 0.1  # of a naive query that is an honest measure
MOST_SPILLED = "16GB"  # to disk; the naive query of artist_consistency_virality fills any
SMALL = {"days": 150, "markets": 6, "ranks": 50}
TOLERANCE = 1.5e-6  # of figures rounded to 6 decimals
NAIVE = Path(__file__).with_name("naive")


# -- the marts' SELECTs ------------------------------------------------------------------------------------------------


def _naive(table: Table) -> str:
    if table.name == "coverage":
        return f"select {', '.join(table.names)} from ops.coverage"
    return (NAIVE / f"{table.name}.sql").read_text("utf-8")


def typed(table: Table, select: str) -> str:
    """A SELECT with the columns of a contract."""
    columns = ", ".join(f'"{name}"::{kind} as "{name}"' for name, kind in table.duckdb_columns.items())
    return f"select {columns} from ({select})"


# -- building, as the platform does it ---------------------------------------------------------------------------------


@contextmanager
def opened(path: Path, memory: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database as `open_warehouse` opens it, under limits for memory and for what is spilled."""
    limits = {"memory_limit": memory, "max_temp_directory_size": MOST_SPILLED}
    with duckdb.connect(path, config={"storage_compatibility_version": "v1.4.0", **limits}) as connection:
        connection.execute("set TimeZone = 'UTC'; create schema if not exists marts; create schema if not exists bench")
        yield connection


class Cost(NamedTuple):
    """Seconds: on the clock, and of all cores. Where others are at work on a machine, the second is the steadier."""

    wall: float
    cpu: float

    @classmethod
    def now(cls) -> "Cost":
        """The clocks."""
        return cls(time.perf_counter(), time.process_time())

    def since(self) -> "Cost":
        """What went by since these clocks."""
        now = self.now()
        return Cost(now.wall - self.wall, now.cpu - self.cpu)

    def plus(self, other: "Cost") -> "Cost":
        """Both."""
        return Cost(self.wall + other.wall, self.cpu + other.cpu)


@dataclass(frozen=True)
class Build:
    """What a build took: each mart, all with the commit, and the export."""

    marts: dict[str, Cost]
    whole: Cost
    export: Cost


def build(
    connection: duckdb.DuckDBPyConnection, selects: Sequence[Mart], changed: date | None = None, *, export: bool = False
) -> Build:
    """Build all marts: whole, or what a changed day asks for; perhaps export them."""
    began, took = Cost.now(), dict[str, Cost]()
    warehouse = DuckDBWarehouse(connection)
    connection.begin()
    plan(connection, selects, changed)
    for mart in selects:
        start = Cost.now()
        warehouse.make(mart, whole=changed is None or mart.table.touched is None)
        took[mart.table.name] = start.since()
        told_at_once(mart.table.name, took[mart.table.name])
    connection.commit()
    whole, start = began.since(), Cost.now()
    if export:
        with tempfile.TemporaryDirectory(prefix="bench-marts-") as folder:
            for mart in selects:
                warehouse.export(mart.table, Path(folder, f"{mart.table.name}.parquet"), None)
    return Build(took, whole, start.since())


def told_at_once(what: str, took: Cost) -> None:
    """Tell a person what took so long; what took no time is not worth a line."""
    if took.wall > 5:
        print(f"{time.strftime('%H:%M:%S')} … {what}: {took.wall:.1f} s, CPU {took.cpu:.1f} s", flush=True)


def plan(connection: duckdb.DuckDBPyConnection, selects: Sequence[Mart], changed: date | None) -> None:
    """Say which dates of which marts are made: those that a day touches, or those that any day of the ledger does."""
    connection.execute("create or replace table ops.days_to_build (mart varchar, snapshot_date date)")
    found = connection.execute("select distinct snapshot_date from ops.coverage order by 1").fetchall()
    calendar = [day for (day,) in found]
    touched = Changed(frozenset({changed})) if changed else None
    for mart in selects:
        if mart.table.touched:
            connection.execute(
                "insert into ops.days_to_build select $mart, unnest($days::date[])",
                {"mart": mart.table.name, "days": to_build(mart, touched, calendar)},
            )


def middle(connection: duckdb.DuckDBPyConnection) -> date:
    """A day with charts in the middle of the range."""
    row = connection.execute(
        "select quantile_disc(snapshot_date, 0.5) from (select distinct snapshot_date from curated.chart_entries)"
    ).fetchone()
    assert row
    found: date = row[0]
    return found


def remove(connection: duckdb.DuckDBPyConnection, day: date) -> None:
    """Take a day's rows out; they are kept for `put_back`."""
    for table in CURATED:
        connection.execute(
            f"create or replace table bench.late_{table.name} as from curated.{table.name} where snapshot_date = ?",
            [day],
        )
        connection.execute(f"delete from curated.{table.name} where snapshot_date = ?", [day])
    connection.execute(
        "create or replace table bench.late_coverage as from ops.coverage where snapshot_date = ?", [day]
    )
    connection.execute(
        "update ops.coverage set state = 'missing', readable = false, items = 0, reason = 'nothing was captured' "
        "where snapshot_date = ?",
        [day],
    )


def put_back(connection: duckdb.DuckDBPyConnection, day: date) -> None:
    """Load the day that was taken out."""
    for table in CURATED:
        connection.execute(f"insert into curated.{table.name} by name from bench.late_{table.name}")
    connection.execute("delete from ops.coverage where snapshot_date = ?", [day])
    connection.execute("insert into ops.coverage by name from bench.late_coverage")


# -- rows --------------------------------------------------------------------------------------------------------------


def differing(connection: duckdb.DuckDBPyConnection, table: Table, one: str, other: str) -> int:
    """How many rows of two tables differ: in any column, or in a double by more than rounding explains."""
    doubles = [column.name for column in table.columns if column.type is Type.DOUBLE]
    others = ", ".join(f'"{name}"' for name in table.names if name not in doubles)
    count = 0
    for left, right in ((one, other), (other, one)):
        count += _number(connection, f"from (select {others} from {left} except all select {others} from {right})")
    if doubles:
        # NULL on one side only is caught, NULL on both is the same.
        apart = " or ".join(
            f'coalesce(abs(a."{name}" - b."{name}") > {TOLERANCE}, a."{name}" is distinct from b."{name}")'
            for name in doubles
        )
        keys = ", ".join(f'"{name}"' for name in table.key)
        count += _number(connection, f"from {one} as a join {other} as b using ({keys}) where {apart}")
    return count


def fingerprint(connection: duckdb.DuckDBPyConnection, table: Table, name: str) -> list[float]:
    """The number of rows, a checksum of the columns that are no doubles, and of each double the count and the sum."""
    doubles = [column.name for column in table.columns if column.type is Type.DOUBLE]
    others = ", ".join(f'"{column}"' for column in table.names if column not in doubles)
    sums = "".join(f', count("{column}"), coalesce(sum("{column}"), 0)' for column in doubles)
    row = connection.execute(f"select count(*), coalesce(sum(hash(hash({others}))), 0){sums} from {name}").fetchone()
    assert row
    return list(row)


def alike(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether two fingerprints are of the same rows: among a thousand, one may be rounded the other way."""
    near = 1e-6 * (1 + one[0] / 1000)
    exact = one[:2] == other[:2] and one[2::2] == other[2::2]
    return exact and all(math.isclose(a, b, rel_tol=1e-9, abs_tol=near) for a, b in zip(one, other, strict=True))


def broken(connection: duckdb.DuckDBPyConnection, table: Table, select: str) -> list[str]:
    """What a SELECT breaks of the contract: the columns and their order, and every check."""
    described = connection.execute(f"describe {select}").fetchall()
    found = [] if [row[0] for row in described] == table.names else [f"columns: {[row[0] for row in described]}"]
    connection.execute(f"create or replace table bench.checked as {typed(table, select)}")
    for check in checks_of(table):
        rows = _number(connection, _breaks(check, "bench.checked"))
        found += [f"{check.name}: {rows:,} rows"] if rows else []
    connection.execute("drop table bench.checked")
    return found


def _breaks(check: Check, name: str) -> str:
    columns = ", ".join(f'"{column}"' for column in check.columns)
    match check.kind:
        case "unique":
            return f"from (select {columns} from {name} group by {columns} having count(*) > 1)"
        case "not_null":
            return f"from {name} where {columns} is null"
        case "between":
            assert check.between
            return f"from {name} where {columns} not between {check.between[0]} and {check.between[1]}"
        case "values":
            words = ", ".join(f"'{word}'" for word in check.values)
            return f"from {name} where {columns} not in ({words})"
        case "references":
            raise ValueError(f"{check.table}: a mart refers to nothing")


def _number(connection: duckdb.DuckDBPyConnection, rows: str) -> int:
    row = connection.execute(f"select count(*) {rows}").fetchone()
    return int(row[0]) if row else 0


# -- what is measured, in the child ------------------------------------------------------------------------------------


def child_same(connection: duckdb.DuckDBPyConnection, selects: Sequence[Mart]) -> dict[str, Any]:
    """Whether every row is that of the naive query, and both hold their contracts. On a database that is small.

    Three times: all built at once; with a day that came late; and with this day taken out again.
    """
    day = middle(connection)
    told: dict[str, Any] = {"contracts": {}, "rows": {}}

    def compare(state: str) -> None:
        told[state] = {}
        for mart in selects:
            name = mart.table.name
            connection.execute(f"create or replace table bench.naive as {typed(mart.table, _naive(mart.table))}")
            told[state][name] = differing(connection, mart.table, f"marts.{name}", "bench.naive")

    build(connection, selects)
    compare("whole")
    for mart in selects:
        name = mart.table.name
        told["rows"][name] = _number(connection, f"from marts.{name}")
        told["contracts"][name] = broken(connection, mart.table, _naive(mart.table))
        told["contracts"][name] += broken(connection, mart.table, f"select * from marts.{name}")
    remove(connection, day)
    build(connection, selects)
    put_back(connection, day)
    build(connection, selects, day)
    compare("late")
    remove(connection, day)
    build(connection, selects, day)
    compare("gone")
    put_back(connection, day)
    return told


def child_rebuild(connection: duckdb.DuckDBPyConnection, selects: Sequence[Mart]) -> dict[str, Any]:
    """All marts anew, and their export."""
    connection.execute("drop schema marts cascade; create schema marts; checkpoint")
    built = build(connection, selects, export=True)
    rows = {mart.table.name: _number(connection, f"from marts.{mart.table.name}") for mart in selects}
    return {"marts": built.marts, "whole": built.whole, "export": built.export, "rows": rows}


def child_late(connection: duckdb.DuckDBPyConnection, selects: Sequence[Mart], runs: int) -> dict[str, Any]:
    """A day of the middle is taken out, the marts are built, it comes back, and they are built again: that is timed."""
    day = middle(connection)

    def fingerprints() -> dict[str, list[float]]:
        return {mart.table.name: fingerprint(connection, mart.table, f"marts.{mart.table.name}") for mart in selects}

    before, builds = fingerprints(), list[Build]()
    for number in range(runs):
        remove(connection, day)
        build(connection, selects, day)
        put_back(connection, day)
        connection.execute("checkpoint")
        builds.append(build(connection, selects, day, export=number == 0))
    after = fingerprints()
    return {
        "marts": {name: min(one.marts[name] for one in builds) for name in before},
        "whole": min(one.whole for one in builds),
        "export": builds[0].export,
        "same": {name: alike(before[name], after[name]) for name in before},
    }


def child_naive(connection: duckdb.DuckDBPyConnection, selects: Sequence[Mart], runs: int) -> dict[str, Any]:
    """Each mart and its naive query, in turns, from the marts as they stand; the best of each."""
    plan(connection, selects, None)
    told: dict[str, Any] = {"ours": {}, "naive": {}, "same": {}, "failed": {}}
    for mart in selects:
        if mart.table.name == "coverage":
            continue
        selected = {"ours": mart.select, "naive": _naive(mart.table)}
        took: dict[str, list[Cost]] = {name: [] for name in selected}
        for number in range(runs):
            for name in sorted(selected, reverse=bool(number % 2)):
                start = Cost.now()
                try:
                    connection.execute(f"create or replace table bench.{name} as {typed(mart.table, selected[name])}")
                except (duckdb.OutOfMemoryException, duckdb.IOException):  # the limit, or the disk
                    if name == "ours":
                        raise
                    told["failed"][mart.table.name] = f"naive: no end, {MOST_SPILLED} or the disk filled"
                    continue
                finally:
                    told_at_once(f"{mart.table.name}, {name}", start.since())
                took[name].append(start.since())
        for name, costs in took.items():
            if costs:
                told[name][mart.table.name] = min(costs)
        if mart.table.name not in told["failed"]:
            prints = [fingerprint(connection, mart.table, f"bench.{name}") for name in selected]
            told["same"][mart.table.name] = alike(*prints)
        connection.execute("drop table if exists bench.ours; drop table if exists bench.naive")
    return told


CHILDREN: dict[str, Callable[..., dict[str, Any]]] = {
    "same": child_same,
    "rebuild": child_rebuild,
    "late": child_late,
    "naive": child_naive,
}


def child(part: str, task: str, answer: str) -> None:
    """The child process: do a part and write what it told."""
    given = json.loads(task)
    selects = marts()
    with opened(Path(given["database"]), given["memory"]) as connection:
        work = CHILDREN[part]
        told = work(connection, selects, given["runs"]) if part in ("late", "naive") else work(connection, selects)
    told["megabytes"] = peak_megabytes()
    Path(answer).write_text(json.dumps(told), encoding="utf-8")


def peak_megabytes() -> float:
    """The most memory that this process has held."""
    with suppress(OSError):
        # Linux counts into a process' ru_maxrss what its parent held when it was started.
        found = re.search(r"^VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
        if found:
            return int(found[1]) / 1024
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


# -- what measures, in the parent --------------------------------------------------------------------------------------


@dataclass
class Bench:
    """The parts, each in a process of its own, and what they told."""

    console: Console
    folder: Path
    options: argparse.Namespace
    told: dict[str, dict[str, Any]] = field(default_factory=dict)

    def run(self, part: str) -> None:
        """Do a part."""
        full = {"days": self.options.days, "markets": self.options.markets, "ranks": 200}
        database = self.database(SMALL if part == "same" else full)
        if part in ("late", "naive") and "rebuild" not in self.told:
            self.run("rebuild")
        self.say(f"{part} …")
        self.told[part] = self.child(part, database)

    def child(self, part: str, database: Path) -> dict[str, Any]:
        """A part in a fresh process. Ends the program where it fails."""
        task = {
            "database": str(database),
            "memory": self.options.memory,
            "runs": self.options.runs,
        }
        with tempfile.TemporaryDirectory(prefix="bench-marts-") as folder:
            answer = Path(folder, "answer.json")
            command = [sys.executable, __file__, "--child", part, json.dumps(task), str(answer)]
            done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
            if done.returncode:
                raise SystemExit(f"{part} failed:\n{done.stderr}")
            told: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
        return told

    def database(self, size: dict[str, int]) -> Path:
        """A database of this size, made unless an earlier run left it."""
        path = self.folder / ("-".join(f"{number}{name}" for name, number in size.items()) + ".duckdb")
        if not path.with_suffix(".made").exists():
            self.say(f"making {path.name} …")
            arguments = [argument for name, number in size.items() for argument in (f"--{name}", str(number))]
            command = [sys.executable, str(Path(__file__).with_name("data.py")), str(path), *arguments]
            self.say(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
            path.with_suffix(".made").touch()
        return path

    def say(self, what: str) -> None:
        """Tell a person what takes so long."""
        self.console.print(f"[dim]{time.strftime('%H:%M:%S')} {what}[/dim]")


@dataclass(frozen=True)
class Row:
    """One line of the table. `good`: None where nothing is asked for."""

    mart: str
    rows: int | None = None
    rebuild: Cost | None = None
    late: Cost | None = None
    asked: str = ""
    ours: Cost | None = None
    naive: Cost | None = None
    same: str = ""
    good: bool | None = None


def judged(told: dict[str, dict[str, Any]], table: Table) -> Row:
    """What is known of a mart."""
    name, part = table.name, partial(_value, told)
    rebuild, late = _cost(part("rebuild", "marts", name)), _cost(part("late", "marts", name))
    verdicts: list[bool] = []
    ours, naive = _cost(part("naive", "ours", name)), _cost(part("naive", "naive", name))
    if ours and naive and naive.wall >= LEAST_SECONDS:
        verdicts.append(ours.wall <= MOST_OF_NAIVE * naive.wall)
    words = [part("naive", "failed", name)] if part("naive", "failed", name) else []
    for state, what in (("whole", "{:,} differ"), ("late", "{:,} after a late day"), ("gone", "{:,} after a removal")):
        count = part("same", state, name)
        if count is not None:
            verdicts.append(count == 0)
            words += [what.format(count)] if count else []
    contract = part("same", "contracts", name)
    if contract:
        words += contract
        verdicts.append(False)
    for of, what in (("late", "not after a late day"), ("naive", "not on the large one")):
        same = part(of, "same", name)
        if same is not None:
            verdicts.append(same)
            words += [] if same else [what]
    return Row(
        name,
        part("rebuild", "rows", name) or part("same", "rows", name),
        rebuild,
        late,
        "bounded" if bounded(table) else "",
        ours,
        naive,
        "; ".join(words) or ("all" if verdicts else ""),
        all(verdicts) if verdicts else None,
    )


def bounded(table: Table) -> bool:
    """Whether a day can change the rows of some days only."""
    return table.touched is not None and table.touched[1] is not None


def _value(told: dict[str, dict[str, Any]], part: str, what: str, name: str) -> Any:
    return told.get(part, {}).get(what, {}).get(name)


def _cost(told: Sequence[float] | None) -> Cost | None:
    return Cost(*told) if told else None


def totals(told: dict[str, dict[str, Any]]) -> list[Row]:
    """All marts together, and with their export."""

    def whole(part: str, *, export: bool = False) -> Cost | None:
        found = told.get(part)
        if not found:
            return None
        return Cost(*found["whole"]).plus(Cost(*found["export"]) if export else Cost(0, 0))

    def summed(side: str) -> Cost | None:
        measured = told.get("naive", {"naive": {}})
        costs = [Cost(*measured[side][name]) for name in measured["naive"]]  # of those that both have
        return reduce(Cost.plus, costs) if costs else None

    def of_bounded(part: str) -> Cost | None:
        found = told.get(part)
        names = [table.name for table in MARTS_BY_NAME.values() if bounded(table)]
        return reduce(Cost.plus, (Cost(*found["marts"][name]) for name in names)) if found else None

    rows = sum(told["rebuild"]["rows"].values()) if "rebuild" in told else None
    rebuild, late = of_bounded("rebuild"), of_bounded("late")
    return [
        Row(
            "those that are bounded",
            rebuild=rebuild,
            late=late,
            asked=f"≤ {MOST_OF_REBUILD:.0%}",
            good=late.wall <= MOST_OF_REBUILD * rebuild.wall if rebuild and late else None,
        ),
        Row(
            "all marts, in one transaction",
            rows,
            whole("rebuild"),
            whole("late"),
            ours=summed("ours"),
            naive=summed("naive"),
        ),
        Row(
            "… and exported to Parquet",
            rebuild=whole("rebuild", export=True),
            late=whole("late", export=True),
        ),
    ]


def show(console: Console, told: dict[str, dict[str, Any]], rows: Sequence[Row], began: float) -> None:
    """The table."""
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    peaks = ", ".join(f"{part} {found['megabytes']:,.0f} MB" for part, found in told.items())
    caption = (
        f"Rows: compared with the naive query's, all on a small database, by number and checksum on the large one.\n"
        f"Peak memory: {peaks}.\n{time.monotonic() - began:.0f} s; {os.cpu_count()} cores, "
        f"load {load} in the last 1, 5 and 15 minutes"
    )
    table = RichTable(title="What the marts cost, seconds (and those of all cores)", caption=caption)
    table.add_column("", overflow="fold")
    for column in ("rows", "rebuild", "late day", "share", "asked", "ours", "naive", "ours / naive"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("the same rows", overflow="fold")
    table.add_column("", no_wrap=True)
    for row in rows:
        table.add_row(
            row.mart,
            f"{row.rows:,}" if row.rows is not None else "",
            _seconds(row.rebuild),
            _seconds(row.late),
            f"{row.late.wall / row.rebuild.wall:.1%}" if row.late and row.rebuild else "",
            row.asked,
            _seconds(row.ours),
            _seconds(row.naive),
            f"{row.ours.wall / row.naive.wall:.2f} ({row.ours.cpu / row.naive.cpu:.2f})"
            if row.ours and row.naive
            else "",
            row.same,
            {True: "ok", False: "[bold red]short[/bold red]", None: ""}[row.good],
        )
    console.print(table)


def _seconds(cost: Cost | None) -> str:
    return f"{cost.wall:.2f} ({cost.cpu:.2f})" if cost else ""


def main() -> int:
    """Measure and print the table; 1 where something that is asked for does not hold."""
    parser = argparse.ArgumentParser(description="What the marts cost.")
    parser.add_argument("--only", choices=PARTS, action="append", help="one part instead of all; may be repeated")
    parser.add_argument("--days", type=int, default=730, help="days of charts (730)")
    parser.add_argument("--markets", type=int, default=70, help="markets with 200 places a day (70)")
    parser.add_argument("--runs", type=int, default=2, help="runs of a late day and of each query (2)")
    parser.add_argument("--memory", default="4GB", help="DuckDB's limit, which the rest is spilled under (4GB)")
    parser.add_argument("--folder", type=Path, help="where databases are made and kept (a temporary folder)")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(*options.child)
        return 0
    console, began = Console(), time.monotonic()
    if not console.is_terminal:
        console = Console(width=170)  # a log has no width, and 80 would fold the table
    with tempfile.TemporaryDirectory(prefix="bench-marts-") as scratch:
        folder = (options.folder or Path(scratch)).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        bench = Bench(console, folder, options)
        for part in options.only or PARTS:
            bench.run(part)
    rows = [judged(bench.told, table) for table in MARTS_BY_NAME.values()] + totals(bench.told)
    show(console, bench.told, rows, began)
    return int(any(row.good is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
