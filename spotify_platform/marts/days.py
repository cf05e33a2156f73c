"""Which days a build makes anew: those whose rows a changed day can have changed. Not here: making them.

Everything is made anew when a market's first chart is another one, which stands in every row, or when many tracks got
other artists, names, genres or albums.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

from spotify_platform.marts.sql import Mart

Ask = Callable[[str], list[tuple[Any, ...]]]  # the rows of a SELECT in the warehouse

# What marts with days read of those without; a test holds that it is no more. A change of it touches old days.
COMPARED = {
    "bridge_artist_genre": ("artist_id", "genre"),
    "bridge_track_artist": ("track_id", "artist_id"),
    "dim_album": ("album_id", "album_name", "artist_names", "release_date", "release_date_precision"),
    "dim_artist": ("artist_id", "artist_name"),
    "dim_track": ("track_id", "album_id", "release_date"),
}
# With more, the list would be long for a statement, and most days would be touched anyway.
MOST_TRACKS = 1_000

_CHARTS = "where entity = 'chart_entries' and market <> '*' and readable"
_OLD, _NEW = f"marts.coverage {_CHARTS}", f"ops.coverage {_CHARTS}"
_FRIDAY = 4  # date.weekday()


@dataclass(frozen=True)
class Changed:
    """The days that changed since the last build; `releases` are days that only marts about albums look at."""

    days: frozenset[date] = frozenset()
    releases: frozenset[date] = frozenset()


def of_batches(old: Mapping[date, str], new: Mapping[date, str]) -> set[date]:
    """The days with another batch than before."""
    return {day for day in old.keys() | new.keys() if old.get(day) != new.get(day)}


def of_charts(ask: Ask) -> set[date] | None:
    """The days on which charts came or went, by the ledger of the last build and the new one; None: all days.

    Before `marts.coverage` is made anew.
    """
    firsts = "select market, min(snapshot_date) from"
    old: dict[str, date] = dict(ask(f"{firsts} {_OLD} group by market"))
    new: dict[str, date] = dict(ask(f"{firsts} {_NEW} group by market"))
    moved = any(new.get(market, first) != first for market, first in old.items())
    if moved or (old and new and min(old.values()) != min(new.values())):
        return None
    days = "select snapshot_date, market from"
    gone = ask(f"{days} {_OLD} except {days} {_NEW}")
    come = ask(f"{days} {_NEW} except {days} {_OLD}")
    return {day for day, _ in [*gone, *come]}


def of_attributes(ask: Ask, old: Mapping[str, Path], new: Mapping[str, Path]) -> Changed | None:
    """The days touched by attributes that changed; None: all days. `old` and `new` are the files of `COMPARED`.

    Before the marts with days are made anew. A track that is new has been on a chart of a changed day only.
    """
    with duckdb.connect() as connection:
        for state, files in (("old", old), ("new", new)):
            for name in COMPARED:
                connection.read_parquet(str(files[name])).create_view(f"{name}_{state}")
        for name, columns in COMPARED.items():
            listed = ", ".join(columns)
            connection.execute(
                f"create table {name} as (select {listed} from {name}_old except select {listed} from {name}_new) "
                f"union all (select {listed} from {name}_new except select {listed} from {name}_old)"
            )
        tracks = connection.execute("""
            with artists as (select artist_id from dim_artist union select artist_id from bridge_artist_genre),
            credits as (from bridge_track_artist_old union all from bridge_track_artist_new),
            placed as (from dim_track_old union all by name from dim_track_new)
            select track_id from (
                select track_id from dim_track
                union select track_id from bridge_track_artist
                union select track_id from credits where artist_id in (from artists)
                union select track_id from placed where album_id in (select album_id from dim_album)
            )
            where track_id in (select track_id from dim_track_old)
        """).fetchall()
        releases = connection.execute("select distinct release_date from dim_album where release_date is not null")
        released = frozenset(day for (day,) in releases.fetchall())
    if len(tracks) > MOST_TRACKS:
        return None
    if not tracks:
        return Changed(releases=released)
    listed = ", ".join("'" + track.replace("'", "''") + "'" for (track,) in tracks)
    days = ask(f"select distinct snapshot_date from marts.fct_chart_daily where track_id in ({listed})")
    return Changed(frozenset(day for (day,) in days), released)


def to_build(mart: Mart, changed: Changed | None, calendar: Sequence[date]) -> list[date]:
    """The days (weeks by their Friday) of which a mart's rows may be others; all days where `changed` is None.

    `calendar` is the days of the ledger. A day that has left it is told, too, so that its rows go.
    """
    assert mart.table.touched, f"{mart.table.name} has no days"
    after, until = mart.table.touched
    start = changed.days if changed else frozenset(calendar[:1])
    if changed and "marts.dim_album" in mart.reads:
        start |= {day for day in changed.releases if calendar and calendar[0] <= day <= calendar[-1]}
    if not start:
        return []
    last = max([*calendar[-1:], *start])
    if until is None or changed is None:
        first = min(start) + timedelta(days=after)
        touched = {first + timedelta(days=n) for n in range((last - first).days + 1)}
    else:
        touched = {day + timedelta(days=n) for day in start for n in range(after, until + 1)}
    is_week = mart.table.day == "chart_week"
    return sorted(day for day in touched if day <= last and (day.weekday() == _FRIDAY or not is_week))
