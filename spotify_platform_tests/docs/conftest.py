"""A copy of the repository, in which tests do what pages say."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


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
