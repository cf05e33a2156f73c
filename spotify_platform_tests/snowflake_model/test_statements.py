"""Statements on tables and on the objects of an account, over the real connector."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from snowflake.connector.errors import DatabaseError, ProgrammingError

from .conftest import Client
from .harness import Model


def failing(snow: Client, sql: str, code: int, state: str = "") -> str:
    with pytest.raises(DatabaseError) as caught:
        snow.rows(sql)
    assert caught.value.errno == code
    assert not state or caught.value.sqlstate == state
    return str(caught.value)


def test_ddl_may_run_again(snow):
    for _ in range(2):
        snow.rows(f"create database if not exists {snow.database} data_retention_time_in_days = 1")
        snow.rows("create schema if not exists marts")
        snow.rows("create transient table if not exists marts.m (a varchar, at timestamp_ltz)")
        snow.rows("alter table marts.m add column if not exists b number(10,0), if not exists a varchar")
        snow.rows("create or replace view marts.v copy grants as select a, b from marts.m")
    assert snow.rows(f"select * from {snow.database}.marts.v") == []
    assert [row[:2] for row in snow.rows("describe table marts.m")][1] == ("AT", "TIMESTAMP_LTZ(9)")


def test_a_new_database_is_current_and_begins_with_public(snow):
    snow.rows(f"use database {snow.database}")
    asked = "select current_database(), current_schema(), current_role(), current_warehouse(), current_user()"
    assert snow.rows(asked) == [(snow.database, "PUBLIC", "ACCOUNTADMIN", "COMPUTE_WH", "MODEL")]
    assert snow.rows("select current_version(), current_account()") == [("10.0.0", "MODEL")]


@pytest.mark.parametrize("form", ["ARROW", "JSON"])
def test_values_of_all_types_and_nulls_come_back(model: Model, snow, form):
    columns = (
        "s varchar, i number(19,0), d number(10,2), f float, b boolean, day date, at timestamp_ltz, n timestamp_ntz"
    )
    snow.rows(f"create table landing.t ({columns})")
    at, naive = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC), datetime(1969, 12, 31, 23, 0, 0, 500000)
    values = ("x", 1, Decimal("1.50"), 0.25, True, date(2026, 1, 2), at, naive)
    snow.rows("insert into landing.t values (%s, %s, %s, %s, %s, %s, %s, %s)", values)
    snow.rows("insert into landing.t (i) values (2)")
    parameters = {"TIMEZONE": "UTC", "PYTHON_CONNECTOR_QUERY_RESULT_FORMAT": form}
    with model.connect(database=snow.database, session_parameters=parameters) as connection:
        rows = connection.cursor().execute("select * from landing.t order by i").fetchall()
    assert rows == [values, (None, 2, *[None] * 6)]


def test_bind_variables_by_position_and_many_rows(model: Model, snow):
    snow.rows("create table landing.t (s varchar, i number(19,0), at timestamp_ntz)")
    at = datetime(2026, 1, 2)
    with model.connect(database=snow.database, schema="LANDING", paramstyle="qmark") as connection:
        cursor = connection.cursor()
        cursor.executemany("insert into t values (?, ?, ?)", [("a", 1, at), ("b", None, at), (None, 3, at)])
        assert cursor.rowcount == 3
        assert cursor.execute("select * from t where i >= ? order by i", (1,)).fetchall() == [
            ("a", 1, at),
            (None, 3, at),
        ]
    with snow.connection.cursor() as cursor:
        cursor.executemany("insert into landing.t (s, i) values (%s, %s)", [("c", 4), ("d", 5)])
        assert cursor.rowcount == 2
    assert snow.value("select count(*) from landing.t") == 5


def test_arrow_tables_can_be_fetched(snow):
    with snow.connection.cursor() as cursor:
        cursor.execute("select column1 as a, column2 as b from values (1, 'x'), (2, null)")
        assert cursor.fetch_arrow_all(force_return_table=True).to_pydict() == {"A": [1, 2], "B": ["x", None]}


MERGE = (
    "merge into landing.t as old using (select column1 as k, column2 as v from values ('a', 2), ('b', 3)) as new "
    "on old.k = new.k when matched and new.v > old.v then update set v = new.v "
    "when not matched then insert (k, v) values (new.k, new.v)"
)


@pytest.mark.parametrize("inside", [False, True])
def test_merge_in_and_outside_of_a_transaction(snow, inside):
    snow.rows("create table landing.t as select 'a' as k, 1 as v")
    snow.rows("begin") if inside else None
    assert snow.rows(MERGE) == [(1, 1)]
    assert snow.rows("select k, v from landing.t order by k") == [("a", 2), ("b", 3)]
    snow.rows("rollback")
    assert snow.value("select count(*) from landing.t") == (1 if inside else 2)


def test_merge_refuses_two_rows_for_one(snow):
    snow.rows("create table landing.t as select 'a' as k, 1 as v")
    failing(snow, MERGE.replace("('b', 3)", "('a', 3)"), 100090, "42P18")


def test_a_statement_that_fails_leaves_the_transaction_open(snow):
    snow.rows("create table landing.t (i number(10,0) not null)")
    snow.rows("begin")
    snow.rows("insert into landing.t values (1)")
    failing(snow, "select * from landing.nope", 2003, "42S02")
    failing(snow, "insert into landing.t select 'x'", 100038)
    failing(snow, "insert into landing.t values (null)", 100072)
    assert snow.value("select count(*) from landing.t") == 1
    snow.rows("insert into landing.t values (2)")
    snow.rows("commit")
    assert snow.rows("select i from landing.t order by i") == [(1,), (2,)]
    snow.rows("begin")
    failing(snow, "select 1 / 0", 100051)
    snow.rows("rollback")


def test_ddl_commits_and_the_end_of_a_session_rolls_back(model: Model, snow):
    snow.rows("create table landing.t (i number(10,0))")
    snow.rows("begin")
    snow.rows("insert into landing.t values (1)")
    snow.rows("create table landing.other (i number(10,0))")
    snow.rows("rollback")
    assert snow.value("select count(*) from landing.t") == 1
    with model.connect(database=snow.database) as connection:
        connection.cursor().execute("begin")
        connection.cursor().execute("delete from landing.t")
    assert snow.value("select count(*) from landing.t") == 1


def test_of_two_transactions_on_one_row_one_fails(model: Model, snow):
    snow.rows("create table landing.t as select 'a' as k, 1 as v")
    snow.rows("begin")
    snow.rows(MERGE)
    with model.connect(database=snow.database) as connection:
        connection.cursor().execute("begin")
        with pytest.raises(ProgrammingError) as caught:
            connection.cursor().execute("update landing.t set v = 5")
        assert caught.value.errno == 625
        connection.cursor().execute("rollback")
    snow.rows("commit")
    assert snow.rows("select v from landing.t where k = 'a'") == [(2,)]


def test_without_autocommit_dml_begins_a_transaction(model: Model, snow):
    snow.rows("create table landing.t (i number(10,0))")
    with model.connect(database=snow.database, autocommit=False) as connection:
        connection.cursor().execute("insert into landing.t values (1)")
        connection.rollback()
        connection.cursor().execute("insert into landing.t values (2)")
        connection.commit()
    assert snow.rows("select i from landing.t") == [(2,)]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("listagg(s, ',') within group (order by i desc)", "b,a"),
        ("listagg(distinct s) within group (order by s)", "ab"),
        ("listagg(iff(i > 5, s, null), ',')", ""),
        ("sum(i)", 3),
        ("max(split_part('x=1/y=2', 'y=', 2))", "2"),
        ("max(nullif(i, 2))", 1),
        ("max(datediff('day', '2026-01-01'::date, dateadd(day, 3, '2026-01-01'::date)))", 3),
        ("max(to_timestamp_ltz('2026-01-01 00:00:00'))", datetime(2026, 1, 1, tzinfo=UTC)),
        ("min(i / nullif(i - 1, 0))", 2.0),
    ],
)
def test_functions(snow, expression: str, value: Any):
    assert (
        snow.value(f"select {expression} as x from (select column1 as i, column2 as s from values (1, 'a'), (2, 'b'))")
        == value
    )


def test_qualify_windows_and_joins(snow):
    values = "(select column1 as k, column2 as v from values ('a', 1), ('a', 2), ('b', 3))"
    newest = f"select k, v from {values} qualify row_number() over (partition by k order by v desc) = 1"
    assert snow.rows(f"select l.k, l.v, r.v from ({newest}) as l inner join {values} as r using (k) order by 1, 3") == [
        ("a", 2, 1),
        ("a", 2, 2),
        ("b", 3, 3),
    ]


def test_columns_without_a_name_are_called_by_their_text(snow):
    assert list(snow.records("select count(*), 'x'")[0]) == ["COUNT(*)", "'X'"]


def test_words_that_only_duckdb_reserves_are_names(snow):
    snow.rows("create table landing.t (at timestamp_ltz, lambda varchar)")
    snow.rows("insert into landing.t (at, lambda) values ('2026-01-01 00:00:00 +00:00', 'x')")
    assert snow.rows("select t.at, lambda from landing.t as t") == [(datetime(2026, 1, 1, tzinfo=UTC), "x")]


def test_the_time_zone_is_not_utc_unless_somebody_says_so(model: Model):
    with model.connect() as connection:
        moment = "select '2026-01-01 00:00:00'::timestamp_ltz"
        local = connection.cursor().execute(moment).fetchall()[0][0]
        connection.cursor().execute("alter session set timezone = 'UTC', query_tag = 'test'")
        utc = connection.cursor().execute(moment).fetchall()[0][0]
    assert (utc - local).total_seconds() == -8 * 3600


def test_objects_that_are_not_there(snow):
    assert "Database 'NOPE'" in failing(snow, "select * from nope.public.t", 2003, "02000")
    assert f"'{snow.database}.LANDING.NOPE'" in failing(snow, "select * from landing.nope", 2003, "42S02")
    failing(snow, "select * from nope.t", 2003, "02000")
    failing(snow, "select nope from (select 1 as a)", 904, "42000")
    failing(snow, "use schema nope", 2043, "02000")
    failing(snow, "use warehouse nope", 2043)
    failing(snow, "selekt 1", 1003, "42000")
    failing(snow, "select 1; select 2", 8)
    failing(snow, "create table landing.t (a varchar) as x", 1003)
    failing(snow, "alter session set query_tagg = 'x'", 1420)
    failing(snow, "alter warehouse nope set resource_monitor = nope", 2003)
    failing(snow, "create stage landing.x storage_integration = nope url = 's3://x/'", 2003)


def test_nothing_computes_without_a_warehouse(model: Model, snow):
    snow.rows("create table landing.t (a varchar)")
    with model.connect(warehouse="NOPE", database=snow.database) as connection:
        connection.cursor().execute("show tables")
        with pytest.raises(ProgrammingError) as caught:
            connection.cursor().execute("select * from landing.t")
        assert caught.value.errno == 606
        connection.cursor().execute(f"create warehouse if not exists {snow.database}_XS warehouse_size = xsmall")
        assert connection.cursor().execute("select * from landing.t").fetchall() == []


def test_warehouses_and_their_monitor(snow):
    name = f"{snow.database}_XS"
    snow.rows(
        f"create resource monitor if not exists {name}_M with credit_quota = 20 frequency = monthly "
        "start_timestamp = immediately triggers on 80 percent do notify on 100 percent do suspend"
    )
    snow.rows(f"create warehouse if not exists {name} warehouse_size = xsmall auto_suspend = 60 auto_resume = true")
    snow.rows(f"alter warehouse {name} set resource_monitor = {name}_M")
    (shown,) = snow.records(f"show warehouses like '{name}'")
    assert (shown["name"], shown["auto_suspend"], shown["resource_monitor"]) == (name, "60", f"{name}_M")
    assert snow.value("select current_warehouse()") == name


def test_an_integration_tells_whom_to_trust_and_another_id_when_it_is_made_anew(lake: Client):
    name = f"{lake.database}_LAKE"

    def told() -> dict[str, str]:
        rows = lake.records(f"describe integration {name}")
        return {row["property"]: row["property_value"] for row in rows}

    before = told()
    assert before["STORAGE_AWS_IAM_USER_ARN"].startswith("arn:aws:iam::")
    assert before["STORAGE_ALLOWED_LOCATIONS"] == f"s3://{lake.bucket}/lake/curated/"
    made = "type = external_stage storage_provider = 's3' enabled = true storage_allowed_locations = ('s3://other/')"
    lake.rows(f"create storage integration if not exists {name} {made}")
    assert told() == before
    lake.rows(f"create or replace storage integration {name} {made}")
    assert told()["STORAGE_AWS_EXTERNAL_ID"] != before["STORAGE_AWS_EXTERNAL_ID"]
    failing(lake, f"create stage landing.x url = 's3://elsewhere/' storage_integration = {name}", 3167)


def test_stages_show_where_they_are(lake: Client):
    shown = {row["name"]: (row["url"], row["type"]) for row in lake.records("show stages in schema landing")}
    assert shown == {"LAKE": (f"s3://{lake.bucket}/lake/curated/", "EXTERNAL"), "UPLOADS": ("", "INTERNAL")}
    told = {row["property"]: row["property_value"] for row in lake.records("desc stage landing.lake")}
    assert told["URL"] == f'["s3://{lake.bucket}/lake/curated/"]'


def test_grants_are_kept_and_checked_for_sense(lake: Client):
    role = f"{lake.database}_LOADER"
    lake.rows(f"create role if not exists {role}")
    failing(lake, f"use role {role}", 3013, "42501")
    lake.rows(f"grant usage on schema landing to role {role}")
    lake.rows(f"grant select, insert on all tables in schema landing to role {role}")
    lake.rows(f"grant read, write on stage landing.uploads to role {role}")
    lake.rows(f"grant role {role} to role sysadmin")
    rows = lake.records(f"show grants to role {role}")
    assert {(row["privilege"], row["granted_on"], row["name"].removeprefix(f"{lake.database}.")) for row in rows} == {
        ("USAGE", "SCHEMA", "LANDING"),
        ("SELECT", "TABLE", "LANDING.ARTISTS"),
        ("INSERT", "TABLE", "LANDING.ARTISTS"),
        ("READ", "STAGE", "LANDING.UPLOADS"),
        ("WRITE", "STAGE", "LANDING.UPLOADS"),
    }
    lake.rows(f"revoke usage on schema landing from role {role}")
    assert len(lake.rows(f"show grants to role {role}")) == 4
    failing(lake, f"grant usage on stage landing.uploads to role {role}", 3008)
    failing(lake, f"grant monitor on pipe landing.nope to role {role}", 2003)
    failing(lake, "grant usage on schema landing to role nope", 2003)
    lake.rows(f"use role {role}")
    assert lake.value("select current_role()") == role


def test_a_dropped_database_takes_its_objects_along(lake: Client):
    lake.rows(f"drop database {lake.database}")
    lake.rows(f"drop database if exists {lake.database}")
    failing(lake, "create table x (a varchar)", 90105)
    lake.rows(f"create database {lake.database}")
    assert lake.rows("show stages in database") == []
