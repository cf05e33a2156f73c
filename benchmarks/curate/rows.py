"""Whether two folders of curated Parquet hold the same rows: hand.py's comparison, for any two of the measured.

python benchmarks/curate/rows.py OURS THEIRS
"""

import sys
from pathlib import Path

import duckdb
import hand

from spotify_platform.contracts.curated import CURATED


def same_rows(ours: Path, theirs: Path) -> bool:
    """Print, table by table, rows and differing rows of `<folder>/<table>/…/*.parquet`; True where nothing differs."""
    differing = 0
    with duckdb.connect() as connection:
        for table in CURATED:
            for name, folder in (("ours", ours), ("theirs", theirs)):
                files = sorted(str(path) for path in (folder / table.name).rglob("*.parquet"))
                hand._load(connection, table, name, files)
            counted = connection.execute("select count(*) from ours").fetchone()
            count = hand._differing(connection, table.names)
            # Columns without which fewer rows differ: where to look.
            guilty = [n for n in table.names if count and hand._differing(connection, table.names, n) < count]
            print(
                f"{table.name:15}{counted[0] if counted else 0:11,} rows{count:9,} differ  {', '.join(guilty)}".rstrip()
            )
            differing += count
    return differing == 0


if __name__ == "__main__":
    sys.exit(0 if same_rows(Path(sys.argv[1]), Path(sys.argv[2])) else 1)
