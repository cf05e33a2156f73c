"""The Power BI project as files, what `spotify-platform powerbi build` writes, and which of them are stale."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from spotify_platform.powerbi import pbir, tmdl
from spotify_platform.powerbi.pbir import SCHEMAS

NAME = "SpotifyCharts"
_MODEL, _REPORT = f"{NAME}.SemanticModel", f"{NAME}.Report"
# Power BI Desktop keeps what is only of one machine there.
_DESKTOPS_OWN = ".pbi"


def project() -> dict[str, str]:
    """All files: path in the project's folder → text."""
    return dict(_files())


def build(folder: Path) -> list[str]:
    """Write the project; what is in its items' folders and is no part of it goes. Returns the paths that changed."""
    changed = stale(folder)
    wanted = project()
    for path in changed:
        file = folder / path
        if path in wanted:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(wanted[path].encode())
        else:
            file.unlink()
    return changed


def stale(folder: Path) -> list[str]:
    """Paths of files that are missing, differ, or lie in the items' folders and are no part of the project."""
    wanted = project()
    differ = {path for path, text in wanted.items() if not _holds(folder / path, text)}
    items = [file for item in (_MODEL, _REPORT) for file in (folder / item).rglob("*") if file.is_file()]
    found = {file.relative_to(folder) for file in items}
    spare = {path.as_posix() for path in found if _DESKTOPS_OWN not in path.parts} - wanted.keys()
    return sorted(differ | spare)


def _holds(file: Path, text: str) -> bool:
    return file.is_file() and file.read_bytes() == text.encode()


def _files() -> Iterator[tuple[str, str]]:
    yield ".gitignore", f"**/{_DESKTOPS_OWN}/\n"
    yield (
        f"{NAME}.pbip",
        _json(
            {
                "$schema": f"{SCHEMAS}pbip/pbipProperties/1.0.0/schema.json",
                "version": "1.0",
                "artifacts": [{"report": {"path": _REPORT}}],
                "settings": {"enableAutoRecovery": True},
            }
        ),
    )
    yield f"{_MODEL}/.platform", _platform("SemanticModel")
    yield (
        f"{_MODEL}/definition.pbism",
        _json(
            {
                "$schema": f"{SCHEMAS}item/semanticModel/definitionProperties/1.0.0/schema.json",
                "version": "4.2",
                "settings": {},
            }
        ),
    )
    for path, text in tmdl.files():
        yield f"{_MODEL}/definition/{path}", text
    yield f"{_REPORT}/.platform", _platform("Report")
    yield (
        f"{_REPORT}/definition.pbir",
        _json(
            {
                "$schema": f"{SCHEMAS}item/report/definitionProperties/2.0.0/schema.json",
                "version": "4.0",
                "datasetReference": {"byPath": {"path": f"../{_MODEL}"}},
            }
        ),
    )
    for path, content in pbir.files():
        yield f"{_REPORT}/{path}", _json(content)


def _platform(kind: str) -> str:
    """What Fabric knows an item by."""
    return _json(
        {
            "$schema": f"{SCHEMAS}gitIntegration/platformProperties/2.0.0/schema.json",
            "metadata": {"type": kind, "displayName": NAME},
            "config": {"version": "2.0", "logicalId": tmdl.identity("item", kind)},
        }
    )


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
