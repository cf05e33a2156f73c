"""The refresh of a deployed model, by Power BI's REST API as a service principal: started once, waited for to its end.

The API: learn.microsoft.com/rest/api/power-bi/datasets/refresh-dataset-in-group and …/get-refresh-history-in-group.
Both work in every licence; a shared capacity takes eight refreshes a day.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests
from pydantic import SecretStr
from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_exponential

from spotify_platform.contracts.errors import (
    AuthenticationError,
    DeadlineError,
    InputError,
    JobError,
    PermanentError,
    UnreachableError,
)
from spotify_platform.settings import PowerBISettings

_SCOPE = "https://analysis.windows.net/powerbi/api/.default"
_POLL_SECONDS = 15.0
_ANSWER_SECONDS = 60.0  # for one answer
_REMEMBERED = 20  # refreshes of the history that are looked through
_GOING = {"Unknown", "InProgress", "NotStarted"}  # the history says Unknown of one that is under way


@dataclass(frozen=True)
class Refresh:
    """A refresh that came to a good end."""

    request_id: str
    started_at: str
    ended_at: str


class _BusyError(Exception):
    """An answer that may be another one later."""

    def __init__(self, what: str, seconds: float = 0.0) -> None:
        super().__init__(what)
        self.seconds = seconds


def refresh_model(
    settings: PowerBISettings, tell: Callable[[str], object], sleep: Callable[[float], None] = time.sleep
) -> Refresh:
    """Refresh the model and wait for the end.

    One that is under way already may have read the marts before they were built: ours begins when it has ended.
    Raises `InputError`, `AuthenticationError`, `PermanentError` (Power BI refuses), `JobError` (the refresh failed),
    `DeadlineError`, and `UnreachableError`.
    """
    return _Model(settings, tell, sleep).refresh()


class _Model:
    """A deployed model, by its address."""

    def __init__(
        self, settings: PowerBISettings, tell: Callable[[str], object], sleep: Callable[[float], None]
    ) -> None:
        missing = [
            f"POWERBI_{name.upper()}"
            for name in ("dataset_id", "workspace_id", "tenant_id", "client_id", "client_secret")
            if not getattr(settings, name)
        ]
        if missing:
            raise InputError(f"{missing[0]} is not set; docs/powerbi.md tells what it is.")
        self._settings, self._tell, self._sleep = settings, tell, sleep
        self._session = requests.Session()
        self._token: SecretStr | None = None
        self._left = 60 * settings.deadline_minutes  # seconds, of waiting
        self._url = (
            f"{settings.api_url.rstrip('/')}/v1.0/myorg/groups/{settings.workspace_id}"
            f"/datasets/{settings.dataset_id}/refreshes"
        )

    def refresh(self) -> Refresh:
        with self._session:
            request_id = self._start()
            self._tell(f"Power BI refreshes the model, request {request_id}.")
            while True:
                told = next((one for one in self._history() if one.get("requestId") == request_id), {})
                status = told.get("status", "Unknown")
                if status == "Completed":
                    return Refresh(request_id, str(told.get("startTime")), str(told.get("endTime")))
                if status not in _GOING:
                    raise JobError(f"Power BI's refresh {request_id} ended as {status}: {_reason_of(told)}.")
                self._wait(_POLL_SECONDS, f"The refresh {request_id}")

    def _start(self) -> str:
        while True:
            # A service principal has no address that could be notified.
            answer = self._ask("POST", json={"notifyOption": "NoNotification"})
            if answer.status_code == 202:
                request_id = answer.headers.get("Location", "").rstrip("/").rpartition("/")[2]
                request_id = request_id or answer.headers.get("x-ms-request-id") or answer.headers.get("RequestId", "")
                if not request_id:
                    raise JobError("Power BI began a refresh without saying which; its history tells how it ends.")
                return request_id
            going = [one for one in self._history() if one.get("status") in _GOING]
            if not going:
                raise PermanentError(f"Power BI refuses to refresh the model: {_error_of(answer)}.")
            other = going[0].get("requestId")
            self._tell(f"Another refresh is under way, request {other}; ours begins after it.")
            self._wait(_POLL_SECONDS, f"Another refresh, {other},")

    def _history(self) -> list[dict[str, Any]]:
        """The last refreshes, the newest first."""
        answer = self._ask("GET", params={"$top": str(_REMEMBERED)})
        if not answer.ok:
            raise PermanentError(f"Power BI does not tell its refreshes: {_error_of(answer)}.")
        return list(answer.json().get("value", []))

    def _wait(self, seconds: float, what: str) -> None:
        if self._left <= 0:
            minutes = self._settings.deadline_minutes
            raise DeadlineError(
                f"{what} was still going after {minutes:g} minutes; it goes on in Power BI. "
                "Allow more with POWERBI_DEADLINE_MINUTES."
            )
        self._left -= seconds
        self._sleep(seconds)

    def _ask(self, method: str, **options: Any) -> requests.Response:
        """An answer that is worth reading; busy ones are waited out, an expired token is replaced once."""

        def pause(state: RetryCallState) -> float:
            fault = state.outcome.exception() if state.outcome else None
            asked = fault.seconds if isinstance(fault, _BusyError) else 0.0
            return asked or wait_exponential(multiplier=1, max=60)(state)

        tries = Retrying(
            retry=retry_if_exception_type(_BusyError),
            wait=pause,
            sleep=lambda seconds: self._wait(seconds, "Power BI's API was busy, and what we asked"),
            stop=lambda state: state.attempt_number >= 10,
            reraise=True,
        )
        try:
            return tries(self._ask_once, method, **options)
        except _BusyError as fault:
            raise UnreachableError(f"Power BI could not be asked: {fault}. Try again later.") from None

    def _ask_once(self, method: str, **options: Any) -> requests.Response:
        answer = self._send(method, options)
        if answer.status_code == 401 or (answer.status_code == 403 and "TokenExpired" in answer.text):
            self._token = None  # an hour is over
            answer = self._send(method, options)
        if answer.status_code in (401, 403):
            raise AuthenticationError(
                f"Power BI does not accept the service principal: {_error_of(answer)}. It must be a contributor of the "
                "workspace, and the tenant must let service principals use the APIs."
            )
        if answer.status_code == 404:
            raise InputError("Power BI knows no such model. Check POWERBI_WORKSPACE_ID and POWERBI_DATASET_ID.")
        return answer

    def _send(self, method: str, options: dict[str, Any]) -> requests.Response:
        self._token = self._token or self._new_token()
        bearer = {"Authorization": f"Bearer {self._token.get_secret_value()}"}
        return self._request(method, self._url, headers=bearer, **options)

    def _new_token(self) -> SecretStr:
        settings = self._settings
        assert settings.client_secret
        answer = self._request(
            "POST",
            f"{settings.login_url.rstrip('/')}/{settings.tenant_id}/oauth2/v2.0/token",
            data={
                "grant_type": "client_credentials",
                "client_id": settings.client_id,
                "client_secret": settings.client_secret.get_secret_value(),
                "scope": _SCOPE,
            },
        )
        if not answer.ok:
            raise AuthenticationError(
                f"Microsoft Entra gives no token (status {answer.status_code}). "
                "Check POWERBI_TENANT_ID, POWERBI_CLIENT_ID and POWERBI_CLIENT_SECRET."
            )
        return SecretStr(answer.json()["access_token"])

    def _request(self, method: str, url: str, **options: Any) -> requests.Response:
        """One request. The messages hold no address and no body: both may hold what is secret."""
        try:
            answer = self._session.request(method, url, timeout=_ANSWER_SECONDS, **options)
        except (requests.ConnectionError, requests.Timeout) as error:
            raise _BusyError(type(error).__name__) from None
        if answer.status_code == 429 or answer.status_code >= 500:
            asked = answer.headers.get("Retry-After", "")
            raise _BusyError(f"status {answer.status_code}", float(asked) if asked.isdigit() else 0.0)
        return answer


def _error_of(answer: requests.Response) -> str:
    """What Power BI says is wrong, as far as it says it."""
    try:
        error = answer.json()["error"]
        return f"status {answer.status_code}, {error.get('message') or error['code']}".rstrip(".")
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"status {answer.status_code}"


def _reason_of(told: dict[str, Any]) -> str:
    """Why a refresh failed, as far as its history says it."""
    try:
        reason = json.loads(told["serviceExceptionJson"])
        return ": ".join(str(reason[key]) for key in ("errorCode", "errorDescription") if reason.get(key)).rstrip(".")
    except (ValueError, KeyError, TypeError, AttributeError):
        return "no reason is told; the workspace's refresh history may have one"
