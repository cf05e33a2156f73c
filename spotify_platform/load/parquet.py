"""Published Parquet files: as SQL, the same text for loading and for reading, and whether they are what was audited."""

import glob
from collections.abc import Iterable, Mapping
from pathlib import Path

from spotify_platform.contracts.errors import LakeError
from spotify_platform.contracts.table import Table
from spotify_platform.lake.publishing import PublishRecord
from spotify_platform.lake.store import sha256


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


def check_files(records: Iterable[PublishRecord], local: Mapping[str, Path]) -> None:
    """The files must be, byte for byte, those that were audited and published. Raises `LakeError` for another one."""
    for record in records:
        for file in record.files:
            path = local[file.path]
            if not path.exists() or sha256(path) != file.sha256:
                raise LakeError(
                    f"{file.path} is not what was published on {record.published_at:%F %T}: lost or changed. Nothing "
                    f"was loaded. Put it back, or delete the date's publish records and run again."
                )
