"""Development and extended mode: what an app gets, and what it no longer gets."""

import pytest

from spotify_platform.sandbox import Behaviour
from spotify_platform_tests.sandbox.asgi import CATALOGUE, Api

ARTIST = CATALOGUE.artist(3).id
ALBUM = CATALOGUE.album(CATALOGUE.albums_of(3, 0)[0]).id
TRACK = CATALOGUE.track(CATALOGUE.chart("US", CATALOGUE.anchor)[0].track_index).id
PLAYLIST = CATALOGUE.playlist_ids[0]


@pytest.fixture
def development() -> Api:
    return Api(Behaviour(mode="development"))


@pytest.fixture
def extended() -> Api:
    return Api(Behaviour())


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("artists", {"ids": ARTIST}),
        ("albums", {"ids": ALBUM}),
        ("tracks", {"ids": TRACK}),
        (f"artists/{ARTIST}/top-tracks", {"market": "US"}),
        (f"playlists/{PLAYLIST}/items", {}),
        (f"playlists/{PLAYLIST}/tracks", {}),
        ("browse/new-releases", {}),
        ("markets", {}),
    ],
)
def test_what_development_mode_lost_is_forbidden_there_and_answered_in_extended_mode(
    development: Api, extended: Api, path: str, query: dict[str, str]
):
    refused = development.get(path, **query)
    assert (refused.status, refused.json) == (403, {"error": {"status": 403, "message": "Forbidden"}})
    assert extended.get(path, **query).status == 200


@pytest.mark.parametrize(
    ("path", "query"),
    [("search", {"q": "year:2000-2026", "type": "track"}), (f"artists/{ARTIST}/albums", {})],
)
def test_pages_of_development_mode_have_5_items_and_10_at_most(development: Api, path: str, query: dict[str, str]):
    def page(**limit: int) -> dict:
        answer = development.get(path, **query, **limit).json
        return answer.get("tracks", answer)

    assert page()["limit"] == 5
    assert page(limit=10)["limit"] == 10
    assert development.get(path, **query, limit=11).status == 400


def test_an_albums_tracks_still_come_50_a_page(development: Api):
    assert development.get(f"albums/{ALBUM}/tracks", limit=50).json["limit"] == 50


def test_the_tracks_of_a_playlist_come_50_a_page_by_the_new_name_and_100_by_the_old(extended: Api):
    assert extended.get(f"playlists/{PLAYLIST}/items", limit=50).status == 200
    assert extended.get(f"playlists/{PLAYLIST}/items", limit=51).status == 400
    assert extended.get(f"playlists/{PLAYLIST}/tracks", limit=100).status == 200
    assert extended.get(f"playlists/{PLAYLIST}/tracks", limit=101).status == 400


def test_objects_of_development_mode_are_those_of_extended_mode_less_some_fields(development: Api, extended: Api):
    reduced, full = development.get(f"tracks/{TRACK}").json, extended.get(f"tracks/{TRACK}").json
    assert set(full) - set(reduced) == {"popularity", "available_markets", "preview_url"}
    assert set(full["album"]) - set(reduced["album"]) == {"available_markets"}
    reduced, full = development.get(f"albums/{ALBUM}").json, extended.get(f"albums/{ALBUM}").json
    assert set(full) - set(reduced) == {"popularity", "label", "available_markets"}
    assert set(full["tracks"]["items"][0]) - set(reduced["tracks"]["items"][0]) == {"available_markets", "preview_url"}
    reduced, full = development.get(f"artists/{ARTIST}").json, extended.get(f"artists/{ARTIST}").json
    assert set(full) - set(reduced) == {"popularity", "followers", "genres"}
    assert reduced == {name: full[name] for name in reduced}


def test_a_playlist_is_told_without_its_items_to_whom_it_does_not_belong(development: Api, extended: Api):
    reduced, full = development.get(f"playlists/{PLAYLIST}").json, extended.get(f"playlists/{PLAYLIST}").json
    assert set(full) - set(reduced) == {"tracks"}
    assert "items" not in reduced and reduced["snapshot_id"] == full["snapshot_id"]


def test_fields_of_a_playlist_can_be_asked_for_one_by_one(development: Api, extended: Api):
    asked = {"fields": "snapshot_id,name,tracks,nonsense"}
    assert list(extended.get(f"playlists/{PLAYLIST}", **asked).json) == ["snapshot_id", "name", "tracks"]
    assert list(development.get(f"playlists/{PLAYLIST}", **asked).json) == ["snapshot_id", "name"]
    assert extended.get(f"playlists/{PLAYLIST}", fields="tracks.items(track(name))").status == 400
