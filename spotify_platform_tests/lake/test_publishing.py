"""Publish records: the highest number wins, and nobody takes a number twice."""

import threading
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from spotify_platform.lake import Lake, keys
from spotify_platform.lake.publishing import (
    PublishedFile,
    PublishRecord,
    Withheld,
    head,
    heads,
    inputs_of,
    publish,
    withheld,
    withhold,
)

from .helpers import DAY, NEXT

NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)


@pytest.fixture(params=["file", "memory"])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Lake:
    """An empty lake, in a folder and in memory."""
    return Lake((tmp_path / "lake").as_uri() if request.param == "file" else "memory://")


def record(day: date, seq: int, batch_id: str) -> PublishRecord:
    """A record of a batch of two files of one table."""
    files = [PublishedFile(table="artists", path=f"{batch_id}/{n}", rows=n, bytes=1, sha256="0") for n in (2, 3)]
    return PublishRecord(
        snapshot_date=day,
        seq=seq,
        batch_id=batch_id,
        captures=["c1"],
        fingerprint="f",
        published_at=NOW,
        files=files,
        audit={"checks": 1, "failed": 0},
    )


def test_a_date_without_a_record_has_no_head(lake: Lake) -> None:
    assert head(lake, DAY) is None
    assert heads(lake) == {}


def test_the_highest_number_wins_in_whatever_order_records_came(lake: Lake) -> None:
    for seq in (2, 10, 1, 9):
        assert publish(lake, record(DAY, seq, f"b{seq}"))
    newest = head(lake, DAY)
    assert newest == record(DAY, 10, "b10")
    assert heads(lake) == {DAY: newest}


def test_every_date_has_a_head_of_its_own(lake: Lake) -> None:
    publish(lake, record(DAY, 2, "old"))
    publish(lake, record(NEXT, 1, "new"))
    assert {day: found.batch_id for day, found in heads(lake).items()} == {DAY: "old", NEXT: "new"}
    assert set(heads(lake, [NEXT, date(2020, 1, 1)])) == {NEXT}


def test_a_number_is_taken_once(lake: Lake) -> None:
    assert publish(lake, record(DAY, 1, "mine"))
    assert not publish(lake, record(DAY, 1, "yours"))
    assert head(lake, DAY) == record(DAY, 1, "mine")


def test_two_publishers_cannot_both_win(lake: Lake) -> None:
    barrier = threading.Barrier(2)
    won: dict[int, list[str]] = {}

    def run(name: str) -> None:
        for seq in range(1, 31):
            barrier.wait(60)
            if publish(lake, record(DAY, seq, name)):
                won.setdefault(seq, []).append(name)

    threads = [threading.Thread(target=run, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(won) == list(range(1, 31))
    assert all(len(winners) == 1 for winners in won.values())
    newest = head(lake, DAY)
    assert newest
    assert (newest.seq, [newest.batch_id]) == (30, won[30])


def test_rows_are_counted_per_table_over_its_files() -> None:
    assert record(DAY, 1, "b").rows == {"artists": 5}


def test_reasons_are_kept_for_exactly_these_captures_and_this_code(lake: Lake) -> None:
    verdict = Withheld(
        snapshot_date=DAY, captures=["c1", "c2"], fingerprint="code", decided_at=NOW, reasons=["too loud"]
    )
    withhold(lake, verdict)
    assert withheld(lake, DAY, ["c2", "c1"], "code") == verdict
    assert withheld(lake, DAY, ["c1"], "code") is None
    assert withheld(lake, DAY, ["c1", "c2"], "other code") is None
    assert withheld(lake, NEXT, ["c1", "c2"], "code") is None
    assert head(lake, DAY) is None


def test_inputs_have_the_same_name_in_any_order_and_another_for_anything_else() -> None:
    assert inputs_of(["a", "b"], "f") == inputs_of(["b", "a"], "f")
    assert (
        len({inputs_of(["a", "b"], "f"), inputs_of(["ab"], "f"), inputs_of(["a", "b"], "g"), inputs_of([], "f")}) == 4
    )


def test_names_keep_dates_and_numbers_apart() -> None:
    assert keys.date_in(keys.published(DAY, 7)) == DAY
    assert keys.name(keys.published(DAY, 7)) == "000007"
    assert keys.name(keys.manifest(DAY, "c.1~x")) == "c.1~x"
    with pytest.raises(ValueError, match="snapshot_date"):
        keys.date_in("raw/_log/x")
