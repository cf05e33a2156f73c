"""A session with Spotify: watchlist, client id, mode, pace and budget put together for a capture of today.

The command line, Dagster and the Lambda all capture through here. Where settings come from is the caller's business.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from spotify_platform.contracts.errors import InputError
from spotify_platform.extract.account import (
    Mode,
    ModeSetting,
    account_of,
    find_mode,
    fingerprint,
    known_mode,
    remember,
)
from spotify_platform.extract.budget import EVERYTHING, Budget
from spotify_platform.extract.capture import Order, Tell, capture
from spotify_platform.extract.client import Client, Credentials
from spotify_platform.extract.memory import complete_capture
from spotify_platform.extract.pace import Pace
from spotify_platform.extract.watchlist import Watchlist
from spotify_platform.lake.captures import Manifest
from spotify_platform.lake.checkpoints import checkpoints
from spotify_platform.lake.store import Lake

# A day's capture may run on after midnight; at 00:30 the day is closed with what there is (`automation.close_day`), and
# five minutes before that a capture ends in order.
_LAST_CALL = time(0, 25)


@dataclass(frozen=True)
class Session:
    """Everything that a capture from Spotify needs to know. `mode`: auto finds out by one request."""

    lake: Lake
    watchlist: Watchlist
    credentials: Credentials
    mode: ModeSetting = "auto"
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def client_id(self) -> str:
        """What stands for the client id in the lake."""
        return fingerprint(self.credentials.client_id)

    def known_mode(self) -> Mode | None:
        """The mode as set or remembered; None where a request would have to find out."""
        return known_mode(self.lake, self.client_id, self.mode, self.now())

    def budget(self, mode: Mode) -> Budget:
        """The client id's budget in a mode: Spotify's known limits, and over them the watchlist's."""
        limits = {**mode.budget, **self.watchlist.budget}
        return Budget(self.lake, self.client_id, limits, now=self.now)

    def capture_today(
        self,
        made_by: Mapping[str, str],
        *,
        claim: Callable[[], object] = lambda: None,
        stop_at: datetime | None = None,
        tell: Tell = lambda answered, remaining: None,
    ) -> Manifest:
        """Capture the watchlist as of today (UTC), or go on with what was begun; see `capture.capture`.

        Raises `InputError` for an empty watchlist.
        """
        if self.watchlist.empty:
            raise InputError("The watchlist is empty: name artists, playlists or searches in it.")
        today = self.now().date()
        checkpoints(self.lake)  # what was committed by a call that was killed then, is announced
        done = complete_capture(self.lake, self.watchlist, today)
        if done:
            return done
        mode = self._find_mode()
        budget = self.budget(mode)
        closed = budget.refusals()
        if EVERYTHING in closed:
            raise closed[EVERYTHING]
        pace = self._pace(mode)
        client = Client(self.credentials, pace=pace, budget=budget, now=self.now)
        order = Order(self.watchlist, today, "spotify", mode, made_by)
        try:
            manifest = capture(
                self.lake,
                client,
                order,
                now=self.now,
                stop_at=min(stop_at or closing_time(today), closing_time(today)),
                claim=claim,
                closed=closed,
                tell=tell,
            )
        finally:
            if pace.learned:
                remember(self.lake, self.client_id, rate=pace.rate)
        if manifest.mode != mode.name:  # Spotify refused what the mode should offer
            remember(self.lake, self.client_id, mode=manifest.mode, mode_found_at=self.now())
        return manifest

    def _find_mode(self) -> Mode:
        """The mode, by a request where it is not known; not while Spotify answers none."""
        ledger = Budget(self.lake, self.client_id, {}, now=self.now)
        ledger.forget()
        refusals = ledger.refusals()
        if EVERYTHING in refusals:
            raise refusals[EVERYTHING]
        probe = Client(self.credentials, budget=ledger, now=self.now)
        try:
            return find_mode(self.lake, self.client_id, self.mode, self.now(), probe.offers_batches)
        finally:
            probe.settle()

    def _pace(self, mode: Mode) -> Pace:
        learned = account_of(self.lake, self.client_id).rate if mode.fastest else None
        return Pace(learned or mode.rate, grows=mode.fastest, learned=learned is not None)


def closing_time(snapshot_date: date) -> datetime:
    """When a day's capture ends at the latest, finished or not."""
    return datetime.combine(snapshot_date + timedelta(days=1), _LAST_CALL, UTC)
