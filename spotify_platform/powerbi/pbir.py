"""The report in PBIR, Microsoft's JSON format of it: a file a page and a visual, each naming its schema."""

from collections.abc import Iterator
from typing import Any

from spotify_platform.powerbi.measures import MEASURES_BY_NAME
from spotify_platform.powerbi.pages import HEIGHT, PAGES, WIDTH, Box, Page, Visual
from spotify_platform.powerbi.theme import NAME, theme
from spotify_platform.powerbi.tmdl import identity

SCHEMAS = "https://developer.microsoft.com/json-schemas/fabric/"
_REPORT = SCHEMAS + "item/report/definition/"
_VERSIONS = {"visual": "2.8.0", "page": "2.0.0", "report": "3.2.0"}  # of the schemas
_HEAD = Box(16, 12, 668, 68)


def files() -> Iterator[tuple[str, dict[str, Any]]]:
    """The files of `definition/` and the theme: path in the report's folder, and what is in it."""
    yield "definition/version.json", {"$schema": f"{_REPORT}versionMetadata/1.0.0/schema.json", "version": "2.0.0"}
    yield "definition/report.json", _report()
    yield (
        "definition/pages/pages.json",
        {
            "$schema": f"{_REPORT}pagesMetadata/1.0.0/schema.json",
            "pageOrder": [page.name for page in PAGES],
            "activePageName": PAGES[0].name,
        },
    )
    for page in PAGES:
        folder = f"definition/pages/{page.name}"
        yield f"{folder}/page.json", _page(page)
        head = _head(page)
        yield f"{folder}/visuals/{head['name']}/visual.json", head
        for place, visual in enumerate(page.visuals, 1):
            drawn = _visual(page, visual, place)
            yield f"{folder}/visuals/{drawn['name']}/visual.json", drawn
    yield f"StaticResources/RegisteredResources/{NAME}.json", theme()


def _report() -> dict[str, Any]:
    file = f"{NAME}.json"
    return {
        "$schema": f"{_REPORT}report/{_VERSIONS['report']}/schema.json",
        "themeCollection": {
            "customTheme": {
                "name": file,
                "reportVersionAtImport": _VERSIONS,
                "type": "RegisteredResources",
            }
        },
        "resourcePackages": [
            {
                "name": "RegisteredResources",
                "type": "RegisteredResources",
                "items": [{"name": file, "path": file, "type": "CustomTheme"}],
            }
        ],
        "settings": {
            "useStylableVisualContainerHeader": True,
            "defaultDrillFilterOtherVisuals": True,
            "allowChangeFilterTypes": True,
            "useEnhancedTooltips": True,
            "exportDataMode": "AllowSummarized",
        },
    }


def _page(page: Page) -> dict[str, Any]:
    return {
        "$schema": f"{_REPORT}page/{_VERSIONS['page']}/schema.json",
        "name": page.name,
        "displayName": page.title,
        "displayOption": "FitToPage",
        "height": HEIGHT,
        "width": WIDTH,
    }


def _head(page: Page) -> dict[str, Any]:
    """The page's title and its question."""
    runs = [
        [{"value": page.title, "textStyle": {"fontWeight": "bold", "fontSize": "18pt"}}],
        [{"value": page.lead, "textStyle": {"fontSize": "11pt"}}],
    ]
    return _container(
        _name(page, "head"),
        _HEAD,
        0,
        {
            "visualType": "textbox",
            "objects": {"general": [{"properties": {"paragraphs": [{"textRuns": run} for run in runs]}}]},
            "visualContainerObjects": _properties("general", altText=text(f"{page.title}: {page.lead}"))
            | _properties("border", show=_FALSE),
        },
    )


def _visual(page: Page, visual: Visual, place: int) -> dict[str, Any]:
    query: dict[str, Any] = {
        "queryState": {
            role: {"projections": [_projection(one) for one in fields]} for role, fields in visual.roles.items()
        }
    }
    if visual.sort:
        direction = "Descending" if visual.sort.startswith("-") else "Ascending"
        query["sortDefinition"] = {
            "sort": [{"field": _field(visual.sort.removeprefix("-")), "direction": direction}],
            "isDefaultSort": False,
        }
    drawn: dict[str, Any] = {"visualType": visual.kind, "query": query, "drillFilterOtherVisuals": True}
    objects = _objects(visual)
    if objects:
        drawn["objects"] = objects
    drawn["visualContainerObjects"] = _around(visual)
    if visual.kind == "slicer":
        # The same market and days on all pages that have the slicer.
        drawn["syncGroup"] = {"groupName": visual.title, "fieldChanges": True, "filterChanges": True}
    name = _name(page, visual.title)
    container = _container(name, visual.box, place, drawn)
    filters = list(_filters(visual, name))
    return container | ({"filterConfig": {"filters": filters}} if filters else {})


def _container(name: str, box: Box, place: int, drawn: dict[str, Any]) -> dict[str, Any]:
    return {
        "$schema": f"{_REPORT}visualContainer/{_VERSIONS['visual']}/schema.json",
        "name": name,
        "position": {
            "x": box.x,
            "y": box.y,
            "z": place,
            "width": box.width,
            "height": box.height,
            "tabOrder": place,
        },
        "visual": drawn,
    }


def _name(page: Page, title: str) -> str:
    return identity("visual", page.name, title).replace("-", "")[:20]


_TRUE: dict[str, Any] = {"expr": {"Literal": {"Value": "true"}}}
_FALSE: dict[str, Any] = {"expr": {"Literal": {"Value": "false"}}}


def text(words: str) -> dict[str, Any]:
    """Words as a literal."""
    return {"expr": _literal(words)}


def _literal(words: str) -> dict[str, Any]:
    return {"Literal": {"Value": "'" + words.replace("'", "''") + "'"}}


def _properties(name: str, **properties: dict[str, Any]) -> dict[str, Any]:
    return {name: [{"properties": properties}]}


def entity_of(field: str) -> tuple[str, str, str]:
    """Kind, table and name of a field as `pages` writes it."""
    if field.startswith("["):
        name = field.strip("[]")
        return "Measure", MEASURES_BY_NAME[name].table, name
    table, column = field.split(".")
    return "Column", table, column


def _field(field: str, source: str = "") -> dict[str, Any]:
    kind, table, name = entity_of(field)
    reference = {"Source": source} if source else {"Entity": table}
    return {kind: {"Expression": {"SourceRef": reference}, "Property": name}}


def _projection(field: str) -> dict[str, Any]:
    kind, table, name = entity_of(field)
    shown = {} if kind == "Measure" else {"displayName": name.replace("_", " ").capitalize()}
    return {"field": _field(field), "queryRef": f"{table}.{name}", "nativeQueryRef": name, **shown}


def _objects(visual: Visual) -> dict[str, Any]:
    """What is particular to a kind of visual."""
    match visual.kind:
        case "slicer":
            shape = "Dropdown" if visual.starts_with else "Between"
            objects = _properties("data", mode=text(shape)) | _properties("header", show=_FALSE)
            if visual.starts_with:
                (column,) = visual.roles["Values"]
                objects |= _properties("selection", strictSingleSelect=_TRUE)
                objects |= _properties("general", filter={"filter": _among(column, (visual.starts_with,))})
            return objects
        case "card":
            return _properties("categoryLabels", show=_FALSE)
        case "clusteredBarChart":
            return _properties("labels", show=_TRUE) | _properties("valueAxis", showAxisTitle=_TRUE)
        case "lineChart":
            return (
                _properties("valueAxis", showAxisTitle=_TRUE)
                | _properties("categoryAxis", showAxisTitle=_TRUE)
                | _properties("lineStyles", showMarker=_TRUE)
            )
        case "scatterChart":
            return (
                _properties("categoryLabels", show=_TRUE)
                | _properties("valueAxis", showAxisTitle=_TRUE)
                | _properties("categoryAxis", showAxisTitle=_TRUE)
            )
        case _:
            return {}


def _around(visual: Visual) -> dict[str, Any]:
    """Title, second line, and what a screen reader says."""
    around = _properties("title", show=_TRUE, text=text(visual.title))
    if visual.note:
        around |= _properties("subTitle", show=_TRUE, text=text(visual.note))
    said = f"{visual.title}. {visual.note}" if visual.note else f"{visual.title}: choose"
    return around | _properties("general", altText=text(said))


def _filters(visual: Visual, name: str) -> Iterator[dict[str, Any]]:
    if visual.top:
        column, most, measure = visual.top
        yield _filter(f"{name}top", column, "TopN", _first(column, most, measure))
    if visual.only:
        column, values = visual.only
        yield _filter(f"{name}only", column, "Categorical", _among(column, values))


def _filter(name: str, column: str, kind: str, definition: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "field": _field(column), "type": kind, "filter": definition, "howCreated": "User"}


def _from(name: str, entity: str) -> dict[str, Any]:
    return {"Name": name, "Entity": entity, "Type": 0}


def _among(column: str, values: tuple[str, ...]) -> dict[str, Any]:
    """A column has one of these values."""
    _, table, _ = entity_of(column)
    among = {"Expressions": [_field(column, "t")], "Values": [[_literal(value)] for value in values]}
    return {"Version": 2, "From": [_from("t", table)], "Where": [{"Condition": {"In": among}}]}


def _first(column: str, most: int, measure: str) -> dict[str, Any]:
    """A column's values with most of a measure."""
    _, table, name = entity_of(column)
    _, home, _ = entity_of(measure)
    inner = [_from("t", table)] + ([_from("m", home)] if home != table else [])
    ranked = {
        "Version": 2,
        "From": inner,
        "Select": [_field(column, "t") | {"Name": f"{table}.{name}"}],
        "OrderBy": [{"Direction": 2, "Expression": _field(measure, "t" if home == table else "m")}],
        "Top": most,
    }
    subquery = {"Name": "s", "Expression": {"Subquery": {"Query": ranked}}, "Type": 2}
    among = {"Expressions": [_field(column, "t")], "Table": {"SourceRef": {"Source": "s"}}}
    return {"Version": 2, "From": [subquery, _from("t", table)], "Where": [{"Condition": {"In": among}}]}
