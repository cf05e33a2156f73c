"""What a table and a column are, and the schemas that follow from them.

The declarations themselves are in `raw`, `curated`, `marts` and `operations`.
"""

from dataclasses import dataclass
from enum import Enum


class Type(Enum):
    """The types of a column, each with DuckDB's name for it; Parquet's type follows from that."""

    STRING = "VARCHAR"
    STRINGS = "VARCHAR[]"
    INTEGER = "INTEGER"
    BIGINT = "BIGINT"
    DOUBLE = "DOUBLE"
    DECIMAL = "DECIMAL(38,18)"  # money and what is multiplied with prices
    BOOLEAN = "BOOLEAN"
    DATE = "DATE"
    TIMESTAMP = "TIMESTAMP"  # UTC without a zone; Parquet INT64 microseconds

    @property
    def duckdb(self) -> str:
        """The type's name in DuckDB."""
        return self.value

    @property
    def snowflake(self) -> str:
        """The type's name in Snowflake, as wide as DuckDB's: INTEGER has up to 10 digits and BIGINT 19.

        Snowflake's own INTEGER and BIGINT are both NUMBER(38, 0), and its FLOAT has 64 bits:
        docs.snowflake.com/en/sql-reference/data-types-numeric. VARCHAR without a length has the greatest, and an
        ARRAY's values any type: …/data-types-text, …/data-types-semistructured.
        """
        return _SNOWFLAKE[self]


_SNOWFLAKE = {
    Type.STRING: "VARCHAR",
    Type.STRINGS: "ARRAY",
    Type.INTEGER: "NUMBER(10,0)",
    Type.BIGINT: "NUMBER(19,0)",
    Type.DOUBLE: "FLOAT",
    Type.DECIMAL: "NUMBER(38,18)",
    Type.BOOLEAN: "BOOLEAN",
    Type.DATE: "DATE",
    Type.TIMESTAMP: "TIMESTAMP_NTZ(6)",  # of 9 digits of a second the 6 that DuckDB and Parquet have
}

string, strings, integer, bigint = Type.STRING, Type.STRINGS, Type.INTEGER, Type.BIGINT
double, boolean, date, timestamp = Type.DOUBLE, Type.BOOLEAN, Type.DATE, Type.TIMESTAMP
decimal = Type.DECIMAL


@dataclass(frozen=True)
class Column:
    """One column: its type, what it means, and what must hold for it.

    `null` says why the value may be missing; a column without it is never NULL. `between` is an inclusive range,
    `values` the allowed words, `references` the curated table that has a row of the same date with this value in the
    column of the same name. The audit checks all four.
    """

    name: str
    type: Type
    meaning: str
    unit: str = ""
    null: str = ""
    between: tuple[int, int] | None = None
    values: tuple[str, ...] = ()
    references: str = ""


@dataclass(frozen=True)
class Table:
    """One table: a sentence, its grain, its key, its columns, and the raw entities that feed it.

    `touched` is about a mart whose rows have a date: a changed day can change rows dated from so many days after it
    (negative: before it) to so many, or to the end (None). A mart without it is always made whole.
    """

    name: str
    meaning: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    sources: tuple[str, ...] = ()
    touched: tuple[int, int | None] | None = None

    @property
    def names(self) -> list[str]:
        """The names of the columns, in order."""
        return [column.name for column in self.columns]

    @property
    def day(self) -> str:
        """The column that says which date a row is about; a week is named by its first one. Empty: there is none."""
        return next((name for name in ("snapshot_date", "chart_week") if name in self.names), "")

    @property
    def duckdb_columns(self) -> dict[str, str]:
        """Column name → DuckDB type, in order: the schema of the table and of its Parquet files."""
        return {column.name: column.type.duckdb for column in self.columns}

    @property
    def snowflake_columns(self) -> dict[str, str]:
        """Column name → Snowflake type, in order: the schema of the table there."""
        return {column.name: column.type.snowflake for column in self.columns}
