"""Reports: what readers say against reviews, questions and answers."""

from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.domains.catalog.service import questions, reviews
from api.domains.moderation import facade as moderation
from api.domains.moderation.contracts import Subject

Kind = Literal["review", "question", "answer"]
_FIND = {
    "review": reviews.to_report,
    "question": questions.question_to_report,
    "answer": questions.answer_to_report,
}


async def to_report(session: AsyncSession, kind: Kind, subject_id: UUID) -> Subject:
    """What everybody reads. Raises ReviewNotFound, QuestionNotFound or AnswerNotFound."""
    return await _FIND[kind](session, subject_id)


async def report(
    session: AsyncSession, customer_id: UUID, kind: Kind, subject_id: UUID, policy: str, words: str
) -> None:
    """Say what is wrong with it; the same person's next report replaces it.

    Raises as `to_report`, and Invalid and OwnWords.
    """
    subject = await to_report(session, kind, subject_id)
    await moderation.report(session, subject, customer_id, policy, words)
