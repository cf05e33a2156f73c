"""Build the capture's AWS Lambda package: `make lambda` → build/lambda_capture.zip.

The same sources and versions give the same bytes. What the function does is `handler`'s business.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
ROOMS = ("contracts", "extract", "lake", "__init__.py", "branch.py", "settings.py")
PLATFORMS = {"x86_64": "manylinux2014_x86_64", "arm64": "manylinux2014_aarch64"}
RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"
MOST_BYTES = 50_000_000  # of a zip that is uploaded as such

_NEVER_NEEDED = ("bin", "tests", "__pycache__")
# pip's notes: they name this machine, and nothing reads them.
_NOTES = ("RECORD", "INSTALLER", "REQUESTED")
_DAGSTER = re.compile(rb"^\s*(?:import|from)\s+dagster", re.MULTILINE)
_EPOCH = (1980, 1, 1, 0, 0, 0)


def main() -> None:
    """Read the options, build, and tell the size."""
    parser = argparse.ArgumentParser(description="Build the capture's AWS Lambda package.")
    parser.add_argument("--output", type=Path, default=ROOT / "build/lambda_capture.zip")
    parser.add_argument("--python-version", default=RUNNING, help=f"of the function's runtime ({RUNNING})")
    parser.add_argument("--arch", choices=PLATFORMS, default="x86_64", help="of the function (x86_64)")
    parser.add_argument("--watchlist", type=Path, help="to be packed as watchlist.yaml, where none is named in S3")
    parser.add_argument("--no-dependencies", action="store_true", help="our own code only; asks no package index")
    options = parser.parse_args()
    options.output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="lambda-") as scratch:
        package = Path(scratch)
        if not options.no_dependencies:
            _install(package, options.python_version, options.arch)
        _copy_ours(package, options.watchlist)
        _tidy(package)
        _refuse_dagster(package)
        if options.python_version == RUNNING:
            _compile(package)
        unzipped = _zip(package, options.output)
    zipped = options.output.stat().st_size
    print(f"{options.output}: {zipped / 1e6:.1f} MB, unzipped {unzipped / 1e6:.1f} MB")
    if zipped > MOST_BYTES:
        sys.exit(f"More than {MOST_BYTES / 1e6:.0f} MB: Lambda would not take it. Take something out.")


def _install(package: Path, python_version: str, arch: str) -> None:
    command = [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"),
        *("--target", str(package), "--platform", PLATFORMS[arch], "--only-binary=:all:"),
        *("--implementation", "cp", "--python-version", python_version),
        *("--requirement", str(HERE / "requirements.txt"), "--constraint", str(ROOT / "requirements.lock")),
    ]
    if subprocess.run(command, env=_environment()).returncode:
        sys.exit("pip could not install the requirements; its message above says why.")


def _copy_ours(package: Path, watchlist: Path | None) -> None:
    ours = package / "spotify_platform"
    ours.mkdir()
    for name in ROOMS:
        source = ROOT / "spotify_platform" / name
        if source.is_dir():
            shutil.copytree(source, ours / name)
        else:
            shutil.copy(source, ours)
    shutil.copy(HERE / "handler.py", package)
    if watchlist:
        shutil.copy(watchlist, package / "watchlist.yaml")


def _tidy(package: Path) -> None:
    for path in sorted(package.rglob("*"), reverse=True):
        if path.is_dir() and path.name in _NEVER_NEEDED:
            shutil.rmtree(path)
        elif path.parent.name.endswith(".dist-info") and path.name in _NOTES:
            path.unlink()


def _refuse_dagster(package: Path) -> None:
    found = [path for path in package.rglob("*") if "dagster" in path.name.lower()]
    found += [path for path in package.rglob("*.py") if _DAGSTER.search(path.read_bytes())]
    if found:
        names = ", ".join(str(path.relative_to(package)) for path in found[:5])
        sys.exit(f"The package would hold or import Dagster: {names}. Take it out.")


def _compile(package: Path) -> None:
    """Bytecode, since Lambda has nowhere to keep its own: a new process answers after 0.35 instead of 0.95 s."""
    command = [
        *(sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"),
        *("-s", str(package), "-p", "/var/task", str(package)),
    ]
    subprocess.run(command, check=True, env=_environment())


def _environment() -> dict[str, str]:
    """What pip and the compiler see: nothing of what the caller has set for Python, such as where bytecode goes."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    # The order of a set of constants is part of the bytecode.
    return {**ours, "PYTHONHASHSEED": "0", "PYTHONUTF8": "1"}


def _zip(package: Path, output: Path) -> int:
    """Zip a folder; returns the bytes of its files."""
    files = sorted(path for path in package.rglob("*") if path.is_file())
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in files:
            entry = zipfile.ZipInfo(path.relative_to(package).as_posix(), _EPOCH)
            entry.external_attr = 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
    return sum(path.stat().st_size for path in files)


if __name__ == "__main__":
    main()
