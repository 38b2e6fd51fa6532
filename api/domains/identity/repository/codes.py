"""Statements about one-time codes, second factors and challenges. Each try is counted before it is judged."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.domains.identity.domain import TRIES

_PUT_CODE = text(
    "INSERT INTO identity.codes (customer_id, purpose, email, code_mac, expires_at)"
    " SELECT customer_id, :purpose, :email, :code_mac, now() + :lifetime FROM identity.customers"
    " WHERE customer_id = :customer_id"
    " ON CONFLICT (customer_id, purpose) DO UPDATE SET email = excluded.email, code_mac = excluded.code_mac,"
    " tries = 0, expires_at = excluded.expires_at"
)
_TRY_CODE = text(
    "UPDATE identity.codes SET tries = tries + 1 WHERE customer_id = :customer_id AND purpose = :purpose"
    " AND tries < :most AND expires_at > now() RETURNING code_mac, email"
)
_DROP_CODE = text("DELETE FROM identity.codes WHERE customer_id = :customer_id AND purpose = :purpose")
_DROP_WAYS_IN = text(
    "WITH codes AS (DELETE FROM identity.codes WHERE customer_id = :customer_id AND purpose <> 'verify-email')"
    " DELETE FROM identity.challenges WHERE customer_id = :customer_id"
)

_PUT_SECRET = text(
    "INSERT INTO identity.second_factors (customer_id, sealed_secret) VALUES (:customer_id, :sealed_secret)"
    " ON CONFLICT (customer_id) DO UPDATE SET sealed_secret = excluded.sealed_secret, last_step = 0"
    " WHERE second_factors.enabled_at IS NULL RETURNING customer_id"
)
_GET_SECRET = text(
    "SELECT sealed_secret, enabled_at, last_step FROM identity.second_factors WHERE customer_id = :customer_id"
    " FOR UPDATE"
)
_ENABLE = text("UPDATE identity.second_factors SET enabled_at = now() WHERE customer_id = :customer_id")
_USE_STEP = text(
    "UPDATE identity.second_factors SET last_step = :step WHERE customer_id = :customer_id AND last_step < :step"
)
_DROP_SECRET = text(
    "DELETE FROM identity.second_factors WHERE customer_id = :customer_id AND enabled_at IS NOT NULL"
    " RETURNING customer_id"
)
_DROP_RECOVERY = text("DELETE FROM identity.recovery_codes WHERE customer_id = :customer_id")
_ADD_RECOVERY = text(
    "INSERT INTO identity.recovery_codes (customer_id, code_hash) SELECT :customer_id, unnest(CAST(:hashes AS bytea[]))"
)
_USE_RECOVERY = text(
    "UPDATE identity.recovery_codes SET used_at = now()"
    " WHERE customer_id = :customer_id AND code_hash = :code_hash AND used_at IS NULL"
)
_RECOVERY_LEFT = text(
    "SELECT count(*) FROM identity.recovery_codes WHERE customer_id = :customer_id AND used_at IS NULL"
)

_ADD_CHALLENGE = text(
    "INSERT INTO identity.challenges (challenge_hash, customer_id, expires_at)"
    " VALUES (:challenge_hash, :customer_id, now() + :lifetime)"
)
_TRY_CHALLENGE = text(
    "UPDATE identity.challenges SET tries = tries + 1 WHERE challenge_hash = :challenge_hash"
    " AND tries < :most AND expires_at > now() RETURNING customer_id"
)
_DROP_CHALLENGE = text("DELETE FROM identity.challenges WHERE challenge_hash = :challenge_hash")


async def put_code(
    session: AsyncSession, customer_id: UUID, purpose: str, email: str, code_mac: bytes, lifetime: timedelta
) -> None:
    """Keep a code in the place of an older one."""
    values = {"customer_id": customer_id, "purpose": purpose, "email": email, "code_mac": code_mac}
    await session.execute(_PUT_CODE, values | {"lifetime": lifetime})


async def try_code(session: AsyncSession, customer_id: UUID, purpose: str) -> Any:
    """Count a try: row of code_mac and email, or None when there is no code that may be tried."""
    found = await session.execute(_TRY_CODE, {"customer_id": customer_id, "purpose": purpose, "most": TRIES})
    return found.one_or_none()


async def drop_code(session: AsyncSession, customer_id: UUID, purpose: str) -> None:
    """It was used."""
    await session.execute(_DROP_CODE, {"customer_id": customer_id, "purpose": purpose})


async def drop_ways_in(session: AsyncSession, customer_id: UUID) -> None:
    """Of what was mailed or begun before, nothing leads into the account any more."""
    await session.execute(_DROP_WAYS_IN, {"customer_id": customer_id})


async def put_secret(session: AsyncSession, customer_id: UUID, sealed_secret: bytes) -> bool:
    """Keep a secret that is to be confirmed; False when one is on already."""
    found = await session.execute(_PUT_SECRET, {"customer_id": customer_id, "sealed_secret": sealed_secret})
    return found.scalar_one_or_none() is not None


async def get_secret(session: AsyncSession, customer_id: UUID) -> Any:
    """Row of sealed_secret, enabled_at and last_step, or None; until the transaction ends nobody replaces it."""
    return (await session.execute(_GET_SECRET, {"customer_id": customer_id})).one_or_none()


async def enable(session: AsyncSession, customer_id: UUID) -> None:
    """From now on it is asked for."""
    await session.execute(_ENABLE, {"customer_id": customer_id})


async def use_step(session: AsyncSession, customer_id: UUID, step: int) -> bool:
    """Note that the code of a step was used; False when that or a later one was used before."""
    done: Any = await session.execute(_USE_STEP, {"customer_id": customer_id, "step": step})
    return bool(done.rowcount)


async def drop_secret(session: AsyncSession, customer_id: UUID) -> bool:
    """Turn the second factor off; False when none was on."""
    found = await session.execute(_DROP_SECRET, {"customer_id": customer_id})
    return found.scalar_one_or_none() is not None


async def put_recovery_codes(session: AsyncSession, customer_id: UUID, hashes: Sequence[bytes]) -> None:
    """Keep these in the place of all older ones."""
    await session.execute(_DROP_RECOVERY, {"customer_id": customer_id})
    await session.execute(_ADD_RECOVERY, {"customer_id": customer_id, "hashes": list(hashes)})


async def use_recovery_code(session: AsyncSession, customer_id: UUID, code_hash: bytes) -> bool:
    """Use one up; False when it is not there or was used."""
    done: Any = await session.execute(_USE_RECOVERY, {"customer_id": customer_id, "code_hash": code_hash})
    return bool(done.rowcount)


async def recovery_codes_left(session: AsyncSession, customer_id: UUID) -> int:
    """How many are unused."""
    return int((await session.execute(_RECOVERY_LEFT, {"customer_id": customer_id})).scalar_one())


async def add_challenge(session: AsyncSession, customer_id: UUID, challenge_hash: bytes, lifetime: timedelta) -> None:
    """Begin to wait for a second factor."""
    values = {"customer_id": customer_id, "challenge_hash": challenge_hash, "lifetime": lifetime}
    await session.execute(_ADD_CHALLENGE, values)


async def try_challenge(session: AsyncSession, challenge_hash: bytes) -> UUID | None:
    """Count a try: whose challenge it is, or None when it may not be tried (any more)."""
    values = {"challenge_hash": challenge_hash, "most": TRIES}
    found: UUID | None = (await session.execute(_TRY_CHALLENGE, values)).scalar_one_or_none()
    return found


async def drop_challenge(session: AsyncSession, challenge_hash: bytes) -> None:
    """It was met."""
    await session.execute(_DROP_CHALLENGE, {"challenge_hash": challenge_hash})
