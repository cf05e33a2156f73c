"""Captures: what was asked for one snapshot date, and its manifest.

A capture's chunks are written first; its manifest is put last, if absent, and is the commit: chunks that no manifest
names do not exist. How the items are got is `extract`'s business.
"""

import gzip
import hashlib
import io
import itertools
import json
import re
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from pydantic import BaseModel

from spotify_platform import __version__
from spotify_platform.contracts.errors import LakeError
from spotify_platform.contracts.raw import ENTITIES, TEXT, Shape
from spotify_platform.lake import keys
from spotify_platform.lake.store import Lake

# A chunk is flushed at this size, so that a capture's memory does not grow with its length. 8 MB of JSON is about 1 MB
# of gzip and 2,000 full track objects.
CHUNK_BYTES = 8_000_000

# Bits. Spark reads no number of more than 1,000 digits, Python writes none of more than 4,300.
_LONGEST_INTEGER = 3300
# A number that engines may write in two ways: with an exponent, or of a size for which Java takes one.
_AMBIGUOUS = re.compile(rb"\d[eE][+-]?\d|\d{8}\.\d|\b0\.000|\d{990}")
_BEYOND_BMP = re.compile(rb"[\xf0-\xf4]")  # first byte of a character above U+FFFF, an emoji for instance
_SHAPES: dict[str, Shape] = {entity.name: entity.line for entity in ENTITIES}
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class RawFile(BaseModel):
    """One chunk of a capture."""

    entity: str
    path: str
    items: int
    bytes: int
    sha256: str


class Gap(BaseModel):
    """What a capture was to hold and does not: how many of a kind, why, and up to ten of them by name."""

    kind: str  # artist, discography, album, album_tracks, track, playlist, search or name
    reason: str
    count: int
    examples: list[str] = []


class Manifest(BaseModel):
    """What a capture holds, what it lacks, what it cost and who made it."""

    capture_id: str
    snapshot_date: date
    captured_at: datetime
    committed_at: datetime
    source: str  # spotify, sandbox or import
    mode: str | None = None  # extended or development, for the Web API
    missing: list[str] = []  # capabilities that the mode lacks
    partial: bool = False  # closed before everything was asked for; `gaps` says what is missing
    gaps: list[Gap] = []
    incomplete: list[str] = []  # lists of which only the first pages are here, as `<kind> <id>`
    requests: dict[str, int] = {}  # per endpoint family
    repeated: int = 0  # at most so many of them were asked again after an interruption
    reused: dict[str, int] = {}  # per kind: what an earlier capture holds and was not asked for again
    watchlist: str | None = None  # fingerprint of what was asked for
    files: list[RawFile]
    made_by: dict[str, str]

    @property
    def items(self) -> dict[str, int]:
        """Items per entity."""
        counts: dict[str, int] = defaultdict(int)
        for file in self.files:
            counts[file.entity] += file.items
        return dict(counts)


@dataclass
class CaptureWriter:
    """Writes one capture: `add` items, then `commit` once. Without the commit nothing was captured.

    An unfinished capture is gone on with by a writer that is given the `files` of its checkpoint.
    """

    lake: Lake
    capture_id: str
    snapshot_date: date
    captured_at: datetime
    files: list[RawFile] = field(default_factory=list)
    _lines: dict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    _sizes: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(
        self,
        entity: str,
        item: Any,
        *,
        endpoint: str,
        captured_at: datetime,
        params: dict[str, str] | None = None,
        market: str | None = None,
        position: int | None = None,
    ) -> None:
        """Add one item as the source gave it, with its envelope."""
        line = to_line(
            {
                "captured_at": to_stamp(captured_at),
                "endpoint": endpoint,
                "params": params or {},
                "market": market,
                "position": position,
                "item": item,
            },
            _SHAPES.get(entity),
        )
        self._lines[entity].append(line)
        self._sizes[entity] += len(line)
        if self._sizes[entity] >= CHUNK_BYTES:
            self._flush(entity)

    def commit(self, **about: Any) -> Manifest:
        """Put the rest, the manifest and the wake-up; `about` are the manifest's other fields.

        Returns the manifest that stands: this one, or the one that an earlier commit of the same capture left.
        """
        self.flush()
        made_by = {"version": __version__} | about.pop("made_by", {})
        manifest = Manifest(
            capture_id=self.capture_id,
            snapshot_date=self.snapshot_date,
            captured_at=self.captured_at,
            committed_at=datetime.now(UTC),
            files=self.files,
            made_by=made_by,
            **about,
        )
        key = keys.manifest(self.snapshot_date, self.capture_id)
        if not self.lake.create(key, manifest.model_dump_json(indent=1).encode()):
            manifest = read_manifest(self.lake, self.snapshot_date, self.capture_id)
        announce(self.lake, manifest)
        return manifest

    def flush(self) -> None:
        """Put what was added so far; it counts once a checkpoint or the manifest names it."""
        for entity in list(self._lines):
            self._flush(entity)

    def _flush(self, entity: str) -> None:
        lines = self._lines.pop(entity, [])
        self._sizes.pop(entity, None)
        if not lines:
            return
        # No time in the gzip header: the same items give the same bytes, whoever writes them.
        content = gzip.compress(b"\n".join(lines) + b"\n", compresslevel=6, mtime=0)
        path = self._put(entity, content)
        self.files.append(
            RawFile(
                entity=entity,
                path=path,
                items=len(lines),
                bytes=len(content),
                sha256=hashlib.sha256(content).hexdigest(),
            )
        )

    def _put(self, entity: str, content: bytes) -> str:
        """Put a chunk under the first free number: another writer of the same capture keeps what it has written."""
        for number in itertools.count(sum(file.entity == entity for file in self.files)):
            path = keys.chunk(entity, self.snapshot_date, self.capture_id, number)
            if self.lake.create(path, content) or self.lake.get(path) == content:
                break
        return path


def announce(lake: Lake, manifest: Manifest) -> None:
    """Put a capture's wake-up; again after a crash between manifest and log, which makes no second one."""
    lake.put(keys.log_entry(manifest.committed_at, manifest.snapshot_date, manifest.capture_id), b"")


def read_manifest(lake: Lake, snapshot_date: date, capture_id: str) -> Manifest:
    """The manifest of a capture. Raises `LakeError` where it is missing or unreadable."""
    key = keys.manifest(snapshot_date, capture_id)
    try:
        return Manifest.model_validate_json(lake.get(key))
    except ValueError as error:
        raise LakeError(f"{lake.url}/{key}: not a manifest ({str(error).splitlines()[0]}).") from None


def first_items(lake: Lake, file: RawFile, count: int) -> list[Any]:
    """The items of a raw file's first lines, those that are JSON objects with one."""
    found = []
    with gzip.open(io.BytesIO(lake.get(file.path))) as lines:
        for line in itertools.islice(lines, count):
            with suppress(ValueError):
                value = json.loads(line)
                if isinstance(value, dict) and value.get("item") is not None:
                    found.append(value["item"])
    return found


def captures_of(lake: Lake, snapshot_date: date) -> list[str]:
    """The ids of the committed captures of one date, sorted."""
    return [keys.name(key) for key in lake.keys(f"{keys.CAPTURES}/{keys.day(snapshot_date)}")]


def captures_by_date(lake: Lake) -> dict[date, list[str]]:
    """The ids of all committed captures by date: one LIST."""
    found: dict[date, list[str]] = defaultdict(list)
    for key in lake.keys(keys.CAPTURES):
        found[keys.date_in(key)].append(keys.name(key))
    return dict(sorted(found.items()))


def to_stamp(moment: datetime) -> str:
    """A moment as raw lines carry it: UTC, microseconds, Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def to_line(value: Any, shape: Shape | None = None) -> bytes:
    """One JSON line of valid UTF-8 with unique keys. `shape` is what curation reads of it.

    What engines do not read alike is written as text: NaN and infinities, floats that one of them writes with an
    exponent, integers of a thousand digits (in hexadecimal), an object or list with an emoji in it where curation reads
    a text; a lone surrogate becomes �.
    """
    try:
        line = _dumped(value)
        plain = not _AMBIGUOUS.search(line)
    except ValueError:  # UnicodeEncodeError is one
        plain = False
    if not plain:
        value = _plain(value)
        line = _dumped(value)
    return _dumped(_as_read(value, shape)) if shape and _BEYOND_BMP.search(line) else line


def _dumped(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value and not 1e-3 <= abs(value) < 1e7:
        return str(value)
    if isinstance(value, int) and value.bit_length() > _LONGEST_INTEGER:
        return f"{value:#x}"
    if isinstance(value, str):
        return _LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, dict):
        named: dict[str, Any] = {}
        for key, entry in value.items():
            name = _plain(key)
            while name in named:  # two keys that differed in a lone surrogate only
                name += "\N{REPLACEMENT CHARACTER}"
            named[name] = _plain(entry)
        return named
    return value


def _as_read(value: Any, shape: Shape) -> Any:
    """The value, with JSON's text for an object or list where a text is read; Spark escapes emojis in those."""
    if shape == TEXT:
        return _dumped(value).decode() if isinstance(value, dict | list) else value
    if isinstance(shape, list) and isinstance(value, list):
        return [_as_read(entry, shape[0]) for entry in value]
    if isinstance(shape, dict) and isinstance(value, dict):
        return {name: _as_read(entry, shape[name]) if name in shape else entry for name, entry in value.items()}
    return value


def stretches(dates: Iterable[date]) -> list[list[date]]:
    """Dates as contiguous stretches, in order."""
    found: list[list[date]] = []
    for day in sorted(set(dates)):
        if found and (day - found[-1][-1]).days == 1:
            found[-1].append(day)
        else:
            found.append([day])
    return found
