"""What communities does in the background."""

from api.core.inbox import Handler
from api.core.jobs import Task
from api.domains.communities.service import feeds, notifications, purchases
from ingestion.contracts.ordering import OrderDelivered, OrderPlaced, OrderReturned
from ingestion.contracts.payments import PaymentRefunded

HANDLERS: dict[str, Handler] = {
    OrderPlaced.type: purchases.note_placed,
    OrderDelivered.type: purchases.note_delivered,
    OrderReturned.type: purchases.note_returned,
    PaymentRefunded.type: purchases.note_refunded,
}
SWEEPS = (feeds.sweep,)
TASKS: dict[str, Task] = {
    notifications.SEND_DIGESTS: notifications.send_digests,
    notifications.FORGET: notifications.forget_old,
}
PERIODIC = {notifications.SEND_DIGESTS: "23 * * * *", notifications.FORGET: "41 3 * * *"}
