"""The watchlist: what may stand in it, and what is said, with its line, of what may not."""

from pathlib import Path

import pytest

from spotify_platform.contracts.errors import InputError
from spotify_platform.extract.watchlist import EXAMPLE, Name, Watchlist, load_watchlist, parse_watchlist

A, B = "A" * 22, "B" * 22


def test_artists_are_named_by_id_uri_address_or_name() -> None:
    watchlist = parse_watchlist(f"""
artists:
  - {A}
  - spotify:artist:{B}
  - https://open.spotify.com/artist/{A}?si=1
  - name: Sigur Rós
playlists:
  - https://open.spotify.com/intl-de/playlist/{A}
  - open.spotify.com/playlist/{B}/
""")
    assert watchlist.artists == (A, B, A, Name(name="Sigur Rós"))
    assert watchlist.artist_ids == [A, B]
    assert watchlist.artist_names == ["Sigur Rós"]
    assert watchlist.playlists == (A, B)


def test_what_yaml_takes_for_something_else_is_text_here() -> None:
    digits = "0123456789012345678901"
    watchlist = parse_watchlist(f"artists: [{digits}]\nmarkets: [NO, DE]\n")
    assert watchlist.artists == (digits,)
    assert watchlist.markets == ("NO", "DE")


def test_a_key_without_a_value_says_nothing() -> None:
    assert parse_watchlist("artists:\nplaylists:\nsearches:\nmarkets:\n") == Watchlist()
    assert parse_watchlist("") == Watchlist()
    assert Watchlist().empty


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("artists:\n  - Queen\n", "w.yaml, line 2: artists: 'Queen' names no artist."),
        (f"artists:\n  - spotify:album:{A}\n", "w.yaml, line 2: artists: 'spotify:album:"),
        (f"playlists: [{A}, https://evil.example/playlist/{A}]", "w.yaml, line 1: playlists: "),
        ("depth: tracks\nevery:\n  artists: hourly\n", "w.yaml, line 3: every.artists: Input should be 'daily'"),
        ("searches:\n  - query: x\n    type: show\n", "w.yaml, line 3: searches.type: Input should be 'artist'"),
        ("searches:\n  - query: x\n", "w.yaml, line 2: searches: Field required"),
        ("searches:\n- {query: x, type: album, most: 1001}", "w.yaml, line 2: searches.most: "),
        ("markets:\n  - Germany\n", "w.yaml, line 2: markets: "),
        ("artist:\n  - x\n", "w.yaml, line 1: artist: not a key of the watchlist"),
        ("depth: tracks\n\ndepth: albums\n", "w.yaml, line 3: 'depth' stands twice."),
        ("budget:\n  search: many\n", "w.yaml, line 2: budget.search: "),
        ("artists: [\n", "w.yaml, line 2: not YAML"),
        ("- a\n- b\n", "w.yaml, line 1: "),
    ],
)
def test_a_mistake_is_told_with_its_line(text: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_watchlist(text, "w.yaml")
    assert str(refused.value).startswith(said)


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(InputError) as refused:
        parse_watchlist("artists:\n  - Queen\n  - Abba\ndepth: sea\n", "w.yaml")
    assert [line.split(":")[0] for line in str(refused.value).splitlines()] == [
        *("w.yaml, line 2", "w.yaml, line 3", "w.yaml, line 4"),
    ]


def test_the_example_can_be_read() -> None:
    example = load_watchlist(str(EXAMPLE))
    assert example.artists and example.playlists and example.searches
    assert example.artist_names == ["Neon Heart"]


def test_every_key_stands_in_the_example() -> None:
    text = EXAMPLE.read_text("utf-8")
    assert [key for key in Watchlist.model_fields if f"\n{key}:" not in text and f"\n# {key}:" not in text] == []


def test_a_watchlist_may_lie_in_the_lake_or_in_a_file(tmp_path: Path) -> None:
    text = f"artists: [{A}]"
    (tmp_path / "mine.yaml").write_text(text)
    assert load_watchlist(str(tmp_path / "mine.yaml")) == load_watchlist(f"{tmp_path.as_uri()}/mine.yaml")


@pytest.mark.parametrize("place", ["nowhere.yaml", "file:///nowhere/at-all.yaml"])
def test_a_watchlist_that_is_not_there_is_said_so(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    place = place.replace("file:///nowhere", tmp_path.as_uri())
    with pytest.raises(InputError, match="Make a watchlist from the example"):
        load_watchlist(place)


def test_the_fingerprint_is_of_what_is_asked_for() -> None:
    one = parse_watchlist(f"artists: [{A}]")
    assert one.fingerprint == parse_watchlist(f"artists:\n  - spotify:artist:{A}\nbudget: {{search: 5}}").fingerprint
    assert one.fingerprint != parse_watchlist(f"artists: [{A}]\ndepth: albums").fingerprint
