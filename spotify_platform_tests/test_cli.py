"""The command line: what a person types, reads and gets wrong."""

import gzip
import json
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from spotify_platform.automation.instance import open_instance
from spotify_platform.lake.origin import origin_of
from spotify_platform.sandbox import Catalogue, serve, write_chart_files
from spotify_platform_tests.conftest import Platform

HEADER = "rank,uri,artist_names,track_name,source,peak_rank,previous_rank,days_on_chart,streams\n"
ROW = '1,spotify:track:T1,"Ä, B",Song,Label,1,-1,1,1000\n'


@pytest.fixture
def charts(tmp_path: Path) -> list[Path]:
    """Three days of two markets, as charts.spotify.com names them."""
    catalogue = Catalogue(seed=5, artists=40, anchor=date(2026, 11, 20))
    return write_chart_files(catalogue, tmp_path / "charts", date(2026, 11, 18), date(2026, 11, 20), ["US", "DE"])


@pytest.mark.parametrize("words", [[], ["import"]], ids=["spotify-platform", "spotify-platform import"])
def test_every_command_says_what_it_is_for(platform: Platform, words: list[str]) -> None:
    said = platform.cli(*words, "--help").out
    wanted = ["charts", "playlists"] if words else ["demo", "sandbox", "capture", "import", "run", "query"]
    for command in wanted:
        assert command in said
        assert "Usage:" in platform.ok(*words, command, "--help")


def test_importing_the_same_charts_twice_changes_nothing(platform: Platform, charts: list[Path]) -> None:
    platform.ok("import", "charts", *charts)
    platform.ok("run")
    before, keys = platform.tables("curated.chart_entries"), platform.live.lake().keys("raw")
    assert "Nothing new" in platform.ok("import", "charts", *reversed(charts))
    assert "Every captured date is published" in platform.ok("run")
    assert platform.tables("curated.chart_entries") == before
    assert platform.live.lake().keys("raw") == keys


def test_what_was_imported_is_what_the_files_say(platform: Platform, charts: list[Path]) -> None:
    platform.ok("import", "charts", *charts)
    platform.ok("run")
    (count,) = platform.query("select count(*) as rows, count(distinct market) as markets from curated.chart_entries")
    assert count == {"rows": 300, "markets": 2}
    line = charts[0].read_text("utf-8").splitlines()[1].split(",")
    (first,) = platform.query(
        "select 'spotify:track:' || track_id as uri, streams from curated.chart_entries "
        "where rank = 1 and market = 'US' and snapshot_date = '2026-11-18'"
    )
    files = {path.name: path for path in charts}
    line = files["regional-us-daily-2026-11-18.csv"].read_text("utf-8").splitlines()[1].split(",")
    assert first == {"uri": line[1], "streams": int(line[-1])}


def test_rows_that_cannot_be_read_are_kept_with_a_reason(platform: Platform, tmp_path: Path) -> None:
    path = tmp_path / "regional-us-daily-2026-10-01.csv"
    path.write_text(
        HEADER + ROW + ROW.replace("1,spotify:track:T1", "two,spotify:track:T2") + "3" + ROW[1:-5] + "many\n"
    )
    platform.ok("import", "charts", path)
    assert "2 raw lines stand in curated.rejects" in platform.ok("run")
    assert platform.query("select rank, streams from curated.chart_entries order by rank") == [
        {"rank": 1, "streams": 1000},
        {"rank": 3, "streams": None},
    ]
    rejects = platform.query("select reason, fields, dropped, line from curated.rejects order by reason")
    assert [(r["reason"], r["fields"], r["dropped"]) for r in rejects] == [
        ("bad_rank", None, True),
        ("bad_value", "streams", False),
    ]
    assert json.loads(rejects[0]["line"])["item"]["rank"] == "two"


TODAY = datetime.now(UTC).date()
BAD_CHARTS = {
    "an unknown header": ("regional-us-daily-2026-10-01.csv", "a,b\n1,2\n", "header"),
    "a header and nothing else": ("regional-us-daily-2026-10-01.csv", HEADER, "no rows"),
    "an empty file": ("regional-us-daily-2026-10-01.csv", "", "empty"),
    "broken gzip": ("regional-us-daily-2026-10-01.csv.gz", gzip.compress((HEADER + ROW).encode())[:-9], "gzip"),
    "a rank twice": ("regional-us-daily-2026-10-01.csv", HEADER + ROW + ROW, "line 3: rank 1 stands twice"),
    "a future date": (f"regional-us-daily-{TODAY + timedelta(days=2)}.csv", HEADER + ROW, "future"),
    "a date before 2017": ("regional-us-daily-2016-12-31.csv", HEADER + ROW, "2017"),
    "an unknown market": ("regional-xx-daily-2026-10-01.csv", HEADER + ROW, "market"),
    "a name that does not tell": ("chart.csv", HEADER + ROW, "regional-us-daily-2026-10-01.csv"),
    "too few cells": ("regional-us-daily-2026-10-01.csv", HEADER + "1,spotify:track:T\n", "line 2"),
}


@pytest.mark.parametrize(("name", "content", "gist"), BAD_CHARTS.values(), ids=BAD_CHARTS)
def test_a_bad_chart_file_is_one_clear_line_and_writes_nothing(
    platform: Platform, tmp_path: Path, name: str, content: str | bytes, gist: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    answer = platform.cli("import", "charts", path)
    assert answer.code == 1
    (error,) = [line for line in answer.err.splitlines() if line.startswith("Error:")]
    assert path.name in error and gist in error
    assert not platform.live.has_data
    assert platform.live.lake().keys("raw") == []


def test_a_path_that_is_not_there_is_named(platform: Platform, tmp_path: Path) -> None:
    answer = platform.cli("import", "charts", tmp_path / "nowhere.csv")
    assert answer.code == 1
    assert "nowhere.csv" in answer.err


@pytest.mark.parametrize(
    ("content", "snapshot_date", "gist"),
    [
        (b'{"id": ', "2026-10-01", "JSON"),
        (b"[]", "2026-10-01", "empty list"),
        (b'{"id": "P", "tracks": {"items": [], "total": 0}}', str(TODAY + timedelta(days=2)), "future"),
    ],
    ids=["invalid JSON", "nothing in it", "a future date"],
)
def test_a_bad_playlist_file_is_one_clear_line(
    platform: Platform, tmp_path: Path, content: bytes, snapshot_date: str, gist: str
) -> None:
    path = tmp_path / "playlist.json"
    path.write_bytes(content)
    answer = platform.cli("import", "playlists", path, "--snapshot-date", snapshot_date)
    assert answer.code == 1
    assert gist in answer.err
    assert not platform.live.has_data


def test_the_demo_is_shown_until_real_data_comes(platform: Platform, charts: list[Path]) -> None:
    platform.ok("demo", "--days", "1")
    assert "(demo: the sandbox's data)" in platform.cli("query", "select 1").err
    with open_instance(platform.home) as instance:
        demo_runs = [run.run_id for run in instance.get_runs()]
    platform.ok("import", "charts", *charts)
    platform.ok("run")
    assert "(live: real data)" in platform.cli("query", "select 1").err
    with open_instance(platform.home) as instance:
        assert not {run.run_id for run in instance.get_runs()} & set(demo_runs)
    platform.ok("demo", "--days", "1")
    with open_instance(platform.demo) as instance:
        assert set(demo_runs) < {run.run_id for run in instance.get_runs()}
    assert "(live: real data)" in platform.cli("query", "select 1").err


def test_a_bad_import_leaves_the_demo_shown(platform: Platform, tmp_path: Path) -> None:
    platform.ok("demo", "--days", "1")
    (tmp_path / "chart.csv").write_text("a,b\n1,2\n")
    assert platform.cli("import", "charts", tmp_path / "chart.csv").code == 1
    assert "(demo" in platform.cli("query", "select 1").err


def test_capture_without_credentials_takes_a_day_of_the_sandbox(platform: Platform) -> None:
    day = TODAY - timedelta(days=30)
    said = platform.ok("capture", "--date", str(day))
    assert f"Captured {day}" in said and "40 artists" in said
    platform.ok("run")
    assert platform.query("select count(*) as n from curated.artists where detail = 'full'") == [{"n": 40}]


def test_capture_with_credentials_needs_something_to_watch(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOTIPY_CLIENT_ID", "me")
    monkeypatch.setenv("SPOTIPY_CLIENT_SECRET", "not-to-be-seen")
    answer = platform.cli("capture")
    assert answer.code == 1
    assert "SPOTIFY_PLATFORM_WATCHLIST" in answer.err
    assert "not-to-be-seen" not in answer.err + answer.out


def watch(platform: Platform, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Make a watchlist, and let the settings name it."""
    platform.root.mkdir(parents=True, exist_ok=True)
    (platform.root / "watchlist.yaml").write_text(text)
    monkeypatch.setenv("SPOTIFY_PLATFORM_WATCHLIST", str(platform.root / "watchlist.yaml"))


def test_capture_with_credentials_brings_todays_answers_to_the_live_home(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue = Catalogue(seed=5, artists=40, anchor=TODAY)
    watched = [catalogue.artist(number).id for number in range(3)]
    monkeypatch.setenv("SPOTIPY_CLIENT_ID", "me")
    monkeypatch.setenv("SPOTIPY_CLIENT_SECRET", "not-to-be-seen")
    watch(
        platform,
        monkeypatch,
        f"artists: [{watched[0]}, https://open.spotify.com/artist/{watched[1]}]\n"
        f"playlists: [{catalogue.playlist_ids[0]}]",
    )
    with serve(catalogue) as server:  # it stands in for api.spotify.com
        monkeypatch.setenv("SPOTIFY_PLATFORM_API_URL", server.api_url(TODAY))
        monkeypatch.setenv("SPOTIFY_PLATFORM_TOKEN_URL", server.token_url)
        planned = platform.ok("plan")
        said = platform.ok("capture")
        again = platform.ok("capture")
        asked = [entry.family for entry in server.log()]
    assert "Mode: development (assumed" in planned and "artists/albums" in planned
    assert "2 artists" in said
    assert again.startswith("Captured already")
    assert asked.count("token") == 2  # the probe's and the capture's: neither the plan nor the second capture asked
    assert "Today is captured already" in platform.ok("plan")
    assert origin_of(platform.live.lake()).origin == "spotify"
    platform.ok("run")
    full = platform.query("select artist_id from curated.artists where detail = 'full' order by all")
    assert [row["artist_id"] for row in full] == sorted(watched[:2])
    assert platform.query("select count(*) > 50 as enough from curated.playlist_items") == [{"enough": True}]
    everything = b"".join(path.read_bytes() for path in platform.root.rglob("*") if path.is_file())
    assert b"not-to-be-seen" not in everything


@pytest.mark.parametrize("variable", ["SPOTIPY_CLIENT_ID"])
def test_half_a_set_of_credentials_is_no_reason_to_capture_the_sandbox(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "something")
    answer = platform.cli("capture")
    assert answer.code == 1
    assert "SPOTIPY_CLIENT_SECRET" in answer.err
    assert not platform.demo.has_data


def test_the_sandbox_is_not_captured_beside_real_data(platform: Platform, charts: list[Path]) -> None:
    platform.ok("import", "charts", *charts)
    answer = platform.cli("capture")
    assert answer.code == 1
    assert "holds real data" in answer.err


def test_a_day_that_the_sandbox_does_not_know_is_named(platform: Platform) -> None:
    answer = platform.cli("capture", "--date", "2040-01-01")
    assert answer.code == 1
    assert "2040-01-01: the sandbox knows" in answer.err


def test_a_past_day_of_spotify_cannot_be_captured(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOTIPY_CLIENT_ID", "me")
    monkeypatch.setenv("SPOTIPY_CLIENT_SECRET", "secret")
    watch(platform, monkeypatch, "artists: [6eUKZXaKkcviH0Ku9w2n3V]")
    answer = platform.cli("capture", "--date", "2026-01-01")
    assert answer.code == 1
    assert "serves only the present" in answer.err
    assert not platform.live.has_data


def test_a_query_answers_in_three_forms(platform: Platform) -> None:
    platform.ok("capture", "--date", str(TODAY))
    platform.ok("run")
    expected = {
        "table": ["name", "nothing", "n", 'Ä, "x"', "NULL", "1,234"],
        "csv": ['name,nothing,n\n"Ä, ""x""",,1234\n'],
        "json": ['[{"name": "Ä, \\"x\\"", "nothing": null, "n": 1234}]\n'],
    }
    for form, parts in expected.items():
        said = platform.ok("query", "select 'Ä, \"x\"' as name, null as nothing, 1234 as n", "--format", form)
        assert all(part in said for part in parts)


def test_nothing_to_run_is_said_on_an_empty_platform(platform: Platform) -> None:
    answer = platform.cli("run")
    assert answer.code == 1
    assert "Nothing was captured here yet" in answer.err


def test_a_table_is_never_cut_where_nobody_watches(platform: Platform) -> None:
    said = platform.ok("query", f"select '{'x' * 500}' as long")
    assert "x" * 500 in said


def test_arguments_say_what_they_are(platform: Platform) -> None:
    assert "One SELECT over the schemas" in platform.ok("query", "--help")


def test_a_query_of_an_empty_platform_has_no_rows(platform: Platform) -> None:
    assert platform.query("select count(*) as n from marts.chart_movement") == [{"n": 0}]


@pytest.mark.parametrize(
    "sql",
    [
        "insert into curated.tracks values (1)",
        "select 1; select 2",
        "selec 1",
        "from nowhere",
        "copy (select 1) to 'x'",
    ],
)
def test_a_query_only_reads(platform: Platform, sql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    answer = platform.cli("query", sql)
    assert answer.code == 1
    assert sum(line.startswith("Error:") for line in answer.err.splitlines()) == 1
    assert not Path("x").exists()


def test_an_unknown_form_is_named(platform: Platform) -> None:
    assert "--format xml" in platform.cli("query", "select 1", "--format", "xml").err


def test_a_withheld_date_is_said_and_the_others_go_on(platform: Platform, tmp_path: Path) -> None:
    for day, rank in (("2026-10-01", "1"), ("2026-10-02", "0"), ("2026-10-03", "1")):
        (tmp_path / f"regional-us-daily-{day}.csv").write_text(HEADER + rank + ROW[1:])
    platform.ok("import", "charts", *tmp_path.glob("*.csv"))
    answer = platform.cli("run")
    assert answer.code == 1
    assert "2026-10-02" in answer.err and "rank is between 1 and" in answer.err
    assert len(platform.query("select distinct snapshot_date from marts.chart_movement")) == 2


@pytest.mark.soak
def test_the_home_can_lie_anywhere(platform: Platform, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    elsewhere = tmp_path / "a folder with ä and spaces"
    monkeypatch.setenv("SPOTIFY_PLATFORM_HOME", os.fspath(elsewhere))
    platform.ok("demo", "--days", "1")
    assert (elsewhere / "demo" / "warehouse.duckdb").exists()
