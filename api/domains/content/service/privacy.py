"""Everything that content holds on one person: handed over on request, and forgotten."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core import uploads
from api.core.db import Reader
from api.core.outbox import publish
from api.domains.content.repository import privacy as repository
from api.domains.content.service.articles import keeper
from ingestion.contracts.content import ArticleWithdrawn


async def export(reader: Reader, customer_id: UUID) -> dict[str, list[dict[str, Any]]]:
    """What is held, by what it is, as plain values."""
    return await repository.held(reader, customer_id)


async def forget(session: AsyncSession, customer_id: UUID) -> dict[str, int]:
    """Take away a person's articles, with versions and pictures, and their name.

    An article that others write along stays theirs. Again it finds nothing. Returns rows by what they were.
    """
    owned = await repository.owned(session, customer_id)
    inherited = await repository.hand_over(session, customer_id)
    gone = {article_id: is_live for article_id, is_live in owned.items() if article_id not in inherited}
    for article_id, is_live in gone.items():
        await repository.delete(session, article_id)
        await uploads.release(session, keeper(article_id))
        if is_live:
            await publish(
                session, ArticleWithdrawn(article_id=article_id, customer_id=customer_id, is_by_moderator=False)
            )
    versions, names = await repository.forget_creator(session, customer_id)
    return {"articles": len(gone), "handed_over": len(inherited), "versions": versions, "creator": names}
