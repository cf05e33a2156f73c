"""Chart files → captures: one per snapshot date, its rows word for word.

Two passes: the first reads everything, finds every error and computes the captures' ids; the second writes what is not
there yet. Whether a rank or a number of streams makes sense is `curate`'s business, which keeps what it rejects.
"""

import csv
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import IO, NamedTuple

from spotify_platform.contracts.errors import InputError
from spotify_platform.extract.files import (
    downloaded_at,
    fault_of_date,
    opened,
    refusal,
    shown,
    stamp,
)
from spotify_platform.extract.markets import market_code
from spotify_platform.lake import keys
from spotify_platform.lake.absent import refuse_purged, unbury
from spotify_platform.lake.captures import CaptureWriter, Manifest, read_manifest
from spotify_platform.lake.store import Lake

_CHARTS_HEADER = "rank,uri,artist_names,track_name,source,peak_rank,previous_rank,days_on_chart,streams"
_ARCHIVE_HEADER = (
    "snapshot_date,market,playlist_id,rank,track_id,track_name,artist_ids,artist_names,album_id,album_name,duration_s"
)
_CHARTS, _ARCHIVE = _CHARTS_HEADER.split(","), _ARCHIVE_HEADER.split(",")
_NAME = re.compile(r"regional-(?P<market>.+)-(?P<rhythm>daily|weekly)-(?P<date>.+?)\.csv(\.gz)?", re.IGNORECASE)
_NAMING = "Name it like regional-us-daily-2026-10-01.csv or regional-global-daily-2026-10-01.csv.gz."
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,9}")  # as curation reads a rank

_Progress = Callable[[str, int, int], None]
_Records = Iterator[tuple[int, list[str]]]


class _Row(NamedTuple):
    """A line of a chart file: `item` is what goes into the lake."""

    line: int
    snapshot_date: date
    market: str
    endpoint: str
    item: dict[str, str]


class _Sheet(NamedTuple):
    """A file as the first pass found it."""

    path: Path
    first_date: date
    stamp: tuple[int, int]


@dataclass
class _Day:
    """What the first pass keeps of a date: a digest per row, and where each rank of a market stands."""

    digests: list[bytes] = field(default_factory=list)
    ranks: dict[tuple[str, int], tuple[str, int]] = field(default_factory=dict)


def import_charts(
    lake: Lake,
    files: Sequence[Path],
    *,
    today: date,
    claim: Callable[[], object] = lambda: None,
    progress: _Progress | None = None,
    made_by: dict[str, str] | None = None,
    again: bool = False,
) -> list[Manifest]:
    """Import chart files, one capture per snapshot date, and return the manifests by date.

    A file is CSV, plain or gzip: a daily chart of charts.spotify.com, whose name tells market and date, or an archive
    with `snapshot_date` and `market` in every row. A date whose very rows are in the lake is not written again.
    `claim` is called once everything is checked, before the first write: it may refuse the lake.
    `progress` is told ("checked", files, of) and ("imported", dates, of); `made_by` is added to the manifests' own.
    Dates that were purged are refused, unless `again`.
    Raises `InputError` when any of the files is not as it should be; then nothing was written.
    """
    report = progress or (lambda step, done, total: None)
    days: dict[date, _Day] = defaultdict(_Day)
    sheets = []
    for done, path in enumerate(files, start=1):
        sheets.append(_check(path, today, days))
        report("checked", done, len(files))
    ids = {day: _capture_id(day, days[day].digests) for day in sorted(days)}
    manifests = {
        day: read_manifest(lake, day, capture_id)
        for day, capture_id in ids.items()
        if lake.exists(keys.manifest(day, capture_id))
    }
    refuse_purged(lake, ids, again=again)
    claim()
    rows_left = {day: len(days[day].digests) for day in ids if day not in manifests}
    for writer in _written(lake, sheets, today, ids, rows_left):
        unbury(lake, writer.snapshot_date)
        manifests[writer.snapshot_date] = writer.commit(
            source="import", made_by={"command": "import charts"} | (made_by or {})
        )
        report("imported", len(manifests), len(ids))
    return [manifests[day] for day in ids]


def _check(path: Path, today: date, days: dict[date, _Day]) -> _Sheet:
    """The first pass over one file: every row is read and noted in `days`."""
    dates = set()
    for row in _rows(path, today):
        _note(path, row, days[row.snapshot_date])
        dates.add(row.snapshot_date)
    if not dates:
        raise refusal(path.name, "holds a header and no rows", "Download it again.")
    return _Sheet(path, min(dates), stamp(path))


def _note(path: Path, row: _Row, day: _Day) -> None:
    content = json.dumps([row.endpoint, row.market, *row.item.values()])
    day.digests.append(hashlib.sha256(content.encode()).digest())
    if not _WHOLE_NUMBER.fullmatch(row.item["rank"]):
        return  # goes in as it is; curation rejects it with a reason
    key = (row.market, int(row.item["rank"]))
    if key in day.ranks:
        name, line = day.ranks[key]
        raise refusal(
            f"{path.name}, line {row.line}",
            f"rank {key[1]} stands twice for {row.market} on {row.snapshot_date}, first in {name}, line {line}",
            "Remove one of the two lines.",
        )
    day.ranks[key] = (path.name, row.line)


def _capture_id(day: date, digests: list[bytes]) -> str:
    """From the content alone; sorted, so that the order of rows and files does not matter."""
    content = day.isoformat().encode() + b"".join(sorted(digests))
    return f"charts-{hashlib.sha256(content).hexdigest()[:16]}"


def _written(
    lake: Lake, sheets: list[_Sheet], today: date, ids: dict[date, str], rows_left: dict[date, int]
) -> Iterator[CaptureWriter]:
    """The second pass: the captures of the dates in `rows_left`, each as soon as it holds its last row."""
    writers: dict[date, CaptureWriter] = {}
    now = datetime.now(UTC)
    # Files by their first date and dates let go when complete: else years of daily files would all lie in memory.
    for sheet in sorted(sheets, key=lambda sheet: sheet.first_date):
        if not any(rows_left.values()):
            return
        if stamp(sheet.path) != sheet.stamp:
            raise InputError(f"{sheet.path.name}: changed while it was being imported. Import all files again.")
        moments: dict[date, datetime] = {}
        params = {"file": sheet.path.name}
        for row in _rows(sheet.path, today):
            day = row.snapshot_date
            if day not in rows_left:
                continue
            came = moments.get(day) or moments.setdefault(day, downloaded_at(sheet.path, day, now))
            writer = writers.get(day) or writers.setdefault(day, CaptureWriter(lake, ids[day], day, came))
            writer.captured_at = max(writer.captured_at, came)
            writer.add(
                "chart_entries",
                row.item,
                endpoint=row.endpoint,
                captured_at=came,
                params=params,
                market=row.market,
            )
            rows_left[day] -= 1
            if not rows_left[day]:
                yield writers.pop(day)


def _rows(path: Path, today: date) -> Iterator[_Row]:
    """The rows of a file of either kind. Raises `InputError` for whatever is wrong with its form."""
    with opened(path) as file:
        records = _records(path, file)
        line, cells = next(records, (0, []))
        if not cells:
            raise refusal(path.name, "is empty", "Download it again.")
        if cells == _CHARTS:
            yield from _chart(path, records, today)
        elif cells == _ARCHIVE:
            yield from _archive(path, records, today)
        else:
            raise refusal(
                f"{path.name}, line {line}",
                f"the header {shown(','.join(cells))} is unknown",
                f"Known are that of charts.spotify.com ({_CHARTS_HEADER}) and that of an archive ({_ARCHIVE_HEADER}).",
            )


def _chart(path: Path, records: _Records, today: date) -> Iterator[_Row]:
    """Rows of charts.spotify.com: the file's name tells market and date."""
    told = _NAME.fullmatch(path.name)
    if not told:
        raise refusal(path.name, "the name does not tell market and date", _NAMING)
    if told["rhythm"].lower() == "weekly":
        raise refusal(path.name, "is a weekly chart, and only daily charts are kept", "Download the daily one.")
    market = _market(path.name, told["market"], _NAMING)
    day = _day(path.name, told["date"], today, _NAMING)
    for line, cells in records:
        yield _Row(
            line, day, market, "charts.spotify.com/regional-daily", _item(f"{path.name}, line {line}", _CHARTS, cells)
        )


def _archive(path: Path, records: _Records, today: date) -> Iterator[_Row]:
    """Rows of an archive: each tells its market and date, which go into the envelope."""
    name = path.name
    for line, cells in records:
        where = f"{name}, line {line}"
        item = _item(where, _ARCHIVE, cells)
        day = _day(where, item.pop("snapshot_date"), today, "Write it like 2026-10-01, and not before it has come.")
        market = _market(where, item.pop("market"), "Give a code of ISO 3166 (US), an English country name, or Global.")
        yield _Row(line, day, market, "chart-archive", item)


def _item(where: str, columns: list[str], cells: list[str]) -> dict[str, str]:
    if len(cells) != len(columns):
        raise refusal(where, f"{len(cells)} cells instead of {len(columns)}", "Download the file again.")
    return dict(zip(columns, cells, strict=True))


def _market(where: str, text: str, remedy: str) -> str:
    try:
        return market_code(text)
    except InputError:
        raise refusal(where, f"{shown(text)} is no market", remedy) from None


def _day(where: str, text: str, today: date, remedy: str) -> date:
    day = _parsed(text)
    fault = fault_of_date(day, today) if day else f"{shown(text)} is not a date"
    if day is None or fault:
        raise refusal(where, str(fault), remedy)
    return day


@lru_cache(maxsize=4096)  # called for every row of an archive
def _parsed(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None


def _records(path: Path, file: IO[bytes]) -> _Records:
    """The CSV records of a file but for blank lines, each with the physical line that it begins on, from 1."""
    reader = csv.reader(_lines(path, file), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise refusal(f"{path.name}, line {line}", f"is not CSV ({error})", "Download the file again.") from None
        if cells:
            yield line, cells


def _lines(path: Path, file: IO[bytes]) -> Iterator[str]:
    # Decoded line by line, since a decoder that reads ahead could not say on which line it failed.
    for number, line in enumerate(file, start=1):
        try:
            text = line.decode()
        except UnicodeDecodeError:
            raise refusal(
                f"{path.name}, line {number}", "is not UTF-8", "Save the file as CSV in UTF-8, or download it again."
            ) from None
        yield text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}") if number == 1 else text
