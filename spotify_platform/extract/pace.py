"""The pace: when the next request may be sent.

Spotify counts requests over a rolling 30-second window and publishes no number, so the pace is learned: it grows until
the first 429, goes on at 90 % of the rate that was good, and settles at 95 % of it a window later. How many requests
may be spent a day is `budget`'s business.
"""

import threading
import time
from collections import deque
from collections.abc import Callable

WINDOW = 30.0  # seconds
_KEEP = 0.9  # of the last good rate, after a 429
# … and after a window without another: at 90 % of the limit the mean over five minutes was 90.4 %, with no margin.
_SETTLE = 0.95
_PROBE_AFTER = 600.0  # seconds without a 429 until a higher rate is tried
_PROBE = 1.1
_GROWTH, _GROWTH_SECONDS = 1.5, 3.0  # until the first 429: from 5 to 20 requests/s in 11 s
_SLOWEST = 0.5
# A learned pace may be run ahead of within the window, so that what a wait has cost is made up for.
_AHEAD = 1.5


class Pace:
    """A rate in requests a second over the rolling window, for all threads of a client.

    `grows` up to that rate until the first 429; 0 for a rate that is not to grow. `learned`: the rate comes from an
    earlier 429, and is only probed. `clock` tells monotonic seconds.
    """

    def __init__(
        self,
        rate: float,
        *,
        grows: float = 0.0,
        learned: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start at `rate`."""
        self._rate, self._grows, self._clock = rate, grows, clock
        self._began, self._first_rate = clock(), rate
        self._sent: deque[float] = deque()
        self._resume = self._grown = self._tried = clock()
        self._refused_at: float | None = self._tried if learned else None
        self._settles_at: float | None = None  # the rate
        self._lock = threading.Lock()

    @property
    def rate(self) -> float:
        """Requests a second, as things stand."""
        return self._rate

    @property
    def learned(self) -> bool:
        """Whether the rate comes from a 429 and is worth remembering."""
        return self._refused_at is not None

    def turn(self) -> float:
        """Take the next turn: 0.0, or the seconds after which to ask again; not taken then."""
        with self._lock:
            now = self._clock()
            self._forget(now)
            self._faster(now)
            wait = max(self._resume - now, self._gap(now), self._room(now))
            if wait > 0:
                return wait
            self._sent.append(now)
            return 0.0

    def refused(self, sent_at: float, retry_after: float) -> None:
        """A request sent at `sent_at` (of the clock) was answered 429, to be tried after `retry_after` seconds."""
        with self._lock:
            now = self._clock()
            self._resume = max(self._resume, now + retry_after)
            if self._refused_at is not None and sent_at <= self._refused_at:
                return  # of the same burst: those in flight are refused together
            self._forget(now)
            good = sum(1 for at in self._sent if at < sent_at) / WINDOW
            if now - self._began < WINDOW:  # what was sent before us, by a capture that was killed, fills it too
                good = max(good, self._first_rate)
            good = min(good, self._rate)
            self._rate = max(good * _KEEP, _SLOWEST)
            self._settles_at = max(good * _SETTLE, _SLOWEST)
            self._refused_at = self._tried = now

    def _forget(self, now: float) -> None:
        while self._sent and self._sent[0] <= now - WINDOW:
            self._sent.popleft()

    def _faster(self, now: float) -> None:
        if self._refused_at is None:
            if self._rate < self._grows and now - self._grown >= _GROWTH_SECONDS:
                self._rate, self._grown = min(self._rate * _GROWTH, self._grows), now
        elif self._settles_at and now - self._refused_at >= WINDOW:
            self._rate, self._settles_at = self._settles_at, None
        elif self._grows and now - self._tried >= _PROBE_AFTER:
            self._rate, self._tried = self._rate * _PROBE, now

    def _gap(self, now: float) -> float:
        if not self._sent:
            return 0.0
        fastest = self._rate * (_AHEAD if self.learned and self._grows else 1.0)
        return self._sent[-1] + 1 / fastest - now

    def _room(self, now: float) -> float:
        if len(self._sent) < max(1, int(self._rate * WINDOW)):
            return 0.0
        return self._sent[0] + WINDOW - now
