"""Finding products: typing errors, order, narrowing, pages, counts."""

import random
from collections import Counter
from collections.abc import Callable

import orjson
import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.buffered import get_buffer
from api.core.errors import Invalid
from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import Facets, ProductImport, Wanted
from api.domains.catalog.service import search
from api.domains.catalog.service.imports import count_sales

MakeProduct = Callable[..., ProductImport]


def wanted(query: str = "", department: str | None = None, category: str | None = None) -> Wanted:
    return Wanted(query, (department,) if department else (), (category,) if category else ())


async def titles(session: AsyncSession, query: str = "", **options: str) -> list[str]:
    page = await catalog.search(session, wanted(query, **options))
    return [item.title for item in page.items]


@pytest.mark.parametrize("query", ["chocolate", "Chocolates", "choclate", "chocolat", "choc", "CHOCOLATTE"])
async def test_a_typing_error_still_finds_it(session: AsyncSession, shop: dict[str, int], query: str) -> None:
    assert set(await titles(session, query)) == {"Milk chocolate bar · 2 oz", "Dark chocolate · 8 oz"}


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("chocolates", "Milk <mark>chocolate</mark> bar · 2 oz"),
        ("choclate", "Milk <mark>chocolate</mark> bar · 2 oz"),
        ("bar milk", "<mark>Milk</mark> chocolate <mark>bar</mark> · 2 oz"),
        ("candy 2 oz", "Milk chocolate bar · 2 <mark>oz</mark>"),
    ],
    ids=["plural", "typing error", "several", "also elsewhere"],
)
async def test_the_words_that_it_was_found_by_are_marked(
    session: AsyncSession, shop: dict[str, int], query: str, shown: str
) -> None:
    page = await catalog.search(session, wanted(query))
    assert shown in [view.highlight for view in page.items]


async def test_a_title_with_markup_stays_text(session: AsyncSession, make_product: MakeProduct) -> None:
    await catalog.import_products(session, [make_product("x", "Roses <red> & 'white'")])
    page = await catalog.search(session, wanted("roses"))
    assert [view.highlight for view in page.items] == ["<mark>Roses</mark> &lt;red&gt; &amp; &#x27;white&#x27;"]
    assert [view.highlight for view in (await catalog.search(session, wanted())).items] == [None]


@pytest.mark.parametrize(
    "query", ["acc", "bags acc", "Bags/acc", "creme brulee", "Crème brûlée", "non carbonated", "o2"]
)
async def test_words_are_parted_as_people_part_them(
    session: AsyncSession, make_product: MakeProduct, query: str
) -> None:
    await catalog.import_products(
        session,
        [
            make_product("x", "Bags/acc"),
            make_product("y", "Crème brûlée"),
            make_product("z", "Non-carbonated water.O2"),
        ],
    )
    assert len(await titles(session, query)) == 1
    assert await search.suggest(session, query[:3]) != []


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


@pytest.mark.parametrize("sort", ["price", "price_down", "newest", "popular", "rating", "relevance"])
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
        page = await catalog.search(session, wanted(query), sort=sort, cursor=cursor, limit=5)
        seen += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(view.product_id for view in seen) == sorted(ids.values())
    if sort == "price":
        assert [view.price_minor for view in seen] == sorted(view.price_minor for view in seen)
    if sort == "price_down":
        assert [view.price_minor for view in seen] == sorted((view.price_minor for view in seen), reverse=True)
    if sort == "newest":
        assert [view.product_id for view in seen] == sorted(ids.values(), reverse=True)
    if sort == "popular":
        assert [view.units_sold for view in seen] == sorted((view.units_sold for view in seen), reverse=True)


async def test_a_relaxed_search_stays_relaxed_on_the_next_page(session: AsyncSession, shop: dict[str, int]) -> None:
    first = await catalog.search(session, wanted("soap gum"), limit=1)
    assert first.next_cursor is not None
    second = await catalog.search(session, wanted("soap gum"), cursor=first.next_cursor, limit=1)
    assert {view.title for view in first.items + second.items} == {"Bar soap · 3 ct", "Chewing gum · 5 ct"}


async def test_refuses_an_unknown_sort_and_a_foreign_cursor(session: AsyncSession, shop: dict[str, int]) -> None:
    with pytest.raises(Invalid):
        await catalog.search(session, wanted(), sort="cheapness")
    cursor = (await catalog.search(session, wanted(), sort="price", limit=1)).next_cursor
    with pytest.raises(Invalid):
        await catalog.search(session, wanted(), sort="newest", cursor=cursor)
    with pytest.raises(Invalid):
        await catalog.search(session, wanted(), cursor="nonsense")


def counted(facets: Facets, name: str) -> dict[str, int]:
    return {each.value: each.products for each in facets.of(name)}


async def test_facets_leave_out_their_own_filter(session: AsyncSession, shop: dict[str, int]) -> None:
    facets = await catalog.facets(session, wanted(department="grocery", category="milk"))
    assert facets.total == 1
    assert counted(facets, "department") == {"grocery": 1}
    assert counted(facets, "category") == {"candy-packaged": 3, "milk": 1}
    assert [each.value for each in facets.of("category") if each.is_chosen] == ["milk"]
    searched = await catalog.facets(session, wanted("chocolate"))
    assert (searched.total, counted(searched, "department")) == (2, {"grocery": 2})
    assert (await catalog.facets(session, wanted("xyzzyq"))).total == 0


VALUES = {
    "departments": ["Grocery", "Garden"],
    "categories": ["Milk", "Tools", "Candy"],
    "types": ["A", "B"],
    "brands": ["National", "Private"],
    "prices": ["0-200", "200-500", "10000-"],
}
ATTRIBUTE = {"departments": "department", "categories": "category", "types": "product_type", "brands": "brand"}


def fits(product: ProductImport, wanted: Wanted, but: str = "") -> bool:
    """What the filters mean, the long way round."""
    if wanted.query and wanted.query not in product.title.lower():
        return False
    for facet, attribute in ATTRIBUTE.items():
        chosen = getattr(wanted, facet)
        if facet != but and chosen and getattr(product, attribute) not in chosen:
            return False
    ranges = [(int(low), int(high or 10**9)) for low, _, high in (each.partition("-") for each in wanted.prices)]
    return but == "prices" or not ranges or any(low <= product.price_minor < high for low, high in ranges)


async def test_lists_and_counts_agree_with_counting_by_hand(session: AsyncSession, make_product: MakeProduct) -> None:
    chance = random.Random(7)
    products = [
        make_product(
            f"s{number}",
            chance.choice(["Red thing", "Blue thing"]),
            **{attribute: chance.choice(VALUES[facet]) for facet, attribute in ATTRIBUTE.items()},
            price_minor=chance.choice([1, 199, 200, 499, 500, 9999, 10000, 99999]),
        )
        for number in range(150)
    ]
    await catalog.import_products(session, products)
    for _ in range(40):
        chosen = {facet: tuple(chance.sample(values, chance.choice([0, 0, 1, 2]))) for facet, values in VALUES.items()}
        asked = Wanted(chance.choice(["", "red"]), **chosen)
        found = {view.sku for view in (await catalog.search(session, asked, limit=100)).items}
        fitting = [product for product in products if fits(product, asked)]
        assert found == {product.sku for product in fitting} or len(fitting) > 100
        facets = await catalog.facets(session, asked)
        assert facets.total == len(fitting)
        page, beside = await catalog.search_with_facets(session, asked, limit=100)
        assert ({view.sku for view in page.items}, beside) == (found, facets)
        for facet, name in (("types", "type"), ("brands", "brand")):
            others = [product for product in products if fits(product, asked, but=facet)]
            assert counted(facets, name) == Counter(getattr(product, ATTRIBUTE[facet]) for product in others)
        cheap = sum(product.price_minor < 200 for product in products if fits(product, asked, but="prices"))
        assert counted(facets, "price").get("0-200", 0) == cheap
        assert [each.value for each in facets.of("price")] == sorted(
            counted(facets, "price"), key=lambda name: int(name.partition("-")[0])
        )


async def test_an_unknown_range_of_prices_is_refused(session: AsyncSession, shop: dict[str, int]) -> None:
    for refuse in (catalog.search, catalog.facets):
        with pytest.raises(Invalid) as refused:
            await refuse(session, Wanted(prices=("1-2",)))
        assert refused.value.problem()["errors"][0]["field"] == "price"


async def test_departments_shelves_and_similar(session: AsyncSession, shop: dict[str, int]) -> None:
    departments = await catalog.departments(session)
    assert [(each.slug, each.products) for each in departments] == [("grocery", 4), ("drugstore-general-goods", 1)]
    await count_sales(session, [(shop["gum-1"], 9), (shop["choc-2"], 4)])
    shelves = await catalog.shelves(session, ["Drugstore & general goods", "grocery"], 2)
    assert list(shelves) == ["drugstore-general-goods", "grocery"]
    assert [view.sku for view in shelves["grocery"]] == ["gum-1", "choc-2"]
    similar = await catalog.similar(session, shop["choc-1"])
    assert [view.sku for view in similar] == ["gum-1", "choc-2"]


async def test_a_search_without_a_result_is_recorded(
    client: AsyncClient, session: AsyncSession, shop: dict[str, int], kafka_away: None
) -> None:
    await session.commit()
    for query in ("qqqqqqq", "chocolate", " "):
        assert (await client.get("/v1/products", params={"query": query})).status_code == 200
    await get_buffer().flush()
    statement = text("SELECT envelope FROM core.outbox WHERE type = 'analytics.search_performed'")
    told = [orjson.loads(each)["data"] for each in (await session.execute(statement)).scalars()]
    assert [(each["query"], each["results"]) for each in told] == [("qqqqqqq", 0)]
