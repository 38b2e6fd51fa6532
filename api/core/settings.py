"""Settings of the operational plane: the environment, checked by name before anything starts."""

import os
from functools import lru_cache
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "AGORA_"
DOMAINS = (
    "identity",
    "catalog",
    "inventory",
    "ordering",
    "payments",
    "moderation",
    "communities",
    "content",
    "recommendations",
    "analytics",
)

# A name in one of these namespaces that nobody reads is a typing error, and is refused. The second set belongs to the
# other planes, which are started with the same environment.
OWNED_NAMESPACES = (
    "POSTGRES",
    "WEBHOOK",
    "KAFKA",
    "VALKEY",
    "GATEWAY",
    "SIGNING",
    "API",
    "CAPTURE",
    "WAREHOUSE",
    "MAIL",
    "PAYMENTS",
    "STRIPE",
)
KNOWN_ELSEWHERE = frozenset({"POSTGRES_OWNER_URL", "POSTGRES_INGESTION_URL", "POSTGRES_PIPELINES_URL", "WAREHOUSE_URL"})


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
SmtpUrl = Annotated[str, _address("smtp", "smtps")]
HttpUrl = Annotated[str, _address("http", "https")]
ValkeyUrl = Annotated[str, _address("redis", "rediss", "valkey", "valkeys")]
HostPorts = Annotated[str, AfterValidator(_host_ports)]


class Settings(BaseSettings):
    """What the API and the worker read. Times are in seconds."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    postgres_url: PostgresUrl
    warehouse_read_url: PostgresUrl
    kafka_bootstrap: HostPorts
    kafka_topic_prefix: str = "agora."
    kafka_partitions: Annotated[int, Field(gt=0)] = 4
    kafka_replication: Annotated[int, Field(gt=0)] = 1
    valkey_url: ValkeyUrl
    gateway_url: HttpUrl
    gateway_secret: SecretStr
    gateway_timeout: Annotated[float, Field(gt=0)] = 5.0
    payments_gateway: Literal["sandbox", "stripe"] = "sandbox"
    payments_transfer_account: str = "Agora sandbox, IBAN DE02 1203 0000 0000 2020 51"
    payments_transfer_days: Annotated[int, Field(gt=0)] = 7  # an order that is not paid by then is given up
    stripe_api_key: SecretStr | None = None
    stripe_webhook_secret: SecretStr | None = None
    stripe_url: HttpUrl | None = None
    signing_key_file: Path
    api_url: HttpUrl
    api_domains: Annotated[tuple[str, ...], NoDecode] = DOMAINS
    api_limits: bool = True
    api_limits_pass: SecretStr | None = None  # with it in their header, the house's own replays are not limited
    api_proxies: Annotated[tuple[str, ...], NoDecode] = ()  # networks whose word about a person's address is taken
    api_pool_size: Annotated[int, Field(gt=0)] = 10
    api_model_dir: Path = Path("var/local/models")  # models as files that the processes of a machine share
    s3_endpoint: HttpUrl
    s3_access_key: str
    s3_secret_key: SecretStr
    s3_region: str = "us-east-1"
    s3_media_bucket: str = "agora-media"
    mail_smtp_url: SmtpUrl | None = None
    mail_dir: Path = Path("var/local/mail")
    mail_from: str = "Agora <shop@agora.example>"
    webhook_loopback: bool = False  # for the stack on one machine: endpoints on this very machine, without TLS
    capture_wait: Annotated[float, Field(gt=0)] = 2.0
    capture_pause: Annotated[float, Field(ge=0)] = 5.0

    @field_validator("api_domains", "api_proxies", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("api_domains")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := set(value) - set(DOMAINS):
            raise ValueError(f"names no such domain: {', '.join(sorted(unknown))}")
        return value

    @field_validator("api_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ip_network(network)
        return value

    @field_validator("signing_key_file")
    @classmethod
    def _readable(cls, value: Path) -> Path:
        if not value.is_file():
            raise ValueError("is not a file")
        return value

    @model_validator(mode="after")
    def _stripe_has_keys(self) -> Self:
        if self.payments_gateway == "stripe" and not (self.stripe_api_key and self.stripe_webhook_secret):
            raise ValueError("payments_gateway stripe needs STRIPE_API_KEY and STRIPE_WEBHOOK_SECRET")
        return self

    @property
    def is_secure(self) -> bool:
        """Whether people reach the API over TLS, so that cookies may be marked Secure."""
        return self.api_url.startswith("https://")


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
