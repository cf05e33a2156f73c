"""The coverage ledger: for each date, what of each entity and market there is, and why not where it is not.

It is read off the lake (manifests, publish records, verdicts, closed days, tombstones) and kept nowhere else, so it
cannot disagree with it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

from spotify_platform.contracts.raw import ENTITIES
from spotify_platform.lake import keys
from spotify_platform.lake.absent import ClosedDay, Tombstone, closed_days, tombstones
from spotify_platform.lake.captures import Manifest
from spotify_platform.lake.publishing import PublishRecord, Withheld, heads, verdicts
from spotify_platform.lake.store import Lake

State = Literal["complete", "partial", "unpublished", "withheld", "purged", "missing"]
# Worst first: what a date is as a whole when its entities differ.
STATES: tuple[State, ...] = ("withheld", "unpublished", "purged", "partial", "complete", "missing")

ALL_MARKETS = "*"  # the entity as a whole
NOT_CAPTURED = "nothing was captured for this date, and Spotify serves only the present"
NOT_PUBLISHED = "captured, but not published yet"


@dataclass(frozen=True)
class Covered:
    """What there is of an entity (of one market, for charts) on a date."""

    snapshot_date: date
    entity: str
    market: str  # ALL_MARKETS, or the market of a chart
    state: State
    readable: bool  # whether readers see rows, perhaps of older captures
    items: int  # raw lines, or rows of a market's chart
    reason: str | None = None  # why it is not complete


@dataclass
class _Lake:
    """Everything that the lake says, by date."""

    captures: dict[date, list[Manifest]]
    published: dict[date, PublishRecord]
    withheld: dict[date, list[Withheld]]
    closed: dict[date, ClosedDay]
    buried: dict[date, dict[str, Tombstone]] = field(default_factory=lambda: defaultdict(dict))

    @property
    def days(self) -> list[date]:
        """From the first date that anything is known of to the last one."""
        known = self.captures.keys() | self.published.keys() | self.closed.keys() | self.buried.keys()
        if not known:
            return []
        first, last = min(known), max(known)
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]

    @property
    def entities(self) -> list[str]:
        """The entities that tables are made of and that were ever captured."""
        seen = {name for manifests in self.captures.values() for one in manifests for name in one.items}
        seen |= {name for record in self.published.values() for name in record.made_from}
        # Where only tombstones are left, they may have been about any.
        return [entity.name for entity in ENTITIES if entity.name in seen or not seen]


def ledger(lake: Lake) -> list[Covered]:
    """Every date from the first known one to the last, with each entity, and each market that ever had a chart.

    A market has rows from its first chart to its last one.
    """
    known = _read(lake)
    spans = _spans(known.published)
    found = []
    for day in known.days:
        for entity in known.entities:
            whole = _covered(known, day, entity)
            found.append(whole)
            if entity == "chart_entries":
                found += [_market(known, whole, market) for market, (a, b) in spans.items() if a <= day <= b]
    return found


def by_day(entries: Iterable[Covered]) -> dict[date, list[Covered]]:
    """The ledger by date."""
    found: dict[date, list[Covered]] = defaultdict(list)
    for entry in entries:
        found[entry.snapshot_date].append(entry)
    return dict(found)


def left_behind(lake: Lake) -> dict[date, str]:
    """The dates whose captures readers do not see, withheld or not published, each with why."""
    left = (entry for entry in ledger(lake) if entry.state in ("withheld", "unpublished"))
    return {entry.snapshot_date: entry.reason or entry.state for entry in left}


def state_of(entries: Sequence[Covered]) -> State:
    """What a date is as a whole. Entities that its captures do not hold do not count while others are there."""
    states = {entry.state for entry in entries}
    return next((state for state in STATES if state in states), "missing")


def _read(lake: Lake) -> _Lake:
    captures: dict[date, list[Manifest]] = defaultdict(list)
    for content in lake.get_all(lake.keys(keys.CAPTURES)).values():
        manifest = Manifest.model_validate_json(content)
        captures[manifest.snapshot_date].append(manifest)
    known = _Lake(dict(captures), heads(lake), verdicts(lake), closed_days(lake))
    for tombstone in tombstones(lake):
        known.buried[tombstone.snapshot_date][tombstone.zone] = tombstone
    return known


def _covered(known: _Lake, day: date, entity: str) -> Covered:
    """An entity on a date, in all markets."""
    head = known.published.get(day)
    readable = head is not None and entity in head.made_from
    manifests = [one for one in known.captures.get(day, []) if entity in one.items]
    items = sum(one.items[entity] for one in manifests)
    state, reason = _state(known, day, manifests, readable)
    return Covered(day, entity, ALL_MARKETS, state, readable, items, reason)


def _state(known: _Lake, day: date, manifests: list[Manifest], readable: bool) -> tuple[State, str | None]:
    """What an entity is on a date, given the captures that hold it, and why."""
    buried = known.buried.get(day, {})
    if "curated" in buried and not readable:
        return "purged", buried["curated"].reason
    if not manifests:
        if "raw" in buried:
            reason = buried["raw"].reason
            return ("complete", f"its raw answers were purged: {reason}") if readable else ("purged", reason)
        return "missing", _why_missing(known, day)
    captures = sorted(one.capture_id for one in known.captures[day])
    for verdict in reversed(known.withheld.get(day, [])):
        if sorted(verdict.captures) == captures and not _published_since(known, day, verdict):
            return "withheld", "; ".join(verdict.reasons)
    head = known.published.get(day)
    if head is None or not set(captures) <= set(head.captures):
        return "unpublished", NOT_PUBLISHED
    if all(one.partial for one in manifests):
        gaps = [gap for one in manifests for gap in one.gaps]
        said = ", ".join(f"{gap.count:,} × {gap.kind.replace('_', ' ')}: {gap.reason}" for gap in gaps)
        return "partial", said or "closed before everything was asked for"
    return "complete", None


def _published_since(known: _Lake, day: date, verdict: Withheld) -> bool:
    """Whether what was withheld then is published now: a file was put right, or somebody accepted it."""
    head = known.published.get(day)
    return head is not None and head.published_at > verdict.decided_at and set(verdict.captures) <= set(head.captures)


def _why_missing(known: _Lake, day: date) -> str:
    manifests = known.captures.get(day)
    if manifests:
        lacking = sorted({name for one in manifests for name in one.missing})
        said = f"; not served in this mode: {', '.join(lacking)}" if lacking else ""
        return f"not part of the day's captures{said}"
    return known.closed[day].reason if day in known.closed else NOT_CAPTURED


def _spans(published: dict[date, PublishRecord]) -> dict[str, tuple[date, date]]:
    """The first and the last chart of each market."""
    days: dict[str, list[date]] = defaultdict(list)
    for day, record in published.items():
        for market in record.charts:
            days[market].append(day)
    return {market: (min(found), max(found)) for market, found in sorted(days.items())}


def _market(known: _Lake, whole: Covered, market: str) -> Covered:
    """A market's chart on a date, given what there is of all charts."""
    head = known.published.get(whole.snapshot_date)
    rows = head.charts.get(market, 0) if head else 0
    state, reason = whole.state, whole.reason
    if not rows and whole.state in ("complete", "partial"):
        state, reason = "missing", "no chart of this market was captured"
    return Covered(whole.snapshot_date, whole.entity, market, state, rows > 0, rows, reason)
