"""Dagster's instance as the command line uses it: the same storage as the UI of the same home."""

import dagster as dg
from dagster._core.instance.ref import InstanceRef

from spotify_platform.home import Home
from spotify_platform.settings import read_settings

STORAGE = {"module": "spotify_platform.automation.storage", "class": "KeptSqliteStorage"}


def open_instance(home: Home) -> dg.DagsterInstance:
    """The instance that holds a home's history; `DAGSTER_HOME` wins where it is set."""
    if read_settings().dagster_home:
        return dg.DagsterInstance.get()
    home.dagster.mkdir(parents=True, exist_ok=True)
    settings = {
        "storage": {"custom": {**STORAGE, "config": {"base_dir": str(home.dagster)}}},
        # As in dagster.yaml: a run that knew of no limit would delete the one that the UI's runs keep to.
        "concurrency": {"pools": {"granularity": "op", "default_limit": 1}},
        "telemetry": {"enabled": False},
    }
    return dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(home.dagster), overrides=settings))
