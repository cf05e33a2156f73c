"""Publishing by fabric-cicd itself, to a stand-in of Fabric's API: what is sent, and that nothing else is touched."""

import base64
import importlib.util
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ..extract.tiny import running

ROOT = Path(__file__).parents[2]
WORKSPACE = "f089354e-8366-4e18-aea3-4cb4a3a50b48"
CONNECTION = "cfafbeb1-8037-4d0c-896e-a46fb27ff229"
IDS = {"SemanticModel": "11111111-1111-4111-8111-111111111111", "Report": "22222222-2222-4222-8222-222222222222"}
VALUES = {
    "POWERBI_WORKSPACE_ID": WORKSPACE,
    "POWERBI_TENANT_ID": "tenant",
    "POWERBI_CLIENT_ID": "client",
    "POWERBI_CONNECTION_ID": CONNECTION,
    "POWERBI_SNOWFLAKE_SERVER": "acme-prod.snowflakecomputing.com",
    "POWERBI_SNOWFLAKE_WAREHOUSE": "ACME_XS",
    "POWERBI_SNOWFLAKE_ROLE": "ACME_READER",
    "POWERBI_SNOWFLAKE_DATABASE": "ACME",
}


@pytest.fixture
def script() -> ModuleType:
    """deploy/powerbi/publish.py."""
    spec = importlib.util.spec_from_file_location("publish_powerbi", ROOT / "deploy/powerbi/publish.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass
class Fabric:
    """The stand-in: a workspace with an item of somebody else's; it keeps what it is sent."""

    items: list[dict[str, str]] = field(
        default_factory=lambda: [
            {
                "id": "33333333-3333-4333-8333-333333333333",
                "type": "Report",
                "displayName": "Finance",
                "description": "",
            }
        ]
    )
    sent: list[tuple[str, str, Any]] = field(default_factory=list)

    async def answer(self, request: Request) -> Response:
        path = request.url.path.removeprefix(f"/v1/workspaces/{WORKSPACE}")
        if request.method == "GET":
            connection = {"id": CONNECTION, "connectivityType": "ShareableCloud", "connectionDetails": _SNOWFLAKE}
            told = {
                "/items": self.items,
                "/v1/connections": [connection],
                f"/items/{IDS['SemanticModel']}/connections": [connection | {"id": "none"}],
            }
            return JSONResponse({"value": told.get(path, [])})
        body = await request.json()
        self.sent.append((request.method, path, body))
        if path == "/items":
            item = {
                "id": IDS[body["type"]],
                "type": body["type"],
                "displayName": body["displayName"],
                "description": "",
            }
            self.items.append(item)
            return JSONResponse(item, 201)
        return JSONResponse({}, 200)

    def files(self, kind: str) -> dict[str, str]:
        """The files that were sent of an item, by path."""
        (parts,) = [
            body["definition"]["parts"] for _, path, body in self.sent if path == "/items" and body["type"] == kind
        ]
        return {part["path"]: base64.b64decode(part["payload"]).decode() for part in parts}


_SNOWFLAKE = {"type": "Snowflake", "path": "acme-prod.snowflakecomputing.com;ACME_XS"}


class _Credential:
    """Gives a token that says nothing."""

    def get_token(self, *scopes: str, **_: Any) -> Any:
        from azure.core.credentials import AccessToken

        claims = base64.urlsafe_b64encode(json.dumps({"exp": 4_102_444_800, "appid": "client"}).encode()).decode()
        return AccessToken(f"e30.{claims.rstrip('=')}.", 4_102_444_800)


@pytest.fixture
def fabric(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fabric]:
    """The stand-in at work; fabric-cicd itself takes only Microsoft's own addresses from the environment."""
    from fabric_cicd import constants

    stand_in = Fabric()
    route = Route("/{path:path}", stand_in.answer, methods=["GET", "POST", "PATCH", "DELETE"])
    with running(Starlette(routes=[route])) as url:
        monkeypatch.setattr(constants, "DEFAULT_API_ROOT_URL", url)
        monkeypatch.setattr(constants, "FABRIC_API_ROOT_URL", url)
        for name, value in VALUES.items():
            monkeypatch.setenv(name, value)
        yield stand_in


@pytest.mark.soak  # fabric-cicd waits between its steps
def test_model_and_report_are_published(fabric, script, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)  # where fabric-cicd leaves its log
    script.publish(WORKSPACE, _Credential())
    model, report = fabric.files("SemanticModel"), fabric.files("Report")
    told = dict(re.findall(r'^expression (\w+) = "(.*?)"', model["definition/expressions.tmdl"], re.M))
    assert told == {
        "SnowflakeServer": "acme-prod.snowflakecomputing.com",
        "SnowflakeWarehouse": "ACME_XS",
        "SnowflakeRole": "ACME_READER",
        "SnowflakeDatabase": "ACME",
    }
    made = {path.relative_to(ROOT / "powerbi").as_posix() for path in (ROOT / "powerbi").rglob("*") if path.is_file()}
    sent = {f"SpotifyCharts.SemanticModel/{path}" for path in model} | {
        f"SpotifyCharts.Report/{path}" for path in report
    }
    assert sent == made - {".gitignore", "SpotifyCharts.pbip"}
    assert IDS["SemanticModel"] in report["definition.pbir"]
    assert any(path.endswith(f"/{IDS['SemanticModel']}/bindConnection") for _, path, _ in fabric.sent)
    assert "DELETE" not in {method for method, _, _ in fabric.sent}


def test_what_is_missing_is_named(script, monkeypatch):
    for name in VALUES:
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("POWERBI_WORKSPACE_ID", WORKSPACE)
    with pytest.raises(SystemExit) as caught:
        script.main()
    assert str(caught.value).startswith("Not set: POWERBI_TENANT_ID, POWERBI_CLIENT_ID, POWERBI_CONNECTION_ID, ")


WORKFLOW, SCRIPT, PARAMETERS = (
    ".github/workflows/deploy-powerbi.yml",
    "deploy/powerbi/publish.py",
    "deploy/powerbi/parameter.yml",
)
EXPRESSIONS = "powerbi/SpotifyCharts.SemanticModel/definition/expressions.tmdl"


def one_list(folder: Path) -> list[str]:
    """What differs: workflow, script, parameter file and model must want the same names."""
    workflow = yaml.safe_load((folder / WORKFLOW).read_text("utf-8"))
    (step,) = [step for step in workflow["jobs"]["publish"]["steps"] if step.get("name") == "Publish"]
    wanted = set(re.findall(r'"(POWERBI_\w+)"', (folder / SCRIPT).read_text("utf-8").partition(")\n_AUDIENCE")[0]))
    found = [] if step["env"] == {name: f"${{{{ vars.{name} }}}}" for name in wanted} else [f"workflow: {step['env']}"]
    found += [] if step["run"] == f"python {SCRIPT}" else [f"workflow: {step['run']}"]
    found += [] if wanted == set(VALUES) else [f"script: {wanted}"]
    parameters = (folder / PARAMETERS).read_text("utf-8")
    model = (folder / EXPRESSIONS).read_text("utf-8")
    told = yaml.safe_load(parameters)
    patterns = [one["find_value"] for one in told["find_replace"]]
    found += [pattern for pattern in patterns if len(re.findall(pattern, model)) != 1]
    found += [] if len(patterns) == len(re.findall("^expression ", model, re.M)) else ["a parameter is left out"]
    named = re.findall(r"_ALL_: \"\$ENV:(\w+)\"", parameters)
    identity = {"POWERBI_WORKSPACE_ID", "POWERBI_TENANT_ID", "POWERBI_CLIENT_ID"}
    return found + ([] if set(named) == wanted - identity else [f"parameters: {named}"])


def test_workflow_script_parameters_and_model_want_the_same():
    assert one_list(ROOT) == []


@pytest.mark.parametrize(
    ("file", "right", "wrong"),
    [
        (WORKFLOW, "POWERBI_TENANT_ID: ${{", "POWERBI_TENANT: ${{"),
        (WORKFLOW, "vars.POWERBI_SNOWFLAKE_ROLE", "vars.SNOWFLAKE_ROLE"),
        (WORKFLOW, "python deploy/powerbi/publish.py", "python publish.py"),
        (SCRIPT, '"POWERBI_CONNECTION_ID")', '"POWERBI_CONNECTION")'),
        (PARAMETERS, "expression SnowflakeServer", "expression SnowflakeHost"),
        (PARAMETERS, "$ENV:POWERBI_SNOWFLAKE_DATABASE", "$ENV:POWERBI_DATABASE"),
        (EXPRESSIONS, "expression SnowflakeRole", "expression SnowflakeReader"),
    ],
)
def test_a_name_that_differs_is_seen(file, right, wrong, tmp_path):
    for one in (WORKFLOW, SCRIPT, PARAMETERS, EXPRESSIONS):
        (tmp_path / one).parent.mkdir(parents=True, exist_ok=True)
        text = (ROOT / one).read_text("utf-8")
        assert one != file or right in text
        (tmp_path / one).write_text(text.replace(right, wrong, 1) if one == file else text, "utf-8")
    assert one_list(tmp_path) != []
