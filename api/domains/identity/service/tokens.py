"""Access tokens: JWT signed with Ed25519 (EdDSA; RFC 8037, named as RFC 9864 wants)."""

from time import time

from joserfc import jwt

from api.core.auth import ALGORITHM, AUDIENCE, ISSUER, Principal
from api.core.keys import signing_key
from api.domains.identity.domain import ACCESS_LIFETIME
from ingestion.contracts import new_event_id


def sign_access_token(principal: Principal, now: float | None = None) -> tuple[str, int]:
    """An access token and its lifetime in seconds."""
    issued_at = int(time() if now is None else now)
    lifetime = int(ACCESS_LIFETIME.total_seconds())
    key = signing_key()
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(principal.customer_id),
        "sid": str(principal.session_id),
        "roles": sorted(principal.roles),
        "iat": issued_at,
        "exp": issued_at + lifetime,
        "jti": str(new_event_id()),
    }
    return jwt.encode({"alg": ALGORITHM, "kid": key.kid}, claims, key, algorithms=[ALGORITHM]), lifetime
