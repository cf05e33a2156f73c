"""What AWS bills, from recorded answers of GetCostAndUsage."""

from datetime import date
from decimal import Decimal
from typing import Any

from spotify_platform.cost import explorer
from spotify_platform.cost.usage import UNATTRIBUTED

from .answers import answering, by

DAY, NEXT = date(2026, 11, 19), date(2026, 11, 20)


def group(service: str, kind: str, dollars: str, quantity: str, unit: str) -> dict[str, Any]:
    """A group of a day."""
    return {
        "Keys": [service, kind],
        "Metrics": {
            "UnblendedCost": {"Amount": dollars, "Unit": "USD"},
            "UsageQuantity": {"Amount": quantity, "Unit": unit},
        },
    }


def result(day: date, *groups: dict[str, Any], estimated: bool = False) -> dict[str, Any]:
    """A day of an answer."""
    period = {"Start": day.isoformat(), "End": date.fromordinal(day.toordinal() + 1).isoformat()}
    return {"TimePeriod": period, "Total": {}, "Groups": list(groups), "Estimated": estimated}


GLUE = group("AWS Glue", "USE1-ETL-DPU-Hour", "0.7333333337", "1.6666666667", "DPU-Hour")
PUTS = group("Amazon Simple Storage Service", "USE1-Requests-Tier1", "0.0144", "2880", "Requests")
BYTES = group("Amazon Simple Storage Service", "USE1-TimedStorage-ByteHrs", "0.0005", "0.0217", "GB-Month")
KEYS = group("AWS Key Management Service", "us-east-1-KMS-Keys", "0.0333", "0.0333", "Keys")

ASKED: dict[str, Any] = {
    "TimePeriod": {"Start": "2026-11-19", "End": "2026-11-21"},
    "Granularity": "DAILY",
    "Metrics": ["UnblendedCost", "UsageQuantity"],
    "GroupBy": [{"Type": "DIMENSION", "Key": "SERVICE"}, {"Type": "DIMENSION", "Key": "USAGE_TYPE"}],
    "Filter": {
        "And": [
            {"Tags": {"Key": "project", "Values": ["spotify-platform"]}},
            {"Not": {"Dimensions": {"Key": "RECORD_TYPE", "Values": ["Credit", "Refund", "Tax"]}}},
        ]
    },
}


def test_all_pages_are_read_and_each_once() -> None:
    pages = (
        (ASKED, {"ResultsByTime": [result(DAY, GLUE)], "NextPageToken": "2"}),
        (ASKED | {"NextPageToken": "2"}, {"ResultsByTime": [result(DAY, PUTS), result(NEXT, BYTES)]}),
    )
    with answering("ce", "get_cost_and_usage", *pages) as client:
        days = explorer.fetch(client, "project", "spotify-platform", DAY, NEXT)
    assert by(["usage_date", "service", "billed"], explorer.usage(days)) == [
        (DAY, "glue", Decimal("0.7333333337")),
        (DAY, "s3", Decimal("0.0144")),
        (NEXT, "s3", Decimal("0.0005")),
    ]


def test_a_line_is_a_usage_type_with_awss_amount_to_the_last_digit() -> None:
    (line,) = explorer.usage([result(DAY, GLUE)])
    assert (line.usage_type, line.quantity, line.unit) == ("USE1-ETL-DPU-Hour", Decimal("1.6666666667"), "DPU-Hour")
    assert (line.method, line.billed, line.asset) == ("billed", Decimal("0.7333333337"), UNATTRIBUTED)


def test_what_is_still_estimated_is_not_billed_yet() -> None:
    (line,) = explorer.usage([result(DAY, GLUE, estimated=True)])
    assert (line.method, line.billed) == ("metered", Decimal("0.7333333337"))


def test_a_day_of_a_service_is_the_sum_of_its_usage_types_and_no_service_is_left_out() -> None:
    lines = explorer.usage([result(DAY, GLUE, PUTS, BYTES, KEYS), result(NEXT, PUTS)])
    assert explorer.billed_by_day(lines) == {
        (DAY, "glue"): Decimal("0.7333333337"),
        (DAY, "s3"): Decimal("0.0149"),
        (DAY, "AWS Key Management Service"): Decimal("0.0333"),
        (NEXT, "s3"): Decimal("0.0144"),
    }


def test_a_day_without_cost_has_no_lines() -> None:
    assert explorer.usage([result(DAY)]) == []
