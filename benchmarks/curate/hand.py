"""Curation written by hand in DuckDB's SQL, `hand.sql`: what the platform's engine is measured against.

    python benchmarks/curate/hand.py LAKE OUT [--memory 2GB]    curate every date of a lake into a folder
    python benchmarks/curate/hand.py --check LAKE               compare with what the lake has published

It reads the lake's folder and the contracts, and imports nothing else of the platform.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import duckdb

from spotify_platform.contracts.curated import CURATED
from spotify_platform.contracts.raw import ENTITIES
from spotify_platform.contracts.table import Column, Table

SQL = Path(__file__).with_suffix(".sql")


def captured_dates(lake_folder: Path) -> list[date]:
    """The dates that have raw lines."""
    folders = (lake_folder / "raw").glob("[a-z]*/snapshot_date=*")
    return sorted({date.fromisoformat(folder.name.removeprefix("snapshot_date=")) for folder in folders})


def raw_files(lake_folder: Path, entity: str, day: date) -> list[str]:
    """An entity's files of a date: those of captures with a manifest, in a lake that has manifests."""
    raw = lake_folder / "raw"
    name = f"snapshot_date={day.isoformat()}"
    committed = {manifest.stem for manifest in (raw / "_captures" / name).glob("*.json")}
    found = sorted((raw / entity / name).glob("*.jsonl.gz"))
    known = (raw / "_captures").exists()
    return [str(path) for path in found if not known or path.name.rpartition("-")[0] in committed]


def run(lake_folder: Path, dates: list[date], out: Path, memory_limit: str | None = None) -> dict[str, int]:
    """Curate the dates into `out`, which must be empty or new, audit what was written, and return rows by table.

    What the audit finds stands in `out/_audit.json`; it stops nothing.
    """
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="hand-") as scratch, duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set enable_progress_bar = false")
        connection.execute(f"set temp_directory = '{scratch}'")
        if memory_limit:
            connection.execute(f"set memory_limit = '{memory_limit}'")
        for entity in ENTITIES:
            files = [path for day in dates for path in raw_files(lake_folder, entity.name, day)]
            # DuckDB reads nothing from no file only without `filename`, which tells a line's date and capture.
            connection.execute(f"set variable {entity.name} = ?::varchar[]", [files or [os.devnull]])
        connection.execute("set variable out = ?", [str(out)])
        connection.execute(SQL.read_text(encoding="utf-8"))
        rows, faults = {}, {}
        for table in CURATED:
            rows[table.name], found = audit(connection, table, out / table.name)
            faults.update({f"{table.name}: {check}": count for check, count in found.items() if count})
    (out / "_audit.json").write_text(json.dumps(faults, indent=1), encoding="utf-8")
    return rows


def audit(connection: duckdb.DuckDBPyConnection, table: Table, folder: Path) -> tuple[int, dict[str, int]]:
    """A table's rows, and how many break each of the contract's checks: one scan for all of them."""
    found = sorted(str(path) for path in folder.rglob("*.parquet"))
    if not found:
        return 0, {}
    checks = {f"{column.name} {name}": sql for column in table.columns for name, sql in _checks(column)}
    # Grouping by the key serves the key's uniqueness; the other checks are summed on the way.
    keys = ", ".join(table.key)
    rows = ", ".join(f"count_if({sql}) as c{number}" for number, sql in enumerate(checks.values()))
    sums = ", ".join(f"sum(c{number})::bigint" for number in range(len(checks)))
    query = f"""
        select sum(n)::bigint, count_if(n > 1), {sums}
        from (
            select count(*) as n, {rows}
            from read_parquet(?, hive_partitioning = false)
            {f"group by {keys}" if keys else ""}
        )
    """
    counted = connection.execute(query, [found]).fetchone()
    assert counted
    unique = {f"({keys}) unique": counted[1]} if keys else {}
    return counted[0], unique | dict(zip(checks, counted[2:], strict=True))


def _checks(column: Column) -> list[tuple[str, str]]:
    """What must hold for a column: the check's name, and SQL that is true where it does not."""
    found = []
    if not column.null:
        found.append(("not null", f"{column.name} is null"))
    if column.between:
        found.append(("in range", f"{column.name} not between {column.between[0]} and {column.between[1]}"))
    if column.values:
        words = ", ".join(f"'{word}'" for word in column.values)
        found.append(("allowed", f"{column.name} not in ({words})"))
    return found


def published_dates(lake_folder: Path) -> list[date]:
    """The dates that the lake has published."""
    folders = (lake_folder / "curated" / "_published").glob("snapshot_date=*")
    return sorted(date.fromisoformat(folder.name.removeprefix("snapshot_date=")) for folder in folders)


def published_files(lake_folder: Path) -> dict[str, list[str]]:
    """The Parquet files that readers of the lake see, by table: those of every date's newest publish record."""
    files: dict[str, list[str]] = {table.name: [] for table in CURATED}
    for day in published_dates(lake_folder):
        records = (lake_folder / "curated" / "_published" / f"snapshot_date={day.isoformat()}").glob("*.json")
        record = json.loads(max(records).read_text(encoding="utf-8"))
        for file in record["files"]:
            files[file["table"]].append(str(lake_folder / file["path"]))
    return files


def check(lake_folder: Path, out: Path) -> bool:
    """Print, table by table, rows and differing rows against the published ones; True where nothing differs."""
    theirs = published_files(lake_folder)
    start = time.perf_counter()
    rows = run(lake_folder, published_dates(lake_folder), out)
    print(f"{time.perf_counter() - start:.2f} s", file=sys.stderr)
    differing = 0
    with duckdb.connect() as connection:
        for table in CURATED:
            ours = sorted(str(path) for path in (out / table.name).rglob("*.parquet"))
            _load(connection, table, "ours", ours)
            _load(connection, table, "theirs", theirs[table.name])
            count = _differing(connection, table.names)
            # Columns without which fewer rows differ: where to look.
            guilty = [name for name in table.names if count and _differing(connection, table.names, name) < count]
            print(f"{table.name:15}{rows[table.name]:11,} rows{count:9,} differ  {', '.join(guilty)}".rstrip())
            differing += count
    return differing == 0


def _load(connection: duckdb.DuckDBPyConnection, table: Table, name: str, files: list[str]) -> None:
    columns = ", ".join(f"{column} {type_}" for column, type_ in table.duckdb_columns.items())
    connection.execute(f"create or replace temp table {name} ({columns})")
    if not files:
        return
    read = "from read_parquet(?, hive_partitioning = false)"
    stated = {row[0]: row[1] for row in connection.execute(f"describe {read}", [files]).fetchall()}
    if stated != table.duckdb_columns or list(stated) != table.names:
        print(f"{table.name}: columns of {name} are not the contract's: {stated}")
    connection.execute(f"insert into {name} by name {read}", [files])


def _differing(connection: duckdb.DuckDBPyConnection, names: list[str], without: str = "") -> int:
    """Rows of either side that the other has not, as multisets."""
    columns = ", ".join(name for name in names if name != without)
    ours, theirs = (f"select {columns} from {side}" for side in ("ours", "theirs"))
    counted = connection.execute(
        f"select count(*) from (({ours} except all {theirs}) union all ({theirs} except all {ours}))"
    ).fetchone()
    assert counted
    return int(counted[0])


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", metavar="LAKE", type=Path)
    parser.add_argument("lake", metavar="LAKE", type=Path, nargs="?")
    parser.add_argument("out", metavar="OUT", type=Path, nargs="?")
    parser.add_argument("--memory", metavar="SIZE", help="DuckDB's limit, such as 2GB")
    given = parser.parse_args()
    if given.check:
        with tempfile.TemporaryDirectory(prefix="hand-check-") as folder:
            return 0 if check(given.check, Path(folder)) else 1
    if not given.lake or not given.out:
        parser.error("LAKE and OUT, or --check LAKE")
    start = time.perf_counter()
    for name, rows in run(given.lake, captured_dates(given.lake), given.out, given.memory).items():
        print(f"{name:15}{rows:11,} rows")
    print(f"{time.perf_counter() - start:.2f} s; audit: {(given.out / '_audit.json').read_text(encoding='utf-8')}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
