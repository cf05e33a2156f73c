"""The ledger's table in the lake: a Parquet file a day, each put whole, so that a day is never half there."""

from collections.abc import Iterable
from dataclasses import astuple
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from spotify_platform.contracts.operations import PLATFORM_COST
from spotify_platform.cost.ledger import Entry
from spotify_platform.lake import keys
from spotify_platform.lake.store import Lake


def write(lake: Lake, day: date, rows: Iterable[Entry]) -> None:
    """Put the rows of a day instead of those that were there. A reader sees the old ones or the new ones."""
    import duckdb

    with TemporaryDirectory(prefix="cost-") as folder, duckdb.connect() as connection:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in PLATFORM_COST.duckdb_columns.items())
        connection.execute(f"create table rows ({columns})")
        values = [astuple(row) for row in rows]
        if values:
            connection.executemany(f"insert into rows values ({', '.join('?' * len(PLATFORM_COST.columns))})", values)
        path = Path(folder, "rows.parquet")
        connection.execute(f"copy rows to '{path}' (format parquet, compression zstd)")
        lake.put(keys.cost(day), path.read_bytes())


def days(lake: Lake) -> list[date]:
    """The days that the ledger holds, oldest first: one LIST."""
    return [date.fromisoformat(key.split("usage_date=")[1].split("/")[0]) for key in lake.keys(keys.COST)]


def read(lake: Lake, since: date | None = None) -> list[Entry]:
    """The ledger's rows from a day on, in its order."""
    import duckdb

    wanted = [keys.cost(day) for day in days(lake) if since is None or day >= since]
    if not wanted:
        return []
    with lake.local(wanted) as local, duckdb.connect() as connection:
        names = ", ".join(PLATFORM_COST.names)
        found = connection.execute(
            f"select {names} from read_parquet(?, hive_partitioning = false) order by all",
            [[str(path) for path in local.values()]],
        )
        return [Entry(*row) for row in found.fetchall()]
