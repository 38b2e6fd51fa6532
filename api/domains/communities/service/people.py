"""How people are called among others: a handle that the house makes, until they choose one."""

import re
import secrets
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader
from api.core.errors import Invalid
from api.core.texts import fitting
from api.domains.communities.contracts import Person
from api.domains.communities.errors import HandleTaken, PersonNotFound
from api.domains.communities.repository import people

_HANDLE = re.compile(r"[a-z0-9_-]{3,30}")
RESERVED = frozenset({"agora", "admin", "moderator", "owner", "staff", "deleted", "support"})
LONGEST_ABOUT = 500


async def ensure(session: AsyncSession, customer_id: UUID) -> Person:
    """The person, known by a handle from now on."""
    while (found := await people.find(session, customer_id)) is None:
        await people.add(session, customer_id, f"member-{secrets.token_hex(4)}")
    return found


async def find(reader: Reader, customer_id: UUID) -> Person | None:
    """The person, if they ever took part."""
    return await people.find(reader, customer_id)


async def by_handle(reader: Reader, handle: str) -> Person:
    """Somebody by handle. Raises PersonNotFound."""
    found = await people.by_handle(reader, handle)
    if found is None:
        raise PersonNotFound
    return found


async def choose(session: AsyncSession, customer_id: UUID, handle: str) -> Person:
    """Give oneself a handle, once. Raises Invalid and HandleTaken."""
    handle = handle.strip().lower().removeprefix("@")
    if not _HANDLE.fullmatch(handle) or handle in RESERVED or handle.startswith("member-"):
        raise Invalid("handle", "takes 3 to 30 letters, digits, - or _, and no name of the house")
    await ensure(session, customer_id)
    if not await people.name(session, customer_id, handle):
        raise HandleTaken
    return await ensure(session, customer_id)


async def describe(session: AsyncSession, customer_id: UUID, about: str) -> Person:
    """What the person says of themselves. Raises Invalid."""
    about = fitting("about", about, LONGEST_ABOUT)
    await ensure(session, customer_id)
    await people.describe(session, customer_id, about)
    return await ensure(session, customer_id)
