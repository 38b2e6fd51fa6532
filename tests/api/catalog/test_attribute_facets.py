"""Lists narrowed by what is said of products: counts leave out their own filter, and agree with counting by hand."""

import random
from collections import Counter
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.errors import Invalid
from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import Facets, ProductImport, Wanted
from api.domains.catalog.contracts.keeping import AttributeDefinition
from api.domains.catalog.repository import keeping
from tests.api.catalog.conftest import MakeProduct

DEFINED = [
    AttributeDefinition("Colour", "choice", choices=("Red", "Blue", "Green")),
    AttributeDefinition("Weight", "number", "kg"),
    AttributeDefinition("Organic", "boolean"),
    AttributeDefinition("Story", "text"),
]
VALUES: dict[str, list[Any]] = {"Colour": ["Red", "Blue", "Green"], "Weight": [0.5, 2], "Organic": [True, False]}


def read(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


async def fill(session: AsyncSession, make_product: MakeProduct) -> list[ProductImport]:
    chance = random.Random(11)
    for product_type in ("A", "B"):
        await keeping.define(session, product_type, DEFINED)
    products = [
        make_product(
            f"s{number}",
            chance.choice(["Red thing", "Blue thing"]),
            department="Garden",
            category="Tools",
            product_type=chance.choice(["A", "B"]),
            price_minor=chance.choice([100, 300]),
            attributes={"Story": f"No. {number}"}
            | {name: chance.choice(values) for name, values in VALUES.items() if chance.random() < 0.8},
        )
        for number in range(90)
    ]
    await catalog.import_products(session, [*products, make_product("plain", "Red plain", price_minor=100)])
    return products


def fits(product: ProductImport, asked: Wanted, but: str = "") -> bool:
    said = product.attributes or {}
    by_name: dict[str, set[str]] = {}
    for each in asked.attributes:
        name, _, value = each.partition(":")
        by_name.setdefault(name, set()).add(value)
    return (
        (not asked.query or asked.query in product.title.lower())
        and (not asked.types or product.product_type in asked.types)
        and (not asked.prices or (product.price_minor < 200) == (asked.prices == ("0-200",)))
        and all(name == but or (name in said and read(said[name]) in values) for name, values in by_name.items())
    )


def counted(facets: Facets, name: str) -> dict[str, int]:
    return {each.value.partition(":")[2]: each.products for each in facets.of(f"attribute:{name}")}


async def test_lists_and_counts_agree_with_counting_by_hand(session: AsyncSession, make_product: MakeProduct) -> None:
    products = await fill(session, make_product)
    chance = random.Random(5)
    for turn in range(40):
        chosen = [
            f"{name}:{read(value)}"
            for name, values in VALUES.items()
            for value in chance.sample(values, chance.choice([0, 0, 1, min(2, len(values))]))
        ]
        asked = Wanted(
            chance.choice(["", "red"]),
            departments=("Garden",),
            types=("A",) if turn % 3 == 0 else (),
            prices=("0-200",) if turn % 4 == 0 else (),
            attributes=tuple(chosen),
        )
        fitting = {product.sku for product in products if fits(product, asked)}
        assert {view.sku for view in (await catalog.search(session, asked, limit=100)).items} == fitting
        facets = await catalog.facets(session, asked)
        assert facets.total == len(fitting)
        for name in VALUES:
            others = [product.attributes or {} for product in products if fits(product, asked, but=name)]
            assert counted(facets, name) == Counter(read(said[name]) for said in others if name in said)
        picked = {each.value for facet in facets.facets for each in facet.choices if each.is_chosen}
        assert set(chosen) >= {each for each in picked if ":" in each}
        assert "attribute:Story" not in [facet.name for facet in facets.facets]


async def test_choices_read_as_people_do_and_stand_only_beside_a_narrowed_list(
    session: AsyncSession, make_product: MakeProduct
) -> None:
    await fill(session, make_product)
    facets = await catalog.facets(session, Wanted(types=("A",), attributes=("Organic:true",)))
    assert [facet.name for facet in facets.facets][5:] == ["attribute:Colour", "attribute:Weight", "attribute:Organic"]
    labels = {each.value: each.label for facet in facets.facets[5:] for each in facet.choices}
    assert (labels["Weight:0.5"], labels["Organic:true"]) == ("0.5 kg", "Yes")
    assert facets.of("attribute:Organic")[0].is_chosen
    assert [facet.name for facet in (await catalog.facets(session, Wanted())).facets if ":" in facet.name] == []


async def test_what_is_no_attribute_is_refused(session: AsyncSession, client: AsyncClient) -> None:
    for wrong in ("Colour", ":Red", "Colour:"):
        with pytest.raises(Invalid):
            await catalog.facets(session, Wanted(attributes=(wrong,)))
        assert (await client.get("/v1/products", params={"attribute": wrong})).status_code == 422
    odd = {"attribute": "Colour'; --:\\\"{}"}
    assert (await client.get("/v1/facets", params=odd)).json()["total"] == 0


async def test_the_page_offers_them(session: AsyncSession, client: AsyncClient, make_product: MakeProduct) -> None:
    await fill(session, make_product)
    page = (await client.get("/search", params={"query": "thing", "attribute": "Colour:Red"})).text
    assert 'href="/search?query=thing"' in page  # the chip without its filter
    assert "attribute=Colour%3ARed&amp;attribute=Colour%3ABlue" in page
    assert "<summary>Weight</summary>" in page
