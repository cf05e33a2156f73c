"""Chart files as charts.spotify.com lets a signed-in person download them.

Only the file format and the looking back belong here; the ranks come from `Catalogue.chart`.
"""

from __future__ import annotations

import csv
import datetime
import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from spotify_platform.sandbox.catalogue import Catalogue, ChartRow
from spotify_platform.sandbox.scores import GLOBAL, MARKETS

HEADER = (
    "rank", "uri", "artist_names", "track_name", "source", "peak_rank", "previous_rank",
    "days_on_chart", "streams",
)  # fmt: skip
LOOK_BACK = 30  # days before the first file that count for peak_rank and days_on_chart


def write_chart_files(
    catalogue: Catalogue,
    folder: Path,
    first: datetime.date,
    last: datetime.date,
    markets: Sequence[str] | None = None,
    size: int = 50,
) -> list[Path]:
    """Write `regional-<market>-daily-<date>.csv` for each market (default: all and GLOBAL) and day.

    Both ends are included. Returns the paths by market and day. Writing again gives the same bytes and the
    same modification times.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return [
        path
        for market in markets or (GLOBAL, *MARKETS)
        for path in _write_market(catalogue, folder, market, first, last, size)
    ]


def _write_market(
    catalogue: Catalogue, folder: Path, market: str, first: datetime.date, last: datetime.date, size: int
) -> Iterator[Path]:
    peaks: dict[int, int] = {}
    days_on_chart: dict[int, int] = {}
    previous: dict[int, int] = {}
    for day in _days(max(first - datetime.timedelta(days=LOOK_BACK), catalogue.first_day), last):
        rows = catalogue.chart(market, day, size)
        for row in rows:
            peaks[row.track_index] = min(row.rank, peaks.get(row.track_index, row.rank))
            days_on_chart[row.track_index] = days_on_chart.get(row.track_index, 0) + 1
        if day >= first:
            lines = [_line(row, peaks, previous, days_on_chart) for row in rows]
            path = folder / f"regional-{market.lower()}-daily-{day.isoformat()}.csv"
            _write(path, lines, day)
            yield path
        previous = {row.track_index: row.rank for row in rows}


def _days(first: datetime.date, last: datetime.date) -> Iterator[datetime.date]:
    for number in range((last - first).days + 1):
        yield first + datetime.timedelta(days=number)


def _line(
    row: ChartRow, peaks: dict[int, int], previous: dict[int, int], days_on_chart: dict[int, int]
) -> tuple[object, ...]:
    track = row.track_index
    return (
        row.rank,
        f"spotify:track:{row.track_id}",
        ", ".join(row.artist_names),
        row.track_name,
        row.label,
        peaks[track],
        previous.get(track, -1),
        days_on_chart[track],
        row.streams,
    )


def _write(path: Path, lines: list[tuple[object, ...]], day: datetime.date) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(lines)
    unfinished = path.with_suffix(".tmp")
    unfinished.write_bytes(text.getvalue().encode())
    # A fixed time makes a second writing indistinguishable from the first. The end of the chart's day, and no hour of
    # the morning after: a file that claims to come from the future counts as come now.
    out = datetime.datetime.combine(day, datetime.time(), datetime.UTC) + datetime.timedelta(days=1)
    os.utime(unfinished, (out.timestamp(), out.timestamp()))
    unfinished.replace(path)
