"""A session with Snowflake: statements, transactions, and its errors as ours.

The connection is opened and closed by `resources`. The connector is not imported here: it takes a second.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from spotify_platform.contracts.errors import (
    AuthenticationError,
    LockedError,
    NotAllowedError,
    PlatformError,
    UnreachableError,
    WarehouseError,
)

# Numbers of Snowflake and of its connector (`snowflake.connector.errorcode`).
_LOGIN = {250001, 251008, 290404, 390100, 390101, 390144, *range(394300, 394307)}
_NOT_ALLOWED = {2003, 2043, 3001, 390189}
_LOST = {250002, 250003, 250005, 390111, 390112, 390114}
_LOCKED = {625}


class Session:
    """Statements over one connection; a `str` in, tuples out."""

    def __init__(self, connection: Any) -> None:
        """Work over a connection of `snowflake.connector`, which stays the caller's to close."""
        self.connection = connection

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of one statement.

        Raises `WarehouseError` for a statement that Snowflake refuses, `UnreachableError` when the connection is lost.
        """
        with ours(sql), self.connection.cursor() as cursor:
            cursor.execute(sql)
            found: Sequence[tuple[Any, ...]] = cursor.fetchall()
            return list(found)

    def table(self, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """The columns, in lower case, and the rows of one SELECT."""
        with ours(sql), self.connection.cursor() as cursor:
            cursor.execute(sql)
            return [column[0].lower() for column in cursor.description], list(cursor.fetchall())

    def records(self, sql: str) -> list[dict[str, Any]]:
        """The rows of one statement by the names of their columns, in lower case."""
        names, rows = self.table(sql)
        return [dict(zip(names, row, strict=True)) for row in rows]

    def arrow(self, sql: str) -> Any:
        """The rows of one SELECT as a `pyarrow.Table`; None when there are none."""
        import pyarrow

        with ours(sql), self.connection.cursor() as cursor:
            cursor.execute(sql)
            if not cursor.rowcount:
                return None
            # Each part of a result has numbers as narrow as its own values, so that plain concatenation would fail:
            # https://github.com/snowflakedb/snowflake-connector-python/issues/1170
            return pyarrow.concat_tables(cursor.fetch_arrow_batches(), promote_options="permissive")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All statements inside or none: what raises, and be it an interruption, is rolled back."""
        self.rows("begin")
        try:
            yield
            self.rows("commit")
        except BaseException:
            # A connection that is lost takes its transaction with it; Snowflake gives its locks back within minutes:
            # https://docs.snowflake.com/en/sql-reference/transactions#aborting-transactions
            with suppress(PlatformError):
                self.rows("rollback")
            raise


@contextmanager
def ours(doing: str) -> Iterator[None]:
    """The connector's errors as ours; `doing` is the statement, of which the first words are told."""
    from snowflake.connector.errors import Error, OperationalError

    try:
        yield
    except Error as error:
        number, said = error.errno or 0, _plain(error)
        # An answer that is no answer of Snowflake's: 290000 is added to its status each time it is passed on.
        status = number % 290_000 if number > 290_000 else 0
        about = " ".join(doing.split())[:80]
        busy = status in (408, 429) or 500 <= status < 600
        if busy or number in _LOST or isinstance(error, OperationalError):
            raise UnreachableError(f"{about}: Snowflake could not be reached: {said} Run it again.") from None
        if number in _LOCKED:
            raise LockedError(f"{about}: {said} Another loader, or one that was killed, holds the table.") from None
        if number in _LOGIN:
            raise AuthenticationError(
                f"Snowflake did not accept the user or its key: {said} Correct SPOTIFY_PLATFORM_SNOWFLAKE_ACCOUNT, "
                "_USER or _PRIVATE_KEY_PATH; `spotify-platform doctor` checks them."
            ) from None
        if number in _NOT_ALLOWED:
            raise NotAllowedError(
                f"{about}: {said} Grant it, or run `spotify-platform warehouse apply` with a role that may."
            ) from None
        raise WarehouseError(f"{about}: Snowflake refused: {said}") from None


def _plain(error: Any) -> str:
    """An error's text in one line, cut: Snowflake repeats whole statements."""
    return " ".join(str(error.raw_msg or error.msg or error).split())[:500]
