"""Published Parquet as SQL: the same text for loading and for reading."""

import glob
from collections.abc import Iterable
from pathlib import Path

from spotify_platform.contracts.table import Table


def scan(table: Table, files: Iterable[Path]) -> str:
    """SQL for a table's rows in `files`, with the contract's columns; a file from before a column has NULL there."""
    columns = ", ".join(f'null::{kind} as "{name}"' for name, kind in table.duckdb_columns.items())
    none = f"select {columns} where false"
    # Escaped twice: a * in a folder's name is no pattern, and a quote does not end the text.
    names = ", ".join("'" + glob.escape(str(file)).replace("'", "''") + "'" for file in files)
    if not names:
        return none
    wanted = ", ".join(f'"{name}"' for name in table.names)
    rows = f"select * from read_parquet([{names}], union_by_name = true, hive_partitioning = false)"
    return f"select {wanted} from ({none} union all by name {rows})"
