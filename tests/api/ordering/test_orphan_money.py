"""Processes that die and answers that vanish around the charge: no money stays without an order."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.domains.inventory import facade as inventory
from api.domains.ordering import facade as ordering
from api.domains.ordering.service import checkout
from api.domains.payments import facade as payments
from api.domains.payments.contracts import ChargeResult, ChargeState
from tests.gateway_process import RunningGateway

Shop = dict[str, int]
Count = Callable[[str], Awaitable[int]]
AT_ONCE = timedelta(0)


class Died(BaseException):
    """The process ends here."""


async def die(*_: Any) -> Any:
    raise Died


async def try_to_die(shopper: Any, key: str) -> None:
    with pytest.raises(Died):
        await shopper.check_out(key=key)


async def status_of(session: AsyncSession, shopper: Any) -> tuple[str, str]:
    found = await session.execute(
        text("""
            SELECT o.status, p.status FROM ordering.orders o JOIN payments.payments p USING (order_id)
            WHERE o.customer_id = :customer_id
        """),
        {"customer_id": shopper.customer_id},
    )
    return tuple(found.one())


@pytest.fixture
async def dying(shopper: Any, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A person with a full cart, whose checkout dies after the charge."""
    await shopper.add(shop["milk"], 2)
    monkeypatch.setattr(checkout, "settle", die)
    return shopper


async def test_paid_and_died_becomes_an_order(
    dying: Any, session: AsyncSession, monkeypatch: pytest.MonkeyPatch, paying_gateway: RunningGateway
) -> None:
    before = paying_gateway.balance().get("captured", (0, 0))
    await try_to_die(dying, "k")
    assert paying_gateway.balance()["captured"] == (before[0] + 1, before[1] + 578)
    assert await status_of(session, dying) == ("draft", "processing")
    monkeypatch.undo()
    assert await ordering.sweep_unfinished() == 0  # too young: its process could still be at work
    assert await ordering.sweep_unfinished(grace=AT_ONCE) == 1
    assert await status_of(session, dying) == ("placed", "succeeded")
    assert await payments.balance(session) == {"gateway": 578, "sales": -578}
    assert (await dying.cart())["lines"] == []
    assert (await dying.check_out(key="k")).json()["status"] == "placed"
    assert paying_gateway.balance()["captured"][0] == before[0] + 1


async def test_the_same_key_goes_on_where_the_dead_one_stopped(
    dying: Any, session: AsyncSession, monkeypatch: pytest.MonkeyPatch, paying_gateway: RunningGateway
) -> None:
    before = paying_gateway.balance().get("captured", (0, 0))[0]
    await try_to_die(dying, "k")
    monkeypatch.undo()
    answer = await dying.check_out(key="k")
    assert (answer.status_code, answer.json()["status"]) == (201, "placed")
    assert paying_gateway.balance()["captured"][0] == before + 1
    assert await status_of(session, dying) == ("placed", "succeeded")


async def test_paid_after_the_goods_were_given_away_is_refunded(
    dying: Any,
    shop: Shop,
    session: AsyncSession,
    monkeypatch: pytest.MonkeyPatch,
    paying_gateway: RunningGateway,
) -> None:
    before = paying_gateway.balance().get("refunded", (0, 0))
    await try_to_die(dying, "k")
    monkeypatch.undo()
    await session.execute(text("UPDATE inventory.reservations SET expires_at = now() - interval '1 second'"))
    assert await inventory.sweep_expired(session) == 1
    await session.commit()
    assert await ordering.sweep_unfinished(grace=AT_ONCE) == 1
    assert await status_of(session, dying) == ("expired", "refunded")
    assert paying_gateway.balance()["refunded"] == (before[0] + 1, before[1] + 578)
    assert await payments.balance(session) == {"gateway": 0, "sales": 0}
    refused = await dying.check_out(key="k")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:agora:problem:checkout-expired")
    assert [line["quantity"] for line in (await dying.cart())["lines"]] == [2]


async def test_died_before_the_charge_is_fenced_off(
    shopper: Any, shop: Shop, session: AsyncSession, monkeypatch: pytest.MonkeyPatch, paying_gateway: RunningGateway
) -> None:
    await shopper.add(shop["milk"])
    with monkeypatch.context() as patch:
        patch.setattr(payments, "charge", die)
        await try_to_die(shopper, "k")
    assert await ordering.sweep_unfinished(grace=AT_ONCE) == 1
    assert await status_of(session, shopper) == ("expired", "cancelled")
    payment_id = (await session.execute(text("SELECT payment_id FROM payments.payments"))).scalar_one()
    body = {"payment_id": str(payment_id), "amount_minor": 289, "currency": "USD", "token": "tok_ok"}
    assert paying_gateway.call("POST", "/v1/charges", json=body).json()["status"] == "voided"
    held = await session.execute(text("SELECT sum(reserved + allocated) FROM inventory.stock"))
    assert held.scalar_one() == 0


async def test_a_gateway_that_vanishes_after_charging(
    shopper: Any, shop: Shop, session: AsyncSession, monkeypatch: pytest.MonkeyPatch, paying_gateway: RunningGateway
) -> None:
    """The answer is lost and so is the one to the question: the order waits, and the sweeper finds the money."""
    await shopper.add(shop["milk"])
    really_charge = payments.charge

    async def charge_and_vanish(*arguments: Any) -> ChargeResult:
        assert (await really_charge(*arguments)).state is ChargeState.CAPTURED
        return ChargeResult(ChargeState.UNKNOWN)

    with monkeypatch.context() as patch:
        patch.setattr(payments, "charge", charge_and_vanish)
        answer = await shopper.check_out()
    assert (answer.status_code, answer.json()["payment"]["status"]) == (202, "processing")
    paying_gateway.stop()
    try:
        assert await ordering.sweep_unfinished(grace=AT_ONCE) == 0
    finally:
        paying_gateway.start()
    assert await ordering.sweep_unfinished(grace=AT_ONCE) == 1
    assert await status_of(session, shopper) == ("placed", "succeeded")
    order = (await shopper.client.get(f"/v1/orders/{answer.json()['order_id']}")).json()
    assert order["status"] == "placed"


async def test_one_draft_that_cannot_be_settled_does_not_stop_the_others(
    shoppers: Any, rolled_back: Any, shop: Shop, session: AsyncSession, monkeypatch: pytest.MonkeyPatch, count: Count
) -> None:
    people = [shoppers() for _ in range(3)]
    with monkeypatch.context() as patch:
        patch.setattr(checkout, "settle", die)
        for person in people:
            await person.add(shop["milk"])
            await try_to_die(person, str(uuid4()))
    broken = (await session.execute(text("SELECT payment_id FROM payments.payments LIMIT 1"))).scalar_one()
    really_ask = payments.ask

    async def ask(payment_id: Any) -> ChargeResult:
        if payment_id == broken:
            raise RuntimeError("broken")
        return await really_ask(payment_id)

    monkeypatch.setattr(payments, "ask", ask)
    assert await ordering.sweep_unfinished(grace=AT_ONCE) == 2
    assert await count("ordering.orders WHERE status = 'placed'") == 2
