"""How articles come out: at once, at their time, after a look; and how they go.

The verdict is asked for when somebody publishes or schedules, and once more when the time has come: rules may have
changed meanwhile.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.audit import record_act
from api.core.auth import Principal
from api.core.db import Reader, transaction
from api.core.errors import Conflict, Invalid
from api.core.mail import send_mail
from api.core.markdown import to_html
from api.core.outbox import publish as tell
from api.core.settings import get_settings
from api.core.texts import fitting
from api.domains.content.contracts import HeldArticle, OwnArticle, Revision
from api.domains.content.domain import LONGEST_BODY, LONGEST_SLUG, LONGEST_SUMMARY, LONGEST_TITLE, address_of
from api.domains.content.errors import (
    AddressTaken,
    ArticleChanged,
    ArticleNotFound,
    NothingToWithdraw,
    RevisionNotFound,
)
from api.domains.content.repository import articles as repository
from api.domains.content.service import access
from api.domains.identity import facade as identity
from api.domains.moderation import facade as moderation
from api.domains.moderation.contracts import Verdict
from ingestion.contracts import new_event_id
from ingestion.contracts.content import ArticlePublished, ArticleWithdrawn

log = structlog.get_logger(__name__)
LATEST_TIME = timedelta(days=366)
AT_ONCE = 100
SHOWN = 100
LONGEST_REASON = 500


async def publish(
    session: AsyncSession, person: Principal, article_id: UUID, version: int, publish_at: datetime | None = None
) -> OwnArticle:
    """Bring out the words of `version`, at once or at a time to come; what is read until then stays.

    Raises ArticleNotFound, ArticleChanged, Invalid, and TextRefused where a rule of moderation rejects it.
    """
    article = await access.own(session, person, article_id, is_locked=True)
    if article.version != version:
        raise ArticleChanged(version=article.version)
    fitting("title", article.title, LONGEST_TITLE, shortest=1)
    fitting("summary", article.summary, LONGEST_SUMMARY)
    fitting("body", article.body, LONGEST_BODY, shortest=1)
    now = datetime.now(UTC)
    if publish_at is not None and publish_at > now + LATEST_TIME:
        raise Invalid("publish_at", "is at most a year from now")
    number = await repository.keep_revision(session, article_id, person.customer_id)
    found = await _revision(session, article_id, number)
    verdict = await _judge(session, found, person.customer_id)
    if publish_at is not None and publish_at > now:
        await repository.set_pending(session, article_id, "scheduled", number, publish_at)
    else:
        await _bring_out(session, article, found, verdict)
    return await access.own(session, person, article_id)


async def _revision(session: AsyncSession, article_id: UUID, number: int) -> Revision:
    found = await repository.revision(session, article_id, number)
    if found is None:
        raise RevisionNotFound
    return found


async def _judge(session: AsyncSession, found: Revision, author_id: UUID) -> Verdict:
    words = f"{found.title}\n{found.summary}\n{found.body}"
    return await moderation.judge(session, words, "post", author_id, may_link=True)


async def _bring_out(session: AsyncSession, article: OwnArticle, found: Revision, verdict: Verdict) -> None:
    if verdict.status == "held" or article.needs_look:
        await repository.set_pending(session, article.article_id, "held", found.revision_number, reason=verdict.rule)
    else:
        await _go_live(session, article.article_id, found)


async def _go_live(session: AsyncSession, article_id: UUID, found: Revision) -> None:
    owner_id = await repository.owner(session, article_id)
    was = await repository.own(session, article_id, owner_id) if owner_id else None
    if owner_id is None or was is None:
        raise ArticleNotFound
    if was.slug is None:
        await _take_some_slug(session, article_id, address_of(found.title))
    html = to_html(found.body, has_pictures=True, top_heading=2)
    await repository.go_live(session, article_id, found.revision_number, html)
    is_first = was.published_at is None
    told = ArticlePublished(
        article_id=article_id, customer_id=owner_id, revision_number=found.revision_number, is_first=is_first
    )
    await tell(session, told)


async def _take_some_slug(session: AsyncSession, article_id: UUID, wanted: str) -> None:
    """The title's own address, or where that is taken one with a number or letters after it."""
    for slug in (wanted, *(f"{wanted}-{number}" for number in range(2, 6)), f"{wanted}-{new_event_id().hex[-8:]}"):
        if await repository.take_slug(session, article_id, slug):
            return
    raise AddressTaken


async def readdress(session: AsyncSession, person: Principal, article_id: UUID, slug: str) -> OwnArticle:
    """Another address; the ones before lead on to it. Raises ArticleNotFound, OwnersAct, Invalid, AddressTaken."""
    await access.owned(session, person, article_id)
    fitting("slug", slug, LONGEST_SLUG, shortest=1)
    if address_of(slug) != slug:
        raise Invalid("slug", "takes small letters, digits and single dashes between them")
    if not await repository.take_slug(session, article_id, slug):
        raise AddressTaken
    return await access.own(session, person, article_id)


async def withdraw(session: AsyncSession, person: Principal, article_id: UUID) -> OwnArticle:
    """Take back what is scheduled or held; where nothing is, the article itself is read no longer.

    Raises ArticleNotFound and NothingToWithdraw.
    """
    article = await access.own(session, person, article_id, is_locked=True)
    if article.pending is not None:
        await repository.set_pending(session, article_id, None, None)
    elif article.live_revision is not None:
        await repository.withdraw(session, article_id, None, None, None)
        await _tell_withdrawn(session, article_id, is_by_moderator=False)
    else:
        raise NothingToWithdraw
    return await access.own(session, person, article_id)


async def _tell_withdrawn(session: AsyncSession, article_id: UUID, *, is_by_moderator: bool) -> None:
    owner_id = await repository.owner(session, article_id)
    if owner_id is not None:
        told = ArticleWithdrawn(article_id=article_id, customer_id=owner_id, is_by_moderator=is_by_moderator)
        await tell(session, told)


async def publish_due() -> int:
    """Bring out what has waited for its time: a sweep, which may run in several workers at once.

    One that a rule rejects by now is refused, and its owner told by mail.
    """
    for count in range(AT_ONCE):
        async with transaction() as session:
            if (due := await repository.due(session)) is None:
                return count
            await _bring_out_due(session, *due)
    return AT_ONCE


async def _bring_out_due(session: AsyncSession, article_id: UUID, owner_id: UUID) -> None:
    article = await repository.own(session, article_id, owner_id)
    if article is None or article.pending_revision is None:
        return
    found = await _revision(session, article_id, article.pending_revision)
    try:
        verdict = await _judge(session, found, owner_id)
    except Invalid as error:
        refusal = moderation.refusal(error)
        if refusal is None:
            raise
        await repository.set_pending(session, article_id, "rejected", found.revision_number, reason=refusal)
        await _mail(session, owner_id, found.title, f"was not published. {refusal}")
        return
    await _bring_out(session, article, found, verdict)


async def held(reader: Reader) -> list[HeldArticle]:
    """What waits for a moderator's look, the longest first."""
    return await repository.held(reader, SHOWN)


async def decide(session: AsyncSession, moderator_id: UUID, article_id: UUID, act: str, reason: str = "") -> None:
    """A moderator lets through what is held (or was rejected), rejects it, or takes down what is read.

    The owner is told by mail. Raises ArticleNotFound, Invalid, and Conflict where its state is another.
    """
    owner_id = await repository.owner(session, article_id)
    article = await repository.own(session, article_id, owner_id, is_locked=True) if owner_id else None
    if owner_id is None or article is None:
        raise ArticleNotFound
    if act == "approve" and article.pending in ("held", "rejected") and article.pending_revision is not None:
        await _go_live(session, article_id, await _revision(session, article_id, article.pending_revision))
        said = "is published."
    elif act == "reject" and article.pending == "held" and article.pending_revision is not None:
        reason = fitting("reason", reason, LONGEST_REASON, shortest=1)
        await repository.set_pending(session, article_id, "rejected", article.pending_revision, reason=reason)
        said = f"was not published: {reason}"
    elif act == "take-down" and article.live_revision is not None:
        reason = fitting("reason", reason, LONGEST_REASON, shortest=1)
        await repository.withdraw(session, article_id, "rejected", article.live_revision, reason)
        await _tell_withdrawn(session, article_id, is_by_moderator=True)
        said = f"was taken down: {reason}"
    elif act in ("approve", "reject", "take-down"):
        raise Conflict(f"This article is {article.state}.")
    else:
        raise Invalid("act", "is one of approve, reject, take-down")
    await repository.set_needs_look(session, article_id, act != "approve")
    await record_act(session, moderator_id, f"articles.{act}", f"article:{article_id}", reason=reason)
    await _mail(session, owner_id, article.title, said)


async def _mail(session: AsyncSession, owner_id: UUID, title: str, said: str) -> None:
    address = await identity.email_of(session, owner_id)
    if address is not None:
        here = get_settings().api_url.rstrip("/")
        await send_mail(session, address, "News of your article", f"“{title}” {said}\n\n{here}/create/articles\n")
