"""What Dagster shows of a table: description, columns, group, kinds and owner, made from the contracts."""

from collections.abc import Iterable, Mapping
from datetime import timedelta

import dagster as dg

from spotify_platform.assets.partitions import DAYS
from spotify_platform.contracts.table import Table

OWNER = "team:data-platform"
# A day's capture is made once a day; a day and a half without news is an alarm.
FRESH = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=36), warn_window=timedelta(hours=30))


def column_schema(table: Table) -> dg.TableSchema:
    """A table's columns as Dagster shows them."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                column.name,
                type=column.type.duckdb,
                description=column.meaning + (f" [{column.unit}]" if column.unit else ""),
                constraints=dg.TableColumnConstraints(nullable=bool(column.null)),
            )
            for column in table.columns
        ],
        constraints=dg.TableConstraints(other=[f"{table.grain}: {', '.join(table.key)}"] if table.key else []),
    )


def column_lineage(made_of: Mapping[str, Iterable[tuple[dg.AssetKey, str]]]) -> dict[str, dg.TableColumnLineage]:
    """Where each column of a table comes from, as metadata.

    It stands with the definition, which the UI reads where a materialisation has none: so no event grows by it.
    """
    deps = {name: [dg.TableColumnDep(key, column) for key, column in columns] for name, columns in made_of.items()}
    return {"dagster/column_lineage": dg.TableColumnLineage(deps)}


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
    zone: str, table: Table, deps: Iterable[dg.AssetKey], kinds: set[str], metadata: Mapping[str, object] | None = None
) -> dg.AssetSpec:
    """A table of a zone (curated, warehouse or marts), with what else is known of it; marts are not partitioned."""
    return dg.AssetSpec(
        [zone, table.name],
        deps=list(deps),
        description=f"{table.meaning}\n\nGrain: {table.grain}.",
        group_name=zone,
        kinds=kinds,
        owners=[OWNER],
        metadata={"dagster/column_schema": column_schema(table), **(metadata or {})},
        partitions_def=None if zone == "marts" else DAYS,
        freshness_policy=FRESH if zone in ("curated", "marts") else None,
    )
