"""deploy-dagster.yml's own commands, run: Dagster's CLI is real, Dagster+ and docker are stand-ins."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from .dagster_plus_api import BRANCH, DagsterPlus, dagster_plus
from .expressions import filled, value

pytestmark = pytest.mark.soak

ROOT = Path(__file__).parents[2]
WORKFLOW = yaml.load((ROOT / ".github/workflows/deploy-dagster.yml").read_text("utf-8"), yaml.BaseLoader)
REGISTRY = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/platform"
REPOSITORY = "owner/platform"
PULL_REQUEST = {"number": 7, "html_url": "https://github.example/owner/platform/pull/7", "state": "open"}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What the workflow checks out, in Git, with `docker` and `aws` that only write down their words."""
    clone = tmp_path / "clone"
    (clone / "spotify_platform").mkdir(parents=True)
    (clone / "spotify_platform/__init__.py").touch()
    for name in ("pyproject.toml", "build.yaml", "container_context.yaml", "Dockerfile"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, clone)
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "a change"]):
        subprocess.run(
            ["git", "-c", "user.name=Ana", "-c", "user.email=ana@example.org", *words], cwd=clone, check=True
        )
    for tool in ("docker", "aws"):
        script = tmp_path / "tools" / tool
        script.parent.mkdir(exist_ok=True)
        script.write_text(f'#!/bin/sh\necho "$0 $*" | sed "s,.*/{tool} ,{tool} ," >> {tmp_path}/words\n')
        script.chmod(0o755)
    return clone


def steps(job: str, checkout: Path, api: DagsterPlus, event: dict[str, Any], **variables: str) -> list[str]:
    """Run a job's own commands but for its installation, as on an event; returns what was told to docker and aws."""
    folder = checkout.parent
    (folder / "event.json").write_text(json.dumps({"repository": {"full_name": REPOSITORY}, **event}))
    kind, server = "pull_request" if "pull_request" in event else "push", "https://github.example"
    contexts = {
        "github": {"event_name": kind, "event": event, "repository": REPOSITORY, "server_url": server},
        "vars": {"DAGSTER_CLOUD_ORGANIZATION": "example", "DAGSTER_CLOUD_URL": api.url, **variables},
        "secrets": {"DAGSTER_CLOUD_API_TOKEN": "token"},
    }
    environment = {
        "GITHUB_ACTION": "__run",
        "GITHUB_EVENT_PATH": str(folder / "event.json"),
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_RUN_ID": "42",
        "GITHUB_SERVER_URL": server,
        "GITHUB_SHA": "0" * 40,
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        "HOME": str(folder),
        "PATH": f"{folder}/tools:{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    for step in WORKFLOW["jobs"][job]["steps"]:
        if "run" in step and "pip install" not in step["run"] and value(step.get("if", "'yes'"), contexts):
            own = {name: filled(text, contexts) for name, text in step.get("env", {}).items()}
            if "DAGSTER_BUILD_STATEDIR" in own:
                own["DAGSTER_BUILD_STATEDIR"] = str(folder / "state")
            bash = ["bash", "-e", "-o", "pipefail", "-c", step["run"]]
            subprocess.run(bash, cwd=checkout, env=environment | own, check=True)
    words = folder / "words"
    return words.read_text("utf-8").splitlines() if words.exists() else []


def request(checkout: Path, **more: object) -> dict[str, Any]:
    """The event of a pull request for the checkout's commit."""
    git = subprocess.run(["git", "rev-parse", "HEAD"], cwd=checkout, check=True, capture_output=True, text=True)
    return {"pull_request": {**PULL_REQUEST, "head": {"sha": git.stdout.strip(), "ref": "mine"}, **more}}


def test_main_goes_to_production(checkout):
    with dagster_plus("SERVERLESS") as api:
        words = steps("deploy", checkout, api, {})
    ((deployment, document),) = api.told("CliDeployLocations")
    (location,) = document["document"]["locations"]
    assert (deployment, location["location_name"]) == ("prod", "spotify_platform")
    assert location["image"].startswith("registry.example/serverless:")
    assert location["code_source"] == {"module_name": "spotify_platform.definitions"}
    assert [line.split()[1] for line in words] == ["-v", "build", "login", "push"], words
    assert location["git"]["commit_hash"] == words[-1].rpartition("-")[2]
    assert api.told("CliCreateOrUpdateBranchDeployment") == []
    assert "spotify_platform" in (checkout.parent / "summary.md").read_text("utf-8")


def test_a_pull_request_goes_to_its_branch_deployment_and_never_to_production(checkout):
    with dagster_plus("HYBRID") as api:
        words = steps("deploy", checkout, api, request(checkout), IMAGE_REGISTRY=REGISTRY)
    ((_, branch),) = api.told("CliCreateOrUpdateBranchDeployment")
    assert (branch["branchData"]["branchName"], branch["baseDeploymentName"]) == ("mine", "prod")
    ((deployment, document),) = api.told("CliDeployLocations")
    assert deployment == BRANCH
    assert document["document"]["locations"][0]["image"].startswith(f"{REGISTRY}:spotify_platform-")
    assert "docker login --username AWS --password-stdin 123456789012.dkr.ecr.eu-west-1.amazonaws.com" in words
    assert [line.split()[1] for line in words if line.startswith("docker")] == ["login", "build", "push"], words


@pytest.mark.parametrize(("merged", "status"), [(True, "MERGED"), (False, "CLOSED")])
def test_a_closed_pull_request_closes_its_branch_deployment(checkout, merged, status):
    with dagster_plus("SERVERLESS") as api:
        steps("close", checkout, api, request(checkout, state="closed", merged=merged))
    ((_, branch),) = api.told("CliCreateOrUpdateBranchDeployment")
    assert branch["branchData"]["pullRequestStatus"] == status
