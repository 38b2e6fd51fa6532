"""argon2id through pwdlib, off the event loop and a few at a time."""

import asyncio
from functools import lru_cache

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from api.core.errors import Invalid
from api.domains.identity.domain import password_fault

# OWASP's first recommendation for argon2id: 19 MiB, two passes, one lane. Each hash takes its memory, so only as many
# as there are likely cores run at once and the others wait.
_hasher = PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19_456, parallelism=1),))
_turns = asyncio.Semaphore(4)


@lru_cache(maxsize=1)
def _nobody() -> str:
    """A hash that no password of ours fits, to do the same work for an unknown account."""
    return _hasher.hash("there is no such account, and nobody has this password")


def check(password: str, email: str) -> None:
    """Raises Invalid for a password that is too soon guessed."""
    if fault := password_fault(password, email):
        raise Invalid("password", fault)


def hash_now(password: str) -> str:
    """The hash of a password, on the calling thread: for bulk loads outside the event loop."""
    return _hasher.hash(password)


async def hash_password(password: str) -> str:
    """The hash of a password."""
    async with _turns:
        return await asyncio.to_thread(_hasher.hash, password)


async def fits(password: str, password_hash: str | None) -> bool:
    """Whether the password is right; the same work when there is no account or no password."""
    async with _turns:
        return await asyncio.to_thread(_verify, password, password_hash)


def _verify(password: str, password_hash: str | None) -> bool:
    nobody = _nobody()  # made at the first use, whoever that is: later it costs nothing
    is_right = _hasher.verify(password, password_hash or nobody)
    return is_right and password_hash is not None
