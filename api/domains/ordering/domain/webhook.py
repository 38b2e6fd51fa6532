"""Webhooks out: the signature, the waits, the breaker, and which addresses may be called.

Signed as standard-webhooks does: HMAC-SHA256 over `id.timestamp.body` with the endpoint's secret, base64, prefix v1.
"""

import base64
import hmac
import ipaddress
import secrets
from collections.abc import Iterable
from datetime import timedelta
from urllib.parse import urlsplit

SECRET_PREFIX = "whsec_"  # noqa: S105 -- the public prefix of every secret
WAITS = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 3600, 6 * 3600, 24 * 3600))
FAILURES_TO_OPEN = 5
OPEN_FOR = timedelta(minutes=5)
EVENT_TYPES = (
    "ordering.order_placed",
    "ordering.order_cancelled",
    "ordering.order_shipped",
    "ordering.order_delivered",
    "ordering.order_returned",
)


def new_secret() -> str:
    """192 random bits, as the receiver has to keep them."""
    return secret_from(secrets.token_bytes(24))


def secret_from(material: bytes) -> str:
    """A secret of 24 or more bytes that were made elsewhere, in the same form."""
    return SECRET_PREFIX + base64.b64encode(material[:24]).decode()


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    digest = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, "sha256")
    return f"v1,{base64.b64encode(digest).decode()}"


def wait_after(attempts: int) -> timedelta | None:
    """How long to wait after so many failed attempts; None: it is given up."""
    return WAITS[attempts - 1] if attempts <= len(WAITS) else None


def check_url(url: str, *, is_loopback_allowed: bool) -> tuple[str, int]:
    """Host and port of an address that may be registered. Raises ValueError that says why not."""
    parts = urlsplit(url)
    if parts.username or parts.password or parts.fragment:
        raise ValueError("must have no name, password or fragment")
    if not parts.hostname:
        raise ValueError("has no host")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback_allowed):
        raise ValueError("must be an https address")
    return parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


def check_addresses(addresses: Iterable[str], *, is_loopback_allowed: bool) -> str:
    """The address to connect to, of those that a name resolves to. Raises ValueError when any is not public."""
    found = [ipaddress.ip_address(address) for address in addresses]
    if not found:
        raise ValueError("does not resolve")
    for address in found:
        inner = getattr(address, "ipv4_mapped", None) or address
        if inner.is_loopback and is_loopback_allowed:
            continue
        if not inner.is_global or inner.is_multicast or inner.is_reserved:
            raise ValueError("is not a public address")
    return str(found[0])
