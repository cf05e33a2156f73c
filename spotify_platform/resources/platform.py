"""Where an asset's data lies: the lake and the warehouse of a home.

Without configuration both are those of the active home, looked up at each use: a running UI follows when real data
comes in.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    import duckdb

    from spotify_platform.lake import Lake


class LakeResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The lake: captures and published tables."""

    url: str = ""  # empty: the active home's

    def open(self) -> "Lake":
        """The lake."""
        from spotify_platform.home import active_home
        from spotify_platform.lake import Lake

        return Lake(self.url) if self.url else active_home().lake()


class WarehouseResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The DuckDB warehouse."""

    path: str = ""  # empty: the active home's

    @contextmanager
    def open(self) -> Iterator["duckdb.DuckDBPyConnection"]:
        """The warehouse, for us alone while the context lasts. Raises `LockedError` when another one keeps it."""
        from spotify_platform.home import active_home
        from spotify_platform.load.warehouse import open_warehouse

        with open_warehouse(Path(self.path) if self.path else active_home().warehouse) as connection:
            yield connection


class Progress:
    """Told about every date that is done; shows nothing by itself, since events and logs are there already.

    A plain object and not a configurable resource: Dagster makes copies of those, without what they hold.
    """

    def done(self, stage: str, day: date, state: str) -> None:
        """`stage` (capture or publish) is done with `day`, which is now captured, published, unchanged, withheld, …"""
