"""The watchlist: whose music and which playlists and searches a capture asks for, how deep and how often.

Only what the file says; which requests follow from it is `capture`'s business. `watchlist.example.yaml` beside this
module shows every key with comments.
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from spotify_platform.contracts.errors import InputError, LakeError
from spotify_platform.lake.store import Lake

Period = Literal["daily", "weekly", "monthly"]
AlbumGroup = Literal["album", "single", "compilation", "appears_on"]

EXAMPLE = Path(__file__).with_name("watchlist.example.yaml")
DAYS_OF = {"daily": 1, "weekly": 7, "monthly": 30}

_DEEPER: dict[str, frozenset[str]] = {
    "artists": frozenset({"discography", "album", "album_tracks", "track"}),
    "albums": frozenset({"album_tracks", "track"}),
    "tracks": frozenset(),
}

_ID = r"(?P<id>[0-9A-Za-z]{22})"


def _identifier(kind: Literal["artist", "playlist"], text: str) -> str:
    address = rf"(?:https?://)?open\.spotify\.com/(?:intl-[a-z-]+/)?{kind}/"
    found = re.fullmatch(rf"(?:spotify:{kind}:|{address})?{_ID}/?(?:[?#]\S*)?", text.strip())
    if not found:
        also = " An artist may be given as {name: …}, too." if kind == "artist" else ""
        raise ValueError(
            f"{text[:100]!r} names no {kind}. Give an id of 22 letters and digits, spotify:{kind}:<id> or "
            f"https://open.spotify.com/{kind}/<id>.{also}"
        )
    return found["id"]


def _artist(value: Any) -> Any:
    return _identifier("artist", value) if isinstance(value, str) else value


def _playlist(value: Any) -> Any:
    return _identifier("playlist", value) if isinstance(value, str) else value


def _nothing(value: Any) -> Any:
    return () if value == "" else value  # a key without a value


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Name(_Part):
    """An artist by name; a search finds the id once, and it is remembered."""

    name: Annotated[str, Field(min_length=1)]


class Search(_Part):
    """A search whose results are watched: `genre:"…"`, `tag:new`, `year:2026`, or words."""

    query: Annotated[str, Field(min_length=1, max_length=250)]
    type: Literal["artist", "album", "track"]
    most: Annotated[int, Field(ge=1, le=1000)] = 50  # results; Spotify lets nobody page further than 1,000


class Every(_Part):
    """How often what is asked for again; in between, the last capture's answer stands."""

    artists: Period = "daily"
    discographies: Period = "weekly"
    albums: Period = "weekly"
    tracks: Period = "daily"


class Watchlist(_Part):
    """What to watch. Artists and playlists are ids, without repetition, in the order they were named."""

    artists: Annotated[tuple[Annotated[str | Name, BeforeValidator(_artist)], ...], BeforeValidator(_nothing)] = ()
    playlists: Annotated[tuple[Annotated[str, BeforeValidator(_playlist)], ...], BeforeValidator(_nothing)] = ()
    searches: Annotated[tuple[Search, ...], BeforeValidator(_nothing)] = ()
    # Searches are asked for once a market; without markets once.
    markets: Annotated[
        tuple[Annotated[str, Field(pattern="^[A-Z]{2}$")], ...],
        BeforeValidator(_nothing),
    ] = ()
    album_groups: tuple[AlbumGroup, ...] = ("album", "single", "compilation")
    depth: Literal["artists", "albums", "tracks"] = "tracks"
    every: Every = Every()
    budget: dict[str, Annotated[int, Field(ge=0)]] = {}  # most requests in 24 hours, by endpoint family

    @property
    def artist_ids(self) -> list[str]:
        """The artists that were given by id."""
        return list(dict.fromkeys(artist for artist in self.artists if isinstance(artist, str)))

    @property
    def artist_names(self) -> list[str]:
        """The artists that were given by name."""
        return list(dict.fromkeys(artist.name for artist in self.artists if isinstance(artist, Name)))

    @property
    def left_out(self) -> frozenset[str]:
        """The kinds of answers that are deeper than wanted."""
        return _DEEPER[self.depth]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to ask for."""
        return not (self.artists or self.playlists or self.searches)

    @property
    def fingerprint(self) -> str:
        """The same for watchlists that ask for the same. What may be spent on it does not matter."""
        return hashlib.sha256(self.model_dump_json(exclude={"budget"}).encode()).hexdigest()[:16]


def load_watchlist(place: str) -> Watchlist:
    """The watchlist in a file, given by its path or as an address like s3://bucket/watchlist.yaml.

    Raises `InputError` where there is none, or one with mistakes.
    """
    try:
        if "://" in place:
            folder, _, name = place.rpartition("/")
            text = Lake(folder).get(name).decode("utf-8")
        else:
            text = Path(place).read_text("utf-8")
    except (LakeError, OSError, UnicodeDecodeError) as error:
        reason = "not UTF-8" if isinstance(error, UnicodeDecodeError) else "not there"
        raise InputError(
            f"{place}: {reason}. Make a watchlist from the example (`spotify-platform watchlist > watchlist.yaml`), "
            "or name yours in SPOTIFY_PLATFORM_WATCHLIST."
        ) from None
    return parse_watchlist(text, place)


def parse_watchlist(text: str, name: str = "watchlist.yaml") -> Watchlist:
    """The watchlist in a YAML text. Raises `InputError` with the line of everything that is wrong; `name` names it."""
    # BaseLoader: every value is text, so that the market NO is Norway and an id of digits no number.
    loader = yaml.BaseLoader(text)
    try:
        node = loader.get_single_node()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise InputError(f"{name}{where}: not YAML ({getattr(error, 'problem', None) or 'unreadable'}).") from None
    if node is None:
        return Watchlist()
    lines = dict(_lines(node, ()))
    repeated = [f"{name}, line {line}: {key!r} stands twice." for key, line in _repeated(node)]
    if repeated:
        raise InputError("\n".join(repeated))
    try:
        return Watchlist.model_validate(loader.construct_document(node))
    except ValidationError as error:
        raise InputError("\n".join(dict.fromkeys(_told(name, lines, entry) for entry in error.errors()))) from None


def _told(name: str, lines: dict[tuple[Any, ...], int], error: Any) -> str:
    """A finding of pydantic's in our words, with the line of the narrowest thing it is about."""
    place = next(error["loc"][:n] for n in range(len(error["loc"]), -1, -1) if error["loc"][:n] in lines)
    what = ".".join(str(part) for part in place if isinstance(part, str))
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        message = "not a key of the watchlist; see watchlist.example.yaml"
    return f"{name}, line {lines[place]}: {what + ': ' if what else ''}{message.rstrip('.')}."


def _lines(node: yaml.Node, place: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], int]]:
    yield place, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _lines(value, (*place, key.value))
            yield (*place, key.value), key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for number, entry in enumerate(node.value):
            yield from _lines(entry, (*place, number))


def _repeated(node: yaml.Node) -> Iterator[tuple[str, int]]:
    children = node.value if isinstance(node, yaml.SequenceNode) else []
    if isinstance(node, yaml.MappingNode):
        seen: set[Any] = set()
        for key, value in node.value:
            if key.value in seen:
                yield key.value, key.start_mark.line + 1
            seen.add(key.value)
            children = [*children, value]
    for child in children:
        yield from _repeated(child)
