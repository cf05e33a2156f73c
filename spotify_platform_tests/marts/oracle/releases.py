"""How new releases do on the charts of all markets, day by day since release."""

from collections import Counter, defaultdict
from datetime import date
from typing import NamedTuple

import pandas as pd

from .basis import DAY, Curated, Row, because, covered, mart, rows_of
from .charts import calendars, places, size
from .dimensions import credited_names
from .known import newest, stated_releases

LAST_DAY = 90
POPULARITY_DAYS = (1, 7, 28)
NOT_CHARTED = "on no chart so far"
RELEASE_UNKNOWN = "the release day is not known"

SINCE_RELEASE = (
    "release_date",
    "days_since_release",
    "first_chart_day",
    "peak_rank",
    "peak_points",
    "peak_day",
    "markets_reached",
    *(f"popularity_day_{day}" for day in POPULARITY_DAYS),
)


class Place(NamedTuple):
    """Where a track of an album stood."""

    market: str
    track_id: str
    rank: int
    points: int


Places = dict[date, list[Place]]  # an album's on all charts, by date


def new_release_performance(curated: Curated) -> pd.DataFrame:
    """The first 90 days of albums released since the first chart; one row where a charted album's day is not known."""
    markets = calendars(curated)
    charts = Counter(day for calendar in markets.values() for day in calendar)
    first_charts = [min(calendar) for calendar in markets.values()]
    days = sorted(charts)
    placed = _places(curated)
    releases = {album: day for album, (day, exact) in stated_releases(curated).items() if exact == "day"}
    popularity = {
        (album, day): score
        for day, album, score in rows_of(curated, "albums", "snapshot_date", "album_id", "popularity")
    }
    rows = []
    for album, release in releases.items():
        if charts and days[0] <= release <= days[-1]:
            scores = {n: popularity.get((album, release + n * DAY)) for n in POPULARITY_DAYS}
            for day in days:
                if 0 <= (day - release).days <= LAST_DAY:
                    row = _of_day(day, placed.get(album, {})) | _covered(charts, first_charts, release, day)
                    row |= _since_release(release, day, placed.get(album, {}), scores)
                    rows.append(row | {"album_id": album})
    for album in placed.keys() - releases.keys():
        first = min(placed[album])
        row = _of_day(first, placed[album]) | _covered(charts, first_charts, first, first)
        row |= dict.fromkeys(SINCE_RELEASE) | {"reason": RELEASE_UNKNOWN}
        rows.append(row | {"album_id": album})
    named, credited = (
        newest(curated, "albums", "album_id", "name"),
        credited_names(curated, "album_artists", "album_id"),
    )
    for row in rows:
        album, row["charts"], row["history_from"] = row["album_id"], charts[row["snapshot_date"]], days[0]
        row["album_name"], row["artist_names"] = named.get(album), credited.get(album)
    return mart("new_release_performance", rows)


def _places(curated: Curated) -> dict[str, Places]:
    """Where the tracks of each album stood, a track being its newest known album's."""
    album_of = newest(curated, "tracks", "track_id", "album_id")
    placed: dict[str, Places] = defaultdict(lambda: defaultdict(list))
    for market, calendar in calendars(curated).items():
        for day, chart in calendar.items():
            for track, entry in places(chart).items():
                if track in album_of:
                    place = Place(market, track, entry.rank, size(chart) + 1 - entry.rank)
                    placed[album_of[track]][day].append(place)
    return dict(placed)


def _of_day(day: date, placed: Places) -> Row:
    """The figures of one day."""
    of_day = placed.get(day, [])
    return {
        "snapshot_date": day,
        "markets": len({place.market for place in of_day} - {"GLOBAL"}),
        "charted_tracks": len({place.track_id for place in of_day}),
        "best_rank": min((place.rank for place in of_day), default=None),
        "points": sum(place.points for place in of_day),
    }


def _since_release(release: date, day: date, placed: Places, scores: dict[int, int | None]) -> Row:
    """The figures from the release to a day."""
    so_far = {other: found for other, found in placed.items() if release <= other <= day}
    points = {other: sum(place.points for place in found) for other, found in so_far.items()}
    most = max(points.values(), default=None)
    past = [n for n in scores if n <= (day - release).days]
    missing = [str(n) for n in past if scores[n] is None]
    return {
        "release_date": release,
        "days_since_release": (day - release).days,
        "first_chart_day": (min(so_far) - release).days if so_far else None,
        "peak_rank": min((place.rank for found in so_far.values() for place in found), default=None),
        "peak_points": most,
        "peak_day": (min(other for other in so_far if points[other] == most) - release).days if so_far else None,
        "markets_reached": len({place.market for found in so_far.values() for place in found} - {"GLOBAL"}),
        **{f"popularity_day_{n}": scores[n] if n in past else None for n in scores},
        "reason": because(
            None if so_far else NOT_CHARTED,
            f"popularity of day {', '.join(missing)} was not captured" if missing else None,
        ),
    }


def _covered(charts: Counter[date], first_charts: list[date], first: date, last: date) -> Row:
    """Charts of the days from one to another that are there, over one for each market and day since its first."""
    there = sum(number for day, number in charts.items() if first <= day <= last)
    since = [max(first, start) for start in first_charts if start <= last]
    return covered(there, sum((last - start).days + 1 for start in since))
