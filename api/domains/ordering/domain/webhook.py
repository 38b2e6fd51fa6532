"""Webhooks out: the signature, the waits, the breaker.

Signed as standard-webhooks does: HMAC-SHA256 over `id.timestamp.body` with the endpoint's secret, base64, prefix v1.
"""

import base64
import hmac
import secrets
from datetime import timedelta

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
