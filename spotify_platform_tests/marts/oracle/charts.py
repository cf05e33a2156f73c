"""The charts: each market's calendar, places, points, and whom they belong to."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from .basis import Curated, rows_of, week_of
from .known import Artist, artists_of_tracks

LONGEST_STEP = 3  # days from one chart to the next in a streak


class Entry(NamedTuple):
    """A row of a chart, and whom it is by."""

    rank: int
    track_id: str
    track_name: str | None
    artist_names: str | None
    streams: int | None
    artists: tuple[Artist, ...]


Chart = list[Entry]  # by rank
Calendar = dict[date, Chart]  # a market's charts by date, in order


def calendars(curated: Curated) -> dict[str, Calendar]:
    """Each market's charts in order of date, each in order of rank."""
    known = artists_of_tracks(curated)
    found: dict[str, Calendar] = defaultdict(dict)
    columns = ("market", "snapshot_date", "rank", "track_id", "track_name", "artist_names", "streams")
    for market, day, rank, track, name, stated, streams in sorted(
        rows_of(curated, "chart_entries", *columns), key=lambda row: row[:3]
    ):
        by = known.get(track) or (Artist(f"name:{stated or ''}", None),)
        found[market].setdefault(day, []).append(Entry(rank, track, name, stated, streams, by))
    return dict(found)


def weeks(calendar: Calendar) -> list[date]:
    """The charting weeks in which there is a chart."""
    return sorted({week_of(day) for day in calendar})


def between(calendar: Calendar, first: date, last: date) -> Calendar:
    """The charts from one day to another, both included."""
    return {day: chart for day, chart in calendar.items() if first <= day <= last}


def size(chart: Chart) -> int:
    """The chart's last rank."""
    return max(entry.rank for entry in chart)


def places(chart: Chart) -> dict[str, Entry]:
    """Each track's better entry."""
    found: dict[str, Entry] = {}
    for entry in chart:
        found.setdefault(entry.track_id, entry)
    return found


def by_artist(chart: Chart) -> dict[Artist, Chart]:
    """Each artist's entries."""
    found: dict[Artist, Chart] = defaultdict(list)
    for entry in chart:
        for artist in entry.artists:
            found[artist].append(entry)
    return dict(found)


def points(charts: Iterable[Chart]) -> dict[Artist, int]:
    """Points over the charts: the last place of a chart gives 1, each better one 1 more, to every artist in full."""
    found: dict[Artist, int] = defaultdict(int)
    for chart in charts:
        last = size(chart)
        for entry in chart:
            for artist in entry.artists:
                found[artist] += last + 1 - entry.rank
    return dict(found)


def stated_names(charts: Iterable[Chart]) -> dict[Artist, str | None]:
    """Every artist of the charts, with the greatest credit that they state."""
    stated: dict[Artist, str | None] = {}
    for chart in charts:
        for entry in chart:
            for artist in entry.artists:
                texts = [text for text in (stated.get(artist), entry.artist_names) if text is not None]
                stated[artist] = max(texts, default=None)
    return stated


def name_of(artist: Artist, names: Mapping[str, str], stated: Mapping[Artist, str | None]) -> str | None:
    """An artist's own name, else as the charts credit it."""
    return names.get(artist.id, stated[artist]) if artist.id else stated[artist]
