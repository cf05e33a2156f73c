"""What is deployed as a package: the same sources and versions give the same bytes, whoever builds, and wherever.

Packages lie under keys made of their content, so a build that differs would be a deployment of nothing new.
"""

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ("spotify_platform", "glue", "deploy/aws/lambda_capture")
FILES = ("pyproject.toml", "setup.py", "README.md", "LICENSE", "requirements.lock")
LAMBDA, GLUE = "deploy/aws/lambda_capture/build.py", "glue/build.py"
OURS_ALONE = {LAMBDA: "--no-dependencies", GLUE: "--no-build-isolation"}  # asks no package index


@dataclass(frozen=True)
class Person:
    """Somebody who cloned the repository and builds: where, with which permissions and environment."""

    clone: Path
    umask: int = 0o022
    environment: Mapping[str, str] = field(default_factory=dict)

    def cloned(self) -> "Person":
        """The clone, whose files have this umask's permissions."""
        for name in SOURCES:
            shutil.copytree(ROOT / name, self.clone / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in FILES:
            shutil.copy(ROOT / name, self.clone)
        for path in self.clone.rglob("*"):
            path.chmod((0o777 if path.is_dir() else 0o666) & ~self.umask)
        return self

    def build(self, script: str, *options: str) -> dict[str, bytes]:
        """The package's files by name, as the script makes them."""
        made = self.clone / "built" / Path(script).parent.name
        output = made / "package.zip" if script == LAMBDA else made
        command = [sys.executable, script, "--output", str(output), *options]
        environment = os.environ | self.environment
        subprocess.run(command, check=True, cwd=self.clone, env=environment, umask=self.umask)
        return {path.name: path.read_bytes() for path in made.iterdir()}


@pytest.fixture
def one(tmp_path: Path) -> Person:
    """Somebody with an ordinary machine."""
    return Person(tmp_path / "clone", environment={"PYTHONHASHSEED": "1"}).cloned()


@pytest.fixture
def other(tmp_path: Path) -> Person:
    """Somebody with another folder, clock, locale, umask and hash seed, who has settings of Python and leftovers."""
    environment = {
        "LC_ALL": "C",
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONHASHSEED": "2",
        "PYTHONOPTIMIZE": "2",
        "PYTHONPYCACHEPREFIX": str(tmp_path / "bytecode"),
        "PYTHONUTF8": "0",
        "SOURCE_DATE_EPOCH": "1000000000",
        "TMPDIR": str(tmp_path / "ein anderes Verzeichnis für alles"),
        "TZ": "Asia/Kathmandu",
    }
    Path(environment["TMPDIR"]).mkdir()
    person = Person(tmp_path / "another folder/ä/of-another-length/clone", 0o077, environment).cloned()
    for path in person.clone.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    for path in person.clone.rglob("*.sql"):
        path.chmod(0o700)
    leftover = person.clone / "spotify_platform/lake/__pycache__/keys.cpython-39.pyc"
    leftover.parent.mkdir()
    leftover.write_bytes(b"of another Python")
    return person


def differences(one: dict[str, bytes], other: dict[str, bytes], folder: Path) -> list[str]:
    """The names of the files, and of what is in archives, that are not the same."""
    found = []
    for name in sorted(one.keys() | other.keys()):
        if one.get(name) != other.get(name):
            found += [f"{name}: {part}" for part in _parts(name, one.get(name), other.get(name), folder)] or [name]
    return found


def _parts(name: str, one: bytes | None, other: bytes | None, folder: Path) -> list[str]:
    if one is None or other is None or not name.endswith((".zip", ".whl")):
        return []
    contents = []
    for content in (one, other):
        (folder / "compared").write_bytes(content)
        with zipfile.ZipFile(folder / "compared") as archive:
            entries = archive.infolist()
            contents.append({(e.filename, e.date_time, oct(e.external_attr >> 16)): archive.read(e) for e in entries})
    return sorted({name for (name, *_), _ in contents[0].items() ^ contents[1].items()})


@pytest.mark.parametrize("script", OURS_ALONE)
def test_two_people_build_the_same_bytes(one, other, script, tmp_path):
    built = one.build(script, OURS_ALONE[script])
    assert built
    assert differences(built, other.build(script, OURS_ALONE[script]), tmp_path) == []


@pytest.mark.soak
@pytest.mark.parametrize("script", OURS_ALONE)
def test_two_people_build_the_same_bytes_with_what_comes_from_the_package_index(one, other, script, tmp_path):
    wanted = ["download", "--quiet", "--no-deps", "--dest", str(tmp_path / "reached"), "narwhals"]
    if subprocess.run([sys.executable, "-m", "pip", *wanted]).returncode:
        pytest.skip("pip cannot reach a package index, from which what is built with or packed would come")
    built = one.build(script)
    assert differences(built, other.build(script), tmp_path) == []
    if script == GLUE:  # setuptools is that of requirements.lock, whoever brings it
        assert differences(built, one.build(script, OURS_ALONE[script]), tmp_path) == []


# -- shown to fail: what makes the packages the same, taken away

MISTAKES = {
    "the clone's folder in the bytecode": (LAMBDA, '*("-s", str(package), "-p", "/var/task", str(package))', "package"),
    "bytecode by the clock": (LAMBDA, '"--invalidation-mode", "unchecked-hash"', '"--invalidation-mode", "timestamp"'),
    "the caller's settings of Python": (LAMBDA, 'if not name.startswith("PYTHON")', ""),
    "the clock in the zip": (LAMBDA, ".as_posix(), _EPOCH)", ".as_posix(), time.localtime(path.stat().st_mtime)[:6])"),
    "the clone's leftovers": (LAMBDA, '"tests", "__pycache__")', '"tests")'),
    "the permissions of the clone": (GLUE, "path.chmod(0o755 if path.is_dir() else 0o644)", "pass"),
    "the umask": (GLUE, ", umask=0o022", ""),
    "the dates in the wheel": (GLUE, '"SOURCE_DATE_EPOCH": "315532800"', ""),
}


@pytest.mark.soak
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_a_build_is_seen(one, other, mistake, tmp_path):
    script, right, wrong = MISTAKES[mistake]
    for person in (one, other):
        text = (person.clone / script).read_text("utf-8")
        assert text.count(right) == 1
        (person.clone / script).write_text(text.replace(right, wrong).replace("import zipfile", "import time, zipfile"))
    built = one.build(script, OURS_ALONE[script])
    assert differences(built, other.build(script, OURS_ALONE[script]), tmp_path) != []
