"""The Web API over spotipy: paging, batches, waiting and errors.

Answers are handed on as they came. Which of them a capture needs is `capture`'s business. Needed is Extended Quota
Mode: a client id in development mode is told so.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import spotipy
from pydantic import SecretStr
from requests import HTTPError, RequestException, Response, Session
from spotipy.cache_handler import MemoryCacheHandler
from spotipy.oauth2 import SpotifyClientCredentials, SpotifyOauthError
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from spotify_platform.contracts.errors import AuthenticationError, PermanentError, PlatformError, SourceError

ATTEMPTS = 5
LONGEST_WAIT = 60  # seconds; a longer Retry-After is mostly a spent quota (up to 24 h), and nothing to sit out
_TIMEOUT = 30  # seconds
_BATCHES = {"artists": 50, "albums": 20, "tracks": 50}  # most ids a request
_PAGE = 50  # most items a page, of every list (`/playlists/{id}/tracks`, which had 100, is no longer in spotipy)
_GROUPS = "album,single,compilation"
# At DEBUG they print the client secret and the bearer token.
_TELLTALES = ("spotipy.client", "spotipy.oauth2")


@dataclass(frozen=True)
class Credentials:
    """A client id with its secret, and where to use them. Addresses of the API end with a slash."""

    client_id: str
    client_secret: SecretStr
    api_url: str = "https://api.spotify.com/v1/"
    token_url: str = "https://accounts.spotify.com/api/token"


class _PassingError(SourceError):
    """A fault that may pass within the minute. `seconds`: how long Spotify asks us to wait."""

    def __init__(self, message: str, seconds: float | None = None) -> None:
        super().__init__(message)
        self.seconds = seconds


class Client:
    """Spotify's Web API with client credentials; answers come verbatim and whole, page after page.

    Every method raises `SourceError` when Spotify does not answer after five attempts or asks for a wait of more than
    a minute, `AuthenticationError` when it does not accept the credentials, and `PermanentError` for any other refusal.
    `requests` counts what was sent, by endpoint family. One client is for one thread.
    """

    def __init__(self, credentials: Credentials, *, sleep: Callable[[float], None] = time.sleep) -> None:
        """Connect nothing yet; `sleep` waits that many seconds between attempts.

        Raises `AuthenticationError` for an empty client id or secret.
        """
        for name in _TELLTALES:
            logger = logging.getLogger(name)
            logger.setLevel(max(logger.level, logging.INFO))
        if not credentials.client_id or not credentials.client_secret.get_secret_value():
            # spotipy would look for others in environment variables of its own.
            raise AuthenticationError("The client id or the client secret is empty. Set both.")
        # A session of ours: spotipy mounts retries that sleep for hours only on one that it makes itself.
        session = Session()
        auth = SpotifyClientCredentials(
            credentials.client_id,
            credentials.client_secret.get_secret_value(),
            requests_session=session,
            requests_timeout=_TIMEOUT,
            cache_handler=MemoryCacheHandler(),
        )
        auth.OAUTH_TOKEN_URL = credentials.token_url
        self._spotify = spotipy.Spotify(auth_manager=auth, requests_session=session, requests_timeout=_TIMEOUT)
        self._spotify.prefix = credentials.api_url
        self._retrying = Retrying(
            stop=stop_after_attempt(ATTEMPTS),
            retry=retry_if_exception_type(_PassingError),
            wait=_wait,
            sleep=sleep,
            reraise=True,
        )
        self._requests: Counter[str] = Counter()

    @property
    def requests(self) -> dict[str, int]:
        """Requests sent so far by endpoint family, attempts that failed among them; tokens are not counted."""
        return dict(self._requests)

    def artists(self, ids: Sequence[str]) -> Iterator[tuple[str, Any]]:
        """(requested id, artist object or None) for each of `ids`, 50 a request."""
        return self._batches("artists", ids)

    def albums(self, ids: Sequence[str]) -> Iterator[tuple[str, Any]]:
        """(requested id, album object or None) for each of `ids`, 20 a request."""
        return self._batches("albums", ids)

    def tracks(self, ids: Sequence[str]) -> Iterator[tuple[str, Any]]:
        """(requested id, track object or None) for each of `ids`, 50 a request."""
        return self._batches("tracks", ids)

    def artist_albums(self, artist_id: str) -> Iterator[Any]:
        """The short album objects of an artist's albums, singles and compilations."""
        pages = self._pages(
            "artists/albums",
            partial(self._spotify.artist_albums, artist_id, include_groups=_GROUPS, limit=_PAGE),
        )
        return (item for page in pages for item in page["items"])

    def album_tracks(self, album: dict[str, Any]) -> Iterator[Any]:
        """The short track objects of a full album: those in it, then those on the pages that follow its first."""
        first = album.get("tracks") or {}
        if not _is_page(first):
            return iter(())
        return (item for page in self._pages_after("albums/tracks", first) for item in page["items"])

    def playlist_items(self, playlist_id: str) -> Iterator[tuple[int, Any]]:
        """(position from 0, item) for everything in a playlist."""
        pages = self._pages(
            "playlists/items",
            partial(self._spotify.playlist_items, playlist_id, limit=_PAGE),
        )
        return enumerate(item for page in pages for item in page["items"])

    # -- asking ------------------------------------------------------------------------------------------------------

    def _batches(self, family: str, ids: Sequence[str]) -> Iterator[tuple[str, Any]]:
        size = _BATCHES[family]
        for start in range(0, len(ids), size):
            batch = ids[start : start + size]
            answer = self._ask(
                family, partial(getattr(self._spotify, family), batch), partial(_is_batch, family, batch)
            )
            yield from zip(batch, answer[family], strict=True)

    def _pages(self, family: str, first: Callable[[], Any]) -> Iterator[dict[str, Any]]:
        yield from self._pages_after(family, self._ask(family, first, _is_page))

    def _pages_after(self, family: str, page: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield page
        while page.get("next"):
            page = self._ask(family, partial(self._spotify.next, page), _is_page)
            yield page

    def _ask(self, family: str, request: Callable[[], Any], fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The answer to a request, tried again while the fault may pass."""
        return self._retrying(self._try, family, request, fits)

    def _try(self, family: str, request: Callable[[], Any], fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        self._requests[family] += 1
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
            raise self._fault(family, response) from None
        if isinstance(answer, dict) and fits(answer):
            return answer
        raise _PassingError(_after_all(family, "an answer that is not of the expected shape"))

    def _fault(self, family: str, response: Response) -> PlatformError:
        status = response.status_code
        seconds = _retry_after(response)
        if status == 429 or status >= 500:
            if seconds is not None and seconds > LONGEST_WAIT:
                return SourceError(
                    f"Spotify, asked for {family}: status {status}, and a wait of {seconds:,.0f} s. Try again then."
                )
            return _PassingError(_after_all(family, f"status {status}"), seconds)
        if status == 401 or response.request.method == "POST":  # only the token is asked for with POST
            return AuthenticationError(
                f"Spotify did not accept the credentials (status {status}). Check the client id and the client secret."
            )
        if status == 403 and family in _BATCHES:
            return PermanentError(
                f"Spotify refused {family} in batches (status 403): the client id is in development mode, which lacks "
                "this endpoint. Use a client id in Extended Quota Mode, or the sandbox."
            )
        path = urlsplit(response.url).path
        return PermanentError(
            f"Spotify refused {path} (status {status}). Check that what it names exists and is public, "
            "or take it off the watchlist."
        )


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


def _is_page(answer: dict[str, Any]) -> bool:
    return isinstance(answer.get("items"), list)


def _is_batch(family: str, batch: Sequence[str], answer: dict[str, Any]) -> bool:
    found = answer.get(family)
    return isinstance(found, list) and len(found) == len(batch)


def _after_all(family: str, what: str) -> str:
    return f"Spotify, asked for {family}: {what}, {ATTEMPTS} times in a row. Try again later."
