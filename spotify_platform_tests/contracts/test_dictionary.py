"""The data dictionary is made from the contracts, and never stale."""

from pathlib import Path

from spotify_platform.contracts.dictionary import render

PAGE = Path(__file__).parents[2] / "docs" / "data-dictionary.md"


def test_the_page_is_what_the_contracts_say() -> None:
    assert PAGE.read_text("utf-8") == render(), "run `make docs`"
