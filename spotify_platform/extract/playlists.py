"""Playlist files → one capture: the items of `GET /playlists/{id}` answers that somebody saved.

Asking Spotify for a playlist is `capture`'s business, what its items mean `curate`'s.
"""

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from spotify_platform.contracts.errors import InputError
from spotify_platform.extract.files import downloaded_at, fault_of_date, opened, refusal
from spotify_platform.lake import keys
from spotify_platform.lake.absent import refuse_purged, unbury
from spotify_platform.lake.captures import CaptureWriter, Manifest, read_manifest, to_line
from spotify_platform.lake.store import Lake

_ID = re.compile("[0-9A-Za-z]+")
_REMEDY = "Save the whole answer of GET /playlists/{id}, or a list of such answers."


class _Playlist(NamedTuple):
    """A playlist of a file; `total` is how many items Spotify said it has."""

    path: Path
    id: str
    items: list[Any]
    total: int


def import_playlists(
    lake: Lake,
    files: Sequence[Path],
    *,
    snapshot_date: date,
    today: date,
    claim: Callable[[], object] = lambda: None,
    progress: Callable[[str, int, int], None] | None = None,
    made_by: dict[str, str] | None = None,
    again: bool = False,
) -> list[Manifest]:
    """Import playlists as they stood on `snapshot_date`; returns the capture's manifest, or nothing without any item.

    A file is JSON, plain or gzip: one playlist or a list of them, in the shape from before or since 2026. The same
    items are not written again. A playlist whose file holds its first page only is named in the manifest's `missing`.
    `claim` is called once everything is checked, before the first write: it may refuse the lake.
    `progress` is told ("checked", files, of); `made_by` is added to the manifest's own.
    A date that was purged is refused, unless `again`.
    Raises `InputError` when any of the files is not as it should be; then nothing was written.
    """
    fault = fault_of_date(snapshot_date, today)
    if fault:
        raise InputError(f"{fault[0].upper()}{fault[1:]}. Nothing was imported. Give the day of the playlists.")
    playlists: dict[str, _Playlist] = {}
    for done, path in enumerate(files, start=1):
        for playlist in _read(path):
            _add(playlists, playlist)
        if progress:
            progress("checked", done, len(files))
    if not any(playlist.items for playlist in playlists.values()):
        return []
    capture_id = _capture_id(snapshot_date, playlists)
    if lake.exists(keys.manifest(snapshot_date, capture_id)):
        return [read_manifest(lake, snapshot_date, capture_id)]
    refuse_purged(lake, [snapshot_date], again=again)
    claim()
    writer = _written(lake, capture_id, snapshot_date, list(playlists.values()))
    unbury(lake, snapshot_date)
    return [
        writer.commit(
            source="import",
            missing=[
                f"playlist {one.id}: {len(one.items)} of {one.total} items"
                for one in playlists.values()
                if one.total > len(one.items)
            ],
            made_by={"command": "import playlists"} | (made_by or {}),
        )
    ]


def _add(playlists: dict[str, _Playlist], new: _Playlist) -> None:
    if new.id in playlists:
        raise refusal(
            new.path.name,
            f"playlist {new.id} stands twice, first in {playlists[new.id].path.name}",
            "Give one answer per playlist and day.",
        )
    playlists[new.id] = new


def _capture_id(snapshot_date: date, playlists: dict[str, _Playlist]) -> str:
    """From the content alone: by playlist, so that the order of the files does not matter."""
    content = hashlib.sha256(snapshot_date.isoformat().encode())
    for identifier in sorted(playlists):
        playlist = playlists[identifier]
        content.update(_line_of(playlist, [identifier, playlist.items]))
    return f"playlists-{content.hexdigest()[:16]}"


def _line_of(playlist: _Playlist, value: Any) -> bytes:
    # Deeper than any envelope: what can be written here can be written by the capture, however deep a file nests.
    try:
        return to_line([[[[[[[[value]]]]]]]])
    except RecursionError:
        raise _too_deep(playlist.path) from None


def _written(lake: Lake, capture_id: str, snapshot_date: date, playlists: list[_Playlist]) -> CaptureWriter:
    now = datetime.now(UTC)
    came = {one.path: downloaded_at(one.path, snapshot_date, now) for one in playlists}
    writer = CaptureWriter(lake, capture_id, snapshot_date, max(came.values()))
    for playlist in playlists:
        for position, item in enumerate(playlist.items):
            writer.add(
                "playlist_items",
                item,
                endpoint=f"/v1/playlists/{playlist.id}/tracks",
                captured_at=came[playlist.path],
                params={"playlist_id": playlist.id},
                position=position,
            )
    return writer


def _read(path: Path) -> list[_Playlist]:
    """The playlists of a file. Raises `InputError` for anything else."""
    content = _json(path)
    found = content if isinstance(content, list) else [content]
    if not found:
        raise refusal(path.name, "holds an empty list", _REMEDY)
    return [_playlist(path, one) for one in found]


def _json(path: Path) -> Any:
    with opened(path) as file:
        content = file.read()
    if not content.strip():
        raise refusal(path.name, "is empty", _REMEDY)
    try:
        return json.loads(content.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        where = f"{path.name}, line {error.lineno}, column {error.colno}"
        raise refusal(where, f"is not JSON ({error.msg})", _REMEDY) from None
    except UnicodeDecodeError:
        raise refusal(path.name, "is not UTF-8", _REMEDY) from None
    except ValueError as error:  # a number of more than 4,300 digits
        raise refusal(path.name, f"cannot be read ({error})", _REMEDY) from None
    except RecursionError:
        raise _too_deep(path) from None


def _playlist(path: Path, answer: Any) -> _Playlist:
    if not isinstance(answer, dict):
        raise refusal(path.name, f"a playlist object was expected, not {_kind(answer)}", _REMEDY)
    identifier = answer.get("id")
    if not isinstance(identifier, str) or not _ID.fullmatch(identifier):
        what = "a page of items" if isinstance(answer.get("items"), list) else "an object"
        raise refusal(path.name, f"{what} that does not say which playlist it is of (no id)", _REMEDY)
    page = answer["items"] if isinstance(answer.get("items"), dict) else answer.get("tracks")  # since 2026, and before
    items = page.get("items") if isinstance(page, dict) else None
    if not isinstance(page, dict) or not isinstance(items, list):
        raise refusal(path.name, f"playlist {identifier} has neither items.items nor tracks.items", _REMEDY)
    total = page.get("total")
    return _Playlist(path, identifier, items, total if isinstance(total, int) else len(items))


def _kind(value: Any) -> str:
    return {list: "a list", str: "a text", type(None): "null"}.get(type(value), f"a {type(value).__name__}")


def _too_deep(path: Path) -> InputError:
    return refusal(path.name, "is nested too deeply for a playlist", _REMEDY)
