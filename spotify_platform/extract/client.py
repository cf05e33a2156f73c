"""The Web API over spotipy: one request and its answer, with pace, budget, waiting and errors.

Answers are handed on as they came. Which of them a capture needs is `capture`'s business; what a client id may ask for
is `account`'s.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import spotipy
from pydantic import SecretStr
from requests import HTTPError, RequestException, Response, Session
from requests.adapters import HTTPAdapter
from spotipy.cache_handler import MemoryCacheHandler
from spotipy.oauth2 import SpotifyClientCredentials, SpotifyOauthError
from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_exponential

from spotify_platform.contracts.errors import (
    AuthenticationError,
    CapabilityError,
    MalformedAnswerError,
    PermanentError,
    PlatformError,
    QuotaError,
    SourceError,
    UnfinishedError,
)
from spotify_platform.extract.budget import EVERYTHING, Budget, closed_error
from spotify_platform.extract.pace import Pace

ATTEMPTS = 8  # at faults; one in five requests failing, one in 400,000 fails eight times
LONGEST_WAIT = 60.0  # seconds; a longer Retry-After is mostly a spent quota (up to 24 h), and nothing to sit out
_REFUSALS = 20  # 429s in a row for one request, each waited for
_TIMEOUT = 30  # seconds
_POOL = 16  # connections kept
_PAGE = 50  # most items a page of an album's tracks or a playlist, in both modes
_FAMILIES = {"artist": "artists", "album": "albums", "track": "tracks"}
# At DEBUG they print the client secret and the bearer token; at ERROR each fault that we wait for or tell ourselves.
_TELLTALES = ("spotipy.client", "spotipy.oauth2")


@dataclass(frozen=True)
class Credentials:
    """A client id with its secret, and where to use them. Addresses of the API end with a slash."""

    client_id: str
    client_secret: SecretStr
    api_url: str = "https://api.spotify.com/v1/"
    token_url: str = "https://accounts.spotify.com/api/token"


class GoneError(PermanentError):
    """What was asked for is not there (any more), or was never what its id says."""


@dataclass(frozen=True)
class Page:
    """A page of a list: its items, where it begins, and where the next one begins (None: this is the last)."""

    items: list[Any]
    offset: int
    next: int | None


class _PassingError(SourceError):
    """A fault that may pass within the minute. `seconds`: how long Spotify asks us to wait."""

    def __init__(self, message: str, seconds: float | None = None) -> None:
        super().__init__(message)
        self.seconds = seconds


class _RefusedError(_PassingError):
    """Status 429 with a wait that can be sat out."""


class _OddError(_PassingError):
    """An answer that came whole and is not of the expected shape."""


class _Auth(SpotifyClientCredentials):  # type: ignore[misc]
    """Client credentials for many threads: one of them fetches the token, the others wait for it."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.lock = threading.RLock()

    def get_access_token(self, as_dict: bool = True, check_cache: bool = True) -> Any:
        with self.lock:
            return super().get_access_token(as_dict, check_cache)

    def forget(self, token: str) -> None:
        """Forget a token that was refused, so that the next request fetches another, unless one is there already."""
        with self.lock:
            info = self.cache_handler.get_cached_token()
            if info and info["access_token"] == token:
                self.cache_handler.save_token_to_cache(None)


class Client:
    """Spotify's Web API with client credentials: each method is one request, and gives its answer verbatim.

    Every method raises `SourceError` when Spotify does not answer after eight attempts, `QuotaError` when it asks for a
    wait of more than a minute or the budget is spent, `AuthenticationError` when it does not accept the credentials,
    `CapabilityError` for a 403 or too large a page, `GoneError` for a 404, `MalformedAnswerError` for an answer that
    stays odd, `UnfinishedError` once `stop` was called, and `PermanentError` for any other refusal.
    `requests` counts what was sent, by endpoint family. For many threads at once.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        pace: Pace | None = None,
        budget: Budget | None = None,
        sleep: Callable[[float], None] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Connect nothing yet; without a pace or a budget there is no limit.

        `sleep` waits that many seconds; the default ends at once when `stop` is called. Raises `AuthenticationError`
        for an empty client id or secret.
        """
        for name in _TELLTALES:
            # A filter and not a level, which whoever configures logging later would set anew.
            logging.getLogger(name).addFilter(_silent)
        if not credentials.client_id or not credentials.client_secret.get_secret_value():
            # spotipy would look for others in environment variables of its own.
            raise AuthenticationError("The client id or the client secret is empty. Set both.")
        # A session of ours: spotipy mounts retries that sleep for hours only on one that it makes itself.
        session = Session()
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(pool_maxsize=_POOL))
        self._auth = _Auth(
            credentials.client_id,
            credentials.client_secret.get_secret_value(),
            requests_session=session,
            requests_timeout=_TIMEOUT,
            cache_handler=MemoryCacheHandler(),
        )
        self._auth.OAUTH_TOKEN_URL = credentials.token_url
        self._spotify = spotipy.Spotify(auth_manager=self._auth, requests_session=session, requests_timeout=_TIMEOUT)
        self._spotify.prefix = credentials.api_url
        self._pace, self._budget, self.now = pace, budget, now
        self._stopped = threading.Event()
        self._sleep = sleep or self._rest
        self._requests: Counter[str] = Counter()
        self._counting = threading.Lock()

    @property
    def requests(self) -> dict[str, int]:
        """Requests sent so far by endpoint family, attempts that failed among them; tokens are not counted."""
        with self._counting:
            return dict(self._requests)

    def stop(self) -> None:
        """Let threads that wait, and those that would ask again, end with `UnfinishedError`."""
        self._stopped.set()

    def settle(self) -> None:
        """Give the budget back what was reserved and not spent."""
        if self._budget:
            self._budget.give_back()

    def offers_batches(self) -> bool:
        """Whether objects may be asked for in batches, which tells the modes apart: one request."""
        nobody = "0" * 22
        try:
            self._ask("artists", lambda: self._spotify.artists([nobody]), lambda answer: True)
        except CapabilityError:
            return False
        except PermanentError as error:
            if isinstance(error, AuthenticationError):
                raise
        return True  # whatever it says of nobody's id: it is not 403

    def objects(self, kind: str, ids: Sequence[str]) -> list[Any]:
        """The objects of `ids` in their order, None for what is not there; of a kind artist, album or track."""
        family = _FAMILIES[kind]
        request = getattr(self._spotify, family)
        return list(self._ask(family, lambda: request(ids), lambda answer: _is_batch(answer, family, len(ids)))[family])

    def object(self, kind: str, identifier: str) -> dict[str, Any]:
        """One artist, album or track."""
        request = getattr(self._spotify, kind)
        return self._ask(_FAMILIES[kind], lambda: request(identifier), lambda answer: "id" in answer)

    def artist_albums(self, artist_id: str, offset: int, limit: int, groups: Sequence[str]) -> Page:
        """A page of an artist's list of short albums, in the given groups."""
        page = self._ask(
            "artists/albums",
            lambda: self._spotify.artist_albums(artist_id, include_groups=",".join(groups), limit=limit, offset=offset),
            _is_page,
        )
        return page_of(page, offset)

    def album_tracks(self, album_id: str, offset: int) -> Page:
        """A page of an album's list of short tracks."""
        page = self._ask(
            "albums/tracks", lambda: self._spotify.album_tracks(album_id, limit=_PAGE, offset=offset), _is_page
        )
        return page_of(page, offset)

    def playlist(self, playlist_id: str) -> dict[str, Any]:
        """A playlist with the first page of its items, where the mode serves items."""
        return self._ask(
            "playlists",
            lambda: self._spotify.playlist(playlist_id, additional_types=("track", "episode")),
            lambda answer: "id" in answer,
        )

    def playlist_items(self, playlist_id: str, offset: int) -> Page:
        """A page of a playlist's items."""
        page = self._ask(
            "playlists/items",
            lambda: self._spotify.playlist_items(playlist_id, limit=_PAGE, offset=offset),
            _is_page,
        )
        return page_of(page, offset)

    def search(self, query: str, kind: str, market: str | None, offset: int, limit: int) -> Page:
        """A page of the artists, albums or tracks that a search finds."""
        page = self._ask(
            "search",
            lambda: self._spotify.search(query, limit=limit, offset=offset, type=kind, market=market),
            lambda answer: isinstance(answer.get(f"{kind}s"), dict) and _is_page(answer[f"{kind}s"]),
        )
        return page_of(page[f"{kind}s"], offset)

    # -- asking ------------------------------------------------------------------------------------------------------

    def _ask(self, family: str, request: Callable[[], Any], fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The answer to a request, tried again while the fault may pass."""
        retrying = Retrying(
            stop=_had_enough,
            retry=retry_if_exception_type(_PassingError),
            wait=_wait,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return retrying(self._try, family, request, fits)
        except _OddError as error:
            raise MalformedAnswerError(str(error)) from None

    def _try(self, family: str, request: Callable[[], Any], fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        self._await_turn(family)
        with self._counting:
            self._requests[family] += 1
        sent_at = time.monotonic()
        try:
            answer = request()
        # The last three: spotipy takes the shape of an error's body, and of a token, for granted.
        except (
            spotipy.SpotifyException,
            SpotifyOauthError,
            RequestException,
            AttributeError,
            KeyError,
            TypeError,
        ) as error:
            response = _response_behind(error)
            if response is None:
                raise _PassingError(_after_all(family, f"no usable answer ({type(error).__name__})")) from None
            raise self._fault(family, response, sent_at) from None
        if answer is None:  # an empty body, or one that is not JSON
            raise _PassingError(_after_all(family, "an answer that is not JSON"))
        if isinstance(answer, dict) and fits(answer):
            return answer
        raise _OddError(_after_all(family, "an answer that is not of the expected shape"))

    def _rest(self, seconds: float) -> None:
        self._stopped.wait(seconds)

    def _await_turn(self, family: str) -> None:
        if self._stopped.is_set():
            raise UnfinishedError("The capture was stopped; call it again to go on.")
        if self._budget:
            self._budget.take(family)
        while self._pace and (seconds := self._pace.turn()):
            self._sleep(seconds)
            if self._stopped.is_set():
                raise UnfinishedError("The capture was stopped; call it again to go on.")

    def _fault(self, family: str, response: Response, sent_at: float) -> PlatformError:
        status = response.status_code
        seconds = _retry_after(response)
        for_token = response.request.method == "POST"  # only the token is asked for with POST
        if status == 429 or status >= 500:
            if seconds is not None and seconds > LONGEST_WAIT:
                return self._closed(family, response, seconds)
            if status == 429:
                if self._pace:
                    self._pace.refused(sent_at, seconds or 1.0)
                return _RefusedError(_after_all(family, "status 429"), seconds)
            return _PassingError(_after_all(family, f"status {status}"), seconds)
        if status == 401 and not for_token and "expired" in response.text:
            self._auth.forget(response.request.headers["Authorization"].removeprefix("Bearer "))
            return _PassingError(_after_all(family, "the access token has expired"), 0.0)
        if status == 401 or for_token:
            return AuthenticationError(
                f"Spotify did not accept the credentials (status {status}). Check the client id and the client secret."
            )
        path = urlsplit(response.url).path
        if status == 403:
            return CapabilityError(f"Spotify does not offer {path} to this client id (status 403).")
        if status == 400 and "limit" in response.text.lower():
            return CapabilityError(f"Spotify does not offer {path} with pages of this size to this client id.")
        kind = GoneError if status == 404 else PermanentError
        return kind(
            f"Spotify refused {path} (status {status}). Check that what it names exists and is public, "
            "or take it off the watchlist."
        )

    def _closed(self, family: str, response: Response, seconds: float) -> QuotaError:
        """The error of a wait that is too long, which is remembered: nobody shall ask before it is over."""
        closed = family if "QUOTA_EXCEEDED" in response.text else EVERYTHING
        until = self.now() + timedelta(seconds=seconds)
        if self._budget:
            self._budget.close(closed, until)
        return closed_error(closed, until)


def page_of(page: Mapping[str, Any], offset: int) -> Page:
    """A page as Spotify gives it, which begins at `offset`; its link says where the next begins."""
    items = list(page["items"])
    link = page.get("next")
    if not link:
        return Page(items, offset, None)
    stated = parse_qs(urlsplit(link).query).get("offset", [""])[0]
    following = int(stated) if stated.isdecimal() else offset + len(items)
    # One that does not lead on would be followed for ever.
    return Page(items, offset, following if following > offset else None)


def _silent(record: logging.LogRecord) -> bool:
    return False


def _had_enough(state: RetryCallState) -> bool:
    error = state.outcome.exception() if state.outcome else None
    return state.attempt_number >= (_REFUSALS if isinstance(error, _RefusedError) else ATTEMPTS)


def _wait(state: RetryCallState) -> float:
    """Seconds before the next attempt: as Spotify asks, or 1, 2, 4, 8."""
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, _PassingError) and error.seconds is not None:
        return error.seconds
    return float(wait_exponential(multiplier=1, max=8)(state))


def _response_behind(error: BaseException | None) -> Response | None:
    """The HTTP answer that led to an error of spotipy; its own exceptions lose status and headers on some paths."""
    while error is not None:
        if isinstance(error, HTTPError):
            return error.response
        error = error.__context__
    return None


def _retry_after(response: Response) -> float | None:
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdigit() else None


def _is_page(answer: Mapping[str, Any]) -> bool:
    return isinstance(answer.get("items"), list)


def _is_batch(answer: Mapping[str, Any], family: str, size: int) -> bool:
    found = answer.get(family)
    return isinstance(found, list) and len(found) == size


def _after_all(family: str, what: str) -> str:
    return f"Spotify, asked for {family}: {what}, time after time. Try again later."
