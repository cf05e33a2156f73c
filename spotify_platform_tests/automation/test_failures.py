"""What a webhook is told of a failed run, and that its address is told to nobody."""

import logging
import re
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg
import pytest
from dagster._utils.error import serializable_error_info_from_exc_info
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from spotify_platform.automation.failures import failure_sensor, message, post
from spotify_platform.contracts.errors import AuthenticationError, QuotaError, SourceError
from spotify_platform.lake import Lake
from spotify_platform.settings import read_settings

from ..extract.tiny import running
from .helpers import FIRST, LAST, Jobs, capture, spotify_says

DAY = date(2026, 11, 1)
TODAY = datetime.now(UTC).date().isoformat()
SECRET = "T0K3N-nobody-may-read"
VARIABLE = "SPOTIFY_PLATFORM_WEBHOOK_URL"


@dataclass
class Webhook:
    """A server that keeps what it is told, and answers with a status."""

    url: str = ""
    status: int = 200
    told: list[Any] = field(default_factory=list)

    async def answer(self, request: Request) -> Response:
        self.told.append(await request.json())
        return Response(f"no: {request.url}", self.status)


@contextmanager
def webhook_at_work() -> Iterator[Webhook]:
    hook = Webhook()
    with running(Starlette(routes=[Route(f"/{SECRET}", hook.answer, methods=["POST"])])) as address:
        hook.url = f"{address}/{SECRET}"
        yield hook


@pytest.fixture
def webhook(platform, monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    """The webhook that the settings name."""
    with webhook_at_work() as hook:
        monkeypatch.setenv(VARIABLE, hook.url)
        yield hook


@pytest.fixture
def told(lake: Lake, tmp_path, webhook: Webhook) -> Callable[..., str]:
    """Run a job that fails, and the sensor after it; returns the message that the webhook got."""

    def told(job: str, **options: Any) -> str:
        with dg.DagsterInstance.ephemeral() as instance:
            result = Jobs(lake, tmp_path).run(job, instance, **options)
            assert not result.success
            tell(instance, result)
        (message,) = webhook.told
        assert list(message) == ["text"]
        return message["text"]

    return told


def tell(instance: dg.DagsterInstance, result: dg.ExecuteInProcessResult) -> None:
    """The sensor's part after a run that failed."""
    context = dg.build_run_status_sensor_context(
        sensor_name="tell_failures",
        dagster_event=result.get_run_failure_event(),
        dagster_instance=instance,
        dagster_run=instance.get_run_by_id(result.run_id),  # type: ignore[arg-type]
    )
    failure_sensor(read_settings())(context.for_run_failure())


def test_the_message_names_job_dates_reason_run_and_what_to_do(lake: Lake, told) -> None:
    capture(lake, DAY)
    capture(lake, DAY + timedelta(days=1), popularity=150)
    job, *lines, run = told("publish", tags={FIRST: "2026-11-01", LAST: "2026-11-02"}).splitlines()
    assert job == "*publish failed*"
    assert "Dates: 2026-11-01, 2026-11-02" in lines
    (why,) = [line for line in lines if line.startswith("Why: ")]
    assert "popularity is between 0 and 100" in why
    assert any(line.startswith("What to do: `spotify-platform audit DATE`") for line in lines)
    assert re.fullmatch(r"Run: [0-9a-f-]{36}", run)


def test_the_message_names_assets_of_a_job_though_nobody_selected_them(lake: Lake, told) -> None:
    """A run of a whole job, as sensors and schedules start it, carries no selection of assets."""
    capture(lake, DAY, popularity=150)
    text = told("publish", partition_key=str(DAY))
    assert re.search(r"^Assets: \w+/\w+", text, re.MULTILINE)


def test_of_many_assets_and_dates_five_are_named_and_the_rest_is_counted() -> None:
    names = [f"table_{number}" for number in range(8)]
    run = dg.DagsterRun(
        job_name="publish",
        asset_selection=frozenset(dg.AssetKey(["curated", name]) for name in names),
        tags={FIRST: "2026-11-01", LAST: "2026-11-30"},
    )
    lines = message(run, []).splitlines()
    assert f"Assets: {', '.join(f'curated/{name}' for name in names[:5])} and 3 more" in lines
    assert "Dates: 2026-11-01, 2026-11-02, 2026-11-03, 2026-11-04, 2026-11-05 and 25 more" in lines


def test_a_killed_process_is_a_reason_too() -> None:
    text = message(dg.DagsterRun(job_name="publish", tags={"dagster/partition": "2026-11-01"}), [])
    assert "Why: its process ended before it could say why" in text
    assert "Dates: 2026-11-01" in text
    assert "`spotify-platform run` brings everything up to date" in text


def test_a_capture_that_is_tried_again_by_itself_asks_nothing_of_anybody(told) -> None:
    with spotify_says(QuotaError("No more requests until 09:00.", datetime.now(UTC), "artists")):
        text = told("daily", partition_key=TODAY)
    assert "Why: No more requests until 09:00." in text
    assert "What to do: nothing yet" in text


def test_a_capture_that_somebody_must_help_is_not_said_to_be_tried_again(told) -> None:
    with spotify_says(AuthenticationError("Spotify did not accept the credentials.")):
        text = told("daily", partition_key=TODAY)
    assert "Why: Spotify did not accept the credentials." in text
    assert "nothing yet" not in text
    assert "What to do: open the run in Dagster" in text


def test_an_error_that_nobody_expected_is_told_in_its_own_words(told) -> None:
    with spotify_says(ZeroDivisionError("a division by zero, of all things")):
        assert "Why: ZeroDivisionError: a division by zero, of all things" in told("daily", partition_key=TODAY)


def test_without_a_webhook_nothing_is_told_and_nothing_fails(lake: Lake, tmp_path, platform) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        tell(instance, Jobs(lake, tmp_path).run("publish", instance, partition_key=str(DAY)))


def test_the_sensor_runs_only_where_a_webhook_is_set(platform, monkeypatch: pytest.MonkeyPatch) -> None:
    assert failure_sensor(read_settings()).default_status == dg.DefaultSensorStatus.STOPPED
    monkeypatch.setenv(VARIABLE, "http://127.0.0.1:9/x")
    assert failure_sensor(read_settings()).default_status == dg.DefaultSensorStatus.RUNNING


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def everything_said(url: str, caplog: pytest.LogCaptureFixture) -> str:
    """Post a message that is not taken; returns the error as Dagster shows it, and what was logged."""
    with caplog.at_level(logging.INFO):
        try:
            post(url, "a message")
        except SourceError:
            return serializable_error_info_from_exc_info(sys.exc_info()).to_string() + caplog.text
    raise AssertionError("the message was taken")


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_a_refusal_is_an_error_with_its_status_and_without_the_address(status: int, caplog) -> None:
    with webhook_at_work() as hook:
        hook.status = status
        said = everything_said(hook.url, caplog)
    assert hook.told == [{"text": "a message"}]
    assert str(status) in said
    assert SECRET not in said


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:{port}/{secret}", "127.0.0.1/{secret}", "http://[{secret}", "http://a:{secret}/", "{secret}"],
    ids=["nobody is there", "no scheme", "no host", "no port", "no address"],
)
def test_an_address_that_does_not_work_is_in_no_error_and_no_log(address: str, caplog) -> None:
    said = everything_said(address.format(port=free_port(), secret=SECRET), caplog)
    assert VARIABLE in said
    assert SECRET not in said


def test_the_settings_do_not_show_the_address(webhook: Webhook) -> None:
    assert SECRET not in repr(read_settings())
