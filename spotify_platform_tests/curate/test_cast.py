"""Casts, against a reference made of `datetime` and `str` alone."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import duckdb
import narwhals as nw
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spotify_platform.curate import cast

from . import reference

_ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
_DAYS = st.dates(date(1, 1, 1)).map(date.isoformat)
_MOMENTS = st.datetimes(datetime(900, 1, 1)).map(lambda moment: f"{moment.isoformat()}Z")
_FORMS = st.sampled_from([_DAYS, _DAYS.map(lambda day: day[:7]), _DAYS.map(lambda day: day[:4]), _MOMENTS])
_NUMBERS = st.integers(-(10**20), 10**20).map(str) | st.from_regex(r"-?[0-9]{1,20}", fullmatch=True)
_LOOKALIKES = st.from_regex(r"[0-9]{3,5}(-[0-9]{1,3}){0,2}(T[0-9:.]{5,16}Z?)?\n?", fullmatch=True)
_WORDS = st.sampled_from(
    ["true", "false", "True", "null", "", "\n", "0000", "٢٠٢٠", "2020-02-30", "-", "--1", "+1", "1e3"]
)


@st.composite
def _damaged(draw: st.DrawFn) -> str:
    """A good text with one letter changed, lost or added."""
    good = draw(_FORMS.flatmap(lambda form: form) | _NUMBERS)
    place = draw(st.integers(0, len(good)))
    letter = draw(st.sampled_from(["", "0", "9", "-", "T", "Z", " ", "\n", "\0", ".", "٣", ":"]))
    return good[:place] + letter + good[place + draw(st.integers(0, 1)) :]


TEXTS = st.lists(
    st.none() | _ANY | _FORMS.flatmap(lambda form: form) | _NUMBERS | _LOOKALIKES | _WORDS | _damaged(),
    min_size=60,
    max_size=200,
)


def cast_all(texts: list[str | None], apply: Callable[[nw.Expr], nw.Expr]) -> list[Any]:
    """What the engine's cast makes of each text, in one call."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(
            "create table given as select unnest(?::varchar[]) as text, generate_subscripts(?::varchar[], 1) as n",
            [texts, texts],
        )
        frame = nw.from_native(connection.table("given")).select("n", apply(nw.col("text")).alias("made"))
        return [made for _, made in sorted(frame.to_native().fetchall(), key=lambda row: row[0])]


def pairs(texts: list[str | None], made: list[Any]) -> dict[str | None, Any]:
    """Text → value, so that a failure names the text."""
    assert len(texts) == len(made)
    return dict(zip(texts, made, strict=True))


CENTURIES: list[str | None] = [f"{year}-02-{day}" for year in range(1000, 10000) for day in (28, 29, 30)]
MONTHS: list[str | None] = [f"2023-{month:02}-{day:02}" for month in range(14) for day in range(33)]
CLOCKS: list[str | None] = [
    f"2026-11-01T{h:02}:{m:02}:{s:02}Z" for h in range(26) for m in (0, 59, 60) for s in (0, 59, 60, 61)
]


@settings(max_examples=8, deadline=None)
@given(TEXTS)
@example(CENTURIES)
@example(MONTHS)
def test_days_and_their_precision_are_read_as_stated(texts: list[str | None]) -> None:
    stated = [reference.day_and_precision(text) for text in texts]
    assert pairs(texts, cast_all(texts, cast.day)) == pairs(texts, [day for day, _ in stated])
    assert pairs(texts, cast_all(texts, lambda text: cast.precision(text, cast.day(text)))) == pairs(
        texts, [precision for _, precision in stated]
    )


@settings(max_examples=8, deadline=None)
@given(TEXTS)
@example(CLOCKS)
@example([f"2026-11-01T05:00:00{fraction}Z" for fraction in ("", ".", ".1", ".000001", ".999999", ".1234567", ".-1")])
def test_moments_are_read_to_the_microsecond(texts: list[str | None]) -> None:
    assert pairs(texts, cast_all(texts, cast.stamp)) == pairs(texts, [reference.stamp(text) for text in texts])


@settings(max_examples=8, deadline=None)
@given(TEXTS)
@example(
    ["999999999", "1000000000", "-999999999", "9" * 18, "9" * 19, "-" + "9" * 18, "0" * 9, "0" * 10, "-0", "", "-"]
)
def test_whole_numbers_are_read_up_to_their_digits(texts: list[str | None]) -> None:
    assert pairs(texts, cast_all(texts, cast.integer)) == pairs(texts, [reference.whole(text, 9) for text in texts])
    assert pairs(texts, cast_all(texts, cast.bigint)) == pairs(texts, [reference.whole(text, 18) for text in texts])


@settings(max_examples=10, deadline=None)
@given(TEXTS)
def test_truth_is_jsons_true_and_false_and_nothing_else(texts: list[str | None]) -> None:
    assert pairs(texts, cast_all(texts, cast.boolean)) == pairs(texts, [reference.boolean(text) for text in texts])
