"""GitHub's workflows: what they are checked for, what runs when, and that each check sees the mistake it is there for.

Nothing here runs a workflow: only GitHub can. What they call is tested where it is, Dagster's part in
`test_deploy_dagster`.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from .expressions import filled, value

ROOT = Path(__file__).parents[2]
TOOLS = Path(sys.executable).parent


@dataclass(frozen=True)
class Workflows:
    """The workflows of a folder .github."""

    folder: Path

    @property
    def texts(self) -> dict[str, str]:
        """Each workflow's text by its file's name."""
        return {path.name: path.read_text("utf-8") for path in sorted((self.folder / "workflows").iterdir())}

    def __getitem__(self, name: str) -> Any:
        """A workflow; all its values are strings."""
        return yaml.load(self.texts[name], yaml.BaseLoader)

    def jobs(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """All jobs, with `file: job`."""
        for name in self.texts:
            for job, content in self[name]["jobs"].items():
                yield f"{name}: {job}", content


# -- the checks: each returns what is wrong


def schema(flows: Workflows) -> list[str]:
    """GitHub's schemas of workflows, of Dependabot's file and of forms for issues, as check-jsonschema has them."""
    found = []
    forms = flows.folder / "ISSUE_TEMPLATE"
    for name, files in (
        ("github-workflows", (flows.folder / "workflows").iterdir()),
        ("dependabot", iter([flows.folder / "dependabot.yml"])),
        ("github-issue-forms", (path for path in forms.iterdir() if path.stem != "config")),
        ("github-issue-config", iter([forms / "config.yml"])),
    ):
        command = [str(TOOLS / "check-jsonschema"), "--builtin-schema", f"vendor.{name}", *map(str, files)]
        done = subprocess.run(command, capture_output=True, text=True)
        found += [done.stdout + done.stderr] if done.returncode else []
    return found


def zizmor(flows: Workflows) -> list[str]:
    """What is unsafe in workflows, pedantically."""
    command = [str(TOOLS / "zizmor"), "--offline", "--strict-collection", "--pedantic", "--quiet", str(flows.folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    return [done.stdout + done.stderr] if done.returncode else []


def pinned(flows: Workflows) -> list[str]:
    """An action by its full commit, with its version behind, everywhere the same; a workflow of ours is there."""
    found: list[str] = []
    versions: dict[str, tuple[str, ...]] = {}
    for name, text in flows.texts.items():
        for uses in re.findall(r"^ *-? *uses: (.*)$", text, re.MULTILINE):
            action = re.fullmatch(r"([\w./-]+)@([0-9a-f]{40})  # (v\d+\.\d+\.\d+)", uses)
            ours = re.fullmatch(r"\$/\.github/(workflows/[\w-]+\.yml)", uses)
            if action:
                same = versions.setdefault(action[1], action.groups()) == action.groups()
                found += [] if same else [f"{name}: {action[1]} has two versions"]
            elif not ours or not (flows.folder / ours[1]).exists():
                found.append(f"{name}: {uses}")
    return found


def permissions(flows: Workflows) -> list[str]:
    """Reading the code is all a workflow may; a job that deploys may ask for a role of AWS besides."""
    found = [name for name in flows.texts if flows[name].get("permissions") != {"contents": "read"}]
    for name, job in flows.jobs():
        allowed = [{"contents": "read"}]
        if not name.startswith("ci.yml"):
            allowed.append({"contents": "read", "id-token": "write"})
        found += [] if job.get("permissions", allowed[0]) in allowed else [name]
    return found


def timeouts(flows: Workflows) -> list[str]:
    """No job with steps runs for longer than an hour."""
    return [name for name, job in flows.jobs() if "steps" in job and not 0 < int(job.get("timeout-minutes", 0)) <= 60]


def triggers(flows: Workflows) -> list[str]:
    """No start gives a stranger's code our rights; Dagster+ never goes before AWS, and no deployment is cut short."""
    allowed = {
        "ci.yml": ["pull_request", "workflow_call"],
        "deploy-aws.yml": ["push", "workflow_dispatch"],
        "deploy-dagster.yml": ["pull_request", "workflow_call"],
        "deploy-powerbi.yml": ["push", "workflow_dispatch"],
    }
    found = [name for name in flows.texts if list(flows[name]["on"]) != allowed.get(name)]
    chain = {job: content.get("needs") for job, content in flows["deploy-aws.yml"]["jobs"].items()}
    if chain != {"test": None, "aws": "test", "dagster": "aws"}:
        found.append(f"deploy-aws.yml: the order is {chain}")
    return found + ([] if flows["deploy-aws.yml"]["concurrency"]["cancel-in-progress"] == "false" else ["cut short"])


def secrets(flows: Workflows) -> list[str]:
    """Dagster+'s token alone, in a step of a job that has an environment; none where anybody's code is tested."""
    found = []
    for name, text in flows.texts.items():
        named = set(re.findall(r"\bsecrets\b[.\[]\W*(\w+)", text))
        if not named <= ({"DAGSTER_CLOUD_API_TOKEN"} if name != "ci.yml" else set()) or "secrets: inherit" in text:
            found.append(f"{name}: {named}")
    for name, job in flows.jobs():
        steps = job.pop("steps", [])
        if "secrets." in str(job.get("env", "")) or ("secrets." in str(steps) and "environment" not in job):
            found.append(name)
    return found


def one_command(flows: Workflows) -> list[str]:
    """CI is `.ci/run`, which is `make test`, on the oldest and the newest Python that the project has."""
    (job,) = flows["ci.yml"]["jobs"].values()
    runs = [step["run"] for step in job["steps"] if "run" in step]
    script = (ROOT / ".ci/run").read_text("utf-8").splitlines()
    found = [] if (runs, script[-1]) == ([".ci/run"], "make test") else [f"ci.yml runs {runs}"]
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    ((oldest, after),) = re.findall(r'requires-python = ">=3\.(\d+),<3\.(\d+)"', project)
    oldest_and_newest = [f"3.{oldest}", f"3.{int(after) - 1}"]
    return found + ([] if job["strategy"]["matrix"]["python"] == oldest_and_newest else ["ci.yml: Python"])


def commands(flows: Workflows) -> list[str]:
    """What a workflow makes, the Makefile knows."""
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    return [
        f"make {name}" for name in re.findall(r"run: make (\S+)", "".join(flows.texts.values())) if name not in known
    ]


def dependabot(flows: Workflows) -> list[str]:
    """Python, actions and images, each as one pull request of releases that are not new."""
    updates = yaml.safe_load((flows.folder / "dependabot.yml").read_text("utf-8"))["updates"]
    kinds = {one["package-ecosystem"] for one in updates}
    found = [] if kinds == {"pip", "github-actions", "docker", "docker-compose"} else [f"dependabot.yml: {kinds}"]
    return found + [str(one) for one in updates if len(one["groups"]) != 1 or one["cooldown"]["default-days"] < 7]


# -- what runs when

OWN, FORK = "owner/platform", "stranger/platform"


def event(name: str, ref: str = "refs/heads/main", action: str = "", head: str = OWN, author: str = "ana") -> dict:
    """What GitHub tells of an event, of which the conditions ask something."""
    request = {"head": {"repo": {"full_name": head}}, "user": {"login": author}}
    payload = {"action": action, **({"pull_request": request} if name == "pull_request" else {})}
    return {"event_name": name, "ref": ref, "repository": OWN, "event": payload}


EVENTS = {
    "a push to main": event("push"),
    "by hand on main": event("workflow_dispatch"),
    "by hand on a branch": event("workflow_dispatch", ref="refs/heads/mine"),
    "a pull request": event("pull_request", action="synchronize"),
    "a closed pull request": event("pull_request", action="closed"),
    "a fork's pull request": event("pull_request", action="opened", head=FORK),
    "a fork's closed pull request": event("pull_request", action="closed", head=FORK),
    "Dependabot's pull request": event("pull_request", action="opened", author="dependabot[bot]"),
}
VARIABLES = {
    "AWS_DEPLOY_ROLE_ARN": "arn:aws:iam::123456789012:role/deploy",
    "DAGSTER_CLOUD_ORGANIZATION": "example",
    "POWERBI_WORKSPACE_ID": "f089354e-8366-4e18-aea3-4cb4a3a50b48",
}
PRODUCTION = ["test", "aws in production", "dagster", "full deploy in production", "publish in production"]
EXPECTED = {
    "a push to main": PRODUCTION,
    "by hand on main": PRODUCTION,
    "by hand on a branch": ["test"],
    "a pull request": ["test", "branch deploy in branch"],
    "a closed pull request": ["close in branch"],
    "a fork's pull request": ["test"],
    "a fork's closed pull request": [],
    "Dependabot's pull request": ["test"],
}


def run(flows: Workflows, name: str, contexts: dict[str, Any]) -> list[str]:
    """The jobs of a workflow, and of those that it calls, which run; with their environment."""
    ran: list[str] = []
    for job, content in flows[name]["jobs"].items():
        if content.get("needs", "test") not in [text.split()[0] for text in ["test", *ran]]:
            continue
        if not value(content.get("if", "'yes'"), contexts):
            continue
        where = filled(content.get("environment", ""), contexts)
        kinds = [step["env"]["DEPLOYMENT_TYPE"] for step in content.get("steps", []) if "DEPLOYMENT_TYPE" in str(step)]
        ran.append(" ".join([*(filled(kind, contexts) for kind in kinds), job, *(["in", where] if where else [])]))
        called = content.get("uses", "").removeprefix("$/.github/workflows/")
        if called == "deploy-dagster.yml":
            ran += run(flows, called, contexts)
    return ran


def starts(workflow: dict[str, Any], github: dict[str, Any]) -> bool:
    """Whether a workflow starts by itself at an event."""
    if github["event_name"] not in workflow["on"]:
        return False
    types = (workflow["on"][github["event_name"]] or {}).get("types", ["opened", "synchronize", "reopened"])
    return github["event_name"] != "pull_request" or github["event"]["action"] in types


def what_runs(flows: Workflows) -> list[str]:
    """Production is of main alone, with approval; a stranger's code is tested, and nothing else."""
    found = []
    for told, github in EVENTS.items():
        contexts = {"github": github, "vars": VARIABLES}
        started = [name for name in flows.texts if starts(flows[name], github)]
        ran = [job for name in started for job in run(flows, name, contexts)]
        found += [] if ran == EXPECTED[told] else [f"{told}: {ran}"]
        # A clone without accounts deploys nothing.
        ran = [job for name in started for job in run(flows, name, {"github": github, "vars": {}})]
        found += [] if ran in ([], ["test"]) else [f"{told}, without variables: {ran}"]
    return found


CHECKS = (
    schema,
    zizmor,
    pinned,
    permissions,
    timeouts,
    triggers,
    secrets,
    one_command,
    commands,
    dependabot,
    what_runs,
)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_workflows_are_right(check):
    assert check(Workflows(ROOT / ".github")) == []


# -- shown to fail

CI, AWS, DAGSTER, POWERBI, UPDATES = (
    "workflows/ci.yml",
    "workflows/deploy-aws.yml",
    "workflows/deploy-dagster.yml",
    "workflows/deploy-powerbi.yml",
    "dependabot.yml",
)
ROLE = "role-to-assume: ${{ vars.AWS_DEPLOY_ROLE_ARN }}"
FORKS = "github.event.pull_request.head.repo.full_name == github.repository &&"
MISTAKES = [
    (schema, CI, "runs-on: ubuntu-24.04", "run-on: ubuntu-24.04"),
    (schema, UPDATES, "interval: weekly", "interval: always"),
    (schema, "ISSUE_TEMPLATE/bug.yml", "type: input", "type: line"),
    (schema, "ISSUE_TEMPLATE/config.yml", "blank_issues_enabled: true", "blank_issues_enabled: often"),
    (zizmor, CI, "persist-credentials: false", "fetch-depth: 1"),
    (zizmor, CI, "run: .ci/run", "run: .ci/run ${{ github.event.pull_request.title }}"),
    (zizmor, AWS, "run: make deploy", "run: make deploy ${{ github.event.head_commit.message }}"),
    (zizmor, DAGSTER, 'echo "registry: $IMAGE_REGISTRY"', 'echo "registry: ${{ github.head_ref }}"'),
    (zizmor, UPDATES, "    cooldown: {default-days: 7}\n", ""),
    (pinned, CI, "checkout@df4cb1c069e1874edd31b4311f1884172cec0e10  # v6.0.3", "checkout@v6"),
    (pinned, CI, "  # v6.2.0", ""),
    (pinned, AWS, "checkout@df4cb1c069e1", "checkout@000000000000"),
    (pinned, AWS, "workflows/ci.yml", "workflows/tests.yml"),
    (pinned, DAGSTER, "# v6.0.3", "# v6"),
    (permissions, CI, "permissions:\n  contents: read\n", ""),
    (permissions, CI, "    timeout-minutes", "    permissions:\n      id-token: write\n    timeout-minutes"),
    (permissions, AWS, "permissions:\n  contents: read", "permissions: write-all"),
    (permissions, DAGSTER, "      contents: read\n", "      contents: write\n"),
    (timeouts, CI, "    timeout-minutes: 45\n", ""),
    (timeouts, AWS, "timeout-minutes: 45", "timeout-minutes: 360"),
    (timeouts, DAGSTER, "    timeout-minutes: 15\n", ""),
    (triggers, CI, "  pull_request:", "  pull_request_target:"),
    (triggers, AWS, "  workflow_dispatch:", "  workflow_run: {workflows: [CI]}"),
    (triggers, AWS, "    needs: aws\n", "    needs: test\n"),
    (triggers, AWS, "cancel-in-progress: false", "cancel-in-progress: true"),
    (triggers, DAGSTER, "  pull_request:\n", "  push:\n  pull_request:\n"),
    (secrets, CI, "- run: .ci/run", "- run: .ci/run\n        env:\n          TOKEN: ${{ secrets.TOKEN }}"),
    (secrets, AWS, ROLE, "aws-secret-access-key: ${{ secrets.AWS_SECRET_ACCESS_KEY }}"),
    (secrets, AWS, "    secrets:\n", "    secrets: inherit\n    with:\n"),
    (secrets, DAGSTER, "    environment: branch\n", ""),
    (one_command, CI, "run: .ci/run", "run: pytest"),
    (one_command, CI, '"3.13"', '"3.12"'),
    (commands, AWS, "run: make deploy", "run: make deployment"),
    (dependabot, UPDATES, "package-ecosystem: docker", "package-ecosystem: npm"),
    (dependabot, UPDATES, "default-days: 7", "default-days: 1"),
    (what_runs, AWS, "github.ref == 'refs/heads/main' && ", ""),
    (what_runs, AWS, " && vars.AWS_DEPLOY_ROLE_ARN != ''", ""),
    (what_runs, AWS, "environment: production", "environment: branch"),
    (what_runs, DAGSTER, f"      {FORKS}\n", ""),
    (what_runs, DAGSTER, "github.event_name == 'pull_request' && 'branch' || 'full'", "'full'"),
    (what_runs, DAGSTER, "environment: ${{ github.event_name == 'pull_request' && 'branch' ||", "environment: ${{"),
    (what_runs, DAGSTER, "      github.event.action != 'closed' &&\n", ""),
    (what_runs, DAGSTER, "    environment: branch\n", "    environment: production\n"),
    (schema, POWERBI, "runs-on: ubuntu-24.04", "run-on: ubuntu-24.04"),
    (zizmor, POWERBI, "run: python deploy/powerbi/publish.py", "run: python publish.py ${{ github.ref_name }}"),
    (pinned, POWERBI, "checkout@df4cb1c069e1", "checkout@000000000000"),
    (permissions, POWERBI, "permissions:\n  contents: read\n", ""),
    (timeouts, POWERBI, "    timeout-minutes: 30\n", ""),
    (triggers, POWERBI, "  workflow_dispatch:", "  pull_request_target:"),
    (secrets, POWERBI, "${{ vars.POWERBI_CLIENT_ID }}", "${{ secrets.POWERBI_CLIENT_ID }}"),
    (what_runs, POWERBI, "github.ref == 'refs/heads/main' && ", ""),
    (what_runs, POWERBI, " && vars.POWERBI_WORKSPACE_ID != ''", ""),
    (what_runs, POWERBI, "environment: production", "environment: branch"),
]


@pytest.mark.parametrize(
    ("check", "file", "right", "wrong"),
    MISTAKES,
    ids=[f"{check.__name__}-{right.strip()[:40]}" for check, _, right, _ in MISTAKES],
)
def test_a_mistake_is_seen_by_its_check(check, file, right, wrong, tmp_path):
    folder = Path(shutil.copytree(ROOT / ".github", tmp_path / ".github"))
    text = (folder / file).read_text("utf-8")
    assert right in text
    (folder / file).write_text(text.replace(right, wrong, 1))
    assert check(Workflows(folder)) != []
