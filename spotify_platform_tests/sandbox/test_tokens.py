"""Tokens: a new one for every request, good for as long as was said."""

from spotify_platform.sandbox import Behaviour, Faults
from spotify_platform_tests.sandbox.asgi import Api

EXPIRED = {"error": {"status": 401, "message": "The access token expired"}}


def test_every_token_is_new_and_the_older_ones_stay_good():
    api = Api(Behaviour())
    first = api.token
    api.token = api.new_token()["access_token"]
    assert api.token != first
    assert api.get("markets").status == 200
    api.token = first
    assert api.get("markets").status == 200


def test_a_token_is_refused_after_its_time():
    api = Api(Behaviour(token_seconds=60))
    assert api.new_token()["expires_in"] == 60
    api.clock.now = 59
    assert api.get("markets").status == 200
    api.clock.now = 60
    refused = api.get("markets")
    assert (refused.status, refused.json) == (401, EXPIRED)
    api.token = api.new_token()["access_token"]
    assert api.get("markets").status == 200


def test_a_token_that_a_fault_expired_is_refused_until_a_new_one_is_fetched():
    api = Api(Behaviour(faults=Faults(script=((2, "expired"),))))
    assert api.get("markets").status == 200
    assert api.get("markets").json == EXPIRED
    assert api.get("markets").json == EXPIRED
    api.token = api.new_token()["access_token"]
    assert api.get("markets").status == 200
    assert [entry.fault for entry in api.log()] == [None, "expired", None, None]


def test_a_token_of_another_server_is_good_too():
    one, other = Api(Behaviour()), Api(Behaviour())
    other.token = one.token
    assert other.get("markets").status == 200
