"""The daily schedule: when it is on, and which day it asks for."""

from datetime import UTC, datetime

import dagster as dg
import pytest

from spotify_platform.automation.schedule import daily_schedule
from spotify_platform.definitions import build_definitions
from spotify_platform.settings import Settings, read_settings


@pytest.fixture
def settings(platform) -> Settings:
    return read_settings()


def test_it_captures_the_day_that_has_begun(settings: Settings) -> None:
    schedule = daily_schedule(settings, real_data=False)
    moment = datetime(2026, 11, 23, 5, tzinfo=UTC)
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(
            instance=instance,
            scheduled_execution_time=moment,
            repository_def=build_definitions().get_repository_def(),
        )
        (request,) = schedule.evaluate_tick(context).run_requests or []
    assert request.partition_key == "2026-11-23"
    assert schedule.cron_schedule == "0 5 * * *"
    assert schedule.execution_timezone == "UTC"


def test_it_is_on_for_the_sandbox_and_off_for_real_data_without_credentials(settings: Settings) -> None:
    running, stopped = dg.DefaultScheduleStatus.RUNNING, dg.DefaultScheduleStatus.STOPPED
    assert daily_schedule(settings, real_data=False).default_status == running
    assert daily_schedule(settings, real_data=True).default_status == stopped


def test_it_is_on_for_real_data_with_credentials(platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOTIPY_CLIENT_ID", "id")
    monkeypatch.setenv("SPOTIPY_CLIENT_SECRET", "secret")
    schedule = daily_schedule(read_settings(), real_data=True)
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING


def test_the_hour_is_a_setting_and_a_bad_one_is_named(platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOTIFY_PLATFORM_CAPTURE_HOUR", "7")
    assert daily_schedule(read_settings(), real_data=False).cron_schedule == "0 7 * * *"
    monkeypatch.setenv("SPOTIFY_PLATFORM_CAPTURE_HOUR", "24")
    answer = platform.cli("query", "select 1")
    assert answer.code == 1
    assert "SPOTIFY_PLATFORM_CAPTURE_HOUR" in answer.err
