"""Secrets of one local stack: random, made once, readable by their owner alone."""

import base64
import json
import secrets
import uuid
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from infra.local.files import write_private
from infra.local.settings import LocalSettings

# What must be secret, beside a password per database role.
GATEWAY_SECRET, S3_SECRET_KEY, KAFKA_CLUSTER = "gateway_secret", "s3_secret_key", "kafka_cluster_id"
LIMITS_PASS = "limits_pass"  # noqa: S105 -- the name of a secret
ROLES = ("postgres", "agora_owner", "agora_api", "agora_ingestion", "agora_pipelines", "agora_lake")
SERVER_ROLES = ("agora_mlflow", "agora_dagster")


def signing_key_file(settings: LocalSettings) -> Path:
    """The Ed25519 key that signs access tokens."""
    return settings.directory / "signing-key.pem"


def load_credentials(settings: LocalSettings) -> dict[str, str]:
    """The secrets by name; missing ones are made and kept."""
    path = settings.directory / "secrets.json"
    found: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    names = [*ROLES, *SERVER_ROLES, GATEWAY_SECRET, S3_SECRET_KEY, LIMITS_PASS]
    made = {name: secrets.token_hex(20) for name in names if name not in found}
    if KAFKA_CLUSTER not in found:
        made[KAFKA_CLUSTER] = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    if made:
        found |= made
        write_private(path, json.dumps(found, indent=1))
    key_file = signing_key_file(settings)
    if not key_file.exists():
        key = Ed25519PrivateKey.generate()
        write_private(key_file, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return found
