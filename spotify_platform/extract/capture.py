"""A capture of the Web API: what is asked for a watchlist and a date, in which order, and what is kept of it.

How a request is made is `client`'s business, how its answer is read `answers`', how it is stored `lake`'s. Answers go
into the lake word for word, and a checkpoint after every chunk, from which the next call goes on.
"""

import secrets
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Literal

from spotify_platform.contracts.errors import (
    CapabilityError,
    MalformedAnswerError,
    PlatformError,
    QuotaError,
    UnfinishedError,
)
from spotify_platform.extract.account import DEVELOPMENT, Mode
from spotify_platform.extract.answers import Line, embedded_page, read_lines, search_id
from spotify_platform.extract.ask import OBJECTS, Answer, Asker, Task, searches_of
from spotify_platform.extract.budget import EVERYTHING
from spotify_platform.extract.client import Client, GoneError
from spotify_platform.extract.frontier import KINDS, Frontier
from spotify_platform.extract.memory import complete_capture, recall, remember_name, remembered_name
from spotify_platform.extract.watchlist import Watchlist
from spotify_platform.lake import checkpoints, keys
from spotify_platform.lake.absent import unbury
from spotify_platform.lake.captures import CaptureWriter, Gap, Manifest, read_manifest
from spotify_platform.lake.checkpoints import Checkpoint
from spotify_platform.lake.store import Lake

# A chunk and its checkpoint are put after so many answers or seconds, whichever comes first: this much, and the
# requests in flight, is asked again after a crash.
CHUNK_ANSWERS = 100
CHUNK_SECONDS = 30.0

FAMILY_OF = {
    "name": "search",
    "search": "search",
    "playlist": "playlists",
    "artist": "artists",
    "discography": "artists/albums",
    "album": "albums",
    "album_tracks": "albums/tracks",
    "track": "tracks",
}
_ASKED_ALIKE = ("playlist", "album_tracks")  # in both modes
_EXAMPLES = 10  # of a gap, by name
_ODD_IN_A_ROW = 3  # malformed answers, each after eight attempts: one is an oddity, more are another API

Tell = Callable[[Mapping[str, int], Mapping[str, int]], object]


@dataclass(frozen=True)
class Order:
    """What is to be captured, of whom and by whom."""

    watchlist: Watchlist
    snapshot_date: date
    source: Literal["spotify", "sandbox"]
    mode: Mode
    made_by: Mapping[str, str] = field(default_factory=dict)


def capture(
    lake: Lake,
    client: Client,
    order: Order,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    stop_at: datetime | None = None,
    claim: Callable[[], object] = lambda: None,
    closed: Mapping[str, QuotaError] | None = None,
    tell: Tell = lambda answered, remaining: None,
) -> Manifest:
    """Capture a watchlist as of a date: its searches and playlists, artists, their albums, and those albums' tracks.

    A capture of the date that was begun is gone on with; where a complete one of the same watchlist is committed,
    that is returned without a request. Nothing is asked for twice, nor before its time by the
    watchlist's periods. `now` tells the time (aware) of each answer; in the sandbox the time of the start names the
    capture. `claim` is called before anything is put: it may refuse the lake. `closed` says of endpoint families that
    Spotify closed to the client id why not to ask. `tell` hears of progress: answers by kind, and what remains.

    Raises `QuotaError` when Spotify or the budget allows no more for now, `UnfinishedError` at `stop_at`, and what
    `Client` raises. Then everything that came is kept, and the next call goes on from there.
    """
    begun = [
        one
        for one in checkpoints.checkpoints(lake)
        if (one.snapshot_date, one.source) == (order.snapshot_date, order.source)
    ]
    done = complete_capture(lake, order.watchlist, order.snapshot_date)
    if done:
        return done
    checkpoint = _begin(order, now())
    if begun:  # whoever finishes it made it, and for the watchlist of now
        finisher = {name: getattr(checkpoint, name) for name in ("mode", "watchlist", "made_by")}
        checkpoint = begun[-1].model_copy(update=finisher)
        _refuse_if_closed(checkpoint, closed or {})
    if lake.exists(keys.manifest(order.snapshot_date, checkpoint.capture_id)):  # of the sandbox, with another watchlist
        return read_manifest(lake, order.snapshot_date, checkpoint.capture_id)
    with Frontier() as frontier:
        run = _Run(lake, client, order, frontier, checkpoint, now, stop_at, claim, dict(closed or {}), tell)
        return run.to_the_end(resumed=bool(begun))


def close_captures(lake: Lake, before: date | None = None) -> list[Manifest]:
    """Commit the unfinished captures of dates before `before` (None: all) as partial, with what is missing.

    One that holds nothing is forgotten: its day is a gap.
    """
    closed = []
    for checkpoint in checkpoints.checkpoints(lake):
        if before and checkpoint.snapshot_date >= before:
            continue
        if checkpoint.files:
            reason = "not asked for before the day was closed"
            left = [Gap(kind=kind, reason=reason, count=count) for kind, count in checkpoint.remaining.items()]
            writer = _writer(lake, checkpoint)
            closed.append(_commit(writer, checkpoint, gaps=checkpoint.gaps + left, partial=True))
        checkpoints.remove(lake, checkpoint)
    return closed


def _refuse_if_closed(checkpoint: Checkpoint, closed: Mapping[str, QuotaError]) -> None:
    """Do not read an ended capture's chunks again and again while all that it could go on with is closed."""
    remaining = checkpoint.remaining
    if checkpoint.in_order and remaining and all(FAMILY_OF[kind] in closed for kind in remaining):
        raise _come_back(remaining, closed)


def _come_back(remaining: Mapping[str, int], closed: Mapping[str, QuotaError]) -> QuotaError:
    """The error for work that remains because its families are closed."""
    families = {EVERYTHING, "playlists/items", *(FAMILY_OF[kind] for kind in remaining)}
    first = min((one for one in closed.values() if one.family in families), key=lambda one: one.until)
    left = ", ".join(f"{count:,} × {kind.replace('_', ' ')}" for kind, count in remaining.items())
    return QuotaError(f"{first} Not asked for yet: {left}.", first.until, first.family)


def _begin(order: Order, start: datetime) -> Checkpoint:
    suffix = "sandbox" if order.source == "sandbox" else secrets.token_hex(2)
    return Checkpoint(
        capture_id=f"{start.astimezone(UTC):%Y%m%dT%H%M%SZ}-{suffix}",
        snapshot_date=order.snapshot_date,
        started_at=start,
        saved_at=start,
        source=order.source,
        mode=order.mode.name,
        watchlist=order.watchlist.fingerprint,
        made_by=dict(order.made_by),
    )


def _writer(lake: Lake, checkpoint: Checkpoint) -> CaptureWriter:
    writer = CaptureWriter(lake, checkpoint.capture_id, checkpoint.snapshot_date, checkpoint.started_at)
    writer.files.extend(checkpoint.files)
    return writer


def _commit(writer: CaptureWriter, checkpoint: Checkpoint, **about: Any) -> Manifest:
    unbury(writer.lake, checkpoint.snapshot_date)  # a day that was purged and is captured anew is there again
    return writer.commit(
        source=checkpoint.source,
        mode=checkpoint.mode,
        missing=checkpoint.missing,
        requests=checkpoint.requests,
        repeated=checkpoint.repeated,
        reused=checkpoint.reused,
        watchlist=checkpoint.watchlist,
        incomplete=sorted(checkpoint.unfinished),
        made_by=checkpoint.made_by,
        **about,
    )


@dataclass
class _Run:
    """One call's way through the API. Requests are made by threads; everything else happens in the caller's."""

    lake: Lake
    client: Client
    order: Order
    frontier: Frontier
    checkpoint: Checkpoint
    now: Callable[[], datetime]
    stop_at: datetime | None
    claim: Callable[[], object]
    closed: dict[str, QuotaError]
    tell: Tell
    answers: int = 0  # since the last chunk
    chunk_began: float = field(default_factory=time.monotonic)
    answered: dict[str, int] = field(default_factory=dict)
    claimed: bool = False
    told: float = field(default_factory=time.monotonic)
    odd: int = 0  # malformed answers in a row
    gaps: dict[tuple[str, str], Gap] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Start from the checkpoint."""
        self.mode = self.order.mode
        self.writer = _writer(self.lake, self.checkpoint)
        self.spent_before = dict(self.checkpoint.requests)
        self.sent_before = self.client.requests

    def to_the_end(self, *, resumed: bool) -> Manifest:
        """Everything, from where the checkpoint is."""
        self.checkpoint.missing = [*self.mode.missing]
        self.checkpoint.reused = {}
        recall(self.lake, self.order.watchlist, self.order.snapshot_date, self.frontier)
        versions = self.frontier.known("playlist", "snapshot")
        self.asker = Asker(self.client, self.order.watchlist, self.now, versions)
        if resumed:
            self._resume()
        seed(self.lake, self.order.watchlist, self.frontier)
        self.checkpoint.in_order = False
        checkpoints.save(self.lake, self.checkpoint)  # from now on a kill is known of
        try:
            with ThreadPoolExecutor(max(1, self.mode.workers)) as pool:
                for kind in KINDS:
                    self._reuse(kind)
                    self._drain(kind, pool)
        finally:
            self.client.settle()
            self._flush(in_order=True)
        remaining = self.frontier.remaining()
        if remaining:
            raise _come_back(remaining, self.closed)
        self._claim()
        manifest = _commit(self.writer, self.checkpoint, gaps=self.checkpoint.gaps, partial=False)
        checkpoints.remove(self.lake, self.checkpoint)
        return manifest

    # -- what is to be asked -------------------------------------------------------------------------------------------

    def _resume(self) -> None:
        """Learn what the chunks hold, and count what was lost between the last of them and the interruption."""
        for line in read_lines(self.lake, self.writer.files):
            self._learn(line)
        for unit in self.checkpoint.empty:
            self.frontier.done(*unit.split(" ", 1))
        for unit, start in self.checkpoint.unfinished.items():
            kind, identifier = unit.split(" ", 1)
            self.frontier.again(kind, identifier, start)
        for unit, reason in list(self.checkpoint.gone.items()):
            kind, identifier = unit.split(" ", 1)
            self._gone(kind, identifier, reason)
        if not self.checkpoint.in_order:
            self.checkpoint.repeated += CHUNK_ANSWERS + self.mode.workers

    def _reuse(self, kind: str) -> None:
        if kind in ("discography", "album", "album_tracks", "track", "artist"):
            reused = self.frontier.reuse(kind)
            if reused:
                self.checkpoint.reused[kind] = reused

    # -- asking ------------------------------------------------------------------------------------------------------

    def _drain(self, kind: str, pool: ThreadPoolExecutor) -> None:
        """Ask for every unit of a kind; several requests at once where the mode allows it."""
        in_flight: dict[Future[Answer], Task] = {}
        try:
            while True:
                while len(in_flight) < self.mode.workers and not self._is_closed(kind):
                    self._check_the_time()
                    task = self._next_task(kind)
                    if task is None:
                        break
                    in_flight[pool.submit(self.asker.ask, task)] = task
                if not in_flight:
                    return
                for future in wait(in_flight, timeout=1.0, return_when=FIRST_COMPLETED).done:
                    self._receive(in_flight.pop(future), future)
                self._check_the_time()
                self._flush_if_due()
        except BaseException:
            self._end_in_order(in_flight)
            raise

    def _end_in_order(self, in_flight: dict[Future[Answer], Task]) -> None:
        """Take what still comes of what was sent; nothing new is asked for."""
        self.client.stop()
        for future, task in in_flight.items():
            with suppress(PlatformError):
                self._receive(task, future)

    def _next_task(self, kind: str) -> Task | None:
        units = self.frontier.take(kind, self.mode.batches.get(kind, 1))
        return Task(kind, tuple(identifier for identifier, _ in units), units[0][1], self.mode) if units else None

    # -- what came ---------------------------------------------------------------------------------------------------

    def _receive(self, task: Task, future: Future[Answer]) -> None:
        """Keep an answer and learn from it; a refusal is a gap, or the end."""
        try:
            answer = future.result()
        except QuotaError as error:
            self._put_back(task)
            self.closed[error.family] = error
        except CapabilityError as error:
            self._lacking(task, error)
        except (GoneError, MalformedAnswerError) as error:
            self.odd = self.odd + 1 if isinstance(error, MalformedAnswerError) else 0
            if self.odd > _ODD_IN_A_ROW:
                raise
            for identifier in task.ids:
                self._gone(task.kind, identifier, "malformed answer" if self.odd else "not there (status 404)")
        except BaseException:
            self._put_back(task)
            raise
        else:
            self.odd = 0
            self._keep(task, answer)

    def _keep(self, task: Task, answer: Answer) -> None:
        for line in answer.lines:
            self.writer.add(
                line.entity,
                line.item,
                endpoint=f"/v1/{line.endpoint}",
                captured_at=answer.at,
                params=dict(line.params),
                market=line.market,
                position=line.position,
            )
            self._learn(line)
        self.answers += 1
        self.answered[task.kind] = self.answered.get(task.kind, 0) + len(task.ids)
        if task.kind in OBJECTS:
            return
        (identifier,) = task.ids
        unit = f"{task.kind} {identifier}"
        self.checkpoint.unfinished.pop(unit, None)
        if answer.next is not None:
            self.checkpoint.unfinished[unit] = answer.next
            self.frontier.again(task.kind, identifier, answer.next)
            return
        self.frontier.done(task.kind, identifier)
        if answer.lacks:
            self._gone(task.kind, identifier, answer.lacks)
        if task.kind == "name":
            self._named(identifier, answer.artist)
        elif not answer.lines and not task.start:
            self.checkpoint.empty.append(unit)

    def _named(self, name: str, artist: str | None) -> None:
        if artist is None:
            self._gone("name", name, "no artist of this name was found")
            return
        remember_name(self.lake, name, artist)
        self.frontier.add("artist", [artist])

    def _learn(self, line: Line) -> None:
        """Find what a line leads to; the same for one that just came and for one of an earlier chunk."""
        kind, identifier = line.unit
        if kind in OBJECTS and line.item is None:
            self._gap(kind, identifier, "answered with null")
        for unit_kind, unit, next_kind, next_id in line.facts():
            if not next_kind:
                self.frontier.done(unit_kind, unit)
            elif next_kind in KINDS and next_kind not in self.order.watchlist.left_out:
                embedded = embedded_page(line.item) if next_kind == "album_tracks" else None
                self.frontier.add(next_kind, [next_id], start=len(embedded["items"]) if embedded else 0)

    def _lacking(self, task: Task, error: CapabilityError) -> None:
        """What is not offered: asked for as in development mode from now on, and else a gap with that reason."""
        if task.mode is not DEVELOPMENT and task.kind not in _ASKED_ALIKE:
            self.mode = DEVELOPMENT
            self.checkpoint.mode = self.mode.name
            self.checkpoint.missing = [*self.mode.missing]
            self._put_back(task)
            return
        said = f"{FAMILY_OF[task.kind]}: not offered"
        if said not in self.checkpoint.missing:
            self.checkpoint.missing.append(said)
        for identifier in task.ids:
            self._gone(task.kind, identifier, "not offered to this client id")

    def _put_back(self, task: Task) -> None:
        for identifier in task.ids:
            self.frontier.again(task.kind, identifier, task.start)

    def _gone(self, kind: str, identifier: str, reason: str) -> None:
        """A gap that no line tells of: the checkpoint does, so that it is not asked for again."""
        self.checkpoint.gone[f"{kind} {identifier}"] = reason
        self._gap(kind, identifier, reason)

    def _gap(self, kind: str, identifier: str, reason: str) -> None:
        gap = self.gaps.setdefault((kind, reason), Gap(kind=kind, reason=reason, count=0))
        gap.count += 1
        if len(gap.examples) < _EXAMPLES:
            gap.examples.append(identifier)
        self.frontier.done(kind, identifier)

    # -- keeping it --------------------------------------------------------------------------------------------------

    def _flush_if_due(self) -> None:
        self._tell()
        if self.answers >= CHUNK_ANSWERS or time.monotonic() - self.chunk_began >= CHUNK_SECONDS:
            self._flush()

    def _flush(self, *, in_order: bool = False) -> None:
        """Put what came since the last chunk, and the checkpoint that names it; where nothing ever came, neither."""
        sent = {family: n - self.sent_before.get(family, 0) for family, n in self.client.requests.items()}
        families = sorted(self.spent_before.keys() | sent.keys())
        self.checkpoint.requests = {f: self.spent_before.get(f, 0) + sent.get(f, 0) for f in families}
        self.checkpoint.gaps = list(self.gaps.values())
        self.checkpoint.remaining = self.frontier.remaining()
        self.checkpoint.saved_at = datetime.now(UTC)
        self.checkpoint.in_order = in_order
        if self.answers or self.writer.files:
            self._claim()
            self.writer.flush()
            self.checkpoint.files = list(self.writer.files)
        if self.checkpoint.files or self.checkpoint.gone:
            checkpoints.save(self.lake, self.checkpoint)
        else:
            checkpoints.remove(self.lake, self.checkpoint)
        self.answers, self.chunk_began = 0, time.monotonic()

    def _claim(self) -> None:
        if not self.claimed:
            self.claim()
            self.claimed = True

    def _tell(self) -> None:
        if time.monotonic() - self.told >= 1:
            self.tell(self.answered, self.frontier.remaining())
            self.told = time.monotonic()

    def _check_the_time(self) -> None:
        if self.stop_at and datetime.now(UTC) >= self.stop_at:
            raise UnfinishedError(
                f"The capture of {self.order.snapshot_date} ran out of time; what came is kept. Call it again to go on."
            )

    def _is_closed(self, kind: str) -> bool:
        families = {EVERYTHING, FAMILY_OF[kind]} | ({"playlists/items"} if kind == "playlist" else set())
        now = self.client.now()
        return any(family in families and error.until > now for family, error in self.closed.items())


def seed(lake: Lake, watchlist: Watchlist, frontier: Frontier) -> None:
    """Find what a watchlist names; names that were found out before are artists already."""
    frontier.add("artist", watchlist.artist_ids)
    for name in watchlist.artist_names:
        known = remembered_name(lake, name)
        frontier.add("artist" if known else "name", [known or name])
    frontier.add("playlist", watchlist.playlists)
    frontier.add("search", (search_id(kind, query, market) for kind, query, market, _ in searches_of(watchlist)))
