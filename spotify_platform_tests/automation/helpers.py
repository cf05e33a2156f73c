"""What the tests of automation share: small captures, the jobs over a lake, and runs that ended when a test says."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import dagster as dg
import pytest
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin

from spotify_platform.definitions import build_definitions
from spotify_platform.lake import Lake
from spotify_platform.lake.captures import CaptureWriter, Manifest
from spotify_platform.resources.platform import LakeResource, WarehouseResource
from spotify_platform.resources.spotify import SpotifyResource

FIRST, LAST = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"

Answer = Callable[[Lake, date, dict[str, str]], Manifest]


def capture(lake: Lake, day: date, name: str = "c1", *, popularity: int = 50, **about: Any) -> Manifest:
    """A small committed capture; a popularity above 100 fails its audit."""
    moment = datetime.combine(day, datetime.min.time(), UTC)
    writer = CaptureWriter(lake, name, day, moment)
    artist = {"id": f"artist-{name}", "name": "Ä", "popularity": popularity, "genres": []}
    writer.add("artists", artist, endpoint="/v1/artists", captured_at=moment)
    return writer.commit(**{"source": "spotify", **about})


@dataclass(frozen=True)
class Jobs:
    """The platform's jobs over a lake and a warehouse of the test's, in this process."""

    lake: Lake
    folder: Path

    @property
    def definitions(self) -> dg.Definitions:
        """The definitions."""
        warehouse = WarehouseResource(path=str(self.folder / "warehouse.duckdb"))
        return build_definitions(lake=LakeResource(url=self.lake.url), warehouse=warehouse)

    def run(self, job: str, instance: dg.DagsterInstance, **options: Any) -> dg.ExecuteInProcessResult:
        """Run a job to its end, good or bad."""
        found = self.definitions.resolve_job_def(job)
        return found.execute_in_process(instance=instance, raise_on_error=False, **options)

    def publish(self, *days: date, instance: dg.DagsterInstance | None = None) -> dg.ExecuteInProcessResult:
        """Bring a stretch of days to the marts."""
        tags = {FIRST: days[0].isoformat(), LAST: days[-1].isoformat()}
        if instance:
            return self.run("publish", instance, tags=tags)
        with dg.DagsterInstance.ephemeral() as own:
            return self.run("publish", own, tags=tags)


@contextmanager
def spotify_says(answer: Answer | Exception) -> Iterator[None]:
    """Within the context a capture gets this answer, or error, from Spotify."""

    def made(lake: Lake, day: date, made_by: dict[str, str]) -> Manifest:
        if isinstance(answer, Exception):
            raise answer
        return answer(lake, day, made_by)

    @contextmanager
    def capturing(self: SpotifyResource, lake: Lake, made_by: dict[str, str]) -> Iterator[Callable[[date], Manifest]]:
        yield lambda day: made(lake, day, made_by)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SpotifyResource, "capturing", capturing)
        yield


def under_way(
    instance: dg.DagsterInstance,
    tags: dict[str, str],
    status: dg.DagsterRunStatus,
    job: str = "publish",
    retry_of: str | None = None,
) -> None:
    """A run that has not ended."""
    location = RegisteredCodeLocationOrigin("spotify_platform")  # a queued run has to say where its job is
    origin = RemoteJobOrigin(RemoteRepositoryOrigin(location, "__repository__"), job)
    run = dg.DagsterRun(
        job,
        str(uuid4()),
        status=status,
        tags=tags,
        remote_job_origin=origin,
        parent_run_id=retry_of,
        root_run_id=retry_of,
    )
    instance.add_run(run)


def ended(instance: dg.DagsterInstance, story: list[dg.EventLogEntry], day: date, at: datetime) -> None:
    """A run of the daily job for a day, with the events of a real one, all of which come at a moment of the test's."""
    run = dg.DagsterRun(job_name="daily", run_id=str(uuid4()), tags={"dagster/partition": day.isoformat()})
    instance.add_run(run)
    for event in story:
        instance.handle_new_event(event._replace(run_id=run.run_id, timestamp=at.timestamp()))
