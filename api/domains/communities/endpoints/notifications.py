"""JSON of what one is told."""

from collections.abc import AsyncIterator
from uuid import UUID

from sse_starlette import EventSourceResponse, ServerSentEvent

from api.core.auth import CurrentDep
from api.core.db import ReadDep, SessionDep
from api.core.live import HEARTBEAT_SECONDS
from api.core.routing import Router
from api.domains.communities.contracts import NotificationChoices
from api.domains.communities.domain.telling import sentence
from api.domains.communities.endpoints.shapes import Cursor, Limit
from api.domains.communities.schemas import notifications as schemas
from api.domains.communities.service import notifications

router = Router(prefix="/v1/me", tags=["communities"])


@router.get("/notifications")
async def list_notifications(
    person: CurrentDep, reader: ReadDep, cursor: Cursor = None, limit: Limit = 20
) -> schemas.Notifications:
    """Answers, mentions and acts of moderators, the newest first."""
    page = await notifications.of_person(reader, person.customer_id, cursor, limit)
    items = [
        schemas.Notification.model_validate(
            {
                **{name: getattr(each, name) for name in schemas.Notification.model_fields if name != "text"},
                "text": sentence(each),
            }
        )
        for each in page.items
    ]
    unread = await notifications.unread(reader, person.customer_id)
    return schemas.Notifications(items=items, unread=unread, next_cursor=page.next_cursor)


@router.get(
    "/notifications/stream",
    response_class=EventSourceResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def stream_unread(person: CurrentDep) -> EventSourceResponse:
    """Server-sent events `unread`, each the number of unread ones: one at once, then one with each change."""
    notifications.HUB.refuse_when_full()

    async def events() -> AsyncIterator[ServerSentEvent]:
        async for count in notifications.HUB.watch(person.customer_id):
            yield ServerSentEvent(event="unread", data=str(count))

    return EventSourceResponse(events(), ping=HEARTBEAT_SECONDS, headers={"Cache-Control": "no-store"})


@router.put("/notifications/read", status_code=204)
async def mark_all_read(body: schemas.ReadUpTo, person: CurrentDep, session: SessionDep) -> None:
    """One notification and all before it are read; what came after stays unread."""
    await notifications.mark_up_to(session, person.customer_id, body.notification_id)


@router.put("/notifications/{notification_id}/read", status_code=204)
async def mark_read(notification_id: UUID, body: schemas.Read, person: CurrentDep, session: SessionDep) -> None:
    """It is read, or unread again."""
    await notifications.mark(session, person.customer_id, notification_id, body.is_read)


@router.get("/notification-preferences")
async def show_preferences(person: CurrentDep, reader: ReadDep) -> schemas.NotificationPreferences:
    """What you are told, and how often what you did not read is mailed."""
    return _preferences(await notifications.choices(reader, person.customer_id))


@router.put("/notification-preferences")
async def choose_preferences(
    body: schemas.NotificationPreferences, person: CurrentDep, session: SessionDep
) -> schemas.NotificationPreferences:
    """Be told these kinds from now on."""
    return _preferences(await notifications.choose(session, person.customer_id, body.wanted, body.digest))


def _preferences(chosen: NotificationChoices) -> schemas.NotificationPreferences:
    wanted = [kind for kind in notifications.KINDS if kind not in chosen.declined]
    return schemas.NotificationPreferences(wanted=wanted, digest=chosen.digest)
