"""The dimensions: artists, albums, tracks, markets and dates with their newest known attributes, and who made what.

Newest is by snapshot date. An attribute comes from the newest row that tells it; so an artist seen on a chart today
keeps the genres that were captured last month.
"""

from spotify_platform.contracts.marts.columns import SEEN, count, coverage, mart
from spotify_platform.contracts.table import Column, bigint, boolean, date, integer, string

_NEVER_FULL = "no full object of it was captured"
_POPULARITY = Column("popularity", integer, "newest known score", unit="0–100", between=(0, 100), null=_NEVER_FULL)
_REASON = Column("reason", string, "why attributes are NULL", null="a full object of it was captured")

DIM_ARTIST = mart(
    "dim_artist",
    "Who is an artist? Newest known attributes.",
    "one row per artist",
    "artist_id",
    Column("artist_id", string, "Spotify's id of the artist"),
    Column("artist_name", string, "newest known name", null="no source gave one"),
    Column(
        "genres",
        string,
        "genres of the newest full object, in order of the alphabet, joined with comma and space",
        null="it has none, or no full object of it was captured: see reason",
    ),
    _POPULARITY,
    Column("followers", bigint, "newest known number", between=(0, 10**12), null=_NEVER_FULL),
    *SEEN,
    _REASON,
)
DIM_ALBUM = mart(
    "dim_album",
    "What is an album? Newest known attributes.",
    "one row per album",
    "album_id",
    Column("album_id", string, "Spotify's id of the album"),
    Column("album_name", string, "newest known title", null="no source gave one"),
    Column("artist_names", string, "newest credits, in their order, joined with comma and space", null="no credits"),
    Column("album_type", string, "album, single or compilation", null="no source gave it"),
    Column("release_date", date, "newest known one, as exact as its precision", null="no source gave one"),
    Column(
        "release_date_precision",
        string,
        "how exact release_date is",
        values=("day", "month", "year"),
        null="no release date",
    ),
    Column("total_tracks", integer, "tracks on it", between=(0, 100_000), null="no source gave it"),
    Column("label", string, "record label", null="no source gave it"),
    _POPULARITY,
    *SEEN,
    _REASON,
)
DIM_TRACK = mart(
    "dim_track",
    "What is a track? Newest known attributes.",
    "one row per track",
    "track_id",
    Column("track_id", string, "Spotify's id of the track"),
    Column("track_name", string, "newest known title", null="no source gave one"),
    Column("artist_names", string, "newest credits, in their order, joined with comma and space", null="no credits"),
    Column("album_id", string, "newest known album", null="no source told it"),
    Column(
        "release_date",
        date,
        "release day: of the newest album of the track that has one known to the day, the newest that was stated",
        null="no album of it tells a day",
    ),
    Column("duration_ms", bigint, "length", unit="ms", between=(0, 10**9), null="no source gave it"),
    Column("explicit", boolean, "marked as explicit", null="no source gave it"),
    Column("isrc", string, "international standard recording code", null="no source gave it"),
    _POPULARITY,
    *SEEN,
    _REASON,
)
DIM_MARKET = mart(
    "dim_market",
    "Which markets have charts, and since when?",
    "one row per market with a chart",
    "market",
    Column("market", string, "market", unit="ISO 3166 alpha-2 or GLOBAL"),
    Column("chart_size", integer, "places of the newest chart", between=(1, 10_000)),
    count("charts", "charts that are there", least=1),
    *SEEN,
    coverage("from the first chart to the last one"),
)
DIM_DATE = mart(
    "dim_date",
    "The calendar: every day from the first one that anything is known of to the last one.",
    "one row per day",
    "snapshot_date",
    Column("snapshot_date", date, "UTC day"),
    Column("year", integer, "year", between=(1, 9999)),
    Column("month", integer, "month, from 1", between=(1, 12)),
    Column("day", integer, "day of the month, from 1", between=(1, 31)),
    Column("weekday", integer, "1 is Monday, 7 Sunday", between=(1, 7)),
    Column("chart_week", date, "first day of its charting week, a Friday"),
    count("charts", "market charts of the day that are there"),
)
BRIDGE_TRACK_ARTIST = mart(
    "bridge_track_artist",
    "Who is a track by? As the newest date that tells it has it.",
    "one row per track and artist",
    "track_id artist_id",
    Column("track_id", string, "Spotify's id of the track"),
    Column("artist_id", string, "Spotify's id of the artist"),
    Column("position", integer, "place in the credits, from 0", between=(0, 10_000)),
)
BRIDGE_ARTIST_GENRE = mart(
    "bridge_artist_genre",
    "Which genres has an artist? As the newest full object has it; an artist without genres has no row.",
    "one row per artist and genre",
    "artist_id genre",
    Column("artist_id", string, "Spotify's id of the artist"),
    Column("genre", string, "name of the genre"),
)

DIMENSIONS = (DIM_ARTIST, DIM_ALBUM, DIM_TRACK, DIM_MARKET, DIM_DATE, BRIDGE_TRACK_ARTIST, BRIDGE_ARTIST_GENRE)
