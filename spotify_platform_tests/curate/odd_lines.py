"""Single odd lines, each with a name, for the question whether all engines make the same of it.

`WRITTEN` are values that a source might give, as the capture writer writes them down. `FOREIGN` (lines) and `FILES`
are bytes that the writer never makes; a raw file holds them only where something else wrote it.
"""

from random import Random
from typing import Any

from .helpers import STAMPS, Raw, raw
from .hostile import EXOTIC, nested

_GOOD = b'{"captured_at":"2026-11-01T05:00:00Z","params":{},"item":{"id":"a","name":"n"}}'


def _named(value: bytes) -> bytes:
    """A line of an artist whose name is these bytes."""
    return _GOOD.replace(b'"n"', value)


def _beside(value: bytes) -> bytes:
    """A line of an artist with these bytes in a field that nobody reads."""
    return _GOOD.replace(b'"n"', b'"n","other":' + value)


def _popular(value: bytes) -> bytes:
    return _GOOD.replace(b'"n"', b'"n","popularity":' + value)


_ITEMS = ('""', '" "', "0", "false", "[]", "{}", "null", '"{}"', '[{"id":"a"}]')
_GENRES = ('""', "0", "{}", "null", "[]", '"pop"', '[1,"a",null,{"x":1},[2],true,1.50,""]', "[[[]]]", "[1.0]")
_FOLLOWERS = ('""', "0", "[]", "null", "{}", '{"total":""}', '{"total":null}', '{"total":[1]}', '{"total":1e3}')
_MOMENTS = (
    *('""', "0", "null", "{}", '"2026-11-01T05:00:00.1234567Z"', '"2026-02-29T05:00:00Z"', '"0999-11-01T05:00:00Z"'),
    *('"9999-12-31T23:59:59.999999Z"', '"1000-01-01T00:00:00Z"', '"1582-10-10T05:00:00Z"', '"2026-11-01T24:00:00Z"'),
    *('"2026-11-01T05:00:60Z"', '"2026-11-01 05:00:00Z"'),
)

FOREIGN: dict[str, bytes] = {
    "good": _GOOD,
    # after and before the object
    "text after it": _GOOD + b" text",
    "a bracket after it": _GOOD + b"}",
    "a bracket and text after it": _GOOD + b"} text",
    "a key after it": _GOOD + b',"x":1',
    "a second object after a comma": _GOOD + b',"r":' + _named(b'"other"'),
    "a fault's name after it": _GOOD + b',"_bad":"x"',
    "a fault's name with null after it": _GOOD + b',"_bad":null',
    "another object after it": _GOOD + b"{}",
    "itself after it": _GOOD + _GOOD,
    "a comma after it": _GOOD + b",",
    "blanks around it": b"  \t" + _GOOD + b" \t ",
    "a NUL after it": _GOOD + b"\0",
    "a form feed before it": b"\f" + _GOOD,
    "a no-break space before it": "\u00a0".encode() + _GOOD,
    "only a blank": b" ",
    "only a tab": b"\t",
    "only a NUL": b"\0",
    "nothing but a comma": b",",
    "a key without braces": b'"captured_at":"2026-11-01T05:00:00Z"',
    "cut short": _GOOD[:-1],
    "cut shorter": _GOOD[:-9],
    # almost JSON
    "single quotes": _GOOD.replace(b'"', b"'"),
    "single quotes around a name": _named(b"'n'"),
    "unquoted keys": _GOOD.replace(b'"item"', b"item"),
    "two commas": _GOOD.replace(b',"item"', b',,"item"'),
    "a comment": _GOOD.replace(b',"item"', b',/* c */"item"'),
    "a comment to the end": _GOOD + b" // c",
    "a comment of a shell": _GOOD + b" # c",
    "not a number as a score": _popular(b"NaN"),
    "not a number beside": _beside(b"NaN"),
    "True of another language": _beside(b"True"),
    "None of another language": _beside(b"None"),
    "undefined": _beside(b"undefined"),
    "a number with a leading zero": _popular(b"07"),
    "a number with a plus": _popular(b"+7"),
    "a number that ends in a point": _popular(b"7."),
    "a number that begins with a point": _popular(b".7"),
    "a number without an exponent": _popular(b"7e"),
    "a hexadecimal number": _popular(b"0x7"),
    "minus zero": _popular(b"-0"),
    "a lone minus": _popular(b"-"),
    "a capital exponent": _named(b"1E5"),
    "an exponent with a plus": _named(b"1E+05"),
    "a decimal with zeros": _named(b"1.500"),
    "a number too small": _named(b"1e-400"),
    "a number of 900 digits": _named(b"9" * 900),
    # texts
    "a raw tab in a name": _named(b'"a\tb"'),
    "a raw control character in a name": _named(b'"a\x01b"'),
    "a raw NUL in a name": _named(b'"a\0b"'),
    "a raw delete character in a name": _named(b'"a\x7fb"'),
    "an unknown escape": _named(rb'"a\x41"'),
    "an escaped single quote": _named(rb'"a\'b"'),
    "half an escape": _named(rb'"\u12"'),
    "an escaped slash": _named(rb'"a\/b"'),
    "an escaped letter": _named(rb'"\u0061"'),
    "an escaped pair of surrogates": _named(rb'"\ud83d\ude00"'),
    "an escaped NUL": _named(rb'"a\u0000b"'),
    "a key with an escape": _GOOD.replace(b'"item"', rb'"\u0069tem"'),
    "an id with an escape": _GOOD.replace(b'"id"', rb'"\u0069d"'),
    "a key in another case": _GOOD.replace(b'"item"', b'"Item"'),
    "a key in two cases": _GOOD.replace(b'"item"', b'"ITEM":{"id":"z"},"item"'),
    "an empty key": _GOOD.replace(b'"item"', b'"":1,"item"'),
    "a key of 60,000 letters": _GOOD.replace(b'"item"', b'"' + b"k" * 60_000 + b'":1,"item"'),
    "an object with blanks as a name": _named(b'{ "a" : [ 1 , 2 ] }'),
    "an object with escapes as a name": _named(rb'{"a":"\u001f \u007f \u2028 \/ \b\f \" \\ \u00e9"}'),
    "an object with numbers as a name": _named(b'{"a":[1.0,1.50,1e5,1E+2,-0,-0.0,100000000000000000000]}'),
    # depth
    **{f"{depth} levels beside": _beside(b"[" * depth + b"]" * depth) for depth in (400, 990)},
    **{f"{depth} levels as a name": _named(b"[" * depth + b"]" * depth) for depth in (400, 990)},
    # shapes
    **{f"item is {value}": _GOOD[: _GOOD.index(b'"item"')] + f'"item":{value}}}'.encode() for value in _ITEMS},
    **{f"params is {value}": _GOOD.replace(b"{}", value.encode()) for value in ('""', "0", "[]", "null", "[{}]")},
    **{f"genres is {value}": _named(f'"n","genres":{value}'.encode()) for value in _GENRES},
    **{f"followers is {value}": _named(f'"n","followers":{value}'.encode()) for value in _FOLLOWERS},
    **{f"captured_at is {value}": _GOOD.replace(b'"2026-11-01T05:00:00Z"', value.encode()) for value in _MOMENTS},
}

# Here each engine is right in its own way, and none can be told otherwise: DuckDB reads some of what is almost JSON and
# takes the first of two keys, Spark takes the last, and reads no number of more than 1,000 digits and no more than
# 1,000 levels. That the capture writer never makes such a line is all that protects the tables.
KEPT_OUT: dict[str, bytes] = {
    "a key that stands twice": _GOOD.replace(b'"n"', b'"n","name":"other"'),
    "an item that stands twice": _GOOD.replace(b'"item"', b'"item":{"id":"z"},"item"'),
    "half a pair of surrogates": _named(rb'"\ud83d"'),
    "a pair of surrogates in the wrong order": _named(rb'"\ude00\ud83d"'),
    "half a pair of surrogates in a key": _beside(rb'{"\ud83d":1}'),
    "a comma before the closing brace": _GOOD.replace(b'"n"}', b'"n",}'),
    "a comma before the last brace": _GOOD[:-1] + b",}",
    "a comma before a closing bracket": _beside(b"[1,]"),
    "not a number": _named(b"NaN"),
    "infinity": _named(b"Infinity"),
    "minus infinity": _named(b"-Infinity"),
    "inf": _named(b"inf"),
    "+INF": _named(b"+INF"),
    "a number too large": _named(b"1e400"),
    "a number of 1,500 digits": _named(b"9" * 1500),
    "a number of 1,500 digits beside": _beside(b"9" * 1500),
    "a number of 5,000 digits as a score": _popular(b"9" * 5000),
    "a decimal of 1,500 digits": _named(b"0." + b"9" * 1500),
    "not a number among genres": _GOOD.replace(b'"n"', b'"n","genres":[NaN]'),
    "1,200 levels": _beside(b"[" * 1200 + b"]" * 1200),
}


_OTHER = _GOOD.replace(b'"id":"a"', b'"id":"b"')
FILES: dict[str, bytes] = {
    "a byte order mark before the first line": b"\xef\xbb\xbf" + _GOOD + b"\n" + _OTHER + b"\n",
    "a byte order mark before another line": _GOOD + b"\n\xef\xbb\xbf" + _OTHER + b"\n",
    "lines that end with CR LF": _GOOD + b"\r\n" + _OTHER + b"\r\n",
    "one line that ends with CR LF": _GOOD + b"\n" + _OTHER + b"\r\n",
    "two objects with a CR between": _GOOD + b"\r" + _OTHER + b"\n",
    "a CR within a line": _GOOD + b"\n" + _OTHER.replace(b',"item"', b',\r"item"') + b"\n",
    "a line of nothing but CR": _GOOD + b"\n\r\n" + _OTHER + b"\n",
    "no newline at the end": _GOOD + b"\n" + _OTHER,
    "empty lines": b"\n\n" + _GOOD + b"\n\n" + _OTHER + b"\n\n",
    "nothing": b"",
    "nothing but newlines": b"\n\n",
    "a quote that is never closed": b'"\n' + _GOOD + b"\n",
    "a control character after a line": _GOOD + b"\x01\n" + _OTHER + b"\n",
    "a line of one control character": b"\x01\n" + _GOOD + b"\n",
    "separators of lines in a name": _named('"a\u2028b\u0085c\u2029"'.encode()) + b"\n" + _OTHER + b"\n",
    "a replacement character in a name": _named('"a\ufffdb"'.encode()) + b"\n" + _OTHER + b"\n",
    "characters that are none": _named('"a\uffff\ufdd0b"'.encode()) + b"\n" + _OTHER + b"\n",
    "a vertical tab and a form feed": _GOOD + b"\x0b\n" + _OTHER + b"\x0c\n",
}
NOT_UTF8: dict[str, bytes] = {
    "a byte that never occurs": _named(b'"a\xffb"'),
    "a letter in too many bytes": _named(b'"a\xc0\xafb"'),
    "half a pair of surrogates in UTF-8": _named(b'"a\xed\xa0\xbdb"'),
    "a letter cut short": _named(b'"a\xf0\x9f"'),
    "Latin-1": _named('"é"'.encode("latin-1")),
}


def foreign(name: str, capture_id: str = "c1") -> list[Raw]:
    """A foreign line among two good ones."""
    before, after = (raw("artists", {"id": word, "name": word}, capture_id) for word in ("before", "after"))
    return [before, Raw("artists", FOREIGN[name], capture_id), after]


def _of(value: Any) -> list[Raw]:
    """One value, in turn at every kind of place in a line of every entity."""
    track = {"id": "t", "type": "track", "name": value, "duration_ms": value, "explicit": value}
    album = {"id": "al", "name": value, "release_date": value, "total_tracks": value, "available_markets": [value]}
    credit = {"id": "ann", "name": value}
    chart = {"rank": 1, "track_id": "ct", "track_name": value, "artist_ids": "ann", "artist_names": value}
    return [
        raw("artists", {"id": value, "name": "id"}),
        raw("artists", {"id": "a", "name": value, "popularity": value, "followers": {"total": value}}),
        raw("artists", {"id": "b", "genres": ["pop", value, value, None, "Pop"]}),
        raw("artists", {"id": "c", "genres": value, "followers": value, "other": value}),
        raw("artists", {"id": "d", "name": "time"}, at=value),
        raw("albums", {**album, "artists": [credit, {"id": value, "name": "id"}], "external_ids": {"upc": value}}),
        raw("albums", {"id": "am", "available_markets": value, "artists": value}),
        raw("albums", {"id": "an", "label": {"a": value}, "available_markets": ["US", value, None, "DE"]}),
        raw("tracks", {**track, "album": album, "artists": [credit], "external_ids": {"isrc": value}}),
        raw("tracks", {"id": "u", "album": value, "artists": [value], "external_ids": value}),
        raw("chart_entries", {**chart, "streams": value, "duration_s": value}, market="US"),
        raw("chart_entries", {"rank": value, "track_id": value, "uri": value}, market=value, at=STAMPS[1]),
        raw(
            "playlist_items",
            {"item": {**track, "id": "pt", "type": value}, "added_at": value, "is_local": value},
            params={"playlist_id": value},
            position=0,
        ),
        raw("playlist_items", {"track": value}, params={"playlist_id": "p"}, position=value),
        raw("playlist_items", {"track": {"id": value}}, params={"playlist_id": "p"}, position=1),
        raw("playlist_items", {"track": {"id": "x"}}, params=value, position=1),
    ]


def _label(value: Any) -> str:
    if isinstance(value, int) and value.bit_length() > 100:
        return f"an integer of {value.bit_length():,} bits"
    return ascii(value)[:40]


WRITTEN: dict[str, list[Raw]] = {
    **{f"{number}: {_label(value)}": _of(value) for number, value in enumerate(EXOTIC)},
    **{f"{depth} levels": _of(nested(depth)) for depth in (50, 400)},
    "a thousand floats": [
        raw("artists", {"id": f"f{number}", "name": chance.uniform(-(10**size), 10**size), "genres": [chance.random()]})
        for chance in [Random(1)]
        for number in range(1000)
        for size in [number % 12 - 3]
    ],
}
