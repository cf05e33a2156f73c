"""Which engine is recommended, and that it says why."""

import pytest

from spotify_platform.cost.prices import prices
from spotify_platform.cost.recommend import Recommendation, Run
from spotify_platform.cost.recommend import recommendation as recommended

MB, GB = 10**6, 10**9


def recommendation(raw_bytes: int, runs: list[Run], most_minutes: float = 60) -> Recommendation:
    """By the list prices."""
    return recommended(raw_bytes, runs, prices(), most_minutes)


DUCKDB = Run("duckdb", 500 * MB, 7)
GLUE = Run("glue", 500 * MB, 900)


def test_a_day_is_duckdbs_for_it_is_cheaper_than_a_minute_of_glue() -> None:
    found = recommendation(500 * MB, [DUCKDB, GLUE])
    assert found.engine == "duckdb"
    assert found.why == (
        "DuckDB takes about 7.0 s ($0.000192) for 500.0 MB of raw files; "
        "Glue would use about 900 DPU-seconds ($0.1100)."
    )


def test_what_duckdb_cannot_do_in_time_is_glues() -> None:
    found = recommendation(1000 * GB, [DUCKDB, GLUE])
    assert found.engine == "glue"
    assert "233 min" in found.why and "longer than the 60 min" in found.why
    assert recommendation(1000 * GB, [DUCKDB, GLUE], most_minutes=300).engine == "duckdb"


def test_glue_is_taken_where_it_was_measured_to_be_cheaper() -> None:
    assert recommendation(GB, [Run("duckdb", GB, 3000), Run("glue", GB, 200)]).engine == "glue"


def test_without_a_run_of_glue_nothing_tells_that_it_is_worth_its_price() -> None:
    found = recommendation(GB, [DUCKDB])
    assert found.engine == "duckdb" and "Glue costs $0.0147 at least" in found.why


def test_the_run_that_is_nearest_in_size_is_scaled() -> None:
    small, large = Run("duckdb", 10 * MB, 2), Run("duckdb", 10 * GB, 100)
    assert "DuckDB takes about 50 s" in recommendation(5 * GB, [small, large]).why
    assert "DuckDB takes about 4.0 s" in recommendation(20 * MB, [small, large]).why


@pytest.mark.parametrize(("raw_bytes", "used"), [(50 * MB, "900"), (GB, "1,800")])
def test_a_run_of_glue_is_scaled_up_and_never_down(raw_bytes: int, used: str) -> None:
    assert f"about {used} DPU-seconds" in recommendation(raw_bytes, [DUCKDB, GLUE]).why


def test_nothing_known_is_a_guess_of_duckdb() -> None:
    assert recommendation(500 * MB, []).engine == "duckdb"
