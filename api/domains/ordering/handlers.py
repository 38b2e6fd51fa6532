"""What ordering does without being asked: it settles what checkouts left behind, and tells others of orders."""

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.inbox import Handler, ReceivedEvent
from api.core.jobs import Task
from api.domains.ordering.service.mails import tell_customers
from api.domains.ordering.service.sweep import SETTLE, hear_of_money, settle_checkout, sweep_unfinished, sweep_unpaid
from api.domains.ordering.service.webhooks import DELIVER, TOLD, deliver, fan_out

MONEY = ("payments.payment_captured", "payments.payment_authorized", "payments.payment_cancelled")


async def tell_of_orders(session: AsyncSession, events: list[ReceivedEvent]) -> None:
    """Programs hear of it by webhook, people by mail."""
    await fan_out(session, events)
    await tell_customers(session, events)


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(TOLD, tell_of_orders),
    "payments.payment_refunded": tell_customers,
    **dict.fromkeys(MONEY, hear_of_money),
}
SWEEPS = (sweep_unfinished, sweep_unpaid)
TASKS: dict[str, Task] = {DELIVER: deliver, SETTLE: settle_checkout}
