"""Asking: from a task to the one request it stands for, and from its answer to raw lines.

It changes nothing but the world's count of requests, so that many threads may do it. Which tasks there are, and what
follows from an answer, is `capture`'s business.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from spotify_platform.extract.account import Mode
from spotify_platform.extract.answers import ENTITY_OF, Line, embedded_page, search_id
from spotify_platform.extract.client import Client, Page, page_of
from spotify_platform.extract.watchlist import Watchlist

OBJECTS = ("artist", "album", "track")


@dataclass(frozen=True)
class Task:
    """Units that one request asks for: a batch of objects, or one page of a list from `start` on."""

    kind: str
    ids: tuple[str, ...]
    start: int
    mode: Mode


@dataclass(frozen=True)
class Answer:
    """What came for a task, and when: its lines, and for a list where the next page begins."""

    at: datetime
    lines: list[Line]
    next: int | None = None
    artist: str | None = None  # that a name is of
    lacks: str | None = None  # why what was asked for is not all there


@dataclass(frozen=True)
class Asker:
    """Makes the requests for a watchlist. `versions`: (playlist, snapshot_id) whose items are captured."""

    client: Client
    watchlist: Watchlist
    now: Callable[[], datetime]
    versions: Collection[tuple[str, str]] = ()
    _most: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Know how many results each search is wanted to give."""
        for kind, query, market, most in searches_of(self.watchlist):
            self._most[search_id(kind, query, market)] = most

    def ask(self, task: Task) -> Answer:
        """Make a task's one request. Raises what `Client` raises."""
        if task.kind in OBJECTS:
            return self._ask_objects(task)
        (identifier,) = task.ids
        if task.kind == "discography":
            limit, groups = task.mode.list_page, self.watchlist.album_groups
            page = self.client.artist_albums(identifier, task.start, limit, groups)
            return self._listed(task, {"artist_id": identifier}, f"artists/{identifier}/albums", page)
        if task.kind == "album_tracks":
            page = self.client.album_tracks(identifier, task.start)
            return self._listed(task, {"album_id": identifier}, f"albums/{identifier}/tracks", page)
        if task.kind == "playlist":
            return self._ask_playlist(task, identifier)
        return self._ask_name(task, identifier) if task.kind == "name" else self._ask_search(task, identifier)

    def _ask_objects(self, task: Task) -> Answer:
        entity = ENTITY_OF[task.kind]
        if task.mode.batches[task.kind] > 1:
            found = self.client.objects(task.kind, task.ids)
        else:
            found = [self.client.object(task.kind, identifier) for identifier in task.ids]
        pairs = zip(task.ids, found, strict=True)
        return Answer(self.now(), [Line(entity, item, {"id": one}, endpoint=entity) for one, item in pairs])

    def _listed(
        self, task: Task, params: dict[str, str], endpoint: str, page: Page, market: str | None = None
    ) -> Answer:
        """A page of a list as lines, each with its position in the whole list."""
        entity = ENTITY_OF[task.kind]
        lines = [
            Line(entity, item, params, market, position, endpoint)
            for position, item in enumerate(page.items, start=page.offset)
        ]
        return Answer(self.now(), lines, page.next)

    def _ask_playlist(self, task: Task, identifier: str) -> Answer:
        """The playlist itself, with its first items; or, from `start` on, a page of the others."""
        endpoint, params = f"playlists/{identifier}", {"playlist_id": identifier}
        if task.start:
            page = self.client.playlist_items(identifier, task.start)
            return self._listed(task, params, f"{endpoint}/items", page)
        playlist = self.client.playlist(identifier)
        first = embedded_page(playlist)
        about = {key: value for key, value in playlist.items() if value is not first or first is None}
        line = Line("playlists", about, {"id": identifier}, endpoint=endpoint)
        if first is None:
            return Answer(self.now(), [line], lacks="its items are not served to this client id")
        if (identifier, str(playlist.get("snapshot_id"))) in self.versions:
            return Answer(self.now(), [line])
        answer = self._listed(task, params, endpoint, page_of(first, 0))
        return Answer(answer.at, [line, *answer.lines], answer.next)

    def _ask_name(self, task: Task, name: str) -> Answer:
        page = self.client.search(f'artist:"{name}"', "artist", None, 0, task.mode.list_page)
        same = [one for one in page.items if isinstance(one, dict) and _is_named(one, name)]
        best = max(same, key=lambda one: one.get("popularity") or 0, default=None)  # the first of equals
        return Answer(self.now(), [], artist=best["id"] if best else None)

    def _ask_search(self, task: Task, identifier: str) -> Answer:
        kind, query, market = json.loads(identifier)
        left = self._most.get(identifier, 0) - task.start
        page = self.client.search(query, kind, market, task.start, min(task.mode.list_page, max(1, left)))
        following = page.next if len(page.items) < left else None
        page = Page(page.items[: max(0, left)], page.offset, following)
        return self._listed(task, {"type": kind, "query": query}, "search", page, market)


def searches_of(watchlist: Watchlist) -> Iterator[tuple[str, str, str | None, int]]:
    """The searches as they are asked: (kind, query, market, most results), once a market."""
    for search in watchlist.searches:
        for market in watchlist.markets or (None,):
            yield search.type, search.query, market, search.most


def _is_named(artist: Mapping[str, Any], name: str) -> bool:
    return isinstance(artist.get("id"), str) and str(artist.get("name", "")).casefold() == name.casefold()
