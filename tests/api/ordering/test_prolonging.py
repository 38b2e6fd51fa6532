"""A buyer who is still at it keeps the goods beyond ten minutes, but not for ever."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.domains.ordering import facade as ordering
from tests.api.ordering.invariants import shift
from tests.gateway_process import RunningGateway

Shop = dict[str, int]


async def held_for(session: AsyncSession) -> timedelta:
    """How long the goods are still held."""
    found = await session.execute(text("SELECT expires_at - now() FROM inventory.reservations"))
    left: timedelta = found.scalar_one()
    return left


async def wait_at_the_bank(shopper: Any, shop: Shop) -> dict[str, Any]:
    await shopper.add(shop["milk"])
    order: dict[str, Any] = (await shopper.check_out("tok_action")).json()
    assert order["status"] == "draft"
    return order


async def look(shopper: Any, order: dict[str, Any]) -> str:
    status: str = (await shopper.client.get(f"/v1/orders/{order['order_id']}")).json()["status"]
    return status


async def test_looking_at_it_holds_the_goods(
    shopper: Any, shop: Shop, session: AsyncSession, paying_gateway: RunningGateway
) -> None:
    order = await wait_at_the_bank(shopper, shop)
    for _ in range(3):
        await shift(8)
        await look(shopper, order)
        assert await held_for(session) == timedelta(minutes=10)
        assert await ordering.sweep_unfinished() == 0  # 24 minutes after it began
    paying_gateway.decide(order["payment"]["next_action_url"], "confirm")
    assert await ordering.sweep_unfinished() == 1
    assert await look(shopper, order) == "placed"


async def test_who_looks_away_loses_them(shopper: Any, shop: Shop, session: AsyncSession) -> None:
    order = await wait_at_the_bank(shopper, shop)
    await shift(8)
    await look(shopper, order)
    await shift(11)
    assert await ordering.sweep_unfinished() == 1
    assert await look(shopper, order) == "expired"
    assert (await session.execute(text("SELECT count(*) FROM inventory.reservations"))).scalar_one() == 0


async def test_an_hour_is_the_end(shopper: Any, shop: Shop) -> None:
    order = await wait_at_the_bank(shopper, shop)
    for _ in range(7):
        await shift(9)
        await look(shopper, order)
        await ordering.sweep_unfinished()
    assert await look(shopper, order) == "expired"


async def test_nobody_else_holds_them(shopper: Any, shoppers: Any, shop: Shop, session: AsyncSession) -> None:
    order = await wait_at_the_bank(shopper, shop)
    await shift(5)
    assert (await shoppers().client.get(f"/v1/orders/{UUID(order['order_id'])}")).status_code == 404
    assert await held_for(session) == timedelta(minutes=5)
