"""The how-to on a new column, done as it stands on a copy of the repository: it touches what it names, and no more."""

import re
from pathlib import Path

import pytest

from spotify_platform_tests.docs.conftest import ROOT, run

PAGE = ROOT / "docs" / "how-to" / "add-a-column.md"
BLOCK = re.compile(r"^```(diff|sh)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.soak
def test_a_column_of_tracks_touches_the_files_that_the_page_names(copy: Path) -> None:
    text = PAGE.read_text("utf-8")
    blocks = BLOCK.findall(text)
    for kind, block in blocks[:4]:
        if kind == "diff":
            (copy / "change.diff").write_text(block, "utf-8")
            run(copy, "git apply change.diff && rm change.diff")
            continue
        # The programs belong to another folder, whose package must not stand in; and nothing is to be installed.
        for line in block.splitlines():
            run(copy, line.replace("make docs", "make -o .venv/dev -o .venv/run docs"), PYTHONPATH=str(copy))
    named = set(re.findall(r"`([^`]+)`", text[text.index("no other:") : text.index("**5.")])) - {"make docs"}
    touched = {line[3:] for line in run(copy, "git status --porcelain").splitlines()}
    assert touched == named
    assert "preview_url" in (copy / "deploy" / "snowflake" / "005_curated.sql").read_text("utf-8")
