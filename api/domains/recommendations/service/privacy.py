"""Everything that recommendations hold on one person: handed over on request, and forgotten.

What somebody bought, as the models know it, goes with the lake and the next version that is trained.
"""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader
from api.domains.recommendations.repository import privacy as repository


async def export(reader: Reader, customer_id: UUID) -> dict[str, list[dict[str, Any]]]:
    """What is held, by what it is, as plain values."""
    return await repository.held(reader, customer_id)


async def forget(session: AsyncSession, customer_id: UUID) -> dict[str, int]:
    """Take away what a person said, what was shown to them and mailed. Again it finds nothing."""
    return await repository.forget(session, customer_id)
