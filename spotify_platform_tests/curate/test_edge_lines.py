"""Hostile lines that were collected by hand, verbatim, beside the repository."""

import json
from collections import Counter
from pathlib import Path

import pytest

from spotify_platform.contracts.raw import ENTITIES

from . import reference
from .helpers import Raw, Tables, curated

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


def accounted(entity: str, given: list[Raw], tables: Tables) -> None:
    """Every line is a row of its entity or a reject."""
    dropped = Counter(row["line"] for row in tables["rejects"] if row["dropped"])
    kept = [one for one in given if not dropped[one.line.decode()]]
    assert sum(dropped.values()) + len(kept) == len(given)
    assert set(dropped.values()) <= set(Counter(one.line for one in given).values())
    ids = {reference.text(json.loads(one.line)["item"]["id"]) for one in kept}
    if entity in ("artists", "albums", "tracks"):
        full = [row[f"{entity[:-1]}_id"] for row in tables[entity] if row["detail"] == "full"]
        assert len(full) == len(ids)


@pytest.mark.parametrize("entity", [entity.name for entity in ENTITIES])
def test_every_collected_line_is_a_row_or_a_reject(entity: str) -> None:
    given = collected(entity)
    assert len(given) > 50
    tables = curated(given)
    accounted(entity, given, tables)
