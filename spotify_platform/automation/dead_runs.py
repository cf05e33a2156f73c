"""Runs whose process was killed: on one machine nobody else would ever end them.

Such a run would read as started for good, and keep its place in the pools, so that the next run waits without end.
"""

import os

import dagster as dg

from spotify_platform.automation.status import SENSORS


def close_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """Mark runs as failed whose process on this machine is gone; returns their ids.

    Only for the local instance in SQLite: elsewhere the run's process is on another machine, and Dagster watches it.
    """
    # Here and not above: it brings SQLAlchemy, 0.5 s whenever definitions load.
    from dagster._core.storage.event_log import SqliteEventLogStorage

    if not isinstance(instance.event_log_storage, SqliteEventLogStorage):
        return []
    closed = []
    for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
        process = _process_of(instance, run.run_id)
        if process and not _is_alive(process):
            instance.report_run_failed(run, "The process that ran it was killed. Nothing committed is lost.")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)  # else the next one waits for good
            closed.append(run.run_id)
    return closed


@dg.sensor(
    name="dead_runs",
    minimum_interval_seconds=60,
    default_status=SENSORS,
    description="Runs whose process was killed are marked as failed, so that they hold up nobody and are tried again.",
)
def dead_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Close dead runs; it asks for nothing by itself, the instance's retry policy does."""
    closed = close_dead_runs(context.instance)
    return dg.SkipReason(f"Closed {', '.join(closed)}." if closed else "Every started run has a living process.")


def _process_of(instance: dg.DagsterInstance, run_id: str) -> int | None:
    """The process that executes a run, as Dagster's own first event of it says."""
    for log in instance.all_logs(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT):
        event = log.dagster_event
        process = event.engine_event_data.metadata.get("pid") if event else None
        if process:
            return int(str(process.value))
    return None


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it is there, and somebody else's
    return True
