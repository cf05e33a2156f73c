"""The budget: no more than the limit in any 24 hours, whatever crashes, and whoever spends beside."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spotify_platform.contracts.errors import QuotaError
from spotify_platform.extract.budget import Budget
from spotify_platform.lake import keys
from spotify_platform.lake.store import Lake

START = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
FAMILY = "artists/albums"


class Clock:
    """A time that is set by hand."""

    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> datetime:
        return self.time


def spend(budget: Budget, times: int, family: str = FAMILY) -> int:
    """Take requests until none is left; returns how many there were."""
    for number in range(times):
        try:
            budget.take(family)
        except QuotaError:
            return number
    return times


def test_a_limit_holds_and_says_when_to_come_back(lake: Lake) -> None:
    clock = Clock()
    budget = Budget(lake, "me", {FAMILY: 90}, now=clock)
    assert spend(budget, 200) == 90
    clock.time += timedelta(hours=5)
    with pytest.raises(QuotaError, match="2026-11-21 03:10 UTC") as over:
        budget.take(FAMILY)
    assert (over.value.until, over.value.family) == (START + timedelta(hours=24, minutes=10), FAMILY)
    clock.time = over.value.until + timedelta(seconds=1)
    assert spend(budget, 200) == 90


def test_families_and_client_ids_have_budgets_of_their_own(lake: Lake) -> None:
    clock = Clock()
    assert spend(Budget(lake, "me", {FAMILY: 5, "search": 3}, now=clock), 9) == 5
    assert spend(Budget(lake, "me", {FAMILY: 5, "search": 3}, now=clock), 9, "search") == 3
    assert spend(Budget(lake, "you", {FAMILY: 5}, now=clock), 9) == 5


def test_a_crash_counts_too_much_and_an_orderly_end_counts_right(lake: Lake) -> None:
    clock = Clock()
    crashed = Budget(lake, "me", {FAMILY: 100}, now=clock)
    spend(crashed, 13)
    assert Budget(lake, "me", {}, now=clock).spent() == {FAMILY: 20}
    crashed.give_back()
    assert Budget(lake, "me", {FAMILY: 100}, now=clock).spent() == {FAMILY: 13}
    assert Budget(lake, "me", {FAMILY: 100}, now=clock).left() == {FAMILY: 87}


def test_what_has_no_limit_is_counted_all_the_same(lake: Lake) -> None:
    budget = Budget(lake, "me", {}, now=Clock())
    assert spend(budget, 250, "tracks") == 250
    budget.give_back()
    assert budget.spent() == {"tracks": 250}
    assert budget.left() == {}


def test_what_is_older_than_two_days_is_forgotten(lake: Lake) -> None:
    clock = Clock()
    budget = Budget(lake, "me", {}, now=clock)
    spend(budget, 1)
    budget.close(FAMILY, START)
    clock.time += timedelta(days=3)
    spend(Budget(lake, "me", {}, now=clock), 1)
    budget.forget()
    assert len(lake.keys(keys.spent("me"))) == 1
    assert lake.keys(keys.closed("me")) == []


@settings(max_examples=60, deadline=None)
@given(
    limit=st.sampled_from([0, 1, 7, 40]),
    steps=st.lists(
        st.tuples(
            st.sampled_from(["take", "take 9", "take 40", "crash", "settle"]),
            st.integers(0, 1),
            st.sampled_from([0, 1, 599, 601, 12 * 3600, 24 * 3600 - 300, 24 * 3600]),
        ),
        max_size=80,
    ),
)
def test_no_24_hours_hold_more_than_the_limit(limit: int, steps: list[tuple[str, int, int]]) -> None:
    """Two who share a client id take turns, crash and begin anew: never is more spent than allowed."""
    lake, clock, spent = Lake("memory://"), Clock(), list[datetime]()
    begin: Callable[[], Budget] = lambda: Budget(lake, "me", {FAMILY: limit}, now=clock)  # noqa: E731
    budgets = [begin(), begin()]
    for step, who, seconds in steps:
        clock.time += timedelta(seconds=seconds)
        if step.startswith("take"):
            spent += [clock.time] * spend(budgets[who], int(step.removeprefix("take") or 1))
        else:
            if step == "settle":
                budgets[who].give_back()
            budgets[who] = begin()
    for at in spent:
        assert sum(1 for one in spent if at <= one < at + timedelta(hours=24)) <= limit
