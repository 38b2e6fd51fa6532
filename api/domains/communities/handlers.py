"""What communities does in the background, also when it hears of itself: trust follows from events alone."""

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.inbox import Handler, ReceivedEvent
from api.core.jobs import Task
from api.domains.communities.service import brigading, decided, feeds, notifications, previews, purchases, trust
from ingestion.contracts.moderation import CaseDecided, DecisionUndone
from ingestion.contracts.ordering import OrderDelivered, OrderPlaced, OrderReturned
from ingestion.contracts.payments import PaymentRefunded


def both(*handlers: Handler) -> Handler:
    """What several handlers do, one after the other."""

    async def hear(session: AsyncSession, events: list[ReceivedEvent]) -> None:
        for handler in handlers:
            await handler(session, events)

    return hear


OWN: dict[str, Handler] = {
    OrderPlaced.type: purchases.note_placed,
    OrderDelivered.type: purchases.note_delivered,
    OrderReturned.type: purchases.note_returned,
    PaymentRefunded.type: purchases.note_refunded,
    CaseDecided.type: decided.hear,
    DecisionUndone.type: decided.hear,
}
_TRUST: dict[str, Handler] = {event_class.type: trust.hear for event_class in trust.EVENTS}
HANDLERS: dict[str, Handler] = _TRUST | {
    name: both(handler, trust.hear) if name in _TRUST else handler for name, handler in OWN.items()
}
SWEEPS = (feeds.sweep,)
TASKS: dict[str, Task] = {
    brigading.FIND: brigading.find_brigades,
    notifications.SEND_DIGESTS: notifications.send_digests,
    notifications.FORGET: notifications.forget_old,
    previews.TASK: previews.preview_link,
}
PERIODIC = {
    brigading.FIND: "*/10 * * * *",
    notifications.SEND_DIGESTS: "23 * * * *",
    notifications.FORGET: "41 3 * * *",
}
