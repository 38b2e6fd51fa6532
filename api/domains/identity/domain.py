"""Lifetimes, and the secrets whose hashes identity keeps."""

import hashlib
import secrets
from datetime import timedelta

ACCESS_LIFETIME = timedelta(minutes=5)
SESSION_LIFETIME = timedelta(days=30)


def new_secret() -> str:
    """256 random bits for a cookie or a refresh token."""
    return secrets.token_urlsafe(32)


def secret_hash(secret: str) -> bytes:
    """What is stored of a secret. It is random, so a plain hash cannot be guessed back."""
    return hashlib.sha256(secret.encode()).digest()
