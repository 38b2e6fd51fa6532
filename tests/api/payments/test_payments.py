"""Payments and their ledger: every answer of the gateway, in any order and any number of times."""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from api.domains.payments import facade as payments
from api.domains.payments.contracts import ChargeResult, ChargeState, PaymentStatus
from api.domains.payments.domain import CAPTURE, MOVES, REFUND, entries_of
from tests.gateway_process import RunningGateway

ENDS = {PaymentStatus.DECLINED, PaymentStatus.CANCELLED, PaymentStatus.REFUNDED}


@given(st.sampled_from([CAPTURE, REFUND]), st.integers(1, 2**62))
def test_every_posting_sums_to_zero(posting: str, amount: int) -> None:
    entries = entries_of(posting, amount)
    assert sum(entry.amount_minor for entry in entries) == 0
    assert {abs(entry.amount_minor) for entry in entries} == {amount}


@given(st.lists(st.sampled_from(ChargeState), max_size=12), st.integers(1, 10**9), st.integers(0, 12))
def test_whatever_the_gateway_says_money_taken_equals_money_posted(
    said: list[ChargeState], amount: int, refund_at: int
) -> None:
    """Any sequence of answers, with our own promise of a refund somewhere: the books match the status."""
    status = PaymentStatus.PROCESSING
    books = {"gateway": 0, "sales": 0}
    for position, state in enumerate(said):
        if position == refund_at and status is PaymentStatus.SUCCEEDED:
            status = PaymentStatus.REFUNDING
        moved, postings = MOVES.get((status, state), (status, ()))
        if status in ENDS:
            assert moved is status
        status = moved
        for posting in postings:
            for entry in entries_of(posting, amount):
                books[entry.account] += entry.amount_minor
    held = amount if status in (PaymentStatus.SUCCEEDED, PaymentStatus.REFUNDING) else 0
    assert books == {"gateway": held, "sales": -held}


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
    ],
)
async def test_the_ledger_can_only_grow(session: AsyncSession, statement: str) -> None:
    payment = await payments.create(session, uuid4(), 500, "USD")
    await payments.record(session, payment.payment_id, ChargeResult(ChargeState.CAPTURED, "ch_1"))
    with pytest.raises(DBAPIError):
        await session.execute(text(statement))


async def test_a_posting_that_does_not_balance_is_refused(session: AsyncSession) -> None:
    payment = await payments.create(session, uuid4(), 500, "USD")
    await session.execute(
        text(
            "INSERT INTO payments.ledger_entries (payment_id, posting, account, amount_minor, currency)"
            " VALUES (:id, 'capture', 'gateway', 500, 'USD'), (:id, 'capture', 'sales', -499, 'USD')"
        ),
        {"id": payment.payment_id},
    )
    with pytest.raises(DBAPIError, match="does not sum to zero"):
        await session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))


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
        assert (await payments.charge(payment, "tok_ok")).state is ChargeState.UNREACHED
        assert (await payments.ask(payment.payment_id)).state is ChargeState.UNKNOWN
        assert (await payments.void(payment.payment_id)).state is ChargeState.UNKNOWN
        assert await payments.refund(payment.payment_id) is False
    finally:
        paying_gateway.start()
