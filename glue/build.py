"""Build what the Glue job needs: `make glue` → build/glue with the script, the project's wheel and job.json.

job.json is what `aws glue create-job --cli-input-json` takes. The same sources and versions give the same bytes.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
SCRIPT = ROOT / "glue/curate.py"
# What Glue 5.1 does not bring; pyspark and boto3 it does.
MODULES = ("narwhals", "dagster-pipes")


def main() -> None:
    """Read the options, build, and tell what to do with it."""
    parser = argparse.ArgumentParser(description="Build what the Glue job needs.")
    parser.add_argument("--output", type=Path, default=ROOT / "build/glue")
    parser.add_argument("--location", default="s3://BUCKET/glue", help="where the files will be put (%(default)s)")
    parser.add_argument("--role", default="ROLE", help="the job's IAM role (%(default)s)")
    parser.add_argument("--job", default="spotify-platform-curate", help="its name (%(default)s)")
    parser.add_argument("--no-build-isolation", action="store_true", help="build with the setuptools that is installed")
    options = parser.parse_args()
    shutil.rmtree(options.output, ignore_errors=True)
    options.output.mkdir(parents=True)
    wheel = _wheel(options.output, isolated=not options.no_build_isolation)
    shutil.copy(SCRIPT, options.output)
    location = options.location.rstrip("/")
    job = job_settings(options.job, options.role, location, wheel.name)
    (options.output / "job.json").write_text(json.dumps(job, indent=1) + "\n", "utf-8")
    print(f"{options.output}: {SCRIPT.name}, {wheel.name} ({wheel.stat().st_size / 1e3:.0f} kB) and job.json.")
    print(f"  aws s3 cp --recursive {options.output} {location}")
    print(f"  aws glue create-job --cli-input-json file://{options.output}/job.json")


def job_settings(name: str, role: str, location: str, wheel: str) -> dict[str, Any]:
    """The job as Glue's API takes it. Why it is so stands in README.md."""
    lock = LOCK.read_text("utf-8")
    pins = [re.search(rf"^{module}==\S+", lock, re.MULTILINE) for module in MODULES]
    return {
        "Name": name,
        "Role": role,
        "GlueVersion": "5.1",
        "Command": {"Name": "glueetl", "PythonVersion": "3", "ScriptLocation": f"{location}/{SCRIPT.name}"},
        "WorkerType": "G.1X",
        "NumberOfWorkers": 10,
        "Timeout": 120,
        "MaxRetries": 0,
        "ExecutionProperty": {"MaxConcurrentRuns": 3},
        "DefaultArguments": {
            "--extra-py-files": f"{location}/{wheel}",
            "--additional-python-modules": ",".join(pin[0] for pin in pins if pin),
            "--enable-auto-scaling": "true",
            "--enable-continuous-cloudwatch-log": "true",
            "--custom-logGroup-prefix": f"/aws-glue/{name}",
        },
    }


def _wheel(folder: Path, isolated: bool) -> Path:
    """The project's wheel. It is built from a copy: setuptools leaves its work beside the sources."""
    with tempfile.TemporaryDirectory(prefix="wheel-") as scratch:
        source = Path(scratch, "source")
        unwanted = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "spotify_platform", source / "spotify_platform", ignore=unwanted)
        for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE", LOCK.name):
            shutil.copy(ROOT / name, source)
        # A wheel tells the permissions of its files: those of the clone, and of who builds.
        for path in source.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        command = [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"),
            *("--wheel-dir", str(folder.resolve()), *([] if isolated else ["--no-build-isolation"]), "."),
        ]
        if subprocess.run(command, env=_environment(isolated), umask=0o022, cwd=source).returncode:
            sys.exit("pip could not build the wheel; its message above says why.")
    (wheel,) = folder.glob("*.whl")
    return wheel


def _environment(isolated: bool) -> dict[str, str]:
    """What the build sees: nothing of what the caller has set for Python or for the dates in archives."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    # 1980-01-01, the first day that a zip can tell.
    ours |= {"PYTHONHASHSEED": "0", "PYTHONUTF8": "1", "SOURCE_DATE_EPOCH": "315532800"}
    if isolated:
        # The wheel names the setuptools that built it. pip before 25.3 knows the first, later ones the second.
        ours |= {"PIP_CONSTRAINT": LOCK.name, "PIP_BUILD_CONSTRAINT": LOCK.name}
    return ours


if __name__ == "__main__":
    main()
