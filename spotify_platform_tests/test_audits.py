"""The audit of a date and its rejects, as a person asks for them; and the engine as a person sets it."""

import json
from datetime import date
from pathlib import Path

import pytest

from spotify_platform.sandbox import Catalogue, write_chart_files
from spotify_platform_tests.conftest import Platform

FIRST, LAST = date(2026, 11, 10), date(2026, 11, 18)


@pytest.fixture
def charts(tmp_path: Path) -> dict[str, Path]:
    """Nine days of two markets, by file name."""
    catalogue = Catalogue(seed=5, artists=40, anchor=date(2026, 11, 20))
    files = write_chart_files(catalogue, tmp_path / "charts", FIRST, LAST, ["US", "DE"])
    return {path.name: path for path in files}


def test_a_date_with_half_its_rows_is_withheld_until_a_person_accepts_it(
    platform: Platform, charts: dict[str, Path]
) -> None:
    half = charts.pop(f"regional-de-daily-{LAST}.csv")
    platform.ok("import", "charts", *charts.values())
    failed = platform.cli("run")
    assert failed.code == 1
    assert f"{LAST}: chart_entries: at least 67% of the usual rows: 50 rows, usually 100" in failed.err
    rows = "select count(*) as n, max(snapshot_date) as newest from curated.chart_entries"
    assert platform.query(rows) == [{"n": 800, "newest": str(LAST.replace(day=17))}]

    said = platform.cli("audit", str(LAST))
    assert said.code == 1
    assert "error: chart_entries: at least 67% of the usual rows" in said.out
    assert "Withheld; readers see nothing of the date." in said.out

    accepted = platform.cli("audit", str(LAST), "--accept")
    assert accepted.code == 0
    assert "warning: chart_entries: at least 67% of the usual rows" in accepted.out
    assert platform.query(rows) == [{"n": 850, "newest": str(LAST)}]

    platform.ok("import", "charts", half)
    platform.ok("run")
    assert platform.query(rows) == [{"n": 900, "newest": str(LAST)}]
    assert "Published; readers see batch" in platform.ok("audit", str(LAST))


def test_an_audit_names_every_table_with_its_checks(platform: Platform, charts: dict[str, Path]) -> None:
    platform.ok("import", "charts", charts[f"regional-us-daily-{LAST}.csv"])
    before = platform.cli("audit", str(LAST))
    assert (before.code, "not audited yet" in before.err) == (1, True)
    platform.ok("run")
    said = platform.ok("audit", str(LAST))
    for table in ("artists", "tracks", "chart_entries", "rejects"):
        assert table in said
    assert "nothing was captured" in platform.cli("audit", "2026-01-01").err


@pytest.mark.soak
def test_great_expectations_is_asked_for_any_date(platform: Platform, charts: dict[str, Path]) -> None:
    platform.ok("import", "charts", charts[f"regional-us-daily-{LAST}.csv"])
    platform.ok("run")
    said = platform.ok("audit", "--gx", str(LAST))
    assert "86 expectations, 0 failed." in said
    assert (platform.live.path / "quality" / str(LAST) / "index.html").exists()
    assert "is not published" in platform.cli("audit", "--gx", "2026-01-01").err


def test_rejects_are_listed_verbatim_with_reason_and_capture(platform: Platform, charts: dict[str, Path]) -> None:
    for name in (f"regional-us-daily-{LAST}.csv", f"regional-us-daily-{FIRST}.csv"):
        lines = charts[name].read_text("utf-8").splitlines()
        lines[1] = lines[1].replace("1,", "first,", 1)
        charts[name].write_text("\n".join(lines) + "\n", "utf-8")
        platform.ok("import", "charts", charts[name])
    assert "rejects" in platform.ok("run")
    told = json.loads(platform.ok("rejects", "--format", "json"))
    assert [(one["snapshot_date"], one["entity"], one["reason"], one["dropped"]) for one in told] == [
        (str(LAST), "chart_entries", "bad_rank", True),
        (str(FIRST), "chart_entries", "bad_rank", True),
    ]
    assert json.loads(told[0]["line"])["item"]["rank"] == "first"
    assert all(one["capture_id"] for one in told)
    assert "1 of 2 lines." in platform.ok("rejects", "--limit", "1")
    assert "1 of 1 lines." in platform.ok("rejects", "--date", str(FIRST), "--entity", "chart_entries")
    assert "No line was rejected." in platform.ok("rejects", "--entity", "artists")
    assert "not known" in platform.cli("rejects", "--entity", "artist").err


@pytest.mark.soak
def test_one_setting_changes_the_engine_and_no_row(
    platform: Platform, charts: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = ("curated.chart_entries", "curated.tracks", "curated.artists", "curated.rejects")
    platform.ok("import", "charts", *charts.values())
    platform.ok("run")
    by_duckdb = platform.tables(*tables)
    monkeypatch.setenv("SPOTIFY_PLATFORM_HOME", str(platform.root.with_name("other")))
    monkeypatch.setenv("SPOTIFY_PLATFORM_ENGINE", "spark")
    platform.ok("import", "charts", *charts.values())
    platform.ok("run")
    assert platform.tables(*tables) == by_duckdb
    monkeypatch.setenv("SPOTIFY_PLATFORM_ENGINE", "abacus")
    refused = platform.cli("run")
    assert refused.code == 1
    assert "SPOTIFY_PLATFORM_ENGINE" in refused.err


def test_glue_reads_no_folder_and_says_so(
    platform: Platform, charts: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPOTIFY_PLATFORM_ENGINE", "glue")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    platform.ok("import", "charts", charts[f"regional-us-daily-{LAST}.csv"])
    refused = platform.cli("run")
    assert refused.code == 1
    assert "Glue reads lakes in S3 only" in refused.err
