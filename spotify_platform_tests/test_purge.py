"""Purging: what is too old goes by a plan, in an order in which no reader is ever sent to a file that is gone."""

import gzip
import json
import shutil
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from typer.testing import CliRunner

from spotify_platform.contracts.curated import CURATED
from spotify_platform.contracts.marts import MARTS
from spotify_platform.lake import Lake, checkpoints, keys
from spotify_platform.lake.absent import purged_dates, tombstones
from spotify_platform.lake.captures import captures_by_date
from spotify_platform.lake.checkpoints import Checkpoint
from spotify_platform.lake.ledger import ledger
from spotify_platform.lake.origin import SandboxOrigin, claim
from spotify_platform.lake.publishing import heads
from spotify_platform.load.duckdb import DuckDBWarehouse, load
from spotify_platform.load.reader import open_reader
from spotify_platform.load.warehouse import open_warehouse
from spotify_platform.marts.build import build_marts, published_marts
from spotify_platform.publish import PURGED, missing_dates, pending_dates, publish_dates, stale_dates, unread_dates
from spotify_platform.purge import GRACE, Purge, Retention, apply_purge, plan_purge, purge_everything
from spotify_platform_tests.conftest import Platform

from .lake.helpers import DAY, artist, capture, charted, seen, whole_batches, written
from .test_cli import HEADER, ROW

DAYS = [DAY + timedelta(number) for number in range(8)]
TENTH = datetime(2026, 11, 10, 6, tzinfo=UTC)
KEPT = Retention(raw=4, curated=6)  # on the tenth: raw from the 6th on, curated from the 4th on


def content(lake: Lake) -> dict[str, bytes]:
    """Everything in a lake."""
    return {key: lake.get(key) for key in lake.keys("")}


def filled(lake: Lake, days: Iterable[date] = DAYS) -> Lake:
    """A lake of real data with a published chart and artist a day."""
    claim(lake, "spotify")
    for day in days:
        capture(lake, day, "c1", artist("ann"), charted("US", 1, "t1"))
    publish_dates(lake, days)
    return lake


def purged(lake: Lake, retention: Retention = KEPT, now: datetime = TENTH) -> Purge:
    """Purge a lake without a warehouse; returns what was planned."""
    plan = plan_purge(lake, retention, now)
    apply_purge(lake, None, plan)
    return plan


def readable(lake: Lake) -> None:
    """Fails where a record that readers follow names a file that is gone or is another one."""
    whole_batches(lake)
    with open_reader(lake) as connection:
        for table in (*(f"curated.{table.name}" for table in CURATED), *(f"marts.{table.name}" for table in MARTS)):
            connection.execute(f"select * from {table}").fetchall()


# -- retention ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["file", "memory"])
def test_each_zone_loses_what_is_older_than_its_days_and_keeps_a_tombstone(lake: Lake, kind: str) -> None:
    lake = filled(lake if kind == "file" else Lake("memory://"))
    rows = seen(lake)
    plan = plan_purge(lake, KEPT, TENTH)
    assert (plan.raw, plan.curated) == (DAYS[:5], DAYS[:3])
    assert (plan.superseded, plan.orphans, plan.empty) == ([], [], False)
    apply_purge(lake, None, plan)
    assert list(captures_by_date(lake)) == DAYS[5:]
    assert list(heads(lake)) == DAYS[3:]
    assert seen(lake) == {table: [row for row in found if row[0] >= DAYS[3]] for table, found in rows.items()}
    assert [(one.zone, one.snapshot_date) for one in tombstones(lake)] == [
        (zone, day) for day in DAYS[:5] for zone in ("curated", "raw") if zone == "raw" or day < DAYS[3]
    ]
    assert {one.reason for one in tombstones(lake)} == {"older than the retention of 4 days (raw), 6 days (curated)"}
    readable(lake)


def test_nothing_of_a_purged_date_is_left_but_its_tombstones(lake: Lake) -> None:
    filled(lake)
    purged(lake)
    for day in DAYS[:3]:
        assert [key for key in lake.keys("") if str(day) in key] == [
            keys.purged(day, "curated"),
            keys.purged(day, "raw"),
        ]
    for day in DAYS[3:5]:
        zones = {key.split("/")[0] for key in lake.keys("") if str(day) in key and not key.startswith(keys.PURGED)}
        assert zones == {"curated"}


def test_verdicts_and_decisions_about_a_date_go_with_it(lake: Lake) -> None:
    filled(lake)
    capture(lake, DAYS[0], "poison", artist("ann", popularity=150))
    publish_dates(lake, [DAYS[0]])
    lake.put(keys.accepted(DAYS[0], "inputs"), b"{}")
    assert lake.keys(keys.WITHHELD)
    purged(lake)
    assert lake.keys(keys.WITHHELD) == lake.keys(keys.ACCEPTED) == []


def test_of_an_old_date_that_was_withheld_and_never_published_only_a_tombstone_is_left(lake: Lake) -> None:
    claim(lake, "spotify")
    capture(lake, DAYS[0], "poison", artist("ann", popularity=150))
    assert list(publish_dates(lake, [DAYS[0]]).withheld) == [DAYS[0]]
    purged(lake)
    assert [key for key in lake.keys("") if str(DAYS[0]) in key and not key.startswith(keys.PURGED)] == []


def test_a_plan_changes_nothing(lake: Lake) -> None:
    filled(lake)
    before = content(lake)
    plan_purge(lake, KEPT, TENTH)
    assert content(lake) == before


def test_without_retention_nothing_is_too_old(lake: Lake) -> None:
    filled(lake)
    assert plan_purge(lake, Retention(), TENTH + timedelta(days=10_000)).empty


def test_a_zone_without_days_is_kept_for_good(lake: Lake) -> None:
    filled(lake)
    plan = plan_purge(lake, Retention(raw=4), TENTH)
    assert (plan.raw, plan.curated, plan.reason) == (DAYS[:5], [], "older than the retention of 4 days (raw)")


@pytest.mark.parametrize("origin", ["sandbox", None])
def test_a_lake_that_is_not_of_real_data_has_no_retention(lake: Lake, origin: str | None) -> None:
    if origin:
        claim(lake, "sandbox", SandboxOrigin(seed=1, artists=24, anchor=DAYS[-1]))
    for day in DAYS:
        capture(lake, day, "c1", artist("ann"))
    publish_dates(lake, DAYS)
    assert plan_purge(lake, Retention(raw=1, curated=1), TENTH).empty


def test_purging_twice_changes_nothing(lake: Lake) -> None:
    filled(lake)
    purged(lake)
    before = content(lake)
    assert purged(lake).empty
    assert content(lake) == before


# -- what becomes of a purged date -------------------------------------------------------------------------------------


def test_a_date_whose_tables_were_purged_is_not_made_again_though_its_answers_are_there(lake: Lake) -> None:
    filled(lake)
    purged(lake, Retention(curated=6))
    assert captures_by_date(lake).keys() == set(DAYS)
    assert set(DAYS[:3]) & set(pending_dates(lake)) == set()
    assert set(DAYS[:3]) & missing_dates(lake).keys() == set()
    before = content(lake)
    told: list[tuple[date, str]] = []
    outcome = publish_dates(lake, DAYS, lambda day, state: told.append((day, state)))
    assert (outcome.published, outcome.purged, list(outcome.unchanged)) == ({}, DAYS[:3], DAYS[3:])
    assert outcome.reasons == {day: [PURGED] for day in DAYS[:3]} == unread_dates(lake, DAYS)
    assert [day for day, state in told if state == "purged"] == DAYS[:3]
    assert content(lake) == before


def test_a_purged_date_is_no_gap_when_it_is_asked_for(lake: Lake) -> None:
    filled(lake)
    purged(lake)
    assert publish_dates(lake, [DAYS[0]]).purged == [DAYS[0]]
    assert unread_dates(lake, [DAYS[0]]) == {DAYS[0]: [PURGED]}


def test_a_late_capture_of_a_purged_date_does_not_bring_it_back(lake: Lake) -> None:
    filled(lake)
    purged(lake)
    capture(lake, DAYS[0], "late", artist("bob"))
    assert DAYS[0] not in pending_dates(lake)
    assert publish_dates(lake, [DAYS[0]]).purged == [DAYS[0]]
    assert DAYS[0] not in heads(lake)


def test_a_date_whose_answers_alone_were_purged_stays_readable_and_unchanged(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(lake)
    rows, records = seen(lake), heads(lake)
    purged(lake, Retention(raw=4))
    before = content(lake)
    assert publish_dates(lake, DAYS).unchanged == records
    assert unread_dates(lake, DAYS) == {}
    assert pending_dates(lake) == DAYS  # none is in the marts: another warehouse could still be filled with all
    assert (seen(lake), heads(lake), content(lake)) == (rows, records, before)
    # Newer code cannot make it again either, and does not try.
    monkeypatch.setattr("spotify_platform.publish.fingerprint", lambda: "newer code")
    assert stale_dates(lake) == DAYS[5:]
    assert publish_dates(lake, DAYS[:5]).unchanged == {day: records[day] for day in DAYS[:5]}


def test_the_warehouse_loses_the_rows_and_marts_begin_at_the_first_date_that_is_left(
    lake: Lake, tmp_path: Path
) -> None:
    filled(lake)
    with open_warehouse(tmp_path / "warehouse.duckdb") as connection:
        load(connection, lake, heads(lake).values())
        build_marts(DuckDBWarehouse(connection), lake)
        apply_purge(lake, DuckDBWarehouse(connection), plan_purge(lake, KEPT, TENTH))
        for table in ("curated.chart_entries", "curated.artists", "ops.published"):
            days = connection.execute(f"select distinct snapshot_date from {table} order by all").fetchall()
            assert [day for (day,) in days] == DAYS[3:]
        build, new = build_marts(DuckDBWarehouse(connection), lake)
    assert (new, list(build.batches)) == (False, DAYS[3:])  # the purge has built them
    with open_reader(lake) as reader:
        for mart in ("chart_movement", "trending_artists_daily", "market_performance"):
            told = reader.execute(f"select min(snapshot_date), min(history_from), max(history_from) from marts.{mart}")
            assert told.fetchall() == [(DAYS[3],) * 3]
        first = reader.execute("select movement from marts.chart_movement order by snapshot_date").fetchall()
        states = reader.execute(
            "select distinct snapshot_date from marts.coverage where state = 'purged' order by all"
        ).fetchall()
    assert [movement for (movement,) in first] == [None, "SAME", "SAME", "SAME", "SAME"]
    assert [day for (day,) in states] == DAYS[:3]


def test_a_warehouse_that_was_never_filled_has_nothing_to_lose(lake: Lake, tmp_path: Path) -> None:
    filled(lake)
    with open_warehouse(tmp_path / "warehouse.duckdb") as connection:
        apply_purge(lake, DuckDBWarehouse(connection), plan_purge(lake, KEPT, TENTH))
    assert list(heads(lake)) == DAYS[3:]


# -- files that nobody names -------------------------------------------------------------------------------------------


def test_a_superseded_batch_goes_48_hours_after_it_was_superseded(lake: Lake) -> None:
    claim(lake, "spotify")
    capture(lake, DAY, "c1", artist("ann"))
    first = publish_dates(lake, [DAY]).published[DAY]
    capture(lake, DAY, "c2", artist("bob"))
    second = publish_dates(lake, [DAY]).published[DAY]
    rows, due = seen(lake), second.published_at + GRACE
    assert timedelta(hours=48) == GRACE
    assert plan_purge(lake, Retention(), due - timedelta(seconds=1)).superseded == []
    plan = purged(lake, Retention(), due)
    assert sorted(plan.superseded) == sorted(file.path for file in first.files)
    assert plan.orphans == []
    assert not set(lake.keys("curated")) & {file.path for file in first.files}
    assert (seen(lake), whole_batches(lake)) == (rows, {DAY: second})
    assert plan_purge(lake, Retention(), due + timedelta(days=365)).empty


def test_a_superseded_build_of_the_marts_goes_with_its_record(lake: Lake, tmp_path: Path) -> None:
    filled(lake, DAYS[:2])
    with open_warehouse(tmp_path / "warehouse.duckdb") as connection:
        load(connection, lake, heads(lake, [DAYS[0]]).values())
        first, _ = build_marts(DuckDBWarehouse(connection), lake)
        load(connection, lake, heads(lake).values())
        second, _ = build_marts(DuckDBWarehouse(connection), lake)
    due = second.built_at + GRACE
    assert plan_purge(lake, Retention(), due - timedelta(seconds=1)).empty
    plan = purged(lake, Retention(), due)
    assert plan.superseded == [keys.marts_published(1), *(file.path for file in first.files)]
    assert plan.orphans == []
    assert lake.keys(keys.MARTS) == sorted([keys.marts_published(2), *(file.path for file in second.files)])
    assert published_marts(lake) == second
    readable(lake)


ORPHANS = {
    "a batch that was never published": keys.part("artists", DAY, "crashed", 0),
    "a chunk of a crashed capture": keys.chunk("artists", DAY, "crashed", 0),
    "a build that was never published": keys.mart("chart_movement", "crashed", "2026-11"),
    "what a Glue job left": "curated/_staging/work/attempt/part-0.parquet",
    "what a Glue job told": "_pipes/work/attempt/0.json",
}


@pytest.mark.parametrize("key", ORPHANS.values(), ids=ORPHANS)
def test_an_orphan_goes_48_hours_after_it_was_put(lake: Lake, key: str) -> None:
    filled(lake, [DAY])
    before = content(lake)
    lake.put(key, b"nobody names me")
    put_at = lake.ages(key.rpartition("/")[0])[key]
    assert plan_purge(lake, Retention(), put_at + GRACE - timedelta(seconds=1)).orphans == []
    plan = purged(lake, Retention(), put_at + GRACE)
    assert (plan.orphans, plan.superseded) == ([key], [])
    assert content(lake) == before


def unfinished(lake: Lake, day: date) -> Checkpoint:
    """A capture that has a chunk and a checkpoint, and no manifest."""
    writer = written(lake, day, "going on", [artist("ann")])
    writer.flush()
    now = datetime.now(UTC)
    checkpoint = Checkpoint(
        capture_id="going on",
        snapshot_date=day,
        started_at=now,
        saved_at=now,
        source="spotify",
        mode="extended",
        watchlist="w",
        files=writer.files,
    )
    checkpoints.save(lake, checkpoint)
    return checkpoint


def test_a_chunk_of_an_unfinished_capture_is_no_orphan(lake: Lake) -> None:
    checkpoint = unfinished(lake, DAY)
    later = datetime.now(UTC) + timedelta(days=30)
    assert plan_purge(lake, Retention(), later).empty
    checkpoints.remove(lake, checkpoint)
    assert plan_purge(lake, Retention(), later).orphans == [file.path for file in checkpoint.files]


def test_no_checkpoint_is_left_that_names_a_chunk_of_a_purged_date(lake: Lake) -> None:
    filled(lake, DAYS[:1])
    unfinished(lake, DAYS[0])
    purged(lake)
    named = {file.path for one in checkpoints.checkpoints(lake) for file in one.files}
    assert named <= set(lake.keys("raw"))


def test_files_of_committed_captures_and_published_batches_are_never_orphans(lake: Lake, tmp_path: Path) -> None:
    filled(lake)
    with open_warehouse(tmp_path / "warehouse.duckdb") as connection:
        load(connection, lake, heads(lake).values())
        build_marts(DuckDBWarehouse(connection), lake)
    assert plan_purge(lake, Retention(), datetime.now(UTC) + timedelta(days=3650)).empty


# -- killed amid it ----------------------------------------------------------------------------------------------------


class DiedError(BaseException):
    """The process is dead; nothing in the product may catch it."""


class DyingLake(Lake):
    """A lake whose writer dies before its `which`-th delete or create, of those under a folder."""

    def __init__(self, url: str, which: int, under: str = "") -> None:
        super().__init__(url)
        self._left, self._under = which, under

    def delete(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._live(key)
            super().delete([key])

    def create(self, key: str, content: bytes) -> bool:
        self._live(key)
        return super().create(key, content)

    def _live(self, key: str) -> None:
        if not key.startswith(self._under):
            return
        if not self._left:
            raise DiedError
        self._left -= 1


# Late enough that what the story below superseded is due; its dates are counted back from here.
LATER = datetime.now(UTC) + timedelta(hours=72)
STORY = [LATER.date() - timedelta(days=age) for age in (8, 7, 6, 5)]
STORY_KEPT = Retention(raw=5, curated=6)  # purges three raw and two curated dates


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with old dates, superseded batches of old and kept dates, a superseded build, a verdict, an orphan."""
    folder = tmp_path_factory.mktemp("story")
    lake = filled(Lake((folder / "lake").as_uri()), STORY)
    with open_warehouse(folder / "warehouse.duckdb") as connection:
        load(connection, lake, heads(lake).values())
        build_marts(DuckDBWarehouse(connection), lake)
        for day in (STORY[0], STORY[3]):
            capture(lake, day, "c2", artist("bob"), hour=6)
        publish_dates(lake, STORY)
        load(connection, lake, heads(lake).values())
        build_marts(DuckDBWarehouse(connection), lake)
    capture(lake, STORY[1], "poison", artist("ann", popularity=150), hour=7)
    publish_dates(lake, STORY)
    lake.put(keys.part("artists", STORY[3], "crashed", 0), b"half a file")
    return folder / "lake"


def killed_at(story: Path, folder: Path, which: int, purge: str) -> tuple[Lake, bool]:
    """A copy of the story whose purge was killed before a write; and whether it was, or came to its end."""
    shutil.copytree(story, folder)
    dying = DyingLake(folder.as_uri(), which)
    alive = False
    with suppress(DiedError):
        if purge == "everything":
            purge_everything(dying, "the end")
        else:
            apply_purge(dying, None, plan_purge(dying, STORY_KEPT, LATER))
        alive = True
    return Lake(folder.as_uri()), not alive


@pytest.mark.soak
def test_a_purge_killed_at_any_write_sends_nobody_to_a_missing_file_and_the_next_one_ends_it(
    story: Path, tmp_path: Path
) -> None:
    shutil.copytree(story, tmp_path / "whole")
    whole = Lake((tmp_path / "whole").as_uri())
    plan = purged(whole, STORY_KEPT, LATER)
    assert (plan.raw, plan.curated, len(plan.orphans)) == (STORY[:3], STORY[:2], 1)
    assert len(plan.superseded) > 10
    rows = seen(whole)
    which, killed = 0, True
    while killed:
        lake, killed = killed_at(story, tmp_path / str(which), which, "old")
        readable(lake)
        for day in STORY[2:]:  # dates that are kept are there all the time
            assert [row for row in seen(lake)["artists"] if row[0] == day] == [
                row for row in rows["artists"] if row[0] == day
            ]
        purged(lake, STORY_KEPT, LATER)
        readable(lake)
        assert seen(lake) == rows
        left = set(lake.keys("")) ^ set(whole.keys(""))
        assert {key for key in left if not key.startswith(keys.LOG)} == set(), which
        assert plan_purge(lake, STORY_KEPT, LATER).empty
        shutil.rmtree(tmp_path / str(which))
        which += 1
    assert which > 40


def test_a_purge_killed_before_the_wake_ups_went_is_ended_by_the_next_one(story: Path, tmp_path: Path) -> None:
    shutil.copytree(story, tmp_path / "lake")
    lake = Lake((tmp_path / "lake").as_uri())
    with pytest.raises(DiedError):
        purged(DyingLake(lake.url, 0, keys.LOG), STORY_KEPT, LATER)
    assert {keys.log_subject(key)[0] for key in lake.keys(keys.LOG)} == set(STORY)
    purged(lake, STORY_KEPT, LATER)
    assert {keys.log_subject(key)[0] for key in lake.keys(keys.LOG)} == {STORY[3]}


@pytest.mark.parametrize("under", ["raw/chart_entries", "curated/chart_entries"])
def test_what_a_killed_purge_left_of_a_date_goes_with_the_next_one_however_young_the_files_are(
    lake: Lake, under: str
) -> None:
    filled(lake)
    with pytest.raises(DiedError):
        purged(DyingLake(lake.url, 0, under))
    plan = purged(lake)
    assert plan.orphans == []
    for day in DAYS[:3]:
        left = [key for key in lake.keys("") if str(day) in key]
        assert left == [keys.purged(day, "curated"), keys.purged(day, "raw")]


def test_a_date_is_buried_before_anything_of_it_goes(story: Path, tmp_path: Path) -> None:
    before = set(Lake(story.as_uri()).keys(""))
    for which in range(0, 60, 3):
        lake, _ = killed_at(story, tmp_path / str(which), which, "old")
        gone = before - set(lake.keys(""))
        buried = purged_dates(lake)
        for key in gone:
            if "snapshot_date=" in key and keys.date_in(key) in STORY[:2]:
                assert keys.date_in(key) in (buried["raw"] if key.startswith("raw/") else buried["curated"]), key


@pytest.mark.soak
def test_a_purge_of_everything_killed_at_any_write_is_ended_by_the_next_one(story: Path, tmp_path: Path) -> None:
    tombs = [keys.purged(day, zone) for day in STORY for zone in ("curated", "raw")]
    which, killed = 0, True
    while killed:
        lake, killed = killed_at(story, tmp_path / str(which), which, "everything")
        readable(lake)
        purge_everything(lake, "the end")
        assert lake.keys("") == sorted([keys.LAKE, *tombs]), which
        shutil.rmtree(tmp_path / str(which))
        which += 3
    assert which > 60


# -- everything --------------------------------------------------------------------------------------------------------


def test_a_purge_of_everything_leaves_the_origin_and_tombstones(story: Path, tmp_path: Path) -> None:
    shutil.copytree(story, tmp_path / "lake")
    lake = Lake((tmp_path / "lake").as_uri())
    lake.put(keys.account("client"), b"{}")  # what was spent is no content, and stays
    lake.put(keys.artist_name("Ann"), b"{}")
    there, origin = len(lake.keys("")), lake.get(keys.LAKE)
    assert purge_everything(lake, "the terms end") == there - 2
    assert lake.get(keys.LAKE) == origin
    assert {key.split("/")[1] for key in lake.keys("") if key != keys.LAKE} == {"_purged", "_clients"}
    assert {(one.zone, one.snapshot_date, one.reason) for one in tombstones(lake)} == {
        (zone, day, "the terms end") for zone in ("raw", "curated") for day in STORY
    }
    assert not any(seen(lake).values())
    assert purge_everything(lake, "once more") == 0
    assert {one.reason for one in tombstones(lake)} == {"the terms end"}


# -- on the command line -----------------------------------------------------------------------------------------------

TODAY = datetime.now(UTC).date()
OLD = [TODAY - timedelta(days=age) for age in (22, 21, 20)]
YOUNG = [TODAY - timedelta(days=age) for age in (5, 4)]


@pytest.fixture
def aged(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Platform:
    """A live platform with three old dates and two young ones in the marts, and retention of ten and twelve days."""
    lake = filled(platform.live.lake(), [*OLD, *YOUNG])
    with open_warehouse(platform.live.warehouse) as connection:
        load(connection, lake, heads(lake).values())
        build_marts(DuckDBWarehouse(connection), lake)
    monkeypatch.setenv("SPOTIFY_PLATFORM_RETENTION_RAW_DAYS", "10")
    monkeypatch.setenv("SPOTIFY_PLATFORM_RETENTION_CURATED_DAYS", "12")
    return platform


def answered(answer: str, *words: str) -> tuple[int, str]:
    """A command that asks, with what a person answers."""
    from spotify_platform.cli import app

    result = CliRunner().invoke(app, list(words), input=answer, env={"COLUMNS": "200"})
    return result.exit_code, result.stdout


def warehouse_days(platform: Platform) -> list[date]:
    """The dates of which the warehouse has rows."""
    with open_warehouse(platform.live.warehouse) as connection:
        days = connection.execute(
            "select snapshot_date from curated.chart_entries union select snapshot_date from ops.published order by all"
        ).fetchall()
    return [day for (day,) in days]


def test_a_purge_says_what_goes_then_asks_and_a_no_changes_nothing(aged: Platform) -> None:
    before = content(aged.live.lake())
    code, said = answered("n\n", "purge")
    kept = "older than the retention of 10 days (raw), 12 days (curated)"
    assert code == 1
    assert f"raw: {OLD[0]} to {OLD[-1]} (3), {kept}" in said
    assert f"curated, warehouse: {OLD[0]} to {OLD[-1]} (3), {kept}" in said
    assert said.index("curated, warehouse") < said.index("Remove them for good?")
    assert "Removed" not in said
    assert content(aged.live.lake()) == before
    assert aged.cli("purge").code == 1  # nobody answered
    assert content(aged.live.lake()) == before
    assert warehouse_days(aged) == [*OLD, *YOUNG]


@pytest.mark.parametrize("asked", [True, False], ids=["yes", "--yes"])
def test_a_purge_removes_dates_from_lake_warehouse_and_marts(aged: Platform, asked: bool) -> None:
    code, said = answered("y\n", "purge") if asked else (0, aged.ok("purge", "--yes"))
    assert (code, "Remove them for good?" in said) == (0, asked)
    assert "Removed 3 raw and 3 curated dates, 0 superseded files, 0 orphans." in said
    assert warehouse_days(aged) == YOUNG
    days = aged.query("select distinct snapshot_date as day from curated.chart_entries order by all")
    assert [row["day"] for row in days] == list(map(str, YOUNG))
    assert aged.query("select distinct history_from as day from marts.chart_movement") == [{"day": str(YOUNG[0])}]
    assert f"{OLD[0]} to {OLD[-1]}  purged: older than the retention" in aged.ok("coverage")
    assert "Every captured date is published" in aged.ok("run")
    assert "Nothing to purge" in aged.ok("purge")


def test_after_a_purge_the_mart_of_coverage_is_the_ledger(aged: Platform) -> None:
    aged.ok("purge", "--yes")
    rows = aged.tables("marts.coverage")["marts.coverage"]
    told = {(row[0], row[1], row[2], row[3], row[5]) for row in rows}
    assert told == {(e.snapshot_date, e.entity, e.market, e.state, e.items) for e in ledger(aged.live.lake())}


def test_dates_that_were_published_and_never_loaded_are_purged_too(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = filled(platform.live.lake(), [*OLD, *YOUNG])
    monkeypatch.setenv("SPOTIFY_PLATFORM_RETENTION_CURATED_DAYS", "12")
    assert "Removed 0 raw and 3 curated dates" in platform.ok("purge", "--yes")
    assert list(heads(lake)) == YOUNG
    platform.ok("run")
    assert warehouse_days(platform) == YOUNG


@pytest.mark.parametrize("died", ["before the rows", "before the marts"])
def test_a_purge_that_died_between_lake_and_marts_is_ended_by_the_next_one(aged: Platform, died: str) -> None:
    lake = aged.live.lake()
    plan = plan_purge(lake, Retention(raw=10, curated=12), datetime.now(UTC))
    if died == "before the rows":
        apply_purge(lake, None, plan)
    else:
        with open_warehouse(aged.live.warehouse) as connection:
            apply_purge(lake, DuckDBWarehouse(connection), plan)
    aged.ok("purge", "--yes")
    assert warehouse_days(aged) == YOUNG
    assert aged.query("select distinct history_from as day from marts.chart_movement") == [{"day": str(YOUNG[0])}]


def test_a_day_imported_again_after_a_purge_that_died_before_the_rows_shows_the_new_rows(
    aged: Platform, tmp_path: Path
) -> None:
    apply_purge(aged.live.lake(), None, plan_purge(aged.live.lake(), Retention(10, 12), datetime.now(UTC)))
    path = tmp_path / f"regional-us-daily-{OLD[0]}.csv"
    path.write_text(HEADER + ROW)
    aged.ok("import", "charts", "--again", path)
    aged.ok("run")
    asked = f"select track_id from {{}} where snapshot_date = '{OLD[0]}'"
    assert aged.query(asked.format("curated.chart_entries")) == [{"track_id": "T1"}]
    assert aged.query(asked.format("marts.chart_movement")) == [{"track_id": "T1"}]


def test_without_retention_there_is_nothing_to_purge(aged: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPOTIFY_PLATFORM_RETENTION_RAW_DAYS")
    monkeypatch.delenv("SPOTIFY_PLATFORM_RETENTION_CURATED_DAYS")
    before = content(aged.live.lake())
    assert "Nothing to purge" in aged.ok("purge", "--yes")
    assert content(aged.live.lake()) == before


def test_the_sandboxs_data_is_kept_whatever_its_age(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOTIFY_PLATFORM_RETENTION_RAW_DAYS", "1")
    monkeypatch.setenv("SPOTIFY_PLATFORM_RETENTION_CURATED_DAYS", "1")
    platform.ok("capture", "--date", str(OLD[0]))
    assert "Nothing to purge" in platform.ok("purge", "--yes")
    assert list(captures_by_date(platform.demo.lake())) == [OLD[0]]


def test_purging_everything_asks_first(aged: Platform) -> None:
    before = content(aged.live.lake())
    code, said = answered("n\n", "purge", "--everything")
    assert (code, "for good?" in said) == (1, True)
    assert content(aged.live.lake()) == before
    assert aged.live.warehouse.exists()


def test_purging_everything_leaves_tombstones_and_no_warehouse(aged: Platform) -> None:
    (aged.live.path / "quality").mkdir()
    assert "the warehouse and the reports" in aged.ok("purge", "--everything", "--yes")
    tombs = [keys.purged(day, zone) for day in (*OLD, *YOUNG) for zone in ("curated", "raw")]
    assert aged.live.lake().keys("") == sorted([keys.LAKE, *tombs])
    assert not list(aged.live.path.glob("warehouse.duckdb*"))
    assert not (aged.live.path / "quality").exists()
    assert aged.query("select count(*) as n from curated.chart_entries") == [{"n": 0}]
    assert "Every captured date is published" in aged.ok("run")
    assert "purged: everything was purged" in aged.ok("coverage")


def test_importing_charts_of_a_purged_day_is_a_decision(aged: Platform, tmp_path: Path) -> None:
    aged.ok("purge", "--yes")
    for day in (OLD[0], OLD[1], YOUNG[1]):
        (tmp_path / f"regional-us-daily-{day}.csv").write_text(HEADER + ROW)
    files, before = sorted(tmp_path.glob("*.csv")), content(aged.live.lake())
    refused = aged.cli("import", "charts", *files)
    assert refused.code == 1
    assert f"{OLD[0]} and 1 more: purged from this lake. Nothing was imported." in refused.err
    assert "--again" in refused.err
    assert content(aged.live.lake()) == before

    assert "Imported 3 entries of 3 dates" in aged.ok("import", "charts", "--again", *files)
    aged.ok("run")
    days = aged.query("select distinct snapshot_date as day from curated.chart_entries order by all")
    assert [row["day"] for row in days] == [str(day) for day in (*OLD[:2], *YOUNG)]
    assert warehouse_days(aged) == [*OLD[:2], *YOUNG]
    assert purged_dates(aged.live.lake()) == {"raw": {OLD[2]}, "curated": {OLD[2]}}
    found = [one for one in ledger(aged.live.lake()) if (one.entity, one.market) == ("chart_entries", "US")]
    charts = {one.snapshot_date: one.state for one in found}
    assert [charts[day] for day in OLD] == ["complete", "complete", "purged"]


def test_importing_a_playlist_of_a_purged_day_is_a_decision(aged: Platform, tmp_path: Path) -> None:
    aged.ok("purge", "--yes")
    entry = {"added_at": "2026-10-01T00:00:00Z", "track": {"id": "t1", "type": "track"}}
    playlist = {"id": "P", "tracks": {"items": [entry], "total": 1, "offset": 0, "next": None}}
    path = tmp_path / "playlist.json.gz"
    path.write_bytes(gzip.compress(json.dumps(playlist).encode()))
    words = ("import", "playlists", path, "--snapshot-date", str(OLD[0]))
    refused = aged.cli(*words)
    assert (refused.code, f"{OLD[0]}: purged from this lake" in refused.err, "--again" in refused.err) == (
        1,
        True,
        True,
    )
    assert OLD[0] in purged_dates(aged.live.lake())["raw"]
    aged.ok(*words, "--again")
    aged.ok("run")
    assert aged.query("select snapshot_date as day, track_id from curated.playlist_items") == [
        {"day": str(OLD[0]), "track_id": "t1"}
    ]


def test_a_day_that_was_purged_imported_again_and_purged_again_leaves_the_warehouse_too(
    aged: Platform, tmp_path: Path
) -> None:
    path = tmp_path / f"regional-us-daily-{OLD[0]}.csv"
    path.write_text(HEADER + ROW)
    for _ in range(2):
        aged.ok("purge", "--yes")
        assert warehouse_days(aged) == YOUNG
        aged.ok("import", "charts", "--again", path)
        aged.ok("run")
        assert warehouse_days(aged) == [OLD[0], *YOUNG]


def test_a_file_on_disk_is_really_gone(aged: Platform) -> None:
    """Not a name alone: no byte of a purged date's raw file lies anywhere in the home's lake."""
    lake = aged.live.lake()
    chunks = {sha256(lake.get(key)).hexdigest() for key in lake.keys("raw/artists") if keys.date_in(key) in OLD}
    aged.ok("purge", "--yes")
    left = {sha256(path.read_bytes()).hexdigest() for path in lake.folder.rglob("*") if path.is_file()}
    assert chunks
    assert not chunks & left
