"""Airflow 3: the platform's job for the logical date, run by Dagster.

Airflow launches and waits; Dagster runs, shows the lineage, and keeps the history. A run that failed or was cancelled
fails the task, with the reason. What Airflow gives up (a task that is failed by hand, a deadline) ends the run. A retry
finds the run that was launched already.

Connection `spotify_dagster` (HTTP): host and port of the webserver; for Dagster+ its address, and a user token as
password. Airflow's backfills ask for each date; for a stretch as one run, trigger the DAG with the params `first` and
`last`.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import BaseHook, BaseSensorOperator, Context, Param, dag, get_current_context, task
from airflow.sdk.bases.sensor import PokeReturnValue
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from dagster_runs import Dagster

CONNECTION = "spotify_dagster"
_DATE = {"type": ["null", "string"], "format": "date"}


def dagster() -> Dagster:
    """The Dagster that the connection names."""
    found = BaseHook.get_connection(CONNECTION)
    port = f":{found.port}" if found.port else ""
    return Dagster(f"{found.schema or 'http'}://{found.host}{port}", found.password or "")


def caller(context: Context) -> str:
    """Who asks, as a tag of the run: this DAG's run."""
    return f"airflow/{context['dag'].dag_id}/{context['run_id']}"


def dates(context: Context) -> tuple[str, str]:
    """The first and the last date: those of the params, else the logical date."""
    moment = context.get("logical_date") or context["dag_run"].run_after
    day = moment.astimezone(UTC).date().isoformat()
    first, last = context["params"]["first"], context["params"]["last"]
    return first or last or day, last or first or day


class DagsterRun(BaseSensorOperator):
    """Has a job run and waits for its end; between two looks it holds no worker."""

    def __init__(self, **named: Any) -> None:
        super().__init__(mode="reschedule", **named)

    def poke(self, context: Context) -> bool | PokeReturnValue:
        """Whether the run has ended well. Raises `AirflowException` where it ended otherwise.

        The first look of a try launches, or takes on what an earlier try launched; the others only look. A run that
        somebody cancelled is not launched again.
        """
        first, last = dates(context)
        # Spotify serves only today; of a past date what was captured is made anew.
        job = "daily" if last == datetime.now(UTC).date().isoformat() else "publish"
        ti = context["ti"]
        found = dagster().find(caller(context)) if ti.get_first_reschedule_date(context) else None
        found = found or dagster().launch(job, first, last, caller(context), str(ti.try_number))
        run = dagster().look(found.run_id)
        self.log.info("Dagster's run %s, %s of %s to %s: %s", run.run_id, job, first, last, run.status)
        if run.done and run.status != "SUCCESS":
            error = AirflowFailException if run.status == "CANCELED" else AirflowException
            raise error(f"Dagster's run {run.run_id} ended as {run.status}. {run.reason}")
        return PokeReturnValue(is_done=run.done, xcom_value=run.run_id)


@task(retries=3)
def end_what_is_left() -> None:
    """Stop the run where nobody waits for it any more."""
    if (run := dagster().find(caller(get_current_context()))) and not run.done:
        dagster().stop(run.run_id)


@dag(
    schedule="0 5 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,  # a backfill has a limit of its own, --max-active-runs; Dagster queues what it is asked for
    params={"first": Param(None, **_DATE), "last": Param(None, **_DATE)},
    doc_md=__doc__,
    tags=["spotify_platform"],
)
def spotify_platform_by_dagster() -> None:
    """One task that waits, and one that cleans up after it."""
    run = DagsterRun(
        task_id="run",
        poke_interval=30,
        timeout=6 * 3600,
        retries=2,
        retry_delay=timedelta(minutes=10),
    )
    # `run` is not its setup: a teardown is left out where the setup failed, and then it is what is needed.
    run >> end_what_is_left().as_teardown()


spotify_platform_by_dagster()
