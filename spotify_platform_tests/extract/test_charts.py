"""Importing chart files."""

import csv
import gzip
import io
import os
import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spotify_platform.contracts.errors import InputError
from spotify_platform.extract.charts import import_charts
from spotify_platform.lake.store import Lake

from .helpers import DATA, all_keys, lines, needs_data

TODAY = date(2026, 11, 23)
CHARTS = "rank,uri,artist_names,track_name,source,peak_rank,previous_rank,days_on_chart,streams"
ARCHIVE = (
    "snapshot_date,market,playlist_id,rank,track_id,track_name,artist_ids,artist_names,album_id,album_name,duration_s"
)
US = "regional-us-daily-2026-10-01.csv"
ROW = 'spotify:track:a,"Ann, Bob",Song,Label,1,-1,3,900'
ONE = f"{CHARTS}\n1,{ROW}\n"
ARCHIVED = "P,{rank},t,Song,a;b,Ann;Bob,al,Album,200"


def archived(day: str, market: str, rank: object = 1) -> str:
    """A line of an archive."""
    return f"{day},{market},{ARCHIVED.format(rank=rank)}\n"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """An empty lake in a folder."""
    return Lake(f"file://{tmp_path}/lake")


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """A function that saves a file as somebody would have downloaded it."""

    def save(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return save


def test_a_daily_chart_arrives_word_for_word(lake, write):
    path = write(US, ONE)
    os.utime(path, (downloaded := datetime(2026, 10, 2, 9, tzinfo=UTC).timestamp(), downloaded))
    [manifest] = import_charts(lake, [path], today=TODAY, made_by={"user": "ann"})
    assert manifest.snapshot_date == date(2026, 10, 1)
    assert (manifest.source, manifest.mode) == ("import", None)
    assert manifest.made_by.items() >= {"command": "import charts", "user": "ann"}.items()
    assert manifest.captured_at == datetime(2026, 10, 2, 9, tzinfo=UTC)
    assert lines(lake, manifest) == [
        {
            "captured_at": "2026-10-02T09:00:00.000000Z",
            "endpoint": "charts.spotify.com/regional-daily",
            "params": {"file": US},
            "market": "US",
            "position": None,
            "item": {
                "rank": "1",
                "uri": "spotify:track:a",
                "artist_names": "Ann, Bob",
                "track_name": "Song",
                "source": "Label",
                "peak_rank": "1",
                "previous_rank": "-1",
                "days_on_chart": "3",
                "streams": "900",
            },
        }
    ]


def test_an_archive_gives_one_capture_a_date(lake, write):
    content = "".join([archived("2021-03-07", "USA"), archived("2021-03-06", "Global"), archived("2021-03-06", "UK")])
    first, second = import_charts(lake, [write("old.csv", f"{ARCHIVE}\n{content}")], today=TODAY)
    assert [first.snapshot_date, second.snapshot_date] == [date(2021, 3, 6), date(2021, 3, 7)]
    assert [line["market"] for line in lines(lake, first)] == ["GLOBAL", "GB"]
    [line] = lines(lake, second)
    assert line["endpoint"] == "chart-archive"
    assert line["item"].keys() == set(ARCHIVE.split(",")) - {"snapshot_date", "market"}


def test_files_of_several_markets_make_one_capture(lake, write):
    files = [write(f"regional-{market}-daily-2026-10-01.csv", ONE) for market in ("us", "global", "de")]
    [manifest] = import_charts(lake, files, today=TODAY)
    assert {line["market"] for line in lines(lake, manifest)} == {"US", "GLOBAL", "DE"}


@pytest.mark.parametrize(
    "content",
    [ONE, f"\ufeff{ONE}", ONE.replace("\n", "\r\n"), ONE + "\n\n", gzip.compress(ONE.encode())],
    ids=["plain", "byte order mark", "CRLF", "blank lines", "gzip"],
)
def test_the_same_rows_give_the_same_capture_however_they_are_saved(lake, write, content):
    [plain] = import_charts(lake, [write(US, ONE)], today=TODAY)
    before = all_keys(lake)
    assert import_charts(lake, [write(US, content)], today=TODAY) == [plain]
    assert all_keys(lake) == before


def test_importing_again_changes_nothing_and_a_changed_row_makes_a_new_capture(lake, write, tmp_path):
    first = import_charts(lake, [write(US, ONE)], today=TODAY)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "lake").rglob("*") if path.is_file()}
    assert import_charts(lake, [tmp_path / US], today=TODAY) == first
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "lake").rglob("*") if path.is_file()} == before
    [changed] = import_charts(lake, [write(US, ONE.replace("900", "901"))], today=TODAY)
    assert changed.capture_id != first[0].capture_id


def test_only_the_dates_that_are_not_there_yet_are_written(lake, write):
    day, next_day = archived("2021-03-06", "US"), archived("2021-03-07", "US")
    [first] = import_charts(lake, [write("one.csv", f"{ARCHIVE}\n{day}")], today=TODAY)
    both = import_charts(lake, [write("two.csv", f"{ARCHIVE}\n{day}{next_day}")], today=TODAY)
    assert both[0] == first
    assert len(both) == 2


def test_a_chart_that_does_not_move_is_a_capture_of_its_own_each_day(lake, write):
    frozen = archived("2021-03-06", "LU") + archived("2021-03-07", "LU")
    first, second = import_charts(lake, [write("lu.csv", f"{ARCHIVE}\n{frozen}")], today=TODAY)
    assert first.capture_id != second.capture_id


def test_odd_cells_go_in_as_they_are_for_curation_to_judge(lake, write):
    odd = f'{CHARTS}\nfirst,{ROW}\nfirst,{ROW}\n,,,,,,,,\n3,"two\nlines",,,,,,,many\n'
    [manifest] = import_charts(lake, [write(US, odd)], today=TODAY)
    assert [line["item"]["rank"] for line in lines(lake, manifest)] == ["first", "first", "", "3"]
    assert lines(lake, manifest)[3]["item"]["uri"] == "two\nlines"


def test_a_file_is_not_older_than_its_chart_and_not_from_the_future(lake, write):
    old, new = write(US, ONE), write("regional-us-daily-2026-10-02.csv", ONE)
    os.utime(old, (0, 0))
    os.utime(new, (far := datetime(2200, 1, 1, tzinfo=UTC).timestamp(), far))
    first, second = import_charts(lake, [old, new], today=TODAY)
    assert first.captured_at == datetime(2026, 10, 1, tzinfo=UTC)
    assert second.captured_at <= max(datetime.now(UTC), datetime(2026, 10, 2, tzinfo=UTC))


def test_progress_tells_files_checked_and_dates_imported(lake, write):
    told: list[tuple[str, int, int]] = []
    files = [write(US, ONE), write("regional-us-daily-2026-10-02.csv", ONE)]
    import_charts(lake, files, today=TODAY, progress=lambda *step: told.append(step))
    assert told == [("checked", 1, 2), ("checked", 2, 2), ("imported", 1, 2), ("imported", 2, 2)]


BAD = {
    "empty file": (US, "", "is empty"),
    "empty gzip": (US, gzip.compress(b""), "is empty"),
    "header only": (US, CHARTS + "\n", "a header and no rows"),
    "unknown header": (US, "a,b\n1,2\n", r"line 1: the header 'a,b' is unknown\. .*rank,uri.*snapshot_date,market"),
    "broken gzip": (US, gzip.compress(ONE.encode())[:-12], "is broken gzip"),
    "gzip with a bad checksum": (US, gzip.compress(ONE.encode())[:-8] + b"\0" * 8, "is broken gzip"),
    "not UTF-8": (US, ONE.encode() + b"2,\xff\n", "line 3: is not UTF-8"),
    "UTF-16": (US, ONE.encode("utf-16"), "line 1: is not UTF-8"),
    "too few cells": (US, f"{ONE}2,x\n", "line 3: 2 cells instead of 9"),
    "too many cells": (US, f"{ONE}2,{ROW},x\n", "line 3: 10 cells instead of 9"),
    "unclosed quote": (US, f'{ONE}2,"x\n', "line 3: is not CSV"),
    "after a cell of two lines": (US, f'{CHARTS}\n1,"a\nb",,,,,,,\nx\n', "line 4: 1 cells instead of 9"),
    "rank twice": (US, f"{ONE}1,{ROW}\n", "line 3: rank 1 stands twice for US on 2026-10-01, first in .*, line 2"),
    "rank twice, written otherwise": (US, f"{ONE}01,{ROW}\n", "rank 1 stands twice"),
    "untelling name": ("chart.csv", ONE, r"the name does not tell market and date\. .* Name it like regional-us-daily"),
    "weekly": ("regional-us-weekly-2026-10-01.csv", ONE, "is a weekly chart"),
    "unknown market in the name": ("regional-xx-daily-2026-10-01.csv", ONE, "'xx' is no market.* Name it like"),
    "no date in the name": ("regional-us-daily-2026-13-01.csv", ONE, "'2026-13-01' is not a date.* Name it like"),
    "future chart": ("regional-us-daily-2026-11-24.csv", ONE, "2026-11-24 is in the future"),
    "unknown market": ("a.csv", f"{ARCHIVE}\n{archived('2021-03-06', 'Narnia')}", "line 2: 'Narnia' is no market"),
    "no date": ("a.csv", f"{ARCHIVE}\n{archived('06.03.2021', 'US')}", "line 2: '06.03.2021' is not a date"),
    "no day of the calendar": ("a.csv", f"{ARCHIVE}\n{archived('2021-02-30', 'US')}", "'2021-02-30' is not a date"),
    "too early": ("a.csv", f"{ARCHIVE}\n{archived('2016-12-31', 'US')}", "2016-12-31 is before 2017-01-01"),
    "future row": ("a.csv", f"{ARCHIVE}\n{archived('2026-11-24', 'US')}", "line 2: .* is in the future"),
}


@pytest.mark.parametrize(("name", "content", "gist"), BAD.values(), ids=BAD.keys())
def test_a_bad_file_is_refused_with_one_line_and_nothing_is_imported(lake, write, name, content, gist):
    good = write("regional-de-daily-2026-10-01.csv", ONE)
    with pytest.raises(InputError, match=gist) as refused:
        import_charts(lake, [good, write(name, content)], today=TODAY)
    message = str(refused.value)
    assert message.startswith(name)
    assert ". Nothing was imported. " in message
    assert message.isprintable()
    assert all_keys(lake) == []


def test_paths_that_are_no_files_are_refused(lake, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, gist in [("missing.csv", "is not there"), (".", "is a folder"), ("pipe", "is no ordinary file")]:
        with pytest.raises(InputError, match=gist):
            import_charts(lake, [tmp_path / path], today=TODAY)
    assert all_keys(lake) == []


def test_a_rank_may_not_stand_in_two_files_either(lake, write):
    files = [write(US, ONE), write("old.csv", f"{ARCHIVE}\n{archived('2026-10-01', 'USA')}")]
    with pytest.raises(InputError, match=rf"old.csv, line 2: rank 1 stands twice for US .* first in {US}, line 2"):
        import_charts(lake, files, today=TODAY)


ROWS = st.dictionaries(
    st.tuples(
        st.sampled_from(["2021-03-06", "2021-03-07", "2021-03-08"]),
        st.sampled_from(["US", "Global", "Germany"]),
        st.integers(1, 4),
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    min_size=1,
)


@settings(deadline=None, max_examples=60)
@given(rows=ROWS, data=st.data())
def test_rows_give_the_same_captures_however_they_are_split_and_ordered(rows, data):
    records = [[d, market, "P", rank, "t", title, "a", "A", "al", "L", 1] for (d, market, rank), title in rows.items()]
    places = data.draw(st.lists(st.integers(0, 3), min_size=len(records), max_size=len(records)))
    split = [[record for record, at in zip(records, places, strict=True) if at == place] for place in range(4)]
    parts = data.draw(st.permutations([data.draw(st.permutations(part)) for part in split if part]))
    with tempfile.TemporaryDirectory() as folder:
        assert imported(Path(folder, "whole"), [records]) == imported(Path(folder, "parts"), parts)


def imported(folder: Path, parts: list[list[list[object]]]) -> dict[str, list[str]]:
    """Capture ids with their items, after an import of the parts as files."""
    folder.mkdir()
    for number, part in enumerate(parts):
        text = io.StringIO(newline="")
        csv.writer(text).writerows([ARCHIVE.split(","), *part])
        (folder / f"{number}.csv").write_bytes(text.getvalue().encode())
    lake = Lake("memory://")
    manifests = import_charts(lake, [folder / f"{number}.csv" for number in range(len(parts))], today=TODAY)
    return {
        manifest.capture_id: sorted(f"{line['market']} {line['item']}" for line in lines(lake, manifest))
        for manifest in manifests
    }


STARTS = st.sampled_from([b"", f"{CHARTS}\n".encode(), f"{ONE}".encode(), b"\x1f\x8b", b"\xef\xbb\xbf"])


@settings(deadline=None, max_examples=150)
@given(start=STARTS, rest=st.binary(max_size=80), packed=st.booleans())
@example(start=ONE.encode(), rest=b'2,"' + b"x" * 200_000 + b'",,,,,,,', packed=True)
@example(start=ONE.encode(), rest=b"9" * 5000 + b",,,,,,,,\n", packed=False)
def test_any_bytes_are_imported_or_refused_and_nothing_else(start, rest, packed):
    content = start + rest
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, US)
        path.write_bytes(gzip.compress(content) if packed else content)
        lake = Lake("memory://")
        try:
            assert import_charts(lake, [path], today=TODAY)
        except InputError as refused:
            told = str(refused)
        else:
            return
        assert told.startswith(US)
        assert all_keys(lake) == []


@needs_data
def test_the_2021_charts_give_sixty_captures(lake):
    manifests = import_charts(lake, [DATA / "charts" / "top50_by_market_2021.csv.gz"], today=TODAY)
    assert len(manifests) == 60
    assert sum(manifest.items["chart_entries"] for manifest in manifests) == 143_350
    assert len({line["market"] for line in lines(lake, manifests[-1])}) == 69
