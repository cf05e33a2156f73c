"""Where pages read the marts: a snapshot of the published Parquet files, or Snowflake where the setting says so."""

from contextlib import ExitStack
from datetime import UTC, datetime
from decimal import Decimal
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from spotify_platform.settings import read_settings, read_snowflake_settings

if TYPE_CHECKING:
    from spotify_platform.home import Home


class Reading(Protocol):
    """What pages ask."""

    version: str  # of what is read; equal versions give equal answers

    def query(self, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """The columns and rows of a SELECT in DuckDB's dialect. Raises `PlatformError`."""

    def close(self) -> None:
        """Give back what is held."""


def version_of(home: "Home") -> str:
    """The version that `open_reading` would read now; cheap enough to be asked for each view of a page."""
    from spotify_platform.load.reader import newest_build

    if _is_snowflake(home):
        return f"snowflake {datetime.now(UTC):%Y-%m-%dT%H}"  # builds are daily; within an hour a new one is shown
    return newest_build(home.lake())


def open_reading(home: "Home") -> Reading:
    """Open what a home's pages read. The demo's is never Snowflake."""
    if _is_snowflake(home):
        return SnowflakeReading(version_of(home))
    from spotify_platform.load.reader import Snapshot

    return Snapshot(home.lake())


def _is_snowflake(home: "Home") -> bool:
    return home.name == "live" and read_settings().dashboard_source == "snowflake"


class SnowflakeReading:
    """The marts in Snowflake, by its reader role; one session, one statement at a time."""

    def __init__(self, version: str) -> None:
        """Log in. Raises `PlatformError` where that is not possible."""
        from spotify_platform.load.snowflake.names import Names
        from spotify_platform.resources.snowflake import open_session

        self.version = version
        self._held, self._one = ExitStack(), Lock()
        settings = read_snowflake_settings()
        session = open_session(settings, Names(settings.database).reader, {"asset": "dashboard"})
        self._session = self._held.enter_context(session)

    def query(self, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """As `Reading.query`; sqlglot translates the SELECT."""
        from spotify_platform.marts.dialect import rendered

        with self._one:
            columns, rows = self._session.table(rendered(sql, "snowflake"))
        return columns, [tuple(_number(value) for value in row) for row in rows]

    def close(self) -> None:
        """Log out."""
        self._held.close()


def _number(value: Any) -> Any:
    """Snowflake's sums and means of whole numbers are decimals; DuckDB's are not."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and value.as_tuple().exponent == 0 else float(value)
    return value
