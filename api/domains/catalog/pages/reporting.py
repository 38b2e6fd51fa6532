"""The form with which readers report a review, a question or an answer."""

from typing import Annotated
from uuid import UUID

from fastapi import Form, Request, Response, status
from fastapi.responses import RedirectResponse
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.auth import CsrfDep, CurrentDep, VisitorDep
from api.core.db import SessionDep
from api.core.errors import AppError, NotFound
from api.core.limits import limited
from api.core.rendering import render
from api.core.routing import Router
from api.domains.catalog.service import reporting
from api.domains.moderation import facade as moderation

router = Router(include_in_schema=False)
Words = Annotated[str, Form(max_length=5000)]
KINDS: dict[str, reporting.Kind] = {"reviews": "review", "questions": "question", "answers": "answer"}


async def _form(
    request: Request,
    session: AsyncSession,
    kind: reporting.Kind,
    subject_id: UUID,
    typed: dict[str, str],
    errors: dict[str, str],
    code: int = 200,
) -> Response:
    subject = await reporting.to_report(session, kind, subject_id)
    policies = await moderation.list_policies(session)
    return render(request, "report.html", code, subject=subject, policies=policies, typed=typed, errors=errors)


def _kind(request: Request) -> reporting.Kind:
    return KINDS[request.url.path.split("/", 2)[1]]


@router.get("/reviews/{subject_id}/report")
@router.get("/questions/{subject_id}/report")
@router.get("/answers/{subject_id}/report")
async def show_report(
    request: Request, subject_id: UUID, _visitor: VisitorDep, _: CurrentDep, session: SessionDep
) -> Response:
    """The form."""
    return await _form(request, session, _kind(request), subject_id, {"policy": "", "words": ""}, {})


@router.post("/reviews/{subject_id}/report")
@router.post("/questions/{subject_id}/report")
@router.post("/answers/{subject_id}/report")
@limited("post")
async def report(
    request: Request,
    subject_id: UUID,
    person: CurrentDep,
    _visitor: VisitorDep,
    _: CsrfDep,
    session: SessionDep,
    policy: Annotated[str, Form(max_length=100)] = "",
    words: Words = "",
) -> Response:
    """Report it; or the form again with what is wrong."""
    typed = {"policy": policy, "words": words.replace("\r\n", "\n")}
    try:
        await reporting.report(session, person.customer_id, _kind(request), subject_id, **typed)
    except AppError as error:
        if isinstance(error, NotFound):
            raise
        fields = {str(each["field"]): f"This {each['reason']}." for each in error.extra.get("errors") or []}
        wrong = fields or {"form": f"{error.title}."}
        wrong |= {"policy": "Choose what it goes against."} if "policy" in wrong else {}
        return await _form(request, session, _kind(request), subject_id, typed, wrong, error.status)
    return RedirectResponse("/account/statements#reported", status.HTTP_303_SEE_OTHER)
