"""Fields of raw answers, and how they change: what appears, vanishes or becomes another type is told once.

A drift never breaks a run: curation reads the fields that the contracts name, and a missing one is NULL.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from spotify_platform.quality.checks import Finding

Fields = dict[str, str]  # path → JSON types joined with |, and a ? at the end where it is not always there

_NAMES = {bool: "boolean", int: "number", float: "number", str: "string", list: "list", dict: "object"}
_MOST_FINDINGS = 20  # an answer of another kind altogether would be a finding a field


def fields_of(items: Iterable[Any]) -> tuple[Fields, dict[str, str]]:
    """The fields of objects, and of each path an example: `followers.total`, `artists[].id`, ….

    A field counts as always there when every object that could have it has it.
    """
    types: dict[str, set[str]] = defaultdict(set)
    seen: dict[str, int] = defaultdict(int)
    parents: dict[str, int] = defaultdict(int)
    examples: dict[str, str] = {}

    def walk(value: Any, path: str) -> None:
        if isinstance(value, dict):
            parents[path] += 1
            for name, inner in value.items():
                below = f"{path}.{name}" if path else name
                seen[below] += 1
                note(inner, below)
                walk(inner, below)
        elif isinstance(value, list):
            for inner in value:
                note(inner, f"{path}[]")
                walk(inner, f"{path}[]")

    def note(value: Any, path: str) -> None:
        kind = _NAMES.get(type(value), "null")
        if kind not in types[path]:
            types[path].add(kind)
            if path not in examples or kind != "null":
                examples[path] = json.dumps(value, ensure_ascii=False)[:80]

    for item in items:
        walk(item, "")
    told = {
        path: "|".join(sorted(kinds)) + ("" if path.endswith("[]") or seen[path] == parents[_parent(path)] else "?")
        for path, kinds in sorted(types.items())
    }
    return told, examples


def audit_fields(entity: str, now: Fields, examples: Mapping[str, str], before: Sequence[Fields]) -> list[Finding]:
    """What changed in an entity's fields against those of comparable days before, the newest of them last."""
    if not before or not now:
        return []
    known: dict[str, set[str]] = defaultdict(set)
    for fields in before:
        for path, told in fields.items():
            known[path] |= _types(told)
    found = []
    for path, told in now.items():
        if path not in known:
            found.append((path, "appeared"))
        elif new := _types(told) - known[path] - {"null"}:
            found.append((path, f"is {' or '.join(sorted(new))}, was {' or '.join(sorted(known[path]))}"))
    always = [path for path, told in before[-1].items() if not told.endswith("?") and not path.endswith("[]")]
    found += [(path, "vanished") for path in always if path not in now]
    changed = {path for path, _ in found}
    top = [(path, what) for path, what in found if _parent(path) not in changed]
    return [
        Finding(f"raw/{entity}", f"fields are the known ones: {path} {what}", 1, "warning", examples.get(path, ""))
        for path, what in top[:_MOST_FINDINGS]
    ]


def _types(told: str) -> set[str]:
    return set(told.removesuffix("?").split("|"))


def _parent(path: str) -> str:
    if path.endswith("[]"):
        return path.removesuffix("[]")
    return path.rpartition(".")[0]
