"""How long the definitions take to load, against a bare Dagster project of ten assets, in one run.

Each is a fresh interpreter; the two take turns, and the smallest of each is compared. `make bench-load`
"""

import subprocess
import sys

from rich.console import Console
from rich.table import Table

ROUNDS = 9
BARE = """
import dagster as dg
def asset(number):
    @dg.asset(name=f"asset_{number}")
    def body() -> None: ...
    return body
defs = dg.Definitions(assets=[asset(number) for number in range(10)])
defs.resolve_asset_graph()
"""
OURS = """
from spotify_platform.definitions import defs
defs.resolve_asset_graph()
"""
TIMED = "import time; start = time.perf_counter()\n{}\nprint(time.perf_counter() - start)"


def seconds(script: str) -> float:
    """What a script takes in a fresh interpreter, its start not counted."""
    done = subprocess.run([sys.executable, "-c", TIMED.format(script)], capture_output=True, text=True, check=True)
    return float(done.stdout)


def main() -> None:
    """Measure and print the table."""
    turns = [(seconds(BARE), seconds(OURS)) for _ in range(ROUNDS)]
    bare, ours = sorted(turn[0] for turn in turns), sorted(turn[1] for turn in turns)
    table = Table("", "smallest", "median", "largest", title=f"Loading the definitions, seconds, {ROUNDS} turns")
    for name, values in (("bare, ten assets", bare), ("spotify_platform", ours)):
        table.add_row(name, *(f"{value:.2f}" for value in (values[0], values[ROUNDS // 2], values[-1])))
    table.add_row("ratio", *(f"{ours[n] / bare[n]:.2f}" for n in (0, ROUNDS // 2, -1)))
    Console().print(table)


if __name__ == "__main__":
    main()
