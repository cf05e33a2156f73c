"""The open-source deployment: compose file, instance and retention, without Docker and with a real Postgres.

Where no Postgres is installed (Debian: postgresql), the tests that need one are skipped.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy
import yaml
from dagster._core.errors import DagsterInvalidConfigError
from dagster._core.instance.config import dagster_instance_config

ROOT = Path(__file__).resolve().parents[2]
OSS = ROOT / "deploy/oss"

PASSWORD = "testing"  # of a database that lives as long as these tests


def compose() -> dict[str, Any]:
    """The compose file with its anchors put in."""
    return yaml.safe_load((OSS / "compose.yaml").read_text("utf-8"))


# --- the compose file, check by check


def by_the_schema(text: str) -> bool:
    """What the compose specification allows."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(text)
        file.flush()
        program = str(Path(sys.executable).with_name("check-jsonschema"))
        words = [program, "--builtin-schema", "vendor.compose-spec", file.name]
        return subprocess.run(words, capture_output=True).returncode == 0


def publishes_on_loopback_only(text: str) -> bool:
    ports = [port for service in yaml.safe_load(text)["services"].values() for port in service.get("ports", [])]
    return ports == ["127.0.0.1:3000:3000"]


def holds_no_secret(text: str) -> bool:
    """A password is always a variable that has to be set."""
    environments = [one.get("environment", {}) for one in yaml.safe_load(text)["services"].values()]
    secret = [value for each in environments for name, value in each.items() if re.search("PASSWORD|SECRET|KEY", name)]
    return bool(secret) and all(re.fullmatch(r"\$\{\w+:\?[^}]+\}", value) for value in secret)


def every_server_is_healthy_or_not(text: str) -> bool:
    services = yaml.safe_load(text)["services"]
    waited_for = {name for one in services.values() for name in one.get("depends_on", {})}
    conditions = [how["condition"] for one in services.values() for how in one.get("depends_on", {}).values()]
    checked = {name for name, one in services.items() if one.get("healthcheck")}
    return waited_for | {"daemon"} <= checked and set(conditions) == {"service_healthy"}


def gains_no_rights(text: str) -> bool:
    services = yaml.safe_load(text)["services"]
    ours = [one for name, one in services.items() if name != "postgres"]
    return all(one.get("cap_drop") == ["ALL"] for one in ours) and all(
        "no-new-privileges:true" in one.get("security_opt", []) for one in services.values()
    )


def only_the_code_server_has_the_settings(text: str) -> bool:
    return [name for name, one in yaml.safe_load(text)["services"].items() if "env_file" in one] == ["code"]


def every_image_is_pinned_or_ours(text: str) -> bool:
    images = {one["image"] for one in yaml.safe_load(text)["services"].values()}
    return all(image == "spotify-platform" or re.search(r":[\d.]+@sha256:[0-9a-f]{64}$", image) for image in images)


def every_mounted_file_is_there(text: str) -> bool:
    mounts = [mount.split(":")[0] for one in yaml.safe_load(text)["services"].values() for mount in one["volumes"]]
    return all((OSS / mount).exists() for mount in mounts if mount.startswith("."))


COMPOSE = [
    by_the_schema,
    publishes_on_loopback_only,
    holds_no_secret,
    every_server_is_healthy_or_not,
    gains_no_rights,
    only_the_code_server_has_the_settings,
    every_image_is_pinned_or_ours,
    every_mounted_file_is_there,
]


@pytest.mark.parametrize("check", COMPOSE, ids=lambda check: check.__name__)
def test_the_compose_file(check) -> None:
    assert check((OSS / "compose.yaml").read_text("utf-8"))


MISTAKES = {
    by_the_schema: ("healthcheck:\n      test: [CMD, pg_isready", "healthchecks:\n      test: [CMD, pg_isready"),
    publishes_on_loopback_only: ('"127.0.0.1:3000:3000"', '"3000:3000"'),
    holds_no_secret: (
        "PGPASSWORD: ${DAGSTER_PG_PASSWORD:?copy .env.example to .env and set it}",
        "PGPASSWORD: dagster",
    ),
    every_server_is_healthy_or_not: ("code: {condition: service_healthy}", "code: {condition: service_started}"),
    gains_no_rights: ("  cap_drop: [ALL]\n", ""),
    only_the_code_server_has_the_settings: ("ports: [", "env_file: [.env]\n    ports: ["),
    every_image_is_pinned_or_ours: ("postgres:17.6@sha256:", "postgres:latest # "),
    every_mounted_file_is_there: ("./retention.sql:", "./retain.sql:"),
}


@pytest.mark.parametrize("check", MISTAKES, ids=lambda check: check.__name__)
def test_a_mistake_in_the_compose_file_is_caught(check) -> None:
    right, wrong = MISTAKES[check]
    text = (OSS / "compose.yaml").read_text("utf-8")
    assert right in text
    assert not check(text.replace(right, wrong, 1))


def finds_the_code_server(workspace: str) -> bool:
    (entry,) = yaml.safe_load(workspace)["load_from"]
    server, command = entry["grpc_server"], compose()["services"]["code"]["command"]
    local = yaml.safe_load((ROOT / "workspace.yaml").read_text("utf-8"))["load_from"][0]["python_module"]
    names = (server["location_name"], command[-1]) == (local["location_name"], local["module_name"])
    return names and server["host"] == "code" and str(server["port"]) == command[command.index("--port") + 1]


def test_the_web_server_finds_the_code_server() -> None:
    assert finds_the_code_server((OSS / "workspace.yaml").read_text("utf-8"))


@pytest.mark.parametrize(
    ("right", "wrong"), [("4000", "4001"), ("host: code", "host: localhost"), ("spotify_platform", "spotify")]
)
def test_a_mistake_in_the_workspace_is_caught(right: str, wrong: str) -> None:
    text = (OSS / "workspace.yaml").read_text("utf-8")
    assert right in text
    assert not finds_the_code_server(text.replace(right, wrong, 1))


def names_what_is_read_and_nothing_secret(example: str) -> bool:
    readme = (ROOT / "README.md").read_text("utf-8")
    found = re.findall(r"^(?:# )?([A-Z_]+)=(.*)$", example, re.MULTILINE)
    known = all(name == "DAGSTER_PG_PASSWORD" or f"`{name}`" in readme for name, _ in found)
    return bool(found) and known and not any(value and re.search("PASSWORD|SECRET|KEY", name) for name, value in found)


def test_the_example_of_settings() -> None:
    assert names_what_is_read_and_nothing_secret((OSS / ".env.example").read_text("utf-8"))
    assert ".env" in (ROOT / ".gitignore").read_text("utf-8").splitlines()


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("DAGSTER_PG_PASSWORD=", "DAGSTER_PG_PASSWORD=dagster"), ("PLATFORM_LAKE_URL", "PLATFORM_LAKE")],
)
def test_a_mistake_in_the_example_is_caught(right: str, wrong: str) -> None:
    text = (OSS / ".env.example").read_text("utf-8")
    assert right in text
    assert not names_what_is_read_and_nothing_secret(text.replace(right, wrong, 1))


# --- the instance


def _instance_settings(text: str) -> dict[str, Any]:
    """The settings as Dagster reads them. Raises its error for a key that it does not know."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "dagster.yaml").write_text(text)
        settings, _ = dagster_instance_config(folder)
    return dict(settings)


def test_dagster_knows_every_key() -> None:
    settings = _instance_settings((OSS / "dagster.yaml").read_text("utf-8"))
    assert settings["retention"]["sensor"]["purge_after_days"]["skipped"] == 3
    assert settings["telemetry"] == {"enabled": False}


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("retention:", "retentions:"),
        ("purge_after_days: 90", "purge_after_months: 3"),
        ("granularity: op", "granularity: step"),
        ("max_concurrent_runs: 4", "max_concurrent_runs: four"),
        ("db_name: dagster", "database: dagster"),
    ],
)
def test_a_mistake_in_the_instances_settings_is_caught(right: str, wrong: str) -> None:
    text = (OSS / "dagster.yaml").read_text("utf-8")
    assert right in text
    with pytest.raises(DagsterInvalidConfigError):
        _instance_settings(text.replace(right, wrong, 1))


def test_runs_keep_to_the_local_instances_rules() -> None:
    ours, local = (yaml.safe_load((folder / "dagster.yaml").read_text("utf-8")) for folder in (OSS, ROOT))
    for part in ("concurrency", "run_retries", "freshness", "telemetry", "nux"):
        assert ours[part] == local[part]


# --- with a real Postgres


@pytest.fixture(scope="module")
def postgres() -> Iterator[int]:
    """A Postgres of its own on a free port of the loopback interface; its port."""
    homes = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which("initdb", path=os.pathsep.join([*map(str, homes), os.environ["PATH"]]))
    if not found:
        pytest.skip("Postgres is not installed (Debian: postgresql)")
    tools = Path(found).resolve().parent
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # A short path, for its socket; of the user nobody where the tests run as root, whom Postgres refuses.
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as scratch:
        folder, password = Path(scratch), Path(scratch, "password")
        password.write_text(PASSWORD)
        user = None
        if os.getuid() == 0:
            user = "nobody"
            for path in (folder, password):
                shutil.chown(path, user)

        def run(program: str, *words: object) -> None:
            command = [str(tools / program), "-D", str(folder / "data"), *map(str, words)]
            subprocess.run(command, user=user, check=True, capture_output=True, cwd=folder)

        run("initdb", "--auth=scram-sha-256", "--username=dagster", f"--pwfile={password}", "--no-sync")
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder} -c fsync=off"
        run("pg_ctl", "-w", "-l", folder / "log", "-o", options, "start")
        try:
            yield port
        finally:
            run("pg_ctl", "-m", "immediate", "stop")


@pytest.fixture
def instance(postgres: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """The instance as deploy/oss/dagster.yaml describes it; nothing is changed but where Postgres is."""
    monkeypatch.setenv("DAGSTER_PG_HOST", "127.0.0.1")
    monkeypatch.setenv("DAGSTER_PG_PASSWORD", PASSWORD)
    text = (OSS / "dagster.yaml").read_text("utf-8")
    (tmp_path / "dagster.yaml").write_text(
        text.replace("db_name: dagster", "db_name: postgres").replace("port: 5432", f"port: {postgres}")
    )
    with dg.DagsterInstance.from_config(str(tmp_path)) as opened:
        yield opened


DAYS = dg.DailyPartitionsDefinition("2026-01-01")


@dg.asset(partitions_def=DAYS, pool="warehouse")
def something(context: dg.AssetExecutionContext) -> None:
    context.log.info("made")


RETENTION = (OSS / "retention.sql").read_text("utf-8")


def keeps_what_it_should(instance: dg.DagsterInstance, port: int, sql: str) -> bool:
    """Old steps and lines of logs go; what assets told stays, and so does everything that is young."""
    job = dg.Definitions(assets=[something], jobs=[dg.define_asset_job("one", [something])]).resolve_job_def("one")
    old, young = (job.execute_in_process(partition_key=f"2026-01-0{n}", instance=instance) for n in (1, 2))
    _sql(port, f"update event_logs set timestamp = timestamp - interval '91 days' where run_id = '{old.run_id}'")
    _sql(port, sql)
    left = {run: {one.dagster_event_type for one in instance.all_logs(run.run_id)} for run in (old, young)}
    told = {dg.DagsterEventType.ASSET_MATERIALIZATION, dg.DagsterEventType.RUN_SUCCESS}
    steps = {dg.DagsterEventType.STEP_SUCCESS, dg.DagsterEventType.ENGINE_EVENT, None}
    return told <= left[old] and not steps & left[old] and told | steps <= left[young]


def test_old_events_go_and_dates_stay_materialised(instance: dg.DagsterInstance, postgres: int) -> None:
    assert instance.get_concurrency_config().pool_config.default_pool_limit == 1
    assert keeps_what_it_should(instance, postgres, RETENTION)
    assert instance.get_materialized_partitions(something.key) == {"2026-01-01", "2026-01-02"}


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("'LOGS_CAPTURED'", "'ASSET_MATERIALIZATION'"),
        ("90 days'", "9000 days'"),
    ],
)
def test_a_mistake_in_the_retention_is_caught(
    instance: dg.DagsterInstance, postgres: int, right: str, wrong: str
) -> None:
    assert right in RETENTION
    assert not keeps_what_it_should(instance, postgres, RETENTION.replace(right, wrong, 1))


def test_the_settings_hold_for_the_instance(instance: dg.DagsterInstance) -> None:
    assert type(instance.event_log_storage).__name__ == "PostgresEventLogStorage"
    assert type(instance.run_coordinator).__name__ == "QueuedRunCoordinator"
    assert instance.run_monitoring_enabled and instance.run_monitoring_max_runtime_seconds == 14_400
    assert instance.run_retries_enabled and not instance.telemetry_enabled


def _sql(port: int, text: str) -> None:
    engine = sqlalchemy.create_engine(f"postgresql+psycopg2://dagster:{PASSWORD}@127.0.0.1:{port}/postgres")
    with engine.begin() as connection:
        connection.exec_driver_sql(text)
    engine.dispose()
