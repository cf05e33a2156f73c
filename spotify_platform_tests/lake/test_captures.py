"""Captures: the manifest is the commit."""

import gzip
import json
from datetime import date, datetime
from hashlib import sha256

import pytest

from spotify_platform.contracts.errors import LakeError
from spotify_platform.lake import Lake, captures, keys
from spotify_platform.lake.captures import (
    captures_by_date,
    captures_of,
    read_manifest,
    stretches,
    to_stamp,
)

from .helpers import DAY, EVERYTHING, NEXT, artist, capture, track, written


def test_a_capture_without_its_manifest_does_not_exist(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(captures, "CHUNK_BYTES", 1)  # every item is a chunk, put at once
    writer = written(lake, DAY, "c1", [artist("ann"), artist("bob")])
    assert len(lake.keys("raw/artists")) == 2
    assert captures_of(lake, DAY) == []
    assert captures_by_date(lake) == {}
    with pytest.raises(LakeError, match="c1"):
        read_manifest(lake, DAY, "c1")
    writer.commit(source="import")
    assert captures_of(lake, DAY) == ["c1"]
    assert captures_by_date(lake) == {DAY: ["c1"]}


def test_a_manifest_tells_every_file_with_items_bytes_and_sha256(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(captures, "CHUNK_BYTES", 300)
    manifest = capture(lake, DAY, "c1", *(artist(f"a{number}") for number in range(9)), track("t"))
    assert manifest.items == {"artists": 9, "tracks": 1}
    assert len(manifest.files) > 3
    assert len({file.path for file in manifest.files}) == len(manifest.files)
    read = []
    for file in manifest.files:
        content = lake.get(file.path)
        lines = gzip.decompress(content).splitlines()
        assert (file.bytes, file.sha256, file.items) == (len(content), sha256(content).hexdigest(), len(lines))
        read += [json.loads(line)["item"]["id"] for line in lines]
    assert read == [*(f"a{number}" for number in range(9)), "t"]
    assert read_manifest(lake, DAY, "c1") == manifest


def test_committing_twice_keeps_the_first_manifest(lake: Lake) -> None:
    writer = written(lake, DAY, "c1", [artist("ann")])
    first = writer.commit(source="import")
    bytes_of_first = lake.get(keys.manifest(DAY, "c1"))
    assert writer.commit(source="spotify") == first
    assert capture(lake, DAY, "c1", artist("ann")) == first
    assert lake.get(keys.manifest(DAY, "c1")) == bytes_of_first
    assert len(lake.keys(keys.LOG)) == 1


def test_a_wake_up_that_a_crash_cost_comes_with_the_next_commit(lake: Lake) -> None:
    capture(lake, DAY, "c1", artist("ann"))
    [wake_up] = lake.keys(keys.LOG)
    lake.delete([wake_up])
    capture(lake, DAY, "c1", artist("ann"))
    assert lake.keys(keys.LOG) == [wake_up]


def test_a_second_writer_of_a_capture_leaves_the_first_ones_files_alone(lake: Lake) -> None:
    # Two imports of the same rows race: same capture id, but `params` or `captured_at` of the lines may differ.
    late = written(lake, DAY, "c1", [artist("ann", name="late")])
    manifest = capture(lake, DAY, "c1", artist("ann"))
    committed = lake.get(manifest.files[0].path)
    assert late.commit(source="import") == manifest
    assert lake.get(manifest.files[0].path) == committed


def test_the_same_items_give_the_same_bytes() -> None:
    lake = Lake("memory://")
    first = capture(lake, DAY, "c1", *EVERYTHING)
    assert capture(Lake("memory://"), DAY, "c1", *EVERYTHING).files == first.files
    for file in first.files:
        assert lake.get(file.path)[4:8] == bytes(4)  # gzip's time of writing: none


def test_an_empty_capture_is_a_capture(lake: Lake) -> None:
    assert capture(lake, DAY, "nothing").files == []
    assert captures_of(lake, DAY) == ["nothing"]


def test_captures_are_listed_by_date_and_sorted(lake: Lake) -> None:
    for day, name in ((NEXT, "b"), (DAY, "z"), (DAY, "a")):
        capture(lake, day, name, artist("ann"))
    assert captures_by_date(lake) == {DAY: ["a", "z"], NEXT: ["b"]}
    assert captures_of(lake, DAY) == ["a", "z"]


def test_a_damaged_manifest_is_an_error_that_names_it(lake: Lake) -> None:
    capture(lake, DAY, "c1", artist("ann"))
    for content in (b"", b"{", b"{}", b"\xff"):
        lake.put(keys.manifest(DAY, "c1"), content)
        with pytest.raises(LakeError, match=r"c1\.json"):
            read_manifest(lake, DAY, "c1")


def test_a_moment_is_written_in_utc_with_microseconds() -> None:
    moment = datetime.fromisoformat("2026-11-01T01:30:00+02:00")
    assert to_stamp(moment) == "2026-10-31T23:30:00.000000Z"


def test_stretches_are_contiguous_and_in_order() -> None:
    days = [date(2026, 3, 1), date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 3), date(2026, 3, 1)]
    assert stretches(days) == [[date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1)], [date(2026, 3, 3)]]
    assert stretches([]) == []
