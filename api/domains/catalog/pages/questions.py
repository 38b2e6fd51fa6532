"""Forms of questions on the product page, and the desk where they are answered and looked at."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Form, Path, Request, Response, status
from fastapi.responses import RedirectResponse
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.auth import CsrfDep, CurrentDep, Principal, VisitorDep, require
from api.core.db import ReadDep, Reader, SessionDep
from api.core.errors import AppError, Invalid
from api.core.limits import limited
from api.core.rendering import render
from api.core.routing import Router
from api.domains.catalog.errors import TooManyQuestions
from api.domains.catalog.service import products, questions
from api.domains.moderation import facade as moderation

router = Router(include_in_schema=False)
Moderator = Annotated[Principal, Depends(require("reviews.moderate"))]
ProductId = Annotated[int, Path(gt=0, lt=2**63)]
Decision = Annotated[str, Form(pattern="^(publish|reject)$")]
Reason = Annotated[str, Form(max_length=500)]
Body = Annotated[str, Form(max_length=20_000)]
Act = Callable[[AsyncSession, UUID, UUID, bool, str], Awaitable[object]]
Ruling = Callable[[Act, UUID], Awaitable[Response]]
DESK = "/operate/questions"
SAID = {
    "question": "A question has 1 to 500 characters, all of which can be shown.",
    "answer": "An answer has 1 to 2,000 characters, all of which can be shown.",
}


async def _again(
    request: Request, reader: Reader, product_id: int, kind: str, act: str, typed: str, error: AppError
) -> Response:
    """The form as it was typed, with what is wrong."""
    product = await products.get_product(reader, product_id)
    wrong = moderation.refusal(error) or SAID[kind]
    return render(request, "question.html", error.status, product=product, kind=kind, act=act, typed=typed, wrong=wrong)


@router.post("/p/{product_id}/questions")
@limited("post")
async def ask(
    request: Request,
    product_id: ProductId,
    person: CurrentDep,
    _visitor: VisitorDep,
    _: CsrfDep,
    session: SessionDep,
    body: Body = "",
) -> Response:
    """Ask; or the form again with what is wrong."""
    body = body.replace("\r\n", "\n")  # browsers send a line's end as two characters
    try:
        await questions.ask(session, person.customer_id, product_id, body)
    except (Invalid, moderation.Suspended) as error:
        return await _again(request, session, product_id, "question", f"/p/{product_id}/questions", body, error)
    except TooManyQuestions as error:
        product = await products.get_product(session, product_id)
        act, wrong = f"/p/{product_id}/questions", f"{error.title}."
        return render(request, "question.html", 409, product=product, kind="question", act=act, typed=body, wrong=wrong)
    return RedirectResponse(f"/p/{product_id}#questions", status.HTTP_303_SEE_OTHER)


@router.post("/questions/{question_id}/answer")
@limited("post")
async def answer(
    request: Request,
    question_id: UUID,
    person: CurrentDep,
    _visitor: VisitorDep,
    _: CsrfDep,
    session: SessionDep,
    product_id: Annotated[int, Form(gt=0, lt=2**63)],
    body: Body = "",
    back: Annotated[str, Form(pattern="^(desk|product)$")] = "product",
) -> Response:
    """Answer; or the form again with what is wrong."""
    body = body.replace("\r\n", "\n")
    try:
        given = await questions.answer(session, person, question_id, body)
    except (Invalid, moderation.Suspended) as error:
        return await _again(request, session, product_id, "answer", f"/questions/{question_id}/answer", body, error)
    to = DESK if back == "desk" else f"/p/{given.product_id}#questions"
    return RedirectResponse(to, status.HTTP_303_SEE_OTHER)


@router.get(DESK)
async def show_desk(request: Request, _visitor: VisitorDep, operator: Moderator, reader: ReadDep) -> Response:
    """What waits to be looked at, and questions without an answer."""
    return await _desk(request, reader, operator)


async def _desk(
    request: Request, reader: Reader, operator: Principal, code: int = 200, errors: dict[UUID, str] | None = None
) -> Response:
    desk = await questions.desk(reader)
    ids = {each.product_id for each in (*desk.questions, *desk.unanswered, *(question for question, _ in desk.answers))}
    return render(
        request,
        "operate_questions.html",
        code,
        desk=desk,
        products=await products.get_products(reader, list(ids)),
        may_answer=questions.speaks_for_the_shop(operator),
        errors=errors or {},
    )


async def get_ruling(
    request: Request,
    _visitor: VisitorDep,
    operator: Moderator,
    _: CsrfDep,
    session: SessionDep,
    decision: Decision,
    reason: Reason = "",
) -> Ruling:
    """What a moderator decided, to be carried out on a question or an answer; back to the desk, or what is wrong."""

    async def follow(act: Act, said_id: UUID) -> Response:
        try:
            await act(session, operator.customer_id, said_id, decision == "publish", reason)
        except Invalid:
            return await _desk(request, session, operator, 422, {said_id: "Say why, in up to 500 characters."})
        return RedirectResponse(DESK, status.HTTP_303_SEE_OTHER)

    return follow


RulingDep = Annotated[Ruling, Depends(get_ruling)]


@router.post("/operate/questions/{question_id}")
async def decide_question(question_id: UUID, ruling: RulingDep) -> Response:
    """Publish or reject a question."""
    return await ruling(questions.decide_question, question_id)


@router.post("/operate/answers/{answer_id}")
async def decide_answer(answer_id: UUID, ruling: RulingDep) -> Response:
    """Publish or reject an answer."""
    return await ruling(questions.decide_answer, answer_id)
