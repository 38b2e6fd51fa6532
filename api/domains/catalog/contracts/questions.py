"""Questions about products and their answers, as everybody else sees them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class AnswerView:
    """One answer; `voice` is shop, seller or buyer. `customer_id` is for its author's own use and never shown."""

    answer_id: UUID
    question_id: UUID
    product_id: int
    customer_id: UUID
    voice: str
    body: str
    status: str
    reason: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class QuestionView:
    """One question with its published answers, the shop's first. `customer_id` is never shown."""

    question_id: UUID
    product_id: int
    customer_id: UUID
    body: str
    status: str
    reason: str | None
    created_at: datetime
    updated_at: datetime
    answers: tuple[AnswerView, ...] = ()


@dataclass(frozen=True, slots=True)
class QuestionDesk:
    """What waits for the people of the shop: texts to look at, and questions that nobody has answered."""

    questions: list[QuestionView]
    answers: list[tuple[QuestionView, AnswerView]]
    unanswered: list[QuestionView]
