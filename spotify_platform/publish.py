"""Write, audit, publish: one date's way from its committed captures to a batch that readers see.

All captures of a stretch of dates are curated together, audited, and published date by date. A date that fails its
audit is withheld with its reasons while the others go on. This room only puts `lake`, `curate` and `quality`
together; how an asset reports the outcome is `assets`' business.
"""

import secrets
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from spotify_platform.contracts.curated import CURATED
from spotify_platform.contracts.errors import LakeError
from spotify_platform.contracts.raw import ENTITIES, ENTITIES_BY_NAME
from spotify_platform.curate.duckdb import DuckDBEngine
from spotify_platform.curate.engine import Part
from spotify_platform.curate.fingerprint import fingerprint
from spotify_platform.curate.flat import flatten
from spotify_platform.curate.tables import curate
from spotify_platform.lake import keys
from spotify_platform.lake.captures import Manifest, RawFile, captures_by_date, captures_of, read_manifest
from spotify_platform.lake.publishing import (
    PublishedFile,
    PublishRecord,
    Withheld,
    head,
    heads,
    publish,
    withheld,
    withhold,
)
from spotify_platform.lake.store import Lake, sha256
from spotify_platform.marts.build import published_marts
from spotify_platform.quality.audit import Finding, audit, audit_lines, check_count

# One engine call takes at most this much: the frames of a chunk are in memory or spilled, and a person sees progress.
CHUNK_DATES = 31
CHUNK_BYTES = 64_000_000  # gzip, as the manifests say; about ten times as much JSON

# A publisher that keeps losing meets another one each time; ten in a row do not happen by chance.
_MAX_ROUNDS = 10

NOT_CAPTURED = "nothing was captured for this date, and Spotify serves only the present"

Progress = Callable[[date, str], None]  # a date and what became of it: published, unchanged, withheld, not captured


@dataclass
class Outcome:
    """What became of the dates of a run."""

    published: dict[date, PublishRecord] = field(default_factory=dict)  # by this run
    unchanged: dict[date, PublishRecord] = field(default_factory=dict)  # already published from the same captures
    withheld: dict[date, list[str]] = field(default_factory=dict)  # reasons
    not_captured: list[date] = field(default_factory=list)

    @property
    def readable(self) -> dict[date, PublishRecord]:
        """Every date of the run whose captures, as they were when it was published, readers now see."""
        return dict(sorted((self.unchanged | self.published).items()))

    @property
    def reasons(self) -> dict[date, list[str]]:
        """Every date of the run that readers do not see as captured, with why."""
        gaps = {day: [NOT_CAPTURED] for day in self.not_captured}
        return dict(sorted((self.withheld | gaps).items()))


def publish_dates(lake: Lake, dates: Iterable[date], progress: Progress | None = None) -> Outcome:
    """Curate, audit and publish the dates' committed captures; what is published already is left as it is."""
    tell = progress or (lambda day, state: None)
    outcome = Outcome()
    todo = sorted(set(dates))
    for _ in range(_MAX_ROUNDS):
        work = list(_plan(lake, todo, outcome, tell))
        if not work:
            return outcome
        todo = []
        for chunk in _chunks(work):
            todo += _publish_chunk(lake, chunk, outcome, tell)
    raise LakeError(
        f"{lake.url}: {', '.join(map(str, todo))} changed under {_MAX_ROUNDS} attempts to publish. "
        "Another publisher is at work on the same dates; run again when it has ended."
    )


def unread_dates(lake: Lake, dates: Iterable[date]) -> dict[date, list[str]]:
    """Those of `dates` of which readers do not see the newest captures as this code curates them, with why."""
    reasons = {}
    published = heads(lake, dates)
    for day in sorted(set(dates)):
        captures = captures_of(lake, day)
        if not captures:
            reasons[day] = [NOT_CAPTURED]
        elif day not in published or not _is_current(published[day], captures):
            known = withheld(lake, day, captures, fingerprint())
            reasons[day] = known.reasons if known else ["captured, but not published yet"]
    return reasons


def pending_dates(lake: Lake) -> list[date]:
    """The dates whose committed captures are not in their published batch, or whose batch is not in the marts."""
    published = heads(lake)
    build = published_marts(lake)
    built = build.batches if build else {}
    return [
        day
        for day, captures in captures_by_date(lake).items()
        if day not in published
        or not set(captures) <= set(published[day].captures)
        or built.get(day) != published[day].batch_id
    ]


@dataclass(frozen=True)
class _Work:
    """One date to publish: the number its record will take, and all its captures."""

    day: date
    seq: int
    manifests: tuple[Manifest, ...]

    @property
    def captures(self) -> list[str]:
        return [manifest.capture_id for manifest in self.manifests]

    @property
    def files(self) -> list[RawFile]:
        """The raw files that tables are made of."""
        every = (file for manifest in self.manifests for file in manifest.files)
        return [file for file in every if file.entity in ENTITIES_BY_NAME]


def _plan(lake: Lake, dates: Iterable[date], outcome: Outcome, tell: Progress) -> Iterator[_Work]:
    """The dates that need a new batch; the others go straight into the outcome."""
    for day in dates:
        # The head is read before the captures are listed: a record seen here names only captures that are listed too.
        current = head(lake, day)
        captures = captures_of(lake, day)
        if not captures:
            outcome.not_captured.append(day)
            tell(day, "not captured")
        elif current and _is_current(current, captures):
            outcome.unchanged[day] = current
            tell(day, "unchanged")
        else:
            # Also what was withheld before: a damaged file may have been put right since.
            try:
                manifests = tuple(read_manifest(lake, day, capture) for capture in captures)
            except LakeError as error:
                _withhold(lake, day, captures, [str(error)], outcome, tell)
            else:
                yield _Work(day, current.seq + 1 if current else 1, manifests)


def _is_current(record: PublishRecord, captures: list[str]) -> bool:
    """Whether a batch was made from these captures by this code."""
    return record.captures == captures and record.fingerprint == fingerprint()


def _chunks(work: list[_Work]) -> Iterator[list[_Work]]:
    chunk: list[_Work] = []
    size = 0
    for item in work:
        size_of_item = sum(file.bytes for file in item.files)
        if chunk and (len(chunk) == CHUNK_DATES or size + size_of_item > CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(item)
        size += size_of_item
    if chunk:
        yield chunk


def _publish_chunk(lake: Lake, chunk: list[_Work], outcome: Outcome, tell: Progress) -> list[date]:
    """Publish the dates of a chunk; returns those that another publisher or capture overtook."""
    overtaken = []
    with tempfile.TemporaryDirectory(prefix="curate-") as scratch:
        try:
            findings, files = _write(lake, chunk, Path(scratch))
        except duckdb.Error as error:
            return _publish_apart(lake, chunk, error, outcome, tell)
        for work in chunk:
            reasons = [str(finding) for finding in findings.get(work.day, [])]
            if reasons:
                _withhold(lake, work.day, work.captures, reasons, outcome, tell)
                continue
            record = _put_batch(lake, work, files.get(work.day, {}))
            if captures_of(lake, work.day) == work.captures and publish(lake, record):
                outcome.published[work.day] = record
                tell(work.day, "published")
            else:
                overtaken.append(work.day)
    return overtaken


def _publish_apart(lake: Lake, chunk: list[_Work], error: duckdb.Error, outcome: Outcome, tell: Progress) -> list[date]:
    """One date that the engine cannot take (a line of 20 MB, say) must not hold up the others: one at a time."""
    if len(chunk) > 1:
        return [day for work in chunk for day in _publish_chunk(lake, [work], outcome, tell)]
    (work,) = chunk
    # The message may quote a raw line; its first words say what was wrong.
    reason = f"curation failed: {str(error).splitlines()[0][:120]}"
    _withhold(lake, work.day, work.captures, [reason], outcome, tell)
    return []


def _write(
    lake: Lake, chunk: list[_Work], scratch: Path
) -> tuple[dict[date, list[Finding]], dict[date, dict[str, list[Part]]]]:
    """Curate a chunk into local Parquet and audit it: findings by date, and files by date and table."""
    findings: dict[date, list[Finding]] = defaultdict(list)
    files: dict[date, dict[str, list[Part]]] = defaultdict(lambda: defaultdict(list))
    with lake.local([file.path for work in chunk for file in work.files]) as raw, DuckDBEngine(scratch) as engine:
        sound: dict[str, list[Path]] = defaultdict(list)
        for work in chunk:
            findings[work.day] = damage = _damaged(work, raw)
            for file in [] if damage else work.files:
                sound[file.entity].append(raw[file.path])
        flat = {entity.name: flatten(engine, entity, sound[entity.name]) for entity in ENTITIES}
        lines = {name: engine.count(frame, "snapshot_date", "reason") for name, frame in flat.items()}
        for work in chunk:
            findings[work.day] += [] if findings[work.day] else _audit_lines(work, lines)
        frames = curate(engine, flat)
        for table in CURATED:
            written = engine.write(table, frames[table.name], scratch / table.name)
            for day, found in audit(table, [part.path for part in written]).items():
                findings[day] += found
            for part in written:
                files[keys.date_in(part.path.as_posix())][table.name].append(part)
    return findings, files


def _damaged(work: _Work, raw: Mapping[str, Path]) -> list[Finding]:
    """The raw files of a date that are not what its manifests say."""
    return [
        Finding(f"raw/{file.entity}", f"{file.path} has the sha256 of its manifest", file.items)
        for file in work.files
        if not raw[file.path].exists() or sha256(raw[file.path]) != file.sha256
    ]


def _audit_lines(work: _Work, lines: Mapping[str, Mapping[tuple[date, str | None], int]]) -> list[Finding]:
    """A date's raw lines, as read and as rejected, against its manifests."""
    read: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    for entity, counts in lines.items():
        for (day, reason), rows in counts.items():
            if day == work.day:
                read[entity] += rows
                # That something is not there is an answer, and no sign of a damaged one.
                dropped[entity] += rows if reason not in (None, "null_item") else 0
    promised: Counter[str] = Counter()
    for file in work.files:
        promised[file.entity] += file.items
    return audit_lines(read, promised, dropped)


def _put_batch(lake: Lake, work: _Work, files: Mapping[str, list[Part]]) -> PublishRecord:
    """Put a date's files under their final names; nobody sees them before the record that is returned is created."""
    now = datetime.now(UTC)
    # Never the same name twice, so that no file is ever overwritten: a crashed attempt leaves files nobody names.
    batch_id = f"{now:%Y%m%dT%H%M%S%fZ}-{secrets.token_hex(3)}"
    published = []
    for table in CURATED:
        for number, part in enumerate(files.get(table.name, [])):
            key = keys.part(table.name, work.day, batch_id, number)
            lake.put(key, part.path)
            published.append(
                PublishedFile(
                    table=table.name,
                    path=key,
                    rows=part.rows,
                    bytes=part.path.stat().st_size,
                    sha256=sha256(part.path),
                )
            )
    return PublishRecord(
        snapshot_date=work.day,
        seq=work.seq,
        batch_id=batch_id,
        captures=work.captures,
        fingerprint=fingerprint(),
        published_at=now,
        files=published,
        audit={"checks": sum(check_count(table) for table in CURATED), "failed": 0},
    )


def _withhold(lake: Lake, day: date, captures: list[str], reasons: list[str], outcome: Outcome, tell: Progress) -> None:
    verdict = Withheld(
        snapshot_date=day,
        captures=captures,
        fingerprint=fingerprint(),
        decided_at=datetime.now(UTC),
        reasons=reasons,
    )
    withhold(lake, verdict)
    outcome.withheld[day] = reasons
    tell(day, "withheld")
