"""The curated tables: one row per thing and snapshot date, made from everything captured for that date."""

from spotify_platform.contracts.table import (
    Column,
    Table,
    bigint,
    boolean,
    date,
    integer,
    string,
    strings,
    timestamp,
)

_SINCE_2026 = "development mode does not tell it"
_EMBEDDED = "seen only inside another object or in a chart file"

SNAPSHOT_DATE = Column("snapshot_date", date, "UTC day that the row describes")
_ORIGIN = (
    Column("captured_at", timestamp, "when the answer or file that the row was made from came", unit="UTC"),
    Column("capture_id", string, "the capture that the row was made from"),
)
_DETAIL = Column(
    "detail",
    string,
    "how much was known: the full object, one embedded in another object, or a line of a chart file",
    values=("full", "embedded", "chart"),
)
_MARKETS = Column(
    "available_markets",
    strings,
    "markets in which it can be played, sorted",
    unit="ISO 3166 alpha-2",
    null=f"{_SINCE_2026}; {_EMBEDDED}",
)


def _curated(name: str, meaning: str, grain: str, key: str, *columns: Column, sources: str) -> Table:
    keys = ("snapshot_date", *key.split())
    return Table(name, meaning, grain, keys, (SNAPSHOT_DATE, *columns, *_ORIGIN), tuple(sources.split()))


ARTISTS = _curated(
    "artists",
    "Artists as they were on the day.",
    "one row per artist and snapshot date",
    "artist_id",
    Column("artist_id", string, "Spotify's id of the artist"),
    Column("name", string, "name", null="the source gave none"),
    Column(
        "popularity",
        integer,
        "Spotify's global score",
        unit="0–100",
        between=(0, 100),
        null=f"{_SINCE_2026}; {_EMBEDDED}",
    ),
    Column("followers", bigint, "followers", between=(0, 10**12), null=f"{_SINCE_2026}; {_EMBEDDED}"),
    _DETAIL,
    sources="artists albums tracks playlist_items chart_entries",
)
ARTIST_GENRES = _curated(
    "artist_genres",
    "Genres that Spotify gave an artist on the day; an artist without genres has no row.",
    "one row per artist, genre and snapshot date",
    "artist_id genre",
    Column("artist_id", string, "Spotify's id of the artist", references="artists"),
    Column("genre", string, "name of the genre"),
    sources="artists",
)
ALBUMS = _curated(
    "albums",
    "Albums, singles and compilations as they were on the day.",
    "one row per album and snapshot date",
    "album_id",
    Column("album_id", string, "Spotify's id of the album"),
    Column("name", string, "title; may be an empty text", null="the source gave none"),
    Column("album_type", string, "album, single or compilation", null=_EMBEDDED),
    Column(
        "release_date",
        date,
        "first day of the period that release_date_precision names",
        null="Spotify gave none, or 0000; a chart file has none",
    ),
    Column(
        "release_date_precision",
        string,
        "how exact release_date is",
        values=("day", "month", "year"),
        null="no release date",
    ),
    Column("total_tracks", integer, "tracks on the album", between=(0, 100_000), null=_EMBEDDED),
    Column("label", string, "record label", null=f"{_SINCE_2026}; {_EMBEDDED}"),
    Column("upc", string, "universal product code", null=_EMBEDDED),
    Column(
        "popularity",
        integer,
        "Spotify's global score",
        unit="0–100",
        between=(0, 100),
        null=f"{_SINCE_2026}; {_EMBEDDED}",
    ),
    _MARKETS,
    _DETAIL,
    sources="albums tracks playlist_items chart_entries",
)
ALBUM_ARTISTS = _curated(
    "album_artists",
    "Who an album is by.",
    "one row per album, artist and snapshot date",
    "album_id artist_id",
    Column("album_id", string, "Spotify's id of the album", references="albums"),
    Column("artist_id", string, "Spotify's id of the artist", references="artists"),
    Column("position", integer, "place in the credits, from 0", between=(0, 10_000)),
    sources="albums tracks playlist_items",
)
TRACKS = _curated(
    "tracks",
    "Tracks as they were on the day.",
    "one row per track and snapshot date",
    "track_id",
    Column("track_id", string, "Spotify's id of the track"),
    Column("name", string, "title", null="the source gave none"),
    Column(
        "album_id", string, "Spotify's id of its album", null="the chart file does not tell it", references="albums"
    ),
    Column(
        "popularity",
        integer,
        "Spotify's global score on the day of the capture",
        unit="0–100",
        between=(0, 100),
        null=f"{_SINCE_2026}; {_EMBEDDED}",
    ),
    Column(
        "duration_ms",
        bigint,
        "length",
        unit="ms",
        between=(0, 10**9),
        null="the chart file does not tell it",
    ),
    Column("explicit", boolean, "marked as explicit", null=_EMBEDDED),
    Column("isrc", string, "international standard recording code", null=_EMBEDDED),
    Column("disc_number", integer, "disc, from 1", between=(0, 10_000), null=_EMBEDDED),
    Column("track_number", integer, "place on the disc, from 1", between=(0, 100_000), null=_EMBEDDED),
    _MARKETS,
    _DETAIL,
    sources="tracks playlist_items chart_entries",
)
TRACK_ARTISTS = _curated(
    "track_artists",
    "Who a track is by.",
    "one row per track, artist and snapshot date",
    "track_id artist_id",
    Column("track_id", string, "Spotify's id of the track", references="tracks"),
    Column("artist_id", string, "Spotify's id of the artist", references="artists"),
    Column("position", integer, "place in the credits, from 0", between=(0, 10_000)),
    sources="tracks playlist_items chart_entries",
)
CHART_ENTRIES = _curated(
    "chart_entries",
    "Daily charts by market. A market's chart of a day is taken whole from the newest capture that has it.",
    "one row per market, rank and snapshot date",
    "market rank",
    Column("market", string, "market of the chart", unit="ISO 3166 alpha-2 or GLOBAL"),
    Column("rank", integer, "place on the chart, from 1", between=(1, 10_000)),
    Column("track_id", string, "Spotify's id of the track", references="tracks"),
    Column("track_name", string, "title as the chart states it", null="the chart file gave none"),
    Column(
        "artist_names",
        string,
        "credited artists as the chart states them, joined with comma and space",
        null="the chart file gave none",
    ),
    Column(
        "streams",
        bigint,
        "streams of the day",
        between=(0, 10**12),
        null="the archive's files do not tell it",
    ),
    Column("source", string, "record label or distributor", null="the archive's files do not tell it"),
    Column(
        "stated_peak_rank",
        integer,
        "best rank as the file states it",
        between=(1, 10_000),
        null="the archive's files do not tell it",
    ),
    Column(
        "stated_previous_rank",
        integer,
        "rank of the day before as the file states it; -1 is none",
        between=(-1, 10_000),
        null="the archive's files do not tell it",
    ),
    Column(
        "stated_days_on_chart",
        integer,
        "days on the chart as the file states them",
        between=(0, 100_000),
        null="the archive's files do not tell it",
    ),
    sources="chart_entries",
)
PLAYLIST_ITEMS = _curated(
    "playlist_items",
    "What stood in a playlist. A playlist of a day is taken whole from the newest capture that has it.",
    "one row per playlist, position and snapshot date",
    "playlist_id position",
    Column("playlist_id", string, "Spotify's id of the playlist"),
    Column("position", integer, "place in the playlist, from 0", between=(0, 100_000)),
    Column("added_at", timestamp, "when it was added", unit="UTC", null="Spotify gave none"),
    Column("item_type", string, "track or episode", null="the item is no longer available"),
    Column(
        "track_id",
        string,
        "Spotify's id of the track",
        null="an episode, a local file, or an item no longer available",
        references="tracks",
    ),
    Column("name", string, "title", null="the item is no longer available"),
    Column("is_local", boolean, "a file of the playlist's owner", null="Spotify did not say"),
    sources="playlist_items",
)
REJECTS = Table(
    "rejects",
    "Raw lines, verbatim, that could not be curated, or not wholly.",
    "one row per raw line with a fault",
    (),
    (
        SNAPSHOT_DATE,
        Column("entity", string, "kind of line"),
        Column(
            "reason",
            string,
            "what was wrong",
            values=(
                "not_json",
                "wrong_shape",
                "bad_captured_at",
                "null_item",
                "no_identity",
                "no_market",
                "bad_rank",
                "place_taken",
                "bad_value",
            ),
        ),
        Column("fields", string, "names of the bad values", null="the line as a whole is at fault"),
        Column("dropped", boolean, "true: the line made no row; false: its row stands with NULL for the bad values"),
        Column("line", string, "the raw line, verbatim"),
        Column("captured_at", timestamp, "when the answer or file came", unit="UTC", null="the line does not tell it"),
        Column("capture_id", string, "the capture that holds the line"),
    ),
    ("artists", "albums", "tracks", "playlist_items", "chart_entries"),
)

CURATED = (
    ARTISTS,
    ARTIST_GENRES,
    ALBUMS,
    ALBUM_ARTISTS,
    TRACKS,
    TRACK_ARTISTS,
    CHART_ENTRIES,
    PLAYLIST_ITEMS,
    REJECTS,
)
CURATED_BY_NAME = {table.name: table for table in CURATED}
