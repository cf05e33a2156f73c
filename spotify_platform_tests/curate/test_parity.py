"""Parity: DuckDB and Spark make the same of the same raw lines, row by row and type by type.

A call of Spark costs ten to twenty seconds whatever it gets, so thousands of lines go into few calls, and each test
looks at its own dates of what came out.
"""

import gzip
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

pytest.importorskip("pyspark", reason='Spark is not installed: pip install "spotify-platform[spark]"')

from spotify_platform.contracts.curated import CURATED, CURATED_BY_NAME
from spotify_platform.contracts.raw import ENTITIES, ENTITIES_BY_NAME
from spotify_platform.contracts.table import Table
from spotify_platform.curate.batch import Lines
from spotify_platform.curate.duckdb import DuckDBEngine
from spotify_platform.curate.engine import Engine
from spotify_platform.curate.spark import SparkEngine
from spotify_platform.curator import Curator, InProcess, in_duckdb
from spotify_platform.extract.charts import import_charts
from spotify_platform.extract.playlists import import_playlists
from spotify_platform.lake import Lake, keys
from spotify_platform.lake.captures import CaptureWriter, captures_by_date, read_manifest, to_line
from spotify_platform.lake.publishing import heads
from spotify_platform.publish import publish_dates

from ..lake.helpers import DAY as GOOD_DAY
from ..lake.helpers import EVERYTHING, artist, capture, seen, whole_batches, written
from .both import ENGINES, Both, local_spark, on_both
from .helpers import Raw, raw, raw_files
from .hostile import DAYS, small_captures
from .odd_lines import FILES, FOREIGN, KEPT_OUT, NOT_UTF8, WRITTEN, foreign
from .reference import fault

CAPTURES = 2_000
WITHOUT_ANSI = 500  # of them; Glue 5.1 leaves ANSI off, Glue 6 has it on
SOAK = 10_000
START = 20261101

REASONS = next(column.values for column in CURATED_BY_NAME["rejects"].columns if column.name == "reason")
Session = Any

every_table = pytest.mark.parametrize("table", CURATED, ids=lambda table: table.name)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """A local Spark session, stopped after this module."""
    with local_spark(tmp_path_factory.mktemp("spark")) as session:
        yield session


# -- generated captures ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Generated:
    """Generated captures and what both engines made of them: those read with ANSI on, and those with ANSI off."""

    lines: list[Raw]
    made: tuple[Both, Both]

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        """The rows of a table, of both calls."""
        return [row for both in self.made for row in both.rows(table)]


def generate(session: Session, folder: Path, count: int, without_ansi: int, start: int) -> Generated:
    """So many captures on both engines, in one call for each mode of Spark."""
    captures = small_captures(count, start)
    with_ansi = [line for one in captures[without_ansi:] for line in one]
    without = [line for one in captures[:without_ansi] for line in one]
    made = on_both(session, folder / "ansi", raw_files(folder / "lake", with_ansi))
    session.conf.set("spark.sql.ansi.enabled", "false")
    try:
        also = on_both(session, folder / "no-ansi", raw_files(folder / "lake-without", without))
    finally:
        session.conf.set("spark.sql.ansi.enabled", "true")
    return Generated([*with_ansi, *without], (made, also))


@pytest.fixture(scope="module")
def generated(session: Session, tmp_path_factory: pytest.TempPathFactory) -> Generated:
    return generate(session, tmp_path_factory.mktemp("generated"), CAPTURES, WITHOUT_ANSI, START)


@every_table
def test_generated_captures_give_the_same_rows(generated: Generated, table: Table) -> None:
    assert generated.rows(table.name)
    for both in generated.made:
        assert both.differences(table.name) == []


def test_generated_captures_give_the_same_counts_of_lines(generated: Generated) -> None:
    for both in generated.made:
        assert both.batches["spark"].lines == both.batches["duckdb"].lines
    read: Counter[tuple[str, date]] = Counter()
    for both in generated.made:
        for one in both.batches["spark"].lines:
            read[one.entity, one.day] += sum(one.read.values())
    assert read == Counter((one.entity, one.day) for one in generated.lines)


@every_table
def test_both_engines_write_the_contracts_types_and_count_what_they_wrote(generated: Generated, table: Table) -> None:
    for both in generated.made:
        physical = {engine: the_types_of(both, engine, table) for engine in ENGINES}
        assert physical["spark"] == physical["duckdb"]


def the_types_of(both: Both, engine: str, table: Table) -> set[tuple[str, str]]:
    """Each leaf of a table's files with its physical type; what the files say of themselves must be right."""
    leaves: set[tuple[str, str]] = set()
    parts = both.parts(engine, table.name)
    assert parts
    with duckdb.connect() as connection:
        for part in parts:
            described = connection.execute("describe from read_parquet(?, hive_partitioning = false)", [part.path])
            assert {row[0]: row[1] for row in described.fetchall()} == table.duckdb_columns
            counted = "select count(*), min(snapshot_date), max(snapshot_date) from read_parquet(?)"
            assert connection.execute(counted, [part.path]).fetchone() == (part.rows, part.day, part.day)
            assert Path(part.path).stat().st_size == part.bytes
            schema = "select name, type, logical_type from parquet_schema(?) where type is not null"
            for name, kind, logical in connection.execute(schema, [part.path]).fetchall():
                leaves.add((name, kind))
                if table.duckdb_columns.get(name) == "TIMESTAMP":
                    assert kind == "INT64"
                    assert "MICROS" in logical and "isAdjustedToUTC=0" in logical
    return leaves


def inner(value: Any) -> Iterator[Any]:
    """Every value within a value, and itself."""
    yield value
    for below in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from inner(below)


def of_text(holds: Callable[[str], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and holds(value)


def of_number(pattern: str) -> Callable[[Any], bool]:
    """A number, as itself or as the text that the capture writer makes of it."""
    return lambda value: not isinstance(value, bool) and bool(re.fullmatch(pattern, str(value)))


ODDITIES: dict[str, Callable[[Any], bool]] = {
    "a float with an exponent": of_number(r"-?\d(\.\d+)?e[+-]\d+"),
    "a large float that Java prints with an exponent": of_number(r"-?\d{8,}\.\d+"),
    "a small float that Java prints with an exponent": of_number(r"-?0\.000\d+"),
    "a float": lambda value: isinstance(value, float) and value % 1 != 0,
    "minus zero": of_number(r"-0\.0"),
    "an integer of more than 64 bits": lambda value: isinstance(value, int) and value.bit_length() > 64,
    "an integer of hundreds of digits": lambda value: isinstance(value, int) and value.bit_length() > 1000,
    "what was no number": of_text(lambda text: text == "nan"),
    "a NUL": of_text(lambda text: "\0" in text),
    "a CR": of_text(lambda text: "\r" in text),
    "a separator of lines": of_text(lambda text: "\u2028" in text),
    "an emoji": of_text(lambda text: any(ord(letter) > 0xFFFF for letter in text)),
    "what was half a pair of surrogates": of_text(lambda text: "\ufffd" in text),
    "a byte order mark": of_text(lambda text: "\ufeff" in text),
    "an empty text": of_text(lambda text: text == ""),
    "an empty list": lambda value: value == [],
    "a null in a list": lambda value: isinstance(value, list) and None in value,
    "a null in an object in a list": lambda value: (
        isinstance(value, list) and any(isinstance(one, dict) and None in one.values() for one in value)
    ),
    "an empty object": lambda value: value == {},
    "an empty name": lambda value: isinstance(value, dict) and "" in value,
}


def test_generated_captures_have_all_that_these_tests_are_about(generated: Generated) -> None:
    captures = {one.capture_id for one in generated.lines}
    assert len(captures) == CAPTURES
    by_day = Counter(day for day, _ in {(one.day, one.capture_id) for one in generated.lines})
    assert set(by_day) == set(DAYS) and min(by_day.values()) >= CAPTURES / len(DAYS) / 2
    by_entity = Counter(entity for entity, _ in {(one.entity, one.capture_id) for one in generated.lines})
    assert set(by_entity) == set(ENTITIES_BY_NAME) and min(by_entity.values()) >= CAPTURES / 4

    rejects = [dict(zip(CURATED_BY_NAME["rejects"].names, row, strict=True)) for row in generated.rows("rejects")]
    assert {row["reason"] for row in rejects} == set(REASONS)
    assert {(row["entity"], row["reason"]) for row in rejects} >= {
        (entity, reason) for entity in ENTITIES_BY_NAME for reason in ("not_json", "wrong_shape", "bad_value")
    }
    for table, details in (("artists", 3), ("albums", 3), ("tracks", 2)):
        place = CURATED_BY_NAME[table].names.index("detail")
        assert len({row[place] for row in generated.rows(table)}) == details


def test_generated_captures_have_every_oddity(generated: Generated) -> None:
    judged = [(fault(one), one) for one in generated.lines]
    lines = [json.loads(one.line) for reason, one in judged if reason not in ("not_json", "wrong_shape")]
    values = [value for line in lines for value in inner(line)]
    found = {name: sum(map(holds, values)) for name, holds in ODDITIES.items()}
    assert {name: count for name, count in found.items() if count < 3} == {}


def test_generated_captures_have_ties(generated: Generated) -> None:
    """Equal moments of two captures and within one, the same bytes in two chunks and in two captures."""
    told: dict[tuple[str, date, str], list[tuple[str, Raw]]] = defaultdict(list)
    chunks: dict[tuple[str, date, str, bytes], set[int]] = defaultdict(set)
    copies: dict[tuple[str, date, bytes], set[str]] = defaultdict(set)
    for one in generated.lines:
        chunks[one.entity, one.day, one.capture_id, one.line].add(one.chunk)
        copies[one.entity, one.day, one.line].add(one.capture_id)
        if one.entity in ("artists", "albums", "tracks") and fault(one) is None:
            line = json.loads(one.line)
            told[one.entity, one.day, str(line["item"]["id"])].append((line["captured_at"], one))
    two_captures = within_one = 0
    for lines in told.values():
        newest = [one for moment, one in lines if moment == max(moment for moment, _ in lines)]
        hashes = {(one.capture_id, one.hash) for one in newest}
        two_captures += len({capture_id for capture_id, _ in hashes}) > 1
        within_one += len(hashes) > len({capture_id for capture_id, _ in hashes})
    assert two_captures >= 20
    assert within_one >= 3
    assert sum(len(found) == 2 for found in chunks.values()) >= 100
    assert sum(len(found) > 1 for found in copies.values()) >= 20


@pytest.mark.soak
@pytest.mark.parametrize("part", range(4))
def test_many_more_captures_give_the_same_rows(session: Session, tmp_path: Path, part: int) -> None:
    """Other captures each time: what Hypothesis draws depends on the start, and the start on the day."""
    count = SOAK // 4
    start = datetime.now(UTC).toordinal() * 10 + part
    made = generate(session, tmp_path, count, count // 2, start).made
    for both in made:
        assert {table.name: both.differences(table.name) for table in CURATED} == {
            table.name: [] for table in CURATED
        }, f"start {start}"
        assert both.batches["spark"].lines == both.batches["duckdb"].lines, f"start {start}"


def test_days_before_1582_are_days_like_any_other(session: Session, tmp_path: Path) -> None:
    """Spark refuses to write them unless it is told that no other calendar is meant."""
    years = ("1000", "1500-02", "1582-10-10")
    albums = [raw("albums", {"id": f"a{year}", "release_date": year}) for year in years]
    artist = raw("artists", {"id": "a", "name": "Ann"}, at="1582-10-10T05:00:00Z")
    both = on_both(session, tmp_path, raw_files(tmp_path / "lake", [*albums, artist]))
    assert {table.name: both.differences(table.name) for table in CURATED} == {table.name: [] for table in CURATED}
    assert [row[4] for row in both.rows("albums", "spark")] == [date(1000, 1, 1), date(1500, 2, 1), date(1582, 10, 10)]


# -- odd lines, one by one ---------------------------------------------------------------------------------------------


def read_again(line: bytes) -> bytes | None:
    """A line as the capture writer makes it of what Python reads, or None where Python reads nothing."""
    try:
        return to_line(json.loads(line), ENTITIES_BY_NAME["artists"].line)
    except (ValueError, RecursionError):
        return None


CASES: dict[str, list[Raw]] = {
    **{f"written {name}": lines for name, lines in WRITTEN.items()},
    **{f"foreign {name}": foreign(name) for name in FOREIGN},
    **{
        f"read again {name}": [raw("artists", {"id": "beside"}), Raw("artists", again)]
        for name, line in KEPT_OUT.items()
        if (again := read_again(line))
    },
}
DAY_OF = {name: date(2020, 1, 1) + timedelta(number) for number, name in enumerate([*CASES, *FILES])}


@dataclass(frozen=True)
class Odd:
    """What the engines made of the cases: counts of lines and differences by date, and the rows that DuckDB made."""

    lines: dict[tuple[str, date], list[Lines]]
    differences: dict[date, dict[str, list[tuple[Any, ...]]]]
    rows: dict[tuple[str, date], list[tuple[Any, ...]]]

    def same(self, day: date) -> None:
        """Fails where the engines differ in a date."""
        assert self.differences.get(day, {}) == {}
        assert self.lines["spark", day] == self.lines["duckdb", day]


@pytest.fixture(scope="module")
def odd(session: Session, tmp_path_factory: pytest.TempPathFactory) -> Odd:
    """Every case on a date of its own, all of them in one call."""
    folder = tmp_path_factory.mktemp("odd")
    files = raw_files(folder / "lake", (replace(one, day=DAY_OF[name]) for name in CASES for one in CASES[name]))
    for name, content in FILES.items():
        path = folder / "lake" / keys.chunk("artists", DAY_OF[name], "c1", 0)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(content))
        files["artists"].append(str(path))
    both = on_both(session, folder, files)
    found = Odd(defaultdict(list), defaultdict(lambda: defaultdict(list)), defaultdict(list))
    for engine in ENGINES:
        for one in both.batches[engine].lines:
            found.lines[engine, one.day].append(one)
    for table in CURATED:
        for row in both.differences(table.name, most=10_000):
            found.differences[row[1]][table.name].append(row)
        for row in both.rows(table.name):
            found.rows[table.name, row[0]].append(row)
    return found


@pytest.mark.soak
@pytest.mark.parametrize("name", WRITTEN)
def test_a_value_that_a_source_gives_is_the_same_wherever_it_stands(odd: Odd, name: str) -> None:
    day = DAY_OF[f"written {name}"]
    odd.same(day)
    assert {one.entity: sum(one.read.values()) for one in odd.lines["duckdb", day]} == Counter(
        one.entity for one in WRITTEN[name]
    )


@pytest.mark.soak
@pytest.mark.parametrize("name", FOREIGN)
def test_a_line_that_no_capture_writer_made_is_the_same(odd: Odd, name: str) -> None:
    day = DAY_OF[f"foreign {name}"]
    odd.same(day)
    assert {"before", "after"} <= {row[1] for row in odd.rows["artists", day]}  # it harms no neighbour
    assert [row[5].encode() for row in odd.rows["rejects", day]] in ([], [FOREIGN[name]])  # verbatim


@pytest.mark.soak
@pytest.mark.parametrize("name", FILES)
def test_a_file_that_no_capture_writer_made_is_the_same(odd: Odd, name: str) -> None:
    odd.same(DAY_OF[name])


@pytest.mark.soak
@pytest.mark.parametrize("name", KEPT_OUT)
def test_what_engines_read_in_two_ways_the_capture_writer_never_writes(odd: Odd, name: str) -> None:
    """Either Python does not read it, so that no capture holds it, or it is written down as something else."""
    again = read_again(KEPT_OUT[name])
    assert again != KEPT_OUT[name]
    if again:
        odd.same(DAY_OF[f"read again {name}"])


@pytest.mark.parametrize("name", ["a blank", "b[1]", "c*?", "d{x,y}", "50%20e", "é,+#:~", "back\\slash"])
def test_a_lake_may_lie_in_a_folder_of_any_name(session: Session, tmp_path: Path, name: str) -> None:
    """No character of a path is a pattern, and date and capture are read from it as they are."""
    files = raw_files(tmp_path / name, [raw("artists", {"id": "a"}), raw("artists", {"id": "b"})])["artists"]
    read = []
    with DuckDBEngine(tmp_path) as engine:
        for one in (engine, SparkEngine(session, str(tmp_path / "scratch"))):
            read.append(one.count(one.lines(files), "snapshot_date", "capture_id"))
    assert read == [{(GOOD_DAY.isoformat(), "c1"): 2}] * 2


# -- what is published -------------------------------------------------------------------------------------------------


def in_this(session: Session) -> InProcess:
    """Curation on the session of these tests."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    def engine(scratch: Path) -> AbstractContextManager[Engine]:
        return nullcontext(SparkEngine(session, str(scratch / "spark")))

    return InProcess(engine, (PySparkException, Py4JError), chunk_bytes=640_000_000)


def poisoned(lake: Lake) -> dict[date, str]:
    """A lake of which every second date has a raw file that is as its manifest says, and still no good."""
    about = {}
    for number, (name, line) in enumerate(NOT_UTF8.items()):
        day = GOOD_DAY + timedelta(2 * number)
        capture(lake, day, "c1", *EVERYTHING)
        about[day + timedelta(1)] = name
        writer = written(lake, day + timedelta(1), "c1", [artist("ann"), artist("bob")])
        writer._lines["artists"][1] = line
        writer.commit(source="import")
    return about


@pytest.mark.soak
def test_bytes_that_are_not_utf8_withhold_their_date_on_both_engines(session: Session, tmp_path: Path) -> None:
    states = []
    curators: dict[str, Curator] = {"duckdb": in_duckdb(), "spark": in_this(session)}
    for name, curator in curators.items():
        lake = Lake((tmp_path / name).as_uri())
        about = poisoned(lake)
        good = [day - timedelta(1) for day in about]
        outcome = publish_dates(lake, [*about, *good], curator=curator)
        assert (sorted(outcome.withheld), sorted(outcome.published)) == (sorted(about), good)
        assert sorted(heads(lake)) == good
        whole_batches(lake)
        states.append(seen(lake))
    assert states[1] == states[0]


# -- real data ---------------------------------------------------------------------------------------------------------


def objects(value: Any) -> Iterator[tuple[str, Any]]:
    """Every artist, album, track and item of a playlist in an answer, with its entity."""
    for one in inner(value):
        if isinstance(one, dict) and one.get("id") and f"{one.get('type')}s" in ("artists", "albums", "tracks"):
            yield f"{one['type']}s", one
        if isinstance(one, dict) and "added_at" in one and ("track" in one or "item" in one):
            yield "playlist_items", one


@pytest.fixture(scope="module")
def real(shared_data: Path, session: Session, tmp_path_factory: pytest.TempPathFactory) -> tuple[Both, Counter[str]]:
    """Charts, playlists and recorded answers on both engines, and how many lines they are."""
    folder = tmp_path_factory.mktemp("real")
    lake = Lake((folder / "lake").as_uri())
    today = date(2026, 11, 1)
    import_charts(lake, [shared_data / "charts" / "top50_by_market_2021.csv.gz"], today=today)
    for path in sorted((shared_data / "playlists").iterdir()):
        day = date.fromisoformat(path.name.split("_")[2][:10])
        import_playlists(lake, [path], snapshot_date=day, today=today)
    came = datetime(2026, 10, 1, 5, tzinfo=UTC)
    writer = CaptureWriter(lake, "recorded", came.date(), came)
    for path in sorted((shared_data / "responses").rglob("*.json")):
        for position, (entity, item) in enumerate(objects(json.loads(path.read_bytes()))):
            params = {"playlist_id": path.stem}
            writer.add(entity, item, endpoint=path.stem, captured_at=came, params=params, position=position)
    writer.commit(source="import")
    files: dict[str, list[str]] = defaultdict(list)
    lines: Counter[str] = Counter()
    for day, captures in captures_by_date(lake).items():
        for one in captures:
            for file in read_manifest(lake, day, one).files:
                if file.entity in ENTITIES_BY_NAME:
                    files[file.entity].append(str(folder / "lake" / file.path))
                    lines[file.entity] += file.items
    return on_both(session, folder, files), lines


@pytest.mark.soak
@every_table
def test_real_data_give_the_same_rows(real: tuple[Both, Counter[str]], table: Table) -> None:
    both, _ = real
    assert both.differences(table.name) == []
    if table.name != "rejects":
        assert both.rows(table.name)


@pytest.mark.soak
def test_real_data_give_the_same_counts_of_lines(real: tuple[Both, Counter[str]]) -> None:
    both, lines = real
    assert both.batches["spark"].lines == both.batches["duckdb"].lines
    read: Counter[str] = Counter()
    for one in both.batches["spark"].lines:
        read[one.entity] += sum(one.read.values())
    assert read == lines
    assert set(lines) == {entity.name for entity in ENTITIES}
    assert lines["chart_entries"] == 143_350
