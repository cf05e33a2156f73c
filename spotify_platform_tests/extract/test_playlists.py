"""Importing playlists that somebody saved."""

import gzip
import json
import os
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spotify_platform.contracts.errors import InputError
from spotify_platform.extract.playlists import import_playlists
from spotify_platform.lake.store import Lake

from .helpers import DATA, all_keys, lines, needs_data

DAY, TODAY = date(2026, 10, 1), date(2026, 11, 23)
ITEMS = [{"added_at": "2026-01-01T00:00:00Z", "track": {"id": "t", "nested": [1, None]}}, None]
OLD = {"id": "P1", "tracks": {"items": ITEMS, "total": 2}}
NEW = {"id": "P2", "items": {"items": ITEMS, "total": 240}}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """An empty lake in a folder."""
    return Lake(f"file://{tmp_path}/lake")


@pytest.fixture
def write(tmp_path: Path):
    """A function that saves a file: JSON for an object, bytes as they are."""

    def save(name: str, content: object) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return path

    return save


def test_items_arrive_word_for_word_with_playlist_and_position(lake, write):
    path = write("p.json", OLD)
    os.utime(path, (saved := datetime(2026, 10, 3, tzinfo=UTC).timestamp(), saved))
    [manifest] = import_playlists(lake, [path], snapshot_date=DAY, today=TODAY, made_by={"user": "ann"})
    assert (manifest.source, manifest.missing) == ("import", [])
    assert manifest.made_by.items() >= {"command": "import playlists", "user": "ann"}.items()
    assert lines(lake, manifest, "playlist_items") == [
        {
            "captured_at": "2026-10-03T00:00:00.000000Z",
            "endpoint": "/v1/playlists/P1/tracks",
            "params": {"playlist_id": "P1"},
            "market": None,
            "position": position,
            "item": item,
        }
        for position, item in enumerate(ITEMS)
    ]


def test_both_shapes_lists_and_gzip_are_read_and_a_first_page_is_said_to_be_one(lake, write):
    path = write("both.json", gzip.compress(json.dumps([OLD, NEW]).encode()))
    [manifest] = import_playlists(lake, [path], snapshot_date=DAY, today=TODAY)
    assert manifest.items == {"playlist_items": 4}
    assert manifest.missing == ["playlist P2: 2 of 240 items"]


def test_importing_again_in_any_order_changes_nothing(lake, write):
    one, two = write("one.json", OLD), write("two.json", NEW)
    first = import_playlists(lake, [one, two], snapshot_date=DAY, today=TODAY)
    before = all_keys(lake)
    assert import_playlists(lake, [two, one], snapshot_date=DAY, today=TODAY) == first
    assert all_keys(lake) == before


def test_playlists_without_items_make_no_capture(lake, write):
    path = write("p.json", {"id": "P", "tracks": {"items": []}})
    assert import_playlists(lake, [path], snapshot_date=DAY, today=TODAY) == []
    assert all_keys(lake) == []


BAD = {
    "empty file": (b"", "is empty"),
    "broken gzip": (gzip.compress(b"[1, 2, 3]" * 20)[:-9], "is broken gzip"),
    "not JSON": (b'{\n "id": }', "line 2, column 8: is not JSON"),
    "not UTF-8": (b'{"id": "\xff"}', "is not UTF-8"),
    "nested without end": (b"[" * 200_000, "is nested too deeply"),
    "a number without end": (b"9" * 5000, "cannot be read"),
    "only a page": ({"items": ITEMS, "total": 2}, "a page of items that does not say which playlist"),
    "no id": ({"name": "x"}, "an object that does not say which playlist"),
    "an id that is none": (dict(OLD, id="\ud800"), "does not say which playlist"),
    "no items": ({"id": "P"}, r"has neither items\.items nor tracks\.items"),
    "items that are no list": ({"id": "P", "tracks": {"items": {}}}, "has neither"),
    "a text": ("P", "a playlist object was expected, not a text"),
    "null": (None, "a playlist object was expected, not null"),
    "an empty list": ([], "holds an empty list"),
    "a list of lists": ([[OLD]], "a playlist object was expected, not a list"),
    "twice in a file": ([OLD, OLD], "playlist P1 stands twice, first in bad.json"),
}


@pytest.mark.parametrize(("content", "gist"), BAD.values(), ids=BAD.keys())
def test_a_bad_file_is_refused_with_one_line_and_nothing_is_imported(lake, write, content, gist):
    files = [write("good.json", NEW), write("bad.json", content)]
    with pytest.raises(InputError, match=gist) as refused:
        import_playlists(lake, files, snapshot_date=DAY, today=TODAY)
    message = str(refused.value)
    assert message.startswith("bad.json")
    assert ". Nothing was imported. " in message
    assert message.isprintable()
    assert all_keys(lake) == []


def test_missing_files_and_impossible_dates_are_refused(lake, write, tmp_path):
    good = write("good.json", OLD)
    with pytest.raises(InputError, match="is not there"):
        import_playlists(lake, [good, tmp_path / "missing.json"], snapshot_date=DAY, today=TODAY)
    with pytest.raises(InputError, match="is in the future"):
        import_playlists(lake, [good], snapshot_date=date(2026, 11, 24), today=TODAY)
    with pytest.raises(InputError, match="before 2017-01-01"):
        import_playlists(lake, [good], snapshot_date=date(2016, 12, 31), today=TODAY)
    assert all_keys(lake) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["id", "items", "tracks", "total"]), inner),
    max_leaves=8,
)
WHOLE = st.fixed_dictionaries({"id": st.text("ab1", max_size=3), "tracks": st.fixed_dictionaries({"items": JSON})})


@settings(deadline=None, max_examples=150)
@given(content=st.binary(max_size=60) | (JSON | WHOLE).map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_imported_or_refused_and_nothing_else(content):
    check(content)


@pytest.mark.parametrize("leaf", ["0", "NaN"])
def test_an_item_nested_at_any_depth_is_imported_or_refused(leaf):
    def imports(depth: int) -> bool:
        return check(b'{"id": "P", "tracks": {"items": [' + b"[" * depth + leaf.encode() + b"]" * depth + b"]}}")

    refused = next(depth for depth in range(20, 100_000, 20) if not imports(depth))
    for depth in range(refused - 25, refused + 15):  # where reading still works and writing might not
        imports(depth)


def check(content: bytes) -> bool:
    """Import a file of these bytes into an empty lake; whether it was imported."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "p.json")
        path.write_bytes(content)
        lake = Lake("memory://")
        try:
            import_playlists(lake, [path], snapshot_date=DAY, today=TODAY)
        except InputError as refused:
            told = str(refused)
        else:
            return True
    assert told.startswith("p.json")
    assert all_keys(lake) == []
    return False


@needs_data
@pytest.mark.parametrize("day", ["2024-04-22", "2024-05-02", "2024-05-11"])
def test_a_real_playlist_of_2024_gives_its_fifty_items(lake, day):
    path = DATA / "playlists" / f"top50_global_{day}.json.gz"
    [manifest] = import_playlists(lake, [path], snapshot_date=date.fromisoformat(day), today=TODAY)
    assert manifest.items == {"playlist_items": 50}
    assert [line["position"] for line in lines(lake, manifest)] == list(range(50))
