"""The end of the day: what was not finished is partial, what failed is a gap, and the ledger says why."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest

from spotify_platform.contracts.errors import SourceError
from spotify_platform.lake import Lake, checkpoints
from spotify_platform.lake.absent import ClosedDay, closed_days
from spotify_platform.lake.captures import CaptureWriter, captures_of, read_manifest
from spotify_platform.lake.checkpoints import Checkpoint
from spotify_platform.lake.ledger import ledger
from spotify_platform.resources.spotify import NotServedError

from .helpers import Answer, Jobs, capture, spotify_says

TODAY = datetime.now(UTC).date()
YESTERDAY = TODAY - timedelta(days=1)
BUSY = SourceError("Spotify answered with status 503.")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def captured(lake: Lake, tmp_path, instance: dg.DagsterInstance) -> Callable[[date, Answer | Exception], None]:
    """The daily job of a day, with a Spotify that answers as told."""

    def captured(day: date, answer: Answer | Exception) -> None:
        with spotify_says(answer):
            Jobs(lake, tmp_path).run("daily", instance, partition_key=day.isoformat())

    return captured


@pytest.fixture
def close(lake: Lake, tmp_path, instance: dg.DagsterInstance) -> Callable[[], dict[date, ClosedDay]]:
    """Run `close_day`; returns the gaps that the ledger then knows."""

    def close() -> dict[date, ClosedDay]:
        assert Jobs(lake, tmp_path).run("close_day", instance).success
        return closed_days(lake)

    return close


def unfinished(lake: Lake, day: date, *, items: int) -> None:
    """A capture that stopped on its way: a checkpoint, and the chunk that it names."""
    came = datetime.combine(day, datetime.min.time(), UTC)
    writer = CaptureWriter(lake, "stopped", day, came)
    for number in range(items):
        artist = {"id": str(number), "name": "Ä", "popularity": 1, "genres": []}
        writer.add("artists", artist, endpoint="artists", captured_at=came)
    writer.flush()
    checkpoint = Checkpoint(
        capture_id="stopped", snapshot_date=day, started_at=came, saved_at=came, source="spotify",
        mode="extended", watchlist="w", files=writer.files, remaining={"album": 3},
    )  # fmt: skip
    checkpoints.save(lake, checkpoint)


def good(lake: Lake, day: date, made_by: dict[str, str]):
    return capture(lake, day, made_by=made_by)


def test_a_day_whose_capture_failed_and_left_nothing_is_a_gap_that_says_why(captured, close) -> None:
    captured(YESTERDAY, BUSY)
    captured(YESTERDAY, BUSY)
    gaps = close()
    assert list(gaps) == [YESTERDAY]
    assert "failed 2 times" in gaps[YESTERDAY].reason
    assert str(BUSY) in gaps[YESTERDAY].reason


def test_the_coverage_ledger_tells_the_reason_of_a_gap(lake: Lake, captured, close) -> None:
    capture(lake, TODAY - timedelta(days=2))
    captured(YESTERDAY, BUSY)
    close()
    (entry,) = [one for one in ledger(lake) if one.snapshot_date == YESTERDAY and one.entity == "artists"]
    assert entry.state == "missing"
    assert str(BUSY) in (entry.reason or "")


def test_an_error_that_nobody_expected_is_a_reason_in_its_own_words(captured, close) -> None:
    captured(YESTERDAY, ZeroDivisionError("a division by zero, of all things"))
    assert "a division by zero, of all things" in close()[YESTERDAY].reason


def test_an_unfinished_capture_is_committed_as_partial_and_is_no_gap(lake: Lake, captured, close) -> None:
    unfinished(lake, YESTERDAY, items=2)
    captured(YESTERDAY, BUSY)
    assert close() == {}
    manifest = read_manifest(lake, YESTERDAY, "stopped")
    assert manifest.partial and manifest.items == {"artists": 2}
    assert [(gap.kind, gap.count) for gap in manifest.gaps] == [("album", 3)]
    assert checkpoints.checkpoints(lake) == []


def test_an_unfinished_capture_that_holds_nothing_is_a_gap(lake: Lake, captured, close) -> None:
    unfinished(lake, YESTERDAY, items=0)
    captured(YESTERDAY, BUSY)
    assert list(close()) == [YESTERDAY]
    assert captures_of(lake, YESTERDAY) == []


def test_an_unfinished_capture_of_long_ago_is_committed_too(lake: Lake, close) -> None:
    unfinished(lake, TODAY - timedelta(days=9), items=1)
    close()
    assert captures_of(lake, TODAY - timedelta(days=9)) == ["stopped"]


def test_a_day_that_was_captured_in_the_end_is_no_gap(captured, close) -> None:
    captured(YESTERDAY, BUSY)
    captured(YESTERDAY, good)
    assert close() == {}


def test_a_day_that_somebody_else_captured_is_no_gap(lake: Lake, captured, close) -> None:
    captured(YESTERDAY, BUSY)
    capture(lake, YESTERDAY, "from-a-lambda")
    assert close() == {}


def test_a_day_that_was_never_begun_is_no_gap(close) -> None:
    assert close() == {}


def test_today_is_not_closed(lake: Lake, captured, close) -> None:
    captured(TODAY, BUSY)
    unfinished(lake, TODAY, items=1)
    assert close() == {}
    assert captures_of(lake, TODAY) == []


def test_a_try_that_began_after_midnight_does_not_hide_why_the_day_failed(captured, close) -> None:
    """Asked for at 23:59 and started at 00:00, a run finds that Spotify serves only the present."""
    captured(YESTERDAY, BUSY)
    captured(YESTERDAY, NotServedError(f"{YESTERDAY} cannot be captured on {TODAY}: Spotify serves only the present."))
    assert str(BUSY) in close()[YESTERDAY].reason


def test_closing_again_changes_nothing(lake: Lake, captured, close) -> None:
    unfinished(lake, TODAY - timedelta(days=2), items=1)
    captured(YESTERDAY, BUSY)
    gaps = close()
    before = {key: lake.get(key) for key in lake.keys("raw")}
    captured(YESTERDAY, SourceError("another reason"))
    assert close() == gaps
    assert {key: lake.get(key) for key in lake.keys("raw")} == before
