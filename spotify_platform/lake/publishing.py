"""Publishing: which batch of a date readers see.

A publish record names one batch; the highest sequence number wins. Records are created, never changed, so two
publishers cannot both win a number. Writing the batch's files is `curate`'s business, loading them `load`'s.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime

from pydantic import BaseModel

from spotify_platform.lake import keys
from spotify_platform.lake.store import Lake


class PublishedFile(BaseModel):
    """One Parquet file of a batch."""

    table: str
    path: str
    rows: int
    bytes: int
    sha256: str


class Told(BaseModel):
    """What an audit found: a check that does not hold, and how many rows or lines break it."""

    table: str  # curated table, or raw/<entity>
    check: str
    rows: int
    severity: str  # error or warning
    example: str = ""


class Audit(BaseModel):
    """What an audit came to."""

    checks: int = 0  # made of the tables' rows
    findings: list[Told] = []


class PublishRecord(BaseModel):
    """Which batch of a date is published, what it was made from, and what the audit said."""

    snapshot_date: date
    seq: int
    batch_id: str
    captures: list[str]
    fingerprint: str  # of contracts and curation code
    published_at: datetime
    files: list[PublishedFile]
    audit: Audit
    made_from: dict[str, list[str]] = {}  # raw entity → kinds of captures that gave it: days of one kind compare
    things: dict[str, int] = {}  # raw entity → how many things it told
    reused: dict[str, int] = {}  # raw entity → how many things were not asked for, since an earlier capture has them
    fields: dict[str, dict[str, str]] = {}  # raw entity → its known fields with their JSON types
    charts: dict[str, int] = {}  # market → rows of its chart

    @property
    def rows(self) -> dict[str, int]:
        """Rows per table; a table without rows has no file and is not in it."""
        counts: dict[str, int] = defaultdict(int)
        for file in self.files:
            counts[file.table] += file.rows
        return dict(counts)


class Withheld(BaseModel):
    """Why a date's captures were not published."""

    snapshot_date: date
    captures: list[str]
    fingerprint: str
    decided_at: datetime
    reasons: list[str]
    audit: Audit = Audit()


def head(lake: Lake, snapshot_date: date) -> PublishRecord | None:
    """The record that readers of a date follow, or None where nothing was published."""
    found = lake.keys(f"{keys.PUBLISHED}/{keys.day(snapshot_date)}")
    return PublishRecord.model_validate_json(lake.get(found[-1])) if found else None


def heads(lake: Lake, dates: Iterable[date] | None = None) -> dict[date, PublishRecord]:
    """The head of every published date (or of those in `dates`): one LIST, and one GET a date."""
    asked = None if dates is None else sorted(set(dates))
    if asked == []:
        return {}
    after, until = (f"{keys.PUBLISHED}/{keys.day(day)}" for day in (asked[0], asked[-1])) if asked else (None, None)
    found = lake.keys(keys.PUBLISHED, after=after, until=until and f"{until}/~")
    newest = {keys.date_in(key): key for key in found}  # sorted: the last seq of a date wins
    wanted = sorted(newest.keys() if asked is None else newest.keys() & set(asked))
    records = lake.get_all(newest[day] for day in wanted)
    return {day: PublishRecord.model_validate_json(records[newest[day]]) for day in wanted}


def published_dates(lake: Lake) -> set[date]:
    """The dates that readers see: one LIST and no GET."""
    return {keys.date_in(key) for key in lake.keys(keys.PUBLISHED)}


def publish(lake: Lake, record: PublishRecord) -> bool:
    """Create the record; False when another publisher took its number first."""
    key = keys.published(record.snapshot_date, record.seq)
    return lake.create(key, record.model_dump_json(indent=1).encode())


def withhold(lake: Lake, verdict: Withheld) -> None:
    """Keep the reasons for which a date's newest inputs were not published; the same reasons are kept once."""
    known = withheld(lake, verdict.snapshot_date, verdict.captures, verdict.fingerprint)
    if known and known.reasons == verdict.reasons:
        return
    inputs = inputs_of(verdict.captures, verdict.fingerprint)
    lake.put(keys.withheld(verdict.snapshot_date, inputs), verdict.model_dump_json(indent=1).encode())


def withheld(lake: Lake, snapshot_date: date, captures: list[str], fingerprint: str) -> Withheld | None:
    """The reasons why exactly these captures of a date were withheld by exactly this code, or None."""
    key = keys.withheld(snapshot_date, inputs_of(captures, fingerprint))
    return Withheld.model_validate_json(lake.get(key)) if lake.exists(key) else None


def verdicts(lake: Lake) -> dict[date, list[Withheld]]:
    """What was withheld, by date, oldest decision first: one LIST, and one GET each."""
    found: dict[date, list[Withheld]] = defaultdict(list)
    for content in lake.get_all(lake.keys(keys.WITHHELD)).values():
        verdict = Withheld.model_validate_json(content)
        found[verdict.snapshot_date].append(verdict)
    return {day: sorted(of_day, key=lambda verdict: verdict.decided_at) for day, of_day in sorted(found.items())}


def accept(lake: Lake, snapshot_date: date, captures: list[str], accepted_at: datetime) -> None:
    """Keep that a person takes a date's captures as they are, few rows or not; other captures are another decision."""
    key = keys.accepted(snapshot_date, inputs_of(captures, ""))
    lake.create(key, f'{{"accepted_at": "{accepted_at.isoformat()}"}}'.encode())


def accepted(lake: Lake, snapshot_date: date, captures: list[str]) -> bool:
    """Whether a person takes exactly these captures of a date as they are."""
    return lake.exists(keys.accepted(snapshot_date, inputs_of(captures, "")))


def inputs_of(captures: list[str], fingerprint: str) -> str:
    """A short name for what a batch is made from: its captures and the code."""
    return hashlib.sha256("\n".join([fingerprint, *sorted(captures)]).encode()).hexdigest()[:16]
