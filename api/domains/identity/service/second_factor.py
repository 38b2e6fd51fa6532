"""The second factor: codes of an authenticator app (TOTP, RFC 6238), and recovery codes for when it is lost."""

import base64
import time
from dataclasses import dataclass
from uuid import UUID

import pyotp
from cryptography.fernet import Fernet
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.audit import record_act
from api.core.db import transaction
from api.core.keys import derived_key
from api.core.mail import send_mail
from api.domains.identity.domain import (
    CHALLENGE_LIFETIME,
    RECOVERY_CODES,
    matching_step,
    new_recovery_code,
    new_secret,
    recovery_hash,
    secret_hash,
)
from api.domains.identity.errors import SecondFactorIsOff, SecondFactorIsOn, SecondFactorRefused
from api.domains.identity.repository import accounts
from api.domains.identity.repository import codes as repository


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app needs: the secret in base32, and the same as an address for a QR code."""

    secret: str
    uri: str


def _seal() -> Fernet:
    """A database that gets into other hands does not give the secrets away."""
    return Fernet(base64.urlsafe_b64encode(derived_key("agora second factors")))


async def begin(session: AsyncSession, customer_id: UUID, email: str) -> Enrolment:
    """A new secret, which holds once a code of it was confirmed. Raises SecondFactorIsOn."""
    secret = pyotp.random_base32()
    if not await repository.put_secret(session, customer_id, _seal().encrypt(secret.encode())):
        raise SecondFactorIsOn
    return _enrolment(secret, email)


async def pending(session: AsyncSession, customer_id: UUID, email: str) -> Enrolment:
    """The secret that awaits its first code. Raises SecondFactorIsOff and SecondFactorIsOn."""
    row = await repository.get_secret(session, customer_id)
    if row is None:
        raise SecondFactorIsOff
    if row.enabled_at is not None:
        raise SecondFactorIsOn
    return _enrolment(_seal().decrypt(bytes(row.sealed_secret)).decode(), email)


def _enrolment(secret: str, email: str) -> Enrolment:
    return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name="Agora"))


async def confirm(session: AsyncSession, customer_id: UUID, email: str, code: str) -> list[str]:
    """Turn it on with a first code; returns the recovery codes, which are never shown again.

    Raises SecondFactorIsOff, SecondFactorIsOn and SecondFactorRefused.
    """
    enrolment = await pending(session, customer_id, email)
    step = matching_step(enrolment.secret, code, time.time())
    if step is None or not await repository.use_step(session, customer_id, step):
        raise SecondFactorRefused
    await repository.enable(session, customer_id)
    await _tell(session, customer_id, email, "turn_on_second_factor", "The second factor is on")
    return await _new_recovery_codes(session, customer_id)


async def renew_recovery_codes(session: AsyncSession, customer_id: UUID) -> list[str]:
    """Other recovery codes; the old ones hold no longer. Raises SecondFactorIsOff."""
    row = await repository.get_secret(session, customer_id)
    if row is None or row.enabled_at is None:
        raise SecondFactorIsOff
    emails = await accounts.emails_of(session, [customer_id])
    what = "The recovery codes were renewed"
    await _tell(session, customer_id, emails[customer_id], "renew_recovery_codes", what)
    return await _new_recovery_codes(session, customer_id)


async def _new_recovery_codes(session: AsyncSession, customer_id: UUID) -> list[str]:
    made = [new_recovery_code() for _ in range(RECOVERY_CODES)]
    await repository.put_recovery_codes(session, customer_id, [recovery_hash(code) for code in made])
    return made


async def turn_off(session: AsyncSession, customer_id: UUID, email: str) -> None:
    """Ask for it no longer. Raises SecondFactorIsOff."""
    if not await repository.drop_secret(session, customer_id):
        raise SecondFactorIsOff
    await _tell(session, customer_id, email, "turn_off_second_factor", "The second factor is off")


async def demand(customer_id: UUID) -> str:
    """A challenge for a sign-in whose password was right; it has to stand although the sign-in is not done yet."""
    challenge = new_secret()
    async with transaction() as session:
        await repository.add_challenge(session, customer_id, secret_hash(challenge), CHALLENGE_LIFETIME)
    return challenge


async def meet(challenge: str, code: str) -> UUID:
    """Whose sign-in this is, with a code of the app or a recovery code. Raises SecondFactorRefused.

    Each try is counted, and stays so although the request is refused: hence a transaction of its own.
    """
    async with transaction() as session:
        customer_id = await repository.try_challenge(session, secret_hash(challenge))
        is_right = customer_id is not None and await _fits(session, customer_id, code)
        if is_right:
            await repository.drop_challenge(session, secret_hash(challenge))
    if customer_id is None or not is_right:
        raise SecondFactorRefused
    return customer_id


async def check(customer_id: UUID, code: str) -> None:
    """Use a code of the app or a recovery code. Raises SecondFactorRefused."""
    async with transaction() as session:
        if not await _fits(session, customer_id, code):
            raise SecondFactorRefused


async def _fits(session: AsyncSession, customer_id: UUID, code: str) -> bool:
    row = await repository.get_secret(session, customer_id)
    if row is None or row.enabled_at is None:
        return False
    step = matching_step(_seal().decrypt(bytes(row.sealed_secret)).decode(), code, time.time())
    if step is not None:
        return await repository.use_step(session, customer_id, step)
    if not await repository.use_recovery_code(session, customer_id, recovery_hash(code)):
        return False
    left = await repository.recovery_codes_left(session, customer_id)
    emails = await accounts.emails_of(session, [customer_id])
    what = f"A recovery code was used; {left} are left"
    await _tell(session, customer_id, emails[customer_id], "use_recovery_code", what)
    return True


async def _tell(session: AsyncSession, customer_id: UUID, email: str, act: str, what: str) -> None:
    await record_act(session, customer_id, f"identity.{act}", f"customer:{customer_id}")
    text = f"{what} for your account of Agora.\n\nIf this was not you, choose a new password at once.\n"
    await send_mail(session, email, what, text)
