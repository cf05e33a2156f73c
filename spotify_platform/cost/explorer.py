"""Cost Explorer's answers → what AWS bills, by day, service and usage type, for everything that carries our tag.

It tells no asset. An answer costs $0.01, so a page is asked for once: https://aws.amazon.com/aws-cost-management/pricing/
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from spotify_platform.cost.usage import Usage

# AWS's names of services, as ours; others are told as AWS names them.
_SERVICES = {
    "Amazon Simple Storage Service": "s3",
    "AWS Lambda": "lambda",
    "AWS Glue": "glue",
    "AmazonCloudWatch": "cloudwatch",
    "AWS Secrets Manager": "secretsmanager",
    "Amazon Simple Queue Service": "sqs",
}


def fetch(client: Any, tag: str, value: str, first: date, last: date) -> list[Mapping[str, Any]]:
    """The days of GetCostAndUsage from `first` to `last`, all pages, of what carries the cost allocation tag.

    The tag must be activated for billing, and counts from then on. Credits, refunds and taxes are left out: they are
    no usage. `client` is boto3's of Cost Explorer; it needs `ce:GetCostAndUsage`, and its errors are botocore's.
    """
    wanted: dict[str, Any] = {
        "TimePeriod": {"Start": first.isoformat(), "End": (last + timedelta(days=1)).isoformat()},  # without its end
        "Granularity": "DAILY",
        "Metrics": ["UnblendedCost", "UsageQuantity"],
        "GroupBy": [{"Type": "DIMENSION", "Key": "SERVICE"}, {"Type": "DIMENSION", "Key": "USAGE_TYPE"}],
        "Filter": {
            "And": [
                {"Tags": {"Key": tag, "Values": [value]}},
                {"Not": {"Dimensions": {"Key": "RECORD_TYPE", "Values": ["Credit", "Refund", "Tax"]}}},
            ]
        },
    }
    found: list[Mapping[str, Any]] = []
    while True:
        answer = client.get_cost_and_usage(**wanted)
        found += answer["ResultsByTime"]
        if not answer.get("NextPageToken"):
            return found
        wanted["NextPageToken"] = answer["NextPageToken"]


def usage(days: Iterable[Mapping[str, Any]]) -> list[Usage]:
    """A line for each service and usage type of a day, with AWS's amount.

    A day that AWS still calls estimated is metered and not billed; its amount is AWS's all the same.
    """
    return [
        Usage(
            usage_date=date.fromisoformat(day["TimePeriod"]["Start"]),
            service=_SERVICES.get(group["Keys"][0], group["Keys"][0]),
            usage_type=group["Keys"][1],
            quantity=Decimal(group["Metrics"]["UsageQuantity"]["Amount"]),
            unit=group["Metrics"]["UsageQuantity"]["Unit"],
            method="metered" if day["Estimated"] else "billed",
            billed=Decimal(group["Metrics"]["UnblendedCost"]["Amount"]),
        )
        for day in days
        for group in day["Groups"]
    ]


def billed_by_day(lines: Iterable[Usage]) -> dict[tuple[date, str], Decimal]:
    """What each service is billed with on each day, in US dollars: what our own lines are to add up to."""
    sums: dict[tuple[date, str], Decimal] = {}
    for line in lines:
        key = (line.usage_date, line.service)
        sums[key] = sums.get(key, Decimal(0)) + (line.billed or Decimal(0))
    return sums
