"""The pace, against a server that counts requests over a rolling window, on a clock of our own."""

from collections import deque
from dataclasses import dataclass, field

import pytest

from spotify_platform.extract.pace import WINDOW, Pace

TICK = 0.01


@dataclass
class Counter:
    """A server that accepts so many requests in any 30 seconds, and the clock of everybody."""

    allowed: int
    now: float = 0.0
    accepted: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    _window: deque[float] = field(default_factory=deque)

    def clock(self) -> float:
        """Seconds since the beginning."""
        return self.now

    def ask(self, pace: Pace) -> None:
        """One request, which is answered at once."""
        while self._window and self._window[0] <= self.now - WINDOW:
            self._window.popleft()
        if len(self._window) < self.allowed:
            self._window.append(self.now)
            self.accepted.append(self.now)
        else:
            self.refused.append(self.now)
            pace.refused(self.now, int(self._window[0] + WINDOW - self.now) + 1.0)

    def run(self, pace: Pace, seconds: float) -> None:
        """Ask as fast as the pace allows, for so long."""
        end = self.now + seconds
        while self.now < end:
            if (wait := pace.turn()) > 0:
                self.now += max(wait, TICK / 10)
            else:
                self.ask(pace)


def most_in_a_window(times: list[float]) -> int:
    """The most requests in any 30 seconds."""
    return max(sum(1 for at in times if start <= at < start + WINDOW) for start in times)


def test_no_window_holds_more_than_the_rate_allows() -> None:
    server = Counter(allowed=10_000)
    server.run(Pace(4.0, clock=server.clock), 120)
    assert most_in_a_window(server.accepted) <= 4 * WINDOW + 1
    assert len(server.accepted) >= 0.99 * 4 * 120


def test_a_pace_that_may_grow_finds_the_limit_and_stays_below_it() -> None:
    server = Counter(allowed=600)
    pace = Pace(5.0, grows=50.0, clock=server.clock)
    server.run(pace, 40)
    assert pace.rate == pytest.approx(0.9 * 20)
    server.run(pace, 260)
    assert pace.rate == pytest.approx(0.95 * 20)
    assert len(server.refused) == 1
    assert len(server.accepted) >= 0.93 * 20 * 300


def test_a_higher_rate_is_tried_after_ten_minutes_at_the_earliest() -> None:
    server = Counter(allowed=600)
    pace = Pace(5.0, grows=50.0, clock=server.clock)
    server.run(pace, 4000)
    assert len(server.refused) > 1
    gaps = [later - earlier for earlier, later in zip(server.refused, server.refused[1:], strict=False)]
    assert min(gaps) > 600


def test_a_learned_pace_is_where_it_was() -> None:
    server = Counter(allowed=600)
    pace = Pace(18.0, grows=50.0, learned=True, clock=server.clock)
    server.run(pace, 500)
    assert pace.rate == 18.0
    assert server.refused == []


def test_a_pace_that_may_not_grow_only_falls() -> None:
    server = Counter(allowed=15)
    pace = Pace(1.0, clock=server.clock)
    server.run(pace, 3000)
    assert pace.rate <= 0.5
    assert server.accepted[-1] > 2900


def test_those_refused_together_count_once() -> None:
    clock = Counter(allowed=0)
    pace = Pace(10.0, clock=clock.clock)
    for _ in range(20):
        clock.now += pace.turn() or 0.1
    sent = clock.now
    pace.refused(sent, 2.0)
    rate = pace.rate
    clock.now += 0.1
    pace.refused(sent - 0.05, 5.0)
    assert pace.rate == rate
    assert pace.turn() >= 5.0 - 1e-6


def test_nobody_asks_before_retry_after_is_over() -> None:
    clock = Counter(allowed=0)
    pace = Pace(10.0, clock=clock.clock)
    pace.turn()
    pace.refused(0.0, 7.0)
    assert pace.turn() == pytest.approx(7.0)
    clock.now = 7.0
    assert pace.turn() == 0.0
