"""Settings of the stream and the lake: the environment, checked by name before anything starts."""

import os
from functools import lru_cache
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "AGORA_"

# A name in one of these namespaces that nobody reads is a typing error, and is refused. The names in the second set
# belong to the other planes, which are started with the same environment.
OWNED_NAMESPACES = ("KAFKA", "LAKE", "S3", "RELAY", "LANDER", "ONLINE", "VALKEY")
KNOWN_ELSEWHERE = frozenset({"S3_MEDIA_BUCKET", "S3_MODELS_BUCKET"})


class SettingsError(ValueError):
    """The environment cannot be used; the message names each variable and what is wrong, never its value."""


def _address(*schemes: str) -> AfterValidator:
    def check(value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in schemes:
            raise ValueError(f"must start with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        if not parts.hostname and "host=" not in parts.query:
            raise ValueError("has no host")
        _ = parts.port  # raises ValueError for a port that is no number
        return value

    return AfterValidator(check)


def _host_ports(value: str) -> str:
    for part in value.split(","):
        host, _, port = part.strip().rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 65536:
            raise ValueError("must be host:port, or several joined by commas")
    return value


PostgresUrl = Annotated[str, _address("postgresql", "postgres")]
Seconds = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(gt=0)]


class Settings(BaseSettings):
    """What relay, lander, online features and proof read."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    postgres_ingestion_url: PostgresUrl
    lake_catalog_url: PostgresUrl
    warehouse_url: PostgresUrl
    valkey_url: Annotated[str, _address("redis", "rediss", "valkey", "valkeys")]
    kafka_bootstrap: Annotated[str, AfterValidator(_host_ports)]
    kafka_topic_prefix: str = "agora."
    kafka_partitions: Count = 4
    kafka_replication: Count = 1
    s3_endpoint: Annotated[str, _address("http", "https")]
    s3_access_key: str
    s3_secret_key: SecretStr
    s3_region: str = "us-east-1"
    s3_lake_bucket: str = "agora-lake"
    lake_namespace_prefix: Annotated[str, Field(pattern=r"^[a-z0-9_]*$")] = ""
    relay_shard: Annotated[int, Field(ge=0, lt=2**15)] = 0
    relay_batch: Count = 5_000
    relay_poll_seconds: Seconds = 0.1
    relay_lease_seconds: Seconds = 10.0
    lander_commit_seconds: Seconds = 10.0
    lander_commit_rows: Count = 500_000
    lander_lease_seconds: Seconds = 15.0
    # How many landers share the partitions; each process takes a shard that is free, or stands by.
    lander_shards: Annotated[int, Field(gt=0, le=64)] = 1

    def topic(self, domain: str) -> str:
        """The name in Kafka of a domain's topic."""
        return self.kafka_topic_prefix + domain

    def table(self, name: str) -> str:
        """`raw.ordering` in this environment's own namespaces."""
        return self.lake_namespace_prefix + name


def _unknown_names() -> list[str]:
    known = {name.upper() for name in Settings.model_fields} | KNOWN_ELSEWHERE
    names = (name.removeprefix(PREFIX) for name in os.environ if name.startswith(PREFIX))
    return sorted(name for name in names if name.partition("_")[0] in OWNED_NAMESPACES and name not in known)


def load_settings() -> Settings:
    """Read the environment. Raises SettingsError that names every unknown, missing or malformed variable."""
    problems = [f"{PREFIX}{name}: no such setting" for name in _unknown_names()]
    try:
        settings = Settings()
    except ValidationError as error:
        for item in error.errors(include_input=False, include_url=False):
            name = PREFIX + str(item["loc"][0]).upper() if item["loc"] else PREFIX
            problems.append(f"{name}: {item['msg'].removeprefix('Value error, ')}")
        settings = None
    if problems or settings is None:
        raise SettingsError("; ".join(problems))
    return settings


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process, read once."""
    return load_settings()
