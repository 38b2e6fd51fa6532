"""The only door into recommendations for other domains, the pages of api.web and the application."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader
from api.domains.recommendations.repository.recent import close_recent
from api.domains.recommendations.service import privacy
from api.domains.recommendations.service.feed import for_you
from api.domains.recommendations.service.house import forget_house
from api.domains.recommendations.service.labels import forget_labels
from api.domains.recommendations.service.model import forget_model, prepare
from api.domains.recommendations.service.recommend import recommend, record
from api.domains.recommendations.service.search import rerank

__all__ = ["close", "export_person", "for_you", "forget_person", "prepare", "recommend", "record", "rerank"]


async def export_person(reader: Reader, customer_id: UUID) -> dict[str, list[dict[str, Any]]]:
    """Everything that is held on a person, by what it is."""
    return await privacy.export(reader, customer_id)


async def forget_person(session: AsyncSession, customer_id: UUID) -> dict[str, int]:
    """Take it all away, with the session's other work; rows by what they were. Again it finds nothing."""
    return await privacy.forget(session, customer_id)


async def close() -> None:
    """Let go of what this process holds."""
    await close_recent()
    forget_model()
    forget_house()
    await forget_labels()
