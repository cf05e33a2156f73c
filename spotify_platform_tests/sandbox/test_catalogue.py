"""The catalogue: the same fields give the same answers, every day, and size costs nothing."""

import datetime
import time
from itertools import pairwise

import pytest

from spotify_platform.sandbox import GLOBAL, MARKETS, Catalogue, UnknownDayError

ANCHOR = datetime.date(2026, 11, 20)


def described(catalogue: Catalogue) -> list[object]:
    """Something of everything a catalogue knows."""
    artists = range(0, 40, 3)
    albums = [album for artist in artists for album in catalogue.albums_of(artist, 0)]
    return [
        [(catalogue.artist(a), catalogue.artist_popularity(a, 0), catalogue.followers(a, 0)) for a in artists],
        [(catalogue.album(album), catalogue.album_popularity(album, 0)) for album in albums],
        [catalogue.track(track) for album in albums for track in catalogue.tracks_of(album)],
        [catalogue.playlist(index, 0) for index in range(3)],
        [catalogue.chart(market, ANCHOR) for market in (GLOBAL, *MARKETS)],
    ]


def test_two_catalogues_with_equal_fields_are_equal_in_every_answer():
    assert described(Catalogue(7, 40, ANCHOR)) == described(Catalogue(7, 40, ANCHOR))


def test_another_seed_is_another_world():
    one, other = Catalogue(7, 40, ANCHOR), Catalogue(8, 40, ANCHOR)
    for first, second in zip(described(one), described(other), strict=True):
        assert first != second
    assert other.find_artist(one.artist(0).id, 0) is None


@pytest.mark.parametrize("seed", [1, 2, 3, 7, 11, 12])
def test_the_default_size_fits_a_day_of_eighty_requests(seed: int):
    catalogue = Catalogue(seed, 40, ANCHOR)
    albums = [album for artist in range(40) for album in catalogue.albums_of(artist, 0)]
    assert 100 <= len(albums) <= 140
    assert 400 <= sum(len(catalogue.tracks_of(album)) for album in albums) <= 550
    assert len({catalogue.artist(artist).name for artist in range(40)}) == 40


def test_ids_lead_back_to_what_they_name_and_strangers_are_recognised():
    catalogue = Catalogue(7, 40, ANCHOR)
    album = catalogue.albums_of(5, 0)[0]
    track = catalogue.tracks_of(album)[0]
    assert catalogue.find_artist(catalogue.artist(5).id, 0) == 5
    assert catalogue.find_album(catalogue.album(album).id, 0) == album
    assert catalogue.find_track(catalogue.track(track).id, 0) == track
    assert catalogue.find_album(catalogue.artist(5).id, 0) is None
    for stranger in ("", "x", "0" * 22, "é" * 22, catalogue.artist(5).id[:-1] + "!"):
        assert catalogue.find_artist(stranger, 0) is None
        assert catalogue.find_track(stranger, 0) is None


def test_an_album_is_unknown_until_its_release_day():
    catalogue = Catalogue(7, 40, ANCHOR)
    album = catalogue.album(catalogue.planted_album_index)
    track = catalogue.track(catalogue.tracks_of(album.index)[0])
    assert catalogue.find_album(album.id, album.release - 1) is None
    assert catalogue.find_track(track.id, album.release - 1) is None
    assert catalogue.find_album(album.id, album.release) == album.index
    assert catalogue.find_track(track.id, album.release) == track.index


@pytest.mark.parametrize("offset", [-729, -300, 0, 365])
def test_thirteen_charts_are_complete_on_every_known_day(offset: int):
    catalogue = Catalogue(7, 40, ANCHOR)
    assert len(MARKETS) == 12
    for market in (GLOBAL, *MARKETS):
        rows = catalogue.chart(market, catalogue.day(offset))
        assert [row.rank for row in rows] == list(range(1, 51))
        assert len({row.track_id for row in rows}) == 50
        streams = [row.streams for row in rows]
        assert streams == sorted(streams, reverse=True) and streams[-1] > 0
        assert all(catalogue.find_track(row.track_id, offset) == row.track_index for row in rows)


def test_charts_move_a_little_every_day_and_tracks_come_and_go():
    catalogue = Catalogue(7, 40, ANCHOR)
    charts = [[row.track_id for row in catalogue.chart("US", catalogue.day(o))] for o in range(-60, 1)]
    pairs = list(pairwise(charts))
    assert all(len(set(before) & set(after)) >= 40 for before, after in pairs)
    entries = [track for before, after in pairs for track in set(after) - set(before)]
    assert len(entries) > 30
    assert len(set(entries)) < len(entries), "somebody re-enters"


def test_days_outside_the_known_range_are_refused():
    catalogue = Catalogue(7, 40, ANCHOR)
    catalogue.chart("US", catalogue.first_day)
    catalogue.chart("US", catalogue.last_day)
    for day in (catalogue.first_day - datetime.timedelta(1), catalogue.last_day + datetime.timedelta(1)):
        with pytest.raises(UnknownDayError, match="The sandbox knows the days 2024-11-21 to 2027-11-20"):
            catalogue.chart("US", day)


def test_unknown_markets_and_tiny_catalogues_are_refused():
    with pytest.raises(ValueError, match="no market 'XX'"):
        Catalogue(7, 40, ANCHOR).chart("XX", ANCHOR)
    with pytest.raises(ValueError, match="at least 24 artists"):
        Catalogue(7, 10, ANCHOR)


def test_playlists_carry_what_real_ones_carry():
    catalogue = Catalogue(7, 40, ANCHOR)
    playlists = [catalogue.playlist(index, 0) for index in range(3)]
    assert [60 <= len(playlist.items) <= 120 for playlist in playlists] == [True] * 3
    assert sum(item.local for playlist in playlists for item in playlist.items) == 1
    assert sum(item.track is None and not item.local for item in playlists[1].items) == 1
    assert playlists[0].snapshot_id != catalogue.playlist(0, -1).snapshot_id


def test_a_hundred_thousand_artists_cost_nothing():
    start = time.perf_counter()
    catalogue = Catalogue(7, 100_000, ANCHOR)
    last = catalogue.artist(99_999)
    assert catalogue.find_artist(last.id, 0) == 99_999
    assert 0 <= catalogue.artist_popularity(99_999, 0) <= 100
    assert catalogue.albums_of(99_999, 0)
    assert len(catalogue.chart(GLOBAL, ANCHOR)) == 50
    assert time.perf_counter() - start < 2
