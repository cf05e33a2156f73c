"""What the tests of this room share: reading a lake back, and the real data where it is there."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from spotify_platform.lake.captures import Manifest
from spotify_platform.lake.store import Lake

DATA = Path(__file__).parents[3] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.exists(), reason=f"the real data is not there: {DATA}")


def lines(lake: Lake, manifest: Manifest, entity: str | None = None) -> list[dict[str, Any]]:
    """The lines of a capture as they stand in the lake."""
    return [
        json.loads(line)
        for file in manifest.files
        if entity in (None, file.entity)
        for line in gzip.decompress(lake.get(file.path)).splitlines()
    ]


def all_keys(lake: Lake) -> list[str]:
    """Every key of a lake."""
    return lake.keys("raw")
