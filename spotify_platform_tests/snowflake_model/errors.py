"""Errors as Snowflake numbers them, and which of them an error of DuckDB or fakesnow stands for.

The numbers are those that the connector's users see; Snowflake has no page that lists all of them. Those of pages:
https://docs.snowflake.com/en/sql-reference/functions/copy_history,
https://docs.snowflake.com/en/user-guide/key-pair-auth-troubleshooting.
"""

import re
from dataclasses import dataclass

import botocore.exceptions
import duckdb
import snowflake.connector.errors


@dataclass
class SqlError(Exception):
    """A statement that fails: number, SQLSTATE and message."""

    code: int
    state: str
    message: str

    def __str__(self) -> str:
        """As the connector shows it."""
        return f"{self.code:06d} ({self.state}): {self.message}"


def unknown(kind: str, name: str) -> SqlError:
    """An object that is not there, or that one may not know of."""
    state = "42S02" if kind == "Object" else "02000"
    return SqlError(2003, state, f"SQL compilation error:\n{kind} '{name}' does not exist or not authorized.")


def exists(name: str) -> SqlError:
    """An object that is there already."""
    return SqlError(2002, "42710", f"SQL compilation error:\nObject '{name}' already exists.")


def denied(kind: str, name: str) -> SqlError:
    """An object that may not be used like this."""
    message = f"SQL access control error:\nInsufficient privileges to operate on {kind.lower()} '{name}'"
    return SqlError(3001, "42501", message)


def impossible() -> SqlError:
    """What USE says to a name that is not there."""
    message = "SQL compilation error:\nObject does not exist, or operation cannot be performed."
    return SqlError(2043, "02000", message)


def not_modelled(what: str) -> SqlError:
    """Something that Snowflake has and the model has not. The number is the model's own."""
    return SqlError(999999, "0A000", f"The model of Snowflake has no {what}.")


_NO_TABLE = re.compile(r"(?:Table|View) with name \"?(.+?)\"? does not exist")
_NO_SCHEMA = re.compile(r"[Ss]chema (?:with name )?\"?'?([\w.$]+)\"?'? does not exist")
_NO_DATABASE = re.compile(r"Catalog \"?'?([\w$]+)\"?'? does not exist")
_NO_COLUMN = re.compile(r"Referenced (?:column|table) \"(.+?)\" not found")
_NULL = re.compile(r"NOT NULL constraint failed: \S+?\.?(\w+)$", re.MULTILINE)

_KINDS: list[tuple[type[Exception], int, str, str]] = [
    (duckdb.ParserException, 1003, "42000", "SQL compilation error:\n"),
    (duckdb.BinderException, 904, "42000", "SQL compilation error:\n"),
    (duckdb.CatalogException, 2140, "42601", "SQL compilation error:\n"),
    (duckdb.ConversionException, 100038, "22018", ""),
    (duckdb.OutOfRangeException, 100132, "22003", ""),
    (duckdb.InterruptException, 604, "57014", "SQL execution canceled: "),
    (duckdb.ConstraintException, 100072, "22000", ""),
]


def translated(error: Exception) -> SqlError:
    """The error that Snowflake gives where fakesnow or DuckDB gave this one.

    A number, never an answer of HTTP 500, since the connector repeats those for minutes.
    """
    if isinstance(error, SqlError):
        return error
    if isinstance(error, botocore.exceptions.ClientError):
        return SqlError(91003, "22000", f"Failure using stage area. Cause: [{error}]")
    cause = error.__cause__ if isinstance(error.__cause__, duckdb.Error) else error
    message = str(cause)
    if found := _NO_TABLE.search(message):
        return unknown("Object", found[1])
    if found := _NO_SCHEMA.search(message):
        return unknown("Schema", found[1])
    if found := _NO_DATABASE.search(message):
        return unknown("Database", found[1])
    if found := _NO_COLUMN.search(message):
        return SqlError(
            904, "42000", f"SQL compilation error: error line 1 at position 0\ninvalid identifier '{found[1]}'"
        )
    if found := _NULL.search(message):
        return SqlError(100072, "22000", f"NULL result in a non-nullable column ({found[1]})")
    if "Division by zero" in message:
        return SqlError(100051, "22012", "Division by zero")
    if "cannot affect the same target row more than once" in message:
        return SqlError(100090, "42P18", "Duplicate row detected during DML action")
    if isinstance(cause, duckdb.TransactionException) and "onflict" in message:
        return SqlError(625, "57014", "Statement has been aborted: another transaction holds the lock of this table.")
    if isinstance(error, snowflake.connector.errors.Error) and cause is error and error.errno is not None:
        return SqlError(error.errno, error.sqlstate or "42000", str(error.raw_msg))
    for kind, code, state, prefix in _KINDS:
        if isinstance(cause, kind):
            return SqlError(code, state, prefix + message)
    return SqlError(999998, "XX000", f"The model of Snowflake failed: {type(cause).__name__}: {message}")
