"""The server, spoken to by the real spotipy over loopback."""

import datetime
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
import requests
import spotipy
from spotipy.cache_handler import MemoryCacheHandler

from spotify_platform.sandbox import GLOBAL, MARKETS, Catalogue, Sandbox, serve

ANCHOR = datetime.date(2026, 11, 20)
CATALOGUE = Catalogue(7, 40, ANCHOR)
EARLIER = ANCHOR - datetime.timedelta(days=200)
STRANGER = "0" * 22


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """One server for the module."""
    with serve(CATALOGUE) as running:
        yield running


@pytest.fixture(scope="module")
def spotify(sandbox: Sandbox) -> spotipy.Spotify:
    """A client of the anchor day."""
    return client(sandbox, ANCHOR)


def client(sandbox: Sandbox, day: datetime.date) -> spotipy.Spotify:
    """Spotipy as the platform sets it up."""
    auth = spotipy.SpotifyClientCredentials("anybody", "anything", cache_handler=MemoryCacheHandler())
    auth.OAUTH_TOKEN_URL = sandbox.token_url
    spotify = spotipy.Spotify(
        auth_manager=auth, retries=0, status_retries=0, status_forcelist=(599,), requests_timeout=10
    )
    spotify.prefix = sandbox.api_url(day)
    return spotify


def everything(spotify: spotipy.Spotify, page: dict) -> list[dict]:
    """The items of a page and all that follow it."""
    items = list(page["items"])
    while page["next"]:
        page = spotify.next(page)
        items += page["items"]
    assert len(items) == page["total"]
    return items


def status_of(call) -> int:
    """The HTTP status spotipy reports for a call."""
    with pytest.raises(spotipy.SpotifyException) as raised:
        call()
    return raised.value.http_status


@pytest.mark.parametrize("day", [ANCHOR, EARLIER])
def test_paging_to_the_end_of_everything_gives_the_catalogue(sandbox: Sandbox, day: datetime.date):
    spotify, offset = client(sandbox, day), CATALOGUE.offset(day)
    artists = spotify.artists([CATALOGUE.artist(index).id for index in range(40)])["artists"]
    assert [artist["followers"]["total"] for artist in artists] == [
        CATALOGUE.followers(index, offset) for index in range(40)
    ]
    for index, artist in enumerate(artists):
        assert artist["name"] == CATALOGUE.artist(index).name
        albums = everything(spotify, spotify.artist_albums(artist["id"], limit=1))
        known = CATALOGUE.albums_of(index, offset)
        assert [album["id"] for album in albums] == [CATALOGUE.album(one).id for one in known]
        if not albums:
            continue
        for full, album in zip(spotify.albums([a["id"] for a in albums])["albums"], known, strict=True):
            ids = [CATALOGUE.track(track).id for track in CATALOGUE.tracks_of(album)]
            assert [track["id"] for track in full["tracks"]["items"]] == ids
            if index < 3:
                assert [t["id"] for t in everything(spotify, spotify.album_tracks(full["id"], limit=2))] == ids
                assert [t["album"]["id"] for t in spotify.tracks(ids)["tracks"]] == [full["id"]] * len(ids)
    for index, identifier in enumerate(CATALOGUE.playlist_ids):
        items = everything(spotify, spotify.playlist(identifier)["tracks"])
        assert items == everything(spotify, spotify.playlist_items(identifier, limit=50))
        assert len(items) == len(CATALOGUE.playlist(index, offset).items)


def test_links_keep_day_and_query(sandbox: Sandbox):
    spotify = client(sandbox, EARLIER)
    page = spotify.search('genre:"pop"', limit=1, type="artist")["artists"]
    assert page["next"].startswith(f"{sandbox.url}/days/{EARLIER}/v1/search?")
    following = spotify.next(page)["artists"]
    assert following["offset"] == 1 and following["total"] == page["total"]
    assert following["items"][0]["id"] != page["items"][0]["id"]
    assert following["previous"] and spotify._get(following["previous"])["artists"]["items"] == page["items"]


def test_objects_are_complete(spotify: spotipy.Spotify):
    artist = spotify.artist(CATALOGUE.artist(2).id)
    assert {
        "external_urls",
        "followers",
        "genres",
        "href",
        "images",
        "popularity",
        "type",
        "uri",
    } <= artist.keys()
    assert spotify._get(artist["href"]) == artist
    album = spotify.album(CATALOGUE.album(CATALOGUE.planted_album_index).id)
    assert {
        "album_type",
        "available_markets",
        "external_ids",
        "label",
        "popularity",
        "tracks",
    } <= album.keys()
    track = spotify.track(album["tracks"]["items"][0]["id"])
    assert set(album["tracks"]["items"][0]) < set(track)
    assert {"external_ids", "popularity", "album", "is_local"} <= track.keys()
    assert track["uri"] == f"spotify:track:{track['id']}" and len(track["external_ids"]["isrc"]) == 12
    group = spotify.artist_albums(album["artists"][0]["id"], include_groups="album", limit=50)["items"]
    assert group[0]["id"] == album["id"] and {one["album_group"] for one in group} == {"album"}


def test_a_playlist_has_a_local_file_and_a_vanished_track(spotify: spotipy.Spotify):
    items = everything(spotify, spotify.playlist(CATALOGUE.playlist_ids[1])["tracks"])
    (local,) = [item for item in items if item["is_local"]]
    assert local["track"]["id"] is None and local["track"]["uri"].startswith("spotify:local:")
    assert sum(item["track"] is None for item in items) == 1


def test_unknown_ids_are_null_in_a_batch_and_404_alone(spotify: spotipy.Spotify):
    known = CATALOGUE.artist(0).id
    assert [one and one["id"] for one in spotify.artists([STRANGER, known])["artists"]] == [None, known]
    assert spotify.albums([STRANGER])["albums"] == [None]
    assert spotify.tracks([STRANGER, STRANGER])["tracks"] == [None, None]
    for call in (spotify.artist, spotify.album, spotify.track, spotify.playlist, spotify.artist_top_tracks):
        assert status_of(lambda call=call: call(STRANGER)) == 404


def test_what_is_released_later_is_unknown_before(sandbox: Sandbox):
    album = CATALOGUE.album(CATALOGUE.planted_album_index).id
    assert client(sandbox, EARLIER).albums([album])["albums"] == [None]
    assert client(sandbox, ANCHOR).albums([album])["albums"][0]["id"] == album


def test_search_top_tracks_markets_and_new_releases(spotify: spotipy.Spotify):
    name = CATALOGUE.artist(3).name
    assert spotify.search(name, type="artist", limit=5)["artists"]["items"][0]["name"] == name
    both = spotify.search(f'artist:"{name}"', type="album,track", limit=50)
    assert {track["artists"][0]["name"] for track in both["tracks"]["items"]} == {name}
    assert both["albums"]["total"] == len(CATALOGUE.albums_of(3, 0))
    popularities = [t["popularity"] for t in spotify.artist_top_tracks(CATALOGUE.artist(3).id)["tracks"]]
    assert popularities == sorted(popularities, reverse=True) and len(popularities) <= 10
    assert spotify._get("markets")["markets"] == list(MARKETS)
    dates = [album["release_date"] for album in spotify._get("browse/new-releases", limit=50)["albums"]["items"]]
    assert dates == sorted(dates, reverse=True) and len(dates) == 50


def test_popularity_follows_the_charts(spotify: spotipy.Spotify):
    top = CATALOGUE.chart(GLOBAL, ANCHOR)[0].track_id
    assert spotify.track(top)["popularity"] >= 80


def test_bad_input_is_refused(spotify: spotipy.Spotify):
    artist = CATALOGUE.artist(0).id
    bad = [
        lambda: spotify.artists([artist] * 51),
        lambda: spotify.albums([STRANGER] * 21),
        lambda: spotify._get("tracks"),
        lambda: spotify.artist_albums(artist, limit=51),
        lambda: spotify.artist_albums(artist, limit=0),
        lambda: spotify.artist_albums(artist, offset=-1, limit=5),
        lambda: spotify.artist_albums(artist, include_groups="mixtape", limit=5),
        lambda: spotify.playlist_items(CATALOGUE.playlist_ids[0], limit=101),
        lambda: spotify.search("x", type="planet"),
        lambda: spotify.search(" ", type="artist"),
        lambda: spotify._get(f"artists/{artist}/top-tracks"),
    ]
    assert [status_of(call) for call in bad] == [400] * len(bad)


def test_days_and_paths_that_do_not_exist_are_404(sandbox: Sandbox, spotify: spotipy.Spotify):
    token = spotify.auth_manager.get_access_token(as_dict=False)
    headers = {"Authorization": f"Bearer {token}"}
    for path in ("/days/2001-01-01/v1/markets", "/days/soon/v1/markets", "/v1/nothing/here", "/"):
        answer = requests.get(sandbox.url + path, headers=headers, timeout=10)
        assert (answer.status_code, answer.json()["error"]["status"]) == (404, 404)
    for slash in ("", "/"):
        assert requests.get(f"{sandbox.url}/v1/markets{slash}", headers=headers, timeout=10).status_code == 200


def test_tokens_are_asked_for_and_required(sandbox: Sandbox):
    form = {"grant_type": "client_credentials"}
    refused = requests.post(sandbox.token_url, data=form, timeout=10)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_client")
    by_form = {**form, "client_id": "a", "client_secret": "b"}
    given = requests.post(sandbox.token_url, data=by_form, timeout=10)
    assert given.json()["expires_in"] == 3600
    for headers in ({}, {"Authorization": "Bearer stale"}, {"Authorization": "Basic abc"}):
        answer = requests.get(f"{sandbox.url}/v1/markets", headers=headers, timeout=10)
        assert (answer.status_code, answer.json()["error"]["status"]) == (401, 401)


def test_a_hundred_thousand_artists_answer_quickly():
    catalogue = Catalogue(7, 100_000, ANCHOR)
    with serve(catalogue) as running:
        spotify = client(running, ANCHOR)
        spotify.auth_manager.get_access_token(as_dict=False)
        start = time.perf_counter()
        last = [catalogue.artist(99_999 - index).id for index in range(50)]
        assert all(spotify.artists(last)["artists"])
        assert spotify.search('genre:"jazz"', type="artist", limit=50)["artists"]["total"] > 50
        assert time.perf_counter() - start < 3


def test_the_process_ends_with_the_block_also_on_an_exception():
    with pytest.raises(RuntimeError, match="inside"), serve(CATALOGUE) as running:
        raise RuntimeError("inside")
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(running.url, timeout=5)


def test_the_process_ends_when_its_parent_is_killed():
    script = (
        "import datetime, sys\n"
        "from spotify_platform.sandbox import Catalogue, serve\n"
        "with serve(Catalogue(7, 40, datetime.date(2026, 11, 20))) as running:\n"
        "    print(running.url, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert parent.stdin and parent.stdout
    url = parent.stdout.readline().strip()
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait(10)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            requests.get(f"{url}/v1/markets", timeout=5)
        except requests.RequestException:
            break
    else:
        pytest.fail("the server outlived its parent")
    parent.stdin.close()
    parent.stdout.close()


def test_no_answer_tells_a_story(spotify: spotipy.Spotify):
    answer = json.dumps(spotify.artists([CATALOGUE.artist(index).id for index in range(40)])).lower()
    assert not any(word in answer for word in ("viral", "falling", "steady", "planted"))
