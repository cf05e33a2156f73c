"""The contracts as a document: complete, without contradiction, and what DuckDB takes."""

import re

import duckdb
import pytest

from spotify_platform.contracts.curated import CURATED, CURATED_BY_NAME
from spotify_platform.contracts.marts import MARTS
from spotify_platform.contracts.raw import ENTITIES, ENTITIES_BY_NAME, ENVELOPE
from spotify_platform.contracts.table import Table, Type

TABLES = (*CURATED, *MARTS)
NUMBERS = {Type.INTEGER, Type.BIGINT, Type.DOUBLE}

every_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
every_curated_table = pytest.mark.parametrize("table", CURATED, ids=lambda table: table.name)


@every_table
def test_a_table_and_all_its_columns_say_what_they_mean(table: Table) -> None:
    texts = [table.meaning, table.grain, *(column.meaning for column in table.columns)]
    assert all(text == text.strip() and len(text) > 3 for text in texts)


@every_table
def test_names_are_plain_and_stand_once(table: Table) -> None:
    names = [table.name, *table.names]
    assert all(re.fullmatch("[a-z][a-z0-9_]*", name) for name in names)
    assert len(set(table.names)) == len(table.names)


def test_no_two_tables_of_a_schema_have_one_name() -> None:
    assert len({table.name for table in CURATED}) == len(CURATED) == len(CURATED_BY_NAME)
    assert len({table.name for table in MARTS}) == len(MARTS)
    assert len({entity.name for entity in ENTITIES}) == len(ENTITIES)


@every_table
def test_a_key_is_made_of_columns_that_are_never_null(table: Table) -> None:
    columns = {column.name: column for column in table.columns}
    assert set(table.key) <= set(columns)
    assert len(set(table.key)) == len(table.key)
    assert [name for name in table.key if columns[name].null] == []


def test_only_rejects_have_no_key() -> None:
    assert [table.name for table in TABLES if not table.key] == ["rejects"]


@every_table
def test_a_column_that_may_be_null_says_why_in_words(table: Table) -> None:
    reasons = {column.name: column.null for column in table.columns if column.null}
    assert {name: why for name, why in reasons.items() if why != why.strip() or len(why.split()) < 2} == {}


@every_table
def test_a_range_belongs_to_a_number_and_words_to_a_text(table: Table) -> None:
    for column in table.columns:
        if column.between:
            low, high = column.between
            assert column.type in NUMBERS, column.name
            assert low < high, column.name
        if column.values:
            assert column.type == Type.STRING, column.name
            assert len(set(column.values)) == len(column.values), column.name


@every_table
def test_duckdb_makes_a_table_of_the_declared_types(table: Table) -> None:
    with duckdb.connect() as connection:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in table.duckdb_columns.items())
        connection.execute(f"create table made ({columns})")
        described = connection.execute("select column_name, data_type from duckdb_columns() where table_name = 'made'")
        made = dict(described.fetchall())
    assert made == table.duckdb_columns


def test_a_number_is_as_wide_on_snowflake_as_on_duckdb() -> None:
    widest = {Type.INTEGER: 2**31 - 1, Type.BIGINT: 2**63 - 1}
    assert {kind.snowflake for kind in widest} == {f"NUMBER({len(str(most))},0)" for most in widest.values()}


@every_table
def test_snowflake_gets_the_columns_that_duckdb_has(table: Table) -> None:
    assert list(table.snowflake_columns) == list(table.duckdb_columns)
    assert all(column.type.snowflake for column in table.columns)


@every_curated_table
def test_a_curated_row_tells_its_date_and_the_capture_it_came_from(table: Table) -> None:
    kinds = {column.name: column.type for column in table.columns}
    assert kinds["snapshot_date"] == Type.DATE
    assert kinds["captured_at"] == Type.TIMESTAMP
    assert kinds["capture_id"] == Type.STRING


@every_curated_table
def test_the_feeds_of_a_table_are_entities(table: Table) -> None:
    assert table.sources
    assert set(table.sources) <= set(ENTITIES_BY_NAME)
    assert len(set(table.sources)) == len(table.sources)


def test_every_entity_feeds_a_table_beside_the_rejects() -> None:
    fed = {source for table in CURATED if table.name != "rejects" for source in table.sources}
    assert fed == set(ENTITIES_BY_NAME) == set(CURATED_BY_NAME["rejects"].sources)


def test_an_item_does_not_hide_the_envelope_of_its_line() -> None:
    for entity in ENTITIES:
        assert entity.line == {**ENVELOPE, "item": entity.item}
        assert "item" not in ENVELOPE
