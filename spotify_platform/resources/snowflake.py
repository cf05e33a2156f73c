"""Sessions with Snowflake, by way of dagster-snowflake; its library is imported when one is opened."""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

from spotify_platform.contracts.errors import InputError
from spotify_platform.load.snowflake.ddl import Target
from spotify_platform.load.snowflake.names import Names
from spotify_platform.settings import SnowflakeSettings, snowflake_reads

if TYPE_CHECKING:
    from spotify_platform.load.snowflake.session import Session

_log = logging.getLogger(__name__)

# A login that no answer comes to is given up. The connector cancels a statement that takes longer than its network
# timeout, so that is a little more than the virtual warehouse's own limit of an hour. A transaction that was killed
# keeps its locks for up to ten minutes.
_LOGIN_SECONDS, _NETWORK_SECONDS, _LOCK_SECONDS = 30, 3_700, 900


@contextmanager
def open_session(settings: SnowflakeSettings, role: str, tag: Mapping[str, str]) -> "Iterator[Session]":
    """A session in a role (empty: the user's own), closed and with that rolled back whatever happens inside.

    Every statement carries `tag` as its QUERY_TAG: asset, date and run, by which Snowflake's history tells what costs.
    Raises `InputError` where a setting is missing, `AuthenticationError` and `UnreachableError`.
    """
    try:
        from dagster_snowflake import SnowflakeResource
    except ImportError:
        raise InputError('Snowflake is not installed. Run: pip install "spotify-platform[snowflake]"') from None
    from spotify_platform.load.snowflake.session import Session, ours

    if not (settings.account and settings.user):
        missing = "USER" if settings.account else "ACCOUNT"
        raise InputError(f"SPOTIFY_PLATFORM_SNOWFLAKE_{missing} is not set; docs/snowflake.md tells what it is.")
    names = Names(settings.database)
    extra: dict[str, Any] = {
        "session_parameters": {"QUERY_TAG": json.dumps(tag), "TIMEZONE": "UTC", "LOCK_TIMEOUT": _LOCK_SECONDS},
        "platform_detection_timeout_seconds": 0.0,  # else each login asks for the metadata of three clouds, up to 5 s
    }
    if settings.url:
        address = urlparse(settings.url)
        told = {"host": address.hostname, "port": address.port, "protocol": address.scheme}
        extra |= {name: value for name, value in told.items() if value}
    resource = SnowflakeResource(
        account=settings.account,
        user=settings.user,
        role=role or None,
        warehouse=names.compute,
        database=names.database,
        autocommit=True,
        login_timeout=_LOGIN_SECONDS,
        network_timeout=_NETWORK_SECONDS,
        additional_snowflake_connection_args=extra,
        **_credentials(settings),
    )
    # dagster-snowflake 0.29.27 leaves the connection open when something raises: we close it.
    with ours("connect"), resource.get_connection() as connection, closing(connection):
        session = Session(connection)
        session.rows("use secondary roles none")  # else whatever else the user may would hide a missing grant
        yield session


def target_of(settings: SnowflakeSettings, lake_url: str) -> Target:
    """What the objects in Snowflake are made for. Raises `InputError` when a lake on S3 has no role to read it by."""
    reads = snowflake_reads(lake_url)
    if reads and not settings.aws_role_arn:
        raise InputError(
            "SPOTIFY_PLATFORM_SNOWFLAKE_AWS_ROLE_ARN is not set: the AWS role by which Snowflake may read "
            f"{lake_url}/curated/ (docs/snowflake.md)."
        )
    return Target(
        Names(settings.database),
        lake_url if reads else "",
        settings.aws_role_arn or "",
        settings.user or "",
        settings.credits_a_month,
    )


def listeners_of(lake_url: str) -> list[str] | None:
    """Whom a lake's bucket tells of new objects: queues, topics, EventBridge; None where that cannot be asked."""
    try:
        import boto3
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError:
        return None
    try:
        told = boto3.client("s3").get_bucket_notification_configuration(Bucket=urlparse(lake_url).netloc)
    except (BotoCoreError, ClientError):
        return None
    queues = [queue["QueueArn"] for queue in told.get("QueueConfigurations", [])]
    topics = [topic["TopicArn"] for topic in told.get("TopicConfigurations", [])]
    return queues + topics + ["EventBridge"] * ("EventBridgeConfiguration" in told)


def _credentials(settings: SnowflakeSettings) -> dict[str, Any]:
    """A key pair; or a password, which Snowflake lets services use no longer."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if settings.private_key_path or settings.private_key:
        phrase = settings.private_key_passphrase.get_secret_value() if settings.private_key_passphrase else None
        try:
            text = (
                settings.private_key_path.read_text("utf-8")
                if settings.private_key_path
                else settings.private_key.get_secret_value()  # type: ignore[union-attr]
            )
            load_pem_private_key(text.encode(), phrase.encode() if phrase else None)
        except (OSError, ValueError, TypeError) as error:
            # The text of such an error is the library's and the operating system's: no key is in it.
            raise InputError(
                f"The private key (SPOTIFY_PLATFORM_SNOWFLAKE_PRIVATE_KEY_PATH or _PRIVATE_KEY) cannot be read: "
                f"{type(error).__name__}: {error}. Give a PEM file, and its _PRIVATE_KEY_PASSPHRASE if it has one."
            ) from None
        return {"private_key": text} | ({"private_key_password": phrase} if phrase else {})
    if settings.password:
        _log.warning(
            "Snowflake gets a password: it asks services for a key pair, and will refuse. Set "
            "SPOTIFY_PLATFORM_SNOWFLAKE_PRIVATE_KEY_PATH (docs/snowflake.md)."
        )
        return {"password": settings.password.get_secret_value()}
    raise InputError("Neither SPOTIFY_PLATFORM_SNOWFLAKE_PRIVATE_KEY_PATH nor _PASSWORD is set: give the key's file.")
