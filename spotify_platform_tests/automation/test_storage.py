"""The instance's storage: Dagster's own schema and answers, over kept connections."""

from pathlib import Path

import dagster as dg
import yaml
from dagster._core.storage.event_log import SqliteEventLogStorage

from spotify_platform.automation.instance import STORAGE, open_instance
from spotify_platform.automation.storage import KeptSqliteEventLogStorage
from spotify_platform_tests.conftest import Platform


@dg.asset
def something() -> None: ...


def test_the_ui_and_the_command_line_name_the_same_storage() -> None:
    root = Path(__file__).parents[2]
    configured = yaml.safe_load((root / "dagster.yaml").read_text("utf-8"))["storage"]["custom"]
    assert configured == STORAGE


def test_events_are_there_for_dagsters_own_class_too(platform: Platform) -> None:
    with open_instance(platform.demo) as instance:
        assert isinstance(instance.event_log_storage, KeptSqliteEventLogStorage)
        result = dg.materialize([something], instance=instance)
    with dg.DagsterInstance.local_temp(str(platform.demo.dagster)) as plain:
        assert type(plain.event_log_storage) is SqliteEventLogStorage
        assert plain.get_latest_materialization_event(something.key).run_id == result.run_id
        written = [log.dagster_event_type for log in plain.all_logs(result.run_id)]
        assert {event.event_type for event in result.all_events} <= set(written)


def test_history_survives_the_process_that_wrote_it(platform: Platform) -> None:
    with open_instance(platform.demo) as instance:
        run = dg.materialize([something], instance=instance).run_id
    with open_instance(platform.demo) as again:
        assert again.get_run_by_id(run).is_success


def test_many_runs_keep_few_connections(platform: Platform) -> None:
    with open_instance(platform.demo) as instance:
        for _ in range(12):
            dg.materialize([something], instance=instance)
        storage = instance.event_log_storage
        assert isinstance(storage, KeptSqliteEventLogStorage)
        assert len(storage._engines) <= 8
        assert len(instance.get_runs()) == 12
