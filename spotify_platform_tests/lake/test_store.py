"""The lake's verbs, on a folder and in memory alike."""

import threading
from pathlib import Path

import pytest

from spotify_platform.contracts.errors import InputError, LakeError
from spotify_platform.lake import Lake
from spotify_platform.lake.store import sha256


@pytest.fixture(params=["file", "memory"])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Lake:
    """An empty lake, in a folder and in memory."""
    return Lake((tmp_path / "lake").as_uri() if request.param == "file" else "memory://")


def test_what_was_put_is_got_and_the_last_put_stands(lake: Lake) -> None:
    lake.put("a/b", b"first")
    lake.put("a/b", b"\0second")
    assert lake.get("a/b") == b"\0second"


def test_a_local_file_is_put_as_its_bytes(lake: Lake, tmp_path: Path) -> None:
    file = tmp_path / "some.parquet"
    file.write_bytes(b"PAR1")
    lake.put("a/b", file)
    assert lake.get("a/b") == b"PAR1"
    assert file.exists()


def test_create_puts_only_where_nothing_is(lake: Lake) -> None:
    assert lake.create("a", b"mine") is True
    assert lake.create("a", b"yours") is False
    assert lake.get("a") == b"mine"
    lake.put("b", b"put")
    assert lake.create("b", b"created") is False
    assert lake.get("b") == b"put"


def test_a_missing_key_is_an_error_that_names_it(lake: Lake) -> None:
    lake.put("a/b", b"")
    for missing in ("nothing/here", "a", "a/b.x"):
        with pytest.raises(LakeError, match=missing):
            lake.get(missing)


def test_only_a_file_exists_and_a_folder_does_not(lake: Lake) -> None:
    lake.put("a/b", b"")
    assert [lake.exists(key) for key in ("a/b", "a", "a/", "a/c")] == [True, False, False, False]


def test_keys_are_sorted_and_of_one_folder(lake: Lake) -> None:
    for key in ("a/c", "a/b/2", "a/b/10", "ab/x", "a", "a/B", "a/é"):
        if key != "a":  # a folder cannot hold a file and a folder of one name
            lake.put(key, b"")
    assert lake.keys("a") == ["a/B", "a/b/10", "a/b/2", "a/c", "a/é"]
    assert lake.keys("a/b") == ["a/b/10", "a/b/2"]
    assert lake.keys("nothing") == []


def test_keys_begin_after_a_key_whether_it_is_there_or_not(lake: Lake) -> None:
    for key in ("log/1", "log/2", "log/3"):
        lake.put(key, b"")
    assert lake.keys("log", after="log/2") == ["log/3"]
    assert lake.keys("log", after="log/2a") == ["log/3"]
    assert lake.keys("log", after="log/") == ["log/1", "log/2", "log/3"]
    assert lake.keys("log", after="log/9") == []


def test_a_key_keeps_every_letter_that_our_keys_use(lake: Lake) -> None:
    key = "raw/_log/20261101T050000.000000Z~2026-11-01~charts-0a=b%20 c.d_e"
    lake.put(key, b"")
    assert lake.keys("raw/_log") == [key]
    assert lake.exists(key)


def test_folders_are_named_without_what_is_in_them(lake: Lake) -> None:
    for key in ("t/x=1/a", "t/x=2/y=1/a", "t/file", "tt/x=3/a"):
        lake.put(key, b"")
    assert lake.folders("t") == ["x=1", "x=2"]
    assert lake.folders("nothing") == []


def test_deleting_twice_is_no_error(lake: Lake) -> None:
    lake.put("a/b", b"")
    lake.put("a/c", b"")
    lake.delete(["a/b", "a/never"])
    lake.delete(["a/b"])
    assert lake.keys("a") == ["a/c"]


def test_local_gives_every_key_as_a_file_with_its_bytes(lake: Lake) -> None:
    lake.put("a/snapshot_date=2026-11-01/x", b"1")
    lake.put("a/y", b"2")
    with lake.local(["a/snapshot_date=2026-11-01/x", "a/y"]) as files:
        assert {key: path.read_bytes() for key, path in files.items()} == {
            "a/snapshot_date=2026-11-01/x": b"1",
            "a/y": b"2",
        }
        # Readers take the date from the path, wherever the copy lies.
        assert files["a/snapshot_date=2026-11-01/x"].as_posix().endswith("/snapshot_date=2026-11-01/x")
    assert lake.get("a/y") == b"2"


def test_of_many_threads_that_create_one_key_exactly_one_wins(lake: Lake) -> None:
    rounds, racers = 40, 4
    barrier = threading.Barrier(racers)
    won: list[tuple[int, bytes]] = []

    def race(name: bytes) -> None:
        for number in range(rounds):
            barrier.wait(60)
            if lake.create(f"records/{number}", name * 10_000):
                won.append((number, name * 10_000))

    threads = [threading.Thread(target=race, args=(bytes([65 + number]),)) for number in range(racers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(number for number, _ in won) == list(range(rounds))
    assert all(lake.get(f"records/{number}") == content for number, content in won)


def test_a_folder_with_an_odd_name_is_a_lake_like_any_other(tmp_path: Path) -> None:
    folder = tmp_path / "it's 100% [1] #ü? & *"
    lake = Lake(folder.as_uri() + "/")
    lake.put("a/b", b"here")
    assert (folder / "a" / "b").read_bytes() == b"here"
    assert Lake(folder.as_uri()).keys("a") == ["a/b"]


def test_another_scheme_is_refused_with_those_that_work() -> None:
    for url in ("ftp://host/x", "lake", "/tmp/lake"):
        with pytest.raises(InputError, match="file:///"):
            Lake(url)


def test_the_sha256_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_traffic_is_what_a_bucket_would_count(lake: Lake, tmp_path: Path) -> None:
    lake.put("a/1", b"four")
    lake.create("a/2", b"five!")
    lake.create("a/2", b"again")  # refused, and asked all the same
    lake.get("a/1")
    lake.exists("a/3")
    lake.keys("a")
    lake.ages("a")
    lake.folders("a")
    assert lake.traffic.counts == {
        "requests_put": 3,
        "bytes_put": 14,
        "requests_get": 2,
        "bytes_get": 4,
        "requests_list": 3,
    }
    with lake.local(["a/1", "a/2"]):
        pass
    assert lake.traffic.counts["requests_get"] == 4
    assert lake.traffic.counts["bytes_get"] == 13
    lake.delete(["a/1"])  # S3 takes nothing for that
    assert sum(lake.traffic.counts.values()) == 3 + 14 + 4 + 13 + 3


def test_a_large_file_is_put_in_parts(lake: Lake) -> None:
    lake.put("large", bytes(11 * 1024 * 1024))
    assert lake.traffic.counts["requests_put"] == 3 + 2  # 5, 5 and 1 MB; the beginning, and the end


def test_a_listing_is_a_request_for_each_thousand_keys(tmp_path: Path) -> None:
    lake = Lake("memory://")
    for number in range(1001):
        lake.put(f"a/{number}", b"")
    before = lake.traffic.counts.get("requests_list", 0)
    assert len(lake.keys("a")) == 1001
    assert lake.traffic.counts["requests_list"] - before == 2


def test_sizes_are_the_bytes_below_a_folder(lake: Lake) -> None:
    lake.put("a/1", b"four")
    lake.put("b/2", b"other")
    assert lake.sizes("a") == {"a/1": 4}
