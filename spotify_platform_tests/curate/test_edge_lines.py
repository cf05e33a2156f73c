"""Hostile lines that were collected by hand, verbatim, beside the repository."""

from pathlib import Path

import pytest

from spotify_platform.contracts.raw import ENTITIES

from .helpers import Raw, curated
from .reference import expected, fault

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
    tables = curated(given)
    rejected = {(row["entity"], row["line"].encode()): row["reason"] for row in tables["rejects"] if row["dropped"]}
    kept = [one for one in given if (one.entity, one.line) not in rejected]
    assert [one for one in kept if fault(one)] == []
    for one in given:
        # Python takes a lone surrogate and a byte order mark, the engine does not; the capture writer makes neither.
        if b"\\ud83d" not in one.line.replace(b"\\ud83d\\ude00", b"") and not one.line.startswith(b"\xef\xbb\xbf"):
            assert rejected.get((one.entity, one.line)) == fault(one)
    wanted = expected(kept)
    assert set(tables.by("tracks", "track_id")) == set(wanted.tracks)
    assert set(tables.by("albums", "album_id")) == set(wanted.albums)
    assert set(tables.by("artists", "artist_id")) == set(wanted.artists)
