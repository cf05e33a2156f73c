"""Curators: who turns raw files of the lake into a batch of local Parquet files.

In process by an engine of `curate`; a Glue job is `resources.glue`'s. What may be published is `publish`'s business.
"""

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import duckdb

from spotify_platform.contracts.errors import CurationError
from spotify_platform.curate.batch import Batch, curate_batch
from spotify_platform.curate.duckdb import DuckDBEngine
from spotify_platform.curate.engine import Engine
from spotify_platform.lake import keys
from spotify_platform.lake.captures import RawFile
from spotify_platform.lake.store import Lake, sha256


@dataclass(frozen=True)
class Curated:
    """What a curator made of raw files."""

    batch: Batch  # its parts are local files while the context lasts
    damaged: list[RawFile] = field(default_factory=list)  # not what its manifest says; its date was left out
    usage: Mapping[str, float] = field(default_factory=dict)  # what it cost, in units and never in money


class Curator(Protocol):
    """Turns raw files into tables."""

    @property
    def chunk_bytes(self) -> int:
        """How many bytes of gzip one call takes; a single date may have more."""
        ...

    def curate(self, lake: Lake, files: Sequence[RawFile]) -> AbstractContextManager[Curated]:
        """Curate raw files of the lake. Raises `CurationError` where they cannot be taken."""
        ...


@dataclass(frozen=True)
class InProcess:
    """Curation by an engine in this process, on local files."""

    engine: Callable[[Path], AbstractContextManager[Engine]]  # given a scratch folder of its own
    faults: tuple[type[Exception], ...]  # what the engine raises for files that it cannot take
    chunk_bytes: int

    @contextmanager
    def curate(self, lake: Lake, files: Sequence[RawFile]) -> Iterator[Curated]:
        """See `Curator.curate`. A file is damaged when it has not the SHA-256 of its manifest."""
        with (
            tempfile.TemporaryDirectory(prefix="curate-") as scratch,
            lake.local([file.path for file in files]) as raw,
        ):
            damaged = [file for file in files if not raw[file.path].exists() or sha256(raw[file.path]) != file.sha256]
            sound: dict[str, list[str]] = defaultdict(list)
            for file in without_dates_of(damaged, files):
                sound[file.entity].append(str(raw[file.path]))
            try:
                with self.engine(Path(scratch)) as engine:
                    batch = curate_batch(engine, sound, str(Path(scratch, "tables")))
            except self.faults as error:
                # The message may quote a raw line; its first words say what was wrong.
                raise CurationError(f"curation failed: {str(error).splitlines()[0][:120]}") from error
            yield Curated(batch, damaged)


def in_duckdb() -> InProcess:
    """The embedded engine. A call takes 64 MB of gzip, which are 600 MB of JSON or more, or a year of small days.

    It costs half a second whatever it gets; larger ones need more memory, and a person sees progress after each.
    """
    return InProcess(DuckDBEngine, (duckdb.Error,), chunk_bytes=64_000_000)


def without_dates_of(damaged: Sequence[RawFile], files: Sequence[RawFile]) -> list[RawFile]:
    """The files of dates of which none is damaged."""
    spoilt = {keys.date_in(file.path) for file in damaged}
    return [file for file in files if keys.date_in(file.path) not in spoilt]
