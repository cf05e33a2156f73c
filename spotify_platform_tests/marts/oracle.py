"""The marts a second time, in plain Python, from their definitions alone.

Whoever changes a mart's SQL does not change this file; whoever changes a definition changes both. It was written
without a look at the SQL: where the two differ, the definition decides. Slow and obvious is right here.

`curated` holds the curated tables by name, their dates as `datetime.date`. A mart comes back with its contract's
columns, None for NULL, sorted by its key.
"""

import math
from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

import pandas as pd

from spotify_platform.contracts.marts import MARTS_BY_NAME

Curated = Mapping[str, pd.DataFrame]

LONGEST_STEP = 3  # days from one chart to the next in a streak
RECENT, EARLIER = range(0, 7), range(7, 35)  # days back from the chart's date
NEEDED_DAYS = 7

FIRST_CHART = "the first chart of the market: nothing to compare with"
NO_EARLIER_CHART = "no chart in the 28 days before the last 7"
TOO_FEW_DAYS = f"fewer than {NEEDED_DAYS} observed days"
UNKNOWN_ARTIST = "no capture tells the artist of the track; named as the chart does"
NO_TURNOVER = "the first chart of the market: no turnover"
NO_GENRE = "no genre of a charted artist is known"
NO_RELEASE_DAY = "no release day of a charted track is known"


class Artist(NamedTuple):
    """Whom the points of an entry go to; without an id it is the chart's credit."""

    key: str
    id: str | None


class Entry(NamedTuple):
    """A row of a chart, and whom it is by."""

    rank: int
    track_id: str
    track_name: str | None
    artist_names: str | None
    artists: tuple[Artist, ...]


Chart = list[Entry]  # by rank
Calendar = dict[date, Chart]  # a market's charts by date


def chart_movement(curated: Curated) -> pd.DataFrame:
    """Every charted track against its market's previous chart."""
    rows = []
    for market, calendar in _calendars(curated).items():
        places = {day: _places(chart) for day, chart in calendar.items()}
        days = list(places)
        ranks: dict[str, list[int]] = defaultdict(list)  # of each track on the charts before
        for index, day in enumerate(days):
            coverage = (index + 1) / ((day - days[0]).days + 1)
            for track, entry in places[day].items():
                past = ranks[track]
                before = places[days[index - 1]].get(track) if index else None
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
                        "consecutive_days": _streak(track, places, days, index),
                        "after_gap": index > 0 and (day - days[index - 1]).days > LONGEST_STEP,
                        "reason": None if index else FIRST_CHART,
                        "history_from": days[0],
                        "coverage": round(coverage, 6),
                        "confidence": _confidence(coverage),
                    }
                )
                past.append(entry.rank)
    return _mart("chart_movement", rows)


def trending_artists_daily(curated: Curated) -> pd.DataFrame:
    """Chart points of an artist's last 7 days against those of the 28 days before."""
    names = _names(curated)
    rows = []
    for market, calendar in _calendars(curated).items():
        for day in calendar:
            recent = [chart for other, chart in calendar.items() if (day - other).days in RECENT]
            earlier = [chart for other, chart in calendar.items() if (day - other).days in EARLIER]
            observed = len(recent) + len(earlier)
            points_7d, points_28d = _points(recent), _points(earlier)
            stated = _stated_names(recent + earlier)
            today: dict[Artist, Chart] = defaultdict(list)
            for entry in calendar[day]:
                for artist in entry.artists:
                    today[artist].append(entry)
            for artist in stated:
                now = round(points_7d.get(artist, 0) / len(recent), 6)
                before = round(points_28d.get(artist, 0) / len(earlier), 6) if earlier else None
                trend = None
                if before is not None and observed >= NEEDED_DAYS:
                    trend = round(math.log(1 + now) - math.log(1 + before), 6)
                charted = today.get(artist, [])
                name = names.get(artist.id) if artist.id else None
                rows.append(
                    {
                        "snapshot_date": day,
                        "market": market,
                        "artist_key": artist.key,
                        "artist_id": artist.id,
                        "artist_name": stated[artist] if name is None else name,
                        "points_7d": now,
                        "points_28d": before,
                        "trend": trend,
                        "best_rank": min(entry.rank for entry in charted) if charted else None,
                        "charted_tracks": len({entry.track_id for entry in charted}),
                        "observed_days": observed,
                        "reason": _trend_reason(artist, len(earlier), observed),
                        "history_from": min(calendar),
                        "coverage": round(observed / 35, 6),
                        "confidence": _confidence(observed / 35),
                    }
                )
    _number(rows, "rank_in_market", within=("market", "snapshot_date"))
    _number(rows, "rank_global", within=("snapshot_date",))
    return _mart("trending_artists_daily", rows)


def market_performance(curated: Curated) -> pd.DataFrame:
    """A market's chart: its artists, genres, age and turnover."""
    names, genres, released = _names(curated), _genres(curated), _release_days(curated)
    rows = []
    for market, calendar in _calendars(curated).items():
        days = list(calendar)
        for index, day in enumerate(days):
            chart = calendar[day]
            tracks = {entry.track_id for entry in chart}
            heaviest, known = _heaviest_genres(chart, genres)
            ages = [(day - released[track]).days for track in tracks if track in released]
            new = turnover = None
            step = 1
            if index:
                new = len(tracks - {entry.track_id for entry in calendar[days[index - 1]]})
                turnover = round(new / len(tracks), 6)
                step = (day - days[index - 1]).days
            reasons = [
                NO_TURNOVER if not index else None,
                NO_GENRE if not heaviest else None,
                NO_RELEASE_DAY if not ages else None,
            ]
            top = [name for name in _top_artists(chart, names) if name is not None]
            rows.append(
                {
                    "snapshot_date": day,
                    "market": market,
                    "entries": len(chart),
                    "artists": len({artist for entry in chart for artist in entry.artists}),
                    "top_track": next((entry.track_name for entry in chart if entry.rank == 1), None),
                    "top_artists": ", ".join(top) if top else None,
                    "top_genres": ", ".join(heaviest) if heaviest else None,
                    "genre_known_share": round(known / len(chart), 6),
                    "new_entries": new,
                    "turnover": turnover,
                    "mean_track_age_days": round(sum(ages) / len(ages), 6) if ages else None,
                    "age_known_share": round(len(ages) / len(tracks), 6),
                    "reason": "; ".join(reason for reason in reasons if reason) or None,
                    "history_from": days[0],
                    "coverage": round(1 / step, 6),
                    "confidence": {1: "high", 2: "medium"}.get(step, "low"),
                }
            )
    return _mart("market_performance", rows)


def _calendars(curated: Curated) -> dict[str, Calendar]:
    """Each market's charts in order of date, each in order of rank."""
    credits = _credits(curated)
    calendars: dict[str, Calendar] = defaultdict(dict)
    columns = ("market", "snapshot_date", "rank", "track_id", "track_name", "artist_names")
    for market, day, rank, track, name, stated in sorted(
        _rows(curated, "chart_entries", *columns), key=lambda row: row[:3]
    ):
        by = credits.get(track) or (Artist(f"name:{stated or ''}", None),)
        calendars[market].setdefault(day, []).append(Entry(rank, track, name, stated, by))
    return dict(calendars)


def _places(chart: Chart) -> dict[str, Entry]:
    """Each track's better entry."""
    places: dict[str, Entry] = {}
    for entry in chart:
        places.setdefault(entry.track_id, entry)
    return places


def _movement(entry: Entry, before: Entry | None, past: list[int]) -> str:
    if before is None:
        return "RE-ENTRY" if past else "NEW"
    if entry.rank == before.rank:
        return "SAME"
    return "UP" if entry.rank < before.rank else "DOWN"


def _streak(track: str, places: Mapping[date, Mapping[str, Entry]], days: list[date], index: int) -> int:
    """Charts in a row with the track, counted back from the one at `index`."""
    first = index
    while first and track in places[days[first - 1]] and (days[first] - days[first - 1]).days <= LONGEST_STEP:
        first -= 1
    return index - first + 1


def _credits(curated: Curated) -> dict[str, tuple[Artist, ...]]:
    """The artists of each track: those of the newest date that states any."""
    newest: dict[str, date] = {}
    credits: dict[str, tuple[Artist, ...]] = {}
    for day, track, artist in sorted(_rows(curated, "track_artists", "snapshot_date", "track_id", "artist_id")):
        others = credits[track] if newest.get(track) == day else ()
        newest[track], credits[track] = day, (*others, Artist(artist, artist))
    return credits


def _names(curated: Curated) -> dict[str, str]:
    """The newest name of each artist that ever had one."""
    rows = _rows(curated, "artists", "snapshot_date", "artist_id", "name")
    named = sorted((day, artist, name) for day, artist, name in rows if name is not None)
    return {artist: name for _, artist, name in named}


def _genres(curated: Curated) -> dict[str, set[str]]:
    """Each artist's genres at the newest date with the full object; none then is none, whatever was said before."""
    artists = _rows(curated, "artists", "snapshot_date", "artist_id", "detail")
    newest = {artist: day for day, artist, detail in sorted(artists) if detail == "full"}
    genres: dict[str, set[str]] = defaultdict(set)
    for day, artist, genre in _rows(curated, "artist_genres", "snapshot_date", "artist_id", "genre"):
        if newest.get(artist) == day:
            genres[artist].add(genre)
    return dict(genres)


def _release_days(curated: Curated) -> dict[str, date]:
    """Each track's release day: of its newest album that has one, the newest that was stated."""
    albums = _rows(curated, "albums", "snapshot_date", "album_id", "release_date", "release_date_precision")
    precise = sorted((day, album, released) for day, album, released, precision in albums if precision == "day")
    of_album = {album: released for _, album, released in precise}
    tracks = _rows(curated, "tracks", "snapshot_date", "track_id", "album_id")
    placed = sorted((day, track, album) for day, track, album in tracks if album in of_album)
    return {track: of_album[album] for _, track, album in placed}


def _points(charts: list[Chart]) -> dict[Artist, int]:
    """Points over the charts: the last place of a chart gives 1, each better one 1 more, to every artist in full."""
    points: dict[Artist, int] = defaultdict(int)
    for chart in charts:
        last = max(entry.rank for entry in chart)
        for entry in chart:
            for artist in entry.artists:
                points[artist] += last + 1 - entry.rank
    return dict(points)


def _stated_names(charts: list[Chart]) -> dict[Artist, str | None]:
    """Every artist of the charts, with the greatest credit that they state."""
    stated: dict[Artist, str | None] = {}
    for chart in charts:
        for entry in chart:
            for artist in entry.artists:
                texts = [text for text in (stated.get(artist), entry.artist_names) if text is not None]
                stated[artist] = max(texts, default=None)
    return stated


def _trend_reason(artist: Artist, earlier: int, observed: int) -> str | None:
    if not earlier:
        return NO_EARLIER_CHART
    if observed < NEEDED_DAYS:
        return TOO_FEW_DAYS
    return UNKNOWN_ARTIST if artist.id is None else None


def _number(rows: list[dict[str, Any]], column: str, within: tuple[str, ...]) -> None:
    """Number the rows with a trend from 1 in each group."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        row[column] = None
        if row["trend"] is not None:
            groups[tuple(row[name] for name in within)].append(row)
    for group in groups.values():
        group.sort(key=lambda row: (-row["trend"], -row["points_7d"], row["artist_key"], row["market"]))
        for place, row in enumerate(group, start=1):
            row[column] = place


def _top_artists(chart: Chart, names: Mapping[str, str]) -> list[str | None]:
    """The names of the three artists with most points: their own, else as the chart credits them; NULL sorts last."""
    points, stated = _points([chart]), _stated_names([chart])
    named = {artist: names.get(artist.id, stated[artist]) if artist.id else stated[artist] for artist in points}
    order = sorted(points, key=lambda artist: (-points[artist], named[artist] is None, named[artist] or "", artist.key))
    return [named[artist] for artist in order[:3]]


def _heaviest_genres(chart: Chart, genres: Mapping[str, set[str]]) -> tuple[list[str], int]:
    """The three heaviest genres, and the entries with any."""
    weights: dict[str, float] = defaultdict(float)
    known = 0
    for entry in chart:
        own = set().union(*(genres.get(artist.key, set()) for artist in entry.artists if artist.id))
        known += bool(own)
        for genre in own:
            weights[genre] += 1 / entry.rank / len(own)
    return sorted(weights, key=lambda genre: (-round(weights[genre], 9), genre))[:3], known


def _confidence(coverage: float) -> str:
    if coverage >= 0.8:
        return "high"
    return "medium" if coverage >= 0.5 else "low"


def _rows(curated: Curated, table: str, *columns: str) -> list[tuple[Any, ...]]:
    """Columns of a table as tuples, None for NULL."""
    cells = [[None if pd.isna(value) else value for value in curated[table][column]] for column in columns]
    return list(zip(*cells, strict=True))


def _mart(name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    table = MARTS_BY_NAME[name]
    ordered = sorted(rows, key=lambda row: [row[column] for column in table.key])
    return pd.DataFrame(
        {column: pd.Series([row[column] for row in ordered], dtype=object) for column in table.names},
        columns=table.names,
    )
