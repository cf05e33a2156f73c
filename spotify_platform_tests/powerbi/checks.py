"""The checks of a Power BI project: each looks at its files and returns what is wrong."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files
from itertools import combinations
from typing import Any

import pbir_utils
from jsonschema import Draft7Validator
from pbi_parsers import dax as dax_parser
from pbi_parsers import pq
from powerbi_mcp.validation.engine import validate_model
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

from spotify_platform.contracts.marts import MARTS_BY_NAME
from spotify_platform.contracts.table import Type
from spotify_platform.powerbi.measures import MEASURES_BY_NAME

from .reading import Node, Project, fields_of

SCHEMAS = "https://developer.microsoft.com/json-schemas/fabric/"


def text(project: Project) -> list[str]:
    """UTF-8 without a mark, lines that end in LF, and in TMDL no space as indentation."""
    found = []
    for path in sorted(path for path in project.folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        if content.startswith(b"\xef\xbb\xbf") or b"\r" in content or not content.endswith(b"\n"):
            found.append(f"{path.name}: mark, CR, or no end of line")
        if path.suffix == ".tmdl" and re.search(rb"^\t* +\S", re.sub(rb"^\t{3,} +.*$", b"", content, flags=re.M), re.M):
            found.append(f"{path.name}: spaces as indentation")
    return found


# -- JSON

# Microsoft's schemas of the innermost parts are in no package; these are their shapes as far as the project uses them.
_FIELD = {
    "type": "object",
    "properties": {
        kind: {
            "type": "object",
            "properties": {
                "Expression": {
                    "type": "object",
                    "properties": {"SourceRef": {"type": "object", "minProperties": 1, "maxProperties": 1}},
                    "required": ["SourceRef"],
                    "additionalProperties": False,
                },
                "Property": {"type": "string"},
            },
            "required": ["Expression", "Property"],
            "additionalProperties": False,
        }
        for kind in ("Column", "Measure")
    },
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": False,
}
_FORMATS = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"properties": {"type": "object"}},
        "required": ["properties"],
        "additionalProperties": False,
    },
}
_INNER: dict[str, dict[str, Any]] = {
    "visualConfiguration": {
        "type": "object",
        "properties": {
            "visualType": {
                "enum": [
                    *("card", "clusteredBarChart", "lineChart", "scatterChart", "slicer", "tableEx", "textbox"),
                ]
            },
            "query": {
                "type": "object",
                "properties": {
                    "queryState": {
                        "type": "object",
                        "propertyNames": {"enum": ["Category", "Series", "Values", "X", "Y"]},
                        "additionalProperties": {
                            "type": "object",
                            "properties": {
                                "projections": {
                                    "type": "array",
                                    "minItems": 1,
                                    "items": {
                                        "type": "object",
                                        "properties": {
                                            "field": _FIELD,
                                            "queryRef": {"type": "string"},
                                            "nativeQueryRef": {"type": "string"},
                                            "displayName": {"type": "string"},
                                        },
                                        "required": ["field", "queryRef"],
                                        "additionalProperties": False,
                                    },
                                }
                            },
                            "required": ["projections"],
                            "additionalProperties": False,
                        },
                    },
                    "sortDefinition": {
                        "type": "object",
                        "properties": {
                            "sort": {
                                "type": "array",
                                "items": {
                                    "type": "object",
                                    "properties": {"field": _FIELD, "direction": {"enum": ["Ascending", "Descending"]}},
                                    "required": ["field", "direction"],
                                    "additionalProperties": False,
                                },
                            },
                            "isDefaultSort": {"type": "boolean"},
                        },
                        "additionalProperties": False,
                    },
                },
                "required": ["queryState"],
                "additionalProperties": False,
            },
            "objects": {"type": "object", "additionalProperties": _FORMATS},
            "visualContainerObjects": {
                "type": "object",
                "properties": dict.fromkeys(("title", "subTitle", "general", "border"), _FORMATS),
                "additionalProperties": False,
            },
            "syncGroup": {
                "type": "object",
                "properties": {
                    "groupName": {"type": "string"},
                    "fieldChanges": {"type": "boolean"},
                    "filterChanges": {"type": "boolean"},
                },
                "required": ["groupName"],
                "additionalProperties": False,
            },
            "drillFilterOtherVisuals": {"type": "boolean"},
        },
        "required": ["visualType"],
        "additionalProperties": False,
    },
    "filterConfiguration": {
        "type": "object",
        "properties": {
            "filters": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "name": {"type": "string"},
                        "field": _FIELD,
                        "type": {"enum": ["Categorical", "TopN"]},
                        "filter": {
                            "type": "object",
                            "properties": {
                                "Version": {"const": 2},
                                "From": {"type": "array"},
                                "Where": {
                                    "type": "array",
                                    "items": {"type": "object", "required": ["Condition"]},
                                    "minItems": 1,
                                },
                            },
                            "required": ["Version", "From", "Where"],
                            "additionalProperties": False,
                        },
                        "howCreated": {"const": "User"},
                    },
                    "required": ["name"],
                    "additionalProperties": False,
                },
            }
        },
        "additionalProperties": False,
    },
}
_THEME = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "dataColors": {"type": "array", "items": {"pattern": "^#[0-9A-F]{6}$"}, "minItems": 8},
        "textClasses": {"type": "object", "propertyNames": {"enum": ["title", "label", "callout", "header"]}},
        "visualStyles": {"type": "object"},
        **{
            name: {"pattern": "^#[0-9A-F]{6}$"}
            for name in (
                *("background", "foreground", "tableAccent", "good", "neutral", "bad"),
                *("maximum", "center", "minimum"),
            )
        },
    },
    "required": ["name", "dataColors"],
    "additionalProperties": False,
}


def _packaged() -> dict[str, Any]:
    """Microsoft's schemas by address, as a package carries them."""
    folder = files("powerbi_mcp.validation.schemas")
    index = json.loads((folder / "INDEX.json").read_text("utf-8"))
    return {address: json.loads((folder / name).read_text("utf-8")) for address, name in index.items()}


def _retrieve(address: str) -> Resource[Any]:
    kind = next((kind for kind in _INNER if f"/{kind}/" in address), "")
    return DRAFT7.create_resource(_INNER.get(kind, {}))


_MICROSOFTS = _packaged()
_REGISTRY: Registry[Any] = Registry(retrieve=_retrieve).with_resources(  # type: ignore[call-arg]
    [(address, DRAFT7.create_resource(schema)) for address, schema in _MICROSOFTS.items()]
)


def schemas(project: Project) -> list[str]:
    """Every JSON file keeps to the schema that it names: Microsoft's, and ours for a theme and the innermost parts."""
    return [
        f"{path}: {error}"
        for path, content in project.json.items()
        for error in _errors("theme" if "RegisteredResources" in path else content.get("$schema"), json.dumps(content))
    ]


@cache  # most files are the same in every project with a mistake
def _errors(address: str, content: str) -> list[str]:
    schema = _THEME if address == "theme" else _MICROSOFTS.get(address)
    if schema is None:
        return [f"no schema of Microsoft's is {address}"]
    errors = Draft7Validator(schema, registry=_REGISTRY).iter_errors(json.loads(content))
    return [f"{error.json_path} {error.message[:200]}" for error in errors]


def references(project: Project) -> list[str]:
    """What one file says of another is so: paths, names of folders, order of pages, tables of the model."""
    found = []
    (shortcut,) = [content for path, content in project.json.items() if path.endswith(".pbip")]
    found += [one for one in shortcut["artifacts"] if not (project.folder / one["report"]["path"]).is_dir()]
    report = project.json[f"{project.report.name}/definition.pbir"]
    path = report["datasetReference"]["byPath"]["path"]
    found += [] if (project.report / path).resolve() == project.model.resolve() else [f"definition.pbir: {path}"]
    order = project.json[f"{project.report.name}/definition/pages/pages.json"]
    if sorted(order["pageOrder"]) != sorted(project.pages()) or order["activePageName"] != order["pageOrder"][0]:
        found.append(f"pages.json: {order}")
    found += [f"{name}: {page['name']}" for name, page in project.pages().items() if page["name"] != name]
    found += [path for path, visual in project.visuals().items() if visual["name"] != path.split("/")[-2]]
    settings = project.json[f"{project.report.name}/definition/report.json"]
    resources = [item["path"] for package in settings["resourcePackages"] for item in package["items"]]
    found += [
        f"{name}: no such resource"
        for name in [*resources, settings["themeCollection"]["customTheme"]["name"]]
        if not (project.report / "StaticResources/RegisteredResources" / name).is_file()
    ]
    named = {node.name for node in project.tmdl[f"{project.model.name}/definition/model.tmdl"] if node.kind == "ref"}
    there = {f"table {name}" for name in project.tables} | {f"role {name}" for name in project.objects("role")}
    found += [f"model.tmdl: {name}" for name in named ^ there]
    ids = [node.properties["lineageTag"] for node in _lineage(project)]
    found += [f"lineageTag {tag} stands twice" for tag, times in Counter(ids).items() if times > 1]
    return [str(one) for one in found]


def _lineage(project: Project) -> Iterator[Node]:
    nodes = [node for all_nodes in project.tmdl.values() for node in all_nodes]
    for node in nodes:
        nodes += node.children
    yield from (node for node in nodes if "lineageTag" in node.properties)


# -- the semantic model

_TYPES = {
    "string": {Type.STRING},
    "int64": {Type.INTEGER, Type.BIGINT},
    "double": {Type.DOUBLE},
    "boolean": {Type.BOOLEAN},
    "dateTime": {Type.DATE},
}
_MART = re.compile(r'\[Name="([^"]+)",Kind="(Schema|Table)"\]')  # dagster-powerbi's way to lineage


def mart_of(table: Node) -> str:
    """The mart that a table's M reads."""
    (partition,) = table.of("partition").values()
    named = {kind: name for name, kind in _MART.findall(partition.properties.get("source", ""))}
    return f"{named.get('Schema')}.{named.get('Table')}".lower()


def columns(project: Project) -> list[str]:
    """Each table has its mart's columns, with type, Snowflake's name and meaning; a table of weeks has some of them."""
    found = []
    for name, table in project.tables.items():
        mart = MARTS_BY_NAME.get(mart_of(table).removeprefix("marts."))
        if mart is None:
            found.append(f"{name}: no mart {mart_of(table)}")
            continue
        there = table.of("column")
        wanted = {column.name: column for column in mart.columns if name == mart.name or column.name in there}
        found += [f"{name}.{column}: not in both" for column in there.keys() ^ wanted.keys()]
        for column in there.keys() & wanted.keys():
            node, contract = there[column], wanted[column]
            if contract.type not in _TYPES.get(node.properties.get("dataType", ""), set()):
                found.append(f"{name}.{column}: {contract.type} is not {node.properties.get('dataType')}")
            if node.properties.get("sourceColumn") != column.upper():
                found.append(f"{name}.{column}: of {node.properties.get('sourceColumn')}")
            if contract.meaning.lower() not in node.description.lower():
                found.append(f"{name}.{column}: {node.description}")
            if node.properties.get("summarizeBy") != "none":
                found.append(f"{name}.{column}: summed up without a measure")
    missing = MARTS_BY_NAME.keys() - project.tables.keys() - {"bridge_track_artist", "bridge_artist_genre"}
    return found + [f"no table of {name}" for name in missing]


def star(project: Project) -> list[str]:
    """From facts to the keys of dimensions, one way between two tables, one marked calendar; each fact is related."""
    found, ways = [], []
    for name, link in project.objects("relationship").items():
        (table, column), (dimension, key) = (link.properties[end].split(".") for end in ("fromColumn", "toColumn"))
        ways.append((table, dimension))
        for end, of in ((table, column), (dimension, key)):
            if of not in (project.tables[end].of("column") if end in project.tables else {}):
                found.append(f"{name}: no {end}.{of}")
                return found
        if "isKey" not in project.tables[dimension].of("column")[key].properties:
            found.append(f"{name}: {dimension}.{key} is no key")
        if project.tables[dimension].of("column")[key].properties.get("dataType") != project.tables[table].of("column")[
            column
        ].properties.get("dataType"):
            found.append(f"{name}: types differ")
        calendar = (table, dimension) == ("dim_date", "dim_week")
        if not dimension.startswith("dim_") or (table.startswith("dim_") and not calendar):
            found.append(f"{name}: no ray of a star")
    found += [f"{way}: two ways" for way, times in Counter(ways).items() if times > 1]
    found += [f"{name}: alone" for name in project.tables if not any(name in way for way in ways)]
    calendars = [name for name, table in project.tables.items() if table.properties.get("dataCategory") == "Time"]
    found += [] if calendars == ["dim_date"] else [f"calendars: {calendars}"]
    day = project.tables["dim_date"].of("column")["snapshot_date"].properties
    return found if "isKey" in day else [*found, "dim_date has no key"]


def reader(project: Project) -> list[str]:
    """A role that may read, and nothing else."""
    roles = {name: role.properties for name, role in project.objects("role").items()}
    return [] if roles == {"Reader": {"modelPermission": "read"}} else [str(roles)]


def described(project: Project) -> list[str]:
    """Tables, columns and measures say what they mean; measures lie in folders, and those with a format have it."""
    found = [f"{name}: not described" for name, table in project.tables.items() if not table.description]
    for name, (_, measure) in project.measures.items():
        wanted = {"displayFolder"} | ({"formatString"} if MEASURES_BY_NAME[name].format else set())
        if not measure.description or wanted - measure.properties.keys():
            found.append(name)
    hidden = [
        f"{table.name}.{name}: not described"
        for table in project.tables.values()
        for name, column in table.of("column").items()
        if not column.description
    ]
    return found + hidden


# -- DAX and M

_COLUMN = re.compile(r"\b(\w+)\[([^\]@]+)\]")
_TABLE = re.compile(r'(?<=Name=")[A-Z_]+(?=",Kind="Table")')
_MEASURE = re.compile(r"(?<![\w'])\[([^\]@]+)\]")
_VARIABLE = re.compile(r"\bVAR (\w+)")
_FUNCTION = re.compile(r"\b([A-Z][A-Z0-9]+)\(")
# Functions of DAX that the measures use, and names that a variable must not have: learn.microsoft.com/dax.
FUNCTIONS = {
    *("ADDCOLUMNS", "AVERAGE", "BLANK", "CALCULATE", "CALCULATETABLE", "COALESCE", "COUNTROWS", "CURRENTGROUP"),
    *("DATESINPERIOD", "DISTINCTCOUNT", "DIVIDE", "FILTER", "GROUPBY", "HASONEVALUE", "IF", "ISBLANK", "LN", "MAX"),
    *("MAXX", "MIN", "MINX", "NATURALINNERJOIN", "NOT", "REMOVEFILTERS", "SELECTEDVALUE", "SUM", "SUMMARIZE", "SUMX"),
    *("SWITCH", "TRUE", "VALUES"),
}
_RESERVED = {"DATE", "DAY", "EARLIER", "FIRST", "LAST", "MONTH", "NOW", "RANK", "TODAY", "WEEK", "YEAR"} | FUNCTIONS


@cache
def _is_dax(expression: str) -> bool:
    try:
        return dax_parser.to_ast(expression) is not None
    except (AssertionError, ValueError, IndexError):
        return False


@cache
def _is_m(query: str) -> bool:
    try:
        return pq.to_ast(query) is not None
    except (AssertionError, ValueError, IndexError):
        return False


def dax(project: Project) -> list[str]:
    """Every measure parses, names what exists, and takes no name that is taken."""
    found = []
    for name, (home, measure) in project.measures.items():
        words = re.sub(r'"[^"]*"', '""', measure.expression)
        if not _is_dax(measure.expression) or words.count("(") != words.count(")"):
            found.append(f"{name}: does not parse")
        for table, column in _COLUMN.findall(words):
            if column not in (project.tables[table].of("column") if table in project.tables else {}):
                found.append(f"{name}: no {table}[{column}]")
        found += [f"{name}: no [{other}]" for other in _MEASURE.findall(words) if other not in project.measures]
        found += [f"{name}: {other} is no function" for other in _FUNCTION.findall(words) if other not in FUNCTIONS]
        taken = {table.upper() for table in project.tables} | _RESERVED
        found += [f"{name}: VAR {other} is taken" for other in _VARIABLE.findall(words) if other.upper() in taken]
        if name.lower() in {column.lower() for column in project.tables[home].of("column")}:
            found.append(f"{name}: a column of {home} has the name")
    names = [name for table in project.tables.values() for name in table.of("measure")]
    return found + [f"{name}: twice" for name, times in Counter(names).items() if times > 1]


def queries(project: Project) -> dict[str, str]:
    """The M of each table."""
    return {
        name: partition.properties["source"]
        for name, table in project.tables.items()
        for partition in table.of("partition").values()
    }


def m(project: Project) -> list[str]:
    """Every query parses, and reads a mart of Snowflake by the parameters."""
    parameters = set(project.objects("expression"))
    found = [] if len(parameters) == 4 else [f"parameters: {parameters}"]
    for name, query in queries(project).items():
        # The queries differ in a name only, and the parser takes its time.
        if not _is_m(_TABLE.sub("ANY", query)):
            found.append(f"{name}: does not parse")
        steps = re.findall(r"^\s*(\w+) = ", query, re.M)
        used = set(re.findall(r"\bSnowflake\w+\b", query)) - {"Snowflake"}
        found += [] if used == parameters else [f"{name}: parameters {used}"]
        found += [] if query.split()[-1] == steps[-1] else [f"{name}: ends with {query.split()[-1]}"]
        for step, before in zip(steps[1:], steps, strict=False):
            if not re.search(rf"{step} = .*\b{before}\b", query):
                found.append(f"{name}: {step} leaves {before} out")
        mart = mart_of(project.tables[name])
        found += [] if mart.startswith("marts.") else [f"{name}: {mart}"]
        mode = next(iter(project.tables[name].of("partition").values())).properties["mode"]
        found += [] if mode == "import" else [f"{name}: {mode}"]
    return found


# -- the report


def fields(project: Project) -> list[str]:
    """Every field of a visual, sort or filter exists in the model and is what it is said to be."""
    found = []
    for path, visual in project.visuals().items():
        for kind, table, name in fields_of(visual):
            there = project.tables[table].of(kind.lower()) if table in project.tables else {}
            found += [] if name in there else [f"{path}: no {kind} {table}[{name}]"]
        for role in visual["visual"].get("query", {}).get("queryState", {}).values():
            for one in role["projections"]:
                ((_, table, name),) = fields_of(one["field"])
                found += [] if one["queryRef"] == f"{table}.{name}" else [f"{path}: {one['queryRef']}"]
    return found


def layout(project: Project) -> list[str]:
    """Five pages; visuals lie on them, over nobody, in an order for the keyboard, with a title and words to be read."""
    found = [] if len(project.pages()) == 5 else [f"{len(project.pages())} pages"]
    for name, page in project.pages().items():
        visuals = project.visuals(f"/{name}/")
        boxes = {path: visual["position"] for path, visual in visuals.items()}
        for path, box in boxes.items():
            right, below = box["x"] + box["width"], box["y"] + box["height"]
            if min(box["x"], box["y"]) < 0 or right > page["width"] or below > page["height"]:
                found.append(f"{path}: not on the page")
        for (one, a), (other, b) in combinations(boxes.items(), 2):
            beside = a["x"] + a["width"] <= b["x"] or b["x"] + b["width"] <= a["x"]
            over = a["y"] + a["height"] <= b["y"] or b["y"] + b["height"] <= a["y"]
            found += [] if beside or over else [f"{one} lies on {other}"]
        orders = [box["tabOrder"] for box in boxes.values()]
        found += [] if sorted(orders) == list(range(len(orders))) else [f"{name}: tabOrder"]
        for path, visual in visuals.items():
            around = visual["visual"]["visualContainerObjects"]
            titled = visual["visual"]["visualType"] == "textbox" or "title" in around
            said = around["general"][0]["properties"].get("altText")
            found += [] if titled and said else [f"{path}: no title, or nothing for a screen reader"]
    return found


# Machado, Oliveira and Fernandes 2009: what protanopes, deuteranopes and tritanopes see of linear red, green and blue.
_SIGHTS = {
    "normal": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "protanopia": ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052)),
    "deuteranopia": ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969)),
    "tritanopia": ((1.256, -0.077, -0.179), (-0.078, 0.931, 0.148), (0.005, 0.691, 0.304)),
}


def colours(project: Project) -> list[str]:
    """The theme's colours stand out from the page, 3 to 1 and letters 4.5 to 1, and from each other for every sight."""
    (theme,) = [content for path, content in project.json.items() if "RegisteredResources" in path]
    page, series = theme["background"], theme["dataColors"]
    found = [f"{colour}: contrast" for colour in series if _contrast(colour, page) < 3]
    letters = [theme["foreground"], *re.findall(r"'(?:fontColor|color)': '(#\w{6})'", str(theme["textClasses"]))]
    found += [f"{colour}: contrast" for colour in letters if _contrast(colour, page) < 4.5]
    found += [f"{name}: {theme[name]}" for name in ("good", "neutral", "bad") if theme[name] not in series]
    for sight in _SIGHTS:
        for one, other in combinations(series, 2):
            far = sum((a - b) ** 2 for a, b in zip(_seen(one, sight), _seen(other, sight), strict=True)) ** 0.5
            found += [f"{one} and {other} look alike: {sight}, {far:.0f}"] if far < 15 else []
    return found + [path for path, visual in project.visuals().items() if re.search(r"#[0-9A-Fa-f]{6}", str(visual))]


def _linear(colour: str) -> list[float]:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def _contrast(one: str, other: str) -> float:
    """The contrast of two colours, by WCAG 2."""
    light = [0.2126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue in map(_linear, (one, other))]
    return (max(light) + 0.05) / (min(light) + 0.05)


def _seen(colour: str, sight: str) -> tuple[float, float, float]:
    """A colour as somebody sees it, in CIE Lab."""
    rgb = [sum(a * b for a, b in zip(row, _linear(colour), strict=True)) for row in _SIGHTS[sight]]
    red, green, blue = (min(max(part, 0.0), 1.0) for part in rgb)
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089
    x, y, z = (part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in (x, y, z))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


# -- others' checks


def pbir_utils_validate(project: Project) -> list[str]:
    """What `pbir-utils validate` finds, warnings included."""
    result = pbir_utils.validate_report(str(project.report), strict=False)
    return [str(one) for one in result.violations if one.get("severity") != "info"]


def another_reader(project: Project) -> list[str]:
    """What another reader of TMDL finds: names that stand twice, ends of relationships, tables that are missing."""
    return [f"{issue.path}: {issue.message}" for issue in validate_model(str(project.folder)).errors()]


CHECKS: tuple[Callable[[Project], list[str]], ...] = (
    *(text, schemas, references, columns, star, reader, described, dax, m, fields, layout, colours),
    *(pbir_utils_validate, another_reader),
)
