"""Which pictures are stale: what each was made from, remembered by hash in docs/pictures/made_from.json.

A picture is a matter of fonts and of the machine that made it, so pictures are not compared; what they show is. Whoever
makes some calls `made`; a test holds that `stale` finds none. `python docs/stale.py` names them.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

DOCS = Path(__file__).parent
ROOT = DOCS.parent
RECORD = Path("docs", "pictures", "made_from.json")
# Picture → the files that decide what it shows, as patterns from the repository's root.
_CHARTS = ("spotify_platform/charts/**/*.py", "spotify_platform/charts/**/*.sql")
SOURCES = {
    "dashboard-*.png": ("dashboard/**/*.py", *_CHARTS),
    "report.png": ("spotify_platform/report.py", *_CHARTS),
    "dagster-*.png": ("spotify_platform_tests/graph.txt", "docs/tour_pictures.py"),
    "graph.png": ("spotify_platform_tests/graph.txt",),
    "[0-9]*.png": ("docs/questions/*.sql", "docs/questions.py"),
}


def made(pictures: Iterable[str], root: Path = ROOT) -> None:
    """Note that pictures were made just now."""
    record = _record(root) | {name: _hash(name, root) for name in pictures}
    (root / RECORD).write_text(json.dumps(dict(sorted(record.items())), indent=1) + "\n", "utf-8")


def stale(root: Path = ROOT) -> list[str]:
    """The pictures whose sources changed since, or that nobody noted; a drawing is compared by its own test."""
    names = [path.name for folder in ("docs", "docs/pictures") for path in sorted((root / folder).glob("*.png"))]
    record = _record(root)
    return [name for name in names if record.get(name) != _hash(name, root)]


def _record(root: Path) -> dict[str, str]:
    path = root / RECORD
    return dict(json.loads(path.read_text("utf-8"))) if path.exists() else {}


def _hash(name: str, root: Path) -> str:
    patterns = [files for picture, files in SOURCES.items() if Path(name).match(picture)]
    if not patterns:
        return "no source is told in docs/stale.py"
    digest = hashlib.sha256()
    for path in sorted({path for pattern in patterns[0] for path in root.glob(pattern)}):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


if __name__ == "__main__":
    print("\n".join(stale()) or "No picture is stale.")
