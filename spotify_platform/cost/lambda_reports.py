"""What Lambda says at the end of every call of the capture → GB-seconds and requests, by day.

Two forms: lines of text that begin with REPORT, and events `platform.report` of the log format JSON, which the template
sets. The billed duration holds the initialisation, since 2025-08-01 for every runtime:
https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/
Calls that failed or ran out of time have reports as well, and are billed as others are.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from spotify_platform.contracts.errors import PermanentError
from spotify_platform.cost.usage import Usage, step

ASSET = step("raw")

# Either of the two: a question mark is CloudWatch's OR.
_PATTERN = '?"REPORT RequestId" ?"platform.report"'

_TEXT = re.compile(r"REPORT RequestId: \S+\s.*?Billed Duration: ([\d.]+) ms\s+Memory Size: (\d+) MB")


def fetch(client: Any, log_group: str, first: date, last: date) -> list[Mapping[str, Any]]:
    """The log events of the reports from `first` to `last`, in UTC.

    `client` is boto3's of CloudWatch Logs; it needs `logs:FilterLogEvents` on the group, and its errors are botocore's.
    """
    pages = client.get_paginator("filter_log_events").paginate(
        logGroupName=log_group,
        filterPattern=_PATTERN,
        startTime=_milliseconds(first),
        endTime=_milliseconds(last + timedelta(days=1)) - 1,
    )
    return [event for page in pages for event in page["events"]]


def usage(events: Iterable[Mapping[str, Any]]) -> list[Usage]:
    """Two lines a day. A call captures the day on which it is made, so that day is the partition, too.

    Raises `PermanentError` for a report that cannot be read: its cost would be missing without a word.
    """
    seconds: dict[date, Decimal] = {}
    calls: dict[date, int] = {}
    for day, billed in _billed(events):
        seconds[day] = seconds.get(day, Decimal(0)) + billed
        calls[day] = calls.get(day, 0) + 1
    return [line for day in sorted(seconds) for line in _lines(day, seconds[day], calls[day])]


def _lines(day: date, gb_seconds: Decimal, calls: int) -> Iterator[Usage]:
    for kind, unit, quantity in (
        ("gb_seconds", "GB-second", gb_seconds),
        ("requests", "request", Decimal(calls)),
    ):
        yield Usage(day, "lambda", kind, quantity, unit, "metered", ASSET, day.isoformat())


def _billed(events: Iterable[Mapping[str, Any]]) -> Iterator[tuple[date, Decimal]]:
    """The day and the GB-seconds of each report; other lines, which only mention one, are passed over."""
    for event in events:
        found = _figures(event["message"].strip())
        if found:
            milliseconds, megabytes = found
            day = datetime.fromtimestamp(event["timestamp"] / 1000, UTC).date()
            yield day, milliseconds / 1000 * megabytes / 1024


def _figures(message: str) -> tuple[Decimal, Decimal] | None:
    """Billed milliseconds and the memory's megabytes, if this is a report."""
    if message.startswith("REPORT RequestId"):
        found = _TEXT.match(message)
        if not found:
            raise _unreadable(message)
        return Decimal(found[1]), Decimal(found[2])
    if not message.startswith("{"):
        return None
    try:
        event = json.loads(message, parse_float=Decimal)
    except ValueError:  # a line of ours that was cut off
        return None
    if event.get("type") != "platform.report":
        return None
    try:
        metrics = event["record"]["metrics"]
        return Decimal(metrics["billedDurationMs"]), Decimal(metrics["memorySizeMB"])
    except (KeyError, TypeError) as error:
        raise _unreadable(message) from error


def _unreadable(message: str) -> PermanentError:
    return PermanentError(
        f"A report of Lambda's has no billed duration or memory: {message[:200]!r}. Its form may have changed: "
        "see spotify_platform/cost/lambda_reports.py."
    )


def _milliseconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
