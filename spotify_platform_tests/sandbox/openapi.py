"""Answers checked against an OpenAPI document: names, types, and what must be there.

As much of JSON Schema as the document of the Web API uses, and no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}


@dataclass(frozen=True)
class Deviations:
    """Where real answers differ from the document. A place is `track.name`: type of the object, name in it.

    Objects without a type of their own go by the name they stand under: `followers.href`, `items.added_by`.
    """

    additional: frozenset[str] = frozenset()
    null: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()


class Document:
    """One OpenAPI file."""

    def __init__(self, path: Path) -> None:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        self._document: Any = yaml.load(path.read_text(encoding="utf-8"), loader)

    def problems(self, endpoint: str, answer: Any, deviations: Deviations) -> list[str]:
        """What of an answer to `GET endpoint` is not as the document says, deviations apart."""
        response = self._followed(self._document["paths"][endpoint]["get"]["responses"]["200"])
        schema = response["content"]["application/json"]["schema"]
        return list(self._check(answer, schema, endpoint, endpoint, deviations))

    def _followed(self, thing: dict[str, Any]) -> dict[str, Any]:
        """A thing, or what it refers to."""
        while "$ref" in thing:
            found = self._document
            for step in thing["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            thing = found
        return thing

    def _merged(self, schema: dict[str, Any]) -> dict[str, Any]:
        """A schema with everything it is put together from."""
        schema = self._followed(schema)
        parts = [self._merged(part) for part in schema.get("allOf", [])]
        merged: dict[str, Any] = {}
        for part in [*parts, schema]:
            properties = {**merged.get("properties", {}), **part.get("properties", {})}
            required = [*merged.get("required", []), *part.get("required", [])]
            merged = {**merged, **part, "properties": properties, "required": required}
        return merged

    def _check(
        self, value: Any, schema: dict[str, Any], place: str, name: str, deviations: Deviations
    ) -> Iterator[str]:
        schema = self._merged(schema)
        if value is None:
            if not schema.get("nullable") and place not in deviations.null:
                yield f"{place} is null"
            return
        if "oneOf" in schema:
            attempts = [list(self._check(value, one, place, name, deviations)) for one in schema["oneOf"]]
            yield from min(attempts, key=len)
            return
        kind = schema.get("type", "object")
        if not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
            yield f"{place} is {value!r}, which is no {kind}"
            return
        if "enum" in schema and value not in schema["enum"]:
            yield f"{place} is {value!r}, which is none of {schema['enum']}"
        if kind == "array":
            for one in value:
                yield from self._check(one, schema["items"], f"{place}[]", name, deviations)
        if kind == "object":
            yield from self._check_object(value, schema, name, deviations)

    def _check_object(
        self, value: dict[str, Any], schema: dict[str, Any], name: str, deviations: Deviations
    ) -> Iterator[str]:
        said = value.get("type")
        owner = said if isinstance(said, str) and "uri" in value else name
        for required in schema["required"]:
            if required not in value and f"{owner}.{required}" not in deviations.missing:
                yield f"{owner}.{required} is missing"
        for one, part in value.items():
            place = f"{owner}.{one}"
            if one in schema["properties"]:
                yield from self._check(part, schema["properties"][one], place, one, deviations)
            elif place not in deviations.additional:
                yield f"{place} is not in the document"
