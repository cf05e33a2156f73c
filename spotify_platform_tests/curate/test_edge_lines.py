"""Hostile lines that were collected by hand, verbatim, beside the repository."""

from pathlib import Path

import pytest

from spotify_platform.contracts.raw import ENTITIES

from .helpers import Raw, curated
from .reference import expected
from .test_tables import every_line_is_in_a_row_or_rejected_with_its_reason

EDGE = Path(__file__).resolve().parents[3] / "shared" / "scouting" / "curation" / "edge.jsonl"
pytestmark = pytest.mark.skipif(not EDGE.exists(), reason=f"the collection is not here: {EDGE}")


def collected(entity: str) -> list[Raw]:
    """Every line of the collection as one of this entity."""
    found = [line.rstrip(b"\r") for line in EDGE.read_bytes().split(b"\n")]
    return [Raw(entity, line) for line in found if line and _is_utf8(line)]


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def test_every_collected_line_is_a_row_or_a_reject() -> None:
    given = [one for entity in ENTITIES for one in collected(entity.name)]
    assert len(given) > 50 * len(ENTITIES)
    tables, wanted = curated(given), expected(given)
    every_line_is_in_a_row_or_rejected_with_its_reason(tables, wanted)
    assert set(tables.by("tracks", "track_id")) == set(wanted.tracks)
    assert set(tables.by("albums", "album_id")) == set(wanted.albums)
    assert set(tables.by("artists", "artist_id")) == set(wanted.artists)
