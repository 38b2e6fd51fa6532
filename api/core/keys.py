"""The process's signing key: Ed25519 for access tokens, and a secret derived from it for form tokens."""

import hmac
from functools import lru_cache
from uuid import UUID

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from joserfc.jwk import OKPKey

from api.core.settings import get_settings


@lru_cache(maxsize=1)
def signing_key() -> OKPKey:
    """The private key; its `kid` is the RFC 7638 thumbprint, so it stays the same for the same key."""
    key = OKPKey.import_key(get_settings().signing_key_file.read_bytes())
    return OKPKey.import_key(key.as_dict(private=True) | {"kid": key.thumbprint(), "use": "sig", "alg": "Ed25519"})


def public_keys() -> dict[str, list[dict[str, object]]]:
    """The JSON Web Key Set that verifies access tokens."""
    return {"keys": [dict(signing_key().as_dict(private=False))]}


def form_secret() -> bytes:
    """The key of form tokens."""
    return derived_key("agora form tokens")


@lru_cache(maxsize=8)
def derived_key(purpose: str) -> bytes:
    """32 bytes for one purpose, derived from the signing key by HKDF (RFC 5869)."""
    private = load_pem_private_key(get_settings().signing_key_file.read_bytes(), password=None)
    material = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose.encode()).derive(material)


def derived_secret(purpose: str, name: UUID) -> bytes:
    """32 bytes that belong to `name` and look random to whoever lacks the signing key.

    What is told once and stored nowhere (a gift card's code, say) can be told again to a repeated request.
    """
    return hmac.digest(derived_key(purpose), name.bytes, "sha256")
