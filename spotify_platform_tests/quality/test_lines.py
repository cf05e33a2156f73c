"""Raw lines against their manifests, and what they tell."""

import pytest

from spotify_platform.quality.lines import audit_lines, audit_things


def test_lines_as_promised_have_no_finding() -> None:
    assert audit_lines("artists", 3, {"c1": 1, "c2": 2}, {"c1": 0, "c2": 0}, {}) == []
    assert audit_lines("artists", 0, {}, {}, {}) == []


@pytest.mark.parametrize(("read", "promised", "missing"), [(9, 10, 1), (0, 10, 10), (12, 10, 2), (5, 0, 5)])
def test_lines_that_do_not_add_up_to_the_manifests_are_an_error(read: int, promised: int, missing: int) -> None:
    [found] = audit_lines("artists", promised, {"c1": read}, {"c1": read}, {})
    assert (found.table, found.rows, found.severity) == ("raw/artists", missing, "error")
    assert f"{promised} lines" in str(found)
    assert f"{read} read" in str(found)


@pytest.mark.parametrize(
    ("lines", "bad", "severity"),
    [(10, 5, "warning"), (10, 6, "error"), (1, 1, "error"), (2, 1, "warning"), (100, 5, None), (100, 6, "warning")],
)
def test_a_few_rejected_lines_pass_more_are_told_and_most_are_an_error(
    lines: int, bad: int, severity: str | None
) -> None:
    found = audit_lines("tracks", lines, {"c1": lines}, {"c1": bad}, {})
    assert [(one.table, one.rows, one.severity) for one in found] == [("raw/tracks", bad, severity)] * bool(severity)


def test_the_newest_capture_of_some_size_is_judged() -> None:
    """A good one heals a bad one, a bad one does not hide behind a good one, and one of a few lines says nothing."""
    good, bad = {"good": 0}, {"bad": 40}
    assert audit_lines("tracks", 80, {"bad": 40, "good": 40}, good | bad, {}) == []
    assert [one.rows for one in audit_lines("tracks", 80, {"good": 40, "bad": 40}, good | bad, {})] == [40]
    assert [one.rows for one in audit_lines("tracks", 41, {"bad": 40, "small": 1}, bad | {"small": 0}, {})] == [40]


def test_a_line_without_a_row_and_one_that_lacks_a_value_are_bad_alike() -> None:
    assert [one.rows for one in audit_lines("tracks", 48, {"c1": 48}, {"c1": 19}, {"c1": 19})] == [38]
    assert audit_lines("tracks", 1, {"c1": 1}, {"c1": 0}, {"c1": 1}) == []  # its row stands, and it is one line


@pytest.mark.parametrize(("unreadable", "severity"), [(5, None), (6, "warning"), (50, "warning"), (51, "error")])
def test_things_of_which_most_have_a_value_that_cannot_be_read_are_an_error(
    unreadable: int, severity: str | None
) -> None:
    found = audit_things("tracks", 100, unreadable=unreadable)
    assert [(one.rows, one.severity) for one in found] == [(unreadable, severity)] * bool(severity)


@pytest.mark.parametrize(("repeated", "severity"), [(5, None), (6, "warning"), (25, "warning"), (26, "error")])
def test_a_capture_that_tells_most_things_in_two_ways_is_an_error(repeated: int, severity: str | None) -> None:
    found = audit_things("tracks", 100, repeated=repeated)
    assert [(one.rows, one.severity) for one in found] == [(repeated, severity)] * bool(severity)


def test_of_a_few_things_a_share_says_nothing() -> None:
    assert audit_things("tracks", 9, unreadable=9, repeated=9) == []
