"""The audit: every kind of poison is found, on its date and in nothing else."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from spotify_platform.contracts.curated import ARTISTS, CURATED, TRACK_ARTISTS, TRACKS
from spotify_platform.contracts.marts import MARTS
from spotify_platform.contracts.table import Column, Table, Type
from spotify_platform.quality.audit import audit_tables
from spotify_platform.quality.checks import Finding

GOOD, POISONED, ALSO_GOOD = date(2026, 11, 1), date(2026, 11, 2), date(2026, 11, 3)
WITHOUT_DAYS = date.min  # what is found in a table without days
Row = dict[str, Any]

every_table = pytest.mark.parametrize("table", [*CURATED, *MARTS], ids=lambda table: table.name)


def audit(table: Table, files: list[Path]) -> dict[date, list[Finding]]:
    """What the audit finds in one table, but for references: the other tables are not there."""
    found = audit_tables({table.name: files}, [table])
    kept = {day: [one for one in findings if " stands in " not in one.check] for day, findings in found.items()}
    return {day: findings for day, findings in kept.items() if findings}


def value(column: Column, number: int) -> Any:
    """A value that the contract allows; of a range its two ends in turn."""
    if column.values:
        return column.values[number % len(column.values)]
    if column.between:
        return column.between[number % 2]
    return {
        Type.STRING: f"text {number}",
        Type.STRINGS: ["DE", "US"],
        Type.INTEGER: number,
        Type.BIGINT: number,
        Type.DOUBLE: number / 2,
        Type.BOOLEAN: bool(number % 2),
        Type.DATE: date(2020, 1, 1) + timedelta(number),
        Type.TIMESTAMP: datetime(2026, 11, 1) + timedelta(hours=number),
    }[column.type]


def row(table: Table, day: date, number: int) -> Row:
    """A good row; another number is another key."""
    dated = {table.day: day} if table.day else {}
    return {column.name: value(column, number) for column in table.columns} | dated


def good(table: Table) -> list[Row]:
    """Two good rows on each of three dates; the second holds NULL wherever the contract allows it."""
    rows = []
    for day in (GOOD, POISONED, ALSO_GOOD) if table.day else (POISONED,):
        rows.append(row(table, day, 0))
        nulls = {column.name: None for column in table.columns if column.null}
        if table.key != (table.day,):
            rows.append(row(table, day, 1) | nulls)
    return rows


def parquet(folder: Path, table: Table, rows: Iterable[Row]) -> list[Path]:
    """The rows in two files, as a batch may have."""
    folder.mkdir(parents=True)
    files = [folder / "part-0.parquet", folder / "part-1.parquet"]
    with duckdb.connect() as connection:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in table.duckdb_columns.items())
        connection.execute(f"create table written (row_number integer, {columns})")
        marks = ", ".join("?" * (len(table.names) + 1))
        connection.executemany(
            f"insert into written values ({marks})",
            [[line, *(one[name] for name in table.names)] for line, one in enumerate(rows)],
        )
        for number, file in enumerate(files):
            half = f"select * exclude (row_number) from written where row_number % 2 = {number}"
            connection.execute(f"copy ({half}) to '{file}' (format parquet)")
    return files


@every_table
def test_good_files_have_no_finding(table: Table, tmp_path: Path) -> None:
    assert audit(table, parquet(tmp_path / "good", table, good(table))) == {}


@every_table
def test_no_files_have_no_finding(table: Table) -> None:
    assert audit(table, []) == {}


def poisoned(table: Table, folder: Path, wrong: Iterable[tuple[str, Any]]) -> dict[str, int]:
    """Rows by the check they break, where good rows meet one row per column and wrong value, all on one date."""
    rows = [row(table, POISONED, 2 + n) | {name: bad} for n, (name, bad) in enumerate(wrong)]
    found = audit(table, parquet(folder / "poisoned", table, [*good(table), *rows]))
    assert set(found) <= {poisoned_day(table)}
    findings = found.get(poisoned_day(table), [])
    return {finding.check: finding.rows for finding in findings if "unique" not in finding.check}


def poisoned_day(table: Table) -> date:
    """The day that a finding on the poisoned date is told for."""
    return POISONED if table.day else WITHOUT_DAYS


@every_table
def test_a_null_is_found_in_every_column_that_may_not_hold_it(table: Table, tmp_path: Path) -> None:
    # A row without a date belongs to no date: it has a test of its own.
    columns = [column for column in table.columns if column.name != table.day]
    found = poisoned(table, tmp_path, [(column.name, None) for column in columns])
    assert found == {f"{column.name} is not null": 1 for column in columns if not column.null}


@every_table
def test_a_number_out_of_range_is_found_on_both_sides(table: Table, tmp_path: Path) -> None:
    ranges = {column.name: column.between for column in table.columns if column.between}
    wrong = [(name, bad) for name, (low, high) in ranges.items() for bad in (low - 1, high + 1)]
    found = poisoned(table, tmp_path, wrong)
    assert found == {f"{name} is between {low} and {high}": 2 for name, (low, high) in ranges.items()}


@every_table
def test_a_word_that_is_not_allowed_is_found(table: Table, tmp_path: Path) -> None:
    words = {column.name: column.values for column in table.columns if column.values}
    wrong = [(name, bad) for name, (word, *_) in words.items() for bad in ("", word.swapcase(), f"{word} ")]
    found = poisoned(table, tmp_path, wrong)
    assert found == {f"{name} is one of {', '.join(allowed)}": 3 for name, allowed in words.items()}


@every_table
def test_a_key_that_stands_twice_is_found_and_counted(table: Table, tmp_path: Path) -> None:
    if not table.key:
        rows = [one for one in good(table) for _ in range(2)]
        assert audit(table, parquet(tmp_path / "keyless", table, rows)) == {}
        return
    twice = row(table, POISONED, 0)
    found = audit(table, parquet(tmp_path / "twice", table, [*good(table), twice, twice]))
    assert found == {poisoned_day(table): [Finding(table.name, f"{' + '.join(table.key)} is unique", 2)]}


def test_a_key_is_the_whole_key_and_not_a_part_of_it(tmp_path: Path) -> None:
    rows = [row(TRACK_ARTISTS, GOOD, 0) | {"track_id": t, "artist_id": a} for t, a in (("x", "yz"), ("xy", "z"))]
    rows.append(rows[0] | {"snapshot_date": POISONED})
    assert audit(TRACK_ARTISTS, parquet(tmp_path / "rows", TRACK_ARTISTS, rows)) == {}


def test_every_poison_of_a_date_is_told(tmp_path: Path) -> None:
    poisoned = row(ARTISTS, POISONED, 2) | {"popularity": 150, "detail": "much", "captured_at": None}
    also = row(ARTISTS, ALSO_GOOD, 2) | {"popularity": -1}
    found = audit(ARTISTS, parquet(tmp_path / "rows", ARTISTS, [*good(ARTISTS), poisoned, poisoned, also]))
    assert {day: {(one.check.split()[0], one.rows) for one in findings} for day, findings in found.items()} == {
        POISONED: {("snapshot_date", 1), ("popularity", 2), ("detail", 2), ("captured_at", 2)},
        ALSO_GOOD: {("popularity", 1)},
    }


def test_a_row_without_a_date_is_found(tmp_path: Path) -> None:
    found = audit(ARTISTS, parquet(tmp_path / "rows", ARTISTS, [row(ARTISTS, GOOD, 0) | {"snapshot_date": None}]))
    assert [one.check for findings in found.values() for one in findings] == ["snapshot_date is not null"]


def test_not_a_number_is_out_of_every_range(tmp_path: Path) -> None:
    for mart in MARTS:
        for column in mart.columns:
            if column.type == Type.DOUBLE and column.between:
                rows = [row(mart, GOOD, 0) | {column.name: float("nan")}]
                found = audit(mart, parquet(tmp_path / mart.name / column.name, mart, rows))
                assert [one.check.split()[0] for one in found[GOOD if mart.day else WITHOUT_DAYS]] == [column.name]


def test_a_reference_to_what_the_date_does_not_have_is_found(tmp_path: Path) -> None:
    """An artist of another date is none of this one, NULL refers to nothing, and an unknown one counts row by row."""
    known = parquet(tmp_path / "artists", ARTISTS, [row(ARTISTS, GOOD, 0) | {"artist_id": "ann"}])
    tracks = [row(TRACKS, day, 0) | {"track_id": "t", "album_id": None} for day in (GOOD, POISONED)]
    credits = [
        row(TRACK_ARTISTS, day, number) | {"track_id": "t", "artist_id": artist}
        for day in (GOOD, POISONED)
        for number, artist in enumerate(["ann", "bob", "cy"])
    ]
    files = {
        "artists": known,
        "tracks": parquet(tmp_path / "tracks", TRACKS, tracks),
        "track_artists": parquet(tmp_path / "credits", TRACK_ARTISTS, credits),
    }
    said = "artist_id stands in artists"
    assert audit_tables(files) == {
        GOOD: [Finding("track_artists", said, 2)],
        POISONED: [Finding("track_artists", said, 3)],
    }


def test_a_finding_reads_like_a_sentence_and_gives_an_example() -> None:
    finding = Finding("artists", "popularity is between 0 and 100", 1234)
    assert str(finding) == "artists: popularity is between 0 and 100 (1,234 rows)"
    assert str(replace(finding, example="101")).endswith("(1,234 rows, for instance 101)")
