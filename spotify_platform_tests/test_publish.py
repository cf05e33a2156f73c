"""Write, audit, publish: no date is ever half visible, and nothing is done twice."""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from spotify_platform.contracts.curated import CURATED, CURATED_BY_NAME
from spotify_platform.lake import Lake, keys
from spotify_platform.lake.captures import captures_of
from spotify_platform.lake.ledger import NOT_CAPTURED
from spotify_platform.lake.publishing import head
from spotify_platform.publish import Outcome, pending_dates, publish_dates, unread_dates

from .lake.helpers import DAY, EVERYTHING, NEXT, Row, artist, capture, charted, played, seen, track, whole_batches

AFTER = NEXT + timedelta(1)
DAYS = (DAY, NEXT, AFTER)


class WatchedLake(Lake):
    """A lake that tells of every write, before and after it."""

    def __init__(self, url: str, tell: Callable[[int, str, bool], None]) -> None:
        super().__init__(url)
        self._tell = tell  # the number of the write, its key, and whether it is done
        self._writes = 0

    def put(self, key: str, content: bytes | Path) -> None:
        number = self._begin(key)
        super().put(key, content)
        self._tell(number, key, True)

    def create(self, key: str, content: bytes) -> bool:
        number = self._begin(key)
        created = super().create(key, content)
        self._tell(number, key, True)
        return created

    def _begin(self, key: str) -> int:
        number, self._writes = self._writes, self._writes + 1
        self._tell(number, key, False)
        return number


def content(lake: Lake) -> dict[str, bytes]:
    """Everything in a lake."""
    return {key: lake.get(key) for key in lake.keys("")}


def of(day: date, rows: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """The rows of one date."""
    return {table: [row for row in found if row[0] == day] for table, found in rows.items()}


def test_publishing_twice_changes_nothing(lake: Lake) -> None:
    for day in DAYS:
        capture(lake, day, "c1", *EVERYTHING)
    first = publish_dates(lake, DAYS)
    before = content(lake)
    again = publish_dates(lake, DAYS)
    assert (list(first.published), list(again.published)) == (list(DAYS), [])
    assert again.unchanged == first.published == again.readable
    assert content(lake) == before


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake with one published date of which every table has rows. Nobody changes it."""
    lake = Lake((tmp_path_factory.mktemp("full") / "lake").as_uri())
    capture(lake, DAY, "c1", *EVERYTHING)
    publish_dates(lake, [DAY])
    return lake


def test_every_table_of_a_full_date_is_published_with_its_rows(full: Lake) -> None:
    record = whole_batches(full)[DAY]
    assert record.rows == {table: len(rows) for table, rows in seen(full).items()}
    assert set(record.rows) == set(CURATED_BY_NAME)
    assert (record.seq, record.captures) == (1, ["c1"])


def test_a_late_capture_makes_a_second_record_that_holds_both(lake: Lake) -> None:
    capture(lake, DAY, "c1", artist("ann", name="early"), artist("bob"))
    first = publish_dates(lake, [DAY]).published[DAY]
    kept = {file.path: lake.get(file.path) for file in first.files}
    record_kept = lake.get(keys.published(DAY, 1))
    capture(lake, DAY, "c2", artist("ann", name="late"), hour=6)
    second = publish_dates(lake, [DAY]).published[DAY]
    assert (second.seq, second.captures) == (2, ["c1", "c2"])
    assert [(row[1], row[2]) for row in seen(lake)["artists"]] == [("ann", "late"), ("bob", "Bob")]
    assert {path: lake.get(path) for path in kept} == kept
    assert lake.get(keys.published(DAY, 1)) == record_kept


def test_the_order_in_which_captures_arrive_changes_no_row(tmp_path: Path) -> None:
    captures = {
        "c1": (
            5,
            [artist("ann", name="first"), charted("US", 1, "t1"), charted("US", 2, "t2"), played("mix", 0, "t1")],
        ),
        "c2": (7, [artist("ann", name="last"), charted("US", 1, "t3"), track("t3", popularity="loud")]),
        "c3": (7, [artist("ann", name="tie"), charted("DE", 1, "t4"), played("mix", 0, "t5")]),
    }
    states = []
    for number, order in enumerate(("c1 c2 c3", "c3 c1 c2")):
        lake = Lake((tmp_path / str(number)).as_uri())
        for capture_id in order.split():
            hour, items = captures[capture_id]
            capture(lake, DAY, capture_id, *items, hour=hour)
            if number == 1:  # here every state in between is published too
                publish_dates(lake, [DAY])
        publish_dates(lake, [DAY])
        states.append(seen(lake))
    assert states[1] == states[0]
    assert [row[3] for row in states[0]["chart_entries"]] == ["t4", "t3"]


def too_popular(lake: Lake) -> None:
    """The audit finds it."""
    capture(lake, NEXT, "poison", artist("ann", popularity=150))


def damaged(lake: Lake) -> None:
    """A raw file is not what its manifest says."""
    [file] = capture(lake, NEXT, "poison", artist("ann", name="later")).files
    whole = lake.get(file.path)
    lake.put(file.path, whole[:-1] + bytes([whole[-1] ^ 0xFF]))


def missing(lake: Lake) -> None:
    """A raw file is gone."""
    [file] = capture(lake, NEXT, "poison", artist("ann", name="later")).files
    lake.delete([file.path])


def rejected(lake: Lake) -> None:
    """More than half of an entity's lines make no row."""
    capture(lake, NEXT, "poison", track("t"), artist("", id=None), artist("", id=None), artist("", id=None))


def bad_manifest(lake: Lake) -> None:
    """A manifest cannot be read."""
    capture(lake, NEXT, "poison", artist("ann", name="later"))
    lake.put(keys.manifest(NEXT, "poison"), b"{")


def too_long(lake: Lake) -> None:
    """A line is longer than the engine reads."""
    capture(lake, NEXT, "poison", artist("ann", name="x" * 20_500_000))


POISONS = [
    pytest.param(too_popular, r"artists: popularity is between 0 and 100 \(1 rows\)", "file", id="too popular"),
    pytest.param(damaged, r"poison-000\.jsonl\.gz is what its manifest says", "file", id="damaged"),
    pytest.param(missing, r"poison-000\.jsonl\.gz is what its manifest says", "file", id="missing"),
    pytest.param(
        rejected,
        r"raw/artists: at most 50% of the newest capture's lines rejected or .* \(3 rows\)",
        "file",
        id="rejected",
    ),
    pytest.param(missing, r"poison-000\.jsonl\.gz", "memory", id="missing in a bucket"),
    pytest.param(bad_manifest, r"poison\.json", "file", id="bad manifest"),
    pytest.param(too_long, r"raw/artists: 3 lines as the manifests say, 2 read", "file", id="too long a line"),
]


def three_dates(lake: Lake) -> Lake:
    """A lake of which NEXT is published, and the dates around it captured."""
    capture(lake, NEXT, "c1", artist("ann"), artist("bob"))
    publish_dates(lake, [NEXT])
    capture(lake, DAY, "c1", artist("ann"))
    capture(lake, AFTER, "c1", artist("ann"))
    return lake


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of such a lake, to be copied."""
    folder = tmp_path_factory.mktemp("sound") / "lake"
    three_dates(Lake(folder.as_uri()))
    return folder


@pytest.mark.parametrize(("poison", "reason", "kind"), POISONS)
def test_a_poisoned_date_is_withheld_while_the_others_publish_and_its_old_batch_stays(
    sound: Path, tmp_path: Path, poison: Callable[[Lake], None], reason: str, kind: str
) -> None:
    if kind == "file":
        shutil.copytree(sound, tmp_path / "lake")
        lake = Lake((tmp_path / "lake").as_uri())
    else:
        lake = three_dates(Lake("memory://"))
    old, rows = lake.get(keys.published(NEXT, 1)), seen(lake)
    poison(lake)
    outcome = publish_dates(lake, DAYS)
    assert (list(outcome.published), list(outcome.withheld)) == ([DAY, AFTER], [NEXT])
    [said] = outcome.withheld[NEXT]
    assert re.search(reason, said)
    assert lake.keys(f"{keys.PUBLISHED}/{keys.day(NEXT)}") == [keys.published(NEXT, 1)]
    assert lake.get(keys.published(NEXT, 1)) == old
    assert of(NEXT, seen(lake)) == of(NEXT, rows)
    assert unread_dates(lake, DAYS) == {NEXT: [said]}
    whole_batches(lake)


def test_a_withheld_date_says_so_again_and_writes_nothing(lake: Lake) -> None:
    too_popular(lake)
    first = publish_dates(lake, [NEXT])
    before = content(lake)
    assert (
        publish_dates(lake, [NEXT])
        == first
        == Outcome(withheld=first.withheld, findings=first.findings, usage=first.usage)
    )
    assert content(lake) == before
    assert pending_dates(lake) == [NEXT]


def test_a_later_capture_heals_a_withheld_date(lake: Lake) -> None:
    too_popular(lake)
    publish_dates(lake, [NEXT])
    capture(lake, NEXT, "remedy", artist("ann", popularity=15), hour=9)
    assert publish_dates(lake, [NEXT]).published[NEXT].captures == ["poison", "remedy"]


def test_a_raw_file_that_was_put_right_heals_its_date(lake: Lake) -> None:
    [file] = capture(lake, DAY, "c1", artist("ann")).files
    right = lake.get(file.path)
    lake.put(file.path, b"wrong")
    assert list(publish_dates(lake, [DAY]).withheld) == [DAY]
    lake.put(file.path, right)
    assert list(publish_dates(lake, [DAY]).published) == [DAY]


def test_a_gap_is_told_as_not_captured_and_stays_a_gap(lake: Lake) -> None:
    capture(lake, DAY, "c1", artist("ann"))
    capture(lake, AFTER, "c1", artist("ann"))
    outcome = publish_dates(lake, DAYS)
    assert outcome.not_captured == [NEXT]
    assert outcome.reasons == {NEXT: [NOT_CAPTURED]} == unread_dates(lake, DAYS)
    assert {row[0] for row in seen(lake)["artists"]} == {DAY, AFTER}
    assert lake.keys(f"{keys.PUBLISHED}/{keys.day(NEXT)}") == []


def test_raw_files_that_no_manifest_names_do_not_exist(lake: Lake) -> None:
    capture(lake, DAY, "c1", artist("ann"))
    lake.put(keys.chunk("artists", DAY, "crashed", 0), b"half a file")
    assert list(publish_dates(lake, [DAY]).published) == [DAY]
    assert [row[1] for row in seen(lake)["artists"]] == ["ann"]


def test_a_date_without_any_row_is_published_without_files(lake: Lake) -> None:
    capture(lake, DAY, "c1")
    record = publish_dates(lake, [DAY]).published[DAY]
    assert (record.rows, record.files) == ({}, [])
    assert unread_dates(lake, [DAY]) == {}


def test_a_date_of_which_half_the_lines_are_rejected_is_published_with_its_rejects(lake: Lake) -> None:
    capture(lake, DAY, "c1", artist("ann"), artist("", id=None))
    assert publish_dates(lake, [DAY]).published[DAY].rows == {"artists": 1, "artist_genres": 1, "rejects": 1}


def test_progress_tells_every_date_once(lake: Lake) -> None:
    capture(lake, DAY, "c1", artist("ann"))
    too_popular(lake)
    told: list[tuple[date, str]] = []
    publish_dates(lake, [AFTER, NEXT, DAY, DAY], lambda day, state: told.append((day, state)))
    assert sorted(told) == [(DAY, "published"), (NEXT, "withheld"), (AFTER, "not captured")]


def test_no_key_is_ever_put_twice(tmp_path: Path) -> None:
    written: list[str] = []
    lake = noting((tmp_path / "lake").as_uri(), written)
    too_popular(lake)
    for capture_id, hour in (("c1", 5), ("c2", 6)):
        for day in (DAY, AFTER):
            capture(lake, day, capture_id, *EVERYTHING, hour=hour)
        publish_dates(lake, DAYS)
        publish_dates(lake, DAYS)
    assert len([key for key in written if key.endswith(".parquet")]) == 2 * 2 * len(CURATED)
    assert [key for key, times in Counter(written).items() if times > 1] == []


def test_published_parquet_has_the_contracts_columns_and_types(full: Lake) -> None:
    assert full.folder
    for file in whole_batches(full)[DAY].files:
        kinds = CURATED_BY_NAME[file.table].duckdb_columns
        path = str(full.folder / file.path)
        with duckdb.connect() as connection:
            described = connection.execute("describe from read_parquet(?, hive_partitioning = false)", [path])
            assert {row[0]: row[1] for row in described.fetchall()} == kinds
            leaves = connection.execute("select name, type, logical_type from parquet_schema(?)", [path]).fetchall()
        stamps = {name: (physical, logical) for name, physical, logical in leaves if "Timestamp" in (logical or "")}
        assert set(stamps) == {name for name, kind in kinds.items() if kind == "TIMESTAMP"}
        for physical, logical in stamps.values():
            assert physical == "INT64"
            assert "MICROS" in logical
            assert "isAdjustedToUTC=0" in logical


# What one small date writes: two tables, then the record.
WRITES = 3


def at_write(url: str, which: int, act: Callable[[], object]) -> Lake:
    """A lake that lets something happen just before its `which`-th write."""

    def tell(number: int, _: str, done: bool) -> None:
        if (number, done) == (which, False):
            act()

    return WatchedLake(url, tell)


def noting(url: str, written: list[str]) -> Lake:
    """A lake that notes the key of every write."""

    def tell(_: int, key: str, done: bool) -> None:
        if done:
            written.append(key)

    return WatchedLake(url, tell)


def test_a_small_date_writes_as_often_as_the_next_tests_believe(tmp_path: Path) -> None:
    written: list[str] = []
    url = (tmp_path / "lake").as_uri()
    capture(Lake(url), DAY, "c1", artist("ann"))
    publish_dates(noting(url, written), [DAY])
    assert [key.split("/")[1] for key in written] == ["artists", "artist_genres", "_published"]
    assert len(written) == WRITES


@pytest.mark.parametrize("which", [0, WRITES - 1])
def test_a_capture_that_is_committed_while_a_date_is_published_is_not_lost(lake: Lake, which: int) -> None:
    capture(lake, DAY, "c1", artist("ann"))
    disturbed = at_write(lake.url, which, lambda: capture(lake, DAY, "c2", artist("bob")))
    publish_dates(disturbed, [DAY])
    if which == WRITES - 1:  # committed after the last look: its own wake-up finds it
        assert pending_dates(lake) == [DAY]
        assert unread_dates(lake, [DAY]) == {}  # what was captured before is read
        publish_dates(lake, [DAY])
    record = whole_batches(lake)[DAY]
    assert record.captures == ["c1", "c2"] == captures_of(lake, DAY)
    assert [row[1] for row in seen(lake)["artists"]] == ["ann", "bob"]


def test_a_date_of_which_captures_keep_coming_does_not_hold_up_the_others(lake: Lake) -> None:
    capture(lake, DAY, "c", artist("ann"))
    capture(lake, NEXT, "c", artist("bob"))

    def tell(number: int, key: str, done: bool) -> None:
        if not done and keys.day(DAY) in key and key.startswith("curated/artists/"):
            capture(lake, DAY, f"c{number:03d}", artist(f"a{number}"))

    outcome = publish_dates(WatchedLake(lake.url, tell), [DAY, NEXT])
    assert (list(outcome.published), outcome.overtaken) == ([NEXT], [DAY])
    assert pending_dates(lake) == [DAY, NEXT]  # neither is built; the first is not published
    assert list(publish_dates(lake, [DAY]).published) == [DAY]


@pytest.mark.parametrize("which", [0, WRITES - 1])
def test_a_rival_that_publishes_more_meanwhile_is_not_undone(lake: Lake, which: int) -> None:
    capture(lake, DAY, "c1", artist("ann"))

    def rival() -> None:
        capture(lake, DAY, "c2", artist("bob"))
        assert publish_dates(lake, [DAY]).published[DAY].seq == 1

    outcome = publish_dates(at_write(lake.url, which, rival), [DAY])
    assert outcome.published == {}
    assert outcome.unchanged == whole_batches(lake)
    assert outcome.unchanged[DAY].captures == ["c1", "c2"]


@pytest.mark.parametrize(
    ("which", "republish"),
    [pytest.param(0, False, id="files"), pytest.param(2, False, id="record"), pytest.param(2, True, id="late record")],
)
def test_two_publishers_of_one_date_end_with_one_head_that_holds_everything(
    lake: Lake, which: int, republish: bool
) -> None:
    """Both stand before the same write, a capture is committed, and both go on at once, watched by a reader."""
    capture(lake, DAY, "c1", artist("ann"))
    if republish:
        publish_dates(lake, [DAY])
        capture(lake, DAY, "c1b", artist("ann", name="again"), hour=6)

    def late() -> None:
        capture(lake, DAY, "c2", artist("bob"), hour=7)

    barrier = threading.Barrier(2, action=late)
    outcomes: list[Outcome] = []
    publishers = [
        threading.Thread(
            target=lambda: outcomes.append(publish_dates(at_write(lake.url, which, lambda: barrier.wait(60)), [DAY]))
        )
        for _ in range(2)
    ]
    for publisher in publishers:
        publisher.start()
    looks = 0
    while any(publisher.is_alive() for publisher in publishers):
        assert republish <= len(whole_batches(lake)) <= 1
        looks += 1
        publishers[0].join(0.02)
    assert looks
    assert len(outcomes) == 2
    record = whole_batches(lake)[DAY]
    assert record.captures == captures_of(lake, DAY)
    assert [row[1] for row in seen(lake)["artists"]] == ["ann", "bob"]
    made = [outcome.published[DAY] for outcome in outcomes if outcome.published]
    assert len({one.seq for one in made}) == len(made)
    records = lake.keys(f"{keys.PUBLISHED}/{keys.day(DAY)}")
    assert records == [keys.published(DAY, seq) for seq in range(1, record.seq + 1)]
    assert head(lake, DAY) == record


def publish_and_die(url: str, which: int, done: bool) -> None:
    """Publish DAY and NEXT, and be killed right before (or after) the `which`-th write. For a process of its own."""

    def die(number: int, _: str, written: bool) -> None:
        if (number, written) == (which, done):
            os.kill(os.getpid(), signal.SIGKILL)

    publish_dates(WatchedLake(url, die), [DAY, NEXT])


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a lake before a run (DAY has a batch and a late capture, NEXT has none), and one after it."""
    folder = tmp_path_factory.mktemp("story")
    lake = Lake((folder / "before").as_uri())
    capture(lake, DAY, "c1", artist("ann"))
    publish_dates(lake, [DAY])
    capture(lake, DAY, "c2", artist("bob"))
    capture(lake, NEXT, "c1", artist("cy"))
    shutil.copytree(folder / "before", folder / "after")
    publish_dates(Lake((folder / "after").as_uri()), [DAY, NEXT])
    return folder


KILLS = [
    pytest.param(0, False, id="before the first file"),
    pytest.param(1, True, id="after the last file of a date"),
    pytest.param(2, False, id="before the record"),
    pytest.param(2, True, id="after the record"),
    pytest.param(4, False, id="amid the files of the next date"),
]


@pytest.mark.parametrize(("which", "done"), KILLS)
def test_a_publisher_killed_at_any_write_leaves_whole_batches_and_a_rerun_ends_the_same(
    story: Path, tmp_path: Path, which: int, done: bool
) -> None:
    shutil.copytree(story / "before", tmp_path / "lake")
    lake = Lake((tmp_path / "lake").as_uri())
    before, after = seen(lake), seen(Lake((story / "after").as_uri()))
    call = f"publish_and_die({lake.url!r}, {which}, {done})"
    ended = subprocess.run(
        [sys.executable, "-c", f"from {__name__} import publish_and_die; {call}"],
        cwd=Path(__file__).resolve().parents[1],
        timeout=120,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL

    between = seen(lake)
    whole_batches(lake)
    for number, day in enumerate((DAY, NEXT)):
        record = WRITES * (number + 1) - 1
        is_out = (which, done) >= (record, True)
        assert of(day, between) == of(day, after if is_out else before)

    outcome = publish_dates(lake, [DAY, NEXT])
    assert list(outcome.readable) == [DAY, NEXT]
    assert seen(lake) == after
    whole_batches(lake)
    assert unread_dates(lake, [DAY, NEXT]) == {}
