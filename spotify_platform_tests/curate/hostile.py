"""Hostile raw lines: everything that a source was seen to give, or might, by chance but repeatable.

A pile comes from one number and not from nested strategies: Hypothesis' own lists end at about a hundred lines, and
a call of the engine costs a second whether it gets one line or five hundred.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from spotify_platform.contracts.raw import ENTITIES_BY_NAME
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
    return Raw(entity, to_line(line, ENTITIES_BY_NAME[entity].line), capture_id, chunk=chance.randrange(2))


def pile(seed: int, size: int = 500) -> list[Raw]:
    """Lines of every entity, with ties, repetitions and several captures of one date."""
    chance = Random(seed)
    found = [_line(seed, chance) for _ in range(size)]
    return found + chance.choices(found, k=size // 10)


piles = st.builds(pile, st.integers(0, 2**32), st.sampled_from([5, 40, 500]))


# -- many small captures -----------------------------------------------------------------------------------------------

# What one engine might read, print or compare in another way than the next; all of it goes through the capture writer.
EXOTIC: list[Any] = [
    *[1e30, 1e-7, 1e16, 12345678.9, 1e7, 0.0001, -0.0, 5e-324, 1.7976931348623157e308, 0.1 + 0.2],
    *[float("nan"), float("inf"), -float("inf"), -0, 2**31, 2**63, -(2**63) - 1, 10**18, 10**400, 10**1200, 10**5000],
    *[
        "\0",
        "a\0b",
        "\ufeff",
        "\ufeffa",
        "\r",
        "a\r\nb",
        "\x85",
        "\u2028",
        "\u2029",
        "\x1f",
        "\x7f",
        "\ud83d",
        "x\ude00",
    ],
    *[
        "😀",
        "👨‍👩‍👧‍👦",
        "é",
        "e\u0301",
        "İ",
        "ß",
        "\u202etxet",
        "\U0010ffff",
        "\uffff",
        "\\u0000",
        "\\",
        '"',
        "'",
        "`",
        "x" * 5000,
    ],
    *[
        "NaN",
        "Infinity",
        "null",
        "true",
        "1e3",
        "0x10",
        "+5",
        "5.0",
        "-",
        "",
        " ",
        "\u00a0",
        "٣",
        "2024-02-29",
        "{}",
        "[]",
    ],
    *[[], {}, [[]], [{}], [None], [None, None], {"": None}, {"a.b": 1, "a": {"b": 2}}, {"ID": "x", "Id": "y"}],
    *[
        {"a": {"b": [None, {"c": 1e30}, [12345678.9]]}},
        [1e30, "1e30", 10**40],
        {"_bad": "x", "r": "y"},
        [True, None, 0.5],
    ],
]
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
DAYS = [date(2017, 1, 1) + timedelta(days=91 * number) for number in range(40)]


def nested(depth: int) -> Any:
    """A text below so many lists and objects."""
    found: Any = "deep"
    for level in range(depth):
        found = [found] if level % 2 else {"a": found}
    return found


@cache
def _common(number: int) -> Raw:
    """A line that several captures hold, byte for byte."""
    return _line(number, Random(number))


def _spoilt(chance: Random, value: Any, odd: Any) -> Any:
    """A value of which some inner one is replaced by an odd one."""
    if isinstance(value, dict) and value and chance.random() < 0.9:
        name = chance.choice(sorted(value))
        return value | {name: _spoilt(chance, value[name], odd)}
    if isinstance(value, list) and value and chance.random() < 0.7:
        place = chance.randrange(len(value))
        return [*value[:place], _spoilt(chance, value[place], odd), *value[place + 1 :]]
    return odd


def _retold(one: Raw) -> Raw:
    """A line about the same thing with another name in it, where it is a line about a thing."""
    try:
        line = json.loads(one.line)
        return replace(one, line=to_line(line | {"item": line["item"] | {"name": "told otherwise"}}))
    except (ValueError, TypeError, KeyError):
        return one


def small_capture(number: int, start: int, odd: list[Any]) -> list[Raw]:
    """The lines of one capture; captures whose numbers are equal modulo the days are of one date."""
    chance = Random(start)
    capture_id = f"20261101T050000Z-{number:05x}"
    day = DAYS[number % len(DAYS)]
    found = [_line(start % 7, chance) for _ in range(chance.randrange(1, 6))]
    if chance.random() < 0.3:
        found.append(_common(chance.randrange(60)))
    for value in [*odd, *chance.choices(EXOTIC, k=chance.randrange(3))]:
        place = chance.randrange(len(found))
        try:
            line = json.loads(found[place].line)
        except ValueError:
            continue
        if isinstance(line, dict) and isinstance(line.get("item"), dict):
            spoilt = line | {"item": _spoilt(chance, line["item"], value)}
            whole = spoilt if chance.random() < 0.9 else _spoilt(chance, line, value)
            shape = ENTITIES_BY_NAME[found[place].entity].line
            found[place] = replace(found[place], line=to_line(whole, shape))
    if chance.random() < 0.1:  # the same thing at the same moment, told otherwise
        found += [_retold(one) for one in chance.sample(found, 1)]
    if chance.random() < 0.2:  # the same bytes in two chunks
        found += [replace(one, chunk=1 - one.chunk) for one in chance.sample(found, 1)]
    return [replace(one, capture_id=capture_id, day=day) for one in found]


def small_captures(count: int, start: int) -> list[list[Raw]]:
    """So many captures, drawn by Hypothesis; the same start gives the same ones (where the same modules are loaded).

    Hypothesis draws one capture at a time, and all are packed together afterwards: an engine's call costs the same
    for one as for a thousand.
    """
    found: list[list[Raw]] = []

    @seed(start)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(_JSON, max_size=3))
    def draw(odd: list[Any]) -> None:
        # Only the odd values are Hypothesis' own: what it draws depends on the modules that happen to be loaded.
        found.append(small_capture(len(found), start * 1_000_003 + len(found), odd))

    draw()
    while len(found) < count:  # Hypothesis ends early where it thinks that it has seen everything
        draw()
    return found[:count]
