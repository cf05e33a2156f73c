"""What Dagster+ is given: image, build, container context. Read by Dagster's own code; a mistake in each is caught."""

import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster._config import validate_config
from dagster_cloud.constants import RESERVED_ENV_VAR_NAMES
from dagster_cloud.workspace.config_schema import ECS_CONTAINER_CONTEXT_CONFIG
from dagster_cloud_cli.commands.ci.checks import check_dagster_cloud_yaml
from dagster_dg_cli.cli.utils import create_temp_dagster_cloud_yaml_file
from dagster_dg_core.context import DgContext

from spotify_platform.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def text_of(file: str) -> str:
    return (ROOT / file).read_text("utf-8")


# --- build.yaml and container_context.yaml, put together as `dg plus deploy` does


def location(tmp_path: Path, **files: str) -> dict[str, Any]:
    """The code location that `dg plus deploy` would send, of these files instead of the repository's.

    Raises AssertionError with what Dagster's own checks say.
    """
    for name in ("pyproject.toml", "build.yaml", "container_context.yaml"):
        (tmp_path / name).write_text(files.get(name.split(".")[0], text_of(name)))
    (tmp_path / "spotify_platform").mkdir(exist_ok=True)
    context = DgContext.from_file_discovery_and_command_line_config(tmp_path, {"verbose": False})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(create_temp_dagster_cloud_yaml_file(context, folder))
        assert not check_dagster_cloud_yaml(path).errors
        (found,) = yaml.safe_load(path.read_text("utf-8"))["locations"]
    context_of_ecs = found["container_context"]
    assert set(context_of_ecs) == {"ecs"}
    assert not validate_config(ECS_CONTAINER_CONTEXT_CONFIG, context_of_ecs["ecs"]).errors
    for task in ("server_resources", "run_resources"):
        assert _fits_fargate(context_of_ecs["ecs"][task])
    return dict(found)


def _fits_fargate(task: dict[str, str]) -> bool:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html"""
    cpu, gigabytes = int(task["cpu"]), int(task["memory"]) / 1024
    least, most = {256: (0.5, 2), 512: (1, 4), 1024: (2, 8), 2048: (4, 16), 4096: (8, 30)}[cpu]
    return least <= gigabytes <= most


def test_dagster_plus_loads_what_the_ui_loads(tmp_path: Path) -> None:
    found = location(tmp_path)
    assert found["location_name"] == PYPROJECT["tool"]["dagster"]["code_location_name"]
    assert found["code_source"] == {"module_name": "spotify_platform.definitions"}
    assert Path(found["build"]["directory"]) == tmp_path.resolve()


@pytest.mark.parametrize(
    ("file", "right", "wrong"),
    [
        ("build", "directory: .", "directory: image"),
        ("build", "directory: .", "folder: ."),
        ("container_context", "run_resources:", "job_resources:"),
        ("container_context", 'cpu: "1024"', "cpu: 1024"),
        ("container_context", 'memory: "4096"', 'memory: "1024"'),
        ("container_context", "\necs:", "\nk8s:"),
    ],
)
def test_a_mistake_in_the_dagster_plus_files_is_caught(tmp_path: Path, file: str, right: str, wrong: str) -> None:
    text = text_of(f"{file}.yaml")
    assert right in text
    with pytest.raises((AssertionError, KeyError)):
        location(tmp_path, **{file: text.replace(right, wrong, 1)})


def test_no_account_and_no_secret_is_named() -> None:
    for file in ("build.yaml", "container_context.yaml", "Dockerfile", "deploy/dagster_plus/README.md"):
        assert not re.search(r"\b\d{12}\b|arn:aws|AKIA", text_of(file)), file


def test_a_branch_is_known_by_variables_that_only_dagster_plus_sets() -> None:
    read = {str(field.validation_alias) for field in Settings.model_fields.values() if field.validation_alias}
    assert {name for name in read if name.startswith("DAGSTER_CLOUD_")} <= set(RESERVED_ENV_VAR_NAMES)


# --- the image, check by check


def passes_the_linter(text: str) -> bool:
    program = str(Path(sys.executable).with_name("hadolint"))
    return subprocess.run([program, "-"], input=text.encode(), capture_output=True).returncode == 0


def stands_on_a_pinned_base(text: str) -> bool:
    stages = set(re.findall(r"^FROM \S+ AS (\S+)", text, re.MULTILINE))
    bases = set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) - stages
    return len(bases) == 1 and all(
        re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+@sha256:[0-9a-f]{64}", one) for one in bases
    )


def uses_a_python_that_is_supported(text: str) -> bool:
    found = re.search(r"^FROM python:3\.(\d+)", text, re.MULTILINE)
    low, high = re.findall(r"3\.(\d+)", PYPROJECT["project"]["requires-python"])
    return found is not None and int(low) <= int(found[1]) < int(high)


def runs_without_root(text: str) -> bool:
    final = text.rsplit("\nFROM ", 1)[1]
    users = re.findall(r"^USER (\S+)", final, re.MULTILINE)
    return users == ["1000"] and final.index("USER 1000") > final.rindex("RUN ")


def copies_by_name(text: str) -> bool:
    """No ADD, which fetches and unpacks; each source is in the repository."""
    copied = [one for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE) for one in line.split()[:-1]]
    known = all((ROOT / one).exists() and one != "." for one in copied)
    return bool(copied) and known and not re.search(r"^ADD ", text, re.MULTILINE)


def holds_no_secret(text: str) -> bool:
    return not re.search(r"(?i)^(?:ARG|ENV).*(?:secret|password|token|key)", text, re.MULTILINE)


def installs_what_is_locked(text: str) -> bool:
    """Every installation is of the lock's versions, or of the wheel alone; the extras are those of the project."""
    installs = re.findall(r"pip (?:install|wheel) .+", text)
    extras = re.search(r"'\.\[([\w,]+)\]'", text)
    locked = all("--constraint requirements.lock" in one or "--no-deps" in one for one in installs)
    known = extras is not None and set(extras[1].split(",")) <= set(PYPROJECT["project"]["optional-dependencies"])
    return len(installs) == 3 and locked and known and "PIP_CONSTRAINT=requirements.lock pip wheel" in text


DOCKERFILE = [
    passes_the_linter,
    stands_on_a_pinned_base,
    uses_a_python_that_is_supported,
    runs_without_root,
    copies_by_name,
    holds_no_secret,
    installs_what_is_locked,
]


@pytest.mark.parametrize("check", DOCKERFILE, ids=lambda check: check.__name__)
def test_the_dockerfile(check) -> None:
    assert check(text_of("Dockerfile"))


MISTAKES = [
    (passes_the_linter, "WORKDIR /data", "WORKDIR data"),
    (stands_on_a_pinned_base, "@sha256:2325", " # 2325"),
    (uses_a_python_that_is_supported, "FROM python:3.13", "FROM python:3.14"),
    (runs_without_root, "USER 1000\n", ""),
    (runs_without_root, "USER 1000", "USER root"),
    (copies_by_name, "COPY spotify_platform spotify_platform", "ADD https://example.com/it.tar.gz /source"),
    (copies_by_name, "COPY spotify_platform spotify_platform", "COPY . ."),
    (holds_no_secret, "WORKDIR /data", "ARG SPOTIPY_CLIENT_SECRET"),
    (installs_what_is_locked, "--constraint requirements.lock ", ""),
    (installs_what_is_locked, "snowflake,plus", "snowflakes,plus"),
]


@pytest.mark.parametrize(("check", "right", "wrong"), MISTAKES, ids=lambda one: getattr(one, "__name__", "…"))
def test_a_mistake_in_the_dockerfile_is_caught(check, right: str, wrong: str) -> None:
    text = text_of("Dockerfile")
    assert right in text
    assert not check(text.replace(right, wrong, 1))


def shows_the_builder_what_is_copied(ignored: str) -> bool:
    """Everything is hidden but what the Dockerfile copies: no state, no secret gets near an image."""
    copied = re.findall(r"^COPY (?!--from)(.+)$", text_of("Dockerfile"), re.MULTILINE)
    sources = {one for line in copied for one in line.split()[:-1]}
    rules = [line for line in ignored.splitlines() if line and not line.startswith("#")]
    return rules[0] == "*" and {rule[1:] for rule in rules if rule.startswith("!")} == sources


def test_the_dockerignore() -> None:
    assert shows_the_builder_what_is_copied(text_of(".dockerignore"))


@pytest.mark.parametrize(("right", "wrong"), [("\n*\n", "\n"), ("!LICENSE", "!.env"), ("!spotify_platform\n", "")])
def test_a_mistake_in_the_dockerignore_is_caught(right: str, wrong: str) -> None:
    text = text_of(".dockerignore")
    assert right in text
    assert not shows_the_builder_what_is_copied(text.replace(right, wrong, 1))


# --- dg's own checks


@pytest.mark.parametrize(
    ("words", "right", "wrong"),
    [
        pytest.param(["toml"], 'directory_type = "project"', 'directory_type = "projects"', id="toml"),
        pytest.param(
            ["defs", "--no-check-yaml"],
            "platform.definitions",
            "platform.definition",
            id="defs",
            marks=pytest.mark.soak,
        ),
    ],
)
def test_a_mistake_in_dgs_settings_is_caught(tmp_path: Path, words: list[str], right: str, wrong: str) -> None:
    text = text_of("pyproject.toml")
    (tmp_path / "spotify_platform").symlink_to(ROOT / "spotify_platform")
    (tmp_path / "pyproject.toml").write_text(text)
    assert dg("check", *words, "--target-path", str(tmp_path)) == 0
    (tmp_path / "pyproject.toml").write_text(text.replace(right, wrong))
    assert dg("check", *words, "--target-path", str(tmp_path)) != 0


def dg(*words: str) -> int:
    program = str(Path(sys.executable).with_name("dg"))
    return subprocess.run([program, *words], cwd=ROOT, capture_output=True).returncode
