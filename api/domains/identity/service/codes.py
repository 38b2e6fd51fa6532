"""One-time codes by mail: to show that an address is one's own, to change it, to come back without the password."""

import hmac
from collections.abc import Awaitable, Callable
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import transaction
from api.core.keys import derived_key
from api.core.mail import send_mail
from api.core.settings import get_settings
from api.domains.identity.domain import CODE_LIFETIME, code_mac, new_code
from api.domains.identity.errors import CodeRefused
from api.domains.identity.repository import codes as repository

Purpose = Literal["verify-email", "change-email", "recover"]

_KEY = "agora one-time codes"
_SUBJECTS: dict[Purpose, str] = {
    "verify-email": "{code} is your code for Agora",
    "change-email": "{code} is your code for the new address",
    "recover": "{code} is your code for a new password",
}
_TEXTS: dict[Purpose, str] = {
    "verify-email": "Enter this code at {url}/account/security to show that this address is yours:",
    "change-email": "Enter this code at {url}/account/security to use this address for your account:",
    "recover": "Enter this code at {url}/recover/code to choose a new password:",
}
_CLOSE = (
    "It holds for 15 minutes and five tries. Nobody of Agora will ever ask you for it.\n"
    "If you did not ask for this, you need do nothing: without the code nothing changes.\n"
)


NOBODY = UUID(int=0)


async def send(session: AsyncSession, customer_id: UUID, purpose: Purpose, email: str) -> None:
    """Mail a new code to `email`; one sent before for the same purpose holds no longer."""
    code = await make(session, customer_id, purpose, email)
    text = f"{_TEXTS[purpose].format(url=get_settings().api_url)}\n\n    {code}\n\n{_CLOSE}"
    await send_mail(session, email, _SUBJECTS[purpose].format(code=code), text)


async def make(session: AsyncSession, customer_id: UUID, purpose: Purpose, email: str) -> str:
    """A new code. For `NOBODY` it leads nowhere, and has cost the same work."""
    code = new_code()
    mac = code_mac(derived_key(_KEY), purpose, customer_id, code)
    await repository.put_code(session, customer_id, purpose, email, mac, CODE_LIFETIME)
    return code


async def drop_ways_in(session: AsyncSession, customer_id: UUID) -> None:
    """Who guards the account has changed: codes on their way and sign-ins half done lead nowhere from now on."""
    await repository.drop_ways_in(session, customer_id)


async def redeem(
    customer_id: UUID, purpose: Purpose, code: str, then: Callable[[AsyncSession, str], Awaitable[None]]
) -> None:
    """Use a code up and do `then(session, email)` in the same transaction. Raises CodeRefused.

    A wrong try must stay counted although the request is refused, so this has a transaction of its own. Tries of one
    code wait for each other at its row: not more than five are ever judged.
    """
    async with transaction() as session:
        row = await repository.try_code(session, customer_id, purpose)
        mac = code_mac(derived_key(_KEY), purpose, customer_id, code)
        is_right = row is not None and hmac.compare_digest(mac, bytes(row.code_mac))
        if is_right:
            await repository.drop_code(session, customer_id, purpose)
            await then(session, row.email)
    if not is_right:
        raise CodeRefused
