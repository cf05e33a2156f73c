"""Columns that several marts share, and how a mart is declared. Not here: the marts."""

from spotify_platform.contracts.table import Column, Table, bigint, date, double, string

CHART_DATE = Column("snapshot_date", date, "UTC day of the chart")
CHART_WEEK = Column("chart_week", date, "first day of the charting week, a Friday; its last one is a Thursday")
MARKET = Column("market", string, "market of the chart", unit="ISO 3166 alpha-2 or GLOBAL")
CONFIDENCE = Column("confidence", string, "what the coverage is good for", values=("high", "medium", "low"))
ARTIST = (
    Column("artist_key", string, "artist_id, or `name:` and the chart's credit where the id is not known"),
    Column("artist_id", string, "Spotify's id of the artist", null="no capture tells who the track is by: see reason"),
)
ARTIST_NAME = Column("artist_name", string, "newest known name, else as the chart credits", null="no source gave one")
HISTORY_FROM = Column(
    "history_from",
    date,
    "the market's first chart that is still here; what was before it, purged or never captured, no figure knows",
)
SEEN = (
    Column("first_seen", date, "first date with a row of it"),
    Column("last_seen", date, "last date with a row of it"),
)


def mart(
    name: str, meaning: str, grain: str, key: str, *columns: Column, touched: tuple[int, int | None] | None = None
) -> Table:
    """A mart; `touched` is which rows a changed day can change (`Table.touched`)."""
    return Table(name, meaning, grain, tuple(key.split()), columns, touched=touched)


def coverage(window: str) -> Column:
    """How much of the window is there."""
    return Column("coverage", double, f"days observed over days in the window: {window}", unit="0–1", between=(0, 1))


def place(name: str, by: str, null: str = "") -> Column:
    """A place in an order, from 1."""
    return Column(name, bigint, f"place by {by}, from 1", between=(1, 10**9), null=null)


def count(name: str, meaning: str, unit: str = "", null: str = "", least: int = 0) -> Column:
    """A number of things."""
    return Column(name, bigint, meaning, unit=unit, null=null, between=(least, 10**9))
