"""Where the local stack keeps its state and on which ports it listens; every `AGORA_…` name is checked first."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "AGORA_"
DEFAULT_DIR = "var/local"
DEFAULT_PORT_BASE = 18000
LAST_OFFSET = 10

# Read by the stack itself or by the programs that it configures, and by none of the settings classes.
_OF_THE_STACK = frozenset(
    {
        "LOCAL_DIR",
        "LOCAL_PORT_BASE",
        "MLFLOW_URL",
        "DAGSTER_URL",
        "DAGSTER_POSTGRES_URL",
        "MLFLOW_POSTGRES_URL",
        "S3_MEDIA_BUCKET",
    }
    | {"S3_MODELS_BUCKET", "POSTGRES_OWNER_URL", "POSTGRES_INGESTION_URL", "POSTGRES_PIPELINES_URL"}
    | {"DBT_TARGET_DIR", "DBT_HOST", "DBT_PORT", "DBT_USER", "DBT_PASSWORD", "DBT_DATABASE"}
)
_HTTP = ("http", "https")
_POSTGRES = ("postgresql", "postgres")
_SCHEMES = {
    "AGORA_API_URL": _HTTP,
    "AGORA_DAGSTER_URL": _HTTP,
    "AGORA_GATEWAY_URL": _HTTP,
    "AGORA_LAKE_CATALOG_URL": _POSTGRES,
    "AGORA_MLFLOW_URL": _HTTP,
    "AGORA_POSTGRES_INGESTION_URL": _POSTGRES,
    "AGORA_POSTGRES_OWNER_URL": _POSTGRES,
    "AGORA_PIPELINES_DOCS_URL": _HTTP,
    "AGORA_POSTGRES_PIPELINES_URL": _POSTGRES,
    "AGORA_POSTGRES_URL": _POSTGRES,
    "AGORA_S3_ENDPOINT": _HTTP,
    "AGORA_VALKEY_URL": ("redis", "rediss", "valkey", "valkeys"),
    "AGORA_WAREHOUSE_READ_URL": _POSTGRES,
    "AGORA_WAREHOUSE_URL": _POSTGRES,
}


class LocalError(RuntimeError):
    """Something a person has to mend; the message is one line that says what."""


@dataclass(frozen=True)
class LocalSettings:
    """One local stack. Several stand side by side when both values differ."""

    directory: Path
    port_base: int

    @property
    def sockets(self) -> Path:
        """Unix sockets: a short path of this stack's own, because a socket's path may have 107 bytes at most."""
        digest = hashlib.sha256(str(self.directory).encode()).hexdigest()[:10]
        return Path(tempfile.gettempdir()) / f"agora-{os.getuid()}-{digest}"

    @property
    def dagster_home(self) -> Path:
        """Where Dagster finds its settings and keeps its logs."""
        return self.directory / "dagster"

    @property
    def docs_dir(self) -> Path:
        """Pages about the data, made by the pipelines."""
        return self.directory / "docs"

    @property
    def logs(self) -> Path:
        """One file per part."""
        return self.directory / "logs"

    @property
    def env_file(self) -> Path:
        """Addresses and secrets of this stack, KEY=VALUE."""
        return self.directory / "env"

    def port(self, offset: int) -> int:
        """The port of the part with this offset."""
        return self.port_base + offset


def known_names() -> frozenset[str]:
    """Every AGORA_ variable that something reads."""
    # Imported here: a part of the stack starts without waiting for the settings of the others.
    from api.core import settings as api_settings  # noqa: PLC0415
    from infra.gateway.settings import GatewaySettings  # noqa: PLC0415
    from ingestion import settings as ingestion_settings  # noqa: PLC0415
    from pipelines.lib import settings as pipelines_settings  # noqa: PLC0415

    classes = (api_settings.Settings, ingestion_settings.Settings, pipelines_settings.Settings, GatewaySettings)
    names = {name.upper() for settings in classes for name in settings.model_fields} - {"LAKE"}
    return frozenset(PREFIX + name for name in names | _OF_THE_STACK)


def load_settings() -> LocalSettings:
    """Read the environment. Raises LocalError that names every unknown variable and every malformed one."""
    names = sorted(name for name in os.environ if name.startswith(PREFIX))
    known = known_names()
    problems = [f"{name}: no such setting" for name in names if name not in known]
    problems += [problem for name in names if name in known and (problem := _malformed(name, os.environ[name]))]
    if problems:
        raise LocalError("; ".join(problems))
    return locate()


def locate() -> LocalSettings:
    """The stack that the environment names, without a look at anything else in it."""
    directory = Path(os.environ.get("AGORA_LOCAL_DIR", DEFAULT_DIR))
    base = int(os.environ.get("AGORA_LOCAL_PORT_BASE", DEFAULT_PORT_BASE))
    return LocalSettings((ROOT / directory).resolve(), base)


def _malformed(name: str, value: str) -> str | None:
    if name == "AGORA_LOCAL_PORT_BASE":
        fits = value.isdecimal() and 1024 <= int(value) <= 65535 - LAST_OFFSET
        return None if fits else f"{name}: must be a number from 1024 to {65535 - LAST_OFFSET}"
    if name == "AGORA_KAFKA_BOOTSTRAP":
        return None if all(map(_is_host_port, value.split(","))) else f"{name}: must be host:port"
    schemes = _SCHEMES.get(name)
    if schemes is None:
        return None
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as error:
        return f"{name}: {error}"
    if parts.scheme not in schemes:
        return f"{name}: must start with {' or '.join(f'{scheme}://' for scheme in schemes)}"
    return None if parts.hostname or "host=" in parts.query else f"{name}: has no host"


def _is_host_port(value: str) -> bool:
    host, _, port = value.strip().rpartition(":")
    return bool(host) and port.isdecimal() and 0 < int(port) < 65536
