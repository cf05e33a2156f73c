"""Where a capture comes from: the sandbox for a home that holds its data, else Spotify.

How a capture is made is `extract`'s business.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

import dagster as dg

from spotify_platform.contracts.errors import InputError, PermanentError

if TYPE_CHECKING:
    from spotify_platform.lake import Lake
    from spotify_platform.lake.captures import Manifest
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
        self, lake: "Lake", made_by: dict[str, str], claim_for_spotify: Callable[[], object] | None = None
    ) -> Iterator[Capture]:
        """A function that captures one date into `lake`; for a sandbox its server runs while the context lasts.

        `claim_for_spotify` is called when Spotify's answers are there; without it the lake is claimed for them.
        """
        from spotify_platform.lake.origin import claim, origin_of
        from spotify_platform.settings import read_settings

        origin = origin_of(lake)
        settings = read_settings()
        if (origin and origin.origin == "spotify") or (origin is None and settings.has_credentials):
            yield _spotify_capture(lake, settings, made_by, claim_for_spotify or (lambda: claim(lake, "spotify")))
        else:
            with _sandbox_capture(lake, made_by) as capture:
                yield capture


def _spotify_capture(
    lake: "Lake", settings: "Settings", made_by: dict[str, str], claim: Callable[[], object]
) -> Capture:
    from spotify_platform.extract.capture import capture
    from spotify_platform.extract.client import Client, Credentials
    from spotify_platform.extract.watchlist import Watchlist

    watchlist = Watchlist.parse(settings.artists, settings.playlists)
    if not settings.client_id or not settings.client_secret:
        raise InputError(
            "No credentials for Spotify: set SPOTIPY_CLIENT_ID and SPOTIPY_CLIENT_SECRET (developer.spotify.com)."
        )
    if not (watchlist.artists or watchlist.playlists):
        raise InputError(
            "Nothing to watch: set SPOTIFY_PLATFORM_ARTISTS or SPOTIFY_PLATFORM_PLAYLISTS to ids or links, "
            "separated by commas."
        )
    client = Client(Credentials(settings.client_id, settings.client_secret))

    def capture_date(day: date) -> "Manifest":
        today = datetime.now(UTC).date()
        if day != today:
            raise NotServedError(f"{day} cannot be captured on {today}: Spotify serves only the present.")
        return capture(
            lake,
            client,
            watchlist,
            day,
            source="spotify",
            now=lambda: datetime.now(UTC),
            claim=claim,
            made_by=made_by,
        )

    return capture_date


@contextmanager
def _sandbox_capture(lake: "Lake", made_by: dict[str, str]) -> Iterator[Capture]:
    from pydantic import SecretStr

    from spotify_platform.extract.capture import capture
    from spotify_platform.extract.client import Client, Credentials
    from spotify_platform.extract.watchlist import Watchlist
    from spotify_platform.lake.origin import SandboxOrigin, claim, origin_of
    from spotify_platform.sandbox import Catalogue, serve

    origin = origin_of(lake)
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    wanted = SandboxOrigin(seed=DEMO_SEED, artists=DEMO_ARTISTS, anchor=yesterday)
    sandbox = (origin or claim(lake, "sandbox", wanted)).sandbox
    assert sandbox, "a sandbox lake names its catalogue"
    catalogue = Catalogue(seed=sandbox.seed, artists=sandbox.artists, anchor=sandbox.anchor)
    watchlist = Watchlist.parse((catalogue.artist(n).id for n in range(catalogue.artists)), catalogue.playlist_ids)
    with serve(catalogue) as server:

        def capture_date(day: date) -> "Manifest":
            if not catalogue.first_day <= day <= catalogue.last_day:
                raise InputError(f"{day}: the sandbox knows {catalogue.first_day} to {catalogue.last_day}.")
            credentials = Credentials("sandbox", SecretStr("sandbox"), server.api_url(day), server.token_url)
            morning = datetime.combine(day, time(6), UTC)
            return capture(
                lake, Client(credentials), watchlist, day, source="sandbox", now=lambda: morning, made_by=made_by
            )

        yield capture_date
