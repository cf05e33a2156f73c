"""Casts: text as it stood in JSON → a typed value, or NULL where the text does not fit.

A cast is guarded by a pattern instead of `try_cast`, so that it cannot fail on any engine (Spark's ANSI mode
included), and so that every engine draws the line at the same place.
"""

from typing import Any

import narwhals as nw
from narwhals import Expr

# `\z` and not `$`: in Java `$` also matches before a final newline.
_DAY = (
    r"^([1-9]\d{3}-((0[13578]|1[02])-(0[1-9]|[12]\d|3[01])|(0[469]|11)-(0[1-9]|[12]\d|30)|02-(0[1-9]|1\d|2[0-8]))"
    r"|([1-9]\d(0[48]|[2468][048]|[13579][26])|([2468][048]|[13579][26])00)-02-29)\z"
)
_MONTH = r"^[1-9]\d{3}-(0[1-9]|1[0-2])\z"
_YEAR = r"^[1-9]\d{3}\z"
_UNKNOWN_DAY = r"^0000(-\d\d){0,2}\z"
_IDENTITY = r"^[^ \t\r\n{}\[\]]+\z"  # no \s: engines do not agree on what it holds
_INTEGER = r"^-?\d{1,9}\z"
_BIGINT = r"^-?\d{1,18}\z"
_STAMP = r"^.{10}T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?Z\z"


def field(expr: Expr, *path: str) -> Expr:
    """The field of a struct along `path`."""
    for name in path:
        expr = expr.struct.field(name)
    return expr


def null(dtype: Any) -> Expr:
    """A NULL of a Narwhals type."""
    return nw.lit(None).cast(dtype)


def identity(text: Expr) -> Expr:
    """An id: a text without spaces and brackets; an empty one, or an object in its place, is none."""
    return _fitting(text, _IDENTITY)


def integer(text: Expr) -> Expr:
    """A 32-bit integer of up to nine digits."""
    return _fitting(text, _INTEGER).cast(nw.Int32)


def bigint(text: Expr) -> Expr:
    """A 64-bit integer of up to eighteen digits."""
    return _fitting(text, _BIGINT).cast(nw.Int64)


def boolean(text: Expr) -> Expr:
    """A truth value from JSON's `true` and `false`."""
    return nw.when(text.is_in(["true", "false"])).then(text == "true")


def day(text: Expr) -> Expr:
    """A date; of a year or a month its first day."""
    first_of_month = nw.concat_str(_fitting(text, _MONTH), nw.lit("-01"))
    first_of_year = nw.concat_str(_fitting(text, _YEAR), nw.lit("-01-01"))
    return nw.coalesce(_fitting(text, _DAY), first_of_month, first_of_year).cast(nw.Date)


def precision(text: Expr, date: Expr) -> Expr:
    """How exact the text of a date is that could be read as `date`: day, month or year."""
    length = text.str.len_chars()
    said = (
        nw.when(length == 4)
        .then(nw.lit("year"))
        .otherwise(nw.when(length == 7).then(nw.lit("month")).otherwise(nw.lit("day")))
    )
    return nw.when(~date.is_null()).then(said)


def stamp(text: Expr) -> Expr:
    """A moment in UTC from ISO 8601 with Z, to the microsecond."""
    dated = nw.when(text.str.head(10).str.contains(_DAY)).then(text)
    plain = _fitting(dated, _STAMP).str.replace_all("T", " ", literal=True).str.replace_all("Z", "", literal=True)
    return plain.cast(nw.Datetime("us"))


def release(text: Expr) -> Expr:
    """The text of a release date, or NULL where Spotify says with a year 0000 that it does not know."""
    unknown = text.str.starts_with("0000") & text.str.contains(_UNKNOWN_DAY)
    return nw.when(~unknown).then(text)


def given(text: Expr) -> Expr:
    """A cell of a chart file: an empty one says nothing."""
    return nw.when(text != "").then(text)


def _fitting(text: Expr, pattern: str) -> Expr:
    return nw.when(text.str.contains(pattern)).then(text)
