"""The budget: how many requests of each endpoint family were spent in the last 24 hours, and how many are left.

The ledger lies in the lake as empty keys whose names say everything: one PUT reserves a block of requests *before* they
are spent, so that a crash can only over-count. How fast they are spent is `pace`'s business.
"""

import secrets
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from spotify_platform.contracts.errors import QuotaError
from spotify_platform.lake import keys
from spotify_platform.lake.store import Lake

# A block is spent for ten minutes at most; so the ledger, which has the time of the reservation, looks back so far.
_BLOCK_LASTS = timedelta(minutes=10)
_LOOK_BACK = timedelta(hours=24) + _BLOCK_LASTS
_BLOCK = 100  # requests a reservation; fewer where the limit is small
_BLOCKS_A_LIMIT = 10
EVERYTHING = "everything"  # in place of a family: no endpoint answers


class Budget:
    """The requests of one client id (its fingerprint), for all threads of a client.

    `limits` are the most requests in 24 hours by family; a family without one is counted all the same.
    """

    def __init__(self, lake: Lake, client: str, limits: Mapping[str, int], *, now: Callable[[], datetime]) -> None:
        """Nothing is read or written yet; `now` tells the time (aware)."""
        self._lake, self._client, self._limits, self._now = lake, client, limits, now
        self._blocks: dict[str, tuple[datetime, int]] = {}  # family → when reserved, how many are left of it
        self._lock = threading.Lock()

    def spent(self) -> dict[str, int]:
        """Requests of the last 24 hours by family, reserved ones included: one LIST."""
        return dict(_sum(self._ledger()))

    def left(self) -> dict[str, int]:
        """Requests that may still be spent, for the families that have a limit."""
        spent = self.spent()
        return {family: max(0, limit - spent.get(family, 0)) for family, limit in self._limits.items()}

    def closed(self) -> dict[str, datetime]:
        """The families that Spotify closed to this client id, or `EVERYTHING`, and until when: one LIST."""
        folder = keys.closed(self._client)
        found: dict[str, datetime] = {}
        for key in self._lake.keys(folder, after=f"{folder}/{keys.at(self._now())}"):
            until, family = keys.name(key).split("~")
            found[_family(family)] = keys.moment(until)
        return found

    def refusals(self) -> dict[str, QuotaError]:
        """Why not to ask: for the families, or `EVERYTHING`, that Spotify closed or whose budget is spent."""
        refusals = {
            family: self._over(family, self._limits[family]) for family, left in self.left().items() if not left
        }
        return refusals | {family: closed_error(family, until) for family, until in self.closed().items()}

    def close(self, family: str, until: datetime) -> None:
        """Remember that Spotify answers no more requests of a family until a moment."""
        self._lake.put(f"{keys.closed(self._client)}/{keys.at(until)}~{_flat(family)}", b"")

    def take(self, family: str) -> None:
        """Spend one request. Raises `QuotaError` when none is left, telling when the next will be."""
        with self._lock:
            reserved_at, left = self._blocks.get(family, (self._now(), 0))
            if left and self._now() - reserved_at > _BLOCK_LASTS:
                self._note(reserved_at, family, -left)
                left = 0
            if left == 0:
                self._blocks.pop(family, None)
                reserved_at, left = self._reserve(family)
            self._blocks[family] = (reserved_at, left - 1)

    def give_back(self) -> None:
        """Return what was reserved and not spent: an orderly end counts right."""
        with self._lock:
            for family, (reserved_at, left) in self._blocks.items():
                if left:
                    # At the time of the block itself: both leave the 24 hours at the same moment.
                    self._note(reserved_at, family, -left)
            self._blocks.clear()

    def _reserve(self, family: str) -> tuple[datetime, int]:
        limit = self._limits.get(family)
        at = self._now()
        if limit is None:
            self._note(at, family, _BLOCK)
            return at, _BLOCK
        wanted = min(_BLOCK, max(1, limit // _BLOCKS_A_LIMIT))
        # First the note, then the sum: of two who reserve at once neither overlooks the other.
        before = self._spent(family, at)
        block = min(wanted, limit - before)
        if block <= 0:
            raise self._over(family, limit)
        mine = self._note(at, family, block)
        if self._spent(family, at) > limit:
            self._lake.delete([mine])
            raise self._over(family, limit)
        return at, block

    def _over(self, family: str, limit: int) -> QuotaError:
        until = min((at for at, of, _ in self._ledger() if of == family), default=self._now()) + _LOOK_BACK
        return QuotaError(
            f"The budget of {limit:,} requests for {family} in 24 hours is spent. "
            f"Come back at {until:%Y-%m-%d %H:%M} UTC, or allow more in the watchlist.",
            until,
            family,
        )

    def _spent(self, family: str, now: datetime) -> int:
        return _sum(self._ledger())[family]

    def _note(self, at: datetime, family: str, count: int) -> str:
        key = f"{keys.spent(self._client)}/{keys.at(at)}~{_flat(family)}~{count}~{secrets.token_hex(4)}"
        self._lake.put(key, b"")
        return key

    def _ledger(self) -> list[tuple[datetime, str, int]]:
        folder = keys.spent(self._client)
        start = keys.at(self._now() - _LOOK_BACK)
        found = []
        for key in self._lake.keys(folder, after=f"{folder}/{start}"):
            at, family, count, _ = keys.name(key).split("~")
            found.append((keys.moment(at), _family(family), int(count)))
        return found

    def forget(self) -> None:
        """Delete what is older than the ledger looks back: one LIST."""
        oldest = keys.at(self._now() - 2 * _LOOK_BACK)
        for folder in (keys.spent(self._client), keys.closed(self._client)):
            self._lake.delete(key for key in self._lake.keys(folder) if keys.name(key) < oldest)


def closed_error(family: str, until: datetime) -> QuotaError:
    """What is said of a family (or `EVERYTHING`) that Spotify closed until a moment."""
    what = "this client id" if family == EVERYTHING else f"requests for {family}"
    return QuotaError(
        f"Spotify answers no {'request of ' if family == EVERYTHING else 'more '}{what} until "
        f"{until.astimezone(UTC):%Y-%m-%d %H:%M} UTC. What was captured is kept; come back then.",
        until,
        family,
    )


def _sum(ledger: list[tuple[datetime, str, int]]) -> Counter[str]:
    spent: Counter[str] = Counter()
    for _, family, count in ledger:
        spent[family] += count
    return spent


def _flat(family: str) -> str:
    return family.replace("/", ".")


def _family(flat: str) -> str:
    return flat.replace(".", "/")
