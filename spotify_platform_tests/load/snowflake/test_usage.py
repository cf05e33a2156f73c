"""What loading used of an account, and what is said where the account's own views may not be read."""

import json

from spotify_platform.lake.publishing import heads
from spotify_platform.resources.platform import warehouse_of
from spotify_platform.resources.providers import ask_providers

from ...lake.helpers import artist
from .account import DAY, Account


def test_loading_tells_its_tag_its_bytes_and_a_minute_of_the_warehouse_at_least(account: Account) -> None:
    record = account.publish(DAY, "c1", artist("ann"))
    about = {"asset": "load", "dates": str(DAY), "run": "run-1"}
    used: dict[str, object] = {}
    with warehouse_of(account.home, about, account.said.append, used) as warehouse:
        warehouse.load(account.lake, heads(account.lake, [DAY]).values())
    assert json.loads(str(used["snowflake_query_tag"])) == about
    assert used["snowflake_pipe_bytes"] == sum(file.bytes for file in record.files)
    assert used["snowflake_credits"] == round(60 / 3600, 6)


def test_what_was_loaded_already_is_not_counted_again(account: Account) -> None:
    account.publish(DAY, "c1", artist("ann"))
    for expected in (True, False):
        used: dict[str, object] = {}
        with warehouse_of(account.home, {"asset": "load"}, account.said.append, used) as warehouse:
            warehouse.load(account.lake, heads(account.lake, [DAY]).values())
        assert bool(used["snowflake_pipe_bytes"]) is expected


def test_views_that_may_not_be_read_are_said(account: Account) -> None:
    """The model of Snowflake has none of them."""
    told = ask_providers(account.home, DAY, DAY)
    assert "snowflake" not in told.metered
    assert "'SNOWFLAKE' does not exist or not authorized" in told.silent["snowflake"]
