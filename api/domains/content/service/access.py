"""Whose an article is: every use case of its authors asks here."""

from uuid import UUID

from api.core.auth import Principal
from api.core.db import Reader
from api.domains.content.contracts import OwnArticle
from api.domains.content.errors import ArticleNotFound, OwnersAct
from api.domains.content.repository import articles


async def own(
    reader: Reader, person: Principal, article_id: UUID, *, with_invited: bool = False, is_locked: bool = False
) -> OwnArticle:
    """An article that the person writes; `with_invited`: or is asked to. Raises ArticleNotFound."""
    found = await articles.own(reader, article_id, person.customer_id, is_locked=is_locked)
    if found is None or (found.role == "invited" and not with_invited):
        raise ArticleNotFound
    return found


async def owned(reader: Reader, person: Principal, article_id: UUID) -> OwnArticle:
    """One that is the person's, locked. Raises ArticleNotFound and OwnersAct."""
    found = await own(reader, person, article_id, is_locked=True)
    if found.role != "owner":
        raise OwnersAct
    return found
