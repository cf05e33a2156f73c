"""Responses as the Web API words them: JSON, and errors of every status.

What is in an answer is `endpoints.py`'s business, which fault is played `faults.py`'s.
"""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response

JSON_TYPE = "application/json; charset=utf-8"


def json_answer(content: Any, status: int = 200) -> Response:
    """Any JSON."""
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    return Response(text.encode(), status, media_type=JSON_TYPE)


def error(status: int, message: str, reason: str | None = None) -> Response:
    """An error in Spotify's shape."""
    told = {"status": status, "message": message}
    return json_answer({"error": told if reason is None else {**told, "reason": reason}}, status)


def too_many(retry_after: int | None, quota: bool) -> Response:
    """429 of the rate limit or of a quota; None: without telling when to come again."""
    answer = error(429, "Too many requests", "QUOTA_EXCEEDED") if quota else error(429, "API rate limit exceeded")
    if retry_after is not None:
        answer.headers["Retry-After"] = str(retry_after)
    return answer
