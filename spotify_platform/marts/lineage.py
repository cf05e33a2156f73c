"""Where the columns of a mart come from: which columns of the tables that its SELECT reads.

sqlglot finds it in the SELECTs. It takes 0.6 s, too long for every process that loads the definitions, so what was
found lies beside them in `lineage.json`. `python -m spotify_platform.marts.lineage` prints the file anew (`make docs`);
a test holds that it is not stale. A column that counts rows comes from no column.
"""

import json
from importlib import resources

from spotify_platform.contracts.curated import CURATED
from spotify_platform.contracts.marts import MARTS
from spotify_platform.marts.sql import Mart, marts

FILE = "lineage.json"
_SCHEMA = {
    "curated": {table.name: table.duckdb_columns for table in CURATED},
    "marts": {table.name: table.duckdb_columns for table in MARTS},
}

# Mart → column → the columns that its values are made of: `curated.tracks.popularity`, …
Lineage = dict[str, dict[str, list[str]]]


def lineage() -> Lineage:
    """The lineage of all marts, as `lineage.json` has it."""
    found: Lineage = json.loads(resources.files(__package__).joinpath(FILE).read_text("utf-8"))
    return found


def found(mart: Mart) -> dict[str, list[str]]:
    """The lineage of one mart, as sqlglot finds it in the SELECT; what the build itself writes (`ops`) is no table."""
    from sqlglot import exp
    from sqlglot.lineage import lineage as columns

    nodes = columns(None, mart.select, _SCHEMA, dialect="duckdb", trim_selects=False)
    made_of = {}
    for name in mart.table.names:
        ends = [(node.expression, _last(node.name)) for node in nodes[name].walk()]
        made_of[name] = sorted(
            {
                f"{end.db}.{end.name}.{column}"
                for end, column in ends
                if isinstance(end, exp.Table) and end.db in _SCHEMA
            }
        )
    return made_of


def _last(column: str) -> str:
    """A column's own name, of `entries.rank`."""
    return column.rpartition(".")[2].strip('"')


def render() -> str:
    """The text of `lineage.json`: a line for each column."""
    lines = []
    for mart in sorted(marts(), key=lambda mart: mart.table.name):
        columns = [f"  {json.dumps(name)}: {json.dumps(made_of)}" for name, made_of in found(mart).items()]
        lines.append(f"{json.dumps(mart.table.name)}: {{\n" + ",\n".join(columns) + "\n}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    print(render(), end="")
