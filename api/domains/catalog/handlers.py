"""What catalog does when others have news: orders make products popular, deliveries let people review them."""

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.inbox import Handler, ReceivedEvent
from api.core.jobs import Task
from api.domains.catalog.service import decided, images, imports, keeping, reviews, wishes
from api.domains.catalog.service.bulk import runs
from ingestion.contracts.catalog import PriceChanged
from ingestion.contracts.moderation import CaseDecided, DecisionUndone
from ingestion.contracts.ordering import OrderDelivered, OrderPlaced

STOREFRONT = "storefront"


async def count_units_sold(session: AsyncSession, events: list[ReceivedEvent]) -> None:
    """One statement for the whole batch. A cancelled order stays counted: it was wanted.

    An order that an import brought was delivered long ago.
    """
    orders = [(event.occurred_at, event.data) for event in events if isinstance(event.data, OrderPlaced)]
    await imports.count_sales(
        session, ((line.product_id, line.quantity) for _, order in orders for line in order.lines)
    )
    past = ((at, order) for at, order in orders if order.source != STOREFRONT)
    await reviews.note_delivered(
        session, ((order.customer_id, line.product_id, at) for at, order in past for line in order.lines)
    )


async def note_delivered(session: AsyncSession, events: list[ReceivedEvent]) -> None:
    """Who got a product may review it."""
    orders = ((event.occurred_at, event.data) for event in events if isinstance(event.data, OrderDelivered))
    await reviews.note_delivered(
        session, ((order.customer_id, line.product_id, at) for at, order in orders for line in order.lines)
    )


HANDLERS: dict[str, Handler] = {
    OrderPlaced.type: count_units_sold,
    OrderDelivered.type: note_delivered,
    PriceChanged.type: wishes.hear_of_prices,
    CaseDecided.type: decided.hear,
    DecisionUndone.type: decided.hear,
}
TASKS: dict[str, Task] = {
    runs.TASK: runs.run_file,
    images.TASK: images.make_pictures,
    wishes.TASK: wishes.tell_lower_price,
}
SWEEPS = (keeping.publish_due, runs.end_stale_runs, runs.forget_old_files, images.sweep_abandoned)
