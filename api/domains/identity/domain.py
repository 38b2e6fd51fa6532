"""Lifetimes, secrets and their hashes, passwords, one-time codes, and what a person may be asked for."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

import pyotp

ACCESS_LIFETIME = timedelta(minutes=5)
SESSION_LIFETIME = timedelta(days=30)
CODE_LIFETIME = timedelta(minutes=15)
CHALLENGE_LIFETIME = timedelta(minutes=5)
TRIES = 5
RECOVERY_CODES = 10
MOST_ADDRESSES = 20
FEWEST_CHARACTERS = 10
STEP_SECONDS = 30  # RFC 6238's default
# Letters and digits that nobody mistakes for each other when they are read from paper.
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


def new_secret() -> str:
    """256 random bits for a cookie or a refresh token."""
    return secrets.token_urlsafe(32)


def secret_hash(secret: str) -> bytes:
    """What is stored of a secret. It is random, so a plain hash cannot be guessed back."""
    return hashlib.sha256(secret.encode()).digest()


def new_code() -> str:
    """Six random digits."""
    return f"{secrets.randbelow(10**6):06d}"


def code_mac(key: bytes, purpose: str, customer_id: object, code: str) -> bytes:
    """What is stored of a code: only with `key`, which is not in the database, can it be guessed back."""
    return hmac.digest(key, f"{purpose}|{customer_id}|{code.strip().replace(' ', '')}".encode(), "sha256")


def new_recovery_code() -> str:
    """Fifty random bits in two groups, to be kept on paper."""
    text = "".join(secrets.choice(_ALPHABET) for _ in range(10))
    return f"{text[:5]}-{text[5:]}"


def recovery_hash(code: str) -> bytes:
    """What is stored of a recovery code, however it is typed."""
    return secret_hash(code.strip().lower().replace(" ", "").replace("-", ""))


def matching_step(secret: str, code: str, now: float) -> int | None:
    """The 30-second step whose code this is, or None. One step of a slow or fast clock is forgiven (RFC 6238, 5.2)."""
    totp = pyotp.TOTP(secret, interval=STEP_SECONDS)
    step = int(now) // STEP_SECONDS
    given = code.strip().replace(" ", "").encode()
    near = (step - 1, step, step + 1)
    fitting = [each for each in near if hmac.compare_digest(totp.generate_otp(each).encode(), given)]
    return fitting[-1] if fitting else None


def password_fault(password: str, email: str) -> str | None:
    """Why this cannot be the password of `email`, in words for the person; None when it can."""
    plain = password.strip().lower()
    if len(password) < FEWEST_CHARACTERS:
        return f"Use at least {FEWEST_CHARACTERS} characters. Three or four words are easy to remember."
    if plain in (email.lower(), email.lower().partition("@")[0]):
        return "Use something else than your e-mail address."
    if plain in _common_passwords() or len(set(plain)) == 1:
        return "This password is among the first that anybody would try. Use three or four words of your own."
    return None


@lru_cache(maxsize=1)
def _common_passwords() -> frozenset[str]:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415 -- 30,000 words, read at the first use

    return frozenset(word for word in FREQUENCY_LISTS["passwords"] if len(word) >= FEWEST_CHARACTERS)


@dataclass(frozen=True, slots=True)
class Purpose:
    """What data may be used for only with the person's consent; a changed text is a new version."""

    name: str
    version: str
    title: str
    text: str


PURPOSES = (
    Purpose(
        "health-insights",
        "2026-11",
        "Health insights",
        "Agora may use what you record about your health to show you insights. Nobody else sees it.",
    ),
    Purpose(
        "offers-by-mail",
        "2026-11",
        "Offers by e-mail",
        "Agora may send you offers that fit what you bought, at most once a week.",
    ),
    Purpose(
        "research",
        "2026-11",
        "Research",
        "Agora may use your orders and visits, without your name, to test whether its recommendations are fair.",
    ),
)
# Mails that a person may decline, and what they say of themselves. Receipts and security notices always come.
MAIL_KINDS = {
    "price-drop": "The price of something on my wishlist fell",
    "back-in-stock": "Something I waited for is back in stock",
    "answers": "Somebody answered my question",
    "reviews": "A reminder to review what I received",
}
