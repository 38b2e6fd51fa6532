"""Payments and their ledger: every answer of the gateway, in any order and any number of times."""

from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Database, transaction
from api.domains.payments import facade as payments
from api.domains.payments.contracts import ChargeResult, ChargeState, PaymentStatus
from tests.gateway_process import RunningGateway


async def test_an_answer_is_recorded_once(session: AsyncSession) -> None:
    payment = await payments.create(session, uuid4(), 500, "USD")
    captured = ChargeResult(ChargeState.CAPTURED, "ch_1")
    for _ in range(2):
        assert await payments.record(session, payment.payment_id, captured) is PaymentStatus.SUCCEEDED
    late = ChargeResult(ChargeState.DECLINED, "ch_1", "card_declined")
    assert await payments.record(session, payment.payment_id, late) is PaymentStatus.SUCCEEDED
    assert await payments.balance(session) == {"gateway": 500, "sales": -500}
    told = await session.execute(text("SELECT type, key FROM core.outbox"))
    assert told.all() == [("payments.payment_captured", str(payment.payment_id))]


async def test_an_order_has_one_payment(session: AsyncSession) -> None:
    order_id = uuid4()
    payment = await payments.create(session, order_id, 500, "USD")
    assert await payments.find(session, [order_id, uuid4()]) == {order_id: payment}
    with pytest.raises(DBAPIError):
        await payments.create(session, order_id, 500, "USD")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE payments.ledger_entries SET amount_minor = amount_minor + 1",
        "DELETE FROM payments.ledger_entries",
        "TRUNCATE payments.ledger_entries",
        "UPDATE payments.ledger_transactions SET kind = 'refund'",
        "DELETE FROM payments.ledger_transactions",
    ],
)
async def test_the_ledger_can_only_grow(session: AsyncSession, statement: str) -> None:
    payment = await payments.create(session, uuid4(), 500, "USD")
    await payments.record(session, payment.payment_id, ChargeResult(ChargeState.CAPTURED, "ch_1"))
    with pytest.raises(DBAPIError):
        await session.execute(text(statement))


TRANSACTION = "INSERT INTO payments.ledger_transactions (transaction_id, key, kind) VALUES (:id, 'credit:x', 'credit')"
ENTRY = "INSERT INTO payments.ledger_entries (transaction_id, account, amount_minor, currency) VALUES "


@pytest.mark.parametrize(
    "entries",
    [
        None,
        "(:id, 'goodwill', 500, 'USD')",
        "(:id, 'goodwill', 500, 'USD'), (:id, 'sales', -499, 'USD')",
        "(:id, 'goodwill', 500, 'USD'), (:id, 'sales', -500, 'EUR')",
    ],
)
async def test_a_transaction_that_does_not_balance_is_refused(session: AsyncSession, entries: str | None) -> None:
    made = uuid4()
    await session.execute(text(TRANSACTION), {"id": made})
    if entries is not None:
        await session.execute(text(ENTRY + entries), {"id": made})
    with pytest.raises(DBAPIError, match="does not sum to zero"):
        await session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))


async def test_a_closed_transaction_takes_no_more_entries(committed: Database) -> None:
    transaction_id = uuid4()
    async with transaction() as session:
        await session.execute(text(TRANSACTION), {"id": transaction_id})
        balanced = "(:id, 'goodwill', 5, 'USD'), (:id, 'sales', -5, 'USD')"
        await session.execute(text(ENTRY + balanced), {"id": transaction_id})
    async with transaction() as session:
        later = "(:id, 'cash', 5, 'USD'), (:id, 'bank', -5, 'USD')"
        await session.execute(text(ENTRY + later), {"id": transaction_id})
        with pytest.raises(DBAPIError, match="is closed"):
            await session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        await session.rollback()


@pytest.mark.parametrize(
    ("token", "state"),
    [
        ("tok_ok", ChargeState.CAPTURED),
        ("tok_declined", ChargeState.DECLINED),
        ("tok_lost_answer", ChargeState.CAPTURED),
        ("tok_slow", ChargeState.PENDING),
        ("tok_of_nobody", ChargeState.DECLINED),
    ],
)
async def test_the_port_speaks_with_the_real_gateway(
    session: AsyncSession, paying_gateway: RunningGateway, token: str, state: ChargeState
) -> None:
    payment = await payments.create(session, uuid4(), 500, "USD")
    assert (await payments.charge(payment, token)).state is state
    voided = (await payments.void(payment.payment_id)).state
    assert voided is {ChargeState.CAPTURED: ChargeState.REFUNDED, ChargeState.PENDING: ChargeState.VOIDED}.get(
        state, ChargeState.VOIDED if token == "tok_of_nobody" else ChargeState.DECLINED
    )


async def test_a_gateway_that_is_away_is_told_apart_from_one_that_keeps_silent(
    session: AsyncSession, paying_gateway: RunningGateway
) -> None:
    payment = await payments.create(session, uuid4(), 500, "USD")
    assert (await payments.ask(payment.payment_id)).state is ChargeState.MISSING
    paying_gateway.stop()
    try:
        # What broke a kept connection may have reached it; only a new one that is refused has not.
        assert (await payments.ask(payment.payment_id)).state is ChargeState.UNKNOWN
        assert (await payments.charge(payment, "tok_ok")).state is ChargeState.UNREACHED
        assert (await payments.ask(payment.payment_id)).state is ChargeState.UNKNOWN
        assert (await payments.void(payment.payment_id)).state is ChargeState.UNKNOWN
        assert await payments.refund(payment.payment_id) is False
    finally:
        paying_gateway.start()
