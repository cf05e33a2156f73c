"""The account: what a client id may ask for (its mode), and what was learned of it, remembered in the lake.

Facts are Spotify's as of November 2026 (developer.spotify.com, changelog of February 2026): a client id made since
2026-02-11 is in development mode; extended quota mode is granted to organisations.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel

from spotify_platform.lake import keys
from spotify_platform.lake.store import Lake

ModeName = Literal["extended", "development"]
ModeSetting = Literal["auto", "extended", "development"]

_BELIEVED = timedelta(days=7)  # then one request finds out whether the mode is still the same


@dataclass(frozen=True)
class Mode:
    """What a mode offers, and how carefully it is to be asked."""

    name: ModeName
    batches: Mapping[str, int]  # most objects a request
    list_page: int  # most albums a page of an artist's list, and results a page of a search
    workers: int  # requests at the same time
    rate: float  # requests a second to begin with
    fastest: float  # what the rate may grow to
    budget: Mapping[str, int]  # most requests in 24 hours, unless the watchlist says otherwise
    missing: tuple[str, ...]  # what cannot be had, in words


EXTENDED = Mode(
    name="extended",
    batches={"artist": 50, "album": 20, "track": 50},
    list_page=50,
    workers=16,
    rate=5.0,
    fastest=50.0,
    budget={},
    missing=(),
)
DEVELOPMENT = Mode(
    name="development",
    batches={"artist": 1, "album": 1, "track": 1},
    list_page=10,
    workers=1,
    rate=1.0,
    fastest=0.0,
    # Seen by others: about 100 lists of albums, or 900 searches, until a day's wait.
    budget={"artists/albums": 90, "search": 800, "artists": 2000, "albums": 2000, "tracks": 2000, "playlists": 500},
    missing=(
        "artists: popularity, followers, genres",
        "albums: popularity, label, available_markets",
        "tracks: popularity, available_markets",
        "items of playlists",
    ),
)
MODES: Mapping[ModeName, Mode] = {"extended": EXTENDED, "development": DEVELOPMENT}


class Account(BaseModel):
    """What was learned of a client id."""

    mode: ModeName | None = None
    mode_found_at: datetime | None = None
    rate: float | None = None  # requests a second, learned from a 429


def fingerprint(client_id: str) -> str:
    """What stands for a client id in the lake."""
    return hashlib.sha256(client_id.encode()).hexdigest()[:12]


def account_of(lake: Lake, client: str) -> Account:
    """What the lake remembers of a client id, given its fingerprint; nothing of one it does not know."""
    key = keys.account(client)
    return Account.model_validate_json(lake.get(key)) if lake.exists(key) else Account()


def remember(lake: Lake, client: str, **learned: object) -> None:
    """Add to what the lake remembers of a client id."""
    account = account_of(lake, client).model_copy(update=learned)
    lake.put(keys.account(client), account.model_dump_json(indent=1).encode())


def known_mode(lake: Lake, client: str, setting: ModeSetting, now: datetime) -> Mode | None:
    """The mode as set, or as remembered from the last week; None where a request has to find out."""
    if setting != "auto":
        return MODES[setting]
    account = account_of(lake, client)
    if account.mode and account.mode_found_at and now - account.mode_found_at < _BELIEVED:
        return MODES[account.mode]
    return None


def find_mode(lake: Lake, client: str, setting: ModeSetting, now: datetime, offers_batches: Callable[[], bool]) -> Mode:
    """The mode; where it is not known, `offers_batches` asks Spotify (one request), and the answer is remembered."""
    mode = known_mode(lake, client, setting, now)
    if mode is None:
        mode = EXTENDED if offers_batches() else DEVELOPMENT
        remember(lake, client, mode=mode.name, mode_found_at=now)
    return mode
