"""Backfills: past dates are made again from what was captured; what cannot be made is named first, with why."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from spotify_platform.automation.instance import open_instance
from spotify_platform.backfill import Backfill, plan_backfill
from spotify_platform.contracts.errors import InputError
from spotify_platform.curate.fingerprint import fingerprint
from spotify_platform.lake import Lake
from spotify_platform.lake.absent import ClosedDay, close
from spotify_platform.lake.ledger import NOT_CAPTURED
from spotify_platform.lake.origin import claim
from spotify_platform.lake.publishing import heads
from spotify_platform.publish import PURGED, publish_dates, stale_dates
from spotify_platform.purge import Purge, apply_purge
from spotify_platform_tests.conftest import Platform

from .lake.helpers import artist, capture, charted, played
from .test_cli import HEADER, ROW

FIRST = date(2026, 3, 1)
DAYS = [FIRST + timedelta(number) for number in range(8)]


def captured(lake: Lake, days: Iterable[date] = DAYS) -> Lake:
    """A lake of real data with a capture of one chart entry a day."""
    claim(lake, "spotify")
    for day in days:
        capture(lake, day, "c1", charted("US", 1, "t1"))
    return lake


def poisoned(lake: Lake, day: date) -> None:
    """A capture that is withheld."""
    capture(lake, day, "poison", artist("ann", popularity=150))


def published_by_older_code(lake: Lake, days: Iterable[date], monkeypatch: pytest.MonkeyPatch) -> None:
    """Dates that another version of the code curated."""
    with monkeypatch.context() as older:
        older.setattr("spotify_platform.publish.fingerprint", lambda: "older code")
        publish_dates(lake, days)


def batches(lake: Lake) -> dict[date, str]:
    """The batch that readers see of every date."""
    return {day: record.batch_id for day, record in heads(lake).items()}


def stretches_run(platform: Platform) -> list[tuple[str, str]]:
    """The first and the last date of every run, in order."""
    with open_instance(platform.home) as instance:
        tags = [run.tags for run in reversed(instance.get_runs())]
    return [(one["dagster/asset_partition_range_start"], one["dagster/asset_partition_range_end"]) for one in tags]


def backfill(platform: Platform, *words: str | date) -> tuple[int, list[str]]:
    """The exit code and the lines of a backfill."""
    answer = platform.cli("backfill", *map(str, words))
    return answer.code, answer.out.splitlines()


def in_marts(platform: Platform) -> list[date]:
    """The dates that the marts tell of."""
    rows = platform.query("select distinct snapshot_date as day from marts.chart_movement order by all")
    return [date.fromisoformat(row["day"]) for row in rows]


# -- the plan ----------------------------------------------------------------------------------------------------------


def test_a_plan_parts_what_was_captured_from_the_gaps_with_why(lake: Lake) -> None:
    captured(lake, [DAYS[1], DAYS[3], DAYS[5]])
    close(lake, ClosedDay(snapshot_date=DAYS[2], reason="no budget was left", closed_at=datetime.now(UTC)))
    gaps = {DAYS[0]: NOT_CAPTURED, DAYS[2]: "no budget was left", DAYS[4]: NOT_CAPTURED}
    assert plan_backfill(lake, DAYS[0], DAYS[5]) == Backfill([DAYS[1], DAYS[3], DAYS[5]], gaps)
    assert plan_backfill(lake, DAYS[3], DAYS[3]) == Backfill([DAYS[3]], {})


def test_a_plan_of_an_empty_lake_is_gaps_only(lake: Lake) -> None:
    assert plan_backfill(lake, DAYS[0], DAYS[1]) == Backfill([], dict.fromkeys(DAYS[:2], NOT_CAPTURED))


def test_a_purged_date_is_a_gap_though_its_answers_are_there(lake: Lake) -> None:
    captured(lake)
    publish_dates(lake, DAYS)
    apply_purge(lake, None, Purge(raw=DAYS[:1], curated=DAYS[:2], reason="too old"))
    assert plan_backfill(lake, DAYS[0], DAYS[-1]) == Backfill(DAYS[2:], {DAYS[0]: PURGED, DAYS[1]: PURGED})


def test_a_date_whose_answers_alone_were_purged_is_neither_a_gap_nor_made_again(lake: Lake) -> None:
    captured(lake)
    publish_dates(lake, DAYS)
    apply_purge(lake, None, Purge(raw=DAYS[:2], reason="too old"))
    assert plan_backfill(lake, DAYS[0], DAYS[-1]) == Backfill(DAYS[2:], {})


def test_a_plan_of_stale_dates_may_be_limited_on_either_side(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    captured(lake)
    published_by_older_code(lake, DAYS[:6], monkeypatch)
    publish_dates(lake, [DAYS[6]])  # by this code; the last date is not published at all
    assert stale_dates(lake) == DAYS[:6]
    assert plan_backfill(lake, None, None, stale=True) == Backfill(DAYS[:6], {})
    assert plan_backfill(lake, DAYS[2], None, stale=True).days == DAYS[2:6]
    assert plan_backfill(lake, None, DAYS[2], stale=True).days == DAYS[:3]
    assert plan_backfill(lake, DAYS[1], DAYS[2], stale=True).days == DAYS[1:3]


@pytest.mark.parametrize("stale", [False, True])
def test_dates_the_wrong_way_round_are_refused(lake: Lake, stale: bool) -> None:
    with pytest.raises(InputError, match="2026-03-02 is after 2026-03-01: give the earlier date first"):
        plan_backfill(lake, DAYS[1], DAYS[0], stale=stale)


# -- on the command line -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [[], [DAYS[0]]], ids=["neither", "only the first"])
def test_a_backfill_wants_two_dates_or_stale(platform: Platform, words: list[date]) -> None:
    answer = platform.cli("backfill", *map(str, words))
    assert answer.code == 1
    assert "Give the first and the last date, FROM and TO; or --stale." in answer.err


def test_a_backfill_of_nothing_says_so_and_starts_no_run(platform: Platform) -> None:
    captured(platform.live.lake(), DAYS[5:])
    code, said = backfill(platform, DAYS[0], DAYS[1])
    assert (code, said) == (
        0,
        [f"Gap: {DAYS[0]} to {DAYS[1]} (2 dates): {NOT_CAPTURED}.", "Nothing to do: no date can be made again."],
    )
    assert backfill(platform, "--stale") == (0, ["Nothing to do: no captured date is stale."])
    assert stretches_run(platform) == []


def test_gaps_are_named_before_anything_starts(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    captured(platform.live.lake(), [DAYS[0], DAYS[2], DAYS[5]])

    def refuse(*_: object) -> None:
        raise InputError("the first run begins")

    monkeypatch.setattr("spotify_platform.automation.foreground.run_dates", refuse)
    code, said = backfill(platform, DAYS[0], DAYS[5])
    assert code == 1
    assert said == [
        f"Gap: {DAYS[1]}: {NOT_CAPTURED}.",
        f"Gap: {DAYS[3]} to {DAYS[4]} (2 dates): {NOT_CAPTURED}.",
        "Backfilling 3 of 6 dates in 3 runs.",
    ]


def test_a_backfill_makes_one_run_of_every_captured_stretch(platform: Platform) -> None:
    days = [DAYS[0], DAYS[1], DAYS[3], DAYS[5], DAYS[6]]
    captured(platform.live.lake(), days)
    code, said = backfill(platform, DAYS[0], DAYS[7])
    assert (code, said[-1]) == (0, "5 dates are published and in the marts.")
    assert stretches_run(platform) == [
        (str(first), str(last)) for first, last in ((DAYS[0], DAYS[1]), (DAYS[3], DAYS[3]), (DAYS[5], DAYS[6]))
    ]
    assert in_marts(platform) == days


def test_a_withheld_date_is_told_with_why_while_the_others_are_published(platform: Platform) -> None:
    lake = captured(platform.live.lake(), [*DAYS[:3], *DAYS[4:6]])
    poisoned(lake, DAYS[1])
    code, said = backfill(platform, DAYS[0], DAYS[5])
    assert code == 1
    assert "4 dates are published and in the marts." in said
    [withheld] = [line for line in said if line.startswith("Withheld: ")]
    assert withheld.startswith(f"Withheld: {DAYS[1]}: artists: popularity is between 0 and 100")
    assert f"Gap: {DAYS[3]}: {NOT_CAPTURED}." in said
    assert in_marts(platform) == [DAYS[0], DAYS[2], DAYS[4], DAYS[5]]


def test_what_is_published_by_the_same_code_is_left_as_it_is(platform: Platform) -> None:
    lake = captured(platform.live.lake())
    assert backfill(platform, DAYS[0], DAYS[5])[0] == 0
    before = batches(lake)
    code, said = backfill(platform, DAYS[0], DAYS[7])
    assert (code, said[-1]) == (0, "8 dates are published and in the marts.")
    assert {day: batch for day, batch in batches(lake).items() if day in before} == before
    assert {record.seq for record in heads(lake).values()} == {1}
    assert in_marts(platform) == DAYS


def test_a_purged_date_is_named_as_purged_and_not_made_again(platform: Platform) -> None:
    lake = captured(platform.live.lake())
    platform.ok("run")
    apply_purge(lake, None, Purge(curated=DAYS[:1], reason="too old"))
    code, said = backfill(platform, DAYS[0], DAYS[2])
    assert (code, said[:2]) == (0, [f"Gap: {DAYS[0]}: {PURGED}.", "Backfilling 2 of 3 dates in 1 run."])
    assert list(heads(lake)) == DAYS[1:]


def test_a_backfill_that_fails_says_why(platform: Platform) -> None:
    lake = captured(platform.live.lake(), DAYS[:2])
    record = publish_dates(lake, DAYS[:2]).published[DAYS[0]]
    lake.put(record.files[0].path, b"damaged before it was loaded")
    answer = platform.cli("backfill", str(DAYS[0]), str(DAYS[1]))
    assert answer.code == 1
    assert "is not what was published" in answer.out + answer.err
    assert "2 dates are published and in the marts." not in answer.out


@pytest.mark.soak
def test_a_year_with_three_missing_days_names_them_and_publishes_the_others(platform: Platform) -> None:
    year = [date(2025, 1, 1) + timedelta(number) for number in range(365)]
    missing = [date(2025, 2, 11), date(2025, 6, 30), date(2025, 11, 5)]
    captured(platform.live.lake(), [day for day in year if day not in missing])
    code, said = backfill(platform, year[0], year[-1])
    assert code == 0
    assert said == [
        *(f"Gap: {day}: {NOT_CAPTURED}." for day in missing),
        "Backfilling 362 of 365 dates in 4 runs.",
        "362 dates are published and in the marts.",
    ]
    assert len(stretches_run(platform)) == 4
    assert in_marts(platform) == [day for day in year if day not in missing]
    states = platform.query(
        "select state, count(*) as days from marts.coverage where market = 'US' group by all order by all"
    )
    assert states == [{"state": "complete", "days": 362}, {"state": "missing", "days": 3}]


# -- stale dates -------------------------------------------------------------------------------------------------------


def test_stale_makes_only_those_dates_again_that_other_code_curated(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = captured(platform.live.lake())
    stale = [DAYS[1], DAYS[2], DAYS[5]]
    published_by_older_code(lake, stale, monkeypatch)
    publish_dates(lake, [DAYS[0], DAYS[3], DAYS[4]])
    before = batches(lake)
    code, said = backfill(platform, "--stale")
    assert (code, said) == (0, ["Backfilling 3 of 3 dates in 2 runs.", "3 dates are published and in the marts."])
    assert {day for day, batch in batches(lake).items() if before.get(day) != batch} == set(stale)
    assert {record.fingerprint for record in heads(lake).values()} == {fingerprint()}
    assert DAYS[6] not in heads(lake)  # captured, never published: nothing of it is stale
    assert stretches_run(platform) == [(str(DAYS[1]), str(DAYS[2])), (str(DAYS[5]), str(DAYS[5]))]
    assert set(stale) <= set(in_marts(platform))
    assert backfill(platform, "--stale") == (0, ["Nothing to do: no captured date is stale."])


def test_stale_in_a_range_leaves_stale_dates_outside_of_it(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = captured(platform.live.lake())
    published_by_older_code(lake, DAYS, monkeypatch)
    assert backfill(platform, "--stale", DAYS[2], DAYS[3])[0] == 0
    assert stale_dates(lake) == [*DAYS[:2], *DAYS[4:]]


def test_a_plain_backfill_makes_stale_dates_of_its_range_again_too(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = captured(platform.live.lake())
    published_by_older_code(lake, DAYS[:4], monkeypatch)
    publish_dates(lake, DAYS[4:])
    before = batches(lake)
    assert backfill(platform, DAYS[2], DAYS[5])[0] == 0
    assert {day for day, batch in batches(lake).items() if before[day] != batch} == {DAYS[2], DAYS[3]}


# -- late captures -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["run", "backfill"])
def test_a_late_capture_makes_its_date_again_and_no_other(platform: Platform, tmp_path: Path, command: str) -> None:
    lake = captured(platform.live.lake())
    platform.ok("run")
    before, runs = batches(lake), len(stretches_run(platform))
    path = tmp_path / f"regional-de-daily-{DAYS[2]}.csv"
    path.write_text(HEADER + ROW)
    platform.ok("import", "charts", path)
    platform.ok(*([command] if command == "run" else [command, str(DAYS[0]), str(DAYS[-1])]))
    assert {day for day, batch in batches(lake).items() if before[day] != batch} == {DAYS[2]}
    assert len(stretches_run(platform)) == runs + 1
    rows = platform.query("select snapshot_date as day, market, track_id from marts.chart_movement order by all")
    assert {"day": str(DAYS[2]), "market": "DE", "track_id": "T1"} in rows
    assert len(rows) == len(DAYS) + 1
    states = platform.query("select snapshot_date as day, state, items from marts.coverage where market = 'DE'")
    assert states == [{"day": str(DAYS[2]), "state": "complete", "items": 1}]


def test_a_late_capture_of_another_kind_leaves_the_dates_rows_as_they_were(platform: Platform) -> None:
    lake = captured(platform.live.lake())
    platform.ok("run")
    before = batches(lake)
    capture(lake, DAYS[0], "late", played("mix", 0, "t9"))
    platform.ok("run")
    assert {day for day, batch in batches(lake).items() if before[day] != batch} == {DAYS[0]}
    assert platform.query("select snapshot_date as day, track_id from curated.playlist_items") == [
        {"day": str(DAYS[0]), "track_id": "t9"}
    ]
    assert in_marts(platform) == DAYS
