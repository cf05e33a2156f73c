"""Airflow 3 without Dagster: the platform's rooms, called one after the other, for the daily path.

Each task runs in the platform's own Python (`SPOTIFY_PLATFORM_PYTHON`, the one of its .venv), since Airflow and the
platform pin other versions of the same libraries; its settings are the environment of Airflow's workers. Every step can
be repeated: what is done already is left as it is. What Dagster adds is missing here: lineage, checks, sensor,
reconcile, a history.
"""

import os
from datetime import UTC, datetime, timedelta

from airflow.sdk import dag, task

PYTHON = os.environ.get("SPOTIFY_PLATFORM_PYTHON", "/opt/spotify_platform/.venv/bin/python")


@task.external_python(python=PYTHON, expect_airflow=False, expect_pendulum=False)
def capture(day: str) -> None:
    """Spotify's answers of today → the raw zone; a past day is what was captured then."""
    from datetime import UTC, date, datetime

    from spotify_platform.extract.client import Credentials
    from spotify_platform.extract.session import Session
    from spotify_platform.extract.watchlist import load_watchlist
    from spotify_platform.home import live_home
    from spotify_platform.lake.origin import claim
    from spotify_platform.settings import read_settings

    if date.fromisoformat(day) != datetime.now(UTC).date():
        return
    settings, lake = read_settings(), live_home().lake()
    if not (settings.client_id and settings.client_secret):
        raise SystemExit("Set SPOTIPY_CLIENT_ID and SPOTIPY_CLIENT_SECRET for Airflow's workers.")
    told = {"api_url": settings.api_url, "token_url": settings.token_url}
    credentials = Credentials(
        settings.client_id, settings.client_secret, **{name: url for name, url in told.items() if url}
    )
    session = Session(lake, load_watchlist(settings.watchlist), credentials, settings.mode)
    session.capture_today({"command": "airflow"}, claim=lambda: claim(lake, "spotify"))


@task.external_python(python=PYTHON, expect_airflow=False, expect_pendulum=False)
def curate(day: str) -> None:
    """Captures of the date → curated tables, audited and published."""
    from datetime import date

    from spotify_platform.home import live_home
    from spotify_platform.publish import publish_dates

    outcome = publish_dates(live_home().lake(), [date.fromisoformat(day)])
    if outcome.reasons:
        raise SystemExit(f"{day} is not published: {outcome.reasons}")


# One writer of the warehouse, in a backfill too, which does not keep to the DAG's own limit.
@task.external_python(python=PYTHON, expect_airflow=False, expect_pendulum=False, max_active_tis_per_dag=1)
def load_and_build(day: str) -> None:
    """The published batch of the date → DuckDB, then the marts, published together."""
    from datetime import date

    from spotify_platform.home import live_home
    from spotify_platform.lake.publishing import heads
    from spotify_platform.load.duckdb import DuckDBWarehouse
    from spotify_platform.load.warehouse import open_warehouse
    from spotify_platform.marts.build import build_marts

    home = live_home()
    with open_warehouse(home.warehouse) as connection:
        warehouse = DuckDBWarehouse(connection)
        warehouse.load(home.lake(), heads(home.lake(), [date.fromisoformat(day)]).values())
        build_marts(warehouse, home.lake())


@dag(
    schedule="0 5 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 3, "retry_delay": timedelta(minutes=10), "retry_exponential_backoff": True},
    doc_md=__doc__,
    tags=["spotify_platform"],
)
def spotify_platform_alone() -> None:
    """Capture, curate, load and build the logical date."""
    day = "{{ (logical_date or dag_run.run_after) | ds }}"
    capture(day) >> curate(day) >> load_and_build(day)


spotify_platform_alone()
