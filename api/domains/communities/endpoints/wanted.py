"""JSON of what you keep, and of what you do not want to see."""

from typing import Annotated
from uuid import UUID

from fastapi import Path

from api.core.auth import CurrentDep
from api.core.db import ReadDep, SessionDep
from api.core.routing import Router
from api.domains.communities import schemas as common
from api.domains.communities.endpoints import shapes
from api.domains.communities.endpoints.shapes import Cursor, Limit
from api.domains.communities.schemas import wanted as schemas
from api.domains.communities.service import wanted

router = Router(prefix="/v1/me", tags=["communities"])
Handle = Annotated[str, Path(min_length=3, max_length=30, pattern="^[a-z0-9_-]+$")]


@router.get("/saved")
async def list_saved(person: CurrentDep, reader: ReadDep, cursor: Cursor = None, limit: Limit = 20) -> common.Posts:
    """Posts that you keep and may still read, the latest first."""
    return shapes.posts(await wanted.saved(reader, person, cursor, limit))


@router.put("/saved/{post_id}", status_code=204)
async def save(post_id: UUID, person: CurrentDep, session: SessionDep) -> None:
    """Keep a post to read again."""
    await wanted.save(session, person, post_id, True)


@router.delete("/saved/{post_id}", status_code=204)
async def unsave(post_id: UUID, person: CurrentDep, session: SessionDep) -> None:
    """Keep it no longer."""
    await wanted.save(session, person, post_id, False)


@router.get("/silenced")
async def list_silenced(person: CurrentDep, reader: ReadDep) -> list[schemas.Silenced]:
    """Whom you muted or blocked, by name; nobody else is told."""
    found = await wanted.silenced(reader, person.customer_id)
    return [schemas.Silenced.model_validate(each, from_attributes=True) for each in found]


@router.put("/silenced/{handle}", status_code=204)
async def silence(handle: Handle, body: schemas.Silence, person: CurrentDep, session: SessionDep) -> None:
    """Mute or block somebody."""
    await wanted.silence(session, person.customer_id, handle, body.kind)


@router.delete("/silenced/{handle}", status_code=204)
async def hear(handle: Handle, person: CurrentDep, session: SessionDep) -> None:
    """Hear them again."""
    await wanted.silence(session, person.customer_id, handle, None)


@router.get("/filters")
async def show_filters(person: CurrentDep, reader: ReadDep) -> schemas.Filters:
    """Words that you do not want to read in titles."""
    return schemas.Filters(terms=await wanted.terms(reader, person.customer_id))


@router.put("/filters")
async def choose_filters(body: schemas.Filters, person: CurrentDep, session: SessionDep) -> schemas.Filters:
    """Other words."""
    return schemas.Filters(terms=await wanted.choose_terms(session, person.customer_id, body.terms))
