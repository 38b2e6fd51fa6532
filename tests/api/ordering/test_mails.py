"""Mails about orders: once per event, to the customer, in words; none for what an import brought."""

from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import transaction
from api.domains.ordering.handlers import HANDLERS
from ingestion.contracts import Event, new_event_id
from ingestion.contracts.ordering import OrderCancelled, OrderDelivered, OrderLine, OrderPlaced, OrderShipped
from ingestion.contracts.payments import PaymentRefunded
from tests.api.conftest import SignUp
from tests.api.ordering.events import received

Shop = dict[str, int]


async def hear(*events: Event) -> None:
    for event in events:
        async with transaction() as session:
            await HANDLERS[event.type](session, [received(event)])


async def mails(session: AsyncSession) -> list[tuple[str, str, str]]:
    statement = """
        SELECT args->'args'->>'to', args->'args'->>'subject', args->'args'->>'body' FROM procrastinate_jobs
        WHERE task_name = 'core.send_mail' ORDER BY id
    """
    return [tuple(row) for row in await session.execute(text(statement))]


def placed(customer_id: UUID, product_id: int, source: str = "storefront") -> OrderPlaced:
    line = OrderLine(
        line_number=1, product_id=product_id, quantity=2, unit_price_minor=289, discount_minor=0, total_minor=578
    )
    return OrderPlaced(
        order_id=new_event_id(), customer_id=customer_id, source=source, currency="USD", total_minor=1077,
        lines=(line,), delivery_minor=499,
    )  # fmt: skip


async def test_a_customer_follows_an_order_by_mail(session: AsyncSession, shop: Shop, sign_up: SignUp) -> None:
    ada = await sign_up()
    order = placed(ada.customer_id, shop["milk"])
    who = {"order_id": order.order_id, "customer_id": ada.customer_id}
    await hear(
        order,
        OrderShipped(**who, shipment_id=new_event_id(), carrier="Post", lines=(), is_complete=True),
        OrderDelivered(**who, lines=()),
        OrderCancelled(**who, reason="changed my mind"),
    )
    sent = await mails(session)
    assert {to for to, _, _ in sent} == {ada.email}
    number = order.order_id.hex[-8:].upper()
    assert [subject for _, subject, _ in sent] == [
        f"Thank you for your order (order {number})",
        f"Your parcel is on its way (order {number})",
        f"Your order has arrived (order {number})",
        f"Your order was cancelled (order {number})",
    ]
    receipt = sent[0][2]
    assert "2 × Milk: $5.78\nDelivery: $4.99\nTotal: $10.77" in receipt
    assert receipt.rstrip().endswith(f"/orders/{order.order_id}")


async def test_money_on_its_way_back_is_told(session: AsyncSession, sign_up: SignUp) -> None:
    ada, order_id = await sign_up(), new_event_id()
    await session.execute(
        text("""
            INSERT INTO ordering.orders
                (order_id, customer_id, status, source, currency, total_minor, created_at, placed_at)
            VALUES (:order_id, :customer_id, 'placed', 'storefront', 'USD', 100, now(), now())
        """),
        {"order_id": order_id, "customer_id": ada.customer_id},
    )
    await session.commit()
    refund = {
        "payment_id": uuid4(), "amount_minor": 250, "currency": "USD", "gateway": "sandbox", "refund_id": uuid4(),
        "refunded_minor": 250, "reason": "damaged",
    }  # fmt: skip
    await hear(PaymentRefunded(order_id=order_id, **refund), PaymentRefunded(order_id=new_event_id(), **refund))
    [(to, subject, _)] = await mails(session)
    assert (to, subject.partition(" (")[0]) == (ada.email, "$2.50 is on its way back to you")


async def test_nobody_hears_of_an_order_that_an_import_brought_or_without_an_account(
    session: AsyncSession, shop: Shop, sign_up: SignUp
) -> None:
    ada = await sign_up()
    await hear(placed(ada.customer_id, shop["milk"], "complete-journey"), placed(uuid4(), shop["milk"]))
    assert await mails(session) == []
