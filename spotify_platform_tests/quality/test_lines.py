"""Raw lines against their manifests."""

import pytest

from spotify_platform.quality.lines import audit_lines


def test_lines_as_promised_have_no_finding() -> None:
    assert audit_lines("artists", promised=3, read=3) == []
    assert audit_lines("artists", promised=0, read=0) == []


@pytest.mark.parametrize(("read", "promised", "missing"), [(9, 10, 1), (0, 10, 10), (12, 10, 2), (5, 0, 5)])
def test_lines_that_do_not_add_up_to_the_manifests_are_an_error(read: int, promised: int, missing: int) -> None:
    [found] = audit_lines("artists", promised=promised, read=read, rejected=read)
    assert (found.table, found.rows, found.severity) == ("raw/artists", missing, "error")
    assert f"{promised} lines" in str(found)
    assert f"{read} read" in str(found)


@pytest.mark.parametrize("what", ["rejected", "unreadable"])
@pytest.mark.parametrize(
    ("lines", "wrong", "severity"),
    [(10, 5, "warning"), (10, 6, "error"), (100, 5, None), (100, 6, "warning"), (0, 0, None)],
)
def test_a_few_bad_lines_pass_more_are_told_and_most_are_an_error(
    what: str, lines: int, wrong: int, severity: str | None
) -> None:
    found = audit_lines("tracks", promised=lines, read=lines, **{what: wrong})
    assert [(one.table, one.rows, one.severity) for one in found] == [("raw/tracks", wrong, severity)] * bool(severity)


def test_of_a_few_lines_a_bad_value_says_nothing_but_no_row_at_all_does() -> None:
    assert audit_lines("tracks", promised=1, read=1, unreadable=1) == []
    assert [one.severity for one in audit_lines("tracks", promised=1, read=1, rejected=1)] == ["error"]


@pytest.mark.parametrize(
    ("repeated", "severity"), [(0, None), (5, None), (6, "warning"), (25, "warning"), (26, "error")]
)
def test_a_capture_that_tells_most_things_in_two_ways_is_an_error(repeated: int, severity: str | None) -> None:
    found = audit_lines("tracks", promised=100, read=100, repeated=repeated)
    assert [one.severity for one in found] == [severity] * bool(severity)
