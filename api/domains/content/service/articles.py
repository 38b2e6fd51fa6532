"""Articles as their authors work on them: kept as they type, every kept version there to compare and to bring back."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core import uploads
from api.core.auth import Principal, Visitor
from api.core.db import Reader
from api.core.errors import Conflict, Invalid
from api.core.markdown import own_pictures
from api.core.outbox import publish
from api.core.paging import Page, decode_cursor, encode_cursor
from api.domains.content.contracts import Article, ArticleCard, DiffLine, OwnArticle, Revision
from api.domains.content.domain import LONGEST_BODY, LONGEST_SUMMARY, LONGEST_TITLE, diff
from api.domains.content.errors import ArticleChanged, ArticleNotFound, RevisionNotFound
from api.domains.content.repository import articles as repository
from api.domains.content.repository import authors as author_repository
from api.domains.content.service import access, authors
from ingestion.contracts.content import ArticleStarted

MOST_LISTED = 200
LENGTHS = {"title": LONGEST_TITLE, "summary": LONGEST_SUMMARY, "body": LONGEST_BODY}


@dataclass(frozen=True, slots=True)
class Words:
    """What authors work on; nothing of it has to fit yet, but for its length."""

    title: str = ""
    summary: str = ""
    body: str = ""
    image_id: UUID | None = None


def keeper(article_id: UUID) -> str:
    """How an article is called where its pictures are kept."""
    return f"article:{article_id}"


async def write(session: AsyncSession, person: Principal, article_id: UUID, version: int, words: Words) -> OwnArticle:
    """Keep the words in place of those of `version`; 0: the article is new. The same again changes nothing.

    Raises NameNeeded, Invalid, ArticleNotFound for another person's, PictureNotFound, and ArticleChanged where it was
    kept since, in another window or by another author.
    """
    _check(words)
    values = {"article_id": article_id, "title": words.title, "summary": words.summary, "body": words.body}
    values |= {"image_id": words.image_id}
    if version == 0:
        await authors.needed(session, person.customer_id)
        if await repository.add(session, values):
            await author_repository.set_role(session, article_id, person.customer_id, "owner")
            await _keep_pictures(session, person, article_id, words)
            await publish(session, ArticleStarted(article_id=article_id, customer_id=person.customer_id))
            return await access.own(session, person, article_id)
    known = await access.own(session, person, article_id, is_locked=True)
    if Words(known.title, known.summary, known.body, known.image_id) == words:
        return known
    if known.version != version:
        raise ArticleChanged(version=known.version)
    await repository.write(session, values)
    await _keep_pictures(session, person, article_id, words)
    return await access.own(session, person, article_id)


def _check(words: Words) -> None:
    for name, longest in LENGTHS.items():
        text = getattr(words, name)
        if len(text) > longest or "\x00" in text:
            raise Invalid(name, f"takes up to {longest} characters")


async def _keep_pictures(session: AsyncSession, person: Principal, article_id: UUID, words: Words) -> None:
    """What the words show is kept; a picture of an earlier version stays for whoever brings that back."""
    named = own_pictures(words.body) | ({words.image_id} if words.image_id else set())
    for image_id in named:
        picture = await uploads.find(session, image_id)
        if picture is None or picture.kept_by != keeper(article_id):
            await uploads.keep(session, person.customer_id, image_id, keeper(article_id))


async def of_person(reader: Reader, customer_id: UUID) -> list[OwnArticle]:
    """What somebody writes or is asked to, the latest first."""
    return await repository.of_person(reader, customer_id, MOST_LISTED)


async def get_own(reader: Reader, person: Principal, article_id: UUID) -> OwnArticle:
    """One that the person writes. Raises ArticleNotFound."""
    return await access.own(reader, person, article_id)


async def keep(session: AsyncSession, person: Principal, article_id: UUID) -> int:
    """Keep the present words as a revision; its number. Raises ArticleNotFound."""
    await access.own(session, person, article_id, is_locked=True)
    return await repository.keep_revision(session, article_id, person.customer_id)


async def revisions(reader: Reader, person: Principal, article_id: UUID) -> list[Revision]:
    """The last hundred, the newest first, without their bodies. Raises ArticleNotFound."""
    await access.own(reader, person, article_id)
    return await repository.revisions(reader, article_id)


async def revision(reader: Reader, person: Principal, article_id: UUID, revision_number: int) -> Revision:
    """One of them. Raises ArticleNotFound and RevisionNotFound."""
    await access.own(reader, person, article_id)
    found = await repository.revision(reader, article_id, revision_number)
    if found is None:
        raise RevisionNotFound
    return found


async def compare(
    reader: Reader, person: Principal, article_id: UUID, revision_number: int, against: int | None
) -> list[DiffLine]:
    """What a revision took away and added against another one, by itself that before it.

    Raises ArticleNotFound and RevisionNotFound.
    """
    after = await revision(reader, person, article_id, revision_number)
    other = revision_number - 1 if against is None else against
    before = await revision(reader, person, article_id, other) if other > 0 else None
    return diff(_whole(before) if before else "", _whole(after))


def _whole(found: Revision) -> str:
    return f"{found.title}\n{found.summary}\n\n{found.body}"


async def restore(session: AsyncSession, person: Principal, article_id: UUID, revision_number: int) -> OwnArticle:
    """Work on from an earlier revision; the words of now are kept as one before.

    Raises ArticleNotFound and RevisionNotFound.
    """
    was = await revision(session, person, article_id, revision_number)
    now = await access.own(session, person, article_id, is_locked=True)
    await repository.keep_revision(session, article_id, person.customer_id)
    values = {"article_id": article_id, "title": was.title, "summary": was.summary, "body": was.body}
    await repository.write(session, values | {"image_id": was.image_id})
    return await access.own(session, person, now.article_id)


async def delete(session: AsyncSession, person: Principal, article_id: UUID) -> None:
    """Forget an article that is not published, with its pictures. Raises ArticleNotFound, OwnersAct, Conflict."""
    article = await access.owned(session, person, article_id)
    if article.live_revision is not None:
        raise Conflict("Withdraw the article first.")
    await repository.delete(session, article_id)
    await uploads.release(session, keeper(article_id))


async def latest(reader: Reader, creator: str | None, cursor: str | None, limit: int) -> Page[ArticleCard]:
    """Published articles, all or one creator's, the newest first. Raises Invalid for another list's cursor."""
    at, last = None, None
    if cursor:
        moment, after = decode_cursor(cursor, str, str)
        try:
            at, last = datetime.fromisoformat(moment), UUID(after)
        except ValueError:
            raise Invalid("cursor", "is not a cursor of this list") from None
    rows = await repository.latest(reader, creator, at, last, limit + 1)
    if len(rows) <= limit:
        return Page(rows)
    end = rows[limit - 1]
    return Page(rows[:limit], encode_cursor(end.published_at.isoformat(), str(end.article_id)))


async def read(reader: Reader, slug: str) -> Article:
    """What is read at an address; at an old one the article with its present address. Raises ArticleNotFound."""
    found = await repository.read(reader, slug)
    if found is None:
        raise ArticleNotFound
    return found


async def may_see_pictures(reader: Reader, article_id: UUID, who: Visitor) -> bool:
    """Whether somebody may see what an article shows: everybody once it is published, else its authors."""
    if who.customer_id is not None and await repository.own(reader, article_id, who.customer_id) is not None:
        return True
    return await repository.is_live(reader, article_id)
