"""Whatever breaks on the way into Snowflake, readers see old or new, and the next run ends right.

What breaks is broken in a model of Snowflake, or in the lake. What is asked of a run is its error, which names what to
do something about, and that the run after it needs nobody's help once all is whole again.
"""

import re
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlparse

import boto3
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from spotify_platform.contracts.errors import (
    AuthenticationError,
    InputError,
    NotAllowedError,
    NotLandedError,
    TransientError,
    UnreachableError,
    WarehouseError,
)
from spotify_platform.lake.publishing import PublishRecord, heads
from spotify_platform.load.snowflake.warehouse import Patience
from spotify_platform.marts.build import published_marts
from spotify_platform.resources import snowflake as resource

from ... import snowflake_model
from .account import DAY, NEXT, Account
from .faults import (
    ALL,
    SHORT,
    content,
    ends_right,
    fails,
    landed_by,
    lasting,
    marts,
    marts_are_of,
    path,
    publish,
    readers_see,
    user_of_runs,
)

SOAK = pytest.mark.soak  # one more of a kind of which others run every time: a test takes half a second to two
KEYED = "MACHINE_WITH_KEY"
NO_PARQUET = b"PAR1 and then nothing that anybody could read PAR1"


@pytest.fixture(scope="module")
def account(
    model: snowflake_model.Model, made: tuple[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Account]:
    with lasting(model, made, tmp_path_factory.mktemp("faults")) as account:
        yield account


@pytest.fixture(autouse=True)
def _whole(account: Account) -> Iterator[None]:
    """Nothing that a test broke is broken in the next one."""
    account.said.clear()
    yield
    account.model.restore()


@pytest.fixture
def old(account: Account) -> PublishRecord:
    """The batch that readers see: where all went well that with which the test before ended."""
    known = heads(account.lake, [DAY]).get(DAY)
    if known and known.files and readers_see(account, known):
        return known
    record = publish(account)
    assert ends_right(account, record)
    return record


@pytest.fixture(scope="module")
def key(account: Account) -> RSAPrivateKey:
    """The key of a user that has no password."""
    key = generate_private_key(65537, 2048)
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    user_of_runs(account, KEYED, rsa_public_key=b64encode(public).decode())
    return key


def pem(key: RSAPrivateKey, encryption: KeySerializationEncryption | None = None) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption()).decode()


@contextmanager
def logging_in(**settings: str | Path | None) -> Iterator[None]:
    """These settings of Snowflake inside, None for one that is not set."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            variable = f"SPOTIFY_PLATFORM_SNOWFLAKE_{name.upper()}"
            if value is None:
                patch.delenv(variable, raising=False)
            else:
                patch.setenv(variable, str(value))
        yield


@pytest.mark.parametrize(
    "settings", [{"password": "wrong-horse"}, {"user": "NOBODY"}], ids=["a wrong password", "an unknown user"]
)
def test_credentials_that_snowflake_does_not_accept_change_nothing(account, old, settings):
    new = publish(account)
    with (
        logging_in(**settings),
        fails(account, AuthenticationError, "Incorrect username or password", secret=["wrong-horse"]),
    ):
        account.load(DAY)
    assert readers_see(account, old)
    assert ends_right(account, new)


@pytest.mark.parametrize("phrase", ["open sesame", pytest.param(None, marks=SOAK)], ids=["encrypted", "plain"])
def test_a_key_lets_in_with_its_passphrase_where_it_has_one(account, old, key, tmp_path, phrase):
    new = publish(account)
    file = tmp_path / "key.p8"
    file.write_text(pem(key, BestAvailableEncryption(phrase.encode()) if phrase else None))
    with logging_in(user=KEYED, password=None, private_key_path=file, private_key_passphrase=phrase):
        assert account.load(DAY) == [DAY]
    assert readers_see(account, new)


@pytest.mark.parametrize("wrong", ["another user's key", "an expired token"])
def test_a_key_that_snowflake_does_not_accept_changes_nothing(account, old, key, tmp_path, wrong):
    new = publish(account)
    file = tmp_path / "key.p8"
    if wrong == "an expired token":
        file.write_text(pem(key))
        account.model.expire_tokens(KEYED)
    else:
        file.write_text(pem(generate_private_key(65537, 2048)))
    with (
        logging_in(user=KEYED, password=None, private_key_path=file),
        fails(account, AuthenticationError, "JWT token is invalid", secret=lines(file)),
    ):
        account.load(DAY)
    assert readers_see(account, old)
    assert ends_right(account, new)


@pytest.mark.parametrize(
    "wrong",
    [
        "no passphrase",
        "no key in the file",
        *(pytest.param(wrong, marks=SOAK) for wrong in ("another passphrase", "half a key", "no such file")),
    ],
)
def test_a_file_that_gives_no_key_is_an_error_of_the_setting(account, old, key, tmp_path, wrong):
    new = publish(account)
    file = tmp_path / "key.p8"
    if wrong != "no such file":
        encrypted = pem(key, BestAvailableEncryption(b"open sesame"))
        texts = {"no key in the file": "a page of something else", "half a key": pem(key)[:500]}
        file.write_text(texts.get(wrong, encrypted))
    phrase = "sesame street" if wrong == "another passphrase" else None
    with (
        logging_in(user=KEYED, password=None, private_key_path=file, private_key_passphrase=phrase),
        fails(account, InputError, "SPOTIFY_PLATFORM_SNOWFLAKE_PRIVATE_KEY_PATH", secret=["sesame", *lines(file)]),
    ):
        account.load(DAY)
    assert readers_see(account, old)
    assert ends_right(account, new)


def test_a_user_without_the_role_of_runs_may_not_and_is_not_called_a_stranger(account, old):
    new = publish(account)
    account.rows("create or replace user GUEST password = 'a-guests-password'")
    with (
        logging_in(user="GUEST", password="a-guests-password"),
        fails(account, NotAllowedError, "SPOTIFY_LOADER", secret=["a-guests-password"]),
    ):
        account.load(DAY)
    assert readers_see(account, old)
    assert ends_right(account, new)


def lines(file: Path) -> list[str]:
    """The lines of a key's file, each of which is a secret."""
    return [line for line in file.read_text().splitlines() if line and "-" not in line] if file.exists() else []


@pytest.mark.parametrize(
    ("verb", "name", "pipes"),
    [
        ("use", "SPOTIFY_LOADER", True),
        ("merge", "SPOTIFY.OPS.PUBLISHED", True),
        ("select", "SPOTIFY.LANDING.TRACKS", True),
        ("read", "SPOTIFY.LANDING.LAKE", False),
        pytest.param("copy", "SPOTIFY.LANDING.TRACKS_COPIED", False, marks=SOAK),
        pytest.param("select", "SPOTIFY.OPS.PUBLISHED", True, marks=SOAK),
        pytest.param("merge", "SPOTIFY.OPS.PUBLISHED", False, marks=SOAK),
        pytest.param("delete", "SPOTIFY.LANDING.TRACKS_COPIED", False, marks=SOAK),
    ],
)
def test_a_grant_that_is_missing_is_named_and_nothing_changes(account, old, verb, name, pipes):
    new = publish(account)
    account.model.deny(verb, name)
    with fails(account, NotAllowedError, rf"(?i)\b{name.rpartition('.')[2]}\b"):
        account.load(DAY, pipes=pipes)
    assert readers_see(account, old)
    assert ends_right(account, new)


@pytest.mark.parametrize(
    ("name", "pipes"),
    [
        ("SPOTIFY.LANDING.TRACKS", True),
        pytest.param("SPOTIFY.LANDING.LAKE", False, marks=SOAK),
        pytest.param("SPOTIFY.LANDING.TRACKS_COPIED", False, marks=SOAK),
        pytest.param("SPOTIFY.OPS.PUBLISHED", True, marks=SOAK),
        pytest.param("SPOTIFY.OPS", True, marks=SOAK),
    ],
)
def test_an_object_that_is_not_there_is_named_and_nothing_changes(account, old, name, pipes):
    new = publish(account)
    account.model.hide(name)
    with fails(account, NotAllowedError, rf"(?i)\b{name.rpartition('.')[2]}\b"):
        account.load(DAY, pipes=pipes)
    account.model.restore()
    assert readers_see(account, old)
    assert ends_right(account, new)


@pytest.mark.parametrize("verb", ["alter", pytest.param("monitor", marks=SOAK)])
def test_a_pipe_that_may_not_be_told_or_asked_is_named_when_files_do_not_land_by_themselves(account, old, verb):
    account.model.hold_pipes()
    new = publish(account)
    account.model.deny(verb, "SPOTIFY.LANDING.TRACKS_PIPE")
    with fails(account, NotAllowedError, r"(?i)\btracks_pipe\b"):
        account.load(DAY, patience=SHORT)
    assert readers_see(account, old)
    assert ends_right(account, new)


def test_a_paused_pipe_is_named_at_the_deadline_and_what_it_lands_later_is_not_seen(account, old):
    account.rows("alter pipe landing.tracks_pipe set pipe_execution_paused = true")
    try:
        new, other = publish(account), publish(account, NEXT, tables=["artists"])
        account.model.wait_until_drained()
        with fails(account, NotLandedError, rf"{inside(new)}: not there.*tracks PAUSED") as caught:
            account.load(DAY, NEXT, patience=SHORT)
        assert isinstance(caught.value, TransientError)
        assert readers_see(account, old, other)  # which needed no tracks
        assert ends_right(account, new)
        assert landed_by(account, new) == "copy"
    finally:
        account.rows("alter pipe landing.tracks_pipe set pipe_execution_paused = false")
    account.model.wait_until_drained()
    assert landed_rows(account, new) == 2 * new.rows["tracks"]
    assert readers_see(account, new)


def inside(record: PublishRecord, table: str = "tracks", part: int = 0) -> str:
    """The name of a table's file as errors tell it, for a regular expression."""
    return re.escape(path(record, table, part).removeprefix("curated/"))


def landed_rows(account: Account, record: PublishRecord, table: str = "tracks") -> int:
    """The rows of a batch in both of a table's tables, seen or not."""
    both = f"select file_name from landing.{table} union all select file_name from landing.{table}_copied"
    ((rows,),) = account.rows(f"select count(*) from ({both}) where file_name like '%{record.batch_id}%'")
    return int(rows)


def test_pipes_that_hold_their_files_beyond_the_deadline_are_waited_for_once(account, old):
    account.model.hold_pipes()
    new = publish(account)
    with fails(account, NotLandedError, new.batch_id) as caught:
        account.load(DAY, patience=SHORT)
    assert isinstance(caught.value, TransientError)
    assert readers_see(account, old)
    assert account.load(DAY, patience=SHORT) == [DAY]  # though the pipes still hold them
    assert landed_by(account, new) == "copy"
    assert readers_see(account, new)
    account.model.release_pipes()
    account.model.wait_until_drained()
    assert landed_rows(account, new) == 2 * new.rows["tracks"]
    assert account.load(DAY) == []
    assert ends_right(account, new)


def test_pipes_that_are_late_but_within_the_deadline_are_waited_for(account, old):
    account.model.hold_pipes()
    new = publish(account)
    with account.warehouse(patience=Patience(deadline=5, between=0.05, refresh_after=0.1)) as warehouse:
        warehouse.say = lambda text: account.model.release_pipes()
        assert warehouse.load(account.lake, [new]) == [DAY]
    assert landed_by(account, new) == "pipe"
    assert readers_see(account, new)


def test_a_file_that_does_not_parse_is_refused_in_snowflakes_words_until_its_date_is_published_anew(account, old):
    damaged = publish(account, instead={"tracks": NO_PARQUET})
    account.model.wait_until_drained()
    ((words,),) = account.rows(
        "select first_error_message from table(information_schema.copy_history(table_name => 'landing.tracks', "
        "start_time => dateadd(hour, -1, current_timestamp()))) "
        f"where file_name like '%{damaged.batch_id}%' and status = 'Load failed'"
    )
    assert words
    words = " ".join(words.split())[:60]
    for _ in range(2):
        with fails(account, WarehouseError, inside(damaged)) as caught:
            account.load(DAY)
        assert words in str(caught.value)
        assert readers_see(account, old)
    new = publish(account)
    assert ends_right(account, new)
    assert landed_by(account, new) == "pipe"


@pytest.mark.parametrize("pipes", [pytest.param(True, marks=SOAK), False], ids=["pipe", "copy"])
def test_a_date_that_fails_does_not_keep_another_of_the_same_call_from_being_switched(account, old, pipes):
    publish(account, instead={"tracks": NO_PARQUET})
    good = publish(account, NEXT)
    with fails(account, WarehouseError, r"2026-10-01.*tracks") as caught:
        account.load(DAY, NEXT, pipes=pipes)
    assert good.batch_id not in str(caught.value)
    assert readers_see(account, old, good)
    new = publish(account)
    assert ends_right(account, new, good)


@pytest.mark.parametrize("pipes", [True, pytest.param(False, marks=SOAK)], ids=["pipe", "copy"])
def test_a_file_with_more_rows_than_published_is_named_with_both_counts(account, old, pipes):
    wrong = publish(account, off={"tracks": -1})
    told = wrong.rows["tracks"]
    for _ in range(2):
        with fails(account, WarehouseError, rf"{inside(wrong)}: {told + 1} rows landed, {told} were published"):
            account.load(DAY, pipes=pipes)
        assert readers_see(account, old)
    new = publish(account)
    assert ends_right(account, new)


def test_a_file_with_fewer_rows_than_published_is_waited_for_and_named_with_both_counts_when_it_is_copied(account, old):
    """Snowpipe may commit a file in parts, a COPY does not."""
    wrong = publish(account, off={"tracks": 1})
    told = wrong.rows["tracks"]
    with fails(account, NotLandedError, inside(wrong)):
        account.load(DAY, patience=SHORT)
    assert readers_see(account, old)
    with fails(account, WarehouseError, rf"{inside(wrong)}: {told - 1} rows landed, {told} were published"):
        account.load(DAY)
    assert readers_see(account, old)
    new = publish(account)
    assert ends_right(account, new)


@SOAK
def test_rows_that_are_lost_after_they_landed_are_missed_and_copied_by_the_next_run(account, old):
    new = publish(account)
    account.model.wait_until_drained()
    account.rows(f"delete from landing.tracks where file_name like '%{new.batch_id}%' and track_id = 't1'")
    with fails(account, NotLandedError, inside(new)):
        account.load(DAY, patience=SHORT)
    assert readers_see(account, old)
    assert ends_right(account, new)
    assert landed_by(account, new) == "copy"


def test_a_file_that_two_pipes_load_is_found_out_and_copied_by_the_next_run(account, old):
    with another_pipe(account, "tracks"):
        new = publish(account)
        account.model.wait_until_drained()
        twice = 2 * new.rows["tracks"]
        assert landed_rows(account, new) == twice
        match = rf"{inside(new)}: {twice} rows landed, {new.rows['tracks']} were published"
        with fails(account, WarehouseError, match):
            account.load(DAY)
        assert readers_see(account, old)
        assert ends_right(account, new)
        assert landed_by(account, new) == "copy"


@contextmanager
def another_pipe(account: Account, table: str) -> Iterator[None]:
    """A second pipe on the same path and into the same table, as somebody makes one by hand."""
    ((_, _, _, _, definition, *_),) = account.rows(f"show pipes like '{table}_pipe' in schema landing")
    account.rows(f"create pipe landing.{table}_by_hand auto_ingest = true as {definition}")
    try:
        yield
    finally:
        account.rows(f"drop pipe landing.{table}_by_hand")


def test_a_foreign_file_in_the_folder_of_a_batch_is_named_and_not_copied_by_the_next_run(account, old):
    new = publish(account)
    account.lake.put(path(new, "tracks", part=7), content(old, "tracks"))
    account.model.wait_until_drained()
    with fails(account, WarehouseError, rf"{inside(new, part=7)}: {old.rows['tracks']} rows landed, 0 were published"):
        account.load(DAY)
    assert readers_see(account, old)
    assert ends_right(account, new)
    assert landed_by(account, new) == "copy"


@SOAK
def test_a_pipe_that_somebody_makes_after_a_date_was_switched_shows_no_row_twice(account, old):
    new = publish(account)
    account.load(DAY)
    with another_pipe(account, "tracks"):
        batch = f"snapshot_date={DAY}/batch_id={new.batch_id}/"
        account.rows(f"alter pipe landing.tracks_by_hand refresh prefix = '{batch}'")
        lands_later(account, new, new.rows["tracks"])
    assert readers_see(account, new)


@SOAK
def test_a_foreign_file_that_comes_after_a_date_was_switched_is_not_seen(account, old):
    new = publish(account)
    account.load(DAY)
    account.lake.put(path(new, "tracks", part=7), content(old, "tracks"))
    lands_later(account, new, old.rows["tracks"])
    assert readers_see(account, new)


def lands_later(account: Account, record: PublishRecord, rows: int) -> None:
    """Wait until so many rows more have landed under the name of a batch."""
    account.model.wait_until_drained()
    if landed_rows(account, record) != record.rows["tracks"] + rows:
        raise RuntimeError("They have not: this test cannot show anything.")


@SOAK
def test_what_engines_leave_beside_a_batchs_files_is_nobodys_business(account, old):
    new = publish(account)
    folder = path(new, "tracks").rpartition("/")[0]
    for name in ("_temporary/0/part-0.parquet", ".part-0.parquet.crc", "_SUCCESS", "part-0.parquet.tmp"):
        account.lake.put(f"{folder}/{name}", content(old, "tracks"))
    account.model.wait_until_drained()
    assert account.load(DAY) == [DAY]
    assert readers_see(account, new)
    assert landed_by(account, new) == "pipe"


@pytest.mark.parametrize(
    ("tables", "pipes"),
    [
        pytest.param(["artists"], True, id="one table, by pipe"),
        pytest.param([], False, id="none, by copy"),
        pytest.param([], True, id="none, by pipe", marks=SOAK),
        pytest.param(["artists"], False, id="one table, by copy", marks=SOAK),
    ],
)
def test_a_table_without_rows_in_the_new_batch_shows_none_of_the_old_one(account, old, tables, pipes):
    new = publish(account, tables=tables)
    assert set(new.rows) == set(tables)
    assert account.load(DAY, pipes=pipes) == [DAY]
    assert readers_see(account, new)
    assert ends_right(account, new)


def test_files_that_no_event_tells_of_land_when_the_pipes_are_told_to_look(account, old):
    with no_events(account):
        new = publish(account)
        account.model.wait_until_drained()
        assert landed_rows(account, new) == 0
        account.model.forget_statements()
        assert account.load(DAY, patience=Patience(deadline=5, between=0.05, refresh_after=0)) == [DAY]
        refreshed = account.model.statements("(?i)refresh")
    assert len(refreshed) == len(new.files)
    assert all(f"snapshot_date={DAY}" in statement for statement in refreshed)
    assert landed_by(account, new) == "pipe"
    assert readers_see(account, new)
    assert ends_right(account, new)


@contextmanager
def no_events(account: Account) -> Iterator[None]:
    """The bucket tells nobody of new objects."""
    bucket, client = urlparse(account.lake.url).netloc, boto3.client("s3")
    told = client.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"]
    client.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    try:
        yield
    finally:
        client.put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration={"QueueConfigurations": told}
        )


def test_events_that_come_twice_and_in_another_order_change_nothing(account, old):
    bucket, prefix = urlparse(account.lake.url).netloc, urlparse(account.lake.url).path.strip("/")
    with no_events(account):
        first, new = publish(account), publish(account)
        for record in (new, first, new):
            for file in reversed(record.files):
                account.model.announce(bucket, f"{prefix}/{file.path}")
        account.model.wait_until_drained()
    assert readers_see(account, old)
    assert landed_rows(account, first) == first.rows["tracks"]
    assert landed_rows(account, new) == new.rows["tracks"]
    assert account.load(DAY) == [DAY]
    assert landed_by(account, new) == "pipe"
    assert readers_see(account, new)
    for file in new.files:
        account.model.announce(bucket, f"{prefix}/{file.path}")
    account.model.wait_until_drained()
    assert ends_right(account, new)


# Where the connection is lost in a load, and whether the batch is seen by then when the statement ran.
SWITCH = r"^merge into ops\.published"
LOST = {
    "before anything": (r".", True, False),
    "as rows are counted": (r"^select 'artists', file_name", True, False),
    "at the switch": (SWITCH, True, True),
    "as a transaction begins": (r"^begin", False, False),
    "in the middle of a copy": (r"^copy into landing\.tracks_copied", False, False),
    "at the switch of a copy": (SWITCH, False, False),
    "at its commit": (r"^commit", False, True),
}


@pytest.mark.parametrize(
    ("where", "ran"),
    [
        *(
            pytest.param(where, ran, marks=SOAK)
            for where in ("as rows are counted", "as a transaction begins")
            for ran in (False, True)
        ),
        pytest.param("before anything", True, marks=SOAK),
        ("before anything", False),
        ("in the middle of a copy", False),
        pytest.param("in the middle of a copy", True, marks=SOAK),
        pytest.param("at the switch of a copy", False, marks=SOAK),
        pytest.param("at the switch of a copy", True, marks=SOAK),
        *((where, ran) for where in ("at the switch", "at its commit") for ran in (False, True)),
    ],
)
def test_a_connection_that_is_lost_with_its_session_leaves_old_or_new(account, old, where, ran):
    matching, pipes, decides = LOST[where]
    new = publish(account)
    if pipes:
        account.model.wait_until_drained()
    account.model.lose_connection(matching, executed=ran)
    with fails(account, UnreachableError) as caught:
        account.load(DAY, pipes=pipes)
    assert isinstance(caught.value, TransientError)
    assert readers_see(account, new if ran and decides else old)
    assert account.load(DAY) == ([] if ran and decides else [DAY])
    assert ends_right(account, new)


@pytest.mark.parametrize(
    ("where", "ran"),
    [
        ("at the switch", True),
        pytest.param("at its commit", True, marks=SOAK),
        pytest.param("in the middle of a copy", True, marks=SOAK),
        *(
            pytest.param(where, False, marks=SOAK)
            for where in ("at the switch", "in the middle of a copy", "at its commit")
        ),
    ],
)
def test_an_answer_that_is_lost_is_asked_for_again_without_a_word(account, old, where, ran):
    matching, pipes, _ = LOST[where]
    new = publish(account)
    account.model.forget_statements()
    account.model.lose_connection(matching, executed=ran, lost="answer")
    assert account.load(DAY, pipes=pipes) == [DAY]
    assert readers_see(account, new)
    assert ends_right(account, new)


@pytest.mark.parametrize(
    ("verb", "name"),
    [
        ("insert", "SPOTIFY.MARTS.TRENDING_ARTISTS_DAILY"),
        pytest.param("use", "SPOTIFY_TRANSFORMER", marks=SOAK),
        pytest.param("select", "SPOTIFY.CURATED.CHART_ENTRIES", marks=SOAK),
        pytest.param("write", "SPOTIFY.OPS.UPLOADS", marks=SOAK),
    ],
)
def test_a_grant_that_is_missing_for_the_marts_leaves_all_of_them_as_they_were(account, old, verb, name):
    assert marts_are_of(account, old)
    before = marts(account)
    new = publish(account)
    account.load(DAY)
    account.model.deny(verb, name)
    with fails(account, NotAllowedError, rf"(?i)\b{name.rpartition('.')[2]}\b"):
        account.build()
    account.model.restore()
    assert marts(account) == before
    assert marts_are_of(account, new)
    assert marts(account) != before


@pytest.mark.parametrize(
    ("matching", "ran"),
    [
        (r"^insert into marts\.trending_artists_daily", True),
        *(
            pytest.param(matching, ran, marks=SOAK)
            for matching, ran in [
                (r"^use role SPOTIFY_TRANSFORMER", False),
                (r"^put ", False),
                (r"^put ", True),
                (r"^insert into marts\.trending_artists_daily", False),
                (r"^commit", False),
                (r"^commit", True),
            ]
        ),
    ],
)
def test_a_connection_that_is_lost_in_a_build_leaves_all_marts_of_one_build(account, old, matching, ran):
    assert marts_are_of(account, old)
    before = marts(account)
    new = publish(account)
    account.load(DAY)
    account.model.lose_connection(matching, executed=ran)
    with fails(account, UnreachableError):
        account.build()
    left = marts(account)
    assert published_marts(account.lake).batches[DAY] == old.batch_id
    assert marts_are_of(account, new)
    after = marts(account)
    assert before != after
    assert left == (after if ran and matching == r"^commit" else before)


# The connector tries to cancel a statement that takes too long, in a thread of its own, and fails at that too.
CANCELS = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


@CANCELS
@pytest.mark.parametrize("pipes", [True, pytest.param(False, marks=SOAK)], ids=["pipe", "copy"])
def test_a_server_that_is_gone_is_unreachable_until_it_is_back(account, old, monkeypatch, pipes):
    monkeypatch.setattr(resource, "_LOGIN_SECONDS", 1)
    monkeypatch.setattr(resource, "_NETWORK_SECONDS", 1)
    new = publish(account)
    if pipes:
        account.model.wait_until_drained()
    account.model.lose_connection(SWITCH, lost="server")
    for _ in range(2):  # as it goes, and when it is gone already
        with fails(account, UnreachableError):
            account.load(DAY, pipes=pipes)
    account.model.restore()
    assert readers_see(account, old)
    account.model.end_sessions()  # as Snowflake does with one that nobody speaks to
    assert ends_right(account, new)


@CANCELS
@pytest.mark.parametrize("status", [503, pytest.param(429, marks=SOAK), pytest.param(500, marks=SOAK)])
def test_a_server_that_answers_with_its_own_faults_is_unreachable_until_it_is_well(account, old, monkeypatch, status):
    monkeypatch.setattr(resource, "_LOGIN_SECONDS", 1)
    monkeypatch.setattr(resource, "_NETWORK_SECONDS", 1)
    new = publish(account)
    with gateway(account) as gate, logging_in(url=gate.url):
        with account.warehouse() as warehouse:
            gate.status = status
            with fails(account, UnreachableError):
                warehouse.load(account.lake, [new])
        assert readers_see(account, old)
        gate.status = 200
        assert account.load(DAY) == [DAY]
    assert ends_right(account, new)


@dataclass
class Gate:
    """What stands before Snowflake's servers: passes everything on, or answers with a status of its own."""

    url: str
    status: int = 200


@contextmanager
def gateway(account: Account) -> Iterator[Gate]:
    """A gate before the model."""

    class Passing(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, headers, content = gate.status, {}, b""
            if status == 200:
                url = f"http://{account.model.host}:{account.model.port}{self.path}"
                answer = requests.post(url, body, headers=dict(self.headers), timeout=60)
                status, content = answer.status_code, answer.content
                headers = {"Content-Type": answer.headers["Content-Type"]}
            self.send_response(status)
            for name, value in (headers | {"Content-Length": str(len(content))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_DELETE = do_POST  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Passing) as server:
        gate = Gate(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield gate
        finally:
            server.shutdown()
            thread.join()


@SOAK
@pytest.mark.parametrize("matching", [r"^select 'artists', file_name", SWITCH], ids=["count", "switch"])
@pytest.mark.parametrize("pipes", [True, False], ids=["pipe", "copy"])
def test_a_statement_that_snowflake_ends_is_told_in_its_words(account, old, matching, pipes):
    new = publish(account)
    if pipes:
        account.model.wait_until_drained()
    words = "Statement reached its statement or warehouse timeout of 1 second(s) and was canceled."
    account.model.fail(matching, code=630, state="57014", message=words)
    with fails(account, WarehouseError, re.escape(words)):
        account.load(DAY, pipes=pipes)
    assert readers_see(account, old)
    assert ends_right(account, new)


@SOAK
def test_all_tables_are_switched_together_whatever_they_hold(account, old):
    """The other tests look at a few tables, since each file takes its time."""
    new = publish(account, tables=ALL)
    account.model.lose_connection(SWITCH)
    with fails(account, UnreachableError):
        account.load(DAY)
    assert readers_see(account, old)
    assert ends_right(account, new)
