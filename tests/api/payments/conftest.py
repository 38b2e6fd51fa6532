"""Payments without ordering: rows of a database, and the real gateway."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import reading, transaction
from api.domains.payments import facade as payments
from api.domains.payments.contracts import ChargeState, PaymentStatus, PaymentView
from api.domains.payments.service import intents
from tests.gateway_process import RunningGateway

TOK_OK = "tok_ok"
Make = Callable[..., Awaitable[PaymentView]]


@pytest.fixture
def make(paying_gateway: RunningGateway) -> Make:
    """`await make(500, "wallet", customer_id=…)` makes an intent."""

    async def made(amount_minor: int = 500, method: str = "card", capture: str = "automatic", **more: Any) -> Any:
        async with transaction() as session:
            return await payments.create_intent(session, uuid4(), amount_minor, "USD", method, capture, **more)

    return made


@pytest.fixture
def pay(make: Make) -> Make:
    """`await pay(500, token="tok_ok")` makes a card payment that was confirmed and recorded."""

    async def paid(amount_minor: int = 500, token: str = TOK_OK, **more: Any) -> PaymentView:
        payment = await make(amount_minor, **more)
        result = await payments.confirm(payment, token)
        assert result.state is not ChargeState.UNKNOWN
        async with transaction() as session:
            await payments.record(session, payment.payment_id, result)
        return await intents.get(payment.payment_id)

    return paid


async def refund_part(payment_id: UUID, amount_minor: int, refund_id: UUID | None = None) -> UUID:
    """Promise a part back, as ordering does."""
    chosen = refund_id or uuid4()
    async with transaction() as session:
        await payments.refund_part(session, payment_id, chosen, amount_minor, "returned")
    return chosen


async def gift_card(
    session: AsyncSession, amount_minor: int, currency: str = "USD", expires_at: datetime | None = None
) -> str:
    """Issue a card; its code."""
    card_id = uuid4()
    assert await payments.issue_gift_card(session, card_id, amount_minor, currency, expires_at)
    return payments.code_of(card_id)


async def books() -> dict[str, int]:
    """What is in each account, accounts that are even left out; the whole ledger sums to zero."""
    async with reading() as connection:
        found = await payments.balances(connection)
    for currency in {currency for _, currency in found}:
        assert sum(amount for (_, each), amount in found.items() if each == currency) == 0
    return {account: amount for (account, _), amount in found.items() if amount}


async def status_of(payment_id: UUID) -> PaymentStatus:
    """What came of it, told by the table itself as well."""
    payment = await intents.get(payment_id)
    async with reading() as connection:
        query = text("SELECT status FROM payments.payments WHERE payment_id = :id")
        assert (await connection.execute(query, {"id": payment_id})).scalar_one() == payment.status
    return payment.status


async def told(session: AsyncSession) -> list[str]:
    """Types of the events in the outbox, oldest first."""
    found = await session.execute(text("SELECT type FROM core.outbox WHERE topic = 'payments' ORDER BY id"))
    return [kind.removeprefix("payments.") for kind in found.scalars()]
