"""Failed runs are told to a webhook: what failed, for which dates, why, and what to do."""

from collections.abc import Iterable, Sequence
from typing import Any

import dagster as dg

from spotify_platform.assets.report import days_of_run, reason_of
from spotify_platform.contracts.errors import SourceError
from spotify_platform.settings import Settings, read_settings

_MOST_NAMES = 5  # of assets and dates in a message


def failure_sensor(settings: Settings) -> dg.SensorDefinition:
    """The sensor; on where `SPOTIFY_PLATFORM_WEBHOOK_URL` is set."""

    @dg.run_failure_sensor(
        name="tell_failures",
        default_status=dg.DefaultSensorStatus.RUNNING if settings.webhook_url else dg.DefaultSensorStatus.STOPPED,
        description="A failed run is told to the webhook, with dates, reason and what to do.",
    )
    def tell_failures(context: dg.RunFailureSensorContext) -> None:
        url = read_settings().webhook_url
        if url:
            failures = context.get_step_failure_events()
            assets = _assets_of(context.instance, context.dagster_run, failures)
            post(url.get_secret_value(), message(context.dagster_run, failures, assets))

    return tell_failures


def message(run: dg.DagsterRun, failures: Sequence[dg.DagsterEvent], failed: Iterable[dg.AssetKey] = ()) -> str:
    """A failed run in words that Slack and people read. `failed`: the assets of its failed steps, where known."""
    assets = sorted({key.to_user_string() for key in failed or run.asset_selection or ()})
    days = [str(day) for day in days_of_run(run)]
    reasons = [reason_of(event) for event in failures] or ["its process ended before it could say why"]
    lines = [f"*{run.job_name} failed*", *_named("Assets", assets), *_named("Dates", days)]
    lines += [f"Why: {reason}" for reason in reasons]
    return "\n".join([*lines, f"What to do: {_advice(failures)}", f"Run: {run.run_id}"])


def _assets_of(
    instance: dg.DagsterInstance, run: dg.DagsterRun, failures: Sequence[dg.DagsterEvent]
) -> set[dg.AssetKey]:
    """The assets that the failed steps were to make: a run of a whole job carries no selection of assets."""
    steps = {event.step_key for event in failures}
    planned = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED)
    events = (log.dagster_event for log in planned)
    return {event.asset_key for event in events if event and event.asset_key and event.step_key in steps}


def post(url: str, text: str) -> None:
    """Post a message. Raises `SourceError` without the address, which is a secret, where it is not taken."""
    import requests
    from tenacity import Retrying, stop_after_attempt, wait_exponential
    from urllib3.exceptions import HTTPError

    # Dagster tells of a failure once, whether or not the message went out.
    tries = Retrying(stop=stop_after_attempt(3), wait=wait_exponential(multiplier=0.5), reraise=True)
    try:
        answer = tries(requests.post, url, json={"text": text}, timeout=10)
    except (requests.RequestException, HTTPError) as error:
        raise SourceError(
            f"The webhook did not answer ({type(error).__name__}). Check SPOTIFY_PLATFORM_WEBHOOK_URL."
        ) from None
    if not answer.ok:
        raise SourceError(f"The webhook refused a message (status {answer.status_code}).")


def _named(what: str, names: list[str]) -> list[str]:
    if not names:
        return []
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return [f"{what}: {', '.join(names[:_MOST_NAMES])}{more}"]


def _advice(failures: Sequence[dg.DagsterEvent]) -> str:
    """What a person does about it; nothing where the platform tries again by itself."""
    told: list[dict[str, Any]] = [
        dict(event.step_failure_data.user_failure_data.metadata)
        for event in failures
        if event.step_failure_data.user_failure_data
    ]
    if any("may_pass" in one and one["may_pass"].value for one in told):
        return "nothing yet; the capture is tried again today, each time after twice the wait."
    if any("dates" in one for one in told):
        return "`spotify-platform audit DATE` says what is wrong with a date, `spotify-platform coverage` shows all."
    return "open the run in Dagster; when the cause is mended, `spotify-platform run` brings everything up to date."
