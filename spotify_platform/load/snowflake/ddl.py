"""The objects in Snowflake, as numbered scripts; columns come from the contracts.

Every statement may run again. `deploy/snowflake/` holds the scripts for a person to read, written by `make docs`.

How a date becomes visible: files land additively in `landing`, each row with the name of its file, which names the
batch. `ops.published` has one row a date: the batch that readers see. The views in `curated` join the two.
"""

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

from spotify_platform.contracts.curated import CURATED
from spotify_platform.contracts.marts import MARTS, MARTS_BY_NAME
from spotify_platform.contracts.table import Table
from spotify_platform.load.snowflake.names import Names, quoted

# What a landed row carries beside the table's columns. The start of the scan, since CURRENT_TIMESTAMP in a pipe's COPY
# can be hours early: https://docs.snowflake.com/en/user-guide/data-load-snowpipe-ts
LANDED = {
    "file_name": ("varchar", "METADATA$FILENAME"),
    "file_row": ("number(19,0)", "METADATA$FILE_ROW_NUMBER"),
    "scanned_at": ("timestamp_ltz", "METADATA$START_SCAN_TIME"),
}

# A pipe's pattern is matched against the path after the stage's: nothing but published names, so that what a job
# stages or a crash leaves is never loaded.
PATTERN = r".*snapshot_date=[0-9-]{10}/batch_id=[0-9A-Za-z-]+/part-[0-9]+[.]parquet"

# By name, so that a file from before a column still loads: the column is NULL in its rows.
_HOW = "file_format = (format_name = 'ops.parquet_files') match_by_column_name = case_insensitive"
HOW = f"{_HOW} include_metadata = ({', '.join(f'{name} = {source}' for name, (_, source) in LANDED.items())})"

# Which batch a landed row is of.
BATCH = "split_part(split_part(file_name, 'batch_id=', 2), '/', 1)"


@dataclass(frozen=True)
class Target:
    """What the scripts are made for: the names, the lake, and who runs things."""

    names: Names
    lake_url: str  # pipes and an external stage are made for s3://… only
    aws_role_arn: str = ""  # the role of AWS that may read the lake's curated zone
    user: str = ""  # gets the roles loader and transformer
    credits_a_month: int = 20

    @property
    def has_pipes(self) -> bool:
        """Whether Snowflake can read the lake by itself."""
        return self.lake_url.startswith("s3://")


@dataclass(frozen=True)
class Script:
    """One numbered script: what it is for, and its statements."""

    name: str
    purpose: str
    statements: list[str]

    @property
    def text(self) -> str:
        """The script as a file."""
        return "\n\n".join([f"-- {self.purpose}", *(f"{statement};" for statement in self.statements)]) + "\n"

    @property
    def sha256(self) -> str:
        """What the history knows it by."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def scripts(target: Target) -> list[Script]:
    """All scripts, in the order in which they run."""
    made = [_account(target), _lake(target), _landing()]
    if target.has_pipes:
        made.append(_pipes())
    made += [_curated(), _marts(), _roles(target)]
    return [Script(f"{number:03}_{one.name}", one.purpose, one.statements) for number, one in enumerate(made, 1)]


def _account(target: Target) -> Script:
    names = target.names
    return Script(
        "account",
        "What computes, a limit for what it may cost in a month, the database, and the history of these scripts.",
        [
            f"create resource monitor if not exists {names.monitor} with credit_quota = {target.credits_a_month} "
            "frequency = monthly start_timestamp = immediately "
            "triggers on 80 percent do notify on 100 percent do suspend",
            f"create warehouse if not exists {names.compute} warehouse_size = xsmall auto_suspend = 60 "
            "auto_resume = true initially_suspended = true statement_timeout_in_seconds = 3600",
            # What was made with other settings gets these.
            f"alter resource monitor {names.monitor} set credit_quota = {target.credits_a_month}",
            f"alter warehouse {names.compute} set resource_monitor = {names.monitor}",
            f"use warehouse {names.compute}",
            # Files can land again, so a day of Time Travel is enough.
            f"create database if not exists {names.database} data_retention_time_in_days = 1",
            f"use database {names.database}",
            *(f"create schema if not exists {schema}" for schema in ("landing", "curated", "marts", "ops")),
            "create table if not exists ops.scripts (name varchar, sha256 varchar, applied_at timestamp_ltz, "
            "applied_by varchar)",
        ],
    )


def _lake(target: Target) -> Script:
    statements = [
        "create file format if not exists ops.parquet_files type = parquet use_logical_type = true",
        # What has no S3 behind it is put here first; also small files of our own, the coverage ledger for instance.
        "create stage if not exists landing.uploads",
        "create stage if not exists ops.uploads",
    ]
    if target.has_pipes:
        url = f"{target.lake_url}/curated/".replace("'", "''")
        arn = target.aws_role_arn.replace("'", "''")
        statements += [
            f"create storage integration if not exists {target.names.integration} type = external_stage "
            f"storage_provider = 's3' enabled = true storage_aws_role_arn = '{arn}' "
            f"storage_allowed_locations = ('{url}')",
            f"alter storage integration {target.names.integration} set "
            f"storage_aws_role_arn = '{arn}' storage_allowed_locations = ('{url}')",
            f"create stage if not exists landing.lake url = '{url}' storage_integration = {target.names.integration}",
            f"alter stage landing.lake set url = '{url}'",
        ]
    return Script("lake", "Where files are read from.", statements)


def _landing() -> Script:
    statements = []
    for table in CURATED:
        for name in (table.name, copied(table)):
            columns = {**table.snowflake_columns, **{column: kind for column, (kind, _) in LANDED.items()}}
            listed = ",\n".join(f"    {column} {kind}" for column, kind in columns.items())
            statements.append(f"create transient table if not exists landing.{name} (\n{listed}\n)")
            statements += _new_columns(f"landing.{name}", table)
    return Script(
        "landing",
        "Rows as they land: a table that a pipe feeds, and one for COPY, since the two do not know of each other.",
        statements,
    )


def _new_columns(name: str, table: Table) -> list[str]:
    """Columns that the contract got since the table was made."""
    columns = table.snowflake_columns.items()
    return [f"alter table {name} add column if not exists {column} {kind}" for column, kind in columns]


def _pipes() -> Script:
    return Script(
        "pipes",
        "Snowpipe. A pipe that is made anew forgets what it has loaded, so it is never replaced: change one by hand.",
        [
            f"create pipe if not exists landing.{pipe(table)} auto_ingest = true as\n"
            f"copy into landing.{table.name} from @landing.lake/{table.name}/\n"
            f"{HOW}\npattern = '{PATTERN}' on_error = skip_file"
            for table in CURATED
        ],
    )


def _curated() -> Script:
    return Script(
        "curated",
        "Which batch of a date readers see, and the tables as they see them.",
        [
            "create transient table if not exists ops.published (snapshot_date date, seq number(10,0), "
            "batch_id varchar, landed_by varchar, seen_until timestamp_ltz, loaded_at timestamp_ltz)",
            "create transient table if not exists ops.refused (snapshot_date date, batch_id varchar, reason varchar, "
            "refused_at timestamp_ltz)",
            *(_view(table) for table in CURATED),
        ],
    )


def _view(table: Table) -> str:
    columns = ", ".join(table.names)
    landed = "\n    union all\n".join(
        f"    select {columns}, scanned_at, {BATCH} as batch_id, '{way}' as landed_by from landing.{name}"
        for way, name in (("pipe", table.name), ("copy", copied(table)))
    )
    listed = ", ".join(f"landed.{name}" for name in table.names)
    return (
        f"create or replace view curated.{table.name} copy grants as\nselect {listed}\nfrom (\n{landed}\n) as landed\n"
        "inner join ops.published as published\n"
        "    on landed.snapshot_date = published.snapshot_date and landed.batch_id = published.batch_id\n"
        "    and landed.landed_by = published.landed_by\n"
        # What a second pipe brings after the date was counted and switched is not seen.
        "    and (published.seen_until is null or landed.scanned_at <= published.seen_until)"
    )


def _marts() -> Script:
    statements = [
        # Transient, as the marts are.
        "create transient table if not exists ops.days_to_build (mart varchar, snapshot_date date)",
        "create transient table if not exists ops.last_build (build_id varchar)",
    ]
    for name, table in (
        ("ops.coverage", MARTS_BY_NAME["coverage"]),
        *((f"marts.{mart.name}", mart) for mart in MARTS),
    ):
        listed = ",\n".join(f"    {column} {kind}" for column, kind in table.snowflake_columns.items())
        # Transient: they are made from the lake, and what is purged shall not stay in Fail-safe for a week.
        statements.append(f"create transient table if not exists {name} (\n{listed}\n)")
        statements += _new_columns(name, table)
    return Script(
        "marts", "The coverage ledger that the marts count days by, what a build notes, and the marts.", statements
    )


def _roles(target: Target) -> Script:
    names = target.names
    roles = (names.loader, names.transformer, names.reader)
    grants = {
        names.loader: [
            *("usage on schema landing", "usage on schema ops", "usage on file format ops.parquet_files"),
            "select on table ops.scripts",
            *_on("tables", "landing", "select, insert, delete"),
            "select, insert, update, delete on table ops.published",
            "select, insert, delete on table ops.refused",
            "read, write on stage landing.uploads",
            *(["usage on stage landing.lake"] if target.has_pipes else []),
            *(f"monitor, operate on pipe landing.{pipe(table)}" for table in CURATED if target.has_pipes),
        ],
        names.transformer: [
            *("usage on schema curated", "usage on schema marts", "usage on schema ops"),
            "usage on file format ops.parquet_files",
            *_on("views", "curated", "select"),
            "select on table ops.published",
            *(f"select, insert, delete on table ops.{name}" for name in ("coverage", "days_to_build", "last_build")),
            *_on("tables", "marts", "select, insert, delete"),
            "read, write on stage ops.uploads",
        ],
        names.reader: [
            *("usage on schema curated", "usage on schema marts"),
            *_on("views", "curated", "select"),
            *_on("tables", "marts", "select"),
        ],
    }
    statements = [f"create role if not exists {role}" for role in roles]
    statements += [f"grant usage on database {names.database} to role {role}" for role in roles]
    statements += [f"grant usage on warehouse {names.compute} to role {role}" for role in roles]
    statements += [f"grant {what} to role {role}" for role, allowed in grants.items() for what in allowed]
    statements += [f"grant role {role} to role sysadmin" for role in roles]
    if target.user:
        user = quoted(target.user)
        statements += [f"grant role {role} to user {user}" for role in (names.loader, names.transformer)]
    return Script("roles", "Who may what: the loader lands and publishes, the transformer makes marts.", statements)


def _on(kind: str, schema: str, what: str) -> list[str]:
    """What is granted on all objects of a schema, those that come later too."""
    return [f"{what} on {scope} {kind} in schema {schema}" for scope in ("all", "future")]


def copied(table: Table) -> str:
    """The landing table that COPY fills and no pipe feeds."""
    return f"{table.name}_copied"


def pipe(table: Table) -> str:
    """The pipe of a table."""
    return f"{table.name}_pipe"


# What the scripts in `deploy/snowflake/` are made for; `warehouse apply` takes the settings'.
EXAMPLE = Target(
    Names("SPOTIFY"), "s3://your-bucket/lake", "arn:aws:iam::123456789012:role/spotify-platform-snowflake", "LOADER"
)


def write(folder: Path) -> None:
    """Write the scripts for a person to read."""
    for script in scripts(EXAMPLE):
        (folder / f"{script.name}.sql").write_text(script.text, "utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
