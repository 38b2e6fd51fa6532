"""Products in bulk, their events, prices and sales counts."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.inbox import ReceivedEvent
from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import ProductImport
from api.domains.catalog.errors import InvalidPrice, VariantNotFound
from api.domains.catalog.handlers import HANDLERS
from ingestion.contracts.ordering import OrderLine, OrderPlaced

MakeProduct = Callable[..., ProductImport]


async def published(session: AsyncSession) -> list[str]:
    rows = await session.execute(
        text("SELECT key FROM core.outbox WHERE type = 'catalog.product_published' ORDER BY id")
    )
    return list(rows.scalars())


async def prices(session: AsyncSession, product_id: int) -> list[int]:
    rows = await session.execute(
        text("SELECT price_minor FROM catalog.prices WHERE product_id = :id ORDER BY price_id"), {"id": product_id}
    )
    return list(rows.scalars())


async def test_every_product_is_stored_and_published_once(session: AsyncSession, shop: dict[str, int]) -> None:
    assert sorted(await published(session)) == sorted(map(str, shop.values()))
    found = await catalog.get_products(session, list(shop.values()))
    assert {view.sku for view in found.values()} == set(shop)
    milk = found[shop["milk-1"]]
    assert (milk.title, milk.slug, milk.price_minor, milk.units_sold) == (
        "Whole milk · 1 gal", "whole-milk-1-gal", 289, 0,
    )  # fmt: skip


async def test_importing_the_same_again_writes_nothing(
    session: AsyncSession, shop: dict[str, int], make_product: MakeProduct
) -> None:
    same = make_product("gum-1", "Chewing gum · 5 ct", price_minor=99)
    assert await catalog.import_products(session, [same]) == {"gum-1": shop["gum-1"]}
    assert len(await published(session)) == len(shop)
    assert await prices(session, shop["gum-1"]) == [99]


async def test_a_changed_product_keeps_its_id_and_its_price_history(
    session: AsyncSession, shop: dict[str, int], make_product: MakeProduct
) -> None:
    dearer = make_product("gum-1", "Chewing gum · 5 ct", price_minor=119)
    renamed = make_product("choc-1", "Milk chocolate tablet", price_minor=129)
    ids = await catalog.import_products(session, [dearer, renamed])
    assert ids == {"gum-1": shop["gum-1"], "choc-1": shop["choc-1"]}
    assert await prices(session, shop["gum-1"]) == [99, 119]
    assert await prices(session, shop["choc-1"]) == [129]
    assert sorted((await published(session))[-2:]) == sorted([str(shop["gum-1"]), str(shop["choc-1"])])


async def test_the_last_row_of_a_sku_wins(session: AsyncSession, make_product: MakeProduct) -> None:
    rows = [make_product("twice", "First"), make_product("twice", "Second")]
    ids = await catalog.import_products(session, rows)
    assert (await catalog.get_product(session, ids["twice"])).title == "Second"


async def test_no_price_below_one_cent(session: AsyncSession, shop: dict[str, int], make_product: MakeProduct) -> None:
    with pytest.raises(InvalidPrice):
        await catalog.import_products(session, [make_product("free", "Free", price_minor=0)])
    with pytest.raises(InvalidPrice):
        await catalog.change_price(session, shop["gum-1"], -5)


async def test_a_price_change_is_an_event_and_a_line_of_history(session: AsyncSession, shop: dict[str, int]) -> None:
    gum = shop["gum-1"]
    await catalog.change_price(session, gum, 89)
    await catalog.change_price(session, gum, 89)
    assert await prices(session, gum) == [99, 89]
    assert (await published(session)).count(str(gum)) == 2
    assert (await catalog.price_for_sale(session, [gum]))[gum].price_minor == 89
    with pytest.raises(VariantNotFound):
        await catalog.change_price(session, 10**12, 89)


@pytest.mark.parametrize("statement", ["UPDATE catalog.prices SET price_minor = 1", "DELETE FROM catalog.prices"])
async def test_price_history_cannot_be_rewritten(session: AsyncSession, shop: dict[str, int], statement: str) -> None:
    with pytest.raises(DBAPIError, match=r"append-only|permission denied"):
        await session.execute(text(statement))


async def test_what_is_not_active_cannot_be_bought(session: AsyncSession, shop: dict[str, int]) -> None:
    fuel = [shop["fuel-1"]]
    assert await catalog.price_for_sale(session, fuel) == {}
    assert list(await catalog.get_products(session, fuel)) == fuel
    assert await catalog.get_products(session, fuel, with_inactive=False) == {}
    assert not (await catalog.get_product(session, shop["fuel-1"])).is_active


def order(*lines: tuple[int, int]) -> ReceivedEvent:
    placed = OrderPlaced(
        order_id=uuid4(),
        customer_id=uuid4(),
        source="storefront",
        currency="USD",
        total_minor=0,
        lines=tuple(
            OrderLine(
                line_number=number,
                product_id=product_id,
                quantity=quantity,
                unit_price_minor=0,
                discount_minor=0,
                total_minor=0,
            )
            for number, (product_id, quantity) in enumerate(lines, 1)
        ),
    )
    return ReceivedEvent(uuid4(), datetime.now(UTC), placed)


async def test_orders_make_products_popular(session: AsyncSession, shop: dict[str, int]) -> None:
    handler = HANDLERS[OrderPlaced.type]
    gum, milk = shop["gum-1"], shop["milk-1"]
    await handler(session, [order((gum, 2), (milk, 1)), order((gum, 3), (10**12, 7))])
    await handler(session, [order((milk, 1))])
    found = await catalog.get_products(session, [gum, milk])
    assert (found[gum].units_sold, found[milk].units_sold) == (5, 2)
    assert [view.product_id for view in await catalog.best_sellers(session)] == [gum, milk]
