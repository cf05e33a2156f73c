"""Limits: a rate over 30 seconds, quotas over a day. The clock is a test's own, so nobody waits."""

import pytest

from spotify_platform.sandbox import FAMILIES, Behaviour
from spotify_platform.sandbox.limits import Limits, Refusal
from spotify_platform_tests.sandbox.asgi import CATALOGUE, Api, Clock

DAY = 24 * 60 * 60


def accepted(limits: Limits, requests: int, family: str = "tracks") -> int:
    """How many of some requests at one moment are accepted."""
    return sum(limits.refuse(family) is None for _ in range(requests))


def test_a_rate_is_kept_over_any_thirty_seconds():
    clock = Clock()
    limits = Limits(Behaviour(requests_per_second=20), clock)
    assert accepted(limits, 700) == 600
    clock.now = 29.9
    assert accepted(limits, 10) == 0
    clock.now = 30
    assert accepted(limits, 300) == 300
    clock.now = 45
    assert accepted(limits, 400) == 300
    clock.now = 60
    assert accepted(limits, 400) == 300, "those of second 45 still count"


def test_retry_after_is_whole_seconds_until_there_is_room():
    clock = Clock(100.0)
    limits = Limits(Behaviour(requests_per_second=0.1), clock)
    assert accepted(limits, 3) == 3
    assert limits.refuse("tracks") == Refusal(30, quota=False)
    clock.now = 100.5
    assert limits.refuse("tracks") == Refusal(30, quota=False)
    clock.now = 129.9
    assert limits.refuse("tracks") == Refusal(1, quota=False)
    clock.now += 1
    assert limits.refuse("tracks") is None


def test_refused_requests_do_not_count():
    clock = Clock()
    limits = Limits(Behaviour(requests_per_second=1), clock)
    assert accepted(limits, 30) == 30
    clock.now = 15
    assert accepted(limits, 1000) == 0
    clock.now = 30
    assert accepted(limits, 30) == 30


def test_a_quota_is_a_familys_own_and_rolls_over_a_day():
    clock = Clock()
    limits = Limits(Behaviour(quotas={"artists/albums": 100}), clock)
    assert accepted(limits, 60, "artists/albums") == 60
    clock.now = 3600
    assert accepted(limits, 60, "artists/albums") == 40
    assert limits.refuse("artists/albums") == Refusal(DAY - 3600, quota=True)
    assert accepted(limits, 1000, "albums") == 1000
    clock.now = DAY
    assert accepted(limits, 100, "artists/albums") == 60


def test_a_request_that_one_limit_refuses_does_not_count_for_the_other():
    clock = Clock()
    limits = Limits(Behaviour(requests_per_second=1, quotas={"search": 10, "markets": 0}), clock)
    assert accepted(limits, 20, "search") == 10
    assert accepted(limits, 5, "markets") == 0
    assert limits.refuse("markets") == Refusal(DAY, quota=True)
    assert accepted(limits, 30) == 20


def test_too_many_requests_are_answered_429_with_the_seconds_to_wait():
    api = Api(Behaviour(requests_per_second=0.1))
    assert [api.get("markets").status for _ in range(3)] == [200, 200, 200]
    api.clock.now = 10
    refused = api.get("markets")
    assert (refused.status, refused.headers["retry-after"]) == (429, "20")
    assert "reason" not in refused.json["error"]
    api.clock.now = 30
    assert api.get("markets").status == 200


def test_an_exceeded_quota_is_answered_429_with_a_reason_while_others_answer():
    api = Api(Behaviour(quotas={"artists": 2}))
    artist = CATALOGUE.artist(0).id
    # One artist and a batch of them are one family.
    assert api.get(f"artists/{artist}").status == 200
    assert api.get("artists", ids=artist).status == 200
    api.clock.now = 193
    refused = api.get(f"artists/{artist}")
    assert (refused.status, refused.headers["retry-after"]) == (429, "86207")
    assert refused.json["error"]["reason"] == "QUOTA_EXCEEDED"
    assert api.get(f"artists/{artist}/albums").status == 200
    api.clock.now = DAY
    api.token = api.new_token()["access_token"]
    assert api.get(f"artists/{artist}").status == 200


def test_every_endpoint_belongs_to_a_family():
    api, catalogue = Api(Behaviour()), CATALOGUE
    album = catalogue.albums_of(0, 0)[0]
    artist, playlist = catalogue.artist(0).id, catalogue.playlist_ids[0]
    track = catalogue.track(catalogue.tracks_of(album)[0]).id
    asked = {
        f"artists/{artist}": "artists",
        "artists": "artists",
        f"artists/{artist}/albums": "artists/albums",
        f"artists/{artist}/top-tracks": "artists/top-tracks",
        f"albums/{catalogue.album(album).id}": "albums",
        "albums": "albums",
        f"albums/{catalogue.album(album).id}/tracks": "albums/tracks",
        f"tracks/{track}": "tracks",
        "tracks": "tracks",
        f"playlists/{playlist}": "playlists",
        f"playlists/{playlist}/items": "playlists/items",
        f"playlists/{playlist}/tracks": "playlists/items",
        "search": "search",
        "markets": "markets",
        "browse/new-releases": "browse/new-releases",
    }
    for path in asked:
        api.get(path)
    assert [entry.family for entry in api.log()] == list(asked.values())
    assert set(asked.values()) == set(FAMILIES)


def test_a_quota_for_what_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="No endpoint belongs to related-artists"):
        Behaviour(quotas={"related-artists": 5})
