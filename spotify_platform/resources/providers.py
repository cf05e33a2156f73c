"""Whom the ledger asks what was used: Glue, Lambda's log, Snowflake's views and Cost Explorer, as the settings say.

What their answers mean is `cost`'s business. One that does not answer must not hide what the others tell.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from spotify_platform.contracts.errors import PlatformError

if TYPE_CHECKING:
    from spotify_platform.cost.usage import Usage
    from spotify_platform.home import Home


@dataclass
class Told:
    """What the providers told of some days."""

    metered: "dict[str, list[Usage]]" = field(default_factory=dict)  # by service
    bill: "list[Usage]" = field(default_factory=list)
    silent: dict[str, str] = field(default_factory=dict)  # who was asked and did not answer, and why


def ask_providers(home: "Home", first: date, last: date) -> Told:
    """What each provider of a home tells of the days from `first` to `last`; of the demo nobody knows anything."""
    told = Told()
    if home.name == "live":
        for name, ask in _asked(told, home, first, last):
            with _or_silent(told, name):
                ask()
    return told


def _asked(told: Told, home: "Home", first: date, last: date) -> Iterator[tuple[str, Callable[[], None]]]:
    """Those that the settings name, each with what puts its answer into `told`."""
    from spotify_platform.cost import explorer, glue, lambda_reports
    from spotify_platform.settings import read_cost_settings, read_settings

    settings, cost = read_settings(), read_cost_settings()

    def ask_glue() -> None:
        told.metered["glue"] = glue.usage(glue.fetch(_client("glue"), settings.glue_job, first, last))

    def ask_lambda() -> None:
        events = lambda_reports.fetch(_client("logs"), str(cost.lambda_log_group), first, last)
        told.metered["lambda"] = lambda_reports.usage(events)

    def ask_snowflake() -> None:
        told.metered["snowflake"] = _snowflake(first, last)

    def ask_explorer() -> None:
        tag, _, value = str(cost.tag).partition("=")
        told.bill = explorer.usage(explorer.fetch(_client("ce"), tag, value, first, last))

    if settings.engine == "glue":
        yield "glue", ask_glue
    if cost.lambda_log_group:
        yield "lambda", ask_lambda
    if settings.warehouse == "snowflake":
        yield "snowflake", ask_snowflake
    if cost.tag:
        yield "cost explorer", ask_explorer


def _client(service: str) -> Any:
    import boto3

    return boto3.client(service)


def _snowflake(first: date, last: date) -> "list[Usage]":
    """By the loader's role; docs/cost.md has what it must be granted."""
    from spotify_platform.cost import snowflake
    from spotify_platform.load.snowflake.names import Names
    from spotify_platform.load.snowflake.session import ours
    from spotify_platform.resources.snowflake import open_session
    from spotify_platform.settings import read_snowflake_settings

    settings = read_snowflake_settings()
    names = Names(settings.database)
    with (
        open_session(settings, names.loader, {"asset": "operations/platform_cost"}) as session,
        ours("account usage"),
        session.connection.cursor() as cursor,
    ):
        return snowflake.usage(snowflake.fetch(cursor, names.compute, names.database, first, last))


@contextmanager
def _or_silent(told: Told, name: str) -> Iterator[None]:
    """Whoever is refused or not reached is silent, with the reason."""
    try:
        import botocore.exceptions as aws
    except ImportError:  # only Snowflake is asked here; whoever asks AWS without its library is told so
        failures: tuple[type[Exception], ...] = (PlatformError, ImportError)
    else:
        failures = (PlatformError, ImportError, aws.BotoCoreError, aws.ClientError)
    try:
        yield
    except failures as error:
        told.silent[name] = " ".join(str(error).split())[:500]
