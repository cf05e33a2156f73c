"""The dimensions: artists, albums, tracks, markets and dates, and who made what."""

from collections.abc import Iterable, Mapping
from datetime import date

import pandas as pd

from .basis import DAY, Curated, Row, mart, rounded, rows_of, week_of
from .charts import calendars, size
from .known import credits, genres, names, newest, release_days, seen, stated_releases, wholly_seen

NEVER_FULL = "no full object was captured"


def dim_artist(curated: Curated) -> pd.DataFrame:
    """Every artist that curated.artists has a row of."""
    popularity = newest(curated, "artists", "artist_id", "popularity")
    followers = newest(curated, "artists", "artist_id", "followers")
    named, of_genres = names(curated), genres(curated)
    rows = [
        {
            **ends,
            "artist_name": named.get(artist),
            "genres": ", ".join(sorted(of_genres.get(artist, ()))) or None,
            "popularity": popularity.get(artist),
            "followers": followers.get(artist),
        }
        for artist, ends in _things(curated, "artists", "artist_id").items()
    ]
    return mart("dim_artist", rows)


def dim_album(curated: Curated) -> pd.DataFrame:
    """Every album that curated.albums has a row of."""
    columns = ("name", "album_type", "total_tracks", "label", "popularity")
    told = {column: newest(curated, "albums", "album_id", column) for column in columns}
    releases, credited = stated_releases(curated), credited_names(curated, "album_artists", "album_id")
    rows = []
    for album, ends in _things(curated, "albums", "album_id").items():
        released, precision = releases.get(album, (None, None))
        rows.append(
            {
                **ends,
                "album_name": told["name"].get(album),
                "artist_names": credited.get(album),
                "release_date": released,
                "release_date_precision": precision,
                **{column: told[column].get(album) for column in columns[1:]},
            }
        )
    return mart("dim_album", rows)


def dim_track(curated: Curated) -> pd.DataFrame:
    """Every track that curated.tracks has a row of."""
    columns = ("name", "album_id", "duration_ms", "explicit", "isrc", "popularity")
    told = {column: newest(curated, "tracks", "track_id", column) for column in columns}
    released, credited = release_days(curated), credited_names(curated, "track_artists", "track_id")
    rows = [
        {
            **ends,
            "track_name": told["name"].get(track),
            "artist_names": credited.get(track),
            "release_date": released.get(track),
            **{column: told[column].get(track) for column in columns[1:]},
        }
        for track, ends in _things(curated, "tracks", "track_id").items()
    ]
    return mart("dim_track", rows)


def dim_market(curated: Curated) -> pd.DataFrame:
    """Every market with a chart."""
    rows = []
    for market, calendar in calendars(curated).items():
        first, last = min(calendar), max(calendar)
        rows.append(
            {
                "market": market,
                "chart_size": size(calendar[last]),
                "charts": len(calendar),
                "first_seen": first,
                "last_seen": last,
                "coverage": rounded(len(calendar) / ((last - first).days + 1)),
            }
        )
    return mart("dim_market", rows)


def dim_date(curated: Curated, days: Iterable[date] = ()) -> pd.DataFrame:
    """Every day from the first to the last.

    `days` are those that the ledger knows anything of. Without them they are the dates of all curated tables given,
    which is the same as long as nothing was purged, withheld, closed, or captured without a row to show for it.
    """
    known = set(days) or {day for table in curated for (day,) in rows_of(curated, table, "snapshot_date")}
    charted = [day for calendar in calendars(curated).values() for day in calendar]
    first, last = min(known), max(known)
    rows = [
        {
            "snapshot_date": day,
            "year": day.year,
            "month": day.month,
            "day": day.day,
            "weekday": day.isoweekday(),
            "chart_week": week_of(day),
            "charts": charted.count(day),
        }
        for day in (first + n * DAY for n in range((last - first).days + 1))
    ]
    return mart("dim_date", rows)


def bridge_track_artist(curated: Curated) -> pd.DataFrame:
    """Who a track is by."""
    rows = [
        {"track_id": track, "artist_id": one.artist_id, "position": one.position}
        for track, stated in credits(curated, "track_artists", "track_id").items()
        for one in stated
    ]
    return mart("bridge_track_artist", rows)


def bridge_artist_genre(curated: Curated) -> pd.DataFrame:
    """Which genres an artist has."""
    rows = [{"artist_id": artist, "genre": genre} for artist, own in genres(curated).items() for genre in own]
    return mart("bridge_artist_genre", rows)


def credited_names(curated: Curated, table: str, thing: str) -> Mapping[str, str]:
    """The names of whom each track or album is by, in order; those without a name are left out."""
    named = names(curated)
    listed = {
        key: [named[one.artist_id] for one in stated if one.artist_id in named]
        for key, stated in credits(curated, table, thing).items()
    }
    return {key: ", ".join(found) for key, found in listed.items() if found}


def _things(curated: Curated, table: str, thing: str) -> dict[str, Row]:
    """The columns that all things have: id, first and last date, and why attributes may be missing."""
    full = wholly_seen(curated, table, thing)
    return {
        key: {
            thing: key,
            "first_seen": days[0],
            "last_seen": days[-1],
            "reason": None if key in full else NEVER_FULL,
        }
        for key, days in seen(curated, table, thing).items()
    }
