"""Making the objects in an account: which scripts are new or changed, and running them.

`ops.scripts` remembers each script that ran to its end with the hash of its text.
"""

from collections.abc import Callable

from spotify_platform.contracts.errors import NotAllowedError
from spotify_platform.load.snowflake.ddl import Script, Target, scripts
from spotify_platform.load.snowflake.session import Session


def plan(session: Session, target: Target) -> list[Script]:
    """The scripts that have not run, or not as they are now, in their order."""
    try:
        session.rows(f"use warehouse {target.names.compute}")
        applied = dict(session.rows(f"select name, sha256 from {target.names.database}.ops.scripts"))
    except NotAllowedError:  # nothing was ever applied
        applied = {}
    return [script for script in scripts(target) if applied.get(script.name) != script.sha256]


def apply(session: Session, target: Target, done: Callable[[Script], None]) -> list[Script]:
    """Run what `plan` names, and return it; `done` is told of each. Killed in between, the next call goes on."""
    pending = plan(session, target)
    if pending:  # also brings the session to its warehouse and database
        for statement in scripts(target)[0].statements:
            session.rows(statement)
    for script in pending:
        for statement in script.statements:
            session.rows(statement)
        session.rows(f"delete from ops.scripts where name = '{script.name}'")
        session.rows(
            "insert into ops.scripts (name, sha256, applied_at, applied_by) "
            f"select '{script.name}', '{script.sha256}', current_timestamp(), current_user()"
        )
        done(script)
    return pending


def trust_of(session: Session, target: Target) -> dict[str, str]:
    """What the AWS role has to trust: Snowflake's user, with an external id."""
    described = session.records(f"describe integration {target.names.integration}")
    properties = {str(row["property"]).upper(): str(row["property_value"]) for row in described}
    return {
        "SnowflakeUserArn": properties["STORAGE_AWS_IAM_USER_ARN"],
        "SnowflakeExternalId": properties["STORAGE_AWS_EXTERNAL_ID"],
    }


def queue_of(session: Session, target: Target) -> str:
    """The queue that the bucket's events have to go to; all pipes of an account on one bucket share it."""
    return str(session.records(f"show pipes in schema {target.names.database}.landing")[0]["notification_channel"])
