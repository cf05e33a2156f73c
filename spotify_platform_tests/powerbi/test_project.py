"""The Power BI project: it is what the code makes, each check holds, and sees the mistake it is there for."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from spotify_platform.powerbi.pages import PAGES
from spotify_platform.powerbi.project import build

from . import checks
from .checks import CHECKS
from .reading import Project

ROOT = Path(__file__).parents[2]
MADE = ROOT / "powerbi"
MODEL, REPORT = "SpotifyCharts.SemanticModel/definition", "SpotifyCharts.Report/definition"


def test_the_files_are_what_the_code_makes(platform):
    assert platform.ok("powerbi", "build", MADE, "--check") == "Every file is up to date.\n"


def test_stale_files_are_named_and_made_anew(platform, tmp_path):
    folder = tmp_path / "powerbi"
    assert "written: " in platform.ok("powerbi", "build", folder)
    assert platform.ok("powerbi", "build", folder) == "Every file is up to date.\n"
    (folder / MODEL / "model.tmdl").write_text("model Other\n")
    (folder / MODEL / "tables/dim_old.tmdl").write_text("table dim_old\n")
    (folder / REPORT / "report.json").unlink()
    (folder / "SpotifyCharts.Report/.pbi").mkdir()
    (folder / "SpotifyCharts.Report/.pbi/localSettings.json").write_text("{}")  # Desktop's own
    (folder / "notes.md").write_text("mine\n")
    answer = platform.cli("powerbi", "build", folder, "--check")
    named = re.findall(r"stale: \S*powerbi/(\S+)", answer.out)
    assert answer.code == 1
    assert named == [f"{REPORT}/report.json", f"{MODEL}/model.tmdl", f"{MODEL}/tables/dim_old.tmdl"]
    assert "3 files are stale. Run: spotify-platform powerbi build" in answer.err
    platform.ok("powerbi", "build", folder)
    assert platform.ok("powerbi", "build", folder, "--check") == "Every file is up to date.\n"
    assert (folder / "notes.md").exists()
    assert not (folder / MODEL / "tables/dim_old.tmdl").exists()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_project_is_right(check):
    assert check(Project(MADE)) == []


def test_the_pages_answer_the_questions_of_the_book():
    book = re.findall(r"^## (.+)$", (ROOT / "docs/questions.md").read_text("utf-8"), re.M)
    assert sorted(title for page in PAGES for title in page.questions) == sorted(book)


TABLES = f"{MODEL}/tables"
DATE, MOVEMENT, COVERAGE = (f"{TABLES}/{name}.tmdl" for name in ("dim_date", "chart_movement", "coverage"))
WEEK, GROWTH, CHART = (f"{TABLES}/{name}.tmdl" for name in ("dim_week", "genre_growth", "fct_chart_daily"))
MODEL_FILE, LINKS = f"{MODEL}/model.tmdl", f"{MODEL}/relationships.tmdl"
PARAMETERS, ROLE = f"{MODEL}/expressions.tmdl", f"{MODEL}/roles/Reader.tmdl"
PAGES_FILE, PAGE, SETTINGS = f"{REPORT}/pages/pages.json", f"{REPORT}/pages/genres/page.json", f"{REPORT}/report.json"
THEME = "SpotifyCharts.Report/StaticResources/RegisteredResources/SpotifyPlatform.json"


def visual(page: str, title: str) -> str:
    """The file of a visual, by its title."""
    (found,) = [
        path
        for path, content in Project(MADE).visuals(f"/{page}/").items()
        if f"'{title}'" in json.dumps(content["visual"].get("visualContainerObjects", {}).get("title"))
    ]
    return found


GROWTH_BAR, SHARES = visual("genres", "Growth of genres"), visual("genres", "Shares of the five leading genres")
MARKET, TRENDING = visual("trending", "Market"), visual("trending", "Trending artists of the day")
MISTAKES = [
    (checks.text, MODEL_FILE, "model Model", "\ufeffmodel Model"),
    (checks.text, DATE, "\tcolumn year", "    column year"),
    (checks.schemas, "SpotifyCharts.pbip", '"version"', '"versions"'),
    (checks.schemas, "SpotifyCharts.SemanticModel/definition.pbism", '"version": "4.2"', '"version": 4.2'),
    (checks.schemas, "SpotifyCharts.SemanticModel/.platform", '"logicalId"', '"logicalID"'),
    (checks.schemas, "SpotifyCharts.Report/.platform", '"displayName"', '"title"'),
    (checks.schemas, "SpotifyCharts.Report/definition.pbir", '"byPath"', '"byPlace"'),
    (checks.schemas, f"{REPORT}/version.json", '"2.0.0"', '"2"'),
    (checks.schemas, SETTINGS, '"customTheme"', '"ownTheme"'),
    (checks.schemas, PAGES_FILE, '"pageOrder"', '"order"'),
    (checks.schemas, PAGE, '"FitToPage"', '"Fit"'),
    (checks.schemas, PAGE, "page/2.0.0/", "page/9.0.0/"),
    (checks.schemas, SHARES, '"tabOrder"', '"tab"'),
    (checks.schemas, SHARES, '"lineChart"', '"linechart"'),
    (checks.schemas, SHARES, '"Series"', '"Legend"'),
    (checks.schemas, SHARES, '"type": "TopN"', '"type": "Top"'),
    (checks.schemas, GROWTH_BAR, '"Descending"', '"descending"'),
    (checks.schemas, THEME, '"dataColors"', '"colours"'),
    (checks.references, "SpotifyCharts.pbip", "SpotifyCharts.Report", "Other.Report"),
    (checks.references, "SpotifyCharts.Report/definition.pbir", "SpotifyCharts.SemanticModel", "Other.SemanticModel"),
    (checks.references, PAGES_FILE, '"genres",', '"genre",'),
    (checks.references, PAGE, '"name": "genres"', '"name": "genre"'),
    (checks.references, SETTINGS, '"path": "SpotifyPlatform.json"', '"path": "Theme.json"'),
    (checks.references, MODEL_FILE, "ref table dim_week\n", ""),
    (checks.references, ROLE, "role Reader", "role Writer"),
    (checks.columns, DATE, "column year", "column years"),
    (checks.columns, DATE, "sourceColumn: YEAR", "sourceColumn: year"),
    (checks.columns, GROWTH, "dataType: double", "dataType: int64"),
    (checks.columns, MOVEMENT, "summarizeBy: none", "summarizeBy: sum"),
    (checks.columns, COVERAGE, "/// Raw entity", "/// Entity of something"),
    (checks.columns, WEEK, 'Name="DIM_DATE"', 'Name="DIM_DAYS"'),
    (checks.star, DATE, "\tdataCategory: Time\n", ""),
    (checks.star, DATE, "\t\tisKey\n", ""),
    (checks.star, LINKS, "toColumn: dim_market.market", "toColumn: dim_market.chart_size"),
    (checks.star, LINKS, "toColumn: dim_week.chart_week", "toColumn: dim_weeks.chart_week"),
    (checks.star, LINKS, "fromColumn: new_release_performance.album_id", "fromColumn: dim_track.album_id"),
    (checks.reader, ROLE, "modelPermission: read", "modelPermission: readRefresh"),
    (checks.described, COVERAGE, "\t\tdisplayFolder: Coverage\n", ""),
    (checks.described, COVERAGE, "\t\tformatString: #,0\n", ""),
    (checks.described, CHART, "\t/// Different tracks on the charts.\n", ""),
    (checks.dax, COVERAGE, "COUNTROWS(coverage),", "COUNTROWS(coverage,"),
    (checks.dax, COVERAGE, "coverage[readable]", "coverage[legible]"),
    (checks.dax, COVERAGE, "[Charts there] = 7", "[Charts] = 7"),
    (checks.dax, COVERAGE, "VAR Share", "VAR Coverage"),
    (checks.dax, COVERAGE, "MAXX(", "MAXXX("),
    (checks.dax, CHART, "measure 'Track points'", "measure Points"),
    (checks.m, GROWTH, '"GENRE_GROWTH",Kind="Table"]}', '"GENRE_GROWTH",Kind="Table"]'),
    (checks.m, GROWTH, "Role = SnowflakeRole", 'Role = "SPOTIFY_READER"'),
    (checks.m, GROWTH, '[Name="MARTS",Kind="Schema"]', '[Name = "MARTS", Kind = "Schema"]'),
    (checks.m, GROWTH, "Rows = Marts{", "Rows = Database{"),
    (checks.m, GROWTH, "mode: import", "mode: directQuery"),
    (checks.m, WEEK, "\t\t\t\t    Weeks\n", "\t\t\t\t    Week\n"),
    (checks.m, PARAMETERS, "expression SnowflakeRole", "expression SnowflakeReader"),
    (checks.fields, GROWTH_BAR, '"Property": "Genre growth"', '"Property": "Growth of genres"'),
    (checks.fields, SHARES, '"Entity": "dim_week"', '"Entity": "dim_weeks"'),
    (checks.fields, MARKET, '"Property": "market"', '"Property": "region"'),
    (checks.fields, TRENDING, '"queryRef": "trending_artists_daily.Artist trend"', '"queryRef": "Artist trend"'),
    (checks.layout, TRENDING, '"width": 412', '"width": 600'),
    (checks.layout, TRENDING, '"height": 512', '"height": 600'),
    (checks.layout, TRENDING, '"tabOrder": 7', '"tabOrder": 70'),
    (checks.layout, TRENDING, '"altText"', '"alt"'),
    (checks.colours, THEME, "#084751", "#F0E442"),
    (checks.colours, THEME, "#976344", "#527A2C"),
    (checks.colours, THEME, '"bad": "#D1480C"', '"bad": "#FF0000"'),
    (checks.colours, THEME, '"foreground": "#1A1C23"', '"foreground": "#999999"'),
    (checks.pbir_utils_validate, PAGE, '"displayName": "Genres"', '"displayName": "Page 2"'),
    (checks.another_reader, LINKS, "fromColumn: coverage.market", "fromColumn: coverages.market"),
    (checks.another_reader, MODEL_FILE, "ref table dim_week", "ref table dim_weeks"),
]


@pytest.mark.parametrize(
    ("check", "file", "right", "wrong"),
    MISTAKES,
    ids=[f"{check.__name__}-{Path(file).name}-{right.strip()[:30]}" for check, file, right, _ in MISTAKES],
)
def test_a_mistake_is_seen_by_its_check(check, file, right, wrong, tmp_path):
    folder = Path(shutil.copytree(MADE, tmp_path / "powerbi"))
    content = (folder / file).read_text("utf-8")
    assert right in content
    (folder / file).write_text(content.replace(right, wrong, 1), "utf-8")
    assert check(Project(folder)) != []


def test_no_file_may_be_changed_by_hand(platform, tmp_path):
    """Whatever no other check sees: the file differs from what the code makes."""
    folder = tmp_path / "powerbi"
    written = build(folder)
    for file in written:
        with (folder / file).open("a") as opened:
            opened.write("\n")
    assert len(written) > 80
    assert re.findall(r"stale: \S*powerbi/(\S+)", platform.cli("powerbi", "build", folder, "--check").out) == written


_PARSER = "@microsoft/powerquery-parser@2.0.0"


@pytest.mark.soak
def test_microsofts_own_parser_reads_the_queries(tmp_path):
    """Power Query's parser is on npm alone; it is installed here, and where node is absent this is skipped."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not (node and npm):
        pytest.skip("node and npm are not installed")
    subprocess.run(
        [
            npm,
            "install",
            "--silent",
            "--no-audit",
            "--no-fund",
            "--prefix",
            tmp_path,
            "@microsoft/powerquery-parser@2.0.0",
        ],
        check=True,
        timeout=300,
    )
    script = Path(__file__).with_name("parse_m.cjs")
    told = checks.queries(Project(MADE)) | {"a mistake": "let Rows = Source{[Name = 1} in Rows"}
    done = subprocess.run(
        [node, script, tmp_path / "node_modules/@microsoft/powerquery-parser"],
        input=json.dumps(told),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert json.loads(done.stdout) == {name: name != "a mistake" for name in told}
