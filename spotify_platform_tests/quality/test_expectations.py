"""Great Expectations as a second opinion: it judges good and poisoned tables as the audit does, check by check.

Both read the same Parquet files, made from the contracts: the audit in SQL, Great Expectations in pandas.
"""

import random
import re
import socket
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import dagster as dg
import duckdb
import pytest

from spotify_platform.assets.curated import curated
from spotify_platform.assets.marts import mart_tables
from spotify_platform.assets.quality import check_result, quality_report
from spotify_platform.assets.raw import capture, chart_entries
from spotify_platform.assets.warehouse import warehouse
from spotify_platform.automation.jobs import daily, publish
from spotify_platform.automation.quality import quality, quality_schedule
from spotify_platform.contracts.curated import CURATED, CURATED_BY_NAME
from spotify_platform.contracts.errors import InputError, LakeError, PermanentError
from spotify_platform.contracts.table import Column, Table, Type
from spotify_platform.lake import Lake, keys, publishing
from spotify_platform.publish import publish_dates
from spotify_platform.quality.audit import audit_tables
from spotify_platform.quality.checks import Check, Finding, checks_of
from spotify_platform.quality.expectations import Verdict, expectation_of, judge, suite_of
from spotify_platform.resources.engine import EngineResource
from spotify_platform.resources.platform import LakeResource, Progress, WarehouseResource
from spotify_platform.resources.spotify import SpotifyResource
from spotify_platform.second_opinion import frames_of, newest_published, report

from ..lake.helpers import EVERYTHING
from ..lake.helpers import capture as captured

DAY, BEFORE = date(2026, 11, 2), date(2026, 11, 1)
# Great Expectations loads PySpark where it is installed.
pytestmark = pytest.mark.filterwarnings("ignore:distutils Version classes:DeprecationWarning")

REPORT = dg.AssetKey(["quality", "report"])
CHECKS = [check for table in CURATED for check in checks_of(table)]

Row = dict[str, Any]
Tables = dict[str, list[Row]]
Broken = Counter[tuple[str, str]]  # rows by table and what does not hold


@pytest.fixture(scope="module", autouse=True)
def no_network() -> Iterator[None]:
    """No test of this module, and no thread that one leaves behind, may look for anything outside this machine."""
    asked = []
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            asked.append(address)
            raise OSError(f"{address}: the network was asked for")
        connect(self, address)

    def resolve(host: str, *rest: Any, **more: Any) -> list[Any]:
        asked.append(host)
        raise OSError(f"{host}: the network was asked for")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        patch.setattr(socket, "getaddrinfo", resolve)
        yield
    assert asked == []


# --- tables, as rows and as Parquet -----------------------------------------------------------------------------------


def value(table: Table, column: Column, number: int) -> Any:
    """A value that the contract allows, another one for each number; of a range its two ends in turn."""
    if column.name == "snapshot_date":
        return DAY
    if column.values:
        return column.values[number % len(column.values)]
    # What places a row in its list is part of the key where no other column is different in each row.
    if column.between and column.name in table.key:
        return column.between[0] + number
    if column.between:
        return column.between[number % 2]
    return {
        Type.STRING: f"{column.name} {number}",
        Type.STRINGS: ["DE", "US"],
        Type.INTEGER: number,
        Type.BIGINT: number,
        Type.BOOLEAN: bool(number % 2),
        Type.DATE: date(2020, 1, 1) + timedelta(number),
        Type.TIMESTAMP: datetime(2026, 11, 1) + timedelta(hours=number),
    }[column.type]


def row(table: Table, number: int) -> Row:
    """A good row; another number is another key, and it refers to the rows of the same number."""
    return {column.name: value(table, column, number) for column in table.columns}


def good(rows: int = 6) -> Tables:
    """Good rows in every table; the second holds NULL wherever the contract allows it."""
    tables = {table.name: [row(table, number) for number in range(rows)] for table in CURATED}
    for table in CURATED:
        tables[table.name][1] |= {column.name: None for column in table.columns if column.null}
    return tables


def parquet(folder: Path, tables: Mapping[str, list[Row]]) -> dict[str, list[Path]]:
    """The tables as a date's Parquet files; a table without rows has none."""
    folder.mkdir(parents=True)
    files = {}
    with duckdb.connect() as connection:
        for name, rows in tables.items():
            table = CURATED_BY_NAME[name]
            columns = ", ".join(f'"{column}" {kind}' for column, kind in table.duckdb_columns.items())
            connection.execute(f"create table {name} ({columns})")
            if rows:
                marks = ", ".join("?" * len(table.names))
                values = [[one[column] for column in table.names] for one in rows]
                connection.executemany(f"insert into {name} values ({marks})", values)
                connection.execute(f"copy {name} to '{folder}/{name}.parquet' (format parquet)")
                files[name] = [folder / f"{name}.parquet"]
    return files


class Opinions(NamedTuple):
    """What the audit and Great Expectations find in the same files."""

    audit: Broken
    expectations: Broken

    def of(self, table: str) -> "Opinions":
        """What both say of one table."""
        return Opinions(*(Counter({key: n for key, n in broken.items() if key[0] == table}) for broken in self))


def opinions(folder: Path, tables: Mapping[str, list[Row]]) -> Opinions:
    """Both opinions of the tables; what they give is compared by the tests."""
    files = parquet(folder, tables)
    first: Broken = Counter()
    for findings in audit_tables(files).values():
        for finding in findings:
            first[finding.table, finding.check] += finding.rows
    verdicts = judge(frames_of(files))
    assert [verdict.check for verdict in verdicts] == CHECKS
    return Opinions(first, Counter({(v.check.table, v.check.name): v.rows for v in verdicts if not v.holds}))


# --- every check, poisoned --------------------------------------------------------------------------------------------

_WRONG_WORDS = ("", "FULL", "day ")


def poison(check: Check, rows: int) -> list[Row]:
    """Rows of a check's table that break it, and nothing else."""
    table = CURATED_BY_NAME[check.table]
    if check.kind == "unique":
        return [row(table, 0)] * rows
    return [another_row(table, number) | {check.columns[0]: _wrong(check, number)} for number in range(rows)]


def another_row(table: Table, number: int) -> Row:
    """A row with a key that no good one has, though it refers to rows that are there."""
    key = [column for column in table.columns if column.name in table.key[1:]]
    own = {column.name: value(table, column, 50 + number) for column in key if not column.references}
    return row(table, 2 + number) | (own or {column.name: value(table, column, 3 + number) for column in key[-1:]})


def _wrong(check: Check, number: int) -> Any:
    match check.kind:
        case "between":
            low, high = check.between or (0, 0)
            return (high + 1 + number) if number % 2 else (low - 1 - number)
        case "values":
            return _WRONG_WORDS[number]
        case "references":
            return f"unknown {number}"
        case _:
            return None


def expected(check: Check, rows: int) -> Broken:
    """What both opinions should be of a table with these rows too many."""
    broken: Broken = Counter({(check.table, check.name): rows})
    if check.kind == "not_null" and check.columns == ("snapshot_date",):
        # A row without a date has no row of the same date to refer to.
        broken |= {(c.table, c.name): rows for c in checks_of(CURATED_BY_NAME[check.table]) if c.kind == "references"}
    return broken


def how_many(check: Check) -> int:
    """One to three bad rows, so that counts are compared as well; one where two would be a key that stands twice."""
    table = CURATED_BY_NAME[check.table]
    alone = check.kind == "not_null" and set(table.key) == {"snapshot_date", *check.columns}
    return 1 if alone else 1 + CHECKS.index(check) % 3


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[Check, Opinions]:
    """Both opinions on every check's poisoned table.

    Tables are judged together, each with one of its checks broken: as many judgements as the longest list of checks.
    """
    judged = {}
    folder = tmp_path_factory.mktemp("poisoned")
    for number in range(max(len(checks_of(table)) for table in CURATED)):
        tables = good()
        poisoned = [checks_of(table)[number] for table in CURATED if number < len(checks_of(table))]
        for check in poisoned:
            tables[check.table] += poison(check, how_many(check))
        found = opinions(folder / str(number), tables)
        assert {table for broken in found for table, _ in broken} <= {check.table for check in poisoned}
        for check in poisoned:
            judged[check] = found.of(check.table)
    return judged


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check.table}: {check.name}"[:80])
def test_both_find_exactly_the_check_that_is_broken(check: Check, judged: dict[Check, Opinions]) -> None:
    audit, expectations = judged[check]
    assert audit == expected(check, how_many(check))
    assert expectations == audit


def test_both_find_nothing_in_good_tables(tmp_path: Path) -> None:
    assert opinions(tmp_path / "good", good()) == (Counter(), Counter())


def test_both_find_nothing_in_empty_tables(tmp_path: Path) -> None:
    assert opinions(tmp_path / "empty", {table.name: [] for table in CURATED}) == (Counter(), Counter())


@pytest.mark.parametrize("seed", range(3))
def test_both_judge_tables_alike_in_which_anything_may_be_wrong(seed: int, tmp_path: Path) -> None:
    dice = random.Random(seed)
    tables = good(rows=12)
    for name, rows in tables.items():
        checks = [check for check in checks_of(CURATED_BY_NAME[name]) if check.kind != "unique"]
        for one in rows:
            for check in dice.sample(checks, dice.randrange(3)):
                one[check.columns[0]] = _wrong(check, dice.randrange(3))
        rows += [dict(one) for one in dice.choices(rows, k=dice.randrange(4))]
    tables[dice.choice(CURATED).name].clear()
    audit, expectations = opinions(tmp_path / "any", tables)
    assert audit == expectations
    assert len(audit) > 20


# --- edges ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def edges(tmp_path_factory: pytest.TempPathFactory) -> Opinions:
    """Both opinions of tables that each hold an edge; the tests below say which."""
    tables = good()
    extra = {name: [row(table, number) for number in range(6)] for name, table in CURATED_BY_NAME.items()}
    tables["artists"] += [extra["artists"][number] for number in (2, 2, 3)]
    tables["albums"] += [extra["albums"][number] | {"album_id": None} for number in (2, 3, 4)]
    pairs = (("album_id 2", "artist_id 3"), ("album_id 3", "artist_id 2"), ("album_id 2", "artist_id 4"))
    tables["album_artists"] += [extra["album_artists"][2] | {"album_id": a, "artist_id": b} for a, b in pairs]
    tables["artist_genres"].append(extra["artist_genres"][2] | {"snapshot_date": BEFORE})
    return opinions(tmp_path_factory.mktemp("edges") / "rows", tables)


def both(table: str, broken: dict[str, int]) -> Opinions:
    """The same opinion twice: rows of a table by what does not hold."""
    rows: Broken = Counter({(table, check): number for check, number in broken.items()})
    return Opinions(rows, rows)


def test_of_a_key_that_stands_three_times_two_rows_are_too_many(edges: Opinions) -> None:
    assert edges.of("artists") == both("artists", {"snapshot_date + artist_id is unique": 3})


def test_nulls_in_a_key_are_equal(edges: Opinions) -> None:
    assert edges.of("albums") == both("albums", {"snapshot_date + album_id is unique": 2, "album_id is not null": 3})


def test_a_key_is_the_whole_key_and_not_a_part_of_it(edges: Opinions) -> None:
    assert edges.of("album_artists") == both("album_artists", {})


def test_a_row_of_another_date_is_nothing_to_refer_to(edges: Opinions) -> None:
    assert edges.of("artist_genres") == both("artist_genres", {"artist_id stands in artists": 1})


def test_whatever_refers_to_a_table_without_rows_is_found_and_a_null_refers_to_nothing(tmp_path: Path) -> None:
    tables = good(rows=4)
    del tables["tracks"]
    referring = ("track_artists", 4), ("chart_entries", 4), ("playlist_items", 3)
    wrong: Broken = Counter({(table, "track_id stands in tracks"): rows for table, rows in referring})
    assert opinions(tmp_path / "rows", tables) == (wrong, wrong)


def test_a_number_beside_a_null_is_judged_as_the_integer_that_it_is(tmp_path: Path) -> None:
    exact = 2**53 + 1  # as a float it would be 2**53
    rows = [row(CURATED_BY_NAME["artists"], n) | {"followers": n and exact} for n in (0, 1)]
    rows.append(rows[0] | {"artist_id": "another", "followers": None})
    frame = frames_of(parquet(tmp_path / "rows", {"artists": rows}))["artists"]
    assert frame["followers"].tolist() == [0, exact, None]


# --- the suites -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", CURATED, ids=lambda table: table.name)
def test_a_suite_has_one_native_expectation_for_each_check_and_names_it(table: Table) -> None:
    suite = suite_of(table)
    assert suite.name == table.name
    assert [(one.meta or {})["check"] for one in suite.expectations] == [check.name for check in checks_of(table)]
    assert {type(one).__module__.split(".")[0] for one in suite.expectations} == {"great_expectations"}


def test_an_error_is_critical_and_a_warning_a_warning() -> None:
    check = CHECKS[0]
    warning = replace(check, severity="warning")
    assert [expectation_of(one).severity.value for one in (check, warning)] == ["critical", "warning"]
    shown = [check_result(Verdict(one, rows=1)).severity for one in (check, warning)]
    assert shown == [dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN]
    assert Verdict(warning, 1).finding == Finding(check.table, check.name, 1, "warning")


def test_what_cannot_be_judged_is_an_error_and_no_finding(tmp_path: Path) -> None:
    frames = frames_of(parquet(tmp_path / "good", good()))
    lacking = frames["artists"].drop(columns="popularity")
    with pytest.raises(PermanentError, match=r"artists: .*popularity is between 0 and 100.*does not exist"):
        judge(frames | {"artists": lacking})
    mixed = frames["artists"].assign(popularity="loud")
    with pytest.raises(PermanentError, match=r"artists: .*popularity is between 0 and 100"):
        judge(frames | {"artists": mixed})


def test_without_great_expectations_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "great_expectations", None)
    with pytest.raises(InputError, match=re.escape('pip install "spotify-platform[quality]"')):
        judge({})


# --- published dates --------------------------------------------------------------------------------------------------


def published(lake: Lake, folder: Path, day: date, tables: Tables, seq: int = 1) -> publishing.PublishRecord:
    """A batch with these tables, published as if no audit had been there."""
    batch = f"batch-{day}-{seq}"
    files = []
    for name, (path,) in parquet(folder / batch, tables).items():
        key = keys.part(name, day, batch, 0)
        lake.put(key, path)
        content = path.read_bytes()
        digest = sha256(content).hexdigest()
        files.append(
            publishing.PublishedFile(table=name, path=key, rows=len(tables[name]), bytes=len(content), sha256=digest)
        )
    record = publishing.PublishRecord(
        snapshot_date=day,
        seq=seq,
        batch_id=batch,
        captures=["c1"],
        fingerprint="tests",
        published_at=datetime(2026, 11, 3, tzinfo=UTC),
        files=files,
        audit={},
    )
    assert publishing.publish(lake, record)
    return record


def too_popular() -> Tables:
    """Tables with two artists above the range, and one that a genre refers to in vain."""
    tables = good()
    for number in (0, 2):
        tables["artists"][number]["popularity"] = 150
    tables["artist_genres"][3]["artist_id"] = "<script>nobody</script>"
    return tables


POISONED = {
    "artists: popularity is between 0 and 100": 2,
    "artist_genres: artist_id stands in artists": 1,
}


def test_a_report_is_of_the_batch_that_readers_see_wherever_it_lies(tmp_path: Path) -> None:
    lake = Lake("memory://")
    published(lake, tmp_path, DAY, good())
    published(lake, tmp_path, DAY, too_popular(), seq=2)
    told = report(lake, DAY)
    assert (told.day, told.batch_id, told.docs) == (DAY, f"batch-{DAY}-2", None)
    assert [verdict.check for verdict in told.verdicts] == CHECKS
    assert {f"{v.check.table}: {v.check.name}": v.rows for v in told.failed} == POISONED
    assert str(told.failed[0].finding) == "artists: popularity is between 0 and 100 (2 rows)"


def test_any_published_date_can_be_judged_and_the_newest_is_known(lake: Lake, tmp_path: Path) -> None:
    assert newest_published(lake) is None
    yesterday = {name: [one | {"snapshot_date": BEFORE} for one in rows] for name, rows in good().items()}
    published(lake, tmp_path, DAY, too_popular())
    published(lake, tmp_path, BEFORE, yesterday)
    assert newest_published(lake) == DAY
    assert report(lake, BEFORE).failed == []


def test_what_curation_published_is_found_good(lake: Lake) -> None:
    captured(lake, DAY, "c1", *EVERYTHING)
    [record] = publish_dates(lake, [DAY]).published.values()
    told = report(lake, DAY)
    assert (told.batch_id, told.failed) == (record.batch_id, [])
    assert set(record.rows) == set(CURATED_BY_NAME)  # no table was judged by its emptiness


def test_a_date_that_is_not_published_is_said_to_be_so(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"2026-11-01 is not published.*Nothing is"):
        report(lake, BEFORE)
    published(lake, tmp_path, DAY, good())
    with pytest.raises(InputError, match=r"2026-11-01 is not published.*newest published date is 2026-11-02"):
        report(lake, BEFORE)


def test_a_file_that_is_gone_or_damaged_is_named(lake: Lake, tmp_path: Path) -> None:
    [first, *_] = published(lake, tmp_path, DAY, good()).files
    lake.put(first.path, b"no Parquet")
    with pytest.raises(LakeError, match=rf"2026-11-02 cannot be read.*{first.path}"):
        report(lake, DAY)
    lake.delete([first.path])
    with pytest.raises(LakeError, match=first.path):
        report(lake, DAY)


@pytest.fixture
def pages(lake: Lake, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Path:
    """The folder of Data Docs, where those of a poisoned batch took the place of a good one's."""
    published(lake, tmp_path, DAY, good())
    first = report(lake, DAY, tmp_path / "quality").docs
    assert first.exists()
    published(lake, tmp_path, DAY, too_popular(), seq=2)
    assert report(lake, DAY, tmp_path / "quality").docs == first
    assert tuple(capfd.readouterr()) == ("", ""), "it shows progress, or says something else that nobody asked for"
    return tmp_path / "quality"


def test_the_pages_tell_what_failed_with_examples_that_can_do_no_harm(pages: Path) -> None:
    assert [path.name for path in pages.iterdir()] == ["2026-11-02"]
    index = (pages / "2026-11-02" / "index.html").read_text("utf-8")
    validations = list(pages.glob("*/validations/**/*.html"))
    assert sorted(path.stem for path in validations) == sorted(CURATED_BY_NAME)
    assert all(name in index for name in CURATED_BY_NAME)
    page = {path.stem: path.read_text("utf-8") for path in validations}
    assert "popularity is between 0 and 100" in page["artists"]
    assert "150" in page["artists"]
    assert "&lt;script&gt;nobody" in page["artist_genres"]
    assert "<script>nobody" not in page["artist_genres"]


# --- the asset --------------------------------------------------------------------------------------------------------


@pytest.fixture
def run(lake: Lake, tmp_path: Path) -> Callable[..., dg.ExecuteInProcessResult]:
    """A function that materialises the report on an instance of its own."""

    def materialise(**more: Any) -> dg.ExecuteInProcessResult:
        with dg.DagsterInstance.ephemeral() as instance:
            return dg.materialize(
                [quality_report],
                instance=instance,
                resources={"lake": LakeResource(url=lake.url)},
                run_config=dg.RunConfig({"quality_report": {"config": {"docs": str(tmp_path / "quality")}}}),
                raise_on_error=False,
                **more,
            )

    return materialise


def test_a_good_date_is_green_with_a_check_for_every_expectation(lake: Lake, tmp_path: Path, run) -> None:
    record = published(lake, tmp_path, DAY, good())
    result = run()
    checks = result.get_asset_check_evaluations()
    assert result.success
    assert len(checks) == len(CHECKS)
    assert all(check.passed and check.asset_key == REPORT for check in checks)
    (event,) = result.asset_materializations_for_node("quality_report")
    told = {name: entry.value for name, entry in event.metadata.items()}
    index = tmp_path / "quality" / "2026-11-02" / "index.html"
    assert told == {
        "date": "2026-11-02",
        "batch": record.batch_id,
        "expectations": len(CHECKS),
        "failed": 0,
        "data_docs": str(index),
    }
    assert index.exists()


def test_a_poisoned_date_shows_exactly_the_checks_that_fail_with_rows_and_severity(
    lake: Lake, tmp_path: Path, run
) -> None:
    published(lake, tmp_path, DAY, too_popular())
    result = run()
    failed = [check for check in result.get_asset_check_evaluations() if not check.passed]
    assert result.success  # it is the checks that fail
    assert {(check.check_name, check.metadata["rows"].value, check.severity.name) for check in failed} == {
        ("artists__between__popularity", 2, "ERROR"),
        ("artist_genres__references__artist_id", 1, "ERROR"),
    }
    (event,) = result.asset_materializations_for_node("quality_report")
    assert event.metadata["failed"].value == 2


def test_a_single_check_can_be_run_alone(lake: Lake, tmp_path: Path, run) -> None:
    published(lake, tmp_path, DAY, too_popular())
    key = dg.AssetCheckKey(REPORT, "artists__between__popularity")
    result = run(selection=dg.AssetSelection.checks(key))
    assert [(check.check_name, check.passed) for check in result.get_asset_check_evaluations()] == [(key.name, False)]
    assert result.asset_materializations_for_node("quality_report") == []


def test_without_a_published_date_it_says_so_and_judges_nothing(run, capfd: pytest.CaptureFixture[str]) -> None:
    result = run()
    assert result.success
    assert result.get_asset_check_evaluations() == []
    assert result.asset_materializations_for_node("quality_report") == []
    assert "No date is published yet" in capfd.readouterr().err


def test_a_batch_that_cannot_be_read_fails_the_run_and_is_named(lake: Lake, tmp_path: Path, run) -> None:
    [first, *_] = published(lake, tmp_path, DAY, good()).files
    lake.delete([first.path])
    result = run()
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert first.path in failure.step_failure_data.user_failure_data.description
    assert result.get_asset_check_evaluations() == []


def test_the_checks_say_what_must_hold_in_words() -> None:
    described = defaultdict(list)
    for spec in quality_report.check_specs:
        described[spec.name].append(spec.description)
    assert described["artists__between__popularity"] == ["artists: popularity is between 0 and 100"]
    assert described["tracks__unique__snapshot_date__track_id"] == ["tracks: snapshot_date + track_id is unique"]
    assert len(described) == len(CHECKS)


def test_the_report_has_a_job_of_its_own_and_is_in_no_other() -> None:
    definitions = dg.Definitions(
        assets=[capture, chart_entries, curated, warehouse, mart_tables, quality_report],
        jobs=[daily, publish, quality],
        schedules=[quality_schedule],
        resources={
            "lake": LakeResource(),
            "engine": EngineResource(),
            "spotify": SpotifyResource(),
            "warehouse": WarehouseResource(),
            "progress": Progress(),
        },
    )
    jobs = [definitions.resolve_job_def(name) for name in ("daily", "publish", "quality")]
    selected = [REPORT in job.asset_layer.selected_asset_keys for job in jobs]
    assert selected == [False, False, True]
    assert jobs[2].asset_layer.selected_asset_keys == {REPORT}
    assert quality_schedule.default_status == dg.DefaultScheduleStatus.STOPPED
