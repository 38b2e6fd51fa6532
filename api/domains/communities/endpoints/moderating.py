"""JSON of what moderators do: the log, the queue, people, taking back."""

from typing import Annotated
from uuid import UUID

from fastapi import Path

from api.core.access import open_to_all
from api.core.auth import CurrentDep, VisitorDep
from api.core.db import ReadDep, SessionDep
from api.core.routing import Router
from api.domains.communities import schemas
from api.domains.communities.endpoints import shapes
from api.domains.communities.endpoints.shapes import Cursor, Limit, Slug
from api.domains.communities.service import access, moderating

router = Router(prefix="/v1", tags=["communities"])
Handle = Annotated[str, Path(min_length=3, max_length=30, pattern="^[a-z0-9_-]+$")]


@router.get("/communities/{slug}/log")
@open_to_all
async def show_log(
    slug: Slug, reader: ReadDep, visitor: VisitorDep, cursor: Cursor = None, limit: Limit = 50
) -> schemas.Log:
    """What moderators did, the newest first; whoever reads the community reads it."""
    found, _ = await access.readable(reader, slug, visitor)
    page = await moderating.log(reader, found.community_id, cursor, limit)
    return schemas.Log(items=[shapes.act(each) for each in page.items], next_cursor=page.next_cursor)


@router.get("/communities/{slug}/queue")
async def show_queue(slug: Slug, reader: ReadDep, person: CurrentDep) -> schemas.Queue:
    """What waits for moderators."""
    found, _ = await access.moderated(reader, slug, person)
    posts, comments, waiting, reported = await moderating.queue(reader, found.community_id)
    return schemas.Queue(
        posts=[shapes.post(each) for each in posts],
        comments=[shapes.comment(each) for each in comments],
        people=[schemas.Waiting(handle=each.handle, since=each.since) for each in waiting],
        reported=[shapes.reported(each) for each in reported],
    )


@router.post("/communities/{slug}/reports/{case_id}/dismissal", status_code=204)
async def dismiss_report(slug: Slug, case_id: UUID, person: CurrentDep, session: SessionDep) -> None:
    """Find nothing wrong with what people reported; what is wrong is removed where it stands."""
    await moderating.dismiss(session, person, slug, case_id)


@router.put("/communities/{slug}/toxicity-threshold")
async def set_threshold(
    slug: Slug, body: schemas.Threshold, person: CurrentDep, session: SessionDep
) -> schemas.Community:
    """From which probability of being toxic a text waits for a look here: moderators say so, and the log tells it."""
    found = await moderating.set_threshold(session, person, slug, body.threshold)
    return shapes.community(found, (await access.standing(session, found.community_id, person)).role)


@router.post("/communities/{slug}/people/{handle}/moderation")
async def moderate_person(
    slug: Slug, handle: Handle, body: schemas.PersonModeration, person: CurrentDep, session: SessionDep
) -> schemas.NewRole:
    """Ban, unban, appoint, demote, admit or decline somebody whom you outrank."""
    return schemas.NewRole(role=await moderating.on_person(session, person, slug, handle, body.act, body.reason))


@router.post("/acts/{act_id}/undo", status_code=204)
async def undo(act_id: UUID, body: schemas.Undo, person: CurrentDep, session: SessionDep) -> None:
    """Take an act back."""
    await moderating.undo(session, person, act_id, body.reason)
