"""The how-to on a new column, done as it stands on a copy of the repository: it touches what it names, and no more."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "add-a-column.md"
BLOCK = re.compile(r"^```(diff|sh)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def run(folder: Path, command: str, **environment: str) -> str:
    """Run a command of a shell in a folder; returns what it printed."""
    done = subprocess.run(
        command, shell=True, cwd=folder, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The repository as it stands here, with this environment's programs."""
    folder = tmp_path / "copy"
    files = run(ROOT, "git ls-files --cached --others --exclude-standard").splitlines()
    for name in files:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(Path(sys.executable).parents[1])
    who = "-c user.name=somebody -c user.email=somebody@example.org"
    run(folder, f"git init -q . && git add -A && git {who} commit -qm start")
    return folder


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
