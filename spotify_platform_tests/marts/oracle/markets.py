"""The charts of a market, day by day: what moved on them, and what they are made of."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date

import pandas as pd

from .basis import Curated, because, covered, mart, rounded
from .charts import LONGEST_STEP, Chart, Entry, calendars, name_of, places, points, stated_names
from .known import genres_of_tracks, names, release_days

FIRST_CHART = "the first chart of the market: nothing to compare with"
NO_TURNOVER = "the first chart of the market: no turnover"
NO_GENRE = "no genre of a charted artist is known"
NO_RELEASE_DAY = "no release day of a charted track is known"


def chart_movement(curated: Curated) -> pd.DataFrame:
    """Every charted track against its market's previous chart."""
    rows = []
    for market, calendar in calendars(curated).items():
        placed = {day: places(chart) for day, chart in calendar.items()}
        days = list(placed)
        ranks: dict[str, list[int]] = defaultdict(list)  # of each track on the charts before
        for index, day in enumerate(days):
            for track, entry in placed[day].items():
                past = ranks[track]
                before = placed[days[index - 1]].get(track) if index else None
                rows.append(
                    {
                        "snapshot_date": day,
                        "market": market,
                        "track_id": track,
                        "track_name": entry.track_name,
                        "artist_names": entry.artist_names,
                        "rank": entry.rank,
                        "movement": _movement(entry, before, past) if index else None,
                        "previous_date": days[index - 1] if index else None,
                        "previous_rank": before.rank if before else None,
                        "rank_change": before.rank - entry.rank if before else None,
                        "peak_rank": min([*past, entry.rank]),
                        "days_on_chart": len(past) + 1,
                        "consecutive_days": _streak(track, placed, days, index),
                        "after_gap": index > 0 and (day - days[index - 1]).days > LONGEST_STEP,
                        "reason": None if index else FIRST_CHART,
                        "history_from": days[0],
                        **covered(index + 1, (day - days[0]).days + 1),
                    }
                )
                past.append(entry.rank)
    return mart("chart_movement", rows)


def market_performance(curated: Curated) -> pd.DataFrame:
    """A market's chart: its artists, genres, age and turnover."""
    named, genres, released = names(curated), genres_of_tracks(curated), release_days(curated)
    rows = []
    for market, calendar in calendars(curated).items():
        days = list(calendar)
        for index, day in enumerate(days):
            chart = calendar[day]
            tracks = {entry.track_id for entry in chart}
            heaviest = _heaviest_genres(chart, genres)
            ages = [(day - released[track]).days for track in tracks if track in released]
            new = stale = None
            step = 1
            if index:
                before = calendar[days[index - 1]]
                new = len(tracks - {entry.track_id for entry in before})
                stale = _ranks(chart) == _ranks(before)
                step = (day - days[index - 1]).days
            top = [name for name in _top_artists(chart, named) if name is not None]
            rows.append(
                {
                    "snapshot_date": day,
                    "market": market,
                    "entries": len(chart),
                    "artists": len({artist for entry in chart for artist in entry.artists}),
                    "top_track": next((entry.track_name for entry in chart if entry.rank == 1), None),
                    "top_artists": ", ".join(top) if top else None,
                    "top_genres": ", ".join(heaviest) if heaviest else None,
                    "genre_known_share": rounded(sum(entry.track_id in genres for entry in chart) / len(chart)),
                    "new_entries": new,
                    "turnover": None if new is None else rounded(new / len(tracks)),
                    "stale_source": stale,
                    "mean_track_age_days": rounded(sum(ages) / len(ages)) if ages else None,
                    "age_known_share": rounded(len(ages) / len(tracks)),
                    "reason": because(
                        None if index else NO_TURNOVER,
                        None if heaviest else NO_GENRE,
                        None if ages else NO_RELEASE_DAY,
                    ),
                    "history_from": days[0],
                    **covered(1, step),
                }
            )
    return mart("market_performance", rows)


def _movement(entry: Entry, before: Entry | None, past: list[int]) -> str:
    if before is None:
        return "RE-ENTRY" if past else "NEW"
    if entry.rank == before.rank:
        return "SAME"
    return "UP" if entry.rank < before.rank else "DOWN"


def _streak(track: str, placed: Mapping[date, Mapping[str, Entry]], days: list[date], index: int) -> int:
    """Charts in a row with the track, counted back from the one at `index`."""
    first = index
    while first and track in placed[days[first - 1]] and (days[first] - days[first - 1]).days <= LONGEST_STEP:
        first -= 1
    return index - first + 1


def _ranks(chart: Chart) -> dict[str, int]:
    return {track: entry.rank for track, entry in places(chart).items()}


def _top_artists(chart: Chart, named: Mapping[str, str]) -> list[str | None]:
    """The names of the three artists with most points: their own, else as the chart credits them; NULL sorts last."""
    own, stated = points([chart]), stated_names([chart])
    shown = {artist: name_of(artist, named, stated) for artist in own}
    order = sorted(own, key=lambda artist: (-own[artist], shown[artist] is None, shown[artist] or "", artist.key))
    return [shown[artist] for artist in order[:3]]


def _heaviest_genres(chart: Chart, genres: Mapping[str, set[str]]) -> list[str]:
    """The three heaviest genres."""
    weights: dict[str, float] = defaultdict(float)
    for entry in chart:
        for genre in (own := genres.get(entry.track_id, set())):
            weights[genre] += 1 / entry.rank / len(own)
    return sorted(weights, key=lambda genre: (-round(weights[genre], 9), genre))[:3]
