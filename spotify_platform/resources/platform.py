"""Where an asset's data lies: the lake and the warehouse of a home.

Without configuration both are those of the active home, looked up at each use: a running UI follows when real data
comes in.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import dagster as dg

from spotify_platform.settings import read_settings, read_snowflake_settings, snowflake_reads

if TYPE_CHECKING:
    from spotify_platform.home import Home
    from spotify_platform.lake import Lake
    from spotify_platform.load.warehouse import Warehouse


class LakeResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The lake: captures and published tables."""

    url: str = ""  # empty: the active home's

    def open(self) -> "Lake":
        """The lake."""
        from spotify_platform.home import active_home
        from spotify_platform.lake import Lake

        return Lake(self.url) if self.url else active_home().lake()


class WarehouseResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The warehouse of a home: DuckDB's file, or Snowflake for real data where the setting says so."""

    home: Literal["", "demo", "live"] = ""  # empty: the active one
    path: str = ""  # a DuckDB file instead

    @property
    def report(self) -> Path:
        """Where the report on what was built lies: in the home, or beside the file."""
        return Path(self.path).with_name("report.html") if self.path else self._home().report

    def _home(self) -> "Home":
        from spotify_platform.home import active_home, demo_home, live_home

        return {"": active_home, "demo": demo_home, "live": live_home}[self.home]()

    @contextmanager
    def open(
        self, context: dg.OpExecutionContext | dg.AssetExecutionContext, used: dict[str, Any] | None = None
    ) -> "Iterator[Warehouse]":
        """The warehouse, for us alone while the context lasts. Raises `LockedError` when another one keeps it.

        `used` is told what was used of an account, as `assets.usage` names it.
        """
        if self.path:
            with _duckdb(Path(self.path)) as warehouse:
                yield warehouse
            return
        home = self._home()
        tags = context.run.tags
        op = context.op_execution_context.op if isinstance(context, dg.AssetExecutionContext) else context.op
        dates = [tags.get(f"dagster/{name}") for name in ("partition", *_RANGE)]
        about = {"asset": op.name, "dates": "–".join(filter(None, dates)), "run": context.run.run_id}
        with warehouse_of(home, about, context.log.info, used) as warehouse:
            yield warehouse


# An XS warehouse, and the least that it is billed each time it wakes up, until its own history tells better:
# https://docs.snowflake.com/en/user-guide/cost-understanding-compute
_CREDITS_AN_HOUR, _LEAST_SECONDS = 1, 60
_RANGE = ("asset_partition_range_start", "asset_partition_range_end")


@contextmanager
def warehouse_of(
    home: "Home", about: Mapping[str, str], say: Callable[[str], None], used: dict[str, Any] | None = None
) -> "Iterator[Warehouse]":
    """The warehouse of a home, opened. `about` says who asks, for Snowflake's history; `say` is told what takes long.

    `used` is told what was used of the account, as far as it is known at once. The demo's warehouse is always DuckDB:
    invented data has no business in an account.
    """
    if home.name == "demo" or read_settings().warehouse == "duckdb":
        with _duckdb(home.warehouse) as duckdb:
            yield duckdb
        return
    from spotify_platform.load.snowflake.names import Names
    from spotify_platform.load.snowflake.warehouse import Patience, SnowflakeWarehouse
    from spotify_platform.load.warehouse import held
    from spotify_platform.resources.snowflake import open_session

    settings = read_snowflake_settings()
    names = Names(settings.database)
    patience = Patience(settings.deadline_minutes * 60)
    # Another run of this machine may be waiting for Snowpipe.
    with held(home.path / "snowflake", patience.deadline + 60), open_session(settings, names.loader, about) as session:
        warehouse = SnowflakeWarehouse(
            session,
            names,
            external=snowflake_reads(home.lake_url),
            pipes=settings.landing == "pipe",
            patience=patience,
            say=say,
        )
        began = time.monotonic()
        try:
            yield warehouse
        finally:
            if used is not None:
                hours = max(time.monotonic() - began, _LEAST_SECONDS) / 3600
                used["snowflake_query_tag"] = json.dumps(dict(about))
                used["snowflake_credits"] = round(hours * _CREDITS_AN_HOUR, 6)
                used["snowflake_pipe_bytes"] = warehouse.piped_bytes


def has_warehouse(home: "Home") -> bool:
    """Whether a home's warehouse is there; asking makes none."""
    return home.warehouse.exists() or (home.name == "live" and read_settings().warehouse != "duckdb")


@contextmanager
def _duckdb(path: Path) -> "Iterator[Warehouse]":
    from spotify_platform.load.duckdb import DuckDBWarehouse
    from spotify_platform.load.warehouse import open_warehouse

    with open_warehouse(path) as connection:
        yield DuckDBWarehouse(connection)


class Progress:
    """Told about every date that is done; shows nothing by itself, since events and logs are there already.

    A plain object and not a configurable resource: Dagster makes copies of those, without what they hold.
    """

    def done(self, stage: str, day: date, state: str) -> None:
        """`stage` (capture or publish) is done with `day`, which is now captured, published, unchanged, withheld, …"""
