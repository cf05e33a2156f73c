"""Where the dashboard's rows come from: `query`, one function for all pages.

It reads a snapshot of the published marts, or Snowflake (SPOTIFY_PLATFORM_DASHBOARD_SOURCE), and keeps it, and each
answer, as long as the published build is the same. It never opens the warehouse's file, so no writer waits for it.
"""

from datetime import UTC, date, datetime
from typing import Any

import streamlit as st

from spotify_platform.audits import AuditOfDate
from spotify_platform.cost.outlook import Outlook, outlook
from spotify_platform.health import Captured, newest_audit, newest_captures
from spotify_platform.home import Home, active_home
from spotify_platform.lake import keys
from spotify_platform.load.reader import query as read_only
from spotify_platform.resources.reading import Reading, open_reading, version_of


def home() -> Home:
    """The home that is shown: the demo's until real data is there."""
    return active_home()


def version() -> str:
    """The build that is shown."""
    return version_of(home())


def query(sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The columns and rows of a SELECT in DuckDB's dialect. Raises `PlatformError`."""
    if "operations." in sql:  # the ledger of costs is in the lake, wherever the marts are
        return _reckoned(home().lake_url, _newest_ledger(), sql)
    return _answer(home().lake_url, version(), sql)


@st.cache_data(max_entries=2_000, show_spinner=False)
def _answer(lake_url: str, version: str, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    return _opened(lake_url, version).query(sql)


def ledger() -> Outlook:
    """What the month will come to, by the ledger of costs."""
    return _outlook(home().lake_url, _newest_ledger(), datetime.now(UTC).date())


def _newest_ledger() -> str:
    """When costs were last reckoned: one LIST."""
    return str(max(home().lake().ages(keys.COST).values(), default=""))


@st.cache_data(max_entries=200, show_spinner=False)
def _reckoned(lake_url: str, newest: str, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    return read_only(home().lake(), sql)


@st.cache_data(max_entries=2, show_spinner=False)
def _outlook(lake_url: str, newest: str, today: date) -> Outlook:
    return outlook(home().lake(), today)


def audit() -> AuditOfDate | None:
    """What the audit said of the newest published day."""
    return _audit(home().lake_url, version())


def captures() -> list[Captured]:
    """What the newest captures came to."""
    return _captures(home().lake_url, version())


@st.cache_data(max_entries=2, show_spinner=False)
def _audit(lake_url: str, version: str) -> AuditOfDate | None:
    return newest_audit(home().lake())


@st.cache_data(max_entries=2, show_spinner=False)
def _captures(lake_url: str, version: str) -> list[Captured]:
    return newest_captures(home().lake())


# The one before is closed when a new build comes; a question that it still answers then is asked again by the page.
@st.cache_resource(
    max_entries=1, show_spinner="Opening the published marts …", on_release=lambda opened: opened.close()
)
def _opened(lake_url: str, version: str) -> Reading:
    return open_reading(home())
