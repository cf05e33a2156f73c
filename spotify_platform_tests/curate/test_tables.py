"""The tables, under hostile lines: nothing is lost without a reason, and the right answer wins."""

import random
from collections import Counter

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from spotify_platform.contracts.curated import CURATED, CURATED_BY_NAME
from spotify_platform.contracts.raw import ENTITIES

from .helpers import DAY, STAMPS, Raw, Row, Tables, curated, raw
from .hostile import JUNK, pile, piles
from .reference import Expected, boolean, day_and_precision, expected, fault, text, whole

REASONS = next(column.values for column in CURATED_BY_NAME["rejects"].columns if column.name == "reason")

# Seeds do not shrink to anything simpler: a failure is made small by hand, from the row that differs.
piled = settings(deadline=None, phases=[Phase.explicit, Phase.generate])


@settings(piled, max_examples=4)
@given(piles)
@example(pile(1))
def test_a_pile_of_hostile_lines_becomes_what_a_second_opinion_says(lines: list[Raw]) -> None:
    tables, wanted = curated(lines), expected(lines)
    every_line_is_in_a_row_or_rejected_with_its_reason(tables, wanted)
    full_beats_embedded_beats_chart_and_then_the_newest_wins(tables, wanted)
    values_are_those_of_the_winner_or_null(tables, wanted)
    links_keep_every_credit_once_at_its_first_place(tables, wanted)
    charts_and_playlists_are_whole_and_of_the_newest_capture(tables, wanted)


def every_line_is_in_a_row_or_rejected_with_its_reason(tables: Tables, wanted: Expected) -> None:
    dropped = [row for row in tables["rejects"] if row["dropped"]]
    assert Counter((r["entity"], r["reason"], r["line"], r["capture_id"]) for r in dropped) == wanted.dropped
    assert all(row["fields"] is None for row in dropped)
    assert all(row["reason"] == "bad_value" and row["fields"] for row in tables["rejects"] if not row["dropped"])
    for table, best in (("artists", wanted.whole_artists), ("albums", wanted.albums), ("tracks", wanted.tracks)):
        full = {name for name, seen in best.items() if seen.detail == "full"}
        key = table.removesuffix("s") + "_id"
        assert {row[key] for row in tables[table] if row["detail"] == "full"} == full


def full_beats_embedded_beats_chart_and_then_the_newest_wins(tables: Tables, wanted: Expected) -> None:
    winners = {"tracks": wanted.tracks, "albums": wanted.albums}
    for table, best in winners.items():
        rows = tables.by(table, table.removesuffix("s") + "_id")
        assert {name: (row["detail"], row["captured_at"], row["capture_id"]) for name, row in rows.items()} == {
            name: (seen.detail, seen.line.captured_at, seen.line.raw.capture_id) for name, seen in best.items()
        }
    artists = tables.by("artists", "artist_id")
    assert {name: row["detail"] for name, row in artists.items()} == wanted.artists
    for name, seen in wanted.whole_artists.items():
        newest = (seen.line.captured_at, seen.line.raw.capture_id)
        assert (artists[name]["captured_at"], artists[name]["capture_id"]) == newest


def values_are_those_of_the_winner_or_null(tables: Tables, wanted: Expected) -> None:
    for artist in tables["artists"]:
        if artist["detail"] == "full":
            known = wanted.whole_artists[artist["artist_id"]].known
            assert artist["name"] == text(known.get("name"))
            assert artist["popularity"] == whole(text(known.get("popularity")), 9)
            assert artist["followers"] == whole(text((known.get("followers") or {}).get("total")), 18)
    for track in tables["tracks"]:
        known = wanted.tracks[track["track_id"]].known
        if track["detail"] == "full":
            assert track["name"] == text(known.get("name"))
            assert track["popularity"] == whole(text(known.get("popularity")), 9)
            assert track["duration_ms"] == whole(text(known.get("duration_ms")), 18)
            assert track["explicit"] == boolean(text(known.get("explicit")))
            assert track["isrc"] == text((known.get("external_ids") or {}).get("isrc"))
            assert track["album_id"] == text((known.get("album") or {}).get("id"))
            same_markets(track["available_markets"], known.get("available_markets"))
        else:
            seconds = whole(text(known.get("duration_s")), 9)
            assert track["duration_ms"] == (None if seconds is None else seconds * 1000)
            assert track["name"] == (text(known.get("track_name")) or None)
            assert track["popularity"] is track["explicit"] is track["available_markets"] is None
    for album in tables["albums"]:
        known = wanted.albums[album["album_id"]].known
        assert album["name"] == text(known.get("name"))
        stated = day_and_precision(text(known.get("release_date")))
        assert (album["release_date"], album["release_date_precision"]) == stated
        assert album["total_tracks"] == whole(text(known.get("total_tracks")), 9)
        same_markets(album["available_markets"], known.get("available_markets"))


def same_markets(found: list[str | None] | None, stated: list[object] | None) -> None:
    if stated is None:
        assert found is None
        return
    assert found is not None
    assert Counter(found) == Counter(text(market) for market in stated)
    named = [market for market in found if market is not None]
    assert named == sorted(named)


def links_keep_every_credit_once_at_its_first_place(tables: Tables, wanted: Expected) -> None:
    for key, links in (("track_id", wanted.track_artists), ("album_id", wanted.album_artists)):
        rows = tables[key.removesuffix("id") + "artists"]
        assert {(row[key], row["artist_id"]): row["position"] for row in rows} == links
        assert len(rows) == len(links)
    genres = Counter((row["artist_id"], row["genre"]) for row in tables["artist_genres"])
    assert genres == Counter(wanted.genres)


def charts_and_playlists_are_whole_and_of_the_newest_capture(tables: Tables, wanted: Expected) -> None:
    assert Counter((row["market"], row["rank"]) for row in tables["chart_entries"]) == Counter(wanted.charts.keys())
    for row in tables["chart_entries"]:
        assert row["capture_id"] == wanted.capture_of["chart_entries", row["market"]]
        assert row["track_id"] in wanted.charts[row["market"], row["rank"]]
    places = Counter((row["playlist_id"], row["position"]) for row in tables["playlist_items"])
    assert places == Counter(wanted.playlists.keys())
    for row in tables["playlist_items"]:
        assert row["capture_id"] == wanted.capture_of["playlist_items", row["playlist_id"]]
        assert row["track_id"] in wanted.playlists[row["playlist_id"], row["position"]]


def test_a_pile_has_everything_that_these_tests_are_about() -> None:
    wanted = expected(pile(1))
    assert {reason for _, reason, _, _ in wanted.dropped} == set(REASONS) - {"bad_value"}
    assert {seen.detail for seen in wanted.tracks.values()} == {"full", "chart"}
    assert {seen.detail for seen in wanted.albums.values()} == {"full", "embedded", "chart"}
    assert set(wanted.artists.values()) == {"full", "embedded", "chart"}
    assert len(set(wanted.capture_of.values())) == 3


@settings(piled, max_examples=1)
@given(piles, st.randoms(use_true_random=False))
@example(pile(2), random.Random(2))
def test_order_and_repetition_of_lines_change_no_row(lines: list[Raw], chance: random.Random) -> None:
    first = curated(lines)
    again = curated(chance.sample([*lines, *lines], 2 * len(lines)))
    for table in CURATED:
        times = 1 if table.key else 2  # rejects are kept line by line
        assert again[table.name] == [row for row in first[table.name] for _ in range(times)]
        keys = [tuple(row[name] for name in table.key) for row in again[table.name]]
        assert not table.key or len(set(keys)) == len(keys)


def test_junk_is_rejected_verbatim_and_harms_no_neighbour() -> None:
    good = [
        raw("artists", {"id": "good"}),
        raw("albums", {"id": "good"}),
        raw("tracks", {"id": "good"}),
        raw("chart_entries", {"rank": 1, "track_id": "good"}, market="US"),
        raw("playlist_items", {"item": {"id": "good"}}, params={"playlist_id": "p"}, position=0),
    ]
    junk = [Raw(one.entity, line) for one in good for line in JUNK]
    tables = curated([*junk, *good])
    assert Counter((row["entity"], row["line"].encode(), row["reason"]) for row in tables["rejects"]) == Counter(
        (one.entity, one.line, fault(one)) for one in junk
    )
    assert [len(tables[one.entity]) for one in good] == [1] * len(good)


@pytest.mark.parametrize("entity", [entity.name for entity in ENTITIES])
def test_a_table_is_fed_by_the_entities_that_its_contract_names_and_by_no_other(entity: str) -> None:
    """One rich line of an entity makes rows in exactly the tables that name it."""
    credit = [{"id": "ann", "name": "Ann"}]
    album = {"id": "al", "name": "Album", "artists": credit}
    track = {"id": "t", "type": "track", "album": album, "artists": credit}
    rich = {
        "artists": raw("artists", {"id": "ann", "genres": ["pop"], "popularity": "much"}),
        "albums": raw("albums", album | {"popularity": "much"}),
        "tracks": raw("tracks", track | {"popularity": "much"}),
        "chart_entries": raw(
            "chart_entries",
            {"rank": 1, "track_id": "t", "album_id": "al", "artist_ids": "ann", "artist_names": "Ann", "streams": "x"},
            market="US",
        ),
        "playlist_items": raw(
            "playlist_items", {"item": track, "added_at": "once"}, params={"playlist_id": "p"}, position=0
        ),
    }
    fed = {name for name, rows in curated([rich[entity]]).rows.items() if rows}
    assert fed == {table.name for table in CURATED if entity in table.sources}


def test_no_line_at_all_makes_empty_tables() -> None:
    assert curated([]).rows == {table.name: [] for table in CURATED}


def test_lists_of_texts_stay_what_they_are_however_many_texts_there_are() -> None:
    few: dict[str, list[str | None] | None] = {"a": [], "b": [None, "US", "DE"], "c": ["", "us", "US"], "d": [None]}
    few["e"] = None
    many = few | {"f": [f"{number:04}" for number in range(2_000)]}  # more than an enum is made of
    none = {name: few[name] for name in "ade"}
    for lists in (few, many, none):
        tables = curated(raw("tracks", {"id": name, "available_markets": texts}) for name, texts in lists.items())
        for name, row in tables.by("tracks", "track_id").items():
            texts = lists[name]
            in_order = texts and sorted(texts, key=lambda text: (text is not None, text or ""))  # NULLs first
            assert row["available_markets"] == in_order


def test_dates_do_not_mix() -> None:
    tomorrow = DAY.replace(day=2)
    newer = raw("artists", {"id": "a", "name": "tomorrow"}, at=STAMPS[2], day=tomorrow)
    chart = raw("chart_entries", {"rank": 1, "track_id": "t"}, market="US", at=STAMPS[2], day=tomorrow)
    older = raw("artists", {"id": "a", "name": "today"})
    older_chart = raw("chart_entries", {"rank": 2, "track_id": "t"}, market="US", capture_id="c0")
    tables = curated([newer, chart, older, older_chart])
    assert [(row["snapshot_date"], row["name"]) for row in tables["artists"]] == [
        (DAY, "today"),
        (tomorrow, "tomorrow"),
    ]
    assert [(row["snapshot_date"], row["rank"]) for row in tables["chart_entries"]] == [(DAY, 2), (tomorrow, 1)]


def test_a_pile_of_one_id_gives_one_row_of_the_newest_full_object() -> None:
    pile = [
        raw("tracks", {"id": "t", "name": "old"}),
        raw("tracks", {"id": "t", "name": "new"}, at=STAMPS[1]),
        raw("chart_entries", {"rank": 1, "track_id": "t", "track_name": "chart"}, at=STAMPS[2], market="US"),
        raw("albums", {"id": "al", "name": "full"}),
        raw("tracks", {"id": "u", "album": {"id": "al", "name": "embedded"}}, at=STAMPS[2]),
    ]
    tables = curated(pile)
    assert tables.by("tracks", "track_id")["t"]["name"] == "new"
    assert tables.by("albums", "album_id")["al"]["name"] == "full"


def test_a_local_file_an_episode_and_a_lost_item_keep_their_places_without_a_track() -> None:
    items = [
        {"is_local": True, "item": {"id": None, "type": "track", "name": "My tape"}},
        {"item": {"id": "e", "type": "episode", "name": "Talk"}},
        {"track": None},
        {"track": {"id": "t", "type": "track", "name": "Song"}, "item": None},
    ]
    tables = curated(
        raw("playlist_items", item, params={"playlist_id": "p"}, position=place) for place, item in enumerate(items)
    )
    assert [(row["position"], row["item_type"], row["track_id"], row["name"]) for row in tables["playlist_items"]] == [
        (0, "track", None, "My tape"),
        (1, "episode", None, "Talk"),
        (2, None, None, None),
        (3, "track", "t", "Song"),
    ]
    assert [row["track_id"] for row in tables["tracks"]] == ["t"]
    assert tables["rejects"] == []


def test_a_value_that_cannot_be_read_is_named_and_its_row_stands() -> None:
    bad: list[tuple[str, Row, list[str]]] = [
        ("artists", {"id": "a", "popularity": "abc", "followers": {"total": 1.5}}, ["popularity", "followers"]),
        ("albums", {"id": "a", "release_date": "2020-13-01", "total_tracks": 10**30}, ["release_date", "total_tracks"]),
        ("albums", {"id": "b", "release_date": "0000", "popularity": ""}, ["popularity"]),
        ("tracks", {"id": "a", "explicit": 1, "duration_ms": "long"}, ["duration_ms", "explicit"]),
    ]
    tables = curated(raw(entity, item) for entity, item, _ in bad)
    named = {row["line"].encode(): (row["reason"], row["dropped"], row["fields"]) for row in tables["rejects"]}
    assert named == {raw(entity, item).line: ("bad_value", False, ", ".join(fields)) for entity, item, fields in bad}
    for entity, item, fields in bad:
        row = tables.by(entity, entity.removesuffix("s") + "_id")[item["id"]]
        assert [row[field] for field in fields] == [None] * len(fields)


@pytest.mark.parametrize(
    "line",
    [
        raw("tracks", {"id": "t", "album": {"id": "al", "release_date": "2020-13-01"}}),
        raw("playlist_items", {"item": {"id": "t", "popularity": "x"}}, params={"playlist_id": "p"}, position=0),
        raw("artists", {"id": "a", "popularity": "0000x"}),
    ],
    ids=["date of an embedded album", "score of a playlist's track", "begins with 0000 and is no date"],
)
def test_a_value_that_cannot_be_read_is_named_wherever_it_stands(line: Raw) -> None:
    [reject] = curated([line])["rejects"]
    assert reject["reason"] == "bad_value"
