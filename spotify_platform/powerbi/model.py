"""The semantic model: which marts are in it, how they hang together, and what people see of their columns.

Columns and types are the marts' own, from the contracts. A row of a fact finds its market, day, week, artist, track and
album by the column that it shares with the dimension: a star. The one dimension that is no mart is `dim_week`, the
charting weeks of `dim_date`: a mart of weeks names a week by its Friday, which may be before the calendar's first day.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from spotify_platform.contracts.marts import MARTS, MARTS_BY_NAME
from spotify_platform.contracts.table import Column, Table, Type
from spotify_platform.powerbi.measures import MEASURES, Measure

# The bridges are many to many: their answers are in the marts already, and filters would run in circles.
_LEFT_OUT = {"bridge_track_artist", "bridge_artist_genre"}

WEEK = Table(
    "dim_week",
    "The charting weeks, Friday to Thursday.",
    "one row per charting week",
    ("chart_week",),
    tuple(column for column in MARTS_BY_NAME["dim_date"].columns if column.name == "chart_week"),
)
TABLES = (*(mart for mart in MARTS if mart.name not in _LEFT_OUT), WEEK)
TABLES_BY_NAME = {table.name: table for table in TABLES}

# Which dimension a shared column belongs to.
_DIMENSIONS = {
    "snapshot_date": "dim_date",
    "chart_week": "dim_week",
    "market": "dim_market",
    "artist_id": "dim_artist",
    "track_id": "dim_track",
    "album_id": "dim_album",
}
# DateTime is the only type of a day; the format and an annotation take its hours away.
DATA_TYPES = {
    Type.STRING: "string",
    Type.INTEGER: "int64",
    Type.BIGINT: "int64",
    Type.DOUBLE: "double",
    Type.BOOLEAN: "boolean",
    Type.DATE: "dateTime",
}


@dataclass(frozen=True)
class Relationship:
    """Many rows of a table point to one row of a dimension; filters go from the dimension to the table."""

    table: str
    dimension: str
    column: str

    @property
    def name(self) -> str:
        """A name that stays the same."""
        return f"{self.table}_{self.column}"


def source_of(table: Table) -> str:
    """The mart that a table's rows come from."""
    return "dim_date" if table is WEEK else table.name


def is_dimension(table: Table) -> bool:
    """Whether it is a dimension; else it is a fact."""
    return table.name.startswith("dim_")


def key_of(table: Table) -> str:
    """The column by which a dimension is found; empty for a fact."""
    return table.key[0] if is_dimension(table) else ""


def relationships() -> Iterator[Relationship]:
    """The star: from each fact to the dimensions that it has a column of, and from days to weeks."""
    for table in TABLES:
        if not is_dimension(table):
            for column, dimension in _DIMENSIONS.items():
                if column in table.names:
                    yield Relationship(table.name, dimension, column)
    yield Relationship("dim_date", WEEK.name, "chart_week")


def is_hidden(table: Table, column: Column) -> bool:
    """Whether people do not see a column: a fact's own copy of a dimension's key, or a key that is no name."""
    return (not is_dimension(table) and column.name in _DIMENSIONS) or column.name.endswith(("_id", "_key"))


def format_of(column: Column) -> str:
    """How a column's values are written."""
    if column.type is Type.DATE:
        return "yyyy-mm-dd"
    if column.type is Type.DOUBLE:
        return "0.0%" if column.unit == "0–1" else "0.000"
    if column.type in (Type.INTEGER, Type.BIGINT):
        return "0" if column.name == "year" else "#,0"
    return ""


def description_of(column: Column) -> str:
    """What a column means, in which unit, and why it may be blank."""
    unit = f" [{column.unit}]" if column.unit else ""
    blank = f"; blank: {column.null}" if column.null else ""
    return f"{column.meaning[0].upper()}{column.meaning[1:]}{unit}{blank}"


def measures_of(table: Table) -> list[Measure]:
    """The measures whose home a table is."""
    return [measure for measure in MEASURES if measure.table == table.name]
