"""Where fakesnow 0.12.1 or DuckDB answers otherwise than Snowflake's documentation says, and what is put right.

Written for that version of fakesnow, which is asserted. The cursor is a subclass; `install` holds the patches that a
subclass cannot do. Errors are translated in `errors`, values in `results`, transactions kept in `session`.

- MERGE is DuckDB's own, which works in a transaction; fakesnow's in several steps does not. Two source rows for one
  target row are an error: https://docs.snowflake.com/en/sql-reference/sql/merge.
- LISTAGG of no values is '' and its delimiter is '' unless given:
  https://docs.snowflake.com/en/sql-reference/functions/listagg.
- Division by zero is an error (100051), not NULL: https://docs.snowflake.com/en/sql-reference/functions/div0.
- The sum of integers is one; fakesnow casts all that is summed to float.
- CURRENT_TIMESTAMP is the time of the statement, not of the transaction's begin, and is the model's clock's:
  https://docs.snowflake.com/en/sql-reference/functions/current_timestamp.
- A column without a name is called by its text, in capitals.
- Functions of the session and of Snowpipe: …/functions/current_role and its like, …/functions/system_pipe_status,
  …/functions/copy_history.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from string import Template
from typing import Any

import duckdb
import fakesnow.transforms
import pyarrow as pa
from fakesnow import info_schema
from fakesnow.conn import FakeSnowflakeConnection
from fakesnow.cursor import FakeSnowflakeCursor
from fakesnow.transforms import transforms
from sqlglot import Expr, exp

from spotify_platform_tests.snowflake_model import account
from spotify_platform_tests.snowflake_model.account import Context
from spotify_platform_tests.snowflake_model.errors import SqlError, not_modelled
from spotify_platform_tests.snowflake_model.pipes import HISTORY_COLUMNS, Snowpipe
from spotify_platform_tests.snowflake_model.words import parts

VERSION = "0.12.1"

_WITH_OFFSET = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)? [+-]\d\d:?\d\d")
# Words that only DuckDB keeps for itself, such as `at`.
_RESERVED = {
    word
    for (word,) in duckdb.sql(
        "select keyword_name from duckdb_keywords() where keyword_category <> 'unreserved'"
    ).fetchall()
}


def install() -> None:
    """Patch fakesnow. Fails for any other version than the one this was written for."""
    if (found := version("fakesnow")) != VERSION:
        raise RuntimeError(f"fakesnow {found}: the model of Snowflake is written for {VERSION}.")
    fakesnow.transforms.numeric_agg_implicit_cast = lambda expression: expression
    # Its timestamps with a zone are TIMESTAMP_TZ; those that are asked for here are TIMESTAMP_LTZ.
    view = "SQL_CREATE_GLOBAL_INFORMATION_SCHEMA_COLUMNS_VIEW"
    setattr(info_schema, view, getattr(info_schema, view).replace("'TIMESTAMP_TZ'", "'TIMESTAMP_LTZ'"))
    described = transforms.SQL_DESCRIBE_TABLE.template.replace("TIMESTAMP_TZ", "TIMESTAMP_LTZ")
    transforms.SQL_DESCRIBE_TABLE = Template(described)


class Cursor(FakeSnowflakeCursor):
    """fakesnow's cursor, corrected."""

    def __init__(self, connection: FakeSnowflakeConnection, context: Context, snowpipe: Snowpipe) -> None:
        super().__init__(connection, context.duck)
        self._context = context
        self._snowpipe = snowpipe

    @property
    def rows(self) -> pa.Table:
        """The answer to the last statement."""
        return self._arrow_table

    def _inline_variables(self, sql: str) -> str:
        # Session variables are not modelled, and `$` stands in patterns.
        return sql

    def _transform_explode(self, expression: Expr) -> list[Expr]:
        if isinstance(expression, exp.Merge):
            return [expression]
        return super()._transform_explode(expression)

    def _transform(self, expression: Expr, params: Any) -> Expr:
        if isinstance(expression, exp.Command):
            raise not_modelled(f"statement like {expression.sql(dialect='snowflake')[:60]!r}")
        if isinstance(expression, exp.Select):
            _names(expression)
        _divisions(expression)
        _listagg(expression)
        _offsets(expression)
        _to_timestamps(expression)
        # A view or a default keeps its functions.
        if not isinstance(expression, exp.Create | exp.Alter):
            self._session_functions(expression)
            self._copy_history(expression)
            _now(expression, self._context.account.now())
        transformed = super()._transform(expression, params)
        for identifier in transformed.find_all(exp.Identifier):
            if identifier.name.lower() in _RESERVED:
                identifier.set("quoted", True)
        return transformed

    def _execute(self, transformed: Expr, params: Any = None) -> None:
        if not isinstance(transformed, exp.Merge):
            super()._execute(transformed, params)
            return
        sql = transformed.sql(dialect="duckdb")
        done = [action for (action,) in self._duck_conn.execute(f"{sql} returning merge_action", params).fetchall()]
        clauses = {
            when.args["then"].key if isinstance(when.args["then"], Expr) else ""
            for when in transformed.args["whens"].expressions
        }
        counted = [
            f'{done.count(action.upper())} as "number of rows {past}"'
            for action, past, key in (
                ("insert", "inserted", "insert"),
                ("update", "updated", "update"),
                ("delete", "deleted", "var"),
            )
            if key in clauses
        ]
        self._arrow_table = self._duck_conn.sql(f"select {', '.join(counted)}").to_arrow_table()

    def _session_functions(self, expression: Expr) -> None:
        context = self._context
        values: dict[str, Callable[[], str | None]] = {
            "CURRENT_ROLE": lambda: context.role,
            "CURRENT_WAREHOUSE": lambda: context.warehouse,
            "CURRENT_USER": lambda: context.user,
            "CURRENT_ACCOUNT": lambda: account.NAME,
            "CURRENT_ACCOUNT_NAME": lambda: account.NAME,
            "CURRENT_ORGANIZATION_NAME": lambda: account.NAME,
            "CURRENT_REGION": lambda: "AWS_US_EAST_1",
            "CURRENT_DATABASE": lambda: context.database,
            "CURRENT_SCHEMA": lambda: context.schema,
        }
        for node in list(expression.find_all(exp.Func)):
            name = node.name.upper() if isinstance(node, exp.Anonymous) else node.sql_name()
            if name in values:
                _put(node, _literal(values[name]()), f"{name}()")
            elif name == "SYSTEM$PIPE_STATUS":
                given = node.expressions[0].name
                _put(node, _literal(self._snowpipe.status(context, given)), f"SYSTEM$PIPE_STATUS('{given}')")

    def _copy_history(self, expression: Expr) -> None:
        for number, function in enumerate(list(expression.find_all(exp.Anonymous))):
            if function.name.upper() != "COPY_HISTORY":
                continue
            table = function.find_ancestor(exp.TableFromRows)
            if table is None:
                raise SqlError(1003, "42000", "SQL compilation error:\nCOPY_HISTORY is a table function.")
            given = {kwarg.this.name.upper(): kwarg.expression for kwarg in function.find_all(exp.Kwarg)}
            if not {"TABLE_NAME", "START_TIME"} <= given.keys():
                raise SqlError(938, "22023", "SQL compilation error:\nnot enough arguments for function [COPY_HISTORY]")
            name = self._context.full(parts(given["TABLE_NAME"].name))
            start = self._moment(given["START_TIME"])
            end = self._moment(given["END_TIME"]) if "END_TIME" in given else None
            rows = self._snowpipe.history(self._context, name, start, end)
            registered = f"copy_history_{number}"
            self._duck_conn.register(registered, _history(rows))
            columns = [f"cast({column} as {kind}) as {column}" for column, kind in HISTORY_COLUMNS.items()]
            history = exp.select(*columns, dialect="duckdb").from_(registered, dialect="duckdb")
            table.replace(history.subquery(table.alias or "copy_history"))

    def _moment(self, expression: Expr) -> datetime:
        cursor = Cursor(self._conn, self._context, self._snowpipe)
        cursor.execute(f"select ({expression.sql(dialect='snowflake')})::timestamp_ltz as moment")
        moment: datetime = cursor.rows.column(0)[0].as_py()
        return moment.astimezone(UTC)


def _history(rows: list[tuple[Any, ...]]) -> pa.Table:
    kinds = {"varchar": pa.string(), "bigint": pa.int64(), "timestamptz": pa.timestamp("us", tz="UTC")}
    arrays = [pa.array([row[i] for row in rows], kinds[kind]) for i, kind in enumerate(HISTORY_COLUMNS.values())]
    return pa.Table.from_arrays(arrays, names=list(HISTORY_COLUMNS))


def _literal(value: str | None) -> Expr:
    literal: Expr = exp.null() if value is None else exp.Literal.string(value)
    return literal


def _put(node: Expr, replacement: Expr, name: str) -> None:
    """Replace a node; a column of an inner query keeps its name."""
    if isinstance(node.parent, exp.Select) and node.arg_key == "expressions":
        replacement = exp.alias_(replacement, name, quoted=True)
    node.replace(replacement)


def _names(expression: exp.Select) -> None:
    """A column without a name is called by its text, in capitals."""
    for column in expression.expressions:
        if not isinstance(column, exp.Alias | exp.Column | exp.Star | exp.Dot):
            column.replace(exp.alias_(column.copy(), column.sql(dialect="snowflake").upper(), quoted=True))


def _offsets(expression: Expr) -> None:
    """DuckDB reads `… 00:00:00 +00:00` as a zone's name; fakesnow mends it in casts only."""
    for values in expression.find_all(exp.Values, exp.Tuple):
        for literal in values.find_all(exp.Literal):
            if literal.is_string and _WITH_OFFSET.fullmatch(literal.this):
                literal.set("this", literal.this.replace(" +", "+").replace(" -", "-"))


def _to_timestamps(expression: Expr) -> None:
    """`to_timestamp_ltz` of more than a text; sqlglot knows that of texts."""
    for node in reversed(list(expression.find_all(exp.Anonymous))):
        if node.name.upper() in ("TO_TIMESTAMP_LTZ", "TO_TIMESTAMP_TZ") and len(node.expressions) == 1:
            node.replace(exp.cast(node.expressions[0].copy(), exp.DataType.Type.TIMESTAMPTZ))


def _divisions(expression: Expr) -> None:
    for node in reversed(list(expression.find_all(exp.Div, exp.Mod))):
        divisor = node.expression
        if isinstance(divisor, exp.Literal) and float(divisor.this) != 0:
            continue
        zero = exp.EQ(this=exp.paren(divisor.copy()), expression=exp.Literal.number(0))
        failure = exp.Anonymous(this="error", expressions=[exp.Literal.string("Division by zero")])
        node.replace(exp.paren(exp.case().when(zero, failure).else_(node.copy())))


def _listagg(expression: Expr) -> None:
    for node in list(expression.find_all(exp.GroupConcat)):
        if node.args.get("separator") is None:
            node.set("separator", exp.Literal.string(""))
        outer: Expr = node
        while isinstance(outer.parent, exp.WithinGroup | exp.Window | exp.Filter) and outer.arg_key == "this":
            outer = outer.parent
        column = f"{node.sql(dialect='snowflake').upper()}"
        _put(outer, exp.Coalesce(this=outer.copy(), expressions=[exp.Literal.string("")]), column)


def _now(expression: Expr, now: datetime) -> None:
    for node in list(expression.find_all(exp.CurrentTimestamp, exp.CurrentDate)):
        moment = exp.cast(exp.Literal.string(now.isoformat()), exp.DataType.Type.TIMESTAMPTZ)
        value = moment if isinstance(node, exp.CurrentTimestamp) else exp.cast(moment, exp.DataType.Type.DATE)
        _put(node, value, f"{node.sql_name()}()")
