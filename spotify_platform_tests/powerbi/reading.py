"""Reads a Power BI project from its files, by another way than it is written: what the checks look at."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any


@dataclass
class Node:
    """An object of TMDL: `column market`, its properties, its expression, and what stands under it."""

    kind: str
    name: str
    description: str = ""
    expression: str = ""
    properties: dict[str, str] = field(default_factory=dict)
    children: list["Node"] = field(default_factory=list)

    def of(self, kind: str) -> dict[str, "Node"]:
        """The objects of a kind under this one, by name."""
        return {child.name: child for child in self.children if child.kind == kind}


_OBJECTS = {
    *("database", "model", "expression", "relationship", "role", "table", "measure", "column", "partition"),
    *("annotation", "ref", "dataAccessOptions"),
}
_HEADER = re.compile(r"(\w+)(?: ('(?:[^']|'')*'|[^ =]+(?: [^ =]+)?))?(?: =(?: (.*))?)?$")


def read_tmdl(text: str) -> list[Node]:
    """The objects of a file; tabs say what belongs to what, as in TMDL's own documentation."""
    root = Node("file", "")
    stack = [(-1, root)]
    description = ""
    expression: tuple[int, Node, str] | None = None  # lines indented deeper than this belong to an expression
    for line in text.splitlines():
        depth = len(line) - len(line.lstrip("\t"))
        words = line.strip()
        if expression and (depth > expression[0] + 1 or not words):
            if words:
                key, node = expression[2], expression[1]
                piece = line[expression[0] + 2 :] + "\n"
                if key:
                    node.properties[key] = node.properties.get(key, "") + piece
                else:
                    node.expression += piece
            continue
        expression = None
        if not words:
            continue
        if words.startswith("///"):
            description = words.removeprefix("///").strip()
            continue
        while stack[-1][0] >= depth:
            stack.pop()
        parent = stack[-1][1]
        header = _HEADER.fullmatch(words)
        if header and header[1] in _OBJECTS and ":" not in words.split(" ")[0]:
            name = (header[2] or "").strip("'").replace("''", "'")
            node = Node(header[1], name, description, header[3] or "")
            parent.children.append(node)
            stack.append((depth, node))
            if " =" in words and not header[3]:
                expression = (depth, node, "")
        elif words.endswith(" ="):
            expression = (depth, parent, words.removesuffix(" ="))
        else:
            key, colon, value = words.partition(":")
            parent.properties[key] = value.strip() if colon else "true"
        description = ""
    return root.children


@dataclass(frozen=True)
class Project:
    """A project's files."""

    folder: Path

    @cached_property
    def model(self) -> Path:
        """The folder of the semantic model."""
        (found,) = self.folder.glob("*.SemanticModel")
        return found

    @cached_property
    def report(self) -> Path:
        """The folder of the report."""
        (found,) = self.folder.glob("*.Report")
        return found

    @cached_property
    def tmdl(self) -> dict[str, list[Node]]:
        """The objects of each TMDL file."""
        files = sorted((self.model / "definition").rglob("*.tmdl"))
        return {path.relative_to(self.folder).as_posix(): read_tmdl(path.read_text("utf-8")) for path in files}

    def objects(self, kind: str) -> dict[str, Node]:
        """All objects of a kind that stand at the top of a file, by name."""
        return {node.name: node for nodes in self.tmdl.values() for node in nodes if node.kind == kind}

    @cached_property
    def tables(self) -> dict[str, Node]:
        """The tables by name."""
        return self.objects("table")

    @cached_property
    def measures(self) -> dict[str, tuple[str, Node]]:
        """The measures by name, with the table of each."""
        return {
            name: (table.name, node) for table in self.tables.values() for name, node in table.of("measure").items()
        }

    @cached_property
    def json(self) -> dict[str, Any]:
        """What is in each JSON file; Microsoft has other endings for some."""
        endings = {".json", ".pbip", ".pbir", ".pbism"}
        files = [path for path in sorted(self.folder.rglob("*")) if path.suffix in endings or path.name == ".platform"]
        return {path.relative_to(self.folder).as_posix(): json.loads(path.read_text("utf-8")) for path in files}

    def pages(self) -> dict[str, Any]:
        """The pages, by the folder's name."""
        return {path.split("/")[-2]: page for path, page in self.json.items() if path.endswith("/page.json")}

    def visuals(self, page: str = "") -> dict[str, Any]:
        """The visuals of a page, or of all, by path."""
        return {path: visual for path, visual in self.json.items() if path.endswith("visual.json") and page in path}


def fields_of(content: Any) -> Iterator[tuple[str, str, str]]:
    """Kind, table and name of every field that a JSON file names; a source's letter is resolved."""
    yield from _fields(content, {})


def _fields(content: Any, sources: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    if isinstance(content, list):
        for one in content:
            yield from _fields(one, sources)
    elif isinstance(content, dict):
        if "From" in content:
            sources = sources | {one["Name"]: one["Entity"] for one in content["From"] if "Entity" in one}
        for kind in ("Column", "Measure"):
            if kind in content:
                reference = content[kind]["Expression"]["SourceRef"]
                table = reference.get("Entity") or sources.get(reference.get("Source", ""), "?")
                yield kind, table, content[kind]["Property"]
        for one in content.values():
            yield from _fields(one, sources)
