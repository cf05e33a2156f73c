"""The run book has a line for whatever may ring: each alarm, check, sensor, schedule and kind of error."""

import re
from pathlib import Path

import pytest

from spotify_platform.contracts import errors
from spotify_platform.definitions import build_definitions
from spotify_platform_tests.deploy.rules import TEMPLATES, of_type, read

ROOT = Path(__file__).parents[2]
BOOK = (ROOT / "docs" / "runbook.md").read_text("utf-8")
KINDS = [
    name
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.PlatformError) and kind is not errors.PlatformError
]


def entries() -> set[str]:
    """What stands, as code, in the first column of a table."""
    rows = [line.split("|")[1] for line in BOOK.splitlines() if line.startswith("|")]
    return {name for first in rows for name in re.findall(r"`([^`]+)`", first)}


def test_every_alarm_rule_and_budget_of_the_templates_has_its_line() -> None:
    templates = [read(path.read_text("utf-8")) for path in TEMPLATES]
    names = {one["AlarmName"]["Fn::Sub"] for it in templates for one in of_type(it, "AWS::CloudWatch::Alarm").values()}
    names |= {one["Name"]["Fn::Sub"] for it in templates for one in of_type(it, "AWS::Events::Rule").values()}
    names |= {
        one["Budget"]["BudgetName"]["Fn::Sub"]
        for it in templates
        for one in of_type(it, "AWS::Budgets::Budget").values()
    }
    assert len(names) == 6
    assert {re.sub(r"^\$\{.*?\}-", "", name) for name in names} <= entries()


def test_every_check_sensor_and_schedule_of_dagster_has_its_line() -> None:
    definitions = build_definitions()
    checks = {
        key.name
        for key in definitions.resolve_asset_graph().asset_check_keys
        if key.asset_key.to_user_string() != "quality/report"  # one for each rule of a contract, told together
    }
    repository = definitions.get_repository_def()
    alone = {one.name for one in repository.sensor_defs} | {one.name for one in repository.schedule_defs}
    assert checks and alone
    assert checks | alone <= entries()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_error_has_its_line(kind: str) -> None:
    assert kind in entries()
