"""One session: a statement after the other, and the transaction they are in.

What a statement does is said elsewhere; here it is only sent there. After
https://docs.snowflake.com/en/sql-reference/transactions: DDL commits the open transaction and is none's part; a
statement that fails leaves the transaction open with what was done before; the end of a session rolls back; without
autocommit the first DML begins a transaction. TRUNCATE is DML
(https://docs.snowflake.com/en/sql-reference/sql-dml), which not every page of Snowflake's agrees with: DELETE is safer.

After https://docs.snowflake.com/en/sql-reference/sql/create-database, …/create-schema and …/use-database: making a
database or schema makes it current, and a database begins with the schema PUBLIC.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from fakesnow.conn import FakeSnowflakeConnection
from fakesnow.dialect import parse_one
from fakesnow.instance import FakeSnow
from sqlglot import Expr, exp

from spotify_platform_tests.snowflake_model import results, stages, statements
from spotify_platform_tests.snowflake_model.account import Context, Load
from spotify_platform_tests.snowflake_model.corrections import Cursor
from spotify_platform_tests.snowflake_model.errors import SqlError, impossible, not_modelled, translated, unknown
from spotify_platform_tests.snowflake_model.faults import Mention
from spotify_platform_tests.snowflake_model.pipes import Snowpipe
from spotify_platform_tests.snowflake_model.results import DONE, status
from spotify_platform_tests.snowflake_model.words import Name, Words

_DDL = {"CREATE", "ALTER", "DROP", "GRANT", "REVOKE", "COMMENT", "UNDROP"}
_DML = {"INSERT": results.INSERT, "UPDATE": results.UPDATE, "DELETE": results.DELETE, "MERGE": results.MERGE}
_QUERIES = {"SELECT", "WITH"}


@dataclass(frozen=True)
class Answer:
    """What a statement answers with: rows, or for PUT what the connector needs to upload."""

    rows: pa.Table
    kind: int
    upload: dict[str, Any] | None = None


class Session:
    """A session of a user, with a connection of DuckDB's of its own."""

    def __init__(self, fakesnow: FakeSnow, context: Context, snowpipe: Snowpipe) -> None:
        self.context = context
        self.lock = threading.Lock()
        self._fakesnow = fakesnow
        self._snowpipe = snowpipe
        self._connection = FakeSnowflakeConnection(
            context.duck, {}, None, None, create_database=False, create_schema=False
        )
        self._open = False
        self._redo: list[Callable[[], None]] = []
        self._loads: list[Load] = []

    def start(self, database: str | None, schema: str | None) -> None:
        """Use what the login asks for, if it is there; Snowflake lets one in without, too."""
        statements.set_parameter(self.context, "TIMEZONE", self.context.parameters.get("TIMEZONE"))
        if database and (database,) in self.context.schemas():
            self._use((database, schema or "PUBLIC"))

    def end(self) -> None:
        """Roll back what is open, and be gone."""
        with self.lock:
            if self._open:
                self._rollback()
            self.context.duck.close()

    def interrupt(self) -> None:
        """Break off the statement that runs."""
        self.context.duck.interrupt()

    def run(self, sql: str, params: list[Any] | None, batch: list[list[Any]] | None) -> Answer:
        """Run one statement. Raises `SqlError`, and nothing else, when it fails."""
        try:
            return self._run(sql, params, batch)
        except Exception as error:  # every failure is an SQL error; see `translated`
            failure = translated(error)
            if self._open:
                self._again()
            raise failure from error

    def _run(self, sql: str, params: list[Any] | None, batch: list[list[Any]] | None) -> Answer:
        words = Words(sql)
        head = words.next
        if not head:
            raise SqlError(900, "42601", "SQL compilation error:\nEmpty SQL statement.")
        if count := sum(token.text == ";" for token in words.tokens):
            message = f"Actual statement count {count + 1} did not match the desired statement count 1."
            raise SqlError(8, "0A000", message)
        if (ended := self._transaction(words)) is not None:
            return Answer(ended, results.OTHER)
        if self._open and head in _DDL and not words.begins("ALTER SESSION"):
            self._commit()
        autocommit = self.context.parameters.get("AUTOCOMMIT", True)
        if words.accept("PUT"):
            return Answer(status(DONE), results.OTHER, stages.put(self.context, words))
        if words.accept("COPY INTO"):
            return self._copy(words)
        if words.accept("LIST") or words.accept("LS"):
            return Answer(stages.listed(self.context, words), results.OTHER)
        if words.accept("REMOVE") or words.accept("RM"):
            return Answer(stages.removed(self.context, words), results.OTHER)
        for handler in (self._snowpipe.run, statements.run, self._used):
            if (rows := handler(self.context, words)) is not None:
                if self._open and self.context.parameters.get("AUTOCOMMIT", True) != autocommit:
                    self._commit()
                return Answer(rows, results.OTHER)
        return self._query(sql, head, params, batch)

    # Transactions

    def _transaction(self, words: Words) -> pa.Table | None:
        if words.accept("BEGIN") or words.accept("START TRANSACTION"):
            if not self._open:
                self._begin()
        elif words.accept("COMMIT"):
            if self._open:
                self._commit()
        elif words.accept("ROLLBACK"):
            if self._open:
                self._rollback()
        else:
            return None
        return status(DONE)

    def _begin(self) -> None:
        self.context.duck.execute("begin")
        self._open = True

    def _commit(self) -> None:
        # A conflict shows here at the latest; the transaction is gone then, as it is for the one that waited too long.
        self._open = False
        loads, self._loads, self._redo = self._loads, [], []
        self.context.duck.execute("commit")
        self.context.account.loads.extend(loads)

    def _rollback(self) -> None:
        self._open = False
        self._loads, self._redo = [], []
        self.context.duck.execute("rollback")

    def _again(self) -> None:
        """Do once more what the open transaction had done: DuckDB drops it all at any error, Snowflake does not."""
        done = self._redo
        self.context.duck.execute("rollback")
        self.context.duck.execute("begin")
        try:
            for write in done:
                write()
        except Exception as error:
            self._rollback()
            raise SqlError(999998, "40000", f"The model lost a transaction: {error}") from error

    def _write(self, write: Callable[[], None]) -> None:
        """Write in the open transaction, or in one for this statement alone."""
        if not self._open and self.context.parameters.get("AUTOCOMMIT", True) is False:
            self._begin()
        if self._open:
            write()
            self._redo.append(write)
            return
        self.context.duck.execute("begin")
        try:
            write()
        except BaseException:
            self.context.duck.execute("rollback")
            raise
        self.context.duck.execute("commit")

    # Statements

    def _copy(self, words: Words) -> Answer:
        copied = stages.parsed(self.context, words)
        self.context.require_warehouse()
        made = stages.copy(self.context, copied, self._fakesnow.duck_conn.cursor)
        self._write(lambda: made.write(self.context.duck))
        (self._loads if self._open else self.context.account.loads).extend(made.loads)
        return Answer(made.answer, results.OTHER)

    def _used(self, context: Context, words: Words) -> pa.Table | None:
        if not words.accept("USE"):
            return None
        if words.accept("DATABASE"):
            name: Name = (*words.name(), "PUBLIC")
        elif words.accept("SCHEMA"):
            name = context.full((*words.name(), ""))[:2]
        else:
            name = words.name()
            name = (*name, "PUBLIC") if len(name) == 1 else name
        context.touch("USE", "Schema", name)
        context.touch("USE", "Database", name[:1])
        self._use(name)
        return status(DONE)

    def _use(self, name: Name) -> None:
        found = self.context.schemas()
        if name[:1] not in found or (name not in found and name[1] != "PUBLIC"):
            raise impossible()
        there = name in found
        self.context.duck.execute(f"set schema = '{name[0]}.{name[1] if there else 'main'}'")
        self._connection.database, self._connection.database_set = name[0], True
        self._connection._schema, self._connection.schema_set = (name[1] if there else None), there
        self.context.database, self.context.schema = name[0], (name[1] if there else None)

    def _query(self, sql: str, head: str, params: list[Any] | None, batch: list[list[Any]] | None) -> Answer:
        expression = parse_one(sql)
        mentions = _mentions(self.context, expression)
        self.context.account.faults.check(mentions)
        if isinstance(expression, exp.Drop) and str(expression.args.get("kind")).upper() == "DATABASE":
            return Answer(self._drop_database(mentions[0][2], bool(expression.args.get("exists"))), results.OTHER)
        try:
            return self._statement(sql, expression, head, params, batch)
        except Exception as error:
            if translated(error).code == 2003 and not isinstance(error, SqlError):
                # DuckDB tells a part of the name, Snowflake all of it.
                for verb, kind, name in mentions:
                    if verb != "CREATE" and kind in ("Table", "View") and len(name) == 3:
                        if self._open:
                            self._again()
                        self.context.require_table(name)
            raise

    def _drop_database(self, name: Name, tolerate: bool) -> pa.Table:
        if name not in self.context.schemas():
            if tolerate:
                return status("Drop statement executed successfully.")
            raise unknown("Database", name[0])
        self.context.duck.execute("set schema = 'memory.main'")
        self.context.duck.execute(f'detach "{name[0]}"')
        self.context.account.forget(name)
        if self.context.database == name[0]:
            self._connection.database_set = self._connection.schema_set = False
            self.context.database = self.context.schema = None
        return status(f"{name[0]} successfully dropped.")

    def _statement(
        self, sql: str, expression: Expr, head: str, params: list[Any] | None, batch: list[list[Any]] | None
    ) -> Answer:
        computes = head in _DML or (head in _QUERIES and expression.find(exp.Table) is not None)
        if computes:
            self.context.require_warehouse()
        cursor = Cursor(self._connection, self.context, self._snowpipe)
        if head in _DML or head == "TRUNCATE":
            count = 0

            def write() -> None:
                nonlocal count
                count = 0
                for values in batch if batch is not None else [params]:
                    cursor.execute(sql, binding_params=values, server=True)
                    count += sum(int(column[0].as_py()) for column in cursor.rows.columns) if head in _DML else 0

            self._write(write)
            rows = cursor.rows
            if batch is not None and rows is not None:
                rows = pa.table({rows.schema.names[0]: [count]})
        else:
            if batch is not None:
                raise not_modelled("many rows of bind variables for anything but DML")
            before = self.context.schemas() if head == "CREATE" else set()
            cursor.execute(sql, binding_params=params, server=True)
            rows = cursor.rows
            self._follow(expression, before)
        if head == "TRUNCATE":
            for table in expression.find_all(exp.Table):
                self.context.account.forget_loads(_full(self.context, table))
        return Answer(rows, _DML.get(head, results.SELECT if head in _QUERIES else results.OTHER))

    def _follow(self, expression: Expr, before: set[Name]) -> None:
        """What making and dropping means for the session and for other objects."""
        kind = str(expression.args.get("kind") or "").upper()
        table = expression.find(exp.Table)
        if not isinstance(expression, exp.Create | exp.Drop) or table is None:
            return
        account, context = self.context.account, self.context
        if kind == "DATABASE":
            name: Name = (_part(table.this),)
        elif kind == "SCHEMA":
            name = (_part(table.args["catalog"]) if table.args.get("catalog") else "", _part(table.args["db"]))
            name = name if name[0] else context.full((name[1], ""))[:2]
        else:
            name = _full(context, table)
        if isinstance(expression, exp.Drop):
            account.forget(name) if kind in ("DATABASE", "SCHEMA") else account.forget_loads(name)
            if kind == "DATABASE" and context.database == name[0]:
                context.database = context.schema = None
            elif kind == "SCHEMA" and (context.database, context.schema) == name:
                context.schema = None
        elif kind == "DATABASE" and name not in before:
            context.duck.execute(f'create schema "{name[0]}"."PUBLIC"')
            self._use((*name, "PUBLIC"))
        elif kind == "SCHEMA":
            self._use(name if name not in before or context.schema is None else (str(context.database), context.schema))
        elif kind == "TABLE" and not expression.args.get("exists"):
            account.forget_loads(name)


def _part(identifier: Expr) -> str:
    return identifier.name if identifier.args.get("quoted") else identifier.name.upper()


def _full(context: Context, table: exp.Table) -> Name:
    return context.full(tuple(_part(table.args[key]) for key in ("catalog", "db", "this") if table.args.get(key)))


def _mentions(context: Context, expression: Expr) -> list[Mention]:
    """What a statement does to which objects: its verb to the one it is about, SELECT to the others."""
    written = isinstance(
        expression,
        exp.Insert | exp.Update | exp.Delete | exp.Merge | exp.Create | exp.Drop | exp.Alter | exp.TruncateTable,
    )
    target = expression.find(exp.Table) if written else None
    kind = str(expression.args.get("kind") or "TABLE").capitalize()
    named = {cte.alias.upper() for cte in expression.find_all(exp.CTE)}
    found: list[Mention] = []
    for table in expression.find_all(exp.Table):
        if table is target and kind in ("Database", "Schema"):
            keys = [key for key in ("catalog", "db", "this") if isinstance(table.args.get(key), exp.Identifier)]
            name = tuple(_part(table.args[key]) for key in keys if table.args[key].name)
            found.append((_verb(expression), kind, name if kind == "Database" else context.full((*name, ""))[:2]))
        elif isinstance(table.this, exp.Identifier) and not (table.name.upper() in named and not table.db):
            verb = _verb(expression) if table is target else "SELECT"
            found.append((verb, kind if table is target else "Table", _full(context, table)))
    return found


def _verb(expression: Expr) -> str:
    return "TRUNCATE" if isinstance(expression, exp.TruncateTable) else expression.key.upper()
