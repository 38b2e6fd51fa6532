"""The door of content: what it holds on a person, to hand over or to forget."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader
from api.domains.content.service import privacy


async def export_person(reader: Reader, customer_id: UUID) -> dict[str, list[dict[str, Any]]]:
    """Everything that is held on a person, by what it is."""
    return await privacy.export(reader, customer_id)


async def forget_person(session: AsyncSession, customer_id: UUID) -> dict[str, int]:
    """Take it all away, with the session's other work; rows by what they were. Again it finds nothing."""
    return await privacy.forget(session, customer_id)
