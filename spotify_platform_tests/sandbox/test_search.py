"""Searching with filters, as far as a platform needs them to find what it does not know."""

import datetime

import pytest

from spotify_platform.sandbox import Behaviour
from spotify_platform_tests.sandbox.asgi import CATALOGUE, Api


@pytest.fixture(scope="module")
def api() -> Api:
    return Api(Behaviour())


def found(api: Api, q: str, kind: str, day: datetime.date | None = None, **query: str) -> list[dict]:
    """Everything that is found, page by page."""
    items: list[dict] = []
    while True:
        answer = api.get_on(day or CATALOGUE.anchor, "search", q=q, type=kind, limit=50, offset=len(items), **query)
        assert answer.status == 200, answer.body
        page = answer.json[f"{kind}s"]
        items += page["items"]
        if len(items) >= page["total"]:
            assert page["next"] is None and len({one["id"] for one in items}) == len(items)
            return items


def test_a_genre_finds_its_artists(api: Api):
    genre = CATALOGUE.artist(0).genres[0]
    artists = [CATALOGUE.artist(index) for index in range(40)]
    assert [one["id"] for one in found(api, f'genre:"{genre}"', "artist")] == [
        a.id for a in artists if genre in a.genres
    ]


@pytest.mark.parametrize(("years", "first", "last"), [("2026", 2026, 2026), ("2020-2024", 2020, 2024)])
def test_a_year_finds_what_came_out_then(api: Api, years: str, first: int, last: int):
    albums = found(api, f"year:{years}", "album")
    assert albums and all(first <= int(album["release_date"][:4]) <= last for album in albums)
    tracks = found(api, f"year:{years}", "track")
    assert {track["album"]["id"] for track in tracks} == {album["id"] for album in albums}
    artists = found(api, f"year:{years}", "artist")
    assert {artist["id"] for artist in artists} == {album["artists"][0]["id"] for album in albums}


def test_new_is_what_came_out_in_the_last_two_weeks(api: Api):
    album = CATALOGUE.album(CATALOGUE.planted_album_index)
    seen = {
        days: [one["id"] for one in found(api, "tag:new", "album", day=CATALOGUE.day(album.release + days))]
        for days in (-1, 0, 13, 14)
    }
    assert {days: album.id in ids for days, ids in seen.items()} == {-1: False, 0: True, 13: True, 14: False}


def test_filters_and_words_narrow_each_other(api: Api):
    artist = CATALOGUE.artist(0)
    albums = found(api, f'artist:"{artist.name}"', "album")
    assert len(albums) == len(CATALOGUE.albums_of(0, 0))
    year = albums[0]["release_date"][:4]
    narrowed = found(api, f'artist:"{artist.name}" year:{year}', "album")
    assert [one["id"] for one in narrowed] == [one["id"] for one in albums if one["release_date"].startswith(year)]
    named = found(api, f'artist:"{artist.name}" {albums[0]["name"]}', "album")
    assert albums[0]["id"] in [one["id"] for one in named]


def test_a_market_finds_what_is_sold_there(api: Api):
    everywhere = found(api, "year:1900-2026", "album")
    in_japan = found(api, "year:1900-2026", "album", market="JP")
    assert in_japan == [album for album in everywhere if "JP" in album["available_markets"]]
    assert 0 < len(in_japan) < len(everywhere)
    assert found(api, "year:1900-2026", "track", market="FI") == []
    assert api.get("search", q="x", type="artist", market="Japan").status == 400


@pytest.mark.parametrize("query", ["year:lately", "tag:hipster", 'genre:"no such genre"'])
def test_filters_that_nothing_passes_find_nothing(api: Api, query: str):
    assert found(api, query, "artist") == []
