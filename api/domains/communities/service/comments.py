"""Comments: written, changed, deleted."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.auth import Principal, Visitor
from api.core.db import Reader
from api.core.markdown import to_html
from api.core.outbox import publish
from api.core.texts import fitting
from api.domains.communities.contracts import CommentView, PostView, Revision
from api.domains.communities.domain.roles import Standing
from api.domains.communities.errors import Blocked, Closed, CommentNotFound, NotTheAuthor, TooDeep
from api.domains.communities.repository import comments as repository
from api.domains.communities.repository import posts as post_repository
from api.domains.communities.repository import wanted
from api.domains.communities.service import access, notifications, people, posts, purchases, trust
from api.domains.moderation import facade as moderation
from api.domains.moderation.contracts import Verdict
from ingestion.contracts import new_event_id
from ingestion.contracts.communities import CommentPublished, CommentWithdrawn

LONGEST = 10_000
DEEPEST = 50
CONTEXT = 3  # comments above the one that a permalink leads to
GONE = posts.GONE


async def write(
    session: AsyncSession, person: Principal, post_id: UUID, parent_id: UUID | None, body: str
) -> CommentView:
    """An answer to a post, or to a comment below it; it may be looked at before others see it.

    Raises PostNotFound, CommentNotFound, MayNotWrite, Closed, TooMany, OwnersOnly, Blocked, TooDeep,
    Invalid and TextRefused.
    """
    post = await posts.get(session, post_id, person)
    _, place = await access.writable(session, post.community_id, person)
    if post.status != "published" or post.is_locked:
        raise Closed
    await trust.check_pace(session, person.customer_id, place)
    await purchases.check_owner(session, post, person.customer_id)
    body = fitting("body", body, LONGEST, shortest=1)
    path, answered_id = await _path(session, post, parent_id)
    if await wanted.kind(session, answered_id, person.customer_id) == "block":
        raise Blocked
    verdict = await _judged(session, person, place, body)
    await people.ensure(session, person.customer_id)
    comment_id = new_event_id()
    where = {"comment_id": comment_id, "post_id": post_id, "parent_id": parent_id or post_id, "path": path}
    words = {"author_id": person.customer_id, "body": body, "body_html": to_html(body)}
    await repository.add(session, where | words | {"status": verdict.status, "reason": verdict.rule})
    if verdict.status == "published":
        ids = (session, post_id, parent_id or post_id, person.customer_id)
        # The post may have been removed or locked since it was read: the count itself asks again, under its lock.
        if not await repository.place(*ids, is_new=True, is_back=False):
            raise Closed
        await tell_published(session, comment_id, post_id, parent_id or post_id, post.community_id, person.customer_id)
    return (await repository.find(session, [comment_id], person.customer_id))[comment_id]


async def _judged(session: AsyncSession, person: Principal, place: Standing, body: str) -> Verdict:
    may_link = await trust.may_link(session, person.customer_id, place)
    return await moderation.judge(session, body, "comment", person.customer_id, may_link=may_link)


async def _path(session: AsyncSession, post: PostView, parent_id: UUID | None) -> tuple[list[UUID], UUID]:
    """What stands above an answer, and whom it answers."""
    if parent_id is None or parent_id == post.post_id:
        return [], post.author_id
    parent = (await repository.find(session, [parent_id], None)).get(parent_id)
    if parent is None or parent.post_id != post.post_id:
        raise CommentNotFound
    if parent.status != "published":
        raise Closed
    if parent.depth >= DEEPEST:
        raise TooDeep
    return [*parent.path, parent_id], parent.author_id


async def get(reader: Reader, comment_id: UUID, who: Visitor | Principal) -> tuple[CommentView, PostView]:
    """A comment as this person may see it, and its post. Raises CommentNotFound and PostNotFound."""
    found = (await repository.find(reader, [comment_id], who.customer_id)).get(comment_id)
    if found is None:
        raise CommentNotFound
    post = await posts.get(reader, found.post_id, who)
    place = await access.standing(reader, post.community_id, who)
    if found.status in ("held", "rejected") and found.author_id != who.customer_id and not place.leads:
        raise CommentNotFound
    return shown(found, who, place), post


def shown(comment: CommentView, who: Visitor | Principal, place: Standing) -> CommentView:
    """A removed or deleted one keeps its place and its answers, and loses its words and its author."""
    is_for_them = comment.status == "removed" and (place.leads or comment.author_id == who.customer_id)
    if comment.status not in GONE or is_for_them:
        return comment
    return replace(comment, body="", body_html="", author=posts.VEIL)


async def above(reader: Reader, comment: CommentView, who: Visitor | Principal, place: Standing) -> list[CommentView]:
    """What a comment answers, from the top, as far as a permalink shows it."""
    wanted: Sequence[UUID] = comment.path[-CONTEXT:]
    found = await repository.find(reader, wanted, who.customer_id) if wanted else {}
    return [shown(found[each], who, place) for each in wanted]


async def edit(session: AsyncSession, person: Principal, comment_id: UUID, body: str) -> CommentView:
    """Other words of the author's; the old ones are kept. Raises as `write`, and NotTheAuthor."""
    was, post = await get(session, comment_id, person)
    if was.author_id != person.customer_id:
        raise NotTheAuthor
    _, place = await access.writable(session, post.community_id, person)
    body = fitting("body", body, LONGEST, shortest=1)
    row = await repository.lock(session, comment_id)
    if row is None or row.status in GONE or post.status in GONE:
        raise Closed
    if row.body == body:
        return was
    verdict = await _judged(session, person, place, body)
    # A comment that others answered keeps its place: with a doubt about its new words it is removed, not unplaced.
    status: str = verdict.status if row.status == "published" else "held"
    if status == "held" and row.status == "published":
        status = "removed"
    await post_repository.keep_revision(session, comment_id, None, row.body)
    words = {"comment_id": comment_id, "body": body, "body_html": to_html(body)}
    await repository.edit(session, words | {"status": status, "reason": verdict.rule})
    if row.status == "published" and status != "published":
        await repository.uncount(session, was.post_id)
        await tell_withdrawn(session, was, post.community_id, status)
    elif status == "published":
        ids = (comment_id, was.post_id, was.parent_id, post.community_id, was.author_id)
        await tell_published(session, *ids)
    return (await get(session, comment_id, person))[0]


async def delete(session: AsyncSession, person: Principal, comment_id: UUID) -> None:
    """Take a comment of one's own away for good: its words go, answers stay. Raises CommentNotFound, NotTheAuthor."""
    was, post = await get(session, comment_id, person)
    if was.author_id != person.customer_id:
        raise NotTheAuthor
    row = await repository.lock(session, comment_id)
    if row is None or row.status == "deleted":
        return
    if row.status in ("held", "rejected"):  # it never had a place, and nobody answered it
        await repository.remove(session, comment_id)
        return
    await repository.wipe(session, comment_id)
    if row.status == "published":
        await repository.uncount(session, was.post_id)
        await tell_withdrawn(session, was, post.community_id, "deleted")


async def revisions(reader: Reader, comment_id: UUID, who: Visitor | Principal) -> list[Revision]:
    """What a comment said before; nothing of one that is gone. Raises CommentNotFound."""
    comment, _ = await get(reader, comment_id, who)
    return [] if comment.status in GONE else await post_repository.revisions(reader, comment_id)


async def tell_published(
    session: AsyncSession, comment_id: UUID, post_id: UUID, parent_id: UUID, community_id: UUID, author_id: UUID
) -> None:
    """Say that it can be read."""
    ids = {"comment_id": comment_id, "post_id": post_id, "community_id": community_id, "customer_id": author_id}
    await publish(session, CommentPublished(**ids, parent_id=parent_id))
    await notifications.tell_of(session, comment_id=comment_id)


async def tell_withdrawn(session: AsyncSession, comment: CommentView, community_id: UUID, status: str) -> None:
    """Say that it can be read no longer."""
    ids = {"comment_id": comment.comment_id, "post_id": comment.post_id, "customer_id": comment.author_id}
    await publish(session, CommentWithdrawn(**ids, community_id=community_id, status=status))
