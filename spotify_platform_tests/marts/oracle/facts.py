"""The facts of a day: what stood where, and how popular artists and tracks were."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from typing import NamedTuple

import pandas as pd

from .basis import Curated, Row, because, mart, rows_of
from .charts import Chart, by_artist, calendars, places, points, size, stated_names

NO_POPULARITY = "popularity is not known"
NO_FOLLOWERS = "followers are not known"
NO_CHART = "no chart of the day is there"


class Standing(NamedTuple):
    """Where something stood on a market's chart."""

    market: str
    best_rank: int
    points: int


def fct_chart_daily(curated: Curated) -> pd.DataFrame:
    """What stood where on which chart."""
    rows = []
    for market, calendar in calendars(curated).items():
        for day, chart in calendar.items():
            for track, entry in places(chart).items():
                rows.append(
                    {
                        "snapshot_date": day,
                        "market": market,
                        "track_id": track,
                        "rank": entry.rank,
                        "chart_size": size(chart),
                        "points": size(chart) + 1 - entry.rank,
                        "streams": entry.streams,
                    }
                )
    return mart("fct_chart_daily", rows)


def fct_artist_chart_daily(curated: Curated) -> pd.DataFrame:
    """Which artists stood on which chart, and how high."""
    rows = []
    for market, calendar in calendars(curated).items():
        for day, chart in calendar.items():
            total, stated = points([chart]), stated_names([chart])
            for artist, entries in by_artist(chart).items():
                rows.append(
                    {
                        "snapshot_date": day,
                        "market": market,
                        "artist_key": artist.key,
                        "artist_id": artist.id,
                        "credited_as": stated[artist],
                        "points": total[artist],
                        "best_rank": min(entry.rank for entry in entries),
                        "charted_tracks": len({entry.track_id for entry in entries}),
                        "chart_size": size(chart),
                    }
                )
    return mart("fct_artist_chart_daily", rows)


def fct_track_daily(curated: Curated) -> pd.DataFrame:
    """How popular a track was on a day, and on how many charts."""
    standings = _standings(curated, _tracks)
    rows = []
    for day, track, popularity in rows_of(curated, "tracks", "snapshot_date", "track_id", "popularity"):
        charts = standings.get(day)
        rows.append(
            {
                "snapshot_date": day,
                "track_id": track,
                "popularity": popularity,
                **_on_charts(None if charts is None else charts.get(track, [])),
                "reason": because(NO_POPULARITY if popularity is None else None, NO_CHART if charts is None else None),
            }
        )
    return mart("fct_track_daily", rows)


def fct_artist_daily(curated: Curated) -> pd.DataFrame:
    """How popular an artist was on a day, with how many followers, on how many charts."""
    standings = _standings(curated, _artists)
    rows = []
    columns = ("snapshot_date", "artist_id", "popularity", "followers")
    for day, artist, popularity, followers in rows_of(curated, "artists", *columns):
        charts = standings.get(day)
        rows.append(
            {
                "snapshot_date": day,
                "artist_id": artist,
                "popularity": popularity,
                "followers": followers,
                **_on_charts(None if charts is None else charts.get(artist, [])),
                "reason": because(
                    NO_POPULARITY if popularity is None else None,
                    NO_FOLLOWERS if followers is None else None,
                    NO_CHART if charts is None else None,
                ),
            }
        )
    return mart("fct_artist_daily", rows)


def _standings(
    curated: Curated, standing_on: Callable[[str, Chart], Iterable[tuple[str, Standing]]]
) -> dict[date, dict[str, list[Standing]]]:
    """Where each thing stood on the charts of each day that has any."""
    found: dict[date, dict[str, list[Standing]]] = {}
    for market, calendar in calendars(curated).items():
        for day, chart in calendar.items():
            of_day = found.setdefault(day, defaultdict(list))
            for thing, standing in standing_on(market, chart):
                of_day[thing].append(standing)
    return found


def _tracks(market: str, chart: Chart) -> Iterable[tuple[str, Standing]]:
    last = size(chart)
    for track, entry in places(chart).items():
        yield track, Standing(market, entry.rank, last + 1 - entry.rank)


def _artists(market: str, chart: Chart) -> Iterable[tuple[str, Standing]]:
    total = points([chart])
    for artist, entries in by_artist(chart).items():
        if artist.id is not None:
            yield artist.id, Standing(market, min(entry.rank for entry in entries), total[artist])


def _on_charts(standings: list[Standing] | None) -> Row:
    """The figures over all charts of a day; without any chart of the day nothing is known."""
    if standings is None:
        return {"markets": None, "global_rank": None, "best_rank": None, "points": None}
    return {
        "markets": len({one.market for one in standings} - {"GLOBAL"}),
        "global_rank": min((one.best_rank for one in standings if one.market == "GLOBAL"), default=None),
        "best_rank": min((one.best_rank for one in standings), default=None),
        "points": sum(one.points for one in standings),
    }
