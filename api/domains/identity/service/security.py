"""What guards an account: its address, its password, its sign-ins. The owner is told of every change."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core import outbox
from api.core.audit import record_act
from api.core.auth import Principal, SignInNeeded
from api.core.db import Reader, reading, transaction
from api.core.mail import send_mail
from api.domains.identity.contracts import Profile, SessionView
from api.domains.identity.errors import CodeRefused, SessionNotFound, WrongCredentials
from api.domains.identity.repository import accounts as repository
from api.domains.identity.service import codes, passwords, second_factor
from ingestion.contracts.identity import EmailVerified

_HELP = "If this was not you, choose a new password at once and look through your sign-ins.\n"


async def profile(reader: Reader, customer_id: UUID) -> Profile:
    """The account as its owner sees it. Raises SignInNeeded when it is gone."""
    found = await repository.get_profile(reader, customer_id)
    if found is None:
        raise SignInNeeded
    return found


async def rename(session: AsyncSession, customer_id: UUID, display_name: str) -> Profile:
    """Another name."""
    await repository.set_display_name(session, customer_id, display_name)
    return await profile(session, customer_id)


async def send_verification(session: AsyncSession, customer_id: UUID) -> None:
    """Mail a code to the account's address; none when it was verified before."""
    known = await profile(session, customer_id)
    if not known.is_email_verified:
        await codes.send(session, customer_id, "verify-email", known.email)


async def verify_email(customer_id: UUID, code: str) -> None:
    """The code shows that the address is theirs. Raises CodeRefused."""

    async def then(session: AsyncSession, email: str) -> None:
        if not await repository.verify_email(session, customer_id, email):
            raise CodeRefused
        await outbox.publish(session, EmailVerified(customer_id=customer_id))

    await codes.redeem(customer_id, "verify-email", code, then)


async def ask_email_change(session: AsyncSession, customer_id: UUID, email: str) -> None:
    """Mail a code to the new address. Where that has an account its owner is told, and the asker learns nothing."""
    if await repository.find_by_email(session, email) is None:
        await codes.send(session, customer_id, "change-email", email)
        return
    text = "Somebody wanted to use this address for another account of Agora. Nothing has changed.\n"
    await send_mail(session, email, "This address has an account of Agora", text)


async def change_email(customer_id: UUID, code: str) -> None:
    """Use the new address from now on; the old one is told. Raises CodeRefused."""

    async def then(session: AsyncSession, email: str) -> None:
        old = await repository.set_email(session, customer_id, email)
        if old is None:
            raise CodeRefused  # somebody else has taken the address by now
        await codes.drop_ways_in(session, customer_id)
        await record_act(session, customer_id, "identity.change_email", f"customer:{customer_id}")
        await outbox.publish(session, EmailVerified(customer_id=customer_id))
        text = f"Your account of Agora now has another e-mail address. This one is not used any more.\n\n{_HELP}"
        await send_mail(session, old, "The e-mail address of your account has changed", text)

    await codes.redeem(customer_id, "change-email", code, then)


async def change_password(session: AsyncSession, principal: Principal, password: str) -> int:
    """Another password; every other sign-in ends. Returns how many. Raises Invalid."""
    known = await profile(session, principal.customer_id)
    passwords.check(password, known.email)
    return await _set_password(session, principal.customer_id, password, principal.session_id)


async def ask_recovery(session: AsyncSession, email: str) -> None:
    """Mail a code to the address, or, where it has no account, a mail that says so: the asker sees no difference."""
    customer = await repository.find_by_email(session, email)
    if customer is not None:
        await codes.send(session, customer.customer_id, "recover", email)
        return
    await codes.make(session, codes.NOBODY, "recover", email)  # so that the answer takes as long
    text = (
        "Somebody asked for a new password with this address, but it has no account of Agora.\n"
        "If it was you, perhaps you registered with another address.\n"
    )
    await send_mail(session, email, "This address has no account of Agora", text)


async def recover(email: str, code: str, password: str) -> None:
    """Choose a new password with a mailed code; every sign-in ends. Raises Invalid and CodeRefused.

    The second factor stays: it is asked for at the next sign-in.
    """
    passwords.check(password, email)
    async with reading() as connection:
        found = await repository.find_credentials(connection, email)
    customer_id: UUID = found.customer_id if found else codes.NOBODY

    async def then(session: AsyncSession, sent_to: str) -> None:
        if sent_to != email:
            raise CodeRefused  # it went to an address that the account had before
        await _set_password(session, customer_id, password, None)
        # The code came by mail, so the address is theirs.
        await repository.verify_email(session, customer_id, email)

    await codes.redeem(customer_id, "recover", code, then)


async def _set_password(session: AsyncSession, customer_id: UUID, password: str, kept: UUID | None) -> int:
    email = await repository.set_password(session, customer_id, await passwords.hash_password(password))
    ended = await repository.revoke_other_sessions(session, customer_id, kept)
    await codes.drop_ways_in(session, customer_id)
    action = "identity.change_password" if kept else "identity.recover_password"
    await record_act(session, customer_id, action, f"customer:{customer_id}", sessions_ended=ended)
    text = f"Your account of Agora has a new password. All other sign-ins have ended.\n\n{_HELP}"
    await send_mail(session, email, "Your password has changed", text)
    return ended


async def confirm(principal: Principal, password: str, code: str) -> None:
    """Prove again who one is, for what needs a fresh sign-in. Raises WrongCredentials and SecondFactorRefused."""
    async with reading() as connection:
        known = await profile(connection, principal.customer_id)
        found = await repository.find_credentials(connection, known.email)
    if not await passwords.fits(password, found.password_hash if found else None):
        raise WrongCredentials
    if known.has_second_factor:
        await second_factor.check(principal.customer_id, code)
    async with transaction() as session:
        await repository.confirm_session(session, principal.session_id)


async def list_sessions(reader: Reader, principal: Principal) -> list[SessionView]:
    """A person's live sign-ins, the newest first."""
    rows = await repository.list_sessions(reader, principal.customer_id)
    return [SessionView(**row._mapping, is_current=row.session_id == principal.session_id) for row in rows]


async def end_session(session: AsyncSession, principal: Principal, session_id: UUID) -> None:
    """End one of one's sign-ins. Raises SessionNotFound."""
    if not await repository.revoke_own_session(session, principal.customer_id, session_id):
        raise SessionNotFound


async def end_other_sessions(session: AsyncSession, principal: Principal) -> int:
    """End all of one's sign-ins but this; returns how many."""
    return await repository.revoke_other_sessions(session, principal.customer_id, principal.session_id)
