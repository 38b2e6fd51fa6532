"""JSON for moderators of articles."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from api.core.auth import Principal, require
from api.core.db import ReadDep, SessionDep
from api.core.routing import Router
from api.domains.content import schemas
from api.domains.content.service import publishing

router = Router(prefix="/v1/operate", tags=["content"])
Moderator = Annotated[Principal, Depends(require("articles.moderate"))]


@router.get("/articles")
async def list_held(_: Moderator, reader: ReadDep) -> list[schemas.Held]:
    """What waits for a look, the longest first; a hundred at most."""
    found = await publishing.held(reader)
    return [schemas.Held.model_validate(each, from_attributes=True) for each in found]


@router.post("/articles/{article_id}/decision", status_code=204)
async def decide(article_id: UUID, body: schemas.Decision, moderator: Moderator, session: SessionDep) -> None:
    """Let through what is held, reject it, or take down what is read; the owner is told."""
    await publishing.decide(session, moderator.customer_id, article_id, body.act, body.reason)
