"""Reports: what readers say against posts and comments."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.auth import Principal
from api.core.db import Reader
from api.domains.communities.errors import Closed
from api.domains.communities.service import comments, posts, subjects
from api.domains.moderation import facade as moderation
from api.domains.moderation.contracts import Subject


async def post_to_report(reader: Reader, person: Principal, post_id: UUID) -> Subject:
    """A post that the person reads. Raises PostNotFound, and Closed for one that nobody reads now."""
    post = await posts.get(reader, post_id, person)
    if post.status != "published":
        raise Closed
    return subjects.of_post(post)


async def comment_to_report(reader: Reader, person: Principal, comment_id: UUID) -> Subject:
    """A comment that the person reads. Raises CommentNotFound, and Closed for one that nobody reads now."""
    comment, post = await comments.get(reader, comment_id, person)
    if comment.status != "published":
        raise Closed
    return subjects.of_comment(comment, post)


async def report(session: AsyncSession, person: Principal, subject: Subject, policy: str, words: str) -> None:
    """Say what is wrong with it; the same person's next report replaces it. Raises Invalid and OwnWords."""
    await moderation.report(session, subject, person.customer_id, policy, words)
