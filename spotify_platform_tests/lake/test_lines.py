"""Lines: one JSON line an item, which every engine reads alike, whatever the item holds."""

import json
import math
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from spotify_platform.lake.captures import to_line

_TEXT = st.text(st.characters(codec=None, categories=None))
_TEXTS = st.one_of(
    _TEXT, st.sampled_from(["\u2028", "\x85", "\ud83d", "\udfff\ud800", "\ud83d\ude00", "\0\r\n\x01", "\ufeff"])
)
_LEAVES = st.none() | st.booleans() | st.integers() | st.integers(10**300, 10**301) | st.floats() | _TEXTS
_KEYS = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(["id", "\u2028", "\r", "ü"])
_JSON: st.SearchStrategy[Any] = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4), max_leaves=20
)


def as_documented(value: Any) -> Any:
    """What a line keeps of a value: numbers that engines write in two ways become text, lone surrogates become �."""
    if isinstance(value, float) and value != 0 and (not math.isfinite(value) or not 0.001 <= abs(value) < 10**7):
        return str(value)
    if isinstance(value, str):
        return "".join("\N{REPLACEMENT CHARACTER}" if "\ud800" <= letter <= "\udfff" else letter for letter in value)
    if isinstance(value, list):
        return [as_documented(entry) for entry in value]
    if isinstance(value, dict):
        return {as_documented(key): as_documented(entry) for key, entry in value.items()}
    return value


def refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


@given(_JSON)
@example({"item": [float("nan"), {"x": float("-inf")}], "name": "\ud83d \u2028 \0"})
@example([1e30, 12345678.5, 9999999.5, 0.001, 0.0009, -1e-30, 0.0, "1e30 and 0.0001 in a text stay"])
@example(10**400)
@example({"\ud800": "a key may hold a lone surrogate"})
def test_a_line_is_one_line_of_utf8_json_that_holds_the_value(value: Any) -> None:
    line = to_line(value)
    text = line.decode("utf-8", "strict")
    assert not any(byte < 0x20 for byte in line)  # no newline, carriage return or separator of an engine's
    read = json.loads(text, parse_constant=refuse)
    assert read == as_documented(value)
    assert repr(read) == repr(as_documented(value))  # 1 is not 1.0, True is not 1, the order of fields stays


def test_the_keys_of_a_line_are_unique() -> None:
    pairs: list[list[tuple[str, Any]]] = []
    json.loads(to_line(dict.fromkeys(["\ud800", "\ud801"], 1)), object_pairs_hook=pairs.append)
    assert len({key for key, _ in pairs[0]}) == len(pairs[0])


def test_an_integer_of_any_length_is_written() -> None:
    assert json.loads(to_line({"followers": 10**5000})) == {"followers": hex(10**5000)}
