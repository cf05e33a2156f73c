"""Checkpoints: how far a capture is that has no manifest yet.

Until its manifest is put, a capture is its checkpoint and the chunks that the checkpoint names. What remains to be
asked is found by reading those chunks, which is `extract`'s business.
"""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel

from spotify_platform.contracts.errors import LakeError
from spotify_platform.lake import keys
from spotify_platform.lake.captures import Gap, RawFile, announce, read_manifest
from spotify_platform.lake.store import Lake


class Checkpoint(BaseModel):
    """An unfinished capture. Small: what can be read in the chunks does not stand here."""

    capture_id: str
    snapshot_date: date
    started_at: datetime
    saved_at: datetime
    source: Literal["spotify", "sandbox"]
    mode: str
    watchlist: str  # fingerprint
    made_by: dict[str, str] = {}
    files: list[RawFile] = []
    requests: dict[str, int] = {}
    repeated: int = 0
    reused: dict[str, int] = {}
    missing: list[str] = []
    gaps: list[Gap] = []
    unfinished: dict[str, int] = {}  # `<kind> <id>` of lists whose first pages are here → where the next begins
    empty: list[str] = []  # `<kind> <id>` of lists that came and hold nothing
    gone: dict[str, str] = {}  # `<kind> <id>` of what no line tells of → why it is not there
    remaining: dict[str, int] = {}  # per kind: found, and not asked for yet
    in_order: bool = False  # saved at an orderly end: nothing was asked for since


def save(lake: Lake, checkpoint: Checkpoint) -> None:
    """Put a checkpoint; it takes the place of the capture's last one."""
    lake.put(keys.checkpoint(checkpoint.capture_id), checkpoint.model_dump_json(indent=1).encode())


def checkpoints(lake: Lake) -> list[Checkpoint]:
    """The unfinished captures, oldest first.

    Raises `LakeError` for one that cannot be read. What a crash left of a committed capture is brought to its end:
    the capture is announced and the checkpoint deleted.
    """
    found = []
    for key in lake.keys(keys.CHECKPOINTS):
        try:
            checkpoint = Checkpoint.model_validate_json(lake.get(key))
        except ValueError as error:
            reason = str(error).splitlines()[0]
            raise LakeError(f"{lake.url}/{key}: not a checkpoint ({reason}). Delete it to begin anew.") from None
        if lake.exists(keys.manifest(checkpoint.snapshot_date, checkpoint.capture_id)):
            announce(lake, read_manifest(lake, checkpoint.snapshot_date, checkpoint.capture_id))
            remove(lake, checkpoint)
        else:
            found.append(checkpoint)
    return found


def remove(lake: Lake, checkpoint: Checkpoint) -> None:
    """Forget the checkpoint of a capture that has its manifest."""
    lake.delete([keys.checkpoint(checkpoint.capture_id)])
