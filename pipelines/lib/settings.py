"""Where the pipelines read and write. The lake's own addresses are those of `ingestion.settings`."""

import os
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from ingestion.settings import PREFIX, PostgresUrl, SettingsError
from ingestion.settings import Settings as LakeSettings
from ingestion.settings import load_settings as load_lake_settings

OWNED_NAMESPACES = ("WAREHOUSE", "PIPELINES", "DBT")
# Written by `pipelines.lib.dbt_env` for dbt's profile, and where its files go.
_OF_DBT = frozenset({"DBT_HOST", "DBT_PORT", "DBT_USER", "DBT_PASSWORD", "DBT_DATABASE", "DBT_TARGET_DIR"})


class Settings(BaseSettings):
    """What the pipelines know beside the lake; `warehouse_read_url` may only read, and notebooks use it.

    The two after it are for training alone. New alerts are posted to `pipelines_alert_url` as JSON. Docs are written to
    `pipelines_docs_dir` and served at `pipelines_docs_url`. Events of OpenLineage go to one of the last two.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    lake: LakeSettings
    lake_catalog_url: PostgresUrl
    warehouse_url: PostgresUrl
    warehouse_read_url: PostgresUrl | None = None
    postgres_pipelines_url: PostgresUrl | None = None
    mlflow_url: Annotated[str, Field(pattern=r"^https?://[^/\s]+")] | None = None
    pipelines_alert_url: Annotated[str, Field(pattern=r"^https?://[^/\s]+")] | None = None
    pipelines_docs_dir: Path | None = None
    pipelines_docs_url: Annotated[str, Field(pattern=r"^https?://[^/\s]+")] | None = None
    pipelines_openlineage_url: Annotated[str, Field(pattern=r"^https?://[^/\s]+")] | None = None
    pipelines_openlineage_file: Path | None = None


def load_settings() -> Settings:
    """Read the environment. Raises SettingsError that names every unknown, missing or malformed variable."""
    known = {name.upper() for name in Settings.model_fields} | _OF_DBT
    names = (name.removeprefix(PREFIX) for name in os.environ if name.startswith(PREFIX))
    unknown = sorted(name for name in names if name.partition("_")[0] in OWNED_NAMESPACES and name not in known)
    if unknown:
        raise SettingsError("; ".join(f"{PREFIX}{name}: no such setting" for name in unknown))
    lake = load_lake_settings()
    try:
        return Settings(lake=lake)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)
        problems = (f"{PREFIX}{str(item['loc'][0]).upper()}: {item['msg']}" for item in found)
        raise SettingsError("; ".join(problems)) from None


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process, read once."""
    return load_settings()
