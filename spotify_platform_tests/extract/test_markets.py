"""What people call a market."""

import csv
import gzip

import pytest

from spotify_platform.contracts.errors import InputError
from spotify_platform.extract.markets import market_code

from .helpers import DATA, needs_data


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("US", "US"),
        ("us", "US"),
        (" de ", "DE"),
        ("Germany", "DE"),
        ("GERMANY", "DE"),
        ("Global", "GLOBAL"),
        ("global", "GLOBAL"),
        ("USA", "US"),
        ("UK", "GB"),
        ("UAE", "AE"),
        ("Russia", "RU"),
        ("Turkey", "TR"),
        ("South Korea", "KR"),
        ("Vietnam", "VN"),
        ("Taiwan", "TW"),
        ("Bolivia", "BO"),
        ("Czech Republic", "CZ"),
        ("Czechia", "CZ"),
        ("Kosovo", "XK"),
    ],
)
def test_codes_and_english_names_are_understood(text: str, code: str) -> None:
    assert market_code(text) == code


@pytest.mark.parametrize("text", ["", "XX", "Germny", "Atlantis", "Deutschland", "840", "U" * 1000])
def test_nothing_is_guessed(text: str) -> None:
    with pytest.raises(InputError, match="is no market") as refused:
        market_code(text)
    assert len(str(refused.value)) < 200


@needs_data
def test_every_market_of_the_2021_charts_has_a_code_of_its_own() -> None:
    with gzip.open(DATA / "charts" / "top50_by_market_2021.csv.gz", "rt", encoding="utf-8") as file:
        names = {row["market"] for row in csv.DictReader(file)}
    assert len(names) == 69
    assert len({market_code(name) for name in names}) == 69
