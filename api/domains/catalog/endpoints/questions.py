"""JSON of questions and answers."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Query

from api.core.access import open_to_all
from api.core.auth import CurrentDep, Principal, require
from api.core.db import ReadDep, SessionDep
from api.core.limits import limited
from api.core.routing import Router
from api.domains.catalog.contracts.questions import AnswerView, QuestionView
from api.domains.catalog.schemas import ReviewDecision
from api.domains.catalog.schemas.questions import (
    Answer,
    AnswerWrite,
    Question,
    QuestionDeskOut,
    Questions,
    QuestionWrite,
)
from api.domains.catalog.service import products, questions

router = Router(prefix="/v1", tags=["catalog"])
ProductId = Annotated[int, Path(gt=0, lt=2**63)]
Moderator = Annotated[Principal, Depends(require("reviews.moderate"))]


def _answer(view: AnswerView) -> Answer:
    return Answer.model_validate(view, from_attributes=True)


def _question(view: QuestionView) -> Question:
    said: dict[str, Any] = {name: getattr(view, name) for name in Question.model_fields if name != "answers"}
    return Question(**said, answers=[_answer(each) for each in view.answers])


@router.get("/products/{product_id}/questions")
@open_to_all
async def list_questions(
    product_id: ProductId,
    reader: ReadDep,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
) -> Questions:
    """What people asked about a product, and what they were answered."""
    await products.shown_product(reader, product_id)
    page = await questions.list_questions(reader, product_id, cursor, limit)
    return Questions(items=[_question(each) for each in page.items], next_cursor=page.next_cursor)


@router.post("/products/{product_id}/questions", status_code=201)
@limited("post")
async def ask(product_id: ProductId, body: QuestionWrite, person: CurrentDep, session: SessionDep) -> Question:
    """Ask something about a product; the same again is asked once. It may be looked at before it is shown."""
    return _question(await questions.ask(session, person.customer_id, product_id, body.body))


@router.put("/questions/{question_id}/answer")
@limited("post")
async def answer(question_id: UUID, body: AnswerWrite, person: CurrentDep, session: SessionDep) -> Answer:
    """Answer a question, or change what you answered. For the shop, the seller, and whom the product reached."""
    return _answer(await questions.answer(session, person, question_id, body.body))


@router.get("/operate/questions")
async def show_desk(_: Moderator, reader: ReadDep) -> QuestionDeskOut:
    """What waits to be looked at, and questions without an answer."""
    waiting = await questions.desk(reader)
    return QuestionDeskOut(
        questions=[_question(each) for each in waiting.questions],
        answers=[_answer(each) for _, each in waiting.answers],
        unanswered=[_question(each) for each in waiting.unanswered],
    )


@router.put("/operate/questions/{question_id}")
async def decide_question(
    question_id: UUID, body: ReviewDecision, operator: Moderator, session: SessionDep
) -> Question:
    """Publish a question or reject it."""
    return _question(
        await questions.decide_question(session, operator.customer_id, question_id, body.is_published, body.reason)
    )


@router.put("/operate/answers/{answer_id}")
async def decide_answer(answer_id: UUID, body: ReviewDecision, operator: Moderator, session: SessionDep) -> Answer:
    """Publish an answer or reject it."""
    return _answer(
        await questions.decide_answer(session, operator.customer_id, answer_id, body.is_published, body.reason)
    )
