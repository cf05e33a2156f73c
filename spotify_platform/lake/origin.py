"""Origin: a lake holds Spotify's data or the sandbox's, never both.

The first writer claims the lake; a writer of the other origin is refused, with the command that makes a new one.
"""

from datetime import UTC, date, datetime
from typing import Literal

from pydantic import BaseModel

from spotify_platform.contracts.errors import OriginError
from spotify_platform.lake import keys
from spotify_platform.lake.store import Lake

OriginName = Literal["sandbox", "spotify"]


class SandboxOrigin(BaseModel):
    """Which of the sandbox's catalogues the lake was filled from."""

    seed: int
    artists: int
    anchor: date


class Origin(BaseModel):
    """Where a lake's data comes from, fixed by its first writer."""

    origin: OriginName
    created_at: datetime
    sandbox: SandboxOrigin | None = None


def origin_of(lake: Lake) -> Origin | None:
    """The lake's origin, or None where nothing was written yet."""
    return Origin.model_validate_json(lake.get(keys.LAKE)) if lake.exists(keys.LAKE) else None


def claim(lake: Lake, origin: OriginName, sandbox: SandboxOrigin | None = None) -> Origin:
    """Claim the lake for an origin, or find that it is already claimed for it.

    Returns the origin that stands. Raises `OriginError` when it is another one.
    """
    mine = Origin(origin=origin, created_at=datetime.now(UTC), sandbox=sandbox)
    if lake.create(keys.LAKE, mine.model_dump_json(indent=1).encode()):
        return mine
    stands = origin_of(lake)
    if stands is None or stands.origin != origin or (sandbox and stands.sandbox != sandbox):
        what = f"{stands.origin} data" if stands else "unknown data"
        if stands and stands.sandbox and sandbox:
            what = f"the sandbox's catalogue {_named(stands.sandbox)}, not {_named(sandbox)}"
        raise OriginError(
            f"{lake.url} holds {what}; nothing was written. Data of two origins never share a lake. "
            "Set SPOTIFY_PLATFORM_HOME to a new folder and run the command again."
        )
    return stands


def _named(sandbox: SandboxOrigin) -> str:
    return f"(seed {sandbox.seed}, {sandbox.artists} artists, until {sandbox.anchor})"
