"""Every answer of the sandbox, held against the OpenAPI documents of the Web API.

The documents are wrong in places; each deviation below is one that recorded answers of Spotify have too.
"""

import datetime
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from spotify_platform.sandbox import Behaviour, Catalogue, Faults
from spotify_platform_tests.sandbox.asgi import Api
from spotify_platform_tests.sandbox.openapi import Deviations, Document

CATALOGUE = Catalogue(7, 40, datetime.date(2026, 11, 20))
FILES = {"extended": "extended-2025-10-03.yml", "development": "development-2026-08-21.yml"}

# In every recorded playlist, in no document.
IN_PLAYLISTS = frozenset(
    ("items.primary_color", "items.video_thumbnail", "playlist.primary_color", "track.episode", "track.track")
)
# A playlist has a local file, of which nearly nothing is known, and a vanished track.
IN_LOCAL_FILES = frozenset(
    f"{thing}.{name}"
    for thing in ("track", "album", "artist")
    for name in ("id", "href", "uri", "album_type", "release_date", "release_date_precision")
)
EXTENDED = Deviations(
    additional=IN_PLAYLISTS,
    null=IN_LOCAL_FILES | {"items.track"},
    missing=frozenset(("album.total_tracks",)),  # of a local file's album
)
ODD = Deviations(
    additional=EXTENDED.additional | {"episode.episode", "episode.track", "album.is_playable"},
    null=EXTENDED.null
    # What vanished for a day, in batches; items that are null; items added by nobody.
    | {"/artists.artists[]", "/albums.albums[]", "/tracks.tracks[]"}
    | {"tracks.items[]", "/playlists/{playlist_id}/tracks.items[]", "items.added_by"},
    missing=EXTENDED.missing | {"album.available_markets"},  # with a market `is_playable` stands for it
)
DEVELOPMENT = Deviations(
    additional=frozenset(("playlist.primary_color", "album.is_playable")),
    # Required by the document, and yet no longer told.
    missing=frozenset(("album.label", "album.popularity", "album.available_markets", "album.album_group")),
)

ABSENT = {
    "track": {"popularity", "available_markets", "linked_from", "preview_url"},
    "album": {"popularity", "label", "available_markets", "album_group"},
    "artist": {"popularity", "followers", "genres"},
    "playlist": {"tracks", "items"},
}


@cache
def document(folder: Path, mode: str) -> Document:
    return Document(folder / "openapi" / FILES[mode])


def answers(behaviour: Behaviour, offset: int, market: dict[str, str]) -> Iterator[tuple[str, Any]]:
    """(endpoint in the document, answer) for everything a day has."""
    api, day = Api(behaviour, CATALOGUE), CATALOGUE.day(offset)
    allowed = {200, 404} if behaviour.oddities else {200}  # some things vanish for a day

    def got(endpoint: str, path: str, **query: str | int) -> Iterator[tuple[str, Any]]:
        answer = api.get_on(day, path, **{**market, **query})
        assert answer.status in allowed, (path, query, answer.body)
        if answer.status == 200:
            yield endpoint, answer.json

    artists = [CATALOGUE.artist(index).id for index in range(40)]
    known = [album for index in range(40) for album in CATALOGUE.albums_of(index, offset)]
    albums = [CATALOGUE.album(album).id for album in known]
    tracks = [CATALOGUE.track(track).id for album in known for track in CATALOGUE.tracks_of(album)]
    for artist in artists:
        yield from got("/artists/{id}", f"artists/{artist}")
        yield from got("/artists/{id}/albums", f"artists/{artist}/albums")
    for album in albums[::3]:
        yield from got("/albums/{id}", f"albums/{album}")
        yield from got("/albums/{id}/tracks", f"albums/{album}/tracks", limit=3, offset=1)
    for track in tracks[::7]:
        yield from got("/tracks/{id}", f"tracks/{track}")
    for kinds in ("artist", "album", "track", "artist,album,track"):
        yield from got("/search", "search", q="year:1990-2027", type=kinds, limit=10, offset=20)
    for playlist in CATALOGUE.playlist_ids:
        yield from got("/playlists/{playlist_id}", f"playlists/{playlist}")
    if behaviour.mode == "development":
        return
    yield from got("/artists", "artists", ids=",".join(artists))
    for start in range(0, len(albums), 20):
        yield from got("/albums", "albums", ids=",".join(albums[start : start + 20]))
    for start in range(0, len(tracks), 50):
        yield from got("/tracks", "tracks", ids=",".join(tracks[start : start + 50]))
    yield from got("/artists/{id}/top-tracks", f"artists/{artists[4]}/top-tracks", market="SE")
    for playlist in CATALOGUE.playlist_ids:
        yield from got("/playlists/{playlist_id}/tracks", f"playlists/{playlist}/tracks", limit=100)
        # The newer name is in the other document only; its answer is the same.
        yield from got("/playlists/{playlist_id}/tracks", f"playlists/{playlist}/items", limit=50)
    yield from got("/markets", "markets")
    yield from got("/browse/new-releases", "browse/new-releases", limit=50)


CASES = [
    pytest.param(Behaviour(), {}, EXTENDED, id="extended"),
    pytest.param(Behaviour(oddities=True), {}, ODD, id="extended-odd"),
    pytest.param(Behaviour(oddities=True), {"market": "JP"}, ODD, id="extended-odd-in-japan"),
    pytest.param(Behaviour(mode="development"), {}, DEVELOPMENT, id="development"),
    pytest.param(Behaviour(mode="development", oddities=True), {"market": "JP"}, DEVELOPMENT, id="development-odd"),
]


@pytest.mark.parametrize("offset", [-400, 0, 200])
@pytest.mark.parametrize(("behaviour", "market", "deviations"), CASES)
def test_every_answer_is_as_documented(
    shared_data: Path, behaviour: Behaviour, market: dict[str, str], deviations: Deviations, offset: int
):
    known = document(shared_data, behaviour.mode)
    given = list(answers(behaviour, offset, market))
    assert len(given) > 150
    assert {problem for where, answer in given for problem in known.problems(where, answer, deviations)} == set()


def test_development_tells_nothing_of_what_it_no_longer_tells():
    def told(thing: Any) -> Iterator[tuple[str, str]]:
        if isinstance(thing, dict):
            yield from ((thing["type"], name) for name in thing if "uri" in thing)
            thing = list(thing.values())
        if isinstance(thing, list):
            for part in thing:
                yield from told(part)

    for oddities in (False, True):
        behaviour = Behaviour(mode="development", oddities=oddities)
        names = {pair for _, answer in answers(behaviour, 0, {"market": "JP"}) for pair in told(answer)}
        assert {kind for kind, _ in names} == {"artist", "album", "track", "playlist", "user"}
        assert not {(kind, name) for kind, name in names if name in ABSENT.get(kind, set())}


def test_errors_are_worded_as_spotify_words_them(shared_data: Path):
    script = ((1, "429"), (2, "429-quota"), (3, "expired"))
    api = Api(Behaviour(mode="development", faults=Faults(script=script)))
    responses = shared_data / "responses"
    for name in (
        "development_mode/error_429_rate_limit",
        "development_mode/error_429_quota_exceeded",
        "recorded/vcr_error_401_expired",
    ):
        assert api.get("search", q="x", type="artist").json == json.loads((responses / f"{name}.json").read_text())
    api = Api(Behaviour(mode="development"))
    forbidden = json.loads((responses / "development_mode/error_403_forbidden.json").read_text())
    assert api.get("markets").json == forbidden


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"popularity": "80"}, "track.popularity is '80', which is no integer"),
        ({"explicit": None}, "track.explicit is null"),
        ({"loudness": -7.0}, "track.loudness is not in the document"),
        ({"album": {"type": "album", "uri": "spotify:album:1"}}, "album.artists is missing"),
        ({"artists": [{"name": 1}]}, "artists.name is 1, which is no string"),
        ({"type": "song"}, "song.type is 'song', which is none of ['track']"),
    ],
)
def test_a_wrong_answer_is_found(shared_data: Path, change: dict[str, Any], problem: str):
    known = document(shared_data, "extended")
    artist = CATALOGUE.artist(0).id
    (track, *_) = Api(Behaviour()).get(f"artists/{artist}/top-tracks", market="SE").json["tracks"]
    assert known.problems("/tracks/{id}", track, Deviations()) == []
    assert problem in known.problems("/tracks/{id}", {**track, **change}, Deviations())
