"""The form with which readers report a post or a comment."""

from typing import Annotated
from uuid import UUID

from fastapi import Form, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.auth import CsrfDep, CurrentDep, Principal, VisitorDep
from api.core.db import ReadDep, Reader, SessionDep
from api.core.errors import AppError, NotFound
from api.core.limits import limited
from api.core.rendering import render
from api.core.routing import Router
from api.domains.communities.pages.forms import Short, go, typed, wrong_fields
from api.domains.communities.service import reporting
from api.domains.moderation import facade as moderation
from api.domains.moderation.contracts import Subject

router = Router()
Words = Annotated[str, Form(max_length=5000)]


async def _form(
    request: Request, reader: Reader, subject: Subject, said: dict[str, str], errors: dict[str, str], code: int = 200
) -> Response:
    policies = await moderation.list_policies(reader)
    return render(request, "report.html", code, subject=subject, policies=policies, typed=said, errors=errors)


async def _take(
    request: Request, session: AsyncSession, person: Principal, subject: Subject, policy: str, words: str
) -> Response:
    try:
        await reporting.report(session, person, subject, policy, words)
    except AppError as error:
        if isinstance(error, NotFound):
            raise
        wrong = wrong_fields(error)
        wrong |= {"policy": "Choose what it goes against."} if "policy" in wrong else {}
        said = {"policy": policy, "words": words}
        return await _form(request, session, subject, said, wrong, error.status)
    return go("/account/statements#reported")


@router.get("/forum/posts/{post_id}/report")
async def show_post_report(
    request: Request, post_id: UUID, reader: ReadDep, _visitor: VisitorDep, person: CurrentDep
) -> Response:
    """The form."""
    subject = await reporting.post_to_report(reader, person, post_id)
    return await _form(request, reader, subject, {"policy": "", "words": ""}, {})


@router.post("/forum/posts/{post_id}/report")
@limited("post")
async def report_post(
    request: Request,
    post_id: UUID,
    person: CurrentDep,
    _visitor: VisitorDep,
    _: CsrfDep,
    session: SessionDep,
    policy: Short = "",
    words: Words = "",
) -> Response:
    """Report it; or the form again with what is wrong."""
    subject = await reporting.post_to_report(session, person, post_id)
    return await _take(request, session, person, subject, policy, typed(words))


@router.get("/forum/comments/{comment_id}/report")
async def show_comment_report(
    request: Request, comment_id: UUID, reader: ReadDep, _visitor: VisitorDep, person: CurrentDep
) -> Response:
    """The form."""
    subject = await reporting.comment_to_report(reader, person, comment_id)
    return await _form(request, reader, subject, {"policy": "", "words": ""}, {})


@router.post("/forum/comments/{comment_id}/report")
@limited("post")
async def report_comment(
    request: Request,
    comment_id: UUID,
    person: CurrentDep,
    _visitor: VisitorDep,
    _: CsrfDep,
    session: SessionDep,
    policy: Short = "",
    words: Words = "",
) -> Response:
    """Report it; or the form again with what is wrong."""
    subject = await reporting.comment_to_report(session, person, comment_id)
    return await _take(request, session, person, subject, policy, typed(words))
