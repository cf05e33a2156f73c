"""The audit: a batch's Parquet files against the contracts, one scan a table, judged date by date.

It knows the tables' contracts and not the code that made the rows, so it is a second opinion, and the same one
whichever engine wrote the files. An error withholds the date; what becomes of that date is `publish`'s business.
"""

import glob
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import duckdb

from spotify_platform.contracts.curated import CURATED
from spotify_platform.contracts.table import Table
from spotify_platform.quality.checks import Check, Finding, checks_of

MEMORY = "450MB"  # what does not fit is spilled


def audit_tables(files: Mapping[str, Sequence[Path]], tables: Sequence[Table] = CURATED) -> dict[date, list[Finding]]:
    """What does not hold in the Parquet files of a batch, by snapshot date; dates without findings are left out.

    `files` are those of each of the `tables` by its name. A reference is looked for among the files of the same batch.
    """
    found: dict[date, list[Finding]] = defaultdict(list)
    with duckdb.connect(config={"memory_limit": MEMORY}) as connection:
        for table in tables:
            for day, findings in _audit(connection, table, files).items():
                found[day] += findings
    return dict(found)


def _audit(
    connection: duckdb.DuckDBPyConnection, table: Table, files: Mapping[str, Sequence[Path]]
) -> dict[date, list[Finding]]:
    if not files.get(table.name):
        return {}
    checks = checks_of(table)
    broken = {check.name: _breaks(check) for check in checks if check.kind != "unique"}
    counts = ", ".join(f"count_if({sql}) as c{number}" for number, sql in enumerate(broken.values()))
    sums = ", ".join(f"sum(c{number})::bigint" for number in range(len(broken)))
    joins = " ".join(_join(check, files) for check in checks if check.kind == "references")
    # Grouped by the key, so that one scan serves its uniqueness too; the counts are summed on the way.
    group = ", ".join(f'"{name}"' for name in table.key or (table.day,))
    # What has no days is judged as one.
    day = f'"{table.day}"' if table.day else "date '0001-01-01'"
    surplus = "sum(n) - count(*)" if table.key else "0"
    rows = connection.execute(f"""
        select {day}, ({surplus})::bigint, {sums}
        from (select {group}, count(*) as n, {counts} from {_scan(files[table.name])} {joins} group by {group})
        group by 1""").fetchall()
    key = next((check.name for check in checks if check.kind == "unique"), "")
    judged = {
        day: [Finding(table.name, name, n) for name, n in zip([key, *broken], counts, strict=True) if n]
        for day, *counts in rows
    }
    return {day: findings for day, findings in judged.items() if findings}


def _breaks(check: Check) -> str:
    """SQL that is true for a row that breaks a check."""
    (name,) = check.columns
    match check.kind:
        case "not_null":
            return f'"{name}" is null'
        case "between":
            assert check.between
            return f'"{name}" not between {check.between[0]} and {check.between[1]}'
        case "values":
            words = ", ".join(f"'{word}'" for word in check.values)
            return f'"{name}" not in ({words})'
        case _:
            return f'"{name}" is not null and "{_target(check)}".found is null'


def _target(check: Check) -> str:
    return f"{check.references} of {check.columns[0]}"


def _join(check: Check, files: Mapping[str, Sequence[Path]]) -> str:
    """SQL: the keys of a referenced table beside the rows that may refer to them."""
    (name,) = check.columns
    known = files.get(check.references)
    found = f'select distinct snapshot_date, "{name}", true as found from {_scan(known)}' if known else ""
    nothing = f'select null::date as snapshot_date, null::varchar as "{name}", true as found where false'
    return f'left join ({found or nothing}) as "{_target(check)}" using (snapshot_date, "{name}")'


def _scan(files: Sequence[Path]) -> str:
    paths = ", ".join("'" + glob.escape(str(path)).replace("'", "''") + "'" for path in files)
    return f"read_parquet([{paths}], hive_partitioning = false)"
