"""Usage that several tell becomes rows that are there once, and whose sum is the bill's where there is one."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from spotify_platform.cost import explorer, glue, snowflake
from spotify_platform.cost.ledger import DIFFERENCE, Entry, cost_by, entries, total
from spotify_platform.cost.prices import prices
from spotify_platform.cost.usage import IDLE, UNATTRIBUTED, Usage, stands_for

from . import test_explorer, test_glue, test_snowflake

DAY, NEXT = date(2026, 11, 19), date(2026, 11, 20)
PUT = Usage(DAY, "s3", "requests_put", Decimal(1000), "request", "estimated", "curated/*", str(DAY), "run-1")
GLUE = Usage(DAY, "glue", "dpu_seconds", Decimal(100), "DPU-second", "metered", "curated/*", str(DAY), "run-1")
CREDITS = Usage(DAY, "snowflake", "credits", Decimal("0.02"), "credit", "estimated", "warehouse/*", str(DAY), "run-1")
PIPED = Usage(DAY, "snowflake", "pipe_bytes", Decimal(10**9), "byte", "estimated", "warehouse/*", str(DAY), "run-1")


def bill(service: str, dollars: str, day: date = DAY, method: Any = "billed") -> Usage:
    """A line of a bill."""
    return Usage(day, service, "USE1-Requests", Decimal(1), "Requests", method, billed=Decimal(dollars))


def test_a_row_is_a_quantity_times_its_price_and_says_both() -> None:
    (row,) = entries([PUT], {}, [], prices())
    assert row == Entry(
        DAY, "s3", "requests_put", "curated/*", str(DAY), "run-1",
        Decimal(1000), "request", Decimal("0.000005"), Decimal("0.005"), "estimated",
    )  # fmt: skip


def test_what_has_no_price_has_no_cost_and_is_there() -> None:
    (row,) = entries([replace(PUT, usage_type="requests_of_tomorrow")], {}, [], prices())
    assert (row.price, row.cost, row.quantity) == (None, None, Decimal(1000))
    assert total([row]) == 0


def test_what_a_provider_measured_takes_the_place_of_what_we_counted() -> None:
    measured = replace(GLUE, quantity=Decimal(130))
    rows = entries([GLUE, PUT], {"glue": [measured]}, [], prices())
    assert [(row.service, row.quantity) for row in rows] == [("glue", Decimal(130)), ("s3", Decimal(1000))]


def test_a_run_over_midnight_is_not_there_twice() -> None:
    counted = replace(GLUE, usage_date=NEXT)  # told when it ended
    rows = entries([counted], {"glue": [GLUE]}, [], prices())
    assert [(row.usage_date, row.quantity) for row in rows] == [(DAY, Decimal(100))]


def test_a_provider_that_knows_all_runs_is_believed_when_it_knows_none() -> None:
    assert entries([GLUE], {"glue": []}, [], prices()) == []


def test_snowflakes_views_come_late_and_until_then_ours_stand() -> None:
    late = [replace(CREDITS, usage_date=NEXT, run="run-2"), CREDITS, PIPED]
    measured = [replace(CREDITS, quantity=Decimal("0.05"), method="metered")]
    rows = entries(late, {"snowflake": measured}, [], prices())
    assert [(row.usage_date, row.usage_type, row.method) for row in rows] == [
        (DAY, "credits", "metered"),
        (DAY, "pipe_bytes", "estimated"),  # its view is another one
        (NEXT, "credits", "estimated"),
    ]
    assert rows[1].cost == Decimal("0.0111")  # 0.0037 credits a GB, $3 each


def test_the_bills_difference_is_a_row_of_its_own() -> None:
    rows = entries([PUT], {}, [bill("s3", "0.006"), bill("cloudwatch", "0.10")], prices())
    assert [(row.service, row.usage_type, row.asset, row.cost, row.method) for row in rows] == [
        ("cloudwatch", DIFFERENCE, UNATTRIBUTED, Decimal("0.10"), "billed"),
        ("s3", DIFFERENCE, UNATTRIBUTED, Decimal("0.001"), "billed"),
        ("s3", "requests_put", "curated/*", Decimal("0.005"), "estimated"),
    ]
    assert cost_by(rows, "service") == {"cloudwatch": Decimal("0.10"), "s3": Decimal("0.006")}


def test_a_bill_that_is_less_than_we_thought_is_the_bill() -> None:
    rows = entries([PUT], {}, [bill("s3", "0.004", method="metered")], prices())
    assert total(rows) == Decimal("0.004")
    assert {row.method for row in rows if row.usage_type == DIFFERENCE} == {"metered"}  # AWS still estimates it


KINDS = st.sampled_from([("s3", "requests_put"), ("s3", "requests_get"), ("glue", "dpu_seconds"), ("local", "seconds")])
LINES = st.builds(
    lambda kind, quantity, days, run: Usage(
        DAY + timedelta(days), kind[0], kind[1], Decimal(quantity), "unit", "estimated", "curated/*", None, run
    ),
    KINDS,
    st.integers(0, 10**6),
    st.integers(0, 2),
    st.sampled_from(["run-1", "run-2", None]),
)
BILLS = st.builds(
    lambda service, cents, days: bill(service, str(Decimal(cents) / 1000), DAY + timedelta(days)),
    st.sampled_from(["s3", "glue", "cloudwatch"]),
    st.integers(0, 10**4),
    st.integers(0, 2),
)


@given(st.lists(LINES), st.lists(BILLS))
def test_every_days_sum_is_the_bills_and_without_a_bill_ours(counted: list[Usage], billed: list[Usage]) -> None:
    rows = entries(counted, {}, billed, prices())
    told = explorer.billed_by_day(billed)
    known = prices()
    for day in (DAY + timedelta(n) for n in range(3)):
        for service in ("s3", "glue", "local", "cloudwatch"):
            ours = sum(
                (one.quantity * known[one.service, one.usage_type].price for one in counted
                 if (one.usage_date, one.service) == (day, service)), Decimal(0)
            )  # fmt: skip
            found = total(row for row in rows if (row.usage_date, row.service) == (day, service))
            assert round(found, 6) == round(told.get((day, service), ours), 6)


def test_recorded_answers_become_rows_with_their_methods_and_idle_time() -> None:
    """Glue, Snowflake and Cost Explorer together, by the answers that their own tests have."""
    cursor = test_snowflake.Cursor()
    hour = datetime(2026, 11, 19, 5)
    tag = '{"asset": "load", "dates": "2026-11-19", "run": "run-1"}'
    for asked, credits in ((tag, 0.03), ("", 0.01)):
        cursor.put(
            "query_attribution_history",
            warehouse_name="SPOTIFY_XS",
            start_time=hour,
            query_tag=asked,
            credits_attributed_compute=credits,
        )
    cursor.put("warehouse_metering_history", warehouse_name="SPOTIFY_XS", start_time=hour, credits_used_compute=0.1)
    metered = {
        "snowflake": snowflake.usage(snowflake.fetch(cursor, "SPOTIFY_XS", "SPOTIFY", DAY, DAY)),
        "glue": glue.usage([test_glue.a_run(StartedOn=hour.replace(tzinfo=UTC), DPUSeconds=240.0)]),
    }
    job = test_explorer.group("AWS Glue", "USE1-ETL-DPU-Hour", "0.05", "0.1", "DPU-Hour")
    rows = entries([CREDITS, PUT], metered, explorer.usage([test_explorer.result(DAY, job)]), prices())
    assert [(row.asset, row.service, row.method, row.cost) for row in rows] == [
        (IDLE, "snowflake", "metered", Decimal("0.18")),  # 0.1 credits less 0.04 that statements used
        (UNATTRIBUTED, "glue", "billed", Decimal("0.02066666672")),  # the bill's 0.05 less what follows
        (UNATTRIBUTED, "snowflake", "metered", Decimal("0.03")),  # a statement without a tag of ours
        ("curated/*", "glue", "metered", Decimal("0.02933333328")),  # 240 DPU-seconds
        ("curated/*", "s3", "estimated", Decimal("0.005")),
        ("warehouse/*", "snowflake", "metered", Decimal("0.09")),
    ]
    assert cost_by(rows, "service") == {"snowflake": Decimal("0.3"), "glue": Decimal("0.05"), "s3": Decimal("0.005")}


def test_a_step_stands_for_all_assets_of_its_zone() -> None:
    assert stands_for("curated/*", "curated/tracks") and stands_for("warehouse/tracks", "warehouse/tracks")
    assert not stands_for("curated/*", "warehouse/tracks") and not stands_for(IDLE, "curated/tracks")
