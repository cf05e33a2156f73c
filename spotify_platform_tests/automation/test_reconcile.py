"""The reconcile over several hours: what the lake lacks is asked for five times in all, and then told."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from spotify_platform import publish
from spotify_platform.automation.reconcile import reconcile
from spotify_platform.lake import Lake
from spotify_platform.lake.absent import Tombstone, bury
from spotify_platform.resources.platform import LakeResource

from .helpers import FIRST, LAST, Jobs, capture, under_way

DAY = date(2026, 11, 1)
NEXT = DAY + timedelta(days=1)

# Where a request's run is in its life when the next hour comes.
UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


@dataclass
class Hours:
    """The daemon's part: it keeps the cursor from hour to hour."""

    lake: Lake
    instance: dg.DagsterInstance
    cursor: str | None = None

    def hour(self) -> dg.SensorResult:
        """What the next hour brings."""
        context = dg.build_sensor_context(instance=self.instance, cursor=self.cursor)
        result = reconcile(context, lake=LakeResource(url=self.lake.url))
        assert isinstance(result, dg.SensorResult)
        self.cursor = result.cursor
        return result

    def asked(self) -> list[tuple[str, str, int]]:
        """The stretches that the next hour asks for, each with its attempt; fails where a date is given up."""
        result = self.hour()
        assert not result.asset_events
        return requests(result)

    def until_given_up(self) -> dg.AssetCheckEvaluation:
        """Let every attempt pass without effect; returns what is told then."""
        for _ in range(4):
            self.asked()
        return given_up(self.hour())


def requests(result: dg.SensorResult) -> list[tuple[str, str, int]]:
    return [
        (request.tags[FIRST], request.tags[LAST], int((request.run_key or "").rsplit(" ", 1)[1]))
        for request in result.run_requests or []
    ]


def given_up(result: dg.SensorResult) -> dg.AssetCheckEvaluation:
    (event,) = result.asset_events
    assert isinstance(event, dg.AssetCheckEvaluation)
    return event


def named(evaluation: dg.AssetCheckEvaluation) -> list[str]:
    """The dates that an evaluation names."""
    return sorted(evaluation.metadata["dates"].value)  # type: ignore[arg-type]


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def hours(lake: Lake, instance: dg.DagsterInstance) -> Hours:
    return Hours(lake, instance)


@pytest.fixture
def jobs(lake: Lake, tmp_path: Path) -> Jobs:
    return Jobs(lake, tmp_path)


def test_an_empty_lake_lacks_nothing(hours: Hours) -> None:
    assert hours.asked() == []


def test_what_is_not_published_is_asked_for_once_a_contiguous_stretch(lake: Lake, hours: Hours) -> None:
    for offset in (0, 1, 2, 5):
        capture(lake, DAY + timedelta(days=offset))
    assert hours.asked() == [("2026-11-01", "2026-11-03", 2), ("2026-11-06", "2026-11-06", 2)]


def test_after_four_more_attempts_a_date_is_given_up_and_told_once(lake: Lake, hours: Hours) -> None:
    """The raw-zone sensor's attempt was the first."""
    capture(lake, DAY)
    attempts = [attempt for _ in range(4) for _, _, attempt in hours.asked()]
    assert attempts == [2, 3, 4, 5]
    last = hours.hour()
    assert requests(last) == []
    told = given_up(last)
    assert (told.asset_key.to_user_string(), told.check_name) == ("marts/coverage", "no_date_is_left")
    assert not told.passed and told.severity == dg.AssetCheckSeverity.ERROR
    assert named(told) == ["2026-11-01"]
    assert [hours.asked() for _ in range(3)] == [[], [], []]


def test_every_attempt_has_a_run_key_of_its_own(lake: Lake, hours: Hours) -> None:
    """Dagster starts one run a key."""
    capture(lake, DAY)
    found = [request.run_key for _ in range(4) for request in hours.hour().run_requests or []]
    assert len(set(found)) == 4


def test_the_check_that_is_told_is_one_that_dagster_shows(lake: Lake, hours: Hours, jobs: Jobs) -> None:
    capture(lake, DAY)
    graph = jobs.definitions.resolve_asset_graph()
    assert hours.until_given_up().asset_check_key in graph.asset_check_keys


def test_a_date_that_is_given_up_later_is_told_with_those_that_were_before(lake: Lake, hours: Hours) -> None:
    """The check's last word is what people see: it names all that is left."""
    capture(lake, DAY)
    hours.asked()
    capture(lake, NEXT)
    for _ in range(3):
        hours.asked()
    first, second = hours.hour(), hours.hour()
    assert named(given_up(first)) == ["2026-11-01"]
    assert named(given_up(second)) == ["2026-11-01", "2026-11-02"]
    assert hours.asked() == []


def test_a_new_capture_is_a_new_beginning(lake: Lake, hours: Hours) -> None:
    capture(lake, DAY)
    hours.until_given_up()
    capture(lake, DAY, "c2")
    assert hours.asked() == [("2026-11-01", "2026-11-01", 2)]
    assert [attempt for _ in range(3) for _, _, attempt in hours.asked()] == [3, 4, 5]
    assert named(given_up(hours.hour())) == ["2026-11-01"]


@pytest.mark.parametrize("status", UNFINISHED, ids=lambda status: status.value)
def test_a_date_under_way_is_not_asked_for(lake: Lake, hours: Hours, instance, status: dg.DagsterRunStatus) -> None:
    for offset in (0, 1, 2):
        capture(lake, DAY + timedelta(days=offset))
    under_way(instance, {FIRST: "2026-11-01", LAST: "2026-11-02"}, status)
    assert hours.asked() == [("2026-11-03", "2026-11-03", 2)]


def test_a_capture_that_goes_on_to_the_marts_in_the_same_run_is_under_way_too(
    lake: Lake, hours: Hours, instance
) -> None:
    capture(lake, DAY)
    under_way(instance, {"dagster/partition": "2026-11-01"}, dg.DagsterRunStatus.STARTED, job="daily")
    assert hours.asked() == []


def test_the_hours_of_a_long_run_are_no_attempts(lake: Lake, hours: Hours, instance) -> None:
    capture(lake, DAY)
    assert hours.asked() == [("2026-11-01", "2026-11-01", 2)]
    under_way(instance, {FIRST: "2026-11-01", LAST: "2026-11-01"}, dg.DagsterRunStatus.STARTED)
    assert [hours.asked() for _ in range(6)] == [[]] * 6
    instance.report_run_failed(instance.get_runs()[0])
    assert hours.asked() == [("2026-11-01", "2026-11-01", 3)]


def test_the_fifth_attempt_is_waited_for_before_a_date_is_given_up(lake: Lake, hours: Hours, instance) -> None:
    capture(lake, DAY)
    for _ in range(4):
        hours.asked()
    under_way(instance, {FIRST: "2026-11-01", LAST: "2026-11-01"}, dg.DagsterRunStatus.STARTED)
    assert hours.asked() == []
    instance.report_run_failed(instance.get_runs()[0])
    assert named(given_up(hours.hour())) == ["2026-11-01"]


def test_the_run_that_is_asked_for_brings_the_dates_to_the_marts_and_nothing_is_left(
    lake: Lake, hours: Hours, jobs: Jobs, instance
) -> None:
    capture(lake, DAY)
    capture(lake, NEXT)
    (request,) = hours.hour().run_requests or []
    assert jobs.run("publish", instance, tags=dict(request.tags)).success
    assert hours.asked() == []


def test_what_is_published_but_not_built_is_asked_for(lake: Lake, hours: Hours, jobs: Jobs) -> None:
    capture(lake, DAY)
    publish.publish_dates(lake, [DAY])
    assert hours.asked() == [("2026-11-01", "2026-11-01", 2)]
    jobs.publish(DAY)
    assert hours.asked() == []


def test_a_late_capture_of_a_published_date_is_asked_for(lake: Lake, hours: Hours, jobs: Jobs) -> None:
    capture(lake, DAY)
    jobs.publish(DAY)
    capture(lake, DAY, "late")
    assert hours.asked() == [("2026-11-01", "2026-11-01", 2)]


def test_what_this_very_code_withheld_is_not_asked_for(lake: Lake, hours: Hours) -> None:
    capture(lake, DAY, popularity=150)
    capture(lake, NEXT)
    publish.publish_dates(lake, [DAY])
    assert hours.asked() == [("2026-11-02", "2026-11-02", 2)]


def test_what_other_code_withheld_is_asked_for(lake: Lake, hours: Hours, monkeypatch: pytest.MonkeyPatch) -> None:
    capture(lake, DAY, popularity=150)
    with monkeypatch.context() as patch:
        patch.setattr(publish, "fingerprint", lambda: "an older version")
        publish.publish_dates(lake, [DAY])
    assert hours.asked() == [("2026-11-01", "2026-11-01", 2)]


def test_what_was_withheld_is_asked_for_when_a_new_capture_comes(lake: Lake, hours: Hours) -> None:
    capture(lake, DAY, popularity=150)
    publish.publish_dates(lake, [DAY])
    assert hours.asked() == []
    capture(lake, DAY, "better")
    assert hours.asked() == [("2026-11-01", "2026-11-01", 2)]


def test_what_was_purged_is_not_asked_for(lake: Lake, hours: Hours) -> None:
    capture(lake, DAY)
    bury(lake, Tombstone(snapshot_date=DAY, zone="curated", reason="too old", purged_at=datetime.now(UTC)))
    assert hours.asked() == []


def test_of_many_stretches_25_are_asked_for_an_hour_and_the_others_wait_without_losing_an_attempt(
    lake: Lake, hours: Hours, instance
) -> None:
    for number in range(30):
        capture(lake, DAY + timedelta(days=2 * number))
    first = hours.asked()
    assert len(first) == 25
    for start, end, _ in first:
        under_way(instance, {FIRST: start, LAST: end}, dg.DagsterRunStatus.QUEUED)
    rest = hours.asked()
    assert len(rest) == 5
    assert {attempt for _, _, attempt in rest} == {2}
    assert not {start for start, _, _ in first} & {start for start, _, _ in rest}


def test_the_cursor_of_another_lake_is_not_trusted(lake: Lake, hours: Hours, tmp_path: Path) -> None:
    """The same date with a capture of the same name: in this lake nobody asked for it yet."""
    capture(lake, DAY)
    hours.until_given_up()
    hours.lake = Lake((tmp_path / "other").as_uri())
    capture(hours.lake, DAY)
    assert hours.asked() == [("2026-11-01", "2026-11-01", 2)]


def test_the_reconcile_remembers_nothing_of_dates_that_are_published(lake: Lake, hours: Hours, jobs: Jobs) -> None:
    """A cursor that grew with the lake would be too large in the end."""
    capture(lake, DAY)
    hours.asked()
    assert "2026-11-01" in (hours.cursor or "")
    jobs.publish(DAY)
    hours.asked()
    assert "2026-11-01" not in (hours.cursor or "")
