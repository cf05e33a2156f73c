"""A failed or unfinished capture is tried again the same day, each time after twice the wait.

What cannot be mended by trying again is left alone. At the day's end `close_day` closes it, as partial or as a gap.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from spotify_platform.assets.report import reason_of
from spotify_platform.automation.jobs import daily
from spotify_platform.automation.status import SENSORS

FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=10), timedelta(hours=2)


@dg.sensor(
    name="capture_again",
    job=daily,
    minimum_interval_seconds=60,
    default_status=SENSORS,
    description="A capture of today that failed for a while, or ran out of time or budget, is gone on with.",
)
def capture_again(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """A run of today's capture when the last one failed, could do better, and has been over for long enough."""
    return again(context.instance, datetime.now(UTC))


def again(instance: dg.DagsterInstance, now: datetime) -> dg.RunRequest | dg.SkipReason:
    """What `capture_again` asks for at a moment."""
    day = now.date()
    tries = runs_of(instance, day)
    if not tries:
        return dg.SkipReason(f"{day}: the day's capture was not begun yet.")
    last = tries[0]
    if not last.dagster_run.is_finished:
        return dg.SkipReason(f"{day}: the capture is under way.")
    failure = failure_of(instance, last.dagster_run)
    if failure is None:
        return dg.SkipReason(f"{day}: the day is captured.")
    if not failure.may_pass:
        return dg.SkipReason(f"{day}: trying again cannot help. {failure.message}")
    ended = datetime.fromtimestamp(last.end_time or now.timestamp(), UTC)
    due = max(ended + min(FIRST_WAIT * 2 ** min(len(tries) - 1, 10), LONGEST_WAIT), failure.not_before or ended)
    if now < due:
        return dg.SkipReason(f"{day}: to be tried again at {due:%H:%M} UTC.")
    return dg.RunRequest(run_key=f"{day} again {len(tries)}", partition_key=day.isoformat())


def runs_of(instance: dg.DagsterInstance, day: date) -> list[dg.RunRecord]:
    """The runs of the daily job for a date, newest first."""
    of_day = dg.RunsFilter(job_name=daily.name, tags={"dagster/partition": day.isoformat()})
    return list(instance.get_run_records(of_day))


@dataclass(frozen=True)
class Failure:
    """Why a day's capture failed, and when it may be tried again."""

    message: str
    may_pass: bool  # trying again may help
    not_before: datetime | None = None  # where Spotify has said so


def failure_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> Failure | None:
    """Why a run's capture failed; None where it did not, whatever became of the run after it."""
    if run.status == dg.DagsterRunStatus.SUCCESS:
        return None
    if run.status == dg.DagsterRunStatus.CANCELED:
        return Failure("Somebody stopped the run.", may_pass=False)
    steps = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    failed = [log.dagster_event for log in steps if log.dagster_event]
    if not failed:  # killed, or never begun
        return Failure("The run's process ended.", may_pass=True)
    for event in failed:
        if event.step_key != "capture":
            continue
        said = event.step_failure_data.user_failure_data
        if not said:  # not one of ours: a network that failed where nobody expected it, say
            return Failure(reason_of(event), may_pass=True)
        until = said.metadata.get("not_before")
        return Failure(
            reason_of(event),
            may_pass=bool(said.metadata["may_pass"].value) if "may_pass" in said.metadata else False,
            not_before=datetime.fromtimestamp(float(str(until.value)), UTC) if until else None,
        )
    return None
