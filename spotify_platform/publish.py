"""Write, audit, publish: one date's way from its committed captures to a batch that readers see.

All captures of a stretch of dates are curated together, audited, and published date by date. A date that fails its
audit is withheld with its reasons while the others go on. This room only puts `lake`, `curate` and `quality`
together; how an asset reports the outcome is `assets`' business.
"""

import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from spotify_platform.contracts.curated import CURATED
from spotify_platform.contracts.errors import CurationError, LakeError
from spotify_platform.contracts.raw import ENTITIES, ENTITIES_BY_NAME
from spotify_platform.curate.batch import Batch, Lines
from spotify_platform.curate.engine import Part
from spotify_platform.curate.fingerprint import fingerprint
from spotify_platform.curator import Curated, Curator, in_duckdb
from spotify_platform.lake import keys
from spotify_platform.lake.absent import is_purged, purged_dates
from spotify_platform.lake.captures import Manifest, RawFile, captures_by_date, captures_of, first_items, read_manifest
from spotify_platform.lake.ledger import NOT_CAPTURED, NOT_PUBLISHED
from spotify_platform.lake.origin import origin_of
from spotify_platform.lake.publishing import (
    Audit,
    PublishedFile,
    PublishRecord,
    Told,
    Withheld,
    accepted,
    head,
    heads,
    inputs_of,
    publish,
    withheld,
    withhold,
)
from spotify_platform.lake.store import Lake, sha256
from spotify_platform.marts.build import published_marts
from spotify_platform.quality.audit import audit_tables
from spotify_platform.quality.checks import Finding, checks_of
from spotify_platform.quality.fields import audit_fields, fields_of, known_fields
from spotify_platform.quality.lines import audit_lines, audit_things
from spotify_platform.quality.volume import WINDOW, audit_volume, chart_rows
from spotify_platform.settings import read_settings, warehouse_name

# Lines of a call that are looked at for their fields, 0.1 ms each: of one day a thousand an entity, of each
# day of a year three.
SAMPLED_LINES = 5_000
FEWEST_SAMPLED, MOST_SAMPLED = 3, 1_000

# Entities that are asked for one by one, with what manifests call such a thing.
_ASKED_BY_ID = {"artists": "artist", "albums": "album", "tracks": "track"}

# A publisher that keeps losing meets another one, or a new capture, each time; ten in a row are not chance.
_MAX_ROUNDS = 10

OVERTAKEN = f"something was captured or published during each of {_MAX_ROUNDS} attempts; the next run publishes it"
PURGED = "purged; importing it again is a decision (--again)"

# A date and what became of it: published, unchanged, withheld, not captured, purged, overtaken
Progress = Callable[[date, str], None]


@dataclass
class Outcome:
    """What became of the dates of a run."""

    published: dict[date, PublishRecord] = field(default_factory=dict)  # by this run
    unchanged: dict[date, PublishRecord] = field(default_factory=dict)  # already published from the same captures
    withheld: dict[date, list[str]] = field(default_factory=dict)  # reasons
    not_captured: list[date] = field(default_factory=list)
    overtaken: list[date] = field(default_factory=list)  # each time when it was made something was captured meanwhile
    purged: list[date] = field(default_factory=list)  # on purpose: they are not made again
    arrived: dict[date, list[Manifest]] = field(default_factory=dict)  # captures that no batch before held
    findings: dict[date, list[Finding]] = field(default_factory=dict)  # of audits made by this run, warnings too
    usage: dict[str, float] = field(default_factory=dict)  # what this run's curation used, as `<service>_<usage type>`

    @property
    def readable(self) -> dict[date, PublishRecord]:
        """Every date of the run whose captures, as they were when it was published, readers now see."""
        return dict(sorted((self.unchanged | self.published).items()))

    @property
    def reasons(self) -> dict[date, list[str]]:
        """Every date of the run that readers do not see as captured, with why."""
        gaps = {day: [NOT_CAPTURED] for day in self.not_captured}
        purged = {day: [PURGED] for day in self.purged}
        overtaken = {day: [OVERTAKEN] for day in self.overtaken}
        return dict(sorted((self.withheld | gaps | purged | overtaken).items()))


def publish_dates(
    lake: Lake, dates: Iterable[date], progress: Progress | None = None, curator: Curator | None = None
) -> Outcome:
    """Curate, audit and publish the dates' committed captures; what is published already is left as it is."""
    run = _Run(lake, curator or in_duckdb(), progress or (lambda day, state: None))
    todo = sorted(set(dates))
    for _ in range(_MAX_ROUNDS):
        work = list(_plan(run, todo))
        if not work:
            return run.outcome
        run.remember(work)
        todo = []
        for chunk in _chunks(work, run.curator):
            todo += _publish_chunk(run, chunk)
    run.outcome.overtaken += todo  # the others must not wait for them
    for day in todo:
        run.tell(day, "overtaken")
    return run.outcome


def unread_dates(lake: Lake, dates: Iterable[date]) -> dict[date, list[str]]:
    """Those of `dates` of which readers do not see the captures, with why.

    A date that was published is read, even when more was captured since, which has a run of its own; but not when its
    newest captures were withheld.
    """
    reasons = {}
    published = heads(lake, dates)
    for day in sorted(set(dates)):
        captures = captures_of(lake, day)
        current = published.get(day)
        if not captures:
            if not current:
                reasons[day] = [PURGED if is_purged(lake, day) else NOT_CAPTURED]
        elif not current and is_purged(lake, day, "curated"):
            reasons[day] = [PURGED]
        elif not current or not _is_current(current, captures):
            known = withheld(lake, day, captures, fingerprint())
            if known or not current:
                reasons[day] = known.reasons if known else [NOT_PUBLISHED]
    return reasons


def pending_dates(lake: Lake) -> list[date]:
    """The dates whose committed captures are not in their published batch, or whose batch is not in the marts.

    What was purged is not made again.
    """
    return [day for day, _, unpublished, unbuilt in _behind(lake) if unpublished or unbuilt]


def missing_dates(lake: Lake) -> dict[date, list[str]]:
    """The pending dates with their captures, without those that this very code withheld: it would again."""
    known = set(lake.keys(keys.WITHHELD))
    return {
        day: captures
        for day, captures, unpublished, unbuilt in _behind(lake)
        if unbuilt or (unpublished and keys.withheld(day, inputs_of(captures, fingerprint())) not in known)
    }


def _behind(lake: Lake) -> Iterator[tuple[date, list[str], bool, bool]]:
    """Each captured date with its captures, and whether they are not published, or their batch not in the marts."""
    published = heads(lake)
    purged = purged_dates(lake)
    build, captured = published_marts(lake), captures_by_date(lake)
    # After a change of the warehouse everything is to be loaded and built.
    built = build.batches if build and build.warehouse == _warehouse_name(lake) else {}
    for day in sorted(captured.keys() | published.keys()):
        captures, record = captured.get(day, []), published.get(day)
        if record:  # what is left of raw answers that were purged makes no batch
            unpublished = day not in purged["raw"] and not set(captures) <= set(record.captures)
        else:
            unpublished = day not in purged["curated"]
        yield day, captures, unpublished, record is not None and built.get(day) != record.batch_id


def _warehouse_name(lake: Lake) -> str:
    """The name of the warehouse that a lake is loaded into: as the settings say, but the demo's always DuckDB.

    A lake that the settings name is not the demo's, even where it holds the sandbox's data, as a branch's does.
    """
    origin = origin_of(lake)
    real = (origin and origin.origin == "spotify") or lake.url == read_settings().lake_url
    return warehouse_name() if real else "duckdb"


def stale_dates(lake: Lake) -> list[date]:
    """The published dates that another version of contracts and code curated, and whose captures are still there."""
    captured = captures_by_date(lake)
    return [day for day, record in heads(lake).items() if record.fingerprint != fingerprint() and day in captured]


@dataclass(frozen=True)
class _Work:
    """One date to publish: the number its record will take, and all its captures."""

    day: date
    seq: int
    manifests: tuple[Manifest, ...]
    known: frozenset[str] = frozenset()  # captures that the batch before holds

    @property
    def captures(self) -> list[str]:
        return [manifest.capture_id for manifest in self.manifests]

    @property
    def files(self) -> list[RawFile]:
        """The raw files that tables are made of."""
        every = (file for manifest in self.manifests for file in manifest.files)
        return [file for file in every if file.entity in ENTITIES_BY_NAME]

    @property
    def made_from(self) -> dict[str, list[str]]:
        """What kinds of captures gave each entity: where days differ in that, their rows are not comparable."""
        kinds: dict[str, set[str]] = defaultdict(set)
        for manifest in self.manifests:
            about = (manifest.source, manifest.mode, manifest.watchlist, "partial" if manifest.partial else None)
            for entity in manifest.items:
                kinds[entity].add(" ".join(word for word in about if word))
        return {entity: sorted(found) for entity, found in sorted(kinds.items())}

    @property
    def reused(self) -> dict[str, int]:
        """How many things of each entity were not asked for, since an earlier capture has them: weekly albums, say."""
        counts = {
            entity: max((manifest.reused.get(kind, 0) for manifest in self.manifests), default=0)
            for entity, kind in _ASKED_BY_ID.items()
        }
        return {entity: count for entity, count in counts.items() if count}


@dataclass
class _Run:
    """What the steps of one call share."""

    lake: Lake
    curator: Curator
    tell: Progress
    outcome: Outcome = field(default_factory=Outcome)
    history: dict[date, PublishRecord] = field(default_factory=dict)  # published dates before those of the run

    def remember(self, work: list[_Work]) -> None:
        """Read what was published in the days before each date of the work, to know what is usual."""
        before = {one.day - timedelta(n + 1) for one in work for n in range(WINDOW.days)}
        self.history |= heads(self.lake, before - self.history.keys())

    def before(self, day: date) -> list[PublishRecord]:
        """The records of the days before a date, oldest first; a date of this run counts once it is published."""
        return [record for known, record in sorted(self.history.items()) if day - WINDOW <= known < day]


def _plan(run: _Run, dates: Iterable[date]) -> Iterator[_Work]:
    """The dates that need a new batch; the others go straight into the outcome."""
    for day in dates:
        # The head is read before the captures are listed: a record seen here names only captures that are listed too.
        current = head(run.lake, day)
        captures = captures_of(run.lake, day)
        if not current and (is_purged(run.lake, day, "curated") if captures else is_purged(run.lake, day)):
            run.outcome.purged.append(day)
            run.tell(day, "purged")
        elif current and (not captures or is_purged(run.lake, day, "raw")):
            # Its raw answers were purged, or are just being: what is left of them would make a poorer batch.
            run.outcome.unchanged[day] = current
            run.tell(day, "unchanged")
        elif not captures:
            run.outcome.not_captured.append(day)
            run.tell(day, "not captured")
        elif current and _is_current(current, captures):
            run.outcome.unchanged[day] = current
            run.tell(day, "unchanged")
        else:
            # Also what was withheld before: a damaged file may have been put right since.
            try:
                manifests = tuple(read_manifest(run.lake, day, capture) for capture in captures)
            except LakeError as error:
                _withhold(run, day, captures, [str(error)])
            else:
                known = frozenset(current.captures) if current else frozenset()
                yield _Work(day, current.seq + 1 if current else 1, manifests, known)


def _is_current(record: PublishRecord, captures: list[str]) -> bool:
    """Whether a batch was made from these captures by this code."""
    return record.captures == captures and record.fingerprint == fingerprint()


def _chunks(work: list[_Work], curator: Curator) -> Iterator[list[_Work]]:
    chunk: list[_Work] = []
    size = 0
    for item in work:
        size_of_item = sum(file.bytes for file in item.files)
        if chunk and size + size_of_item > curator.chunk_bytes:
            yield chunk
            chunk, size = [], 0
        chunk.append(item)
        size += size_of_item
    if chunk:
        yield chunk


def _publish_chunk(run: _Run, chunk: list[_Work]) -> list[date]:
    """Publish the dates of a chunk; returns those that another publisher or capture overtook."""
    overtaken = []
    try:
        with run.curator.curate(run.lake, [file for work in chunk for file in work.files]) as curated:
            files = _by_date(curated.batch)
            found = _audit(chunk, curated, files)
            told = {(one.day, one.entity): one.told for one in curated.batch.lines}
            charts = chart_rows([Path(part.path) for part in curated.batch.parts if part.table == "chart_entries"])
            read = sum(file.bytes for work in chunk for file in work.files)
            for name, value in {**curated.usage, "lake_raw_bytes": read}.items():
                run.outcome.usage[name] = run.outcome.usage.get(name, 0) + value
            for work in chunk:
                things = {entity: told[day, entity] for day, entity in told if day == work.day}
                about = {"things": things, "charts": charts.get(work.day, {})}
                if not _publish(run, work, files.get(work.day, {}), about, found[work.day], len(chunk)):
                    overtaken.append(work.day)
    except CurationError as error:
        return _publish_apart(run, chunk, error)
    return overtaken


def _publish_apart(run: _Run, chunk: list[_Work], error: CurationError) -> list[date]:
    """One date that the engine cannot take (a line of 20 MB, say) must not hold up the others: one at a time."""
    if len(chunk) > 1:
        return [day for work in chunk for day in _publish_chunk(run, [work])]
    (work,) = chunk
    _withhold(run, work.day, work.captures, [str(error)])
    return []


def _publish(
    run: _Run,
    work: _Work,
    files: Mapping[str, list[Part]],
    about: Mapping[str, dict[str, int]],
    findings: list[Finding],
    dates: int,
) -> bool:
    """Publish a date, or withhold it when a finding is an error; False when it was overtaken."""
    fields: dict[str, dict[str, str]] = {}
    if not _errors(findings):  # of what is wrong in itself there is nothing to compare
        fields, drift = _fields(run, work, dates)
        findings = [*findings, *_volume(run, work, files, about["things"]), *drift]
    if errors := _errors(findings):
        _withhold(run, work.day, work.captures, [str(finding) for finding in errors], findings)
        return True
    record = _put_batch(run.lake, work, files, about, findings, fields)
    if captures_of(run.lake, work.day) != work.captures or not publish(run.lake, record):
        return False
    run.outcome.published[work.day] = run.history[work.day] = record
    run.outcome.arrived[work.day] = [one for one in work.manifests if one.capture_id not in work.known]
    run.outcome.findings[work.day] = findings
    run.tell(work.day, "published")
    return True


def _errors(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.severity == "error"]


def _by_date(batch: Batch) -> dict[date, dict[str, list[Part]]]:
    files: dict[date, dict[str, list[Part]]] = defaultdict(lambda: defaultdict(list))
    for part in batch.parts:
        files[part.day][part.table].append(part)
    return files


def _audit(
    chunk: list[_Work], curated: Curated, files: Mapping[date, Mapping[str, list[Part]]]
) -> dict[date, list[Finding]]:
    """What does not hold in the raw files, lines and rows of a chunk, by date."""
    findings: dict[date, list[Finding]] = defaultdict(list)
    for file in curated.damaged:
        said = f"{file.path} is what its manifest says"
        findings[keys.date_in(file.path)].append(Finding(f"raw/{file.entity}", said, file.items))
    lines = {(one.entity, one.day): one for one in curated.batch.lines}
    for work in chunk:
        if not findings[work.day]:
            findings[work.day] = _audit_lines(work, lines)
    paths: dict[str, list[Path]] = defaultdict(list)
    for tables in files.values():
        for table, parts in tables.items():
            paths[table] += [Path(part.path) for part in parts]
    for day, found in audit_tables(paths).items():
        findings[day] += found
    return findings


def _audit_lines(work: _Work, lines: Mapping[tuple[str, date], Lines]) -> list[Finding]:
    """A date's raw lines, and what they tell, against its manifests."""
    promised: dict[str, int] = defaultdict(int)
    for file in work.files:
        promised[file.entity] += file.items
    found = []
    for entity, items in sorted(promised.items()):
        one = lines.get((entity, work.day)) or Lines(entity, work.day, {}, {}, {}, 0, 0, 0)
        oldest_first = sorted(work.manifests, key=lambda manifest: (manifest.captured_at, manifest.capture_id))
        read = {m.capture_id: one.read[m.capture_id] for m in oldest_first if m.capture_id in one.read}
        found += audit_lines(entity, items, read, one.rejected, one.flawed)
        found += audit_things(entity, one.told, unreadable=one.unreadable, repeated=one.repeated)
    return found


def _volume(run: _Run, work: _Work, files: Mapping[str, list[Part]], things: Mapping[str, int]) -> list[Finding]:
    """A date's rows, and what each entity told, against the days before that were made from the same kinds of captures.

    Rows alone would hide that half of the albums are missing: tracks tell of the others. What was not asked for, since
    an earlier capture has it, is not missing; but days on which an entity was not asked for whole have other rows, and
    are compared with each other only.
    """
    found: list[Finding] = []
    before, made_from, reused = run.before(work.day), work.made_from, work.reused
    counts = [record.rows for record in before]
    for table in CURATED:
        if not table.key:
            continue  # how many lines are rejected is judged by their share
        alike = [
            _alike(record, made_from, *table.sources)
            and all((source in record.reused) == (source in reused) for source in table.sources)
            for record in before
        ]
        usual = [rows.get(table.name, 0) for rows, fits in zip(counts, alike, strict=True) if fits]
        found += audit_volume(table.name, sum(part.rows for part in files.get(table.name, [])), usual)
    told = {finding.table: finding.severity for finding in found}
    for entity in sorted(made_from.keys() & things.keys()):
        usual = [
            record.things.get(entity, 0) + record.reused.get(entity, 0)
            for record in before
            if _alike(record, made_from, entity)
        ]
        more = audit_volume(f"raw/{entity}", things[entity] + reused.get(entity, 0), usual)
        found += [finding for finding in more if told.get(entity) not in ("error", finding.severity)]
    if _errors(found) and accepted(run.lake, work.day, work.captures):
        return [replace(finding, severity="warning") for finding in found]
    return found


def _alike(record: PublishRecord, made_from: Mapping[str, list[str]], *entities: str) -> bool:
    """Whether a published date has these entities from the same kinds of captures."""
    kinds = record.made_from
    return bool(kinds) and all(kinds.get(entity) == made_from.get(entity) for entity in entities)


def _fields(run: _Run, work: _Work, dates: int) -> tuple[dict[str, dict[str, str]], list[Finding]]:
    """The fields of a date's raw objects, from a sample of lines, and what changed in them."""
    made_from, before = work.made_from, run.before(work.day)
    count = min(max(SAMPLED_LINES // (len(ENTITIES) * dates), FEWEST_SAMPLED), MOST_SAMPLED)
    fields: dict[str, dict[str, str]] = {}
    found: list[Finding] = []
    for entity in ENTITIES_BY_NAME:
        items: list[object] = []
        for file in work.files:
            if file.entity == entity and len(items) < count:
                items += first_items(run.lake, file, count - len(items))
        if not items:
            continue
        now, examples = fields_of(items)
        comparable = (r.fields[entity] for r in reversed(before) if _alike(r, made_from, entity) and entity in r.fields)
        known = next(comparable, {})
        found += audit_fields(entity, now, examples, known)
        fields[entity] = known_fields(known, now)
    return fields, found


def _put_batch(
    lake: Lake,
    work: _Work,
    files: Mapping[str, list[Part]],
    about: Mapping[str, dict[str, int]],
    findings: list[Finding],
    fields: dict[str, dict[str, str]],
) -> PublishRecord:
    """Put a date's files under their final names; nobody sees them before the record that is returned is created."""
    now = datetime.now(UTC)
    # Never the same name twice, so that no file is ever overwritten: a crashed attempt leaves files nobody names.
    batch_id = f"{now:%Y%m%dT%H%M%S%fZ}-{secrets.token_hex(3)}"
    parts = {
        keys.part(table.name, work.day, batch_id, number): part
        for table in CURATED
        for number, part in enumerate(files.get(table.name, []))
    }
    lake.put_all({key: Path(part.path) for key, part in parts.items()})
    published = [
        PublishedFile(table=part.table, path=key, rows=part.rows, bytes=part.bytes, sha256=sha256(Path(part.path)))
        for key, part in parts.items()
    ]
    return PublishRecord(
        snapshot_date=work.day,
        seq=work.seq,
        batch_id=batch_id,
        captures=work.captures,
        fingerprint=fingerprint(),
        published_at=now,
        files=published,
        audit=_told(findings),
        made_from=work.made_from,
        reused=work.reused,
        fields=fields,
        **about,
    )


def _told(findings: list[Finding]) -> Audit:
    """What the audit came to, as a record keeps it."""
    return Audit(
        checks=sum(len(checks_of(table)) for table in CURATED),
        findings=[Told(**asdict(finding)) for finding in findings],
    )


def _withhold(
    run: _Run, day: date, captures: list[str], reasons: list[str], findings: list[Finding] | None = None
) -> None:
    verdict = Withheld(
        snapshot_date=day,
        captures=captures,
        fingerprint=fingerprint(),
        decided_at=datetime.now(UTC),
        reasons=reasons,
        audit=_told(findings or []),
    )
    withhold(run.lake, verdict)
    run.outcome.withheld[day] = reasons
    run.outcome.findings[day] = findings or []
    run.tell(day, "withheld")
