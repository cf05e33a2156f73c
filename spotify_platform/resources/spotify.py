"""Where a capture comes from: the sandbox for a home that holds its data, else Spotify.

How a capture is made is `extract`'s business.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import dagster as dg

from spotify_platform.contracts.errors import InputError, PermanentError

if TYPE_CHECKING:
    from spotify_platform.extract.session import Session
    from spotify_platform.extract.watchlist import Watchlist
    from spotify_platform.lake import Lake
    from spotify_platform.lake.captures import Manifest
    from spotify_platform.sandbox import Catalogue
    from spotify_platform.settings import Settings

Capture = Callable[[date], "Manifest"]

# The demo's catalogue: 60 requests a day, and stories that a person finds in its marts.
DEMO_SEED = 7
DEMO_ARTISTS = 40


class NotServedError(PermanentError):
    """A past day was asked of Spotify, which serves only the present."""


class SpotifyResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Spotify or the sandbox, by the lake's origin."""

    @contextmanager
    def capturing(
        self,
        lake: "Lake",
        made_by: dict[str, str],
        claim_for_spotify: Callable[[], object] | None = None,
        **options: Any,
    ) -> Iterator[Capture]:
        """A function that captures one date into `lake`; for a sandbox its server runs while the context lasts.

        `claim_for_spotify` is called when the first of Spotify's answers is there; without it the lake is claimed for
        them. `options` (`tell`) are those of `Session.capture_today`.
        """
        from spotify_platform.lake.origin import claim, origin_of
        from spotify_platform.settings import read_settings

        origin = origin_of(lake)
        settings = read_settings()
        if (origin and origin.origin == "spotify") or (origin is None and settings.has_credentials):
            claiming = claim_for_spotify or (lambda: claim(lake, "spotify"))
            yield _spotify_capture(lake, settings, made_by, claiming, options)
        else:
            with _sandbox_capture(lake, made_by) as capture:
                yield capture


def session(lake: "Lake", settings: "Settings") -> "Session":
    """A session with Spotify as the settings say. Raises `InputError` for what is missing in them."""
    from spotify_platform.extract.client import Credentials
    from spotify_platform.extract.session import Session
    from spotify_platform.extract.watchlist import load_watchlist

    if not settings.client_id or not settings.client_secret:
        raise InputError(
            "No credentials for Spotify: set SPOTIPY_CLIENT_ID and SPOTIPY_CLIENT_SECRET (developer.spotify.com)."
        )
    elsewhere = {"api_url": settings.api_url, "token_url": settings.token_url}
    credentials = Credentials(
        settings.client_id, settings.client_secret, **{name: url for name, url in elsewhere.items() if url}
    )
    return Session(lake, load_watchlist(settings.watchlist), credentials, settings.mode)


def _spotify_capture(
    lake: "Lake", settings: "Settings", made_by: dict[str, str], claim: Callable[[], object], options: dict[str, Any]
) -> Capture:
    with_spotify = session(lake, settings)

    def capture_date(day: date) -> "Manifest":
        today = datetime.now(UTC).date()
        if day != today:
            raise NotServedError(f"{day} cannot be captured on {today}: Spotify serves only the present.")
        return with_spotify.capture_today(made_by, claim=claim, **options)

    return capture_date


@contextmanager
def _sandbox_capture(lake: "Lake", made_by: dict[str, str]) -> Iterator[Capture]:
    from pydantic import SecretStr

    from spotify_platform.extract.account import EXTENDED
    from spotify_platform.extract.capture import Order, capture
    from spotify_platform.extract.client import Client, Credentials
    from spotify_platform.lake.origin import SandboxOrigin, claim, origin_of
    from spotify_platform.sandbox import Catalogue, serve

    origin = origin_of(lake)
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    wanted = SandboxOrigin(seed=DEMO_SEED, artists=DEMO_ARTISTS, anchor=yesterday)
    sandbox = (origin or claim(lake, "sandbox", wanted)).sandbox
    assert sandbox, "a sandbox lake names its catalogue"
    catalogue = Catalogue(seed=sandbox.seed, artists=sandbox.artists, anchor=sandbox.anchor)
    watchlist = sandbox_watchlist(catalogue)
    with serve(catalogue) as server:

        def capture_date(day: date) -> "Manifest":
            if not catalogue.first_day <= day <= catalogue.last_day:
                raise InputError(f"{day}: the sandbox knows {catalogue.first_day} to {catalogue.last_day}.")
            credentials = Credentials("sandbox", SecretStr("sandbox"), server.api_url(day), server.token_url)
            morning = datetime.combine(day, time(6), UTC)
            order = Order(watchlist, day, "sandbox", EXTENDED, made_by)
            return capture(lake, Client(credentials), order, now=lambda: morning)

        yield capture_date


def sandbox_watchlist(catalogue: "Catalogue") -> "Watchlist":
    """What is watched in a sandbox: the example, whose ids are the demo's; in any other catalogue everything."""
    from spotify_platform.extract.watchlist import EXAMPLE, Watchlist, load_watchlist

    if catalogue.seed == DEMO_SEED:
        return load_watchlist(str(EXAMPLE))
    artists = tuple(catalogue.artist(number).id for number in range(catalogue.artists))
    return Watchlist(artists=artists, playlists=catalogue.playlist_ids)
