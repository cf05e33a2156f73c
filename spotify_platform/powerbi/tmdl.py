"""The semantic model in TMDL, Microsoft's text format of it: indented by tabs, names with other signs in quotes."""

import json
import re
from collections.abc import Iterator
from uuid import NAMESPACE_URL, uuid5

from spotify_platform.contracts.table import Column, Table, Type
from spotify_platform.powerbi.measures import Measure
from spotify_platform.powerbi.model import (
    DATA_TYPES,
    TABLES,
    WEEK,
    description_of,
    format_of,
    is_hidden,
    key_of,
    measures_of,
    relationships,
    source_of,
)

# What a person gives when the project is opened, or deploy-powerbi.yml's variables.
PARAMETERS = {
    "SnowflakeServer": ("your-account.snowflakecomputing.com", "Address of the account in Snowflake"),
    "SnowflakeWarehouse": ("SPOTIFY_XS", "Virtual warehouse that answers the model"),
    "SnowflakeRole": ("SPOTIFY_READER", "Role that may read the marts"),
    "SnowflakeDatabase": ("SPOTIFY", "Database with the schema MARTS"),
}
# The rows are copied into the model at each refresh. `directQuery` asks Snowflake at each click instead.
MODE = "import"
READER = "Reader"


def files() -> Iterator[tuple[str, str]]:
    """The files of `definition/`: path and text."""
    yield "database.tmdl", "database\n\tcompatibilityLevel: 1601\n"
    yield "model.tmdl", _model()
    yield "expressions.tmdl", "\n".join(_parameter(name, *told) for name, told in PARAMETERS.items())
    yield "relationships.tmdl", _relationships()
    yield f"roles/{READER}.tmdl", _role()
    for table in TABLES:
        yield f"tables/{table.name}.tmdl", _table(table)


def identity(*names: str) -> str:
    """An id that stays the same as long as the names do."""
    return str(uuid5(NAMESPACE_URL, "/".join(("spotify-platform/powerbi", *names))))


def quoted(name: str) -> str:
    """A name as TMDL writes it."""
    return name if re.fullmatch(r"\w+", name) else "'" + name.replace("'", "''") + "'"


def _model() -> str:
    order = json.dumps([*PARAMETERS, *(table.name for table in TABLES)])
    return (
        "model Model\n"
        "\tculture: en-US\n"
        "\tdefaultPowerBIDataSourceVersion: powerBI_V3\n"
        "\tdiscourageImplicitMeasures\n"
        "\tsourceQueryCulture: en-US\n"
        "\tdataAccessOptions\n"
        "\t\tlegacyRedirects\n"
        "\t\treturnErrorValuesAsNull\n"
        "\n"
        f"annotation PBI_QueryOrder = {order}\n"
        "\n"
        # One calendar, dim_date; without this every date column would get a hidden one of its own.
        "annotation __PBI_TimeIntelligenceEnabled = 0\n"
        "\n" + "".join(f"ref table {table.name}\n" for table in TABLES) + f"\nref role {READER}\n"
    )


def _parameter(name: str, value: str, meaning: str) -> str:
    return (
        f"/// {meaning}\n"
        f'expression {name} = "{value}" meta [IsParameterQuery=true, Type="Text", IsParameterQueryRequired=true]\n'
        f"\tlineageTag: {identity('parameter', name)}\n\n"
        "\tannotation PBI_ResultType = Text\n"
    )


def _relationships() -> str:
    return "\n".join(
        f"relationship {link.name}\n"
        f"\tfromColumn: {link.table}.{link.column}\n"
        f"\ttoColumn: {link.dimension}.{link.column}\n"
        for link in relationships()
    )


def _role() -> str:
    # A role without a filter: its members read all rows.
    return f"/// May read the whole model and change nothing\nrole {READER}\n\tmodelPermission: read\n"


def _table(table: Table) -> str:
    lines = [f"/// {table.meaning} Grain: {table.grain}.", f"table {table.name}"]
    lines.append(f"\tlineageTag: {identity('table', table.name)}")
    if table.name == "dim_date":
        lines.append("\tdataCategory: Time")  # with its key: marked as the date table
    for measure in measures_of(table):
        lines += ["", *_measure(measure)]
    for column in table.columns:
        lines += ["", *_column(table, column)]
    lines += ["", *_partition(table), "", "\tannotation PBI_ResultType = Table"]
    return "\n".join(lines) + "\n"


def _measure(measure: Measure) -> Iterator[str]:
    yield f"\t/// {measure.meaning}"
    lines = measure.dax.splitlines()
    if len(lines) == 1:
        yield f"\tmeasure {quoted(measure.name)} = {lines[0]}"
    else:
        yield f"\tmeasure {quoted(measure.name)} ="
        yield from (f"\t\t\t{line}" for line in lines)
    if measure.format:
        yield f"\t\tformatString: {measure.format}"
    yield f"\t\tdisplayFolder: {measure.folder}"
    yield f"\t\tlineageTag: {identity('measure', measure.name)}"


def _column(table: Table, column: Column) -> Iterator[str]:
    yield f"\t/// {description_of(column)}"
    yield f"\tcolumn {column.name}"
    yield f"\t\tdataType: {DATA_TYPES[column.type]}"
    if is_hidden(table, column):
        yield "\t\tisHidden"
    if column.name == key_of(table):
        yield "\t\tisKey"
    if format_of(column):
        yield f"\t\tformatString: {format_of(column)}"
    yield f"\t\tlineageTag: {identity('column', table.name, column.name)}"
    yield "\t\tsummarizeBy: none"  # sums and means are the measures' business
    yield f"\t\tsourceColumn: {column.name.upper()}"  # as Snowflake writes an unquoted name
    yield ""
    yield "\t\tannotation SummarizationSetBy = User"
    if column.type is Type.DATE:
        yield ""
        yield "\t\tannotation UnderlyingDateTimeDataType = Date"


def _partition(table: Table) -> Iterator[str]:
    yield f"\tpartition {table.name} = m"
    yield f"\t\tmode: {MODE}"
    yield "\t\tsource ="
    yield from (f"\t\t\t\t{line}" for line in query_of(table).splitlines())


def query_of(table: Table) -> str:
    """A table's query in M. Schema and table are spelled out without spaces: dagster-powerbi reads lineage off them."""
    steps = [
        "Source = Snowflake.Databases(SnowflakeServer, SnowflakeWarehouse, "
        '[Role = SnowflakeRole, Implementation = "2.0"])',
        'Database = Source{[Name = SnowflakeDatabase, Kind = "Database"]}[Data]',
        'Marts = Database{[Name="MARTS",Kind="Schema"]}[Data]',
        f'Rows = Marts{{[Name="{source_of(table).upper()}",Kind="Table"]}}[Data]',
    ]
    if table is WEEK:
        steps.append('Weeks = Table.Distinct(Table.SelectColumns(Rows, {"CHART_WEEK"}))')
    last = steps[-1].split(" ", 1)[0]
    return "let\n" + ",\n".join(f"    {step}" for step in steps) + f"\nin\n    {last}\n"
