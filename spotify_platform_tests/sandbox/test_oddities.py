"""Oddities: what real answers carry, the same every time, without anything of the tidy catalogue being lost."""

import re
import unicodedata
from typing import Any

import pytest

from spotify_platform.sandbox import Behaviour
from spotify_platform_tests.sandbox.asgi import CATALOGUE, Api

ALBUMS = [album for artist in range(40) for album in CATALOGUE.albums_of(artist, 0)]
TRACKS = [CATALOGUE.track(track) for album in ALBUMS for track in CATALOGUE.tracks_of(album)]


@pytest.fixture(scope="module")
def odd() -> Api:
    return Api(Behaviour(oddities=True))


@pytest.fixture(scope="module")
def tidy() -> Api:
    return Api(Behaviour())


def batch(api: Api, kind: str, ids: list[str], **query: str) -> list[Any]:
    """Objects by id, asked for 20 at a time; None where there is none."""
    parts = [ids[start : start + 20] for start in range(0, len(ids), 20)]
    return [one for part in parts for one in api.get(kind, ids=",".join(part), **query).json[kind]]


def artists(api: Api, **query: str) -> list[Any]:
    return batch(api, "artists", [CATALOGUE.artist(index).id for index in range(40)], **query)


def albums(api: Api, **query: str) -> list[Any]:
    return batch(api, "albums", [CATALOGUE.album(album).id for album in ALBUMS], **query)


def tracks(api: Api, **query: str) -> list[Any]:
    return batch(api, "tracks", [track.id for track in TRACKS], **query)


def items(api: Api, playlist: str) -> list[Any]:
    """A playlist's items, page by page."""
    found: list[Any] = []
    while True:
        page = api.get(f"playlists/{playlist}/items", limit=50, offset=len(found)).json
        found += page["items"]
        if page["next"] is None:
            assert len(found) == page["total"]
            return found


def test_a_tidy_catalogue_has_none_of_it(tidy: Api):
    assert None not in (*artists(tidy), *albums(tidy), *tracks(tidy))
    assert all(album["name"] and album["images"] and album["available_markets"] for album in albums(tidy))
    assert all(track["external_ids"] and "is_playable" not in track for track in tracks(tidy, market="JP"))


def test_some_known_things_vanish_for_a_day_alone_and_in_batches(odd: Api):
    given = tracks(odd)
    gone = [track.id for track, answer in zip(TRACKS, given, strict=True) if answer is None]
    assert 0 < len(gone) < len(TRACKS) / 20
    assert tracks(odd) == given
    assert [odd.get(f"tracks/{one}").status for one in gone] == [404] * len(gone)
    yesterday = CATALOGUE.day(-1)
    assert any(odd.get_on(yesterday, f"tracks/{one}").status == 200 for one in gone)


def test_nothing_of_a_playlist_is_lost_between_what_is_odd(odd: Api, tidy: Api):
    for playlist in CATALOGUE.playlist_ids:
        entries = items(odd, playlist)
        assert entries.count(None) == 2
        present = [entry for entry in entries if entry]
        assert sum(entry["track"] is None for entry in present) >= 1
        known = [entry["track"] for entry in present if entry["track"]]
        assert sum(track["type"] == "episode" for track in known) == 2
        local = [track for track in known if track.get("is_local")]
        assert local and all(track["id"] is None and track["href"] is None for track in local)
        assert any(entry["added_by"] is None for entry in present)
        ordinary = [entry["track"]["id"] for entry in items(tidy, playlist) if entry["track"]]
        assert [track["id"] for track in known if track["type"] == "track" and track["id"]] == [
            identifier for identifier in ordinary if identifier
        ]


def test_dates_are_vague_and_one_is_no_date_at_all(odd: Api):
    shapes = {"day": r"\d{4}-\d\d-\d\d", "month": r"\d{4}-\d\d", "year": r"\d{4}"}
    known = [album for album in albums(odd) if album]
    assert all(re.fullmatch(shapes[one["release_date_precision"]], one["release_date"]) for one in known)
    assert {one["release_date_precision"] for one in known} == set(shapes)
    assert sum(one["release_date"] == "0000" for one in known) == 1


def test_lists_are_empty_and_ids_of_others_are_missing(odd: Api):
    known = [album for album in albums(odd) if album]
    for name, empty in (("images", []), ("available_markets", []), ("external_ids", {}), ("name", "")):
        assert 0 < sum(album[name] == empty for album in known) < len(known) / 4, name
    assert any(artist["images"] == [] for artist in artists(odd) if artist)
    assert any(artist["genres"] == [] for artist in artists(odd) if artist)
    assert any(track["external_ids"] == {} for track in tracks(odd) if track)
    assert sum(album["name"] == "" for album in known) == 1


def test_names_come_in_many_scripts(odd: Api):
    letters = {letter for thing in (*artists(odd), *tracks(odd)) if thing for letter in thing["name"]}
    scripts = {unicodedata.name(letter, "").split()[0] for letter in letters}
    assert {"LATIN", "GREEK", "ARABIC", "CJK"} <= scripts
    assert any(unicodedata.combining(letter) for letter in letters)
    assert any(ord(letter) > 0xFFFF for letter in letters), "an emoji"


def test_an_odd_name_is_found_by_a_search(odd: Api, tidy: Api):
    was = {artist["id"]: artist["name"] for artist in artists(tidy)}
    (renamed, *_) = [artist for artist in artists(odd) if artist and artist["name"] != was[artist["id"]]]
    (found,) = odd.get("search", q=f'artist:"{renamed["name"]}"', type="artist").json["artists"]["items"]
    assert found == renamed


def test_one_recording_has_several_ids(odd: Api):
    isrcs = [track["external_ids"].get("isrc") for track in tracks(odd) if track]
    known = [isrc for isrc in isrcs if isrc]
    assert 3 < len(known) - len(set(known)) < len(known) / 10


def test_a_market_relinks_repeated_recordings(odd: Api):
    given = tracks(odd, market="SE")
    relinked = [(asked.id, one) for asked, one in zip(TRACKS, given, strict=True) if one and "linked_from" in one]
    assert relinked
    for asked, track in relinked:
        assert track["linked_from"]["id"] == asked != track["id"]
        original = odd.get(f"tracks/{asked}").json
        assert "linked_from" not in original
        assert (track["name"], track["external_ids"]) == (original["name"], original["external_ids"])


def test_a_market_tells_what_can_be_played_there_and_not_where_else(odd: Api):
    known = [track for track in tracks(odd, market="SE") if track]
    assert not any("available_markets" in track or "available_markets" in track["album"] for track in known)
    reasons = {track.get("restrictions", {}).get("reason") for track in known}
    assert reasons == {None, "market", "product"}
    assert all(track["is_playable"] == ("restrictions" not in track) for track in known)


def test_the_planted_artists_are_told_as_ever(odd: Api, tidy: Api):
    for index in CATALOGUE.plan.artists:
        path = f"artists/{CATALOGUE.artist(index).id}"
        one, other = odd.get(path).json, tidy.get(path).json
        assert {**one, "images": None} == {**other, "images": None}
