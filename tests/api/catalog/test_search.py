"""Finding products: typing errors, order, narrowing, pages, counts."""

from collections.abc import Callable

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.errors import Invalid
from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import ProductImport
from api.domains.catalog.service.imports import count_sales

MakeProduct = Callable[..., ProductImport]


async def titles(session: AsyncSession, query: str = "", **options: object) -> list[str]:
    page = await catalog.search(session, query, **options)  # type: ignore[arg-type]
    return [item.title for item in page.items]


@pytest.mark.parametrize("query", ["chocolate", "Chocolates", "choclate", "chocolat", "choc", "CHOCOLATTE"])
async def test_a_typing_error_still_finds_it(session: AsyncSession, shop: dict[str, int], query: str) -> None:
    assert set(await titles(session, query)) == {"Milk chocolate bar · 2 oz", "Dark chocolate · 8 oz"}


async def test_all_words_before_any_word(session: AsyncSession, shop: dict[str, int]) -> None:
    assert await titles(session, "milk chocolate") == ["Milk chocolate bar · 2 oz"]
    assert set(await titles(session, "soap gum")) == {"Bar soap · 3 ct", "Chewing gum · 5 ct"}


@pytest.mark.parametrize("query", ["xyzzyq", "the of", "'); DROP TABLE catalog.products; --", "&|!():*<->", "\\'"])
async def test_what_nothing_fits_is_empty_and_harmless(session: AsyncSession, shop: dict[str, int], query: str) -> None:
    assert "Whole milk · 1 gal" not in await titles(session, query)
    assert len(await titles(session)) == len(shop) - 1


async def test_a_title_outranks_a_category_and_sales_break_ties(
    session: AsyncSession, make_product: MakeProduct
) -> None:
    ids = await catalog.import_products(
        session,
        [
            make_product("a", "Rice pudding", category="Yogurt"),
            make_product("b", "Yogurt plain", category="Dairy"),
            make_product("c", "Yogurt cherry", category="Dairy"),
        ],
    )
    await count_sales(session, [(ids["c"], 50)])
    assert await titles(session, "yogurt") == ["Yogurt cherry", "Yogurt plain", "Rice pudding"]


async def test_narrowed_by_name_or_slug(session: AsyncSession, shop: dict[str, int]) -> None:
    assert await titles(session, department="Drugstore & general goods") == ["Bar soap · 3 ct"]
    assert await titles(session, department="drugstore-general-goods", category="soap") == ["Bar soap · 3 ct"]
    assert await titles(session, "milk", category="milk") == ["Whole milk · 1 gal"]
    assert await titles(session, department="fuel") == []


@pytest.mark.parametrize("sort", ["price", "newest", "popular", "relevance"])
@pytest.mark.parametrize("query", ["", "candy"])
async def test_pages_show_each_product_once_in_order(
    session: AsyncSession, sort: str, query: str, make_product: MakeProduct
) -> None:
    ids = await catalog.import_products(
        session, [make_product(f"s{n}", f"Candy {n}", price_minor=100 + n % 5) for n in range(23)]
    )
    await count_sales(session, [(product_id, n % 4 + 1) for n, product_id in enumerate(ids.values())])
    seen, cursor = [], None
    while True:
        page = await catalog.search(session, query, sort=sort, cursor=cursor, limit=5)
        seen += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(view.product_id for view in seen) == sorted(ids.values())
    if sort == "price":
        assert [view.price_minor for view in seen] == sorted(view.price_minor for view in seen)
    if sort == "newest":
        assert [view.product_id for view in seen] == sorted(ids.values(), reverse=True)
    if sort == "popular":
        assert [view.units_sold for view in seen] == sorted((view.units_sold for view in seen), reverse=True)


async def test_a_relaxed_search_stays_relaxed_on_the_next_page(session: AsyncSession, shop: dict[str, int]) -> None:
    first = await catalog.search(session, "soap gum", limit=1)
    assert first.next_cursor is not None
    second = await catalog.search(session, "soap gum", cursor=first.next_cursor, limit=1)
    assert {view.title for view in first.items + second.items} == {"Bar soap · 3 ct", "Chewing gum · 5 ct"}


async def test_refuses_an_unknown_sort_and_a_foreign_cursor(session: AsyncSession, shop: dict[str, int]) -> None:
    with pytest.raises(Invalid):
        await catalog.search(session, sort="cheapness")
    cursor = (await catalog.search(session, sort="price", limit=1)).next_cursor
    with pytest.raises(Invalid):
        await catalog.search(session, sort="newest", cursor=cursor)
    with pytest.raises(Invalid):
        await catalog.search(session, cursor="nonsense")


async def test_facets_leave_out_their_own_filter(session: AsyncSession, shop: dict[str, int]) -> None:
    facets = await catalog.facets(session, department="grocery", category="milk")
    assert facets.total == 1
    assert {each.slug: each.products for each in facets.departments} == {"grocery": 4, "drugstore-general-goods": 1}
    assert {each.slug: each.products for each in facets.categories} == {"candy-packaged": 3, "milk": 1}
    searched = await catalog.facets(session, "chocolate")
    assert (searched.total, [each.slug for each in searched.departments]) == (2, ["grocery"])
    assert (await catalog.facets(session, "xyzzyq")).total == 0


async def test_departments_shelves_and_similar(session: AsyncSession, shop: dict[str, int]) -> None:
    departments = await catalog.departments(session)
    assert [(each.slug, each.products) for each in departments] == [("grocery", 4), ("drugstore-general-goods", 1)]
    await count_sales(session, [(shop["gum-1"], 9), (shop["choc-2"], 4)])
    shelves = await catalog.shelves(session, ["Drugstore & general goods", "grocery"], 2)
    assert list(shelves) == ["drugstore-general-goods", "grocery"]
    assert [view.sku for view in shelves["grocery"]] == ["gum-1", "choc-2"]
    similar = await catalog.similar(session, shop["choc-1"])
    assert [view.sku for view in similar] == ["gum-1", "choc-2"]
