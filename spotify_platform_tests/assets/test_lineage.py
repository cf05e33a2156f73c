"""Where a mart's columns come from, as Dagster knows it: what sqlglot finds in the SQL, checked in and not stale."""

from importlib import resources

import dagster as dg
import pytest

from spotify_platform.assets.marts import mart_tables
from spotify_platform.assets.warehouse import warehouse
from spotify_platform.contracts.marts import MARTS_BY_NAME
from spotify_platform.marts.lineage import FILE, found, lineage, render
from spotify_platform.marts.sql import Mart, references

TEXT = resources.files("spotify_platform.marts").joinpath(FILE).read_text("utf-8")


@pytest.fixture(scope="module")
def rendered() -> str:
    """The file as it is to be."""
    return render()


def test_the_file_is_what_the_selects_say(rendered: str) -> None:
    assert rendered == TEXT, "run `make docs`"


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('"marts.dim_artist.artist_name"', '"marts.dim_artist.name"'),
        ('"genre": ["marts.bridge_artist_genre.genre"]', '"genre": []'),
        ('  "confidence": []', '  "trust": []'),
    ],
)
def test_a_mistake_in_the_file_is_found(rendered: str, right: str, wrong: str) -> None:
    assert right in TEXT
    assert rendered != TEXT.replace(right, wrong, 1)


def test_a_column_comes_from_what_its_expression_names() -> None:
    select = """
        with peaks as (select market, min(rank) as best from curated.chart_entries group by market)
        select peaks.market, markets.chart_size - peaks.best as charts, count(*) over () as coverage
        from peaks inner join marts.dim_market as markets on peaks.market = markets.market
    """
    table = MARTS_BY_NAME["dim_market"]
    columns = tuple(column for column in table.columns if column.name in ("market", "charts", "coverage"))
    mart = Mart(type(table)(table.name, "", "", table.key, columns), select, frozenset(references(select)))
    assert found(mart) == {
        "market": ["curated.chart_entries.market"],
        "charts": ["curated.chart_entries.rank", "marts.dim_market.chart_size"],
        "coverage": [],
    }


@pytest.mark.parametrize("spec", [*mart_tables.specs, *warehouse.specs], ids=lambda spec: spec.key.to_user_string())
def test_dagster_knows_the_origin_of_every_column(spec: dg.AssetSpec) -> None:
    columns = {column.name: column for column in spec.metadata["dagster/column_schema"].columns}
    origins = spec.metadata["dagster/column_lineage"].deps_by_column
    assert origins.keys() == columns.keys()
    assert {dep.asset_key for deps in origins.values() for dep in deps} <= {dep.asset_key for dep in spec.deps}


def test_a_person_reads_it_beside_the_column() -> None:
    (spec,) = [spec for spec in mart_tables.specs if spec.key.path[1] == "dim_artist"]
    columns = {column.name: column.description for column in spec.metadata["dagster/column_schema"].columns}
    assert lineage()["dim_artist"]["genres"] == ["marts.bridge_artist_genre.genre"]
    assert columns["genres"].endswith("\n\n← marts/bridge_artist_genre: genre")
    (spec,) = [spec for spec in warehouse.specs if spec.key.path[1] == "artists"]
    assert "←" not in "".join(column.description for column in spec.metadata["dagster/column_schema"].columns)
