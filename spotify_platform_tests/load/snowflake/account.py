"""An account of the model with the platform's objects in it, and a lake in a bucket whose events go to its pipes."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from spotify_platform.contracts.curated import CURATED
from spotify_platform.home import Home
from spotify_platform.lake import Lake
from spotify_platform.lake.publishing import PublishRecord, heads
from spotify_platform.load.snowflake.ddl import Target, pipe
from spotify_platform.load.snowflake.names import Names
from spotify_platform.load.snowflake.session import Session
from spotify_platform.load.snowflake.warehouse import Patience, SnowflakeWarehouse
from spotify_platform.marts.build import build_marts
from spotify_platform.publish import publish_dates
from spotify_platform.resources.snowflake import open_session
from spotify_platform.settings import read_snowflake_settings

from ...lake.helpers import Item, capture
from ...snowflake_model import Model

DAY, NEXT = date(2026, 10, 1), date(2026, 10, 2)
QUICK = Patience(deadline=5, between=0.05, refresh_after=1)


@dataclass
class Account:
    """A database of one's own in the model, and the lake that it loads."""

    model: Model
    names: Names
    home: Home
    lake: Lake
    target: Target
    said: list[str] = field(default_factory=list)  # what the warehouse told meanwhile

    def session(self, role: str = "") -> AbstractContextManager[Session]:
        """A session as the platform opens it."""
        return open_session(read_snowflake_settings(), role or self.names.loader, {"asset": "test"})

    @contextmanager
    def warehouse(self, pipes: bool = True, patience: Patience = QUICK) -> Iterator[SnowflakeWarehouse]:
        """The warehouse as a run has it."""
        with self.session() as session:
            external = self.target.has_pipes
            yield SnowflakeWarehouse(
                session, self.names, external=external, pipes=pipes, patience=patience, say=self.said.append
            )

    def publish(self, day: date, name: str, *items: Item, hour: int = 5) -> PublishRecord:
        """Commit a capture and publish its date."""
        capture(self.lake, day, name, *items, hour=hour)
        publish_dates(self.lake, [day])
        return heads(self.lake, [day])[day]

    def wait_until_landed(self) -> None:
        """Wait until the pipes have loaded what was published.

        They are told to look, too: moto loses an event now and then, without a word, when its queue is read meanwhile.
        """
        self.model.wait_until_drained()
        for table in CURATED:
            self.rows(f"alter pipe landing.{pipe(table)} refresh")
        self.model.wait_until_drained()

    def load(self, *days: date, pipes: bool = True, patience: Patience = QUICK) -> list[date]:
        """Load the published batches of dates, or of all."""
        with self.warehouse(pipes, patience) as warehouse:
            return warehouse.load(self.lake, heads(self.lake, days or None).values())

    def build(self) -> None:
        """Build the marts."""
        with self.warehouse() as warehouse:
            build_marts(warehouse, self.lake)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a statement in the database, as the user that may do everything."""
        with self.model.connect(database=self.names.database) as connection:
            return Session(connection).rows(sql)

    def artists(self) -> dict[date, list[str]]:
        """The artists that readers see, by date."""
        seen: dict[date, list[str]] = {}
        for day, name in self.rows("select snapshot_date, artist_id from curated.artists order by 1, 2"):
            seen.setdefault(day, []).append(name)
        return seen
