"""The plan: what a capture of today would cost, told without a request.

What is known is counted as `capture` counts it. What only answers will tell (how many albums an unknown artist has) is
estimated from what earlier captures hold, else from two round figures.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from spotify_platform.extract.account import DEVELOPMENT, Mode, account_of
from spotify_platform.extract.answers import read_lines
from spotify_platform.extract.ask import searches_of
from spotify_platform.extract.capture import FAMILY_OF, seed
from spotify_platform.extract.frontier import KINDS, Frontier
from spotify_platform.extract.memory import complete_capture, recall
from spotify_platform.extract.session import Session
from spotify_platform.lake import checkpoints

# Where no capture tells. Round figures: artists have between one album and hundreds.
_ALBUMS_AN_ARTIST = 12
_TRACKS_AN_ALBUM = 8


@dataclass(frozen=True)
class FamilyPlan:
    """The requests of an endpoint family. `left`: how many may be spent still, None without a limit."""

    family: str
    certain: int
    estimated: int
    left: int | None
    spent: int
    closed_until: datetime | None


@dataclass(frozen=True)
class Plan:
    """What a capture would ask for, how long it would take, and what it would not ask for again."""

    mode: Mode
    mode_is_known: bool
    families: list[FamilyPlan]
    duration: timedelta
    reused: int
    done: bool

    @property
    def requests(self) -> int:
        """All requests, estimated ones included."""
        return sum(family.certain + family.estimated for family in self.families)

    @property
    def short(self) -> list[str]:
        """The families whose budget would not do."""
        return [one.family for one in self.families if one.left is not None and one.certain + one.estimated > one.left]


def plan(session: Session) -> Plan:
    """What `Session.capture_today` would do now. Reads the lake, and asks Spotify nothing."""
    known = session.known_mode()
    mode = known or DEVELOPMENT
    today = session.now().date()
    done = complete_capture(session.lake, session.watchlist, today) is not None
    with Frontier() as frontier:
        reused = 0
        if not done:
            reused = _look_ahead(session, frontier)
        certain, estimated = _requests(session, mode, frontier)
    budget = session.budget(mode)
    spent, left, closed = budget.spent(), budget.left(), budget.closed()
    families = [
        FamilyPlan(
            family,
            certain.get(family, 0),
            estimated.get(family, 0),
            left.get(family),
            spent.get(family, 0),
            closed.get(family),
        )
        for family in sorted({*certain, *estimated, *left, *spent})
    ]
    rate = account_of(session.lake, session.client_id).rate or mode.rate
    total = sum(certain.values()) + sum(estimated.values())
    return Plan(mode, known is not None, families, timedelta(seconds=ceil(total / rate)), reused, done)


def _look_ahead(session: Session, frontier: Frontier) -> int:
    """Find what is known to be asked for; returns how many units an earlier answer stands for."""
    today = session.now().date()
    for one in checkpoints.checkpoints(session.lake):
        if one.snapshot_date == today and one.source == "spotify":
            lines = (line for line in read_lines(session.lake, one.files) if " ".join(line.unit) not in one.unfinished)
            frontier.know(fact for line in lines for fact in line.facts())
    recall(session.lake, session.watchlist, today, frontier)
    seed(session.lake, session.watchlist, frontier)
    reused = frontier.reuse("artist")
    if "discography" not in session.watchlist.left_out:
        frontier.lead("artist", "discography")
    return reused + sum(frontier.reuse(kind) for kind in ("discography", "album", "album_tracks", "track"))


def _requests(session: Session, mode: Mode, frontier: Frontier) -> tuple[dict[str, int], dict[str, int]]:
    """Requests by family: those that are certain, and those that are estimated beyond them."""
    found = {kind: frontier.count(kind, "found") for kind in KINDS}
    wanted = {kind for kind in KINDS if kind not in session.watchlist.left_out}
    searched: Counter[str] = Counter()
    for kind, _, _, most in searches_of(session.watchlist) if found["search"] else ():
        searched[kind] += most
    more = dict.fromkeys(KINDS, 0.0)
    more["artist"] = found["name"] + searched["artist"]
    if "discography" in wanted:
        more["discography"] = more["artist"]
        lists = found["discography"] + more["discography"]
        more["album"] = lists * frontier.average("discography", "album", _ALBUMS_AN_ARTIST) + searched["album"]
    if "track" in wanted:
        albums = found["album"] + more["album"]
        more["track"] = albums * frontier.average("album", "track", _TRACKS_AN_ALBUM) + searched["track"]
    certain: dict[str, int] = {}
    estimated: dict[str, int] = {}
    for kind in KINDS:
        size = mode.batches.get(kind, 1)
        sure, all_of_them = ceil(found[kind] / size), ceil((found[kind] + more[kind]) / size)
        if kind == "search":
            pages = [ceil(most / mode.list_page) for *_, most in searches_of(session.watchlist)]
            all_of_them = sum(pages) if found[kind] else 0
        if kind == "discography":
            albums_of_one = frontier.average("discography", "album", _ALBUMS_AN_ARTIST)
            all_of_them *= max(1, ceil(albums_of_one / mode.list_page))
        family = FAMILY_OF[kind]
        certain[family] = certain.get(family, 0) + sure
        estimated[family] = estimated.get(family, 0) + all_of_them - sure
    return certain, estimated
