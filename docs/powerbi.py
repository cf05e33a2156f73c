"""Makes docs/powerbi.md: how the Power BI project is used, and each measure with its DAX, its SQL and its figure.

`python docs/powerbi.py FOLDER` writes powerbi.md into FOLDER. The figures are of the question book's demo, so that the
page changes with the platform only.
"""

import sys
import tempfile
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import groupby
from pathlib import Path

from questions import demo

from spotify_platform.powerbi.measures import MEASURES, Measure
from spotify_platform.powerbi.model import TABLES, relationships
from spotify_platform.powerbi.pages import PAGES
from spotify_platform.powerbi.tmdl import PARAMETERS, READER
from spotify_platform.settings import PowerBISettings

HEAD = """# Power BI

[powerbi/](../powerbi) is a Power BI project: a semantic model in TMDL, a report of five pages in PBIR, a theme. It is
made from the marts' contracts and checked in:

```sh
.venv/bin/spotify-platform powerbi build            # makes it anew
.venv/bin/spotify-platform powerbi build --check    # names the files that are stale, and exits with 1
```

Change the code (`spotify_platform/powerbi/`), not the files: `build` writes over them. This page is made by
`make docs`.

**Power BI Desktop is not a part of the checks.** Neither it nor the service has opened this project, no DAX has run,
and no Snowflake account was read: all three need Windows, a licence or an account. What the tests check is:
Microsoft's JSON schemas; columns, types and meanings against the contracts; the star; that every field of a visual
exists; that DAX and M parse (M by Microsoft's own parser, too) and name what is there; `pbir-utils validate`; that
nothing overlaps; colours and contrast. fabric-cicd publishes it to a stand-in of Fabric's API, and the refresh runs
against a stand-in of Power BI's. Microsoft's schemas of the innermost parts of visuals and filters are in no package;
shapes of our own stand in for them. Of measures this page has the figures, computed by SQL: compare them with what
Power BI shows you.

## Open it

You need the marts in Snowflake ([snowflake.md](snowflake.md)), a user there with the role `SPOTIFY_READER`, and a
Power BI Desktop that reads PBIR and TMDL (in older ones both are preview features, to be switched on in its options).

1. Open `powerbi/SpotifyCharts.pbip`.
2. *Transform data → Edit parameters*, and give the four parameters.
3. *Refresh*, and sign in to Snowflake when you are asked.
"""

MODEL = """## The model

{tables} tables, {links} relationships: a star. Facts find their dimensions by the column that they share; filters go
one way. `dim_date` is the marked date table. `dim_week` has its charting weeks, since marts of weeks name a week by
its Friday, which may lie before the first day. The two bridges are left out: what they answer is in the marts, and
filters would run in circles. Rows are imported at each refresh; for DirectQuery set `MODE` in
`spotify_platform/powerbi/tmdl.py` and build anew. Columns are not summed up by themselves: every figure is a measure.

The role `{reader}` reads everything and changes nothing. In the service, people who may only view a workspace see
nothing until they are members of a role: add them to `{reader}` in the model's *Security*.

## The pages

Market and days are chosen once for all pages that have the choice. Figures of a day are of the newest chart day among
the chosen ones, figures of a week of the newest full charting week among them; both stand on the page, with coverage
and confidence. What is drawn over weeks has all of them.
"""

PUBLISHING = """## Publish it

[deploy-powerbi.yml](../.github/workflows/deploy-powerbi.yml) publishes model and report to a workspace with fabric-cicd
whenever `powerbi/` changes on main, and by hand. It stores no secret: a service principal trusts GitHub's token.

1. Register an application in Microsoft Entra, with a federated credential for this repository's environment
   `production`.
2. Let service principals use Fabric's APIs (tenant settings), and make it a contributor of the workspace.
3. Make a connection to Snowflake in Fabric, for the server and warehouse below, and let the application use it.
4. Set the repository's variables:

| variable | what it is |
|---|---|
| `POWERBI_WORKSPACE_ID` | the workspace's id; without it nothing is published |
| `POWERBI_TENANT_ID`, `POWERBI_CLIENT_ID` | of the application |
| `POWERBI_CONNECTION_ID` | the connection's id |
| `POWERBI_SNOWFLAKE_SERVER`, `…_WAREHOUSE`, `…_ROLE`, `…_DATABASE` | the model's parameters |

## Refresh it after the marts

In Dagster, model and report stand at the end of the lineage, as external assets. Where `POWERBI_DATASET_ID` is set
and the warehouse is Snowflake, the model is an asset with a body: the jobs `daily` and `publish` refresh it after the
marts and wait for the end. A refresh that is under way is waited for first, a busy API is asked again, an expired
token replaced; a refresh that fails, fails the run with Power BI's reason. The demo and branch deployments refresh
nothing. A shared capacity takes eight refreshes a day.

| variable | meaning | default |
|---|---|---|
"""

FIGURES = """## The measures

Each with its figure for some filters on the demo of [questions.md](questions.md): invented data of the 60 days up to
2026-11-19, all charts there. The SQL beside the DAX computes it in another way, from the curated tables where that is
possible; only *Artist virality* and *Growth score*, which a mart computes and the measure picks, are read off the mart.

| measure | for | figure |
|---|---|---|
"""


def figures() -> dict[str, str]:
    """Each measure's figure on the demo, as Power BI would write it."""
    from spotify_platform.home import demo_home
    from spotify_platform.load.reader import open_reader

    with open_reader(demo_home().lake()) as connection:
        found = {measure.name: connection.execute(measure.sql).fetchall() for measure in MEASURES}
    return {measure.name: written(measure, *row) for measure in MEASURES for (row,) in [found[measure.name]]}


def written(measure: Measure, value: object) -> str:
    """A figure in the measure's format."""
    if value is None:
        return "(blank)"
    if isinstance(value, date | str):
        return str(value)
    number = float(str(value))
    positive = measure.format.split(";")[0]
    sign = "+" if positive.startswith("+") and number else ""
    decimals = len(positive.rstrip("%").partition(".")[2])
    if positive.endswith("%"):
        return f"{100 * number:{sign},.{decimals}f}%"
    return f"{number:{sign},.{decimals}f}"


def page(told: Mapping[str, str]) -> Iterator[str]:
    """The page, line by line, with these figures."""
    yield HEAD
    yield "| parameter | what it is | unless you change it |"
    yield "|---|---|---|"
    for name, (value, meaning) in PARAMETERS.items():
        yield f"| `{name}` | {meaning} | `{value}` |"
    yield ""
    yield MODEL.format(tables=len(TABLES), links=len(list(relationships())), reader=READER)
    yield "| page | questions | shows |"
    yield "|---|---|---|"
    for one in PAGES:
        shown = [visual.title for visual in one.visuals if visual.kind not in ("slicer", "card")]
        yield f"| {one.title} | {'<br>'.join(one.questions)} | {'<br>'.join(shown)} |"
    yield ""
    yield PUBLISHING.rstrip("\n")
    for name, field in PowerBISettings.model_fields.items():
        default = "–" if field.default is None else f"{field.default}"
        yield f"| `POWERBI_{name.upper()}` | {field.description} | {default} |"
    yield ""
    yield FIGURES.rstrip("\n")
    for measure in MEASURES:
        link = f"[{measure.name}](#{measure.name.lower().replace(' ', '-')})"
        yield f"| {link} | {measure.shown_for} | {told[measure.name]} |"
    for folder, members in groupby(MEASURES, key=lambda measure: measure.folder):
        yield f"\n## Folder {folder}"
        for measure in members:
            yield f"\n### {measure.name}\n"
            yield f"{measure.meaning} In `{measure.table}`; {measure.shown_for}: **{told[measure.name]}**\n"
            yield f"```dax\n{measure.dax}\n```\n"
            yield f"```sql\n{measure.sql}\n```"


def text(told: Mapping[str, str]) -> str:
    """The whole page."""
    return "\n".join(page(told)).rstrip() + "\n"


def main(folder: Path) -> None:
    """Write the page."""
    with tempfile.TemporaryDirectory(prefix="powerbi-") as scratch:
        demo(Path(scratch))
        (folder / "powerbi.md").write_text(text(figures()), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
