"""The marts' SQL files and those of their checks: their text, and the order that their references ask for."""

import re
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from importlib import resources

from spotify_platform.contracts.marts import MARTS
from spotify_platform.contracts.table import Table

_REFERENCE = re.compile(r"\b(?:from|join)\s+((?:curated|marts)\.\w+)", re.IGNORECASE)


@dataclass(frozen=True)
class Mart:
    """One mart: its contract, its SELECT (DuckDB's dialect) and the tables that the SELECT reads."""

    table: Table
    select: str
    reads: frozenset[str]  # `curated.tracks`, `marts.chart_movement`, …
    check: str = ""  # a SELECT of what does not add up: no row where all is well

    @property
    def question(self) -> str:
        """The question it answers, from the first line of its file."""
        return self.select.splitlines()[0].removeprefix("-- question:").strip()


@cache
def marts() -> tuple[Mart, ...]:
    """All marts, each after those that it reads."""
    found = {table.name: _read(table) for table in MARTS}
    needs = {
        name: {ref.split(".")[1] for ref in mart.reads if ref.startswith("marts.")} for name, mart in found.items()
    }
    return tuple(found[name] for name in TopologicalSorter(needs).static_order())


def _read(table: Table) -> Mart:
    folder = resources.files(__package__)
    text = folder.joinpath(f"{table.name}.sql").read_text("utf-8")
    check = folder.joinpath("checks", f"{table.name}.sql")
    return Mart(table, text, frozenset(references(text)), check.read_text("utf-8") if check.is_file() else "")


def references(select: str) -> set[str]:
    """The tables of ours that a SELECT reads, by the words after FROM and JOIN.

    A pattern and not a parser, because this runs whenever definitions load and sqlglot takes 0.3 s to import; a test
    holds that sqlglot finds the same.
    """
    return set(_REFERENCE.findall(re.sub("--.*", "", select)))


def days_of(mart: Mart) -> str:
    """A SELECT of the days that a build makes of a mart, for both warehouses."""
    return f"select snapshot_date from ops.days_to_build where mart = '{mart.table.name}'"
