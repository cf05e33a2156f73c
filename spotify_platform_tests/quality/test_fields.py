"""Fields of raw answers and how they change."""

from typing import Any

from spotify_platform.quality.fields import FEWEST_OBJECTS, Fields, audit_fields, fields_of, known_fields

ANN: dict[str, Any] = {
    "id": "ann",
    "popularity": 5,
    "followers": {"total": 7, "href": None},
    "genres": ["pop"],
    "artists": [{"id": "x"}, {"id": "y", "name": "Y"}],
}


def drift(before: list[Any], now: list[Any], objects: int = FEWEST_OBJECTS) -> list[str]:
    """What is told of a day of such objects after days of one other object each, in turn."""
    known: Fields = {}
    for one in before:
        known = known_fields(known, fields_of([one] * FEWEST_OBJECTS)[0])
    fields, examples = fields_of(now * objects)
    found = audit_fields("artists", fields, examples, known)
    assert {one.severity for one in found} <= {"warning"}
    return [one.check.removeprefix("fields are the known ones: ") for one in found]


def test_fields_are_told_by_path_with_types_and_whether_they_are_always_there() -> None:
    fields, examples = fields_of([ANN, ANN | {"popularity": "high", "restrictions": {}}])
    assert fields == {
        "": "2",
        "artists": "list",
        "artists[]": "object",
        "artists[].id": "string",
        "artists[].name": "string?",
        "followers": "object",
        "followers.href": "null",
        "followers.total": "number",
        "genres": "list",
        "genres[]": "string",
        "id": "string",
        "popularity": "number|string",
        "restrictions": "object?",
    }
    assert (examples["followers.total"], examples["genres"]) == (7, ["pop"])


def test_the_same_fields_are_no_drift_whatever_stands_in_them() -> None:
    assert drift([ANN], [ANN | {"id": "bob", "genres": [], "followers": {"total": None, "href": None}}]) == []


def test_nothing_is_told_of_the_first_day() -> None:
    assert drift([], [ANN]) == []


def test_a_field_that_appears_is_told_with_what_is_inside_it_only_once() -> None:
    assert drift([ANN], [ANN | {"bio": {"text": "…", "by": ["x"]}}]) == ["bio appeared"]


def test_a_field_that_vanishes_is_told_unless_it_was_not_always_there() -> None:
    without = {name: value for name, value in ANN.items() if name != "followers"}
    assert drift([ANN], [without]) == ["followers vanished"]
    assert drift([ANN, without], [without]) == []
    assert drift([without, ANN], [without]) == []


def test_of_a_few_objects_none_is_told_to_have_lost_a_field() -> None:
    without = {name: value for name, value in ANN.items() if name != "followers"}
    assert drift([ANN], [without], FEWEST_OBJECTS - 1) == []


def test_a_field_that_becomes_another_type_is_told() -> None:
    assert drift([ANN], [ANN | {"popularity": "high"}]) == ["popularity is string, was number"]
    assert drift([ANN], [ANN | {"followers": 7}]) == ["followers is number, was object"]


def test_what_any_of_the_days_before_had_is_known() -> None:
    assert drift([ANN | {"bio": "…", "popularity": "high"}, ANN], [ANN | {"bio": "…", "popularity": "low"}]) == []
