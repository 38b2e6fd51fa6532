"""Variants, bundles and prices over time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.errors import Invalid
from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import PriceDrop, ProductImport, VariantNew
from api.domains.catalog.errors import InvalidPrice, ProductNotFound, VariantExists, VariantNotFound

LARGE = VariantNew("choc-1-l", {"Size": "Large"}, 229, gtin="4006381333931")


async def events(session: AsyncSession, kind: str) -> list[str]:
    rows = await session.execute(text("SELECT key FROM core.outbox WHERE type = :kind ORDER BY id"), {"kind": kind})
    return list(rows.scalars())


async def test_the_first_variant_is_the_product_itself(session: AsyncSession, shop: dict[str, int]) -> None:
    (first,) = await catalog.variants_of(session, shop["choc-1"])
    assert (first.variant_id, first.product_id, first.sku, first.price_minor) == (
        shop["choc-1"], shop["choc-1"], "choc-1", 129,
    )  # fmt: skip
    assert (first.options, first.tax_class, first.components) == ({}, "standard", ())


async def test_a_further_variant_has_an_id_of_the_same_sequence(session: AsyncSession, shop: dict[str, int]) -> None:
    added = await catalog.add_variant(session, shop["choc-1"], LARGE)
    assert added.variant_id > max(shop.values())
    assert (added.product_id, added.title, added.options) == (
        shop["choc-1"], "Milk chocolate bar · 2 oz", {"Size": "Large"},
    )  # fmt: skip
    assert [each.sku for each in await catalog.variants_of(session, shop["choc-1"])] == ["choc-1", "choc-1-l"]
    assert await events(session, "catalog.variant_published") == [str(shop["choc-1"])]
    both = await catalog.variants_for_sale(session, [shop["choc-1"], added.variant_id, 999_999])
    assert {key: each.price_minor for key, each in both.items()} == {shop["choc-1"]: 129, added.variant_id: 229}


@pytest.mark.parametrize(
    ("new", "field"),
    [
        (VariantNew("choc-1", {"Size": "Small"}, 229), "sku"),
        (VariantNew("other", {"Size": "Large"}, 229), "options"),
        (VariantNew("choc-1-l", {"Size": "Small"}, 229), "sku"),
        (VariantNew("other", {"Size": "Small"}, 229, gtin="4006381333931"), "gtin"),
    ],
)
async def test_what_names_a_variant_names_one(
    session: AsyncSession, shop: dict[str, int], new: VariantNew, field: str
) -> None:
    await catalog.add_variant(session, shop["choc-1"], LARGE)
    with pytest.raises(VariantExists) as refused:
        await catalog.add_variant(session, shop["choc-1"], new)
    assert refused.value.extra == {"field": field}
    assert len(await catalog.variants_of(session, shop["choc-1"])) == 2


async def test_a_product_cannot_take_the_sku_of_a_variant(
    session: AsyncSession, shop: dict[str, int], make_product: Callable[..., ProductImport]
) -> None:
    await catalog.add_variant(session, shop["choc-1"], LARGE)
    with pytest.raises(DBAPIError, match="the SKU choc-1-l is taken"):
        await catalog.import_products(session, [make_product("choc-1-l", "Another")])


@pytest.mark.parametrize(
    "new",
    [
        VariantNew("x", {}, 100),
        VariantNew("x", {"Size": " "}, 100),
        VariantNew("x", {"Size": "L" * 61}, 100),
        VariantNew("x", {str(number): "a" for number in range(6)}, 100),
        VariantNew("x", {"Size": "L"}, 0),
        VariantNew("x", {"Size": "L"}, 100, gtin="4006381333932"),
        VariantNew("x", {"Size": "L"}, 100, gtin="hello"),
    ],
)
async def test_a_variant_that_cannot_be_is_refused(
    session: AsyncSession, shop: dict[str, int], new: VariantNew
) -> None:
    with pytest.raises((Invalid, InvalidPrice)):
        await catalog.add_variant(session, shop["choc-1"], new)
    with pytest.raises(ProductNotFound):
        await catalog.add_variant(session, 999_999, LARGE)


async def test_what_is_withdrawn_or_not_yet_out_is_not_for_sale(session: AsyncSession, shop: dict[str, int]) -> None:
    added = await catalog.add_variant(session, shop["choc-1"], LARGE)
    await catalog.set_variant_active(session, added.variant_id, False)
    ids = [shop["choc-1"], added.variant_id, shop["fuel-1"]]
    assert list(await catalog.variants_for_sale(session, ids)) == [shop["choc-1"]]
    assert set(await catalog.get_variants(session, ids)) == set(ids)
    with pytest.raises(VariantNotFound):
        await catalog.set_variant_active(session, shop["choc-1"], False)
    await session.execute(
        text("UPDATE catalog.products SET available_from = now() + interval '1 minute' WHERE product_id = :id"),
        {"id": shop["choc-1"]},
    )
    assert await catalog.variants_for_sale(session, ids) == {}


async def test_a_bundle_is_for_sale_while_its_parts_are(session: AsyncSession, shop: dict[str, int]) -> None:
    large = (await catalog.add_variant(session, shop["choc-1"], LARGE)).variant_id
    await catalog.make_bundle(session, shop["gum-1"], {large: 2, shop["milk-1"]: 1})
    bundle = (await catalog.variants_for_sale(session, [shop["gum-1"]]))[shop["gum-1"]]
    assert set(bundle.components) == {(large, 2), (shop["milk-1"], 1)}
    await catalog.set_variant_active(session, large, False)
    assert await catalog.variants_for_sale(session, [shop["gum-1"]]) == {}
    for components in ({}, {shop["milk-1"]: 0}, {shop["gum-1"]: 1}, {shop["soap-1"]: 1}):
        with pytest.raises(Invalid):
            await catalog.make_bundle(session, shop["soap-1"], components)
    with pytest.raises(Invalid):
        await catalog.make_bundle(session, shop["choc-2"], {shop["gum-1"]: 1})
    with pytest.raises(VariantNotFound):
        await catalog.make_bundle(session, shop["choc-2"], {999_999: 1})


async def test_a_price_change_of_any_variant_is_told(session: AsyncSession, shop: dict[str, int]) -> None:
    large = (await catalog.add_variant(session, shop["choc-1"], LARGE)).variant_id
    for variant_id in (large, shop["choc-1"]):
        await catalog.change_price(session, variant_id, 99)
        await catalog.change_price(session, variant_id, 99)
    assert await events(session, "catalog.price_changed") == [str(shop["choc-1"])] * 2
    found = await catalog.variants_for_sale(session, [large, shop["choc-1"]])
    assert [each.price_minor for each in found.values()] == [99, 99]
    with pytest.raises(VariantNotFound):
        await catalog.change_price(session, 999_999, 99)


async def test_an_import_tells_what_became_cheaper(
    session: AsyncSession, shop: dict[str, int], make_product: Callable[..., ProductImport]
) -> None:
    await catalog.import_products(session, [make_product("gum-1", "Chewing gum · 5 ct", price_minor=79)])
    assert await events(session, "catalog.price_changed") == [str(shop["gum-1"])]


@pytest.mark.parametrize(
    ("history", "lowest"),
    [
        # (days ago, price), the present price last
        ([(90, 500), (5, 400)], 500),
        ([(90, 500), (20, 450), (15, 500), (5, 400)], 450),
        ([(90, 300), (36, 500), (5, 400)], 500),  # 300 ended 31 days before
        ([(90, 300), (34, 500), (5, 400)], None),  # 29 days before: it counts, and 400 is no reduction
        ([(90, 400), (5, 500)], None),
        ([(90, 400)], None),
    ],
)
async def test_a_reduction_stands_beside_the_lowest_price_of_thirty_days(
    session: AsyncSession, history: list[tuple[int, int]], lowest: int | None
) -> None:
    now = datetime.now(UTC)
    await session.execute(text("INSERT INTO catalog.categories (path, name) VALUES ('a', 'A') ON CONFLICT DO NOTHING"))
    made = await session.execute(  # not by the import, which would begin a history of today
        text(
            "INSERT INTO catalog.products (sku, title, slug, department, department_slug, category, category_slug,"
            " category_path, product_type, brand, price_minor, currency)"
            " VALUES ('old', 'Old', 'old', 'A', 'a', 'B', 'b', 'a', 'C', 'D', :price, 'USD') RETURNING product_id"
        ),
        {"price": history[-1][1]},
    )
    product_id = made.scalar_one()
    for days, price in history:
        await session.execute(
            text(
                "INSERT INTO catalog.prices (product_id, variant_id, price_minor, currency, valid_from)"
                " VALUES (:id, :id, :price, 'USD', :at)"
            ),
            {"id": product_id, "price": price, "at": now - timedelta(days=days)},
        )
    drops = await catalog.price_drops(session, [product_id])
    assert drops == ({} if lowest is None else {product_id: PriceDrop(history[-1][1], lowest)})
