"""Dagster's SQLite storage, with connections that are kept.

Dagster's own opens an engine for every statement: 60 days of our assets are 2,600 events, 32 s of a demo that may
take 90 (12 ms an event, 3 ms with kept engines; measured on 1.13.27, two cores). Schema and files are Dagster's; the
class can be taken out of `dagster.yaml` at any time.
"""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy
from dagster import Field, StringSource
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage, _event_logs_directory
from dagster._serdes import ConfigurableClassData
from filelock import FileLock

# One engine for the index and one for each run at work; a daemon that lives for months must not keep all.
_KEPT = 8
_OPENING_SECONDS = 60.0  # making them takes two seconds


class KeptSqliteEventLogStorage(SqliteEventLogStorage):
    """The event log in SQLite, over engines that are kept between statements."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """See Dagster's class."""
        self._engines: OrderedDict[str, sqlalchemy.Engine] = OrderedDict()
        super().__init__(*args, **kwargs)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[sqlalchemy.Connection]:
        # The lock is that of Dagster's own method, which this one stands in for.
        with self._db_lock, self._engine(shard).connect() as connection, connection.begin():
            yield connection

    def _engine(self, shard: str) -> sqlalchemy.Engine:
        engine = self._engines.pop(shard, None) or self._opened(shard)
        self._engines[shard] = engine
        if len(self._engines) > _KEPT:
            self._engines.popitem(last=False)[1].dispose()
        return engine

    def _opened(self, shard: str) -> sqlalchemy.Engine:
        engine = sqlalchemy.create_engine(self.conn_string_for_shard(shard), connect_args={"timeout": 60})
        # In WAL mode NORMAL cannot corrupt the file; a power cut may lose the last events, which only mirror the lake.
        sqlalchemy.event.listen(engine, "connect", lambda raw, _: raw.execute("pragma synchronous = normal"))
        if shard not in self._initialized_dbs:
            self._initdb(engine)
            self._initialized_dbs.add(shard)
        return engine

    def dispose(self) -> None:
        """Close the engines, then what Dagster's class holds."""
        while self._engines:
            self._engines.popitem()[1].dispose()
        super().dispose()


class KeptSqliteStorage(DagsterSqliteStorage):
    """Dagster's SQLite storage with `KeptSqliteEventLogStorage`; named in `dagster.yaml`.

    Without a `base_dir` it lies in the platform's home, wherever that is.
    """

    @classmethod
    def config_type(cls) -> Any:
        """The configuration: `base_dir`, the folder of the databases, optional."""
        return {"base_dir": Field(StringSource, is_required=False)}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Any) -> "KeptSqliteStorage":
        """The storage that `dagster.yaml` asks for; Dagster's own method makes its own class."""
        from spotify_platform.settings import read_settings

        base_dir = config_value.get("base_dir") or str(read_settings().home / "dagster")
        return cls.from_local(base_dir, inst_data=inst_data)

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        """`base_dir`: the folder of the databases."""
        Path(base_dir).mkdir(parents=True, exist_ok=True)
        # Two processes that make the same databases at once leave one with two versions of its schema.
        with FileLock(Path(base_dir, "opening.lock"), timeout=_OPENING_SECONDS):
            super().__init__(base_dir, inst_data)
        self._event_log_storage.dispose()
        self._event_log_storage = KeptSqliteEventLogStorage(_event_logs_directory(base_dir))
