"""Hostile raw lines: everything that a source was seen to give, or might, by chance but repeatable.

A pile comes from one number and not from nested strategies: Hypothesis' own lists end at about a hundred lines, and
a call of the engine costs a second whether it gets one line or five hundred.
"""

from collections.abc import Callable
from random import Random
from typing import Any

from hypothesis import strategies as st

from spotify_platform.lake.captures import to_line

from .helpers import STAMPS, Raw, Row

Maker = Callable[[Random], Any]

# What may stand where a text, a number, a moment, … should be.
ODD = [None, "", "abc", True, 7, 3.7, {"a": [1, None, "x"]}, [1], " 5", "5\n", "٥", 'Ä \u2028 😀 "q" \'\\ \n \t\0']
JUNK = (
    b"not json at all",
    b"{",
    b'{"a":1',
    b"[1,2]",
    b"null",
    b'"str"',
    b"42",
    b"{'item':{'id':'single quotes'}}",
    b'a,b;c"q"\'x\\',
    b'{"item":{"id":"trailing"}} text',
    b'{"captured_at":"2026-11-01T05:00:00Z","item":[1]}',
    b'{"captured_at":"2026-11-01T05:00:00Z","item":"str"}',
    b'{"captured_at":"2026-11-01T05:00:00Z","params":"p","item":{"id":"a"}}',
    b'{"captured_at":"2026-11-01T05:00:00Z"}',
    b'{"captured_at":"2026-11-01T05:00:00Z","item":{}}',
    b'{"item":{"id":"never captured"}}',
    b"{}",
)


def _mostly(*good: Any, odd: list[Any] = ODD, one_in: int = 8) -> Maker:
    """One of the good values, and now and then an odd one."""
    return lambda chance: chance.choice(odd if chance.random() < 1 / one_in else list(good))


def _maybe(maker: Maker, *wrong: Any) -> Maker:
    """What the maker makes, and now and then something of the wrong shape."""
    return lambda chance: maker(chance) if chance.random() < 0.94 else chance.choice(wrong)


def _object(**fields: Maker) -> Callable[[Random], Row]:
    """An object in which any field may be missing."""
    return lambda chance: {name: maker(chance) for name, maker in fields.items() if chance.random() < 0.92}


def _list(maker: Maker) -> Maker:
    return lambda chance: [maker(chance) for _ in range(chance.randrange(4))]


_ID = _mostly(*"abcdefghijkl", odd=["", "Ä\u2028", 7, True, None, {"a": 1}, "a\0b", "A", "'", "a\n"], one_in=12)
_NAME = _mostly("One", "Two", "ünï \u2028 😀")
_NUMBER = _mostly(0, 1, 5, 99, 100, "12", odd=["-0", 100.0, -5, 10**9, 10**12, 10**30, "1_000", *ODD], one_in=5)
_FLAG = _mostly(True, False, odd=["true", "TRUE", 1, 0, *ODD])
_DATE = _mostly(
    *["2020-02-29", "2000-02-29", "2020-02", "2020", "0000"],
    odd=["1900-02-29", "0000-00-00", "2020-13", "2020-2-3", "20200203", "12020", "-100", "2020-02-30", *ODD],
    one_in=4,
)
_MOMENT = _mostly(
    *STAMPS, "2026-11-01T05:00:00.000001Z", odd=["2026-11-01T25:00:00Z", "2026-11-01T05:00:00+02:00", *ODD]
)
# Ids of their own beside the shared ones, so that some albums and artists are known from inside other objects alone.
_INNER_ID = _mostly(*"abcdefmnopqrstuv", odd=[None, "", "A", 7], one_in=12)
_MARKETS = _maybe(_list(_mostly("US", "DE", "FR", odd=["US", None, 3, "", {"a": 1}])), None)
_CREDITS = _maybe(_list(_maybe(_object(id=_INNER_ID, name=_NAME), None)), None, "notalist", {"id": "q"}, ["s"], [[]])
_ALBUM = {
    "id": _ID,
    "name": _NAME,
    "album_type": _NAME,
    "release_date": _DATE,
    "total_tracks": _NUMBER,
    "available_markets": _MARKETS,
    "artists": _CREDITS,
}
_TRACK = {
    "id": _ID,
    "name": _NAME,
    "popularity": _NUMBER,
    "duration_ms": _NUMBER,
    "explicit": _FLAG,
    "is_local": _FLAG,
    "track_number": _NUMBER,
    "disc_number": _NUMBER,
    "external_ids": _maybe(_object(isrc=_NAME), None, "wrong"),
    "available_markets": _MARKETS,
    "artists": _CREDITS,
    "album": _maybe(_object(**_ALBUM | {"id": _INNER_ID}), None, "wrong"),
}
_PLAYED = _object(type=_mostly("track", "track", "episode", odd=[None, 7]), **_TRACK)
_ITEMS: dict[str, Maker] = {
    "artists": _object(
        id=_ID,
        ID=_ID,
        name=_NAME,
        popularity=_NUMBER,
        followers=_maybe(_object(total=_NUMBER), None, 5),
        genres=_maybe(_MARKETS, "pop", {}),
    ),
    "albums": _object(label=_NAME, popularity=_NUMBER, external_ids=_maybe(_object(upc=_NAME), None, 1), **_ALBUM),
    "tracks": _object(**_TRACK),
    "playlist_items": _object(
        added_at=_MOMENT,
        is_local=_FLAG,
        track=_maybe(_PLAYED, None),
        item=lambda c: _PLAYED(c) if c.random() < 0.5 else None,
    ),
    "chart_entries": _object(
        rank=_mostly(1, 2, 3, "4", "5", 6),
        uri=lambda chance: f"spotify:track:{chance.choice('abxyz')}" if chance.random() < 0.9 else _NAME(chance),
        track_id=lambda chance: chance.choice([None, None, "a", "v", "w", 7, ""]),
        track_name=_NAME,
        artist_ids=_mostly("a", "m;n", "o;o", ";b;", "p;m;q"),
        artist_names=_mostly("Ann", "Ann;Bob", "Ann;Bob;Cy"),
        album_id=_mostly("a", "w", "x", "y", "z"),
        album_name=_NAME,
        duration_s=_NUMBER,
        source=_NAME,
        peak_rank=_NUMBER,
        previous_rank=_NUMBER,
        days_on_chart=_NUMBER,
        streams=_NUMBER,
    ),
}


def _line(seed: int, chance: Random) -> Raw:
    entity = chance.choice(sorted(_ITEMS))
    capture_id = chance.choice(["c1", "c2", "20261101T050000Z-ab-3"])
    if chance.random() < 0.05:
        return Raw(entity, chance.choice(JUNK), capture_id)
    market = _mostly("US", "DE", "GLOBAL", odd=[None], one_in=15)(chance)
    playlist = _mostly("mix", "top", "hits", odd=[None, 5], one_in=20)(chance)
    # Every capture asks for a market or playlist up to a moment of its own, so that any of them may be the newest.
    last = Random(f"{seed} {capture_id} {market if entity == 'chart_entries' else playlist}").randrange(1, len(STAMPS))
    line = {
        "captured_at": _mostly(*STAMPS[:last], odd=["2026-11-01T25:00:00Z", "", None, 5], one_in=25)(chance),
        "endpoint": "/v1/test",
        "params": _maybe(lambda _: {"playlist_id": playlist}, None, [], {})(chance),
        "market": market,
        "position": _mostly(0, 1, 2, 3, 4, 5, odd=[None, "x", "3", 2.5], one_in=15)(chance),
        "item": _maybe(_ITEMS[entity], None)(chance),
    }
    if chance.random() < 0.04:
        line.pop(chance.choice(sorted(line)))
    return Raw(entity, to_line(line), capture_id, chunk=chance.randrange(2))


def pile(seed: int, size: int = 500) -> list[Raw]:
    """Lines of every entity, with ties, repetitions and several captures of one date."""
    chance = Random(seed)
    found = [_line(seed, chance) for _ in range(size)]
    return found + chance.choices(found, k=size // 10)


piles = st.builds(pile, st.integers(0, 2**32), st.sampled_from([5, 40, 500]))
