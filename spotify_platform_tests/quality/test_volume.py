"""Row counts against what is usual."""

import pytest

from spotify_platform.quality.volume import audit_volume

USUAL = [96, 100, 100, 100, 104, 100, 300]


@pytest.mark.parametrize(
    ("rows", "severity"),
    [
        (0, "error"),
        (50, "error"),
        (66, "error"),
        (67, "warning"),
        (79, "warning"),
        (80, None),
        (150, None),
        (151, "warning"),
    ],
)
def test_too_few_rows_are_an_error_a_little_less_or_many_more_are_told(rows: int, severity: str | None) -> None:
    found = audit_volume("tracks", rows, USUAL)
    assert [one.severity for one in found] == [severity] * bool(severity)
    assert all("usually 100" in str(one) for one in found)


def test_six_days_do_not_say_what_is_usual() -> None:
    assert audit_volume("tracks", 0, USUAL[:6]) == []


def test_a_table_of_a_couple_of_dozen_rows_may_lose_half_of_them() -> None:
    assert audit_volume("tracks", 0, [24] * 28) == []
    assert [one.severity for one in audit_volume("tracks", 0, [25] * 28)] == ["error"]
