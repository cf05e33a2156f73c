"""A refresh of the model against a stand-in of Power BI's API and of Entra's: what is asked, waited for, and told."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from spotify_platform.assets.powerbi import powerbi_assets
from spotify_platform.contracts.errors import (
    AuthenticationError,
    DeadlineError,
    InputError,
    JobError,
    PermanentError,
    PlatformError,
    UnreachableError,
)
from spotify_platform.definitions import build_definitions
from spotify_platform.home import go_live
from spotify_platform.powerbi.refresh import refresh_model
from spotify_platform.settings import PowerBISettings, read_powerbi_settings

from ..extract.tiny import running

SECRET = "S3CRET-nobody-may-read"
TOKEN = "T0KEN-nobody-may-read"
OURS = "9399bb89-25d1-44f8-8576-136d7e9014b1"
Answer = Callable[[], Response]


def ended(status: str, request_id: str = OURS, **more: str) -> dict[str, str]:
    """A line of the history."""
    return {"requestId": request_id, "status": status, "startTime": "08:00", "endTime": "08:05", **more}


def accepted() -> Response:
    """The answer to a refresh that begins, as the reference of the API has it."""
    return Response(status_code=202, headers={"x-ms-request-id": OURS})


def history(*lines: dict[str, str]) -> Answer:
    """The answer with these refreshes, newest first."""
    return lambda: JSONResponse({"value": list(lines)})


def refused(code: int, message: str, **headers: str) -> Answer:
    """An answer of an error."""
    body = {"error": {"code": "InvalidRequest", "message": message}}
    return lambda: JSONResponse(body, code, {name.replace("_", "-"): value for name, value in headers.items()})


@dataclass
class PowerBI:
    """The stand-in: it gives the answers that a test put in line, one after another, and keeps what was asked."""

    url: str = ""
    token_status: int = 200
    posts: list[Answer] = field(default_factory=list)
    gets: list[Answer] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    tokens: int = 0
    slept: list[float] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    async def token(self, request: Request) -> Response:
        form = dict(pair.split("=", 1) for pair in (await request.body()).decode().split("&"))
        assert form["client_secret"] == SECRET and form["grant_type"] == "client_credentials"
        assert form["scope"].endswith("powerbi%2Fapi%2F.default")
        self.tokens += 1
        return JSONResponse({"access_token": f"{TOKEN}{self.tokens}", "error": SECRET}, self.token_status)

    async def refreshes(self, request: Request) -> Response:
        assert request.headers["Authorization"] == f"Bearer {TOKEN}{self.tokens}"
        self.asked.append(request.method)
        if request.method == "POST":
            assert await request.json() == {"notifyOption": "NoNotification"}
        line = self.posts if request.method == "POST" else self.gets
        return (line.pop(0) if len(line) > 1 else line[0])()

    @property
    def settings(self) -> PowerBISettings:
        """Settings that lead here."""
        return read_powerbi_settings()

    def refresh(self) -> Any:
        """Refresh, without waiting for real."""
        return refresh_model(self.settings, self.told.append, self.slept.append)


@pytest.fixture
def powerbi(monkeypatch: pytest.MonkeyPatch) -> Iterator[PowerBI]:
    """The stand-in at work, with the settings that name it."""
    stand_in = PowerBI()
    routes = [
        Route("/tenant/oauth2/v2.0/token", stand_in.token, methods=["POST"]),
        Route("/v1.0/myorg/groups/workspace/datasets/model/refreshes", stand_in.refreshes, methods=["GET", "POST"]),
    ]
    with running(Starlette(routes=routes)) as url:
        stand_in.url = url
        for name, value in {
            "DATASET_ID": "model",
            "WORKSPACE_ID": "workspace",
            "TENANT_ID": "tenant",
            "CLIENT_ID": "client",
            "CLIENT_SECRET": SECRET,
            "API_URL": url,
            "LOGIN_URL": url,
        }.items():
            monkeypatch.setenv(f"POWERBI_{name}", value)
        yield stand_in


def failure(powerbi: PowerBI, kind: type[PlatformError]) -> str:
    """What a refresh that must fail says; never a secret."""
    with pytest.raises(kind) as caught:
        powerbi.refresh()
    said = str(caught.value)
    shown = f"{said} {caught.value.__cause__} {powerbi.told} {powerbi.settings!r}"
    assert SECRET not in shown and TOKEN not in shown
    return said


def test_a_refresh_is_waited_for(powerbi):
    powerbi.posts = [accepted]
    powerbi.gets = [history(), history(ended("Unknown"), ended("Failed", "older")), history(ended("Completed"))]
    done = powerbi.refresh()
    assert (done.request_id, done.started_at, done.ended_at) == (OURS, "08:00", "08:05")
    assert powerbi.asked == ["POST", "GET", "GET", "GET"]
    assert powerbi.slept == [15, 15]
    assert powerbi.tokens == 1


def test_the_id_may_stand_in_the_location(powerbi):
    powerbi.posts = [lambda: Response(status_code=202, headers={"Location": f"{powerbi.url}/refreshes/{OURS}"})]
    powerbi.gets = [history(ended("Completed"))]
    assert powerbi.refresh().request_id == OURS


def test_a_failed_refresh_says_why(powerbi):
    reason = json.dumps({"errorCode": "ModelRefreshFailed", "errorDescription": "The credentials are not specified."})
    powerbi.posts, powerbi.gets = [accepted], [history(ended("Failed", serviceExceptionJson=reason))]
    said = failure(powerbi, JobError)
    assert said == (
        f"Power BI's refresh {OURS} ended as Failed: ModelRefreshFailed: The credentials are not specified."
    )


@pytest.mark.parametrize("reason", [None, "", "not JSON", "[]"])
def test_a_failed_refresh_without_a_reason(powerbi, reason):
    powerbi.posts, powerbi.gets = [accepted], [history(ended("Cancelled", serviceExceptionJson=reason))]
    assert "ended as Cancelled: no reason is told" in failure(powerbi, JobError)


def test_ours_begins_after_one_that_is_under_way(powerbi):
    """It may have read the marts before they were built."""
    powerbi.posts = [
        refused(400, "Invalid dataset refresh request. Another refresh request is already executing"),
        refused(409, "still"),
        accepted,
    ]
    other = history(ended("Unknown", "theirs"))
    powerbi.gets = [other, other, history(ended("Completed"), ended("Completed", "theirs"))]
    assert powerbi.refresh().request_id == OURS
    assert powerbi.asked == ["POST", "GET", "POST", "GET", "POST", "GET"]
    assert powerbi.told[0] == "Another refresh is under way, request theirs; ours begins after it."


def test_a_refusal_is_told(powerbi):
    powerbi.posts = [refused(400, "Number of refresh requests in last 24 hours exceeded limit.")]
    powerbi.gets = [history(ended("Completed", "older"))]
    assert failure(powerbi, PermanentError) == (
        "Power BI refuses to refresh the model: status 400, Number of refresh requests in last 24 hours exceeded limit."
    )


def test_a_throttled_answer_is_waited_out(powerbi):
    powerbi.posts = [refused(429, "Too many", Retry_After="40"), refused(503, "Busy"), accepted]
    powerbi.gets = [refused(429, "Too many", Retry_After="7"), history(ended("Completed"))]
    assert powerbi.refresh().request_id == OURS
    assert powerbi.slept == [40, 2, 7]


def test_an_api_that_stays_busy_is_left_for_later(powerbi):
    powerbi.posts = [refused(500, SECRET)]
    assert failure(powerbi, UnreachableError) == "Power BI could not be asked: status 500. Try again later."
    assert len(powerbi.asked) == 10


def test_an_expired_token_is_replaced(powerbi):
    powerbi.posts = [accepted]
    expired = lambda: JSONResponse({"error": {"code": "TokenExpired"}}, 403)  # noqa: E731
    powerbi.gets = [refused(401, "expired"), history(ended("Unknown")), expired, history(ended("Completed"))]
    assert powerbi.refresh().request_id == OURS
    assert powerbi.tokens == 3


def test_who_may_not_is_told_what_to_do(powerbi):
    powerbi.posts = [refused(403, "Forbidden")]
    assert "status 403, Forbidden. It must be a contributor of the workspace" in failure(powerbi, AuthenticationError)
    powerbi.posts = [refused(401, "No")]
    assert "status 401, No." in failure(powerbi, AuthenticationError)


def test_no_token(powerbi):
    powerbi.token_status = 401
    assert failure(powerbi, AuthenticationError) == (
        "Microsoft Entra gives no token (status 401). "
        "Check POWERBI_TENANT_ID, POWERBI_CLIENT_ID and POWERBI_CLIENT_SECRET."
    )


def test_no_such_model(powerbi):
    powerbi.posts = [refused(404, "PowerBIEntityNotFound")]
    assert "Check POWERBI_WORKSPACE_ID and POWERBI_DATASET_ID" in failure(powerbi, InputError)


def test_nobody_there(powerbi, monkeypatch):
    monkeypatch.setenv("POWERBI_API_URL", "http://127.0.0.1:9")
    assert failure(powerbi, UnreachableError) == "Power BI could not be asked: ConnectionError. Try again later."


def test_a_refresh_that_takes_too_long_goes_on_without_us(powerbi, monkeypatch):
    monkeypatch.setenv("POWERBI_DEADLINE_MINUTES", "1")
    powerbi.posts, powerbi.gets = [accepted], [history(ended("Unknown"))]
    said = failure(powerbi, DeadlineError)
    assert said.startswith(f"The refresh {OURS} was still going after 1 minutes; it goes on in Power BI.")
    assert sum(powerbi.slept) == 60


@pytest.mark.parametrize("name", ["WORKSPACE_ID", "TENANT_ID", "CLIENT_ID", "CLIENT_SECRET"])
def test_a_missing_setting_is_named(powerbi, monkeypatch, name):
    monkeypatch.delenv(f"POWERBI_{name}")
    assert failure(powerbi, InputError) == f"POWERBI_{name} is not set; docs/powerbi.md tells what it is."
    assert powerbi.asked == []


def test_without_a_deployed_model_both_are_external(platform, monkeypatch):
    monkeypatch.delenv("POWERBI_DATASET_ID", raising=False)
    assert all(isinstance(one, dg.AssetSpec) for one in powerbi_assets())


def test_a_branch_refreshes_nobodys_model(platform, powerbi, monkeypatch):
    monkeypatch.setenv("SPOTIFY_PLATFORM_WAREHOUSE", "snowflake")
    assert isinstance(powerbi_assets()[0], dg.AssetsDefinition)
    monkeypatch.setenv("DAGSTER_CLOUD_IS_BRANCH_DEPLOYMENT", "1")
    monkeypatch.setenv("DAGSTER_CLOUD_GIT_BRANCH", "mine")
    assert isinstance(powerbi_assets()[0], dg.AssetSpec)


@pytest.fixture
def job(platform, powerbi, monkeypatch) -> dg.JobDefinition:
    """The asset of a deployed model, in definitions."""
    monkeypatch.setenv("SPOTIFY_PLATFORM_WAREHOUSE", "snowflake")
    definitions = build_definitions()
    for name in ("daily", "publish"):
        layer = definitions.resolve_job_def(name).asset_layer
        assert dg.AssetKey(["powerbi", "semantic_model"]) in layer.selected_asset_keys
    return dg.Definitions(assets=[*powerbi_assets()]).resolve_implicit_global_asset_job_def()


def test_the_asset_refreshes_the_model(platform, powerbi, job):
    go_live()
    powerbi.posts, powerbi.gets = [accepted], [history(ended("Completed"))]
    result = job.execute_in_process()
    (event,) = result.get_asset_materialization_events()
    assert event.materialization.metadata["request_id"].value == OURS


def test_the_asset_fails_with_the_reason(platform, powerbi, job):
    go_live()
    powerbi.posts, powerbi.gets = [refused(400, "Not so.")], [history()]
    result = job.execute_in_process(raise_on_error=False)
    (event,) = result.get_step_failure_events()
    assert "Power BI refuses to refresh the model: status 400, Not so." in str(event.step_failure_data.error)
    assert SECRET not in str(event) and TOKEN not in str(event)


def test_the_demo_asks_for_nothing(platform, powerbi, job):
    assert job.execute_in_process().success
    assert powerbi.asked == []
