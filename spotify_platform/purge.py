"""Purging: what is older than its zone's retention, what no record names any more, or everything.

A plan is made first and changes nothing. A date gets its tombstone before anything of it goes, and what makes it
visible (manifest, publish record) goes before its files: killed at any point, the next purge ends what this one began.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import zip_longest
from typing import TYPE_CHECKING, Self

from spotify_platform.contracts.curated import CURATED
from spotify_platform.contracts.raw import ENTITIES, LISTS
from spotify_platform.lake import keys
from spotify_platform.lake.absent import Tombstone, Zone, bury, purged_dates
from spotify_platform.lake.captures import Manifest, captures_by_date
from spotify_platform.lake.checkpoints import checkpoints, remove
from spotify_platform.lake.origin import origin_of
from spotify_platform.lake.publishing import PublishRecord, published_dates
from spotify_platform.lake.store import Lake
from spotify_platform.marts.build import MartsRecord, build_marts, published_marts

if TYPE_CHECKING:
    from spotify_platform.load.warehouse import Warehouse
    from spotify_platform.settings import Settings

# Files that no record names may belong to somebody who is just writing them.
GRACE = timedelta(hours=48)

# Where dates lie in a zone; what makes them visible comes first.
_FOLDERS: dict[Zone, list[str]] = {
    "raw": [keys.CAPTURES, *(f"raw/{entity.name}" for entity in (*ENTITIES, *LISTS))],
    "curated": [keys.PUBLISHED, keys.WITHHELD, keys.ACCEPTED, *(f"curated/{table.name}" for table in CURATED)],
}


@dataclass(frozen=True)
class Retention:
    """Days that each zone keeps; None: for good. The warehouse keeps what the curated zone does."""

    raw: int | None = None
    curated: int | None = None

    @classmethod
    def of(cls, settings: "Settings") -> Self:
        """As the settings say."""
        return cls(settings.retention_raw_days, settings.retention_curated_days)

    def __str__(self) -> str:
        """In words."""
        zones = {"raw": self.raw, "curated": self.curated}
        return ", ".join(f"{days} days ({zone})" for zone, days in zones.items() if days)


@dataclass(frozen=True)
class Purge:
    """What a purge removes: dates by zone, and keys that belong to no date that is kept."""

    raw: list[date] = field(default_factory=list)
    curated: list[date] = field(default_factory=list)
    superseded: list[str] = field(default_factory=list)  # files of batches and builds that another one has replaced
    orphans: list[str] = field(default_factory=list)  # files that no record ever named
    reason: str = ""
    at: datetime | None = None  # when the plan was made

    @property
    def empty(self) -> bool:
        """Whether nothing would be removed from the lake."""
        return not (self.raw or self.curated or self.superseded or self.orphans)

    @property
    def summary(self) -> str:
        """What is removed, in a line."""
        return (
            f"{len(self.raw)} raw and {len(self.curated)} curated dates, {len(self.superseded)} superseded files, "
            f"{len(self.orphans)} orphans"
        )


def plan_purge(lake: Lake, retention: Retention, now: datetime) -> Purge:
    """What is too old, superseded or an orphan at a moment. A sandbox's lake has no retention."""
    origin = origin_of(lake)
    if origin is None or origin.origin == "sandbox":
        retention = Retention()
    today = now.date()
    raw, curated = (_cutoff(today, days) for days in (retention.raw, retention.curated))
    captured, published, buried = captures_by_date(lake), published_dates(lake), purged_dates(lake)
    logged = {keys.log_subject(key)[0] for key in lake.keys(keys.LOG)}
    judged = {keys.date_in(key) for key in lake.keys(keys.WITHHELD)}
    old_raw = sorted(day for day in captured.keys() | buried["raw"] if raw and day < raw)
    old_curated = sorted(day for day in published | judged | buried["curated"] if curated and day < curated)
    superseded, orphans = _unnamed(lake, now)
    raw_there, curated_there = logged | _there(lake, "raw"), _there(lake, "curated")
    return Purge(
        [day for day in old_raw if day in raw_there],
        [day for day in old_curated if day in curated_there],
        superseded,
        orphans,
        f"older than the retention of {retention}",
        now,
    )


def apply_purge(lake: Lake, warehouse: "Warehouse | None", plan: Purge) -> None:
    """Remove what a plan says, and what a purge that was killed left; the marts are built without it.

    `warehouse` is held for us alone; None where there is none.
    """
    now = datetime.now(UTC)
    loaded = warehouse.batches() if warehouse else {}  # before anything goes: it may not be reachable
    _remove_dates(lake, "curated", plan.curated, plan.reason, now)
    _remove_dates(lake, "raw", plan.raw, plan.reason, now)
    # Looked at once more: what no record named when the plan was made may be a part of a capture by now.
    superseded, orphans = _unnamed(lake, plan.at or now)
    lake.delete([*(set(plan.superseded) & set(superseded)), *(set(plan.orphans) & set(orphans))])
    if warehouse and (published_marts(lake) or loaded):
        warehouse.remove(purged_dates(lake)["curated"] - published_dates(lake))
        warehouse.sweep(lake, now - GRACE)
        build_marts(warehouse, lake)


def purge_everything(lake: Lake, reason: str) -> int:
    """Remove all of Spotify's content from a lake, as the terms demand at the end; returns how many keys went.

    What stays is the lake's origin, a tombstone for each date, and what was spent of Spotify's quota. Nobody else may
    be at work; the warehouse file is the caller's to delete.
    """
    now = datetime.now(UTC)
    for zone, dates in (("raw", captures_by_date(lake)), ("curated", published_dates(lake))):
        for day in dates:
            bury(lake, Tombstone(snapshot_date=day, zone=zone, reason=reason, purged_at=now))
    stays = (keys.LAKE, f"{keys.PURGED}/", f"{keys.CLIENTS}/")
    # Manifests and records first: a reader must not follow one to a file that is gone.
    first = (keys.MARTS_PUBLISHED, keys.PUBLISHED, keys.CAPTURES, keys.CHECKPOINTS)
    every = [key for key in lake.keys("") if not key.startswith(stays)]
    lake.delete(key for key in every if key.startswith(first))
    lake.delete(key for key in every if not key.startswith(first))
    return len(every)


# -- dates -------------------------------------------------------------------------------------------------------------


def _cutoff(today: date, days: int | None) -> date | None:
    """The first date that is kept."""
    return today - timedelta(days=days) if days else None


def _there(lake: Lake, zone: Zone) -> set[date]:
    """The dates of which a zone holds anything, and be it what a purge that was killed has left."""
    return {keys.date_in(key) for folder in _FOLDERS[zone] for key in lake.keys(folder)}


def _remove_dates(lake: Lake, zone: Zone, dates: Iterable[date], reason: str, now: datetime) -> None:
    gone = set(dates)
    if zone == "raw":
        for unfinished in checkpoints(lake):
            if unfinished.snapshot_date in gone:
                remove(lake, unfinished)
    for day in sorted(gone):
        bury(lake, Tombstone(snapshot_date=day, zone=zone, reason=reason, purged_at=now))
        for folder in _FOLDERS[zone]:
            lake.delete(lake.keys(f"{folder}/{keys.day(day)}"))
    if zone == "raw" and gone:
        lake.delete([key for key in lake.keys(keys.LOG) if keys.log_subject(key)[0] in gone])


# -- files that nobody names -------------------------------------------------------------------------------------------


def _unnamed(lake: Lake, now: datetime) -> tuple[list[str], list[str]]:
    """Files of batches and builds that were superseded long enough ago, and old files that no record names."""
    batches, builds = _batches(lake), _builds(lake)
    old, in_use = set[str](), set[str]()
    for one in (*batches, *builds):
        (old if one.until and now - one.until >= GRACE else in_use).update(one.files)
    superseded = sorted(old - in_use)  # a later build has files of earlier ones: of the months that did not change
    named = old | in_use
    orphans = []
    for prefix in (*(f"curated/{table.name}" for table in CURATED), "curated/_staging", "_pipes", keys.MARTS):
        orphans += [
            key
            for key, put_at in lake.ages(prefix).items()
            if key not in named and not key.startswith(keys.MARTS_PUBLISHED) and now - put_at >= GRACE
        ]
    chunks = _named_chunks(lake)
    for entity in (*ENTITIES, *LISTS):
        aged = lake.ages(f"raw/{entity.name}").items()
        orphans += [key for key, put_at in aged if key not in chunks and now - put_at >= GRACE]
    there = set(lake.keys("curated")) | set(lake.keys(keys.MARTS)) if superseded else set()
    return [path for path in superseded if path in there], orphans


@dataclass(frozen=True)
class _Published:
    """What a record names, and until when readers were sent to it; None: they are."""

    files: list[str]
    until: datetime | None


def _batches(lake: Lake) -> list[_Published]:
    """Every batch that was ever published."""
    found: dict[date, list[PublishRecord]] = defaultdict(list)
    for content in lake.get_all(lake.keys(keys.PUBLISHED)).values():
        record = PublishRecord.model_validate_json(content)
        found[record.snapshot_date].append(record)
    return [
        _Published([file.path for file in record.files], later.published_at if later else None)
        for records in found.values()
        for record, later in zip_longest(records, records[1:])
    ]


def _builds(lake: Lake) -> list[_Published]:
    """Every build of the marts, each with its record, which is as large as the calendar is long."""
    contents = lake.get_all(lake.keys(keys.MARTS_PUBLISHED))
    records = {key: MartsRecord.model_validate_json(content) for key, content in contents.items()}
    found = []
    for (key, record), later in zip_longest(records.items(), [*records.values()][1:]):
        files = [file.path for file in record.files]
        found.append(_Published([key, *files], later.built_at) if later else _Published(files, None))
    return found


def _named_chunks(lake: Lake) -> set[str]:
    """The raw files of committed and of unfinished captures."""
    # Checkpoints first: one that becomes a manifest meanwhile is seen twice, and never not at all.
    unfinished = {file.path for one in checkpoints(lake) for file in one.files}
    manifests = lake.get_all(lake.keys(keys.CAPTURES)).values()
    return unfinished | {file.path for content in manifests for file in Manifest.model_validate_json(content).files}
