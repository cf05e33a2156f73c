"""kill -9 at any point of curate, audit, publish: readers have always seen whole dates, and a re-run ends the same.

The publishing process counts the lines of our code that it runs in one stage of the work, and kills itself at a line
that was drawn by a seed. So a point is the same in every run, and no test waits for a clock.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from spotify_platform.contracts.curated import CURATED
from spotify_platform.curator import Curator, InProcess
from spotify_platform.lake import Lake
from spotify_platform.publish import publish_dates, unread_dates

from .lake.helpers import EVERYTHING, Item, Row, artist, capture, charted, played, seen, track, whole_batches
from .test_publish import WatchedLake, of

FIRST = date(2026, 11, 1)
DAYS = [FIRST + timedelta(number) for number in range(5)]
OLD = DAYS[:3]  # published before; to the first two of them a capture came late
LATE = DAYS[:2]
NEW = DAYS[3:]

# What a stage is: modules, and functions of them (none: every function).
STAGES: dict[str, dict[str, tuple[str, ...]]] = {
    "curation": dict.fromkeys(("curate/duckdb", "curate/tables", "curate/flat", "curate/batch", "curator"), ()),
    "audit": dict.fromkeys(("quality/audit", "quality/lines", "quality/volume", "quality/fields"), ()),
    "files": {"lake/store": ("put", "put_all")},
    "record": {"lake/publishing": ("publish",), "lake/store": ("create",), "publish": ("_publish", "_put_batch")},
    "spark": {"curate/spark": ()},
}
ROOT = Path(__file__).resolve().parents[1]


# -- in the process that is killed -------------------------------------------------------------------------------------


def stage_of(frame: FrameType) -> set[str]:
    """The stages to which a function belongs."""
    path = frame.f_code.co_filename
    if "/spotify_platform/" not in path:
        return set()
    module = path.rpartition("/spotify_platform/")[2].removesuffix(".py")
    found = set()
    for stage, modules in STAGES.items():
        functions = modules.get(module)
        if functions is not None and (not functions or frame.f_code.co_name in functions):
            found.add(stage)
    return found


@contextmanager
def counted(tell: Callable[[str], None]) -> Iterator[None]:
    """Tells the stage of every line of our code before it is run."""

    def calls(frame: FrameType, event: str, argument: Any) -> Any:
        stages = stage_of(frame)

        def lines(frame: FrameType, event: str, argument: Any) -> Any:
            if event == "line":
                for stage in stages:
                    tell(stage)
            return lines

        return lines if stages else None

    sys.settrace(calls)
    try:
        yield
    finally:
        sys.settrace(None)


def publish_and_die(url: str, stage: str, line: int) -> None:
    """Publish all dates, and be killed before the so-manieth line of a stage. For a process of its own."""
    lines: Counter[str] = Counter()

    def tell(where: str) -> None:
        lines[where] += 1
        if where == stage and lines[where] == line:
            os.kill(os.getpid(), signal.SIGKILL)

    with local_engine(stage) as curator, counted(tell):
        publish_dates(Lake(url), DAYS, curator=curator)


@contextmanager
def local_engine(stage: str) -> Iterator[Curator | None]:
    """Spark for its own stage, else what publishing takes by itself."""
    if stage != "spark":
        yield None
        return
    from spotify_platform.curate.spark import SparkEngine

    from .curate.both import local_spark

    with local_spark(Path(os.environ["TMPDIR"])) as session:
        yield InProcess(
            lambda scratch: nullcontext(SparkEngine(session, str(scratch / "spark"))), (), chunk_bytes=640_000_000
        )


# -- the story ---------------------------------------------------------------------------------------------------------


def later() -> list[Item]:
    """Everything told anew, so that a date's new batch has no row in common with the old one."""
    return [
        *EVERYTHING,
        artist("ann", name="Ann later"),
        track("t1", name="later", popularity=2),
        charted("US", 1, "t2"),
        played("mix", 0, "t1"),
    ]


@dataclass(frozen=True)
class Story:
    """A lake before a run, the rows before and after it, and how many lines each stage has."""

    folder: Path
    before: dict[str, list[Row]]
    after: dict[str, list[Row]]
    lines: Counter[str]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    folder = tmp_path_factory.mktemp("story")
    lake = Lake((folder / "before").as_uri())
    for day in OLD:
        capture(lake, day, "c1", *EVERYTHING)
    publish_dates(lake, OLD)
    for day in LATE:
        capture(lake, day, "c2", *later(), hour=9)
    for day in NEW:
        capture(lake, day, "c1", *EVERYTHING)
    before = seen(lake)
    shutil.copytree(folder / "before", folder / "after")
    lines: Counter[str] = Counter()
    with counted(lambda stage: lines.update([stage])):
        publish_dates(Lake((folder / "after").as_uri()), DAYS)
    return Story(folder / "before", before, seen(Lake((folder / "after").as_uri())), lines)


def test_the_old_and_the_new_state_of_a_date_have_no_row_in_common(story: Story) -> None:
    """So a reader who saw rows of both would be found out, whatever the table."""
    for day in [*LATE, *NEW]:
        old, new = of(day, story.before), of(day, story.after)
        for table in CURATED:
            assert new[table.name]
            # A reject of the first capture stays one; one more says that the second was read.
            assert table.name == "rejects" or not {repr(row) for row in old[table.name]} & set(
                map(repr, new[table.name])
            )
            assert old[table.name] != new[table.name]
    assert of(OLD[2], story.before) == of(OLD[2], story.after) != of(NEW[0], story.before)
    assert min(story.lines[stage] for stage in STAGES if stage != "spark") > 50


def whole(story: Story, rows: dict[str, list[Row]]) -> Counter[str]:
    """How many dates are in their old state and how many in their new one; fails where one is in neither."""
    found: Counter[str] = Counter()
    for day in [*LATE, *NEW]:
        now, old, new = of(day, rows), of(day, story.before), of(day, story.after)
        assert now in (old, new)
        found["old" if now == old else "new"] += 1
    assert of(OLD[2], rows) == of(OLD[2], story.before)
    return found


# -- the kills ---------------------------------------------------------------------------------------------------------


def killed(story: Story, folder: Path, stage: str, line: int) -> tuple[Lake, Counter[str]]:
    """Publish in a process that is killed at a point, while a reader reads; what the last look has seen."""
    shutil.copytree(story.folder, folder / "lake")
    lake = Lake((folder / "lake").as_uri())
    (folder / "scratch").mkdir()
    call = f"publish_and_die({lake.url!r}, {stage!r}, {line})"
    process = subprocess.Popen(
        [sys.executable, "-c", f"from {__name__} import publish_and_die; {call}"],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(folder / "scratch")},
        start_new_session=True,  # a Java process that is left behind is ended with it
        stderr=subprocess.PIPE,
    )
    looks = 0
    try:
        while process.poll() is None:
            whole(story, seen(lake))
            looks += 1
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        _, said = process.communicate()
    assert process.returncode == -signal.SIGKILL, said.decode()
    assert looks
    left = whole(story, seen(lake))
    whole_batches(lake)
    return lake, left


def ends_the_same(story: Story, lake: Lake) -> None:
    outcome = publish_dates(lake, DAYS)
    assert list(outcome.readable) == DAYS
    assert seen(lake) == story.after
    assert unread_dates(lake, DAYS) == {}
    whole_batches(lake)


def point(story: Story, stage: str, seed: str) -> int:
    """A line of a stage, drawn by a seed; the last ones are left out, should a run have a few lines less."""
    return random.Random(f"{stage} {seed}").randint(1, story.lines[stage] * 95 // 100)


@pytest.mark.parametrize("stage", ["curation", "audit", "files", "record"])
def test_killed_in_any_stage_a_date_is_old_or_new_and_a_rerun_ends_the_same(
    story: Story, tmp_path: Path, stage: str
) -> None:
    lake, left = killed(story, tmp_path, stage, point(story, stage, "20261101"))
    if stage == "curation":
        assert left["new"] == 0
    ends_the_same(story, lake)


def test_killed_between_two_dates_some_are_old_and_some_are_new(story: Story, tmp_path: Path) -> None:
    """The middle line of the stage that publishes four dates, one by one."""
    lake, left = killed(story, tmp_path, "record", story.lines["record"] // 2)
    assert left["old"] and left["new"]
    ends_the_same(story, lake)


def spark_point(seed: str) -> int:
    """A line of the Spark engine, which runs some 1,700 of its own for a batch, whatever that holds."""
    pytest.importorskip("pyspark", reason='Spark is not installed: pip install "spotify-platform[spark]"')
    return random.Random(f"spark {seed}").randint(1, 1_200)


def test_killed_inside_spark_nothing_is_seen_and_a_rerun_on_the_other_engine_ends_the_same(
    story: Story, tmp_path: Path
) -> None:
    lake, left = killed(story, tmp_path, "spark", spark_point("20261101"))
    assert left["new"] == 0
    ends_the_same(story, lake)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(50))
def test_killed_anywhere_a_date_is_old_or_new_and_a_rerun_ends_the_same(
    story: Story, tmp_path: Path, seed: int
) -> None:
    stage = random.Random(seed).choice(["curation", "audit", "files", "record"])
    if seed % 10 == 9:
        lake, _ = killed(story, tmp_path, "spark", spark_point(str(seed)))
    else:
        lake, _ = killed(story, tmp_path, stage, point(story, stage, str(seed)))
    ends_the_same(story, lake)


def test_a_reader_that_looks_before_and_after_every_write_sees_whole_dates(story: Story, tmp_path: Path) -> None:
    """Not by chance, as beside a process that runs on: at each of the moments at which anything changes."""
    shutil.copytree(story.folder, tmp_path / "lake")
    states: list[Counter[str]] = []

    def look(number: int, key: str, done: bool) -> None:
        states.append(whole(story, seen(Lake((tmp_path / "lake").as_uri()))))

    publish_dates(WatchedLake((tmp_path / "lake").as_uri(), look), DAYS)
    assert len(states) == 2 * 4 * (len(CURATED) + 1)
    published = [state["new"] for state in states]
    assert published == sorted(published)  # what was seen is never taken back
    assert set(published) == {0, 1, 2, 3, 4}
