"""The data dictionary: the contracts as a page for people. `make docs` writes it; a test fails when it is stale."""

from collections.abc import Iterable, Iterator

from spotify_platform.contracts.curated import CURATED
from spotify_platform.contracts.marts import MARTS
from spotify_platform.contracts.operations import OPERATIONS
from spotify_platform.contracts.raw import ENTITIES, ENVELOPE, LISTS
from spotify_platform.contracts.table import Column, Table

_UNREADABLE = (
    "Beside the reasons below, a column that can be NULL is so where the source left the value out, or gave one that "
    "cannot be read: the line then stands in `rejects`, with the value's name."
)
_OPERATIONS = "About the platform itself; [cost.md](cost.md) tells how it is reckoned."
_REASON = "A figure whose input is missing is NULL, never 0, and `reason` says why."


def render() -> str:
    """The page, in Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Data dictionary"
    yield ""
    yield "Made from `spotify_platform/contracts` by `make docs`; change the contracts, not this page."
    yield ""
    yield "## Raw lines"
    yield ""
    yield (
        "`raw/<entity>/snapshot_date=D/<capture_id>-NNN.jsonl.gz`, one JSON object a line: "
        + ", ".join(f"`{name}`" for name in ENVELOPE)
        + " and `item`, the object as its source gave it."
    )
    yield ""
    yield "| entity | what an item is | fields that curation reads |"
    yield "|---|---|---|"
    for entity in (*ENTITIES, *LISTS):
        yield f"| `{entity.name}` | {entity.meaning} | {', '.join(f'`{name}`' for name in entity.item)} |"
    yield from _zone("Curated tables", "curated", CURATED, _UNREADABLE)
    yield from _zone("Marts", "marts", MARTS, _REASON)
    yield from _zone("Operations", "operations", OPERATIONS, _OPERATIONS)


def _zone(title: str, schema: str, tables: Iterable[Table], note: str) -> Iterator[str]:
    yield ""
    yield f"## {title}"
    yield ""
    yield note
    for table in tables:
        yield ""
        yield f"### {schema}.{table.name}"
        yield ""
        yield f"{table.meaning} Grain: {table.grain}." + (f" Key: {', '.join(table.key)}." if table.key else "")
        if table.sources:
            yield ""
            yield f"Made from raw {', '.join(table.sources)}."
        yield ""
        yield "| column | type | meaning | allowed | NULL when |"
        yield "|---|---|---|---|---|"
        for column in table.columns:
            unit = f" ({column.unit})" if column.unit else ""
            cells = [f"`{column.name}`", column.type.name.lower(), column.meaning + unit, _allowed(column)]
            yield f"| {' | '.join(cells)} | {column.null or 'never'} |"


def _allowed(column: Column) -> str:
    if column.values:
        return ", ".join(column.values)
    if column.references:
        return f"what stands in `{column.references}`"
    return "{:,} – {:,}".format(*column.between) if column.between else ""


if __name__ == "__main__":
    print(render(), end="")
