"""Step 3, load: `python load.py raw tables` writes the tables as CSV files, one each.

The files are made anew each time, so no row is there twice. What is lost that way: docs/from-beginner-to-production.md.
"""

import sys
from pathlib import Path

from transform import transform


def load(raw: Path, tables: Path) -> None:
    """Raw lines → tables/<table>.csv, in UTF-8; a missing value is an empty cell."""
    tables.mkdir(parents=True, exist_ok=True)
    for name, frame in transform(raw).items():
        frame.to_csv(tables / f"{name}.csv", index=False)  # the index is pandas' own count, and no fact about music
        print(f"{len(frame):5} rows → {tables}/{name}.csv")


if __name__ == "__main__":
    load(Path(sys.argv[1]), Path(sys.argv[2]))
