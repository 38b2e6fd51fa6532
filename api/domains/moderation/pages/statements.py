"""What was decided against a person, told to them with the reasons, and their appeal."""

from typing import Annotated
from uuid import UUID

from fastapi import Form, Query, Request, Response, status
from fastapi.responses import RedirectResponse

from api.core.auth import CsrfDep, CurrentDep, Principal, VisitorDep
from api.core.db import ReadDep, Reader, SessionDep
from api.core.errors import Invalid
from api.core.limits import limited
from api.core.rendering import render
from api.core.routing import Router
from api.domains.moderation.domain.cases import APPEAL_WITHIN
from api.domains.moderation.errors import MayNotAppeal
from api.domains.moderation.service import cases, people, policies, statements

router = Router(prefix="/account/statements")
OUTCOMES = {"dismiss": "Nothing was found wrong", "remove": "It was taken away", "withdraw": "Its author took it away"}


@router.get("")
async def show_statements(
    request: Request,
    _visitor: VisitorDep,
    person: CurrentDep,
    reader: ReadDep,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """Every statement of a person, what weighs on them now, and what became of their own reports."""
    return render(
        request,
        "statements.html",
        page=await statements.list_own(reader, person.customer_id, cursor, 20),
        weighs=await people.standing(reader, person.customer_id),
        reports=await cases.own_reports(reader, person.customer_id),
        effects=statements.EFFECTS,
        what=statements.WHAT,
        outcomes=OUTCOMES,
    )


@router.get("/{statement_id}")
async def show_statement(
    request: Request, statement_id: UUID, _visitor: VisitorDep, person: CurrentDep, reader: ReadDep
) -> Response:
    """One of them."""
    return await _statement(request, reader, person, statement_id)


async def _statement(
    request: Request,
    reader: Reader,
    person: Principal,
    statement_id: UUID,
    code: int = 200,
    errors: dict[str, str] | None = None,
    typed: str = "",
) -> Response:
    stated = await statements.get_own(reader, person.customer_id, statement_id)
    policy = await policies.holding(reader, stated.policy)
    return render(
        request,
        "statement.html",
        code,
        stated=stated,
        policy=policy,
        may_appeal=statements.may_appeal(stated),
        until=stated.made_at + APPEAL_WITHIN,
        effects=statements.EFFECTS,
        what=statements.WHAT,
        errors=errors or {},
        typed=typed,
    )


@router.post("/{statement_id}/appeal")
@limited("post")
async def appeal(
    request: Request,
    statement_id: UUID,
    _visitor: VisitorDep,
    person: CurrentDep,
    _: CsrfDep,
    session: SessionDep,
    words: Annotated[str, Form(max_length=10_000)] = "",
) -> Response:
    """Appeal; or the statement again with what is wrong."""
    words = words.replace("\r\n", "\n")
    try:
        await statements.appeal(session, person.customer_id, statement_id, words)
    except Invalid:
        wrong = {"words": "Say why it was wrong, in up to 2,000 characters."}
        return await _statement(request, session, person, statement_id, 422, wrong, words)
    except MayNotAppeal as error:
        return await _statement(request, session, person, statement_id, 409, {"form": f"{error.title}."}, words)
    return RedirectResponse(f"/account/statements/{statement_id}", status.HTTP_303_SEE_OTHER)
