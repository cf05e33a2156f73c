"""What Dagster shows of a table: description, columns, group, kinds and owner, made from the contracts."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

import dagster as dg

from spotify_platform.assets.partitions import DAYS
from spotify_platform.contracts.table import Table

OWNER = "team:data-platform"
# A day's capture is made once a day; a day and a half without news is an alarm.
FRESH = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=36), warn_window=timedelta(hours=30))


# Column → the columns that its values are made of.
Origins = Mapping[str, Sequence[tuple[dg.AssetKey, str]]]


def column_schema(table: Table, origins: Origins) -> dg.TableSchema:
    """A table's columns as Dagster shows them, and where they come from."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                column.name,
                type=column.type.duckdb,
                description=column.meaning
                + (f" [{column.unit}]" if column.unit else "")
                + _made_of(table, column.name, origins.get(column.name, ())),
                constraints=dg.TableColumnConstraints(nullable=bool(column.null)),
            )
            for column in table.columns
        ],
        constraints=dg.TableConstraints(other=[f"{table.grain}: {', '.join(table.key)}"] if table.key else []),
    )


def column_lineage(origins: Origins) -> dg.TableColumnLineage:
    """The same as Dagster's own lineage of columns, which only the UI of Dagster+ shows (1.13.27).

    It stands with the definition, which that UI reads where a materialisation has none: so no event grows by it.
    """
    return dg.TableColumnLineage(
        {name: [dg.TableColumnDep(key, column) for key, column in columns] for name, columns in origins.items()}
    )


def _made_of(table: Table, column: str, origin: Sequence[tuple[dg.AssetKey, str]]) -> str:
    """What a column is made of, in words; nothing where it is only the same one of the same table."""
    found: dict[str, list[str]] = {}
    for key, name in origin:
        if (key.path[-1], name) != (table.name, column):
            found.setdefault("/".join(key.path), []).append(name)
    return "\n\n← " + "; ".join(f"{key}: {', '.join(names)}" for key, names in found.items()) if found else ""


def raw_spec(entity: str, meaning: str) -> dg.AssetSpec:
    """A raw entity: JSON lines in the lake."""
    return dg.AssetSpec(
        ["raw", entity],
        description=f"{meaning[0].upper()}{meaning[1:]}, verbatim, one JSON line each.",
        group_name="raw",
        kinds={"json"},
        owners=[OWNER],
        partitions_def=DAYS,
    )


def table_spec(
    zone: str,
    table: Table,
    deps: Iterable[dg.AssetKey],
    kinds: set[str],
    origins: Origins | None = None,
    links: Mapping[str, dg.MetadataValue] | None = None,
) -> dg.AssetSpec:
    """A table of a zone (curated, warehouse or marts); marts are not partitioned.

    `origins` is where its columns come from, as far as that is known; `links` lead to what shows it.
    """
    metadata: dict[str, object] = {"dagster/column_schema": column_schema(table, origins or {})}
    if origins:
        metadata["dagster/column_lineage"] = column_lineage(origins)
    return dg.AssetSpec(
        [zone, table.name],
        deps=list(deps),
        description=f"{table.meaning}\n\nGrain: {table.grain}.",
        group_name=zone,
        kinds=kinds,
        owners=[OWNER],
        metadata=metadata | dict(links or {}),
        partitions_def=None if zone == "marts" else DAYS,
        freshness_policy=FRESH if zone in ("curated", "marts") else None,
    )
