"""JSON of questions and answers."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

Status = Literal["published", "held", "rejected"]


class QuestionWrite(BaseModel):
    """What somebody wants to know about a product."""

    body: str = Field(min_length=1, max_length=500)


class AnswerWrite(BaseModel):
    """What somebody knows."""

    body: str = Field(min_length=1, max_length=2000)


class Answer(BaseModel):
    """One answer: for the shop, by the seller, or by somebody who bought the product; who it was is not told."""

    answer_id: UUID
    question_id: UUID
    product_id: int
    voice: Literal["shop", "seller", "buyer"]
    body: str
    status: Status
    reason: str | None
    created_at: datetime
    updated_at: datetime


class Question(BaseModel):
    """One question with its published answers; who asked is not told. `reason` says why it was rejected."""

    question_id: UUID
    product_id: int
    body: str
    status: Status
    reason: str | None
    created_at: datetime
    updated_at: datetime
    answers: list[Answer]


class Questions(BaseModel):
    """Some questions, the latest first, and the cursor of the earlier ones."""

    items: list[Question]
    next_cursor: str | None


class QuestionDeskOut(BaseModel):
    """What waits to be looked at, and questions that nobody has answered, the longest first."""

    questions: list[Question]
    answers: list[Answer]
    unanswered: list[Question]
