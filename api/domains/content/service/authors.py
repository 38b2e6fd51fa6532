"""Who writes: the name that somebody chooses, and who writes an article together."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.auth import Principal
from api.core.db import Reader
from api.core.errors import Conflict, Invalid
from api.core.slugs import slugify
from api.core.texts import fitting
from api.domains.content.contracts import Author, Creator
from api.domains.content.domain import LONGEST_NAME, MOST_AUTHORS
from api.domains.content.errors import CreatorNotFound, NameNeeded, NameTaken, TooManyAuthors
from api.domains.content.repository import authors as repository
from api.domains.content.service import access
from api.domains.moderation import facade as moderation

RESERVED = frozenset({"agora", "admin", "moderator", "staff", "support", "other"})


async def find(reader: Reader, customer_id: UUID) -> Creator | None:
    """Under which name somebody writes, if they chose one."""
    return await repository.find(reader, customer_id)


async def needed(reader: Reader, customer_id: UUID) -> Creator:
    """The same. Raises NameNeeded."""
    found = await repository.find(reader, customer_id)
    if found is None:
        raise NameNeeded
    return found


async def by_slug(reader: Reader, slug: str) -> Creator:
    """Somebody who writes, by the name in addresses. Raises CreatorNotFound."""
    found = await repository.by_slug(reader, slug)
    if found is None:
        raise CreatorNotFound
    return found


async def choose_name(session: AsyncSession, customer_id: UUID, name: str) -> Creator:
    """Write under a name from now on; what was written before bears it too. Raises Invalid, NameTaken, TextRefused."""
    name = " ".join(fitting("name", name, LONGEST_NAME, shortest=1).split())
    slug = slugify(name)
    if slug in RESERVED:
        raise Invalid("name", "takes a name with letters or digits, and none of the house")
    if (await moderation.judge(session, name, "community", customer_id, can_wait=False)).status != "published":
        raise Invalid("name", "cannot be this one")
    if not await repository.name(session, customer_id, name, slug):
        raise NameTaken
    return await needed(session, customer_id)


async def of_article(reader: Reader, person: Principal, article_id: UUID) -> list[Author]:
    """Everybody of an article, the owner first. Raises ArticleNotFound."""
    await access.own(reader, person, article_id, with_invited=True)
    return await repository.of_article(reader, article_id)


async def invite(session: AsyncSession, person: Principal, article_id: UUID, creator_slug: str) -> list[Author]:
    """Ask somebody to write along; until they accept they see nothing of it but its title.

    Raises ArticleNotFound, OwnersAct, CreatorNotFound, TooManyAuthors.
    """
    await access.owned(session, person, article_id)
    invited = await by_slug(session, creator_slug)
    there = await repository.of_article(session, article_id)
    if invited.customer_id not in {each.customer_id for each in there}:
        if len(there) >= MOST_AUTHORS:
            raise TooManyAuthors
        await repository.set_role(session, article_id, invited.customer_id, "invited")
    return await repository.of_article(session, article_id)


async def answer(session: AsyncSession, person: Principal, article_id: UUID, is_accepted: bool) -> None:
    """Write along, or do not, or no longer. Raises ArticleNotFound, and Conflict for the owner."""
    article = await access.own(session, person, article_id, with_invited=True, is_locked=True)
    if article.role == "owner":
        raise Conflict("The owner cannot leave the article.")
    if is_accepted:
        await repository.set_role(session, article_id, person.customer_id, "author")
    else:
        await repository.drop(session, article_id, person.customer_id)


async def part_with(session: AsyncSession, person: Principal, article_id: UUID, creator_slug: str) -> None:
    """Somebody writes along no longer, or is not asked any more.

    Raises ArticleNotFound, OwnersAct, CreatorNotFound, and Conflict for the owner.
    """
    await access.owned(session, person, article_id)
    other = await by_slug(session, creator_slug)
    if other.customer_id == person.customer_id:
        raise Conflict("The owner cannot leave the article.")
    if not await repository.drop(session, article_id, other.customer_id):
        raise CreatorNotFound
