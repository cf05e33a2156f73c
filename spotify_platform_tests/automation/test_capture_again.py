"""The retries of a day's capture: after which wait, how often, and when not at all.

The runs are real ones of the daily job, with a Spotify that answers as told; only their clock is the test's.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import dagster as dg
import pytest

from spotify_platform.automation.capture_again import again
from spotify_platform.contracts.errors import (
    AuthenticationError,
    InputError,
    QuotaError,
    SourceError,
    UnfinishedError,
)
from spotify_platform.lake import Lake

from .helpers import Answer, Jobs, capture, ended, spotify_says, under_way

MORNING = datetime(2026, 11, 23, 5, tzinfo=UTC)
TODAY = MORNING.date()
PARTITION = {"dagster/partition": TODAY.isoformat()}
MINUTE = timedelta(minutes=1)

BUSY = SourceError("Spotify answered with status 503.")
QUOTA = QuotaError("No more requests until 09:00.", datetime(2026, 11, 23, 9, tzinfo=UTC), "artists")


def good(lake: Lake, day, made_by):
    return capture(lake, day, made_by=made_by)


def bad_data(lake: Lake, day, made_by):
    return capture(lake, day, popularity=150, made_by=made_by)


@cache
def story(answer: Answer | Exception) -> list[dg.EventLogEntry]:
    """How a real run of the daily job ended: the events of the run as a whole, and of steps that failed."""
    with TemporaryDirectory() as name, dg.DagsterInstance.ephemeral() as instance, spotify_says(answer):
        folder = Path(name)
        result = Jobs(Lake((folder / "lake").as_uri()), folder).run("daily", instance, partition_key=TODAY.isoformat())
        events = [log for log in instance.all_logs(result.run_id) if log.dagster_event]
        return [log for log in events if log.dagster_event.is_job_event or log.dagster_event.is_step_failure]


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def fails(instance: dg.DagsterInstance) -> Callable[[Exception, datetime], None]:
    """The day's capture fails at a moment."""
    return lambda error, at: ended(instance, story(error), TODAY, at)


def asked(instance: dg.DagsterInstance, now: datetime) -> dg.RunRequest:
    """What is asked for at a moment; fails where nothing is."""
    found = again(instance, now)
    assert isinstance(found, dg.RunRequest), found
    return found


def why_not(instance: dg.DagsterInstance, now: datetime) -> str:
    """Why nothing is asked for at a moment; fails where something is."""
    found = again(instance, now)
    assert isinstance(found, dg.SkipReason), found
    return found.skip_message or ""


def test_a_day_that_was_not_begun_is_left_to_the_schedule(instance: dg.DagsterInstance) -> None:
    assert "not begun" in why_not(instance, MORNING)


def test_ten_minutes_after_a_failure_the_days_capture_is_asked_for(instance, fails) -> None:
    fails(BUSY, MORNING)
    assert "05:10 UTC" in why_not(instance, MORNING + 10 * MINUTE - timedelta(seconds=1))
    assert asked(instance, MORNING + 10 * MINUTE).partition_key == "2026-11-23"


@pytest.mark.parametrize(
    ("failures", "minutes"), [(1, 10), (2, 20), (3, 40), (4, 80), (5, 120), (6, 120), (9, 120), (40, 120)]
)
def test_each_wait_is_twice_the_one_before_and_at_most_two_hours(instance, fails, failures: int, minutes: int) -> None:
    for _ in range(failures):
        fails(BUSY, MORNING)
    assert "tried again" in why_not(instance, MORNING + minutes * MINUTE - timedelta(seconds=1))
    assert asked(instance, MORNING + minutes * MINUTE)


def test_the_wait_begins_when_the_last_try_ended(instance, fails) -> None:
    fails(BUSY, MORNING)
    fails(BUSY, MORNING + 60 * MINUTE)
    assert "06:20 UTC" in why_not(instance, MORNING + 79 * MINUTE)
    assert asked(instance, MORNING + 80 * MINUTE)


def test_one_failure_is_one_run_key_and_the_next_failure_another(instance, fails) -> None:
    """Dagster starts one run a key: the tick of the next minute asks for nothing new."""
    fails(BUSY, MORNING)
    first = asked(instance, MORNING + 10 * MINUTE).run_key
    assert first and asked(instance, MORNING + 11 * MINUTE).run_key == first
    fails(BUSY, MORNING + 12 * MINUTE)
    assert asked(instance, MORNING + 32 * MINUTE).run_key != first


@pytest.mark.parametrize(
    "error",
    [BUSY, UnfinishedError("The capture ran out of time."), ConnectionResetError("reset by peer")],
    ids=lambda error: type(error).__name__,
)
def test_what_may_pass_is_tried_again(instance, fails, error: Exception) -> None:
    fails(error, MORNING)
    assert asked(instance, MORNING + 10 * MINUTE)


@pytest.mark.parametrize(
    "error",
    [AuthenticationError("Spotify did not accept the credentials."), InputError("watchlist.yaml, line 3: not a list.")],
    ids=lambda error: type(error).__name__,
)
def test_what_cannot_pass_is_not_tried_again_and_the_skip_says_why(instance, fails, error: Exception) -> None:
    fails(error, MORNING)
    assert str(error) in why_not(instance, MORNING + timedelta(hours=12))


def test_a_quota_is_waited_for_until_the_moment_that_spotify_named(instance, fails) -> None:
    fails(QUOTA, MORNING)
    assert "09:00 UTC" in why_not(instance, QUOTA.until - timedelta(seconds=1))
    assert asked(instance, QUOTA.until)


def test_a_quota_that_ends_sooner_than_the_wait_does_not_shorten_it(instance, fails) -> None:
    fails(QUOTA, QUOTA.until - 2 * MINUTE)
    assert "09:08 UTC" in why_not(instance, QUOTA.until)
    assert asked(instance, QUOTA.until + 8 * MINUTE)


def test_a_success_ends_it(instance, fails) -> None:
    fails(BUSY, MORNING)
    ended(instance, story(good), TODAY, MORNING + 10 * MINUTE)
    assert "is captured" in why_not(instance, MORNING + timedelta(hours=12))


def test_a_capture_that_succeeded_is_not_made_again_because_its_data_was_withheld(instance) -> None:
    ended(instance, story(bad_data), TODAY, MORNING)
    (run,) = instance.get_runs()
    assert run.status == dg.DagsterRunStatus.FAILURE
    assert "is captured" in why_not(instance, MORNING + timedelta(hours=12))


@pytest.mark.parametrize(
    "status",
    [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED],
    ids=lambda status: status.value,
)
def test_a_run_under_way_is_waited_for(instance, fails, status: dg.DagsterRunStatus) -> None:
    fails(BUSY, MORNING)
    under_way(instance, PARTITION, status, job="daily")
    assert "under way" in why_not(instance, MORNING + timedelta(hours=12))


def test_a_run_whose_process_was_killed_is_tried_again(instance) -> None:
    of_no_step = [log for log in story(BUSY) if not log.step_key]
    ended(instance, of_no_step, TODAY, MORNING)
    assert asked(instance, MORNING + 10 * MINUTE)


def test_the_failures_of_yesterday_are_not_todays(instance) -> None:
    ended(instance, story(BUSY), TODAY - timedelta(days=1), MORNING)
    assert "not begun" in why_not(instance, MORNING + timedelta(hours=12))


def test_a_run_of_the_publish_job_is_no_capture(instance) -> None:
    under_way(instance, PARTITION, dg.DagsterRunStatus.STARTED, job="publish")
    assert "not begun" in why_not(instance, MORNING)
