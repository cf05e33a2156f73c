"""The daily capture as an AWS Lambda function: a call goes on where the last one ended, or finds nothing left to do.

How a capture is made is `extract`'s business. Here: which settings, credentials and time a call has, and what it tells.
The checkpoint in the lake is the hand-over from call to call; no call starts another one. No Dagster here.
"""

import json
import logging
import os
import sys
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol

from pydantic import SecretStr

from spotify_platform.contracts.errors import InputError, PlatformError, QuotaError, TransientError
from spotify_platform.extract.capture import close_captures
from spotify_platform.extract.client import Credentials
from spotify_platform.extract.memory import complete_capture
from spotify_platform.extract.session import Session
from spotify_platform.extract.watchlist import load_watchlist
from spotify_platform.lake import Lake
from spotify_platform.lake.captures import Manifest
from spotify_platform.lake.checkpoints import Checkpoint, checkpoints
from spotify_platform.lake.origin import claim
from spotify_platform.settings import Settings, read_settings

# Kept for an orderly end before Lambda kills the call: a request in flight may take 30 s, then comes the checkpoint.
MARGIN = timedelta(seconds=45)
# So long after midnight (UTC) a day is closed; a call of the day before is over by then.
GRACE = timedelta(minutes=30)


class _Context(Protocol):
    aws_request_id: str
    function_name: str

    def get_remaining_time_in_millis(self) -> int: ...


class _JsonLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        return json.dumps({"at": at, "level": record.levelname, "event": record.msg, **record.__dict__["about"]})


LOG = logging.getLogger("lambda_capture")
LOG.setLevel(logging.INFO)
LOG.propagate = False  # Lambda's own handler would print every line again
LOG.addHandler(logging.StreamHandler(sys.stdout))
LOG.handlers[0].setFormatter(_JsonLine())


def handler(event: object, context: _Context) -> dict[str, Any]:
    """Capture the watchlist as of today, as far as the time of this call reaches; what `event` says does not matter.

    Raises `PermanentError` for what somebody has to change, so that Lambda counts an error.
    """
    began = time.monotonic()
    call = {"lambda_request_id": context.aws_request_id, "function": context.function_name}
    left = timedelta(milliseconds=context.get_remaining_time_in_millis())
    try:
        told = _capture(call, stop_at=datetime.now(UTC) + left - min(MARGIN, left / 3))
    except PlatformError as error:
        LOG.error("failed", extra={"about": call | {"error": type(error).__name__, "reason": str(error)}})
        raise
    told["seconds"] = round(time.monotonic() - began, 3)
    LOG.info(told["state"], extra={"about": call | told})
    return told


def _capture(call: dict[str, str], stop_at: datetime) -> dict[str, Any]:
    settings = read_settings()
    if not settings.lake_url:
        raise InputError("SPOTIFY_PLATFORM_LAKE_URL is not set: name the lake, s3://bucket/prefix.")
    lake, now = Lake(settings.lake_url), datetime.now(UTC)
    for closed in close_captures(lake, before=(now - GRACE).date()):
        gaps = [f"{gap.count} × {gap.kind}: {gap.reason}" for gap in closed.gaps]
        LOG.warning("closed as partial", extra={"about": call | _about(closed) | {"gaps": gaps}})
    watchlist = load_watchlist(settings.watchlist)
    done = complete_capture(lake, watchlist, now.date())
    if done:  # as with most calls; these need no credentials
        return {"state": "nothing to do", **_about(done)}
    session = Session(lake, watchlist, _credentials(settings), settings.mode)
    try:
        manifest = session.capture_today(call, claim=lambda: claim(lake, "spotify"), stop_at=stop_at)
    except QuotaError as error:
        until = error.until.astimezone(UTC).isoformat(timespec="seconds")
        return {"state": "come back", "until": until, "reason": str(error), **_so_far(lake, now.date())}
    except TransientError as error:
        return {"state": "unfinished", "reason": str(error), **_so_far(lake, now.date())}
    return {"state": "captured", **_about(manifest)}


def _credentials(settings: Settings) -> Credentials:
    """From the environment, else from the secret of AWS Secrets Manager that SPOTIFY_SECRET_ID names."""
    elsewhere = {"api_url": settings.api_url, "token_url": settings.token_url}
    urls = {name: url for name, url in elsewhere.items() if url}
    if settings.client_id and settings.client_secret:
        return Credentials(settings.client_id, settings.client_secret, **urls)
    if not (secret_id := os.environ.get("SPOTIFY_SECRET_ID")):
        raise InputError(
            "No credentials for Spotify: set SPOTIPY_CLIENT_ID and SPOTIPY_CLIENT_SECRET, or SPOTIFY_SECRET_ID, "
            "which names a secret of AWS Secrets Manager."
        )
    secret = _secret(secret_id)
    return Credentials(secret["client_id"], SecretStr(secret["client_secret"]), **urls)


def _secret(secret_id: str) -> dict[str, str]:
    import boto3  # Lambda's own, and no part of the package
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        secret = json.loads(boto3.client("secretsmanager").get_secret_value(SecretId=secret_id)["SecretString"])
        return {name: str(secret[name]) for name in ("client_id", "client_secret")}
    except ClientError as error:
        reason = error.response["Error"]["Code"]
        if reason == "ResourceNotFoundException":  # as AWS says of one that was made empty, too
            reason = "it is not there, or has no value yet (aws secretsmanager put-secret-value)"
    except BotoCoreError as error:
        reason = type(error).__name__
    except (KeyError, TypeError, ValueError):  # whose messages may quote the secret
        reason = 'it is no JSON like {"client_id": "…", "client_secret": "…"}'
    raise InputError(f"The secret {secret_id} is of no use: {reason}. Correct it, its name, or the function's role.")


def _about(capture: Manifest | Checkpoint) -> dict[str, Any]:
    return {
        "snapshot_date": capture.snapshot_date.isoformat(),
        "capture_id": capture.capture_id,
        "items": sum(file.items for file in capture.files),
        "requests": sum(capture.requests.values()),
    }


def _so_far(lake: Lake, today: date) -> dict[str, Any]:
    """How far today's unfinished capture is; as good as nothing before the first answers are kept."""
    for checkpoint in checkpoints(lake):
        if checkpoint.snapshot_date == today:
            return _about(checkpoint) | {"remaining": checkpoint.remaining}
    return {"snapshot_date": today.isoformat()}
