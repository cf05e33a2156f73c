"""Fields of raw answers, and how they change: what appears, vanishes or becomes another type is told once.

A drift never breaks a run: curation reads the fields that the contracts name, and a missing one is NULL.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from spotify_platform.quality.checks import Finding

Fields = dict[str, str]  # path → JSON types joined with |, and a ? at the end where it is not always there

_NAMES = {bool: "boolean", int: "number", float: "number", str: "string", list: "list", dict: "object"}
COUNT = ""  # where the number of objects stands that were looked at
FEWEST_OBJECTS = 10  # of fewer objects nobody can say that a field is gone
_ELEMENTS = 3  # of a list are looked into
_MOST_FINDINGS = 20  # an answer of another kind altogether would be a finding a field


def fields_of(items: Sequence[Any]) -> tuple[Fields, dict[str, Any]]:
    """The fields of objects, their number under `COUNT`, and of each path an example: `artists[].id`, ….

    A field counts as always there when every object that could have it has it.
    """
    types: dict[str, set[str]] = defaultdict(set)
    seen: dict[str, int] = defaultdict(int)
    parents: dict[str, int] = defaultdict(int)
    examples: dict[str, Any] = {}

    def walk(value: Any, path: str) -> None:
        if isinstance(value, dict):
            parents[path] += 1
            dot = f"{path}." if path else ""
            for name, inner in value.items():
                below = dot + name
                seen[below] += 1
                note(inner, below)
                if isinstance(inner, dict | list):
                    walk(inner, below)
        else:
            below = f"{path}[]"
            kinds = set(map(type, value))
            for inner in value if len(kinds) > 1 else value[:1]:  # 185 markets are texts, one and all
                note(inner, below)
            if dict in kinds or list in kinds:
                for inner in value[:_ELEMENTS]:
                    if isinstance(inner, dict | list):
                        walk(inner, below)

    def note(value: Any, path: str) -> None:
        kind = _NAMES.get(type(value), "null")
        if kind not in types[path]:
            types[path].add(kind)
            if kind != "null":
                examples[path] = value
            else:
                examples.setdefault(path, value)

    for item in items:
        walk(item, "")
    told = {COUNT: str(len(items))} | {
        path: "|".join(sorted(kinds)) + ("" if path.endswith("[]") or seen[path] == parents[_parent(path)] else "?")
        for path, kinds in sorted(types.items())
    }
    return told, examples


def audit_fields(entity: str, now: Fields, examples: Mapping[str, Any], known: Fields) -> list[Finding]:
    """What changed in an entity's fields against those that are known; nothing is known of a first day."""
    if not known or now == known:
        return []
    found = []
    for path, told in now.items():
        if path == COUNT:
            continue
        if path not in known:
            found.append((path, "appeared"))
        elif new := _types(told) - _types(known[path]) - {"null"}:
            found.append((path, f"is {' or '.join(sorted(new))}, was {' or '.join(sorted(_types(known[path])))}"))
    if _count(now) >= FEWEST_OBJECTS:
        found += [
            (path, "vanished") for path, told in known.items() if path not in now and _is_always_there(path, told)
        ]
    changed = {path for path, _ in found}
    top = [(path, what) for path, what in found if _parent(path) not in changed]
    return [
        Finding(f"raw/{entity}", f"fields are the known ones: {path} {what}", 1, "warning", _quoted(examples, path))
        for path, what in top[:_MOST_FINDINGS]
    ]


def known_fields(known: Fields, now: Fields) -> Fields:
    """What is known after a day: every field that was ever seen, with every type it had.

    So a change is told once, however seldom a field is there.
    """
    merged = {}
    judged = not known or _count(now) >= FEWEST_OBJECTS
    for path in sorted(known.keys() | now.keys()):
        types = sorted(_types(known.get(path, "")) | _types(now.get(path, "")) - {""})
        sometimes = any(told.get(path, "").endswith("?") for told in (known, now))
        sometimes |= bool(known) and (path not in known or (judged and path not in now))
        merged[path] = "|".join(kind for kind in types if kind) + ("?" if sometimes and not path.endswith("[]") else "")
    merged[COUNT] = now.get(COUNT, "0")
    return merged


def _quoted(examples: Mapping[str, Any], path: str) -> str:
    """A path's example as JSON; a field that vanished has none."""
    return json.dumps(examples[path], ensure_ascii=False)[:80] if path in examples else ""


@cache
def _types(told: str) -> frozenset[str]:
    return frozenset(told.removesuffix("?").split("|"))


def _count(fields: Fields) -> int:
    return int(fields.get(COUNT, "0"))


def _is_always_there(path: str, told: str) -> bool:
    return path != COUNT and not told.endswith("?") and not path.endswith("[]")


def _parent(path: str) -> str:
    if path.endswith("[]"):
        return path.removesuffix("[]")
    return path.rpartition(".")[0]
