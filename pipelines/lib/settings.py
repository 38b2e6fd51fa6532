"""Where the pipelines read and write. The lake's own addresses are the ones of `ingestion.settings`."""

from functools import cached_property, lru_cache
from typing import Annotated

from ingestion.settings import Settings as LakeSettings
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """`AGORA_…` as the pipelines know them; a malformed address is refused by name."""

    model_config = SettingsConfigDict(env_prefix="AGORA_", extra="ignore", frozen=True)

    warehouse_url: str
    lake_catalog_url: str
    pipelines_sensor_seconds: Annotated[int, Field(ge=1, le=3600)] = 20

    @field_validator("warehouse_url", "lake_catalog_url")
    @classmethod
    def _is_postgres(cls, value: str) -> str:
        try:
            parts = conninfo_to_dict(value)
        except ProgrammingError as error:
            raise ValueError(f"not a Postgres address: {error}") from error
        if not value.startswith("postgresql://") or "dbname" not in parts:
            raise ValueError("not a Postgres address: postgresql://user:password@host:port/database is expected")
        return value

    @cached_property
    def lake(self) -> LakeSettings:
        """Catalog, S3 and Kafka as the lander knows them."""
        return LakeSettings()


@lru_cache
def get_settings() -> Settings:
    """The environment's settings, read once."""
    return Settings()  # type: ignore[call-arg]
