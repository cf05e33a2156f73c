"""Memory: what the captures of the last days hold, so that it is not asked for again before its time.

The raw zone itself is the memory: what was purged or never arrived is asked for again.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from pydantic import BaseModel

from spotify_platform.extract.answers import read_lines
from spotify_platform.extract.frontier import Fact, Frontier
from spotify_platform.extract.watchlist import DAYS_OF, Watchlist
from spotify_platform.lake import keys
from spotify_platform.lake.captures import Manifest, captures_of, read_manifest
from spotify_platform.lake.store import Lake


class _Named(BaseModel):
    name: str
    id: str


def recall(lake: Lake, watchlist: Watchlist, snapshot_date: date, frontier: Frontier) -> None:
    """Let the frontier know what the captures up to `snapshot_date` hold, as far back as the watchlist's periods go."""
    days = _days(watchlist)
    for back in range(max(days.values())):
        wanted = {entity for entity, period in days.items() if back < period}
        for manifest in captures_from_api(lake, snapshot_date - timedelta(days=back)):
            frontier.know(fact for fact in _facts(lake, manifest, wanted) if fact[2] not in watchlist.left_out)
    frontier.index()


def complete_capture(lake: Lake, watchlist: Watchlist, snapshot_date: date) -> Manifest | None:
    """The capture of a date that holds all this watchlist asks for, if one is committed."""
    for manifest in captures_from_api(lake, snapshot_date):
        if manifest.watchlist == watchlist.fingerprint and not manifest.partial:
            return manifest
    return None


def captures_from_api(lake: Lake, snapshot_date: date) -> Iterator[Manifest]:
    """The captures of a date that came from the Web API, or from the sandbox that stands in for it."""
    for capture_id in captures_of(lake, snapshot_date):
        manifest = read_manifest(lake, snapshot_date, capture_id)
        if manifest.source in ("spotify", "sandbox"):
            yield manifest


def remembered_name(lake: Lake, name: str) -> str | None:
    """The id of the artist that a watched name was found to be."""
    key = keys.artist_name(name)
    return _Named.model_validate_json(lake.get(key)).id if lake.exists(key) else None


def remember_name(lake: Lake, name: str, identifier: str) -> None:
    """Keep which artist a watched name is; the first finding stands."""
    lake.create(keys.artist_name(name), _Named(name=name, id=identifier).model_dump_json(indent=1).encode())


def _days(watchlist: Watchlist) -> dict[str, int]:
    """For how many days an entity's lines stand, the day itself included."""
    every = watchlist.every
    return {
        "artists": DAYS_OF[every.artists],
        "artist_albums": DAYS_OF[every.discographies],
        "albums": DAYS_OF[every.albums],
        "album_tracks": DAYS_OF[every.albums],
        "tracks": DAYS_OF[every.tracks],
        # Only on the day itself: their popularity is another tomorrow, whatever the playlist's version.
        "playlists": 1,
        "playlist_items": 1,
    }


def _facts(lake: Lake, manifest: Manifest, entities: set[str]) -> Iterator[Fact]:
    incomplete = set(manifest.incomplete)
    for line in read_lines(lake, [file for file in manifest.files if file.entity in entities]):
        if " ".join(line.unit) not in incomplete:
            yield from line.facts()
