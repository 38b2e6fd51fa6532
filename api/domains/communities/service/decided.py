"""What moderators of the house decided of posts and comments, done here."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.inbox import ReceivedEvent
from api.domains.communities.repository import comments as comment_repository
from api.domains.communities.repository import posts as post_repository
from api.domains.communities.service import moderating
from api.domains.moderation import facade as moderation
from api.domains.moderation.contracts import Decision

# effect → the state that each state becomes; what is not named stays as it is, above all what its author deleted.
BECOMES = {
    "stand": {"held": "published", "rejected": "published", "removed": "published"},
    "fall": {"published": "removed", "held": "rejected"},
    # What was let through has answers by now: it goes from sight and keeps its place.
    "wait": {"rejected": "held", "published": "removed"},
}
GONE = ("removed", "rejected")
ACTS = {
    ("held", "published"): "approve",
    ("held", "rejected"): "reject",
    ("published", "removed"): "remove",
    ("removed", "published"): "restore",
    ("rejected", "published"): "restore",
}


async def hear(session: AsyncSession, events: list[ReceivedEvent]) -> None:
    """Publish, remove or hold again, as it was decided. A decision on words that were changed since does nothing."""
    async for told, made in moderation.to_carry_out(session, events, BY_KIND):
        await BY_KIND[told.kind](session, told.subject_id, told.effect, made)


async def _move_post(session: AsyncSession, post_id: UUID, effect: str, made: Decision) -> None:
    row = await post_repository.lock(session, post_id)
    post = await post_repository.by_id(session, post_id)
    now = BECOMES.get(effect, {}).get(row.status) if row else None
    if row is None or post is None or now is None:
        return
    await moderating.move_post(session, post, row.status, now, _reason(made) if now in GONE else None)
    await _note(session, post.community_id, "post", post_id, (row.status, now), made)


async def _move_comment(session: AsyncSession, comment_id: UUID, effect: str, made: Decision) -> None:
    row = await comment_repository.lock(session, comment_id)
    comment = (await comment_repository.find(session, [comment_id], None)).get(comment_id)
    post = await post_repository.by_id(session, comment.post_id) if comment else None
    now = BECOMES.get(effect, {}).get(row.status) if row else None
    if row is None or comment is None or post is None or now is None:
        return
    await moderating.move_comment(session, comment, post, row.status, now, _reason(made) if now in GONE else None)
    await _note(session, post.community_id, "comment", comment_id, (row.status, now), made)


def _reason(made: Decision) -> str:
    return made.note or made.policy


async def _note(
    session: AsyncSession, community_id: UUID, kind: str, subject_id: UUID, change: tuple[str, str], made: Decision
) -> None:
    act = ACTS.get(change)
    if act is not None:
        actor_id = made.undone_by or made.actor_id
        await moderating.note(session, community_id, actor_id, act, kind, subject_id, made.note, {"status": change[0]})


BY_KIND: dict[str, Callable[[AsyncSession, UUID, str, Decision], Awaitable[None]]] = {
    "post": _move_post,
    "comment": _move_comment,
}
