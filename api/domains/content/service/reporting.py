"""Reports: what readers say against articles."""

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.auth import Principal
from api.core.db import Reader
from api.domains.content.errors import ArticleNotFound
from api.domains.content.repository import articles as repository
from api.domains.content.service import articles, subjects
from api.domains.moderation import facade as moderation
from api.domains.moderation.contracts import Subject


async def to_report(reader: Reader, slug: str) -> Subject:
    """A published article with the words that are read, by its present address or an earlier one.

    Raises ArticleNotFound.
    """
    shown = await articles.read(reader, slug)
    owner_id = await repository.owner(reader, shown.article_id)
    own = await repository.own(reader, shown.article_id, owner_id) if owner_id else None
    if owner_id is None or own is None or own.live_revision is None:
        raise ArticleNotFound
    return subjects.of_article(own, owner_id, await repository.revision(reader, own.article_id, own.live_revision))


async def report(session: AsyncSession, person: Principal, slug: str, policy: str, words: str) -> None:
    """Say what is wrong with it; the same person's next report replaces it.

    Raises ArticleNotFound, Invalid and OwnWords.
    """
    await moderation.report(session, await to_report(session, slug), person.customer_id, policy, words)
