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
from api.domains.content.service import access, subjects
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
# act of a moderator: what follows, and the states that it needs; none: that it is read.
EFFECTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "approve": ("stand", ("held", "rejected")),
    "reject": ("fall", ("held",)),
    "take-down": ("fall", ()),
}


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
    verdict = await _judge(session, article_id, found, person.customer_id)
    if publish_at is not None and publish_at > now:
        await repository.set_pending(session, article_id, "scheduled", number, publish_at)
    else:
        await _bring_out(session, article, found, verdict, await _owner(session, article_id))
    return await access.own(session, person, article_id)


async def _revision(session: AsyncSession, article_id: UUID, number: int) -> Revision:
    found = await repository.revision(session, article_id, number)
    if found is None:
        raise RevisionNotFound
    return found


async def _judge(session: AsyncSession, article_id: UUID, found: Revision, author_id: UUID) -> Verdict:
    words = f"{found.title}\n{found.summary}\n{found.body}"
    return await moderation.judge(session, words, "article", author_id, may_link=True, subject_id=article_id)


async def _owner(session: AsyncSession, article_id: UUID) -> UUID:
    owner_id = await repository.owner(session, article_id)
    if owner_id is None:
        raise ArticleNotFound
    return owner_id


async def _bring_out(
    session: AsyncSession, article: OwnArticle, found: Revision, verdict: Verdict, owner_id: UUID
) -> None:
    if verdict.status == "held" or article.needs_look:
        await repository.set_pending(session, article.article_id, "held", found.revision_number, reason=verdict.rule)
        await moderation.hold(session, subjects.of_article(article, owner_id, found), verdict)
    else:
        await _go_live(session, article.article_id, found)
        await moderation.withdraw(session, "article", article.article_id, owner_id)


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
    await moderation.withdraw(session, "article", article_id, person.customer_id)
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
        verdict = await _judge(session, article_id, found, owner_id)
    except moderation.TextRefused as error:
        refusal = f"It goes against our policy “{error.extra['policy']}”: why is told in your account under Statements."
        await repository.set_pending(session, article_id, "rejected", found.revision_number, reason=refusal)
        await _mail(session, owner_id, found.title, f"was not published. {refusal}")
        return
    await _bring_out(session, article, found, verdict, owner_id)


async def held(reader: Reader) -> list[HeldArticle]:
    """What waits for a moderator's look, the longest first."""
    return await repository.held(reader, SHOWN)


async def decide(session: AsyncSession, moderator_id: UUID, article_id: UUID, act: str, reason: str = "") -> None:
    """A moderator lets through what is held (or was rejected), rejects it, or takes down what is read.

    The owner is told. Raises ArticleNotFound, Invalid, and Conflict where its state is another.
    """
    owner_id = await _owner(session, article_id)
    article = await repository.own(session, article_id, owner_id, is_locked=True)
    if article is None:
        raise ArticleNotFound
    if act not in EFFECTS:
        raise Invalid("act", f"is one of {', '.join(EFFECTS)}")
    effect, needed = EFFECTS[act]
    if effect == "fall":
        reason = fitting("reason", reason, LONGEST_REASON, shortest=1)
    if not (article.pending in needed if needed else article.live_revision is not None):
        raise Conflict(f"This article is {article.state}.")
    subject = subjects.of_article(article, owner_id)
    await moderation.settle(session, subject, moderator_id, "approve" if effect == "stand" else "remove", reason)
    if article.pending == "rejected":
        await moderation.take_back(session, "article", article_id, moderator_id)
    await record_act(session, moderator_id, f"articles.{act}", f"article:{article_id}", reason=reason)
    await follow(session, article_id, effect, reason, is_about_live=not needed)


async def follow(
    session: AsyncSession, article_id: UUID, effect: str, reason: str, *, is_about_live: bool = False
) -> None:
    """What was decided, done: `stand` brings words out, `fall` takes them away, `wait` has them looked at again.

    It is about the words that wait, where there are any and it is not said to be about those that are read.
    """
    owner_id = await repository.owner(session, article_id)
    article = await repository.own(session, article_id, owner_id, is_locked=True) if owner_id else None
    if owner_id is None or article is None:
        return
    waiting = article.pending_revision if article.pending in ("held", "rejected") and not is_about_live else None
    if effect == "stand" and waiting is not None:
        await _go_live(session, article_id, await _revision(session, article_id, waiting))
        await _mail(session, owner_id, article.title, "is published.")
    elif effect == "fall" and article.pending == "held" and waiting is not None:
        await repository.set_pending(session, article_id, "rejected", waiting, reason=reason)
    elif effect == "wait" and article.pending == "rejected" and waiting is not None:
        await repository.set_pending(session, article_id, "held", waiting)
    elif effect in ("fall", "wait") and waiting is None and article.live_revision is not None:
        became, why = ("rejected", reason) if effect == "fall" else ("held", None)
        await repository.withdraw(session, article_id, became, article.live_revision, why)
        await _tell_withdrawn(session, article_id, is_by_moderator=True)
    else:
        return
    await repository.set_needs_look(session, article_id, effect != "stand")


async def _mail(session: AsyncSession, owner_id: UUID, title: str, said: str) -> None:
    address = await identity.email_of(session, owner_id)
    if address is not None:
        here = get_settings().api_url.rstrip("/")
        await send_mail(session, address, "News of your article", f"“{title}” {said}\n\n{here}/create/articles\n")
