"""What calls of the capture used, from recorded log events in both of Lambda's formats."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from spotify_platform.contracts.errors import PermanentError
from spotify_platform.cost import lambda_reports

from .answers import answering, by

DAY = date(2026, 11, 20)
LATE = datetime(2026, 11, 20, 23, 59, 59, tzinfo=UTC)
REQUEST = "8286a188-ba32-4475-8077-530cd35c09a9"


def event(message: str | dict[str, Any], at: datetime = LATE) -> dict[str, Any]:
    """A log event of FilterLogEvents."""
    text = message if isinstance(message, str) else json.dumps(message)
    return {"message": text, "timestamp": int(at.timestamp() * 1000), "logStreamName": "s", "eventId": "1"}


def text_report(milliseconds: int, megabytes: int, rest: str = "") -> str:
    """A line as Lambda writes it with the log format Text."""
    return (
        f"REPORT RequestId: {REQUEST}\tDuration: {milliseconds - 0.4:.2f} ms\tBilled Duration: {milliseconds} ms\t"
        f"Memory Size: {megabytes} MB\tMax Memory Used: 66 MB\t{rest}\n"
    )


def json_report(milliseconds: float, megabytes: int, status: str = "success", **more: Any) -> dict[str, Any]:
    """An event as Lambda writes it with the log format JSON."""
    metrics = {"durationMs": milliseconds - 0.4, "billedDurationMs": milliseconds, "memorySizeMB": megabytes}
    record = {"requestId": REQUEST, "metrics": metrics | {"maxMemoryUsedMB": 66} | more, "status": status}
    return {"time": "2026-11-20T23:59:59.000Z", "type": "platform.report", "record": record}


def gb_seconds(message: str | dict[str, Any]) -> Decimal:
    """What one report says."""
    return lambda_reports.usage([event(message)])[0].quantity


@pytest.mark.parametrize(
    "message",
    [
        text_report(3000, 512),
        text_report(3000, 512, "Init Duration: 2480.25 ms\t"),  # the billed duration holds it
        text_report(3000, 512, "Status: timeout"),
        text_report(3000, 512, "Status: error\tError Type: Runtime.ExitError"),
        text_report(3000, 512, "XRAY TraceId: 1-61c8-59b3\tSegmentId: 107e\tSampled: true"),
        json_report(3000, 512),
        json_report(3000, 512, initDurationMs=2480.25),
        json_report(3000.0, 512, status="timeout"),
        json_report(3000, 512, status="error", errorType="Runtime.ExitError"),
    ],
)
def test_a_report_is_its_billed_time_by_its_memory(message: str | dict[str, Any]) -> None:
    assert gb_seconds(message) == Decimal("1.5")


def test_a_day_is_two_lines_for_the_day_that_was_captured() -> None:
    midnight = datetime(2026, 11, 21, tzinfo=UTC)
    lines = lambda_reports.usage(
        [event(json_report(900_000, 1024)), event(text_report(100, 1024)), event(json_report(200, 1024), midnight)]
    )
    assert by(["usage_date", "usage_type", "quantity", "partition"], lines) == [
        (DAY, "gb_seconds", Decimal("900.1"), "2026-11-20"),
        (DAY, "requests", 2, "2026-11-20"),
        (date(2026, 11, 21), "gb_seconds", Decimal("0.2"), "2026-11-21"),
        (date(2026, 11, 21), "requests", 1, "2026-11-21"),
    ]
    assert {(line.service, line.method, line.asset) for line in lines} == {("lambda", "metered", "raw/*")}


@pytest.mark.parametrize(
    "message",
    [
        f"INIT_REPORT Init Duration: 9999.51 ms\tPhase: init\tStatus: timeout {REQUEST}",
        f"START RequestId: {REQUEST} Version: $LATEST",
        {"level": "INFO", "event": "what about a platform.report?"},
        {"time": "…", "type": "platform.initReport", "record": {"metrics": {"durationMs": 125.33}}},
        '{"type": "platform.report", "record": {"metr',
    ],
)
def test_what_is_no_report_is_passed_over(message: str | dict[str, Any]) -> None:
    assert lambda_reports.usage([event(message)]) == []


@pytest.mark.parametrize(
    "message",
    [
        f"REPORT RequestId: {REQUEST}\tDuration: 3 s\tMemory Size: 512 MB",
        {"type": "platform.report", "record": {"requestId": REQUEST, "metrics": {"durationMs": 12}}},
    ],
)
def test_a_report_that_cannot_be_read_is_no_usage_of_nothing(message: str | dict[str, Any]) -> None:
    with pytest.raises(PermanentError, match=r"no billed duration or memory: .*lambda_reports"):
        lambda_reports.usage([event(message)])


def test_all_pages_of_the_days_are_read_the_empty_ones_too() -> None:
    asked = {
        "logGroupName": "/aws/lambda/capture",
        "filterPattern": '?"REPORT RequestId" ?"platform.report"',
        "startTime": 1_763_596_800_000 + 365 * 86_400_000,  # 2026-11-20 at midnight, in UTC
        "endTime": 1_763_596_800_000 + 366 * 86_400_000 - 1,
    }
    pages = (
        (asked, {"events": [], "nextToken": "2"}),
        (asked | {"nextToken": "2"}, {"events": [event(json_report(1000, 1024))]}),
    )
    with answering("logs", "filter_log_events", *pages) as client:
        found = lambda_reports.fetch(client, "/aws/lambda/capture", DAY, DAY)
    assert by(["quantity"], lambda_reports.usage(found)) == [(1,), (1,)]
