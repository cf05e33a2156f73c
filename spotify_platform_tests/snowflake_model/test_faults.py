"""Logging in, and the faults that a test can switch on, as the real connector sees them."""

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from snowflake.connector.errors import DatabaseError, OperationalError, ProgrammingError

from .conftest import Client
from .harness import Model


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


def pem(key: RSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def body(key: RSAPrivateKey) -> str:
    return "".join(line for line in pem(key).splitlines() if not line.startswith("-----"))


def refused(model: Model, **kwargs) -> int:
    with pytest.raises(DatabaseError) as caught:
        model.connect(**kwargs)
    return caught.value.errno


def test_a_wrong_password_and_an_unknown_user(model: Model):
    assert refused(model, password="wrong") == 390100
    assert refused(model, user="NOBODY") == 390100


def test_a_key_pair_is_verified(model: Model, snow: Client, key: RSAPrivateKey):
    user = f"{snow.database}_USER"
    assert refused(model, user=user, private_key=key) == 390144
    snow.rows(f"create user if not exists {user} default_role = accountadmin")
    assert refused(model, user=user, private_key=key) == 390144
    snow.rows(f"alter user {user} set rsa_public_key = '{body(key)}'")
    with model.connect(user=user, private_key=key) as connection:
        assert connection.cursor().execute("select current_user()").fetchone() == (user,)
    assert refused(model, user=user, private_key=generate_private_key(65537, 2048)) == 390144
    model.expire_tokens(user)
    assert refused(model, user=user, private_key=key) == 390144
    model.restore()
    snow.rows(f"alter user {user} set disabled = true")
    assert refused(model, user=user, private_key=key) == 390101


def test_a_key_with_its_first_and_last_line_is_refused_as_snowflake_does(snow: Client, key: RSAPrivateKey):
    with pytest.raises(ProgrammingError):
        snow.rows(f"alter user model set rsa_public_key = '{pem(key)}'")


def test_a_role_that_the_user_does_not_have(model: Model, snow: Client):
    role = f"{snow.database}_LOADER"
    assert refused(model, role=role) == 390189
    snow.rows(f"create role {role}")
    assert refused(model, role=role) == 390189
    snow.rows(f"grant role {role} to user model")
    model.connect(role=role).close()


def test_a_privilege_that_is_missing(model: Model, snow: Client):
    snow.rows("create table landing.t as select 1 as a")
    table = f"{snow.database}.LANDING.T"
    model.deny("insert", table)
    assert snow.rows("select a from landing.t") == [(1,)]
    with pytest.raises(ProgrammingError, match="Insufficient privileges to operate on table 'T'") as caught:
        snow.rows("insert into landing.t values (2)")
    assert (caught.value.errno, caught.value.sqlstate) == (3001, "42501")
    model.deny("select", table)
    with pytest.raises(ProgrammingError) as caught:
        snow.rows("create table landing.other as select * from landing.t")
    assert caught.value.errno == 3001
    model.deny("drop", f"{snow.database}.LANDING")
    with pytest.raises(ProgrammingError) as caught:
        snow.rows("drop schema landing")
    assert caught.value.errno == 3001
    model.restore()
    snow.rows("insert into landing.t values (2)")


def test_an_object_that_is_hidden(model: Model, snow: Client):
    snow.rows("create table landing.t as select 1 as a")
    model.hide(f"{snow.database}.LANDING")
    with pytest.raises(ProgrammingError, match="does not exist or not authorized") as caught:
        snow.rows("select * from landing.t")
    assert caught.value.errno == 2003


def test_a_statement_that_fails_once(model: Model, snow: Client):
    model.fail("select 7", code=630, state="57014", message="Statement reached its statement timeout.", nth=2)
    assert snow.value("select 7") == 7
    with pytest.raises(ProgrammingError, match="timeout"):
        snow.rows("select 7")
    assert snow.value("select 7") == 7


@pytest.mark.parametrize("executed", [False, True])
def test_a_session_that_is_lost_with_its_transaction(model: Model, snow: Client, executed: bool):
    snow.rows("create table landing.t (a number(10,0))")
    connection = model.connect(database=snow.database)
    cursor = connection.cursor()
    cursor.execute("begin")
    cursor.execute("insert into landing.t values (1)")
    model.lose_connection("^commit$", executed=executed)
    with pytest.raises(DatabaseError) as caught:
        cursor.execute("commit")
    assert caught.value.errno == 390111
    assert snow.value("select count(*) from landing.t") == int(executed)
    connection.close()


@pytest.mark.parametrize("executed", [False, True])
def test_an_answer_that_is_lost_is_asked_for_again_and_nothing_runs_twice(model: Model, snow: Client, executed: bool):
    snow.rows("create table landing.t (a number(10,0))")
    model.lose_connection("insert", executed=executed, lost="answer")
    assert snow.rows("insert into landing.t values (1)") == [(1,)]
    assert snow.value("select count(*) from landing.t") == 1


def test_a_server_that_does_not_answer_any_more(model: Model, snow: Client):
    connection = model.connect(network_timeout=1)
    model.lose_connection("select 8", lost="server")
    with pytest.raises(OperationalError) as caught:
        connection.cursor().execute("select 8")
    assert caught.value.errno == 250003
    with pytest.raises(OperationalError):
        model.connect(login_timeout=1)
    model.restore()
    assert connection.cursor().execute("select 8").fetchone() == (8,)
    connection.close()


def test_sessions_that_an_administrator_ends(model: Model, snow: Client):
    connection = model.connect()
    model.end_sessions()
    with pytest.raises(ProgrammingError) as caught:
        connection.cursor().execute("select 1")
    assert caught.value.errno == 390111


def test_a_failure_of_the_model_is_an_error_of_sql_at_once(snow: Client):
    with pytest.raises(ProgrammingError):
        snow.rows("select list_extract(1, 2, 3, 4)")


def test_statements_are_noted(model: Model, snow: Client):
    model.forget_statements()
    snow.rows("select 'noted'")
    assert model.statements("noted") == ["select 'noted'"]
