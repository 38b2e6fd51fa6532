"""The moderators' page of articles that wait for a look."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Form, Request, Response, status
from fastapi.responses import RedirectResponse

from api.core.auth import CsrfDep, Principal, VisitorDep, require
from api.core.db import ReadDep, transaction
from api.core.errors import AppError, NotFound
from api.core.markdown import to_html
from api.core.rendering import render
from api.core.routing import Router
from api.domains.content.service import publishing

router = Router()
Moderator = Annotated[Principal, Depends(require("articles.moderate"))]
HERE = "/operate/articles"


@router.get(HERE)
async def show_held(request: Request, reader: ReadDep, _visitor: VisitorDep, _: Moderator) -> Response:
    """What waits, the longest first."""
    held = await publishing.held(reader)
    return render(request, "operate_articles.html", held=held, to_html=_html, errors={})


@router.post(f"{HERE}/{{article_id}}")
async def decide(
    request: Request,
    article_id: UUID,
    _visitor: VisitorDep,
    moderator: Moderator,
    _: CsrfDep,
    act: Annotated[str, Form(max_length=20)],
    reason: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Let it through, reject it, or take it down; the owner is told why."""
    try:
        async with transaction() as session:
            await publishing.decide(session, moderator.customer_id, article_id, act, reason)
    except AppError as error:
        if isinstance(error, NotFound) or error.status not in (409, 422):
            raise
        fields = error.extra.get("errors") or [{"reason": error.detail or error.title}]
        async with transaction() as session:
            held = await publishing.held(session)
        wrong = {str(article_id): f"The reason {fields[0]['reason']}."}
        return render(request, "operate_articles.html", error.status, held=held, to_html=_html, errors=wrong)
    return RedirectResponse(HERE, status.HTTP_303_SEE_OTHER)


def _html(body: str) -> str:
    return to_html(body, has_pictures=True, top_heading=4)
