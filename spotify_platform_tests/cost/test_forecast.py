"""What the month and a backfill will come to."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from spotify_platform.cost.forecast import backfill, month
from spotify_platform.cost.ledger import Entry, entries
from spotify_platform.cost.prices import prices
from spotify_platform.cost.usage import Usage

DAY = date(2026, 11, 20)


def day(number: int, seconds: int) -> Usage:
    """Seconds of a day in November."""
    return Usage(date(2026, 11, number), "local", "seconds", Decimal(seconds), "second", "simulated", "curated/*")


def rows(*lines: Usage) -> list[Entry]:
    """The rows of usage, by a price of $0.000027427778 a second."""
    return entries(lines, {}, [], prices())


def test_a_month_is_what_it_cost_and_the_days_left_at_the_usual_price() -> None:
    price = prices()["local", "seconds"].price
    told = month(rows(day(1, 100), day(2, 100), day(3, 9_000), day(4, 50)), date(2026, 11, 4))
    assert told.so_far == 9_250 * price
    assert told.usual_day == 100 * price  # the backfill of the 3rd is not expected again
    assert told.whole == told.so_far + 26 * 100 * price


def test_before_the_second_day_today_is_usual_and_without_any_it_is_nothing() -> None:
    price = prices()["local", "seconds"].price
    assert month(rows(day(30, 100)), date(2026, 11, 30)).whole == 100 * price
    assert month([], date(2026, 11, 30)).whole == 0


def run(name: str, partition: str, raw_bytes: int, seconds: int, service: str = "local") -> list[Usage]:
    """What a run's curation and loading used."""
    kind, unit = ("dpu_seconds", "DPU-second") if service == "glue" else ("seconds", "second")
    line = Usage(DAY, service, kind, Decimal(seconds), unit, "simulated", "curated/*", partition, name)
    return [
        line,
        replace(line, service="lake", usage_type="raw_bytes", quantity=Decimal(raw_bytes), unit="byte"),
        Usage(DAY, "local", "seconds", Decimal(seconds), "second", "simulated", "warehouse/*", partition, name),
    ]


MONTH = run("month", "2026-10-01...2026-10-31", 31 * 10**6, 62)
ONE = run("one", "2026-11-01", 10**6, 10)


def test_a_backfill_is_scaled_from_the_run_that_is_nearest_in_size() -> None:
    told = backfill(rows(*MONTH, *ONE), 62, 93 * 10**6, prices())
    assert {line.asset: line.quantity for line in told.lines} == {
        "curated/*": 62 * 3,  # by bytes
        "warehouse/*": 62 * 2,  # by dates
    }
    assert told.like == {"curated/*": "month (31 dates)", "warehouse/*": "month (31 dates)"}
    assert told.unknown == ("marts/*", "reports/daily")
    assert round(told.cost, 8) == round((186 + 124) * prices()["local", "seconds"].price, 8)


def test_a_smaller_one_is_not_scaled_down() -> None:
    told = backfill(rows(*ONE), 1, 10**5, prices())
    assert {line.asset: line.quantity for line in told.lines} == {"curated/*": 10, "warehouse/*": 10}


def test_without_a_run_nothing_is_known_and_that_is_said() -> None:
    told = backfill([], 10, 10**6, prices())
    assert told.cost == 0 and not told.lines and not told.like
    assert told.unknown == ("curated/*", "warehouse/*", "marts/*", "reports/daily")


def test_a_run_that_had_nothing_to_curate_tells_nothing_of_any_step() -> None:
    idle = [line for line in run("idle", "2026-10-01...2026-10-31", 0, 1) if line.usage_type != "raw_bytes"]
    assert set(backfill(rows(*idle), 31, 10**6, prices()).unknown) >= {"curated/*", "warehouse/*"}
    told = backfill(rows(*idle, *ONE), 31, 10**6, prices())
    assert told.like["warehouse/*"] == "one (1 date)"


def test_of_runs_of_one_size_the_newest_tells() -> None:
    newer = [replace(line, usage_date=date(2026, 11, 21)) for line in run("newer", "2026-11-02", 10**6, 20)]
    assert backfill(rows(*ONE, *newer), 1, 10**6, prices()).like["curated/*"] == "newer (1 date)"


def test_the_engine_is_recommended_by_the_runs_of_both() -> None:
    slow = run("duck", "2026-11-01", 10**6, 3_000)
    told = backfill(rows(*slow, *run("glue", "2026-11-02", 10**6, 130, "glue")), 1, 10**6, prices())
    assert told.engine.engine == "glue" and "130 DPU-seconds" in told.engine.why
    assert backfill(rows(*ONE), 1, 10**6, prices()).engine.engine == "duckdb"
