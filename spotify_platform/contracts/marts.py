"""The marts: what music teams ask, one table a question. How each is computed is in `marts/<name>.sql`.

A figure whose input is missing is NULL and `reason` says why; it is never 0. `coverage` is days observed over days in
the window that the figures look at; `confidence` is high from 0.8 on, medium from 0.5 on, else low.
"""

from spotify_platform.contracts.table import Column, Table, bigint, boolean, date, double, integer, string

_CHART_DATE = Column("snapshot_date", date, "UTC day of the chart")
_MARKET = Column("market", string, "market of the chart", unit="ISO 3166 alpha-2 or GLOBAL")
_CONFIDENCE = Column("confidence", string, "what the coverage is good for", values=("high", "medium", "low"))


def _mart(name: str, meaning: str, grain: str, key: str, *columns: Column) -> Table:
    return Table(name, meaning, grain, tuple(key.split()), columns)


def _coverage(window: str) -> Column:
    return Column("coverage", double, f"days observed over days in the window: {window}", unit="0–1", between=(0, 1))


_HISTORY_FROM = Column(
    "history_from",
    date,
    "the market's first chart that is still here; what was before it, purged or never captured, no figure knows",
)

COVERAGE = _mart(
    "coverage",
    "Which entity, market and day is there, and why is one not? The ledger that the other marts count days by.",
    "one row per date, entity and market, from the first date that anything is known of to the last one",
    "snapshot_date entity market",
    Column("snapshot_date", date, "UTC day"),
    Column("entity", string, "raw entity"),
    Column("market", string, "market of a chart, from its first chart to its last one; * is the entity as a whole"),
    Column(
        "state",
        string,
        "unpublished: captured, but not curated yet; missing: not captured, or not a part of what was",
        values=("complete", "partial", "unpublished", "withheld", "purged", "missing"),
    ),
    Column(
        "readable",
        boolean,
        "whether the marts have its rows: published and loaded, perhaps from older captures than the newest",
    ),
    Column("items", bigint, "raw lines of the entity, or rows of the market's chart", between=(0, 10**9)),
    Column("reason", string, "why it is not complete", null="it is"),
)
CHART_MOVEMENT = _mart(
    "chart_movement",
    "Who entered, rose, fell or came back? Every charted track against its market's previous chart.",
    "one row per market, chart date and track",
    "market snapshot_date track_id",
    _CHART_DATE,
    _MARKET,
    Column("track_id", string, "Spotify's id of the track"),
    Column("track_name", string, "title as the chart states it", null="the chart file gave none"),
    Column("artist_names", string, "artists as the chart states them", null="the chart file gave none"),
    Column("rank", integer, "place on the chart; the better one of a track that stands twice", between=(1, 10_000)),
    Column(
        "movement",
        string,
        "against the market's previous chart; RE-ENTRY has charted before, but not on that one",
        values=("NEW", "RE-ENTRY", "UP", "DOWN", "SAME"),
        null="the market's first chart: see reason",
    ),
    Column("previous_date", date, "date of the market's previous chart", null="the market's first chart"),
    Column(
        "previous_rank", integer, "place on the previous chart", between=(1, 10_000), null="not on the previous chart"
    ),
    Column(
        "rank_change",
        integer,
        "places gained since the previous chart; negative: lost",
        null="not on the previous chart",
    ),
    Column("peak_rank", integer, "best place up to this chart", between=(1, 10_000)),
    Column("days_on_chart", bigint, "charts with the track up to this one", unit="charts", between=(1, 10**6)),
    Column(
        "consecutive_days",
        bigint,
        "charts in a row with the track; a row ends at a chart without it, or at a gap of more than 3 days",
        unit="charts",
        between=(1, 10**6),
    ),
    Column("after_gap", boolean, "more than 3 days lie between the previous chart and this one"),
    Column("reason", string, "why movement is NULL", null="it is not"),
    _HISTORY_FROM,
    _coverage("the market's first chart up to this one"),
    _CONFIDENCE,
)
TRENDING_ARTISTS_DAILY = _mart(
    "trending_artists_daily",
    "Who is trending? Chart points of the last 7 days against those of the 28 days before.",
    "one row per market, chart date and artist with points in the 35 days up to it",
    "market snapshot_date artist_key",
    _CHART_DATE,
    _MARKET,
    Column("artist_key", string, "artist_id, or `name:` and the chart's credit where the id is not known"),
    Column("artist_id", string, "Spotify's id of the artist", null="no capture tells who the track is by: see reason"),
    Column("artist_name", string, "newest known name", null="no source gave one"),
    Column(
        "points_7d",
        double,
        "mean daily points of the last 7 days; a charted track gives (size of the chart + 1 − rank)",
        between=(0, 10**9),
    ),
    Column(
        "points_28d",
        double,
        "mean daily points of the 28 days before those",
        between=(0, 10**9),
        null="no chart in these days: see reason",
    ),
    Column(
        "trend",
        double,
        "ln(1 + points_7d) − ln(1 + points_28d)",
        null="fewer than 7 observed days, or none in one of the two windows: see reason",
    ),
    Column("rank_in_market", bigint, "place by trend in the market, from 1", between=(1, 10**9), null="trend is NULL"),
    Column(
        "rank_global",
        bigint,
        "place by trend over all markets, from 1",
        between=(1, 10**9),
        null="trend is NULL",
    ),
    Column("best_rank", integer, "best place of any of the artist's tracks on the day", null="not on the day's chart"),
    Column("charted_tracks", bigint, "the artist's tracks on the day's chart", between=(0, 10_000)),
    Column("observed_days", bigint, "charts in the 35 days", unit="charts", between=(1, 35)),
    Column("reason", string, "why a figure or the id is NULL", null="none is"),
    _HISTORY_FROM,
    _coverage("35 days"),
    _CONFIDENCE,
)
MARKET_PERFORMANCE = _mart(
    "market_performance",
    "What does a market listen to? Its chart's artists, genres, age and turnover.",
    "one row per market and chart date",
    "market snapshot_date",
    _CHART_DATE,
    _MARKET,
    Column("entries", bigint, "rows of the chart", between=(1, 10_000)),
    Column("artists", bigint, "artists on the chart; unknown ones count by their credit", between=(0, 100_000)),
    Column("top_track", string, "title of the first place", null="the chart file gave none"),
    Column(
        "top_artists",
        string,
        "the three artists with most points, best first",
        null="no name is known",
    ),
    Column(
        "top_genres",
        string,
        "the three heaviest genres, joined with comma and space; a track weighs 1/rank, shared by its artists' genres",
        null="no genre of a charted artist is known",
    ),
    Column("genre_known_share", double, "share of the entries with a known genre", unit="0–1", between=(0, 1)),
    Column(
        "new_entries",
        bigint,
        "tracks that were not on the previous chart",
        null="the market's first chart",
        between=(0, 10_000),
    ),
    Column(
        "turnover",
        double,
        "share of the charted tracks that were not on the previous chart",
        unit="0–1",
        between=(0, 1),
        null="the market's first chart",
    ),
    Column(
        "mean_track_age_days",
        double,
        "mean days since release over the charted tracks whose release day is known",
        unit="days",
        null="no release day is known",
    ),
    Column("age_known_share", double, "share of the tracks whose release day is known", unit="0–1", between=(0, 1)),
    Column("reason", string, "why figures are NULL", null="none is"),
    _HISTORY_FROM,
    _coverage("the days since the previous chart"),
    _CONFIDENCE,
)

MARTS = (COVERAGE, CHART_MOVEMENT, TRENDING_ARTISTS_DAILY, MARKET_PERFORMANCE)
MARTS_BY_NAME = {table.name: table for table in MARTS}
