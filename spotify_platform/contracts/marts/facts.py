"""The facts: what was measured on a day, one row a thing, and which days are there. Not here: comparisons over days."""

from spotify_platform.contracts.marts.columns import ARTIST, CHART_DATE, MARKET, count, mart
from spotify_platform.contracts.table import Column, bigint, boolean, date, integer, string

_SAME_DAY = (0, 0)
_RANK = (1, 10_000)
_POPULARITY = Column(
    "popularity", integer, "score of the day", unit="0–100", between=(0, 100), null="not known: see reason"
)
_NO_CHART = "no chart of the day is there: see reason"
_ON_CHARTS = (
    count("markets", "markets whose chart of the day has it; GLOBAL is none", null=_NO_CHART),
    Column("global_rank", integer, "best place on GLOBAL", between=_RANK, null="not on it, or it is not there"),
    Column("best_rank", integer, "best place on any chart of the day", between=_RANK, null="on no chart"),
    Column(
        "points",
        bigint,
        "points over all charts of the day; a place gives (size of the chart + 1 − rank)",
        between=(0, 10**12),
        null=_NO_CHART,
    ),
)
_REASON = Column("reason", string, "why figures are NULL", null="none is")

COVERAGE = mart(
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
FCT_CHART_DAILY = mart(
    "fct_chart_daily",
    "What stood where on which chart?",
    "one row per market, chart date and track",
    "market snapshot_date track_id",
    CHART_DATE,
    MARKET,
    Column("track_id", string, "Spotify's id of the track"),
    Column("rank", integer, "place on the chart; the better one of a track that stands twice", between=_RANK),
    Column("chart_size", integer, "last place of the chart", between=_RANK),
    Column("points", integer, "chart_size + 1 − rank", between=_RANK),
    Column("streams", bigint, "streams of the day", between=(0, 10**12), null="the chart does not tell it"),
    touched=_SAME_DAY,
)
FCT_ARTIST_CHART_DAILY = mart(
    "fct_artist_chart_daily",
    "Which artists stood on which chart, and how high? Every artist of a track gets its points in full.",
    "one row per market, chart date and artist",
    "market snapshot_date artist_key",
    CHART_DATE,
    MARKET,
    *ARTIST,
    Column("credited_as", string, "greatest of the chart's credits of the artist's tracks", null="the chart has none"),
    Column(
        "points",
        bigint,
        "sum over the artist's places, those of a track that stands twice too: size of the chart + 1 − rank",
        between=(1, 10**9),
    ),
    Column("best_rank", integer, "best place", between=_RANK),
    count("charted_tracks", "the artist's tracks on the chart", least=1),
    Column("chart_size", integer, "last place of the chart", between=_RANK),
    touched=_SAME_DAY,
)
FCT_TRACK_DAILY = mart(
    "fct_track_daily",
    "How popular was a track on a day, and on how many charts?",
    "one row per track and date that curated.tracks has a row of",
    "snapshot_date track_id",
    Column("snapshot_date", date, "UTC day"),
    Column("track_id", string, "Spotify's id of the track"),
    _POPULARITY,
    *_ON_CHARTS,
    _REASON,
    touched=_SAME_DAY,
)
FCT_ARTIST_DAILY = mart(
    "fct_artist_daily",
    "How popular was an artist on a day, with how many followers, on how many charts?",
    "one row per artist and date that curated.artists has a row of",
    "snapshot_date artist_id",
    Column("snapshot_date", date, "UTC day"),
    Column("artist_id", string, "Spotify's id of the artist"),
    _POPULARITY,
    Column("followers", bigint, "followers on the day", between=(0, 10**12), null="not known: see reason"),
    *_ON_CHARTS,
    _REASON,
    touched=_SAME_DAY,
)

FACTS = (COVERAGE, FCT_CHART_DAILY, FCT_ARTIST_CHART_DAILY, FCT_TRACK_DAILY, FCT_ARTIST_DAILY)
