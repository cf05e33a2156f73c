"""Answers that Spotify really gave, old and new: each is read to the end, and every item is a row or a reject.

A file is served at the endpoint it was recorded at; what it names and does not hold is answered with null, or with a
page without items. The files are Spotify's, and no part of the repository.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request

from spotify_platform.contracts.errors import CapabilityError, QuotaError
from spotify_platform.extract.account import DEVELOPMENT, EXTENDED, Mode
from spotify_platform.extract.budget import EVERYTHING
from spotify_platform.extract.capture import Order, capture
from spotify_platform.extract.watchlist import Search, Watchlist
from spotify_platform.lake.captures import Manifest
from spotify_platform.lake.store import Lake
from spotify_platform.load.reader import open_reader
from spotify_platform.publish import publish_dates

from .helpers import lines
from .test_faults import DAY
from .tiny import GONE, A, B, Spotify, status, tiny_spotify

Json = dict[str, Any]
OBJECTS = ("artists", "albums", "tracks")
LIST = "L" * 22
MODES = {"recorded": EXTENDED, "development_mode": DEVELOPMENT}


def clock() -> datetime:
    """The time, standing still."""
    return datetime(DAY.year, DAY.month, DAY.day, 3, tzinfo=UTC)


@pytest.fixture(scope="module")
def server() -> Iterator[Spotify]:
    """The tiny server, running for all tests of this module."""
    with tiny_spotify() as spotify:
        yield spotify


@pytest.fixture
def spotify(server: Spotify) -> Spotify:
    """The tiny server as new: it knows nothing."""
    url = server.url
    server.__init__()  # type: ignore[misc]
    server.url = url
    return server


# -- serving a file


def page(items: list[Any], more: Any = None) -> Json:
    """A page of a list."""
    return {"items": items, "next": more, "offset": 0, "limit": 50, "total": len(items)}


def first_then_nothing(answer: Json, empty: Json | None = None) -> Callable[[Request], Json]:
    """The answer where it is asked for from the beginning, and nothing behind it."""
    return lambda request: answer if request.query_params.get("offset", "0") == "0" else empty or page([])


def serve_objects(spotify: Spotify, known: Mapping[str, Any]) -> None:
    """Serve objects by id, in batches and one by one; of an id that is not known there is nothing."""

    def batch(kind: str) -> Callable[[Request], Json]:
        return lambda request: {kind: [known.get(one) for one in request.query_params["ids"].split(",")]}

    spotify.answers |= {kind: batch(kind) for kind in OBJECTS}
    spotify.answers |= {f"{kind}/{identifier}": item for identifier, item in known.items() for kind in OBJECTS}


def an_artist(spotify: Spotify, albums: Json, known: Mapping[str, Any]) -> Watchlist:
    """Artist A, whose discography is a page."""
    serve_objects(spotify, {A: {"id": A, "name": "A", "type": "artist"}, **known})
    spotify.answers[f"artists/{A}/albums"] = first_then_nothing(albums)
    return Watchlist(artists=(A,))


def by_id(items: list[Any]) -> dict[str, Any]:
    """Items that are there, by their ids."""
    return {item["id"]: item for item in items if item}


def albums_of_artist(spotify: Spotify, answer: Json) -> Watchlist:
    """`GET /artists/{id}/albums`; new releases look the same."""
    listed = answer.get("albums", answer)
    return an_artist(
        spotify, listed, {key: {**album, "tracks": page([])} for key, album in by_id(listed["items"]).items()}
    )


def full(tracks: list[Any], album: Json) -> dict[str, Any]:
    """Tracks of an album as they are told when they are asked for themselves; that was not recorded."""
    about = {key: album[key] for key in ("id", "name", "type")}
    return {key: {**track, "album": about, "popularity": 1} for key, track in by_id(tracks).items()}


def artists(spotify: Spotify, answer: Json) -> Watchlist:
    """`GET /artists`, or one of them."""
    known = by_id(answer.get("artists", [answer]))
    serve_objects(spotify, known)
    return Watchlist(artists=tuple(known), depth="artists")


def albums(spotify: Spotify, answer: Json) -> Watchlist:
    """`GET /albums`, or one of them, with what their lists of tracks go on with; and album B beside them."""
    told = answer.get("albums", [answer])
    known = by_id(told) | {B: an_album(page([]))}
    listed = [*known, GONE] if None in told else [*known]
    asked = {key: track for album in known.values() for key, track in full(album["tracks"]["items"], album).items()}
    watchlist = an_artist(spotify, page([{"id": identifier} for identifier in listed]), {**known, **asked})
    spotify.answers |= {f"albums/{identifier}/tracks": page([]) for identifier in known}
    return watchlist


def an_album(tracks: Json) -> Json:
    """Album B."""
    return {"id": B, "name": "B", "type": "album", "tracks": tracks}


def tracks(spotify: Spotify, answer: Json) -> Watchlist:
    """`GET /tracks`, or one of them; an artist's top tracks look the same."""
    known = by_id(answer.get("tracks", [answer]))
    album = an_album(page([{"id": identifier} for identifier in known]))
    return an_artist(spotify, page([{"id": B}]), {B: album, **known})


def album_tracks(spotify: Spotify, answer: Json) -> Watchlist:
    """`GET /albums/{id}/tracks`, of an album that holds none of them itself."""
    album = an_album(page([], f"{spotify.url}/v1/albums/{B}/tracks?offset=0"))
    watchlist = an_artist(spotify, page([{"id": B}]), {B: album, **full(answer["items"], album)})
    spotify.answers[f"albums/{B}/tracks"] = first_then_nothing(answer)
    return watchlist


def playlist(spotify: Spotify, answer: Json) -> Watchlist:
    """`GET /playlists/{id}`, or a page of its items."""
    if "snapshot_id" not in answer:
        answer = {"id": LIST, "name": "L", "snapshot_id": "s", "type": "playlist", "tracks": answer}
    identifier = str(answer["id"])
    serve_objects(spotify, {})
    spotify.answers[f"playlists/{identifier}"] = answer
    spotify.answers |= {f"playlists/{identifier}/{name}": page([]) for name in ("items", "tracks")}
    return Watchlist(playlists=(identifier,))


def renamed(spotify: Spotify, answer: Json) -> Watchlist:
    """The same with the names of 2026: `items` for `tracks`, `item` for `track`."""
    pages = answer.get("tracks", answer)
    items = [{("item" if key == "track" else key): value for key, value in item.items()} for item in pages["items"]]
    about = answer if "snapshot_id" in answer else {"id": LIST, "name": "L", "snapshot_id": "s", "type": "playlist"}
    whole = {key: value for key, value in about.items() if key != "tracks"}
    return playlist(spotify, {**whole, "items": {**pages, "items": items}})


def search(spotify: Spotify, answer: Any) -> Watchlist:
    """`GET /search`; some recorded only what was found."""
    if isinstance(answer, list):
        answer = {f"{answer[0]['type']}s": page(answer)}
    ((key, found),) = answer.items()
    serve_objects(spotify, by_id(found["items"]))
    spotify.answers |= {f"artists/{one['id']}/albums": page([]) for one in found["items"]}
    spotify.answers["search"] = first_then_nothing(answer, {key: page([])})
    return Watchlist(searches=(Search(query="x", type=key.removesuffix("s"), most=50),))


Serving = Callable[[Spotify, Any], Watchlist]


@dataclass(frozen=True)
class Case:
    """A file, the endpoint it is served at, and what becomes of it: how many rows of which table."""

    file: str
    serving: Serving
    table: str
    rows: int

    def __str__(self) -> str:
        """Its name in a report."""
        return f"{Path(self.file).stem} as {self.serving.__name__}"

    @property
    def mode(self) -> Mode:
        """The mode it was recorded in."""
        return MODES[Path(self.file).parent.name]


CASES = [
    Case("recorded/android_albums_none_found.json", albums, "albums", 0),
    Case("recorded/java_artist_albums.json", albums_of_artist, "artist_albums", 2),
    Case("recorded/vcr_artist_albums.json", albums_of_artist, "artist_albums", 20),
    Case("recorded/vcr_new_releases.json", albums_of_artist, "artist_albums", 20),
    Case("recorded/zmb3_new_releases.json", albums_of_artist, "artist_albums", 20),
    Case("recorded/java_playlist_items_old_key.json", playlist, "playlist_items", 2),
    Case("recorded/vcr_playlist_tracks_page2.json", playlist, "playlist_items", 100),
    Case("recorded/vcr_playlist_with_local_files.json", playlist, "playlist_items", 100),
    Case("recorded/zmb3_playlist_items_episodes_and_tracks.json", playlist, "playlist_items", 4),
    Case("recorded/php_album.json", albums, "albums", 1),
    Case("recorded/vcr_album_no_markets.json", albums, "albums", 1),
    Case("recorded/vcr_album_year_precision_long.json", albums, "albums", 2),
    Case("recorded/zmb3_albums_batch_month_precision.json", albums, "albums", 4),
    Case("recorded/vcr_artist.json", artists, "artists", 1),
    Case("recorded/vcr_artist_genres_empty.json", artists, "artists", 1),
    Case("recorded/vcr_artist_top_tracks.json", tracks, "tracks", 10),
    Case("recorded/vcr_search_tracks_limit10.json", search, "tracks", 10),
    Case("recorded/search_albums_the_doors_50.json", search, "albums", 50),
    Case("recorded/search_artists_the_doors_50.json", search, "artists", 50),
    Case("development_mode/get_album.json", albums, "albums", 1),
    Case("development_mode/get_album_tracks_limit2.json", album_tracks, "album_tracks", 2),
    Case("development_mode/get_track.json", tracks, "tracks", 1),
    Case("development_mode/search_album_limit1.json", search, "albums", 1),
    Case("development_mode/search_artist_limit5.json", search, "artists", 5),
]
ERRORS = {
    "recorded/vcr_error_401_expired.json",
    "development_mode/error_403_forbidden.json",
    "development_mode/error_429_quota_exceeded.json",
    "development_mode/error_429_rate_limit.json",
}
NOT_READ = {"recorded/php_markets.json"}  # the platform asks for no markets


def read(shared_data: Path, file: str) -> Any:
    """A file."""
    return json.loads((shared_data / "responses" / file).read_text())


def test_no_file_is_forgotten(shared_data: Path) -> None:
    there = {f"{path.parent.name}/{path.name}" for path in (shared_data / "responses").glob("*/*.json")}
    assert there == {case.file for case in CASES} | ERRORS | NOT_READ


# -- what becomes of it


@dataclass(frozen=True)
class Tables:
    """The published tables of a lake."""

    rows: dict[str, list[Json]]

    @classmethod
    def of(cls, lake: Lake) -> "Tables":
        """Publish the day, and read it."""
        outcome = publish_dates(lake, [DAY])
        assert (list(outcome.published), outcome.withheld) == ([DAY], {})
        rows = {}
        with open_reader(lake) as connection:
            for table in ("artists", "albums", "tracks", "playlist_items", "rejects"):
                cursor = connection.execute(f"select * from curated.{table}")
                names = [column[0] for column in cursor.description or ()]
                rows[table] = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        return cls(rows)

    def keys(self, entity: str) -> set[Any]:
        """The keys of an entity's rows."""
        if entity == "playlist_items":
            return {(row["playlist_id"], row["position"]) for row in self.rows[entity]}
        return {row[f"{entity.removesuffix('s')}_id"] for row in self.rows[entity]}

    def rejected(self, line: Json) -> bool:
        """Whether a raw line is among the rejects, with a reason."""
        return any(json.loads(row["line"]) == line and row["reason"] for row in self.rows["rejects"])


def key_of(entity: str, line: Json) -> Any:
    """What the row of a raw line would be found by; None where Spotify said that nothing is there."""
    if entity == "playlist_items":
        return (line["params"]["playlist_id"], line["position"])
    return line["item"]["id"] if line["item"] else None


def captured(spotify: Spotify, lake: Lake, watchlist: Watchlist, mode: Mode) -> Manifest:
    """The day, captured through the real reader."""
    return capture(lake, spotify.client(), Order(watchlist, DAY, "spotify", mode), now=clock)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_item_of_a_recorded_answer_is_a_row_or_a_reject(
    shared_data: Path, spotify: Spotify, lake: Lake, case: Case
) -> None:
    watchlist = case.serving(spotify, read(shared_data, case.file))
    manifest = captured(spotify, lake, watchlist, case.mode)
    assert (manifest.partial, manifest.incomplete) == (False, [])
    told = {entity: lines(lake, manifest, entity) for entity in manifest.items}
    tables = Tables.of(lake)
    for entity in tables.rows.keys() & told.keys():
        rows = tables.keys(entity)
        assert [line for line in told[entity] if key_of(entity, line) not in rows and not tables.rejected(line)] == []
    if case.table in tables.rows:
        assert len(tables.keys(case.table) - {A, B}) == case.rows
    else:
        assert len(told[case.table]) == case.rows


def test_an_album_that_is_gone_does_not_withhold_the_artist_that_is_there(
    shared_data: Path, spotify: Spotify, lake: Lake
) -> None:
    serve_objects(spotify, {A: {"id": A, "name": "A", "type": "artist"}})
    spotify.answers[f"artists/{A}/albums"] = page([{"id": B}])
    spotify.answers["albums"] = read(shared_data, "recorded/android_albums_none_found.json")
    captured(spotify, lake, Watchlist(artists=(A,)), EXTENDED)
    assert Tables.of(lake).keys("artists") == {A}


@pytest.mark.parametrize("case", [case for case in CASES if case.serving is playlist], ids=str)
def test_the_names_of_2026_make_the_same_rows(shared_data: Path, spotify: Spotify, tmp_path: Path, case: Case) -> None:
    rows = []
    for serving in (playlist, renamed):
        lake = Lake((tmp_path / serving.__name__).as_uri())
        captured(spotify, lake, serving(spotify, read(shared_data, case.file)), EXTENDED)
        found = Tables.of(lake).rows["playlist_items"]
        rows.append([{key: value for key, value in row.items() if key != "capture_id"} for row in found])
    assert rows[0]
    assert sorted(rows[0], key=str) == sorted(rows[1], key=str)


# -- errors


def test_an_expired_token_is_replaced(shared_data: Path, spotify: Spotify) -> None:
    spotify.answers[f"artists/{A}"] = {"id": A}
    spotify.faults = [status(401, read(shared_data, "recorded/vcr_error_401_expired.json"))]
    slept: list[float] = []
    assert spotify.client(slept).object("artist", A) == {"id": A}
    assert sum(slept) == 0


def test_what_is_forbidden_is_a_missing_capability(shared_data: Path, spotify: Spotify) -> None:
    forbidden = status(403, read(shared_data, "development_mode/error_403_forbidden.json"))
    spotify.faults = [forbidden]
    with pytest.raises(CapabilityError, match=f"/v1/artists/{A}/albums"):
        spotify.client().artist_albums(A, 0, 10, ["album"])
    spotify.faults = [forbidden]
    assert not spotify.client().offers_batches()


def test_a_spent_quota_names_its_family_and_the_time_to_come_back(shared_data: Path, spotify: Spotify) -> None:
    spent = read(shared_data, "development_mode/error_429_quota_exceeded.json")
    spotify.faults = [status(429, spent, Retry_After="86207")]
    with pytest.raises(QuotaError) as ended:
        spotify.client(now=clock).search("x", "artist", None, 0, 10)
    assert (ended.value.family, ended.value.until) == ("search", clock() + timedelta(seconds=86207))


def test_a_rate_limit_is_waited_for_or_closes_everything(shared_data: Path, spotify: Spotify) -> None:
    limited = read(shared_data, "development_mode/error_429_rate_limit.json")
    spotify.answers[f"artists/{A}"] = {"id": A}
    spotify.faults = [status(429, limited, Retry_After="7"), status(429, limited)]
    slept: list[float] = []
    assert spotify.client(slept).object("artist", A) == {"id": A}
    assert slept[0] == 7.0
    spotify.faults = [status(429, limited, Retry_After="3601")]
    with pytest.raises(QuotaError) as ended:
        spotify.client(now=clock).object("artist", A)
    assert ended.value.family == EVERYTHING
