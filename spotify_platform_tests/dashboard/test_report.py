"""The report: one file that asks for nothing, says what it knows, and says plainly what it does not."""

import re
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from spotify_platform import report
from spotify_platform.assets.daily_report import daily_report
from spotify_platform.automation.instance import open_instance
from spotify_platform.load.reader import Snapshot
from spotify_platform.resources.platform import LakeResource, WarehouseResource
from spotify_platform_tests.dashboard.conftest import platform_at


def text_of(root: Path) -> str:
    with platform_at(root) as platform:
        return platform.demo.report.read_text("utf-8")


def test_every_platform_has_a_report_that_asks_for_nothing_outside(root: Path) -> None:
    with platform_at(root) as platform:
        snapshot = Snapshot(platform.home.lake())
        made = report.make(snapshot.query, invented=True)
        snapshot.close()
    assert len(made.html.encode()) < 2_000_000
    assert not re.findall(r"<(?:script|link|iframe|img)\b|\b(?:src|href)=|@import|url\(", made.html)
    assert made.findings


def test_the_demo_writes_it_and_names_it(month: Path) -> None:
    page = text_of(month)
    assert "Invented data of the sandbox" in page
    assert page.count("<svg ") >= 9
    assert "prefers-color-scheme:dark" in page and "@media print" in page


def test_dark_readers_see_the_dark_palette(month: Path) -> None:
    assert not re.findall(r'(?:fill|stroke)="#(?:157fb1|1a1c23|555a66|e3e5ea)"', text_of(month))
    assert "var(--series-0)" in text_of(month)


def test_a_day_without_a_past_says_so_in_words(one_day: Path) -> None:
    page = text_of(one_day)
    assert "is not known" in page and "no chart in the 28 days before the last 7" in page


def test_development_mode_says_that_genres_are_unknown(development: Path) -> None:
    assert "no genre of a charted artist is known" in text_of(development)


def test_an_empty_platform_says_what_to_do() -> None:
    def question(sql: str) -> tuple[list[str], list[tuple[object, ...]]]:
        return ["market"], []

    made = report.make(question, invented=False, now=datetime(2026, 1, 1, tzinfo=UTC))
    assert made.day is None
    assert "spotify-platform import charts" in made.html


def test_dagster_links_it(month: Path) -> None:
    with platform_at(month) as platform, open_instance(platform.demo) as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey(["reports", "daily"]))
        metadata, path = event.asset_materialization.metadata, platform.demo.report
    assert metadata["report"].value == str(path)
    assert metadata["page"].value == path.as_uri()
    assert "trends most" in str(metadata["findings"].value)


@pytest.mark.parametrize("may", [True, False])
def test_names_stay_out_of_a_history_that_is_not_ones_own(
    month: Path, monkeypatch: pytest.MonkeyPatch, may: bool
) -> None:
    monkeypatch.setattr("spotify_platform.assets.daily_report.may_be_shown", lambda *_: may)
    with platform_at(month), dg.DagsterInstance.ephemeral() as instance:
        made = dg.materialize(
            [daily_report], instance=instance, resources={"lake": LakeResource(), "warehouse": WarehouseResource()}
        )
    (told,) = made.asset_materializations_for_node("reports__daily")
    assert ("findings" in told.metadata) == may
