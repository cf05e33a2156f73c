"""How many requests a server accepts: a rate over a rolling window, and quotas of endpoint families over a day.

Requests are only counted here; what a refusal looks like is `answers.py`'s business.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from spotify_platform.sandbox.behaviour import Behaviour

RATE_SECONDS = 30
QUOTA_SECONDS = 24 * 60 * 60


@dataclass(frozen=True)
class Refusal:
    """A request too many. `retry_after`: whole seconds until there is room; `quota`: of a family, not of the rate."""

    retry_after: int
    quota: bool


class Window:
    """At most `most` requests in any `seconds`; refused ones do not count."""

    def __init__(self, most: int, seconds: float) -> None:
        """Nothing accepted yet."""
        self._most, self._seconds = most, seconds
        self._accepted: deque[float] = deque()

    def wait(self, now: float) -> float:
        """Seconds until another request is accepted; 0 when it is."""
        while self._accepted and self._accepted[0] <= now - self._seconds:
            self._accepted.popleft()
        if len(self._accepted) < self._most:
            return 0
        return self._accepted[0] + self._seconds - now if self._accepted else self._seconds

    def accept(self, now: float) -> None:
        """Count a request."""
        self._accepted.append(now)


class Limits:
    """The limits of one server, for all its clients together. `clock`: seconds that never go back."""

    def __init__(self, behaviour: Behaviour, clock: Callable[[], float]) -> None:
        """Nothing counted yet."""
        rate, self._clock = behaviour.requests_per_second, clock
        self._rate = None if rate is None else Window(int(rate * RATE_SECONDS), RATE_SECONDS)
        self._quotas = {family: Window(most, QUOTA_SECONDS) for family, most in behaviour.quotas.items()}

    def refuse(self, family: str) -> Refusal | None:
        """Why a request is refused; None, and it is counted, when there is room for it."""
        now, quota = self._clock(), self._quotas.get(family)
        for window in (quota, self._rate):
            if window and (wait := window.wait(now)):
                return Refusal(max(1, math.ceil(wait)), quota=window is quota)
        for window in (quota, self._rate):
            if window:
                window.accept(now)
        return None
