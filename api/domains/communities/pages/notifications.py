"""What one is told, and what one wants to be told."""

from typing import Annotated
from uuid import UUID

from fastapi import Form, Query, Request, Response

from api.core.auth import CsrfDep, CurrentDep, VisitorDep
from api.core.db import ReadDep, SessionDep
from api.core.rendering import render
from api.core.routing import Router
from api.domains.communities.domain.telling import sentence
from api.domains.communities.pages.forms import Short, go
from api.domains.communities.service import notifications

router = Router()
HERE = "/notifications"


@router.get("/notifications")
async def show_notifications(
    request: Request,
    reader: ReadDep,
    _visitor: VisitorDep,
    person: CurrentDep,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """Answers, mentions, acts of moderators."""
    page = await notifications.of_person(reader, person.customer_id, cursor, 30)
    return render(request, "notifications.html", page=page, sentence=sentence, is_first=cursor is None)


@router.get("/notifications/preferences")
async def show_preferences(
    request: Request,
    reader: ReadDep,
    _visitor: VisitorDep,
    person: CurrentDep,
    done: Annotated[bool, Query()] = False,
) -> Response:
    """What one wants to be told."""
    chosen = await notifications.choices(reader, person.customer_id)
    return render(request, "notification_preferences.html", chosen=chosen, done=done)


@router.post("/notifications/preferences")
async def choose(
    person: CurrentDep,
    _: CsrfDep,
    session: SessionDep,
    wanted: Annotated[list[str] | None, Form(max_length=10)] = None,
    digest: Short = "weekly",
) -> Response:
    """Keep it."""
    await notifications.choose(session, person.customer_id, wanted or [], digest)
    return go(f"{HERE}/preferences?done=true")


@router.post("/notifications/read")
async def mark_all_read(person: CurrentDep, _: CsrfDep, session: SessionDep, last: Annotated[UUID, Form()]) -> Response:
    """All that the page shows, and all before."""
    await notifications.mark_up_to(session, person.customer_id, last)
    return go(HERE)


@router.get("/notifications/{notification_id}")
async def follow(notification_id: UUID, person: CurrentDep, session: SessionDep) -> Response:
    """On to what it is about; from there on it is read."""
    found = await notifications.get(session, person.customer_id, notification_id)
    await notifications.mark(session, person.customer_id, notification_id, True)
    return go(found.path)


@router.post("/notifications/{notification_id}/read")
async def mark(
    notification_id: UUID,
    person: CurrentDep,
    _: CsrfDep,
    session: SessionDep,
    is_read: Annotated[bool, Form()] = False,
) -> Response:
    """Read, or unread again."""
    await notifications.mark(session, person.customer_id, notification_id, is_read)
    return go(f"{HERE}#n-{notification_id}")
