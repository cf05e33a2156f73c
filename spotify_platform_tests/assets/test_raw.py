"""The capture as an asset: what it shows of a day, and which failures are worth another try."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest

from spotify_platform.assets.raw import capture
from spotify_platform.automation.close_day import close_day
from spotify_platform.contracts.errors import AuthenticationError, QuotaError
from spotify_platform.extract.account import DEVELOPMENT
from spotify_platform.lake import Lake, checkpoints
from spotify_platform.lake.captures import CaptureWriter, Gap, Manifest, captures_of
from spotify_platform.lake.checkpoints import Checkpoint
from spotify_platform.resources.platform import LakeResource, Progress
from spotify_platform.resources.spotify import SpotifyResource

TODAY = datetime.now(UTC).date()


Answer = Callable[[Lake, date, dict[str, str]], Manifest]


@pytest.fixture
def run(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dg.ExecuteInProcessResult]:
    """Materialise today's capture from a Spotify of the test's, with three more tries where a failure allows them."""

    def run(answer: Answer, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
        @contextmanager
        def capturing(self, lake: Lake, made_by: dict[str, str]) -> Iterator[Callable[[date], Manifest]]:
            yield lambda day: answer(lake, day, made_by)

        monkeypatch.setattr(SpotifyResource, "capturing", capturing)
        job = dg.define_asset_job("only_capture", op_retry_policy=dg.RetryPolicy(max_retries=3))
        resources = {"lake": LakeResource(url=lake.url), "spotify": SpotifyResource(), "progress": Progress()}
        definitions = dg.Definitions(assets=[capture], jobs=[job], resources=resources)
        return definitions.resolve_job_def("only_capture").execute_in_process(
            instance=instance, partition_key=TODAY.isoformat(), raise_on_error=False
        )

    return run


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        (AuthenticationError("Spotify did not accept the credentials."), 1),
        (QuotaError("Come back later.", datetime.now(UTC), "artists"), 4),
    ],
)
def test_only_what_may_pass_is_tried_again(run, error: Exception, tries: int) -> None:
    asked: list[date] = []

    def fail(lake: Lake, day: date, made_by: dict[str, str]) -> Manifest:
        asked.append(day)
        raise error

    with dg.DagsterInstance.ephemeral() as instance:
        result = run(fail, instance)
    assert not result.success
    assert len(asked) == tries
    (failure,) = [event.step_failure_data for event in result.all_events if event.is_step_failure]
    assert failure.user_failure_data.description == str(error)


def test_what_a_mode_cannot_get_is_shown_on_the_asset(run) -> None:
    def made(lake: Lake, day: date, made_by: dict[str, str]) -> Manifest:
        writer = CaptureWriter(lake, "one", day, datetime.now(UTC))
        writer.add("artists", {"id": "A"}, endpoint="artists", captured_at=datetime.now(UTC))
        gap = Gap(kind="playlist", reason="not served", count=1, examples=["P"])
        return writer.commit(
            source="spotify", mode="development", missing=list(DEVELOPMENT.missing), gaps=[gap], made_by=made_by
        )

    with dg.DagsterInstance.ephemeral() as instance:
        assert run(made, instance).success
        event = instance.get_latest_materialization_event(dg.AssetKey(["raw", "artists"]))
    shown = {name: entry.value for name, entry in event.asset_materialization.metadata.items()}
    assert shown["mode"] == "development"
    assert "popularity" in str(shown["missing"])
    assert shown["gaps"] == [{"kind": "playlist", "reason": "not served", "count": 1, "examples": ["P"]}]


def test_close_day_commits_yesterdays_unfinished_capture_and_leaves_todays(lake: Lake) -> None:
    for day in (TODAY - timedelta(days=1), TODAY):
        writer = CaptureWriter(lake, f"{day:%Y%m%d}", day, datetime.now(UTC))
        writer.add("artists", {"id": "A"}, endpoint="artists", captured_at=datetime.now(UTC))
        writer.flush()
        unfinished = Checkpoint(
            capture_id=writer.capture_id, snapshot_date=day, started_at=writer.captured_at,
            saved_at=writer.captured_at, source="spotify", mode="extended", watchlist="w",
            files=writer.files, remaining={"album": 3},
        )  # fmt: skip
        checkpoints.save(lake, unfinished)
    with dg.DagsterInstance.ephemeral() as instance:
        close_day.execute_in_process(instance=instance, resources={"lake": LakeResource(url=lake.url)})
    assert captures_of(lake, TODAY - timedelta(days=1)) == [f"{TODAY - timedelta(days=1):%Y%m%d}"]
    assert captures_of(lake, TODAY) == []
    assert [one.snapshot_date for one in checkpoints.checkpoints(lake)] == [TODAY]
