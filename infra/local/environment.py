"""The environment of every part: computed from the stack's settings, given addresses first, kept in one file."""

import os
from collections.abc import Mapping

from infra.local import credentials
from infra.local.files import write_private
from infra.local.settings import PREFIX, LocalError, LocalSettings, load_settings

S3_ACCESS_KEY = "agora"
# Part → the address that replaces it, and what must be given together with that address.
REPLACES = {
    "postgres": (
        "AGORA_POSTGRES_URL",
        (
            "AGORA_POSTGRES_OWNER_URL",
            "AGORA_POSTGRES_INGESTION_URL",
            "AGORA_POSTGRES_PIPELINES_URL",
            "AGORA_LAKE_CATALOG_URL",
            "AGORA_WAREHOUSE_URL",
            "AGORA_WAREHOUSE_READ_URL",
        ),
    ),
    "kafka": ("AGORA_KAFKA_BOOTSTRAP", ()),
    "s3": ("AGORA_S3_ENDPOINT", ("AGORA_S3_ACCESS_KEY", "AGORA_S3_SECRET_KEY")),
    "valkey": ("AGORA_VALKEY_URL", ()),
    "mlflow": ("AGORA_MLFLOW_URL", ()),
    "dagster": ("AGORA_DAGSTER_URL", ()),
    "docs": ("AGORA_PIPELINES_DOCS_URL", ("AGORA_PIPELINES_DOCS_DIR",)),
    "gateway": ("AGORA_GATEWAY_URL", ("AGORA_GATEWAY_SECRET",)),
    "api": ("AGORA_API_URL", ()),
}


def own_environment(settings: LocalSettings) -> dict[str, str]:
    """What the parts get when nothing is replaced."""
    secret = credentials.load_credentials(settings)

    def database(name: str, role: str, scheme: str = "postgresql") -> str:
        return f"{scheme}://{role}:{secret[role]}@127.0.0.1:{settings.port(2)}/{name}"

    def http(offset: int) -> str:
        return f"http://127.0.0.1:{settings.port(offset)}"

    return {
        "AGORA_LOCAL_DIR": str(settings.directory),
        "AGORA_LOCAL_PORT_BASE": str(settings.port_base),
        "AGORA_POSTGRES_URL": database("agora", "agora_api"),
        "AGORA_POSTGRES_OWNER_URL": database("agora", "agora_owner"),
        "AGORA_POSTGRES_INGESTION_URL": database("agora", "agora_ingestion"),
        "AGORA_POSTGRES_PIPELINES_URL": database("agora", "agora_pipelines"),
        "AGORA_LAKE_CATALOG_URL": database("lake", "agora_lake"),
        "AGORA_WAREHOUSE_URL": database("warehouse", "agora_pipelines"),
        "AGORA_WAREHOUSE_READ_URL": database("warehouse", "agora_api"),
        # Both name the driver: see dagster.yaml.
        "AGORA_MLFLOW_POSTGRES_URL": database("mlflow", "agora_mlflow", "postgresql+psycopg2"),
        "AGORA_DAGSTER_POSTGRES_URL": database("dagster", "agora_dagster", "postgresql+psycopg2"),
        "AGORA_KAFKA_BOOTSTRAP": f"127.0.0.1:{settings.port(3)}",
        "AGORA_KAFKA_TOPIC_PREFIX": "agora.",
        "AGORA_WEBHOOK_LOOPBACK": "true",
        "AGORA_API_LIMITS_PASS": secret[credentials.LIMITS_PASS],
        "AGORA_S3_ENDPOINT": http(5),
        "AGORA_S3_ACCESS_KEY": S3_ACCESS_KEY,
        "AGORA_S3_SECRET_KEY": secret[credentials.S3_SECRET_KEY],
        "AGORA_S3_REGION": "us-east-1",
        "AGORA_S3_LAKE_BUCKET": "agora-lake",
        "AGORA_S3_MEDIA_BUCKET": "agora-media",
        "AGORA_S3_MODELS_BUCKET": "agora-models",
        "AGORA_VALKEY_URL": f"redis://127.0.0.1:{settings.port(6)}/0",
        "AGORA_MLFLOW_URL": http(7),
        "AGORA_DAGSTER_URL": http(8),
        "AGORA_PIPELINES_DOCS_DIR": str(settings.docs_dir),
        "AGORA_PIPELINES_DOCS_URL": http(10),
        "AGORA_PIPELINES_OPENLINEAGE_FILE": str(settings.directory / "openlineage.jsonl"),
        "AGORA_GATEWAY_URL": http(1),
        "AGORA_API_URL": http(0),
        "AGORA_GATEWAY_SECRET": secret[credentials.GATEWAY_SECRET],
        "AGORA_SANDBOX_WEBHOOK_URL": http(0) + "/v1/webhooks/sandbox",
        "AGORA_MAIL_DIR": str(settings.directory / "mail"),
        "AGORA_SIGNING_KEY_FILE": str(credentials.signing_key_file(settings)),
    }


def build_environment(settings: LocalSettings) -> tuple[dict[str, str], frozenset[str]]:
    """The environment of the parts, and the parts that given addresses replace.

    An address that is the stack's own replaces nothing, so that its env file may be sourced before `agora up`.
    Raises LocalError when an address is given without what belongs to it.
    """
    own = own_environment(settings)
    given = {name: value for name, value in os.environ.items() if name.startswith(PREFIX)}
    given |= {"AGORA_LOCAL_DIR": own["AGORA_LOCAL_DIR"], "AGORA_LOCAL_PORT_BASE": own["AGORA_LOCAL_PORT_BASE"]}
    replaced = frozenset(
        part for part, (name, _) in REPLACES.items() if name in given and not is_same(given[name], own[name])
    )
    for part in sorted(replaced):
        address, together = REPLACES[part]
        if missing := [name for name in together if name not in given]:
            raise LocalError(f"{address} replaces {part}, so {', '.join(missing)} must be given too")
    return own | given, replaced


def is_same(given: str, own: str) -> bool:
    """Whether both are one address; a trailing slash and a name for loopback make no difference."""
    return given.rstrip("/").replace("//localhost:", "//127.0.0.1:") == own


def load_environment() -> tuple[LocalSettings, dict[str, str]]:
    """This stack and its environment. Raises LocalError when the stack was never up."""
    settings = load_settings()
    environment = read_environment(settings)
    if not environment:
        raise LocalError("the stack was never up here: run `agora up` first")
    return settings, environment


def enter() -> dict[str, str]:
    """Take on the environment of the running stack. Raises LocalError when it was never up."""
    _, environment = load_environment()
    os.environ.update(environment)
    return environment


def write_environment(settings: LocalSettings, environment: Mapping[str, str]) -> None:
    """Keep the environment for everything that is started by hand."""
    if bad := [name for name, value in environment.items() if "\n" in value]:
        raise LocalError(f"{', '.join(sorted(bad))}: must be one line")
    write_private(settings.env_file, "".join(f"{name}={value}\n" for name, value in sorted(environment.items())))


def read_environment(settings: LocalSettings) -> dict[str, str]:
    """The environment of the last `agora up`; empty when there was none."""
    if not settings.env_file.exists():
        return {}
    lines = settings.env_file.read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)
