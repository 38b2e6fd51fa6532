"""What moderators of the house decided of reviews, questions and answers, done here."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.inbox import ReceivedEvent
from api.domains.catalog.repository import questions as question_repository
from api.domains.catalog.repository import reviews as review_repository
from api.domains.catalog.service import questions, reviews
from api.domains.moderation import facade as moderation

# effect → the state that follows, of what is in another one.
STATUS = {"stand": "published", "fall": "rejected", "wait": "held"}
Lock = Callable[[AsyncSession, UUID], Awaitable[Any]]
SetStatus = Callable[[AsyncSession, Any, str, str | None], Awaitable[object]]
BY_KIND: Mapping[str, tuple[Lock, SetStatus]] = {
    "review": (review_repository.locked, reviews.set_status),
    "question": (question_repository.locked, questions.set_question_status),
    "answer": (question_repository.locked_answer, questions.set_answer_status),
}


async def hear(session: AsyncSession, events: list[ReceivedEvent]) -> None:
    """Publish, reject or hold again, as it was decided. A decision on words that were changed since does nothing."""
    async for told, made in moderation.to_carry_out(session, events, BY_KIND):
        lock, set_status = BY_KIND[told.kind]
        was, status = await lock(session, told.subject_id), STATUS.get(told.effect)
        if was is None or status is None or was.status == status:
            continue
        await set_status(session, was, status, (made.note or made.policy) if told.effect == "fall" else None)
