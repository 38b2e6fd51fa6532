"""The first page: shelves that follow what this person bought and looked at."""

import re
from collections.abc import Sequence
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from api.core.access import open_to_all
from api.core.auth import Visitor, VisitorDep
from api.core.db import ReadDep, transaction
from api.core.rendering import render
from api.core.routing import Router
from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import ProductView
from api.domains.identity import facade as identity
from api.domains.recommendations import facade as recommendations
from api.web.frame import AISLES
from api.web.pictures import tile_url
from api.web.shelves import SHELF, Shelf

router = Router(include_in_schema=False)

PERSONAL_SHELVES = 4
DEPARTMENT_SHELVES = 3
FEWEST_OF_A_REASON = 3
FEWEST_IN_DEPARTMENT = 20
MIXED = "Chosen for you"
DRAWN = "Something different"
COLLAGE = tuple(
    tile_url(icon, tone, variant)
    for icon, tone, variant in (
        ("carrot", "orange", 5),
        ("cheese", "amber", 1),
        ("bottle-droplet", "blue", 0),
        ("apple-whole", "red", 2),
        ("fish-fins", "teal", 3),
        ("bread-slice", "sand", 4),
    )
)


def by_reason(
    items: Sequence[tuple[str, ProductView]],
    recommendation_id: UUID,
    most: int = PERSONAL_SHELVES,
    drawn: Sequence[ProductView] = (),
) -> list[Shelf]:
    """Recommended products in their order, gathered under their reasons; reasons of one or two go together.

    What was `drawn` by lot has a shelf of its own and is always shown: else what the log says of its chance were wrong.
    """
    groups: dict[str, list[ProductView]] = {}
    for reason, product in items:
        groups.setdefault(reason, []).append(product)
    full = [(reason, group) for reason, group in groups.items() if len(group) >= FEWEST_OF_A_REASON][:most]
    placed = {product.product_id for _, group in full for product in group[:SHELF]}
    rest = [product for _, product in items if product.product_id not in placed]
    shelves = [Shelf(reason, group[:SHELF], recommendation_id) for reason, group in full]
    if rest and len(shelves) < most and (len(rest) >= FEWEST_OF_A_REASON or not shelves):
        shelves.append(Shelf(MIXED, rest[:SHELF], recommendation_id))
    return [*shelves, Shelf(DRAWN, drawn, recommendation_id)] if drawn else shelves


def varied(products: Sequence[ProductView], most: int = SHELF) -> list[ProductView]:
    """The first `most`, each kind once before any comes twice: six milks in a row are no choice."""
    first = {_kind(product): product for product in reversed(products)}
    return sorted(products, key=lambda product: first[_kind(product)] is not product)[:most]


def _trade(products: Sequence[ProductView]) -> tuple[int, bool]:
    return sum(product.units_sold for product in products), any(product.image for product in products)


def faces_first(products: Sequence[ProductView]) -> list[ProductView]:
    """By units sold; of what sold alike, first what has a picture: a young shop shows what it can."""
    return sorted(products, key=lambda product: (-product.units_sold, product.image is None))


def _kind(product: ProductView) -> str:
    return product.title.partition(" · ")[0]


@router.get("/")
@open_to_all
async def home(request: Request, reader: ReadDep, visitor: VisitorDep) -> Response:
    """Personal shelves first, then best sellers of the largest departments."""
    shelves = await _personal(reader, visitor)
    shown = {product.product_id for shelf in shelves for product in shelf.products}
    shelves += await _departments(reader, shown)
    return render(
        request,
        "home.html",
        shelves=shelves,
        departments=[each for each in AISLES.departments if each.products >= FEWEST_IN_DEPARTMENT],
        name=await _first_name(visitor),
        collage=_collage(shelves),
    )


def _collage(shelves: Sequence[Shelf]) -> Sequence[str]:
    """Pictures of what is on the shelves; tiles where the shop has too few."""
    shown = dict.fromkeys(product.image for shelf in shelves for product in shelf.products if product.image)
    faces = [f"{image}/480.webp" for image in shown]
    return faces[: len(COLLAGE)] if len(faces) >= len(COLLAGE) else COLLAGE


async def _first_name(visitor: Visitor) -> str | None:
    if visitor.customer_id is None:
        return None
    async with transaction() as session:
        customer = await identity.get_customer(session, visitor.customer_id)
    if customer is None:
        return None
    # "Household 12" has no first name.
    return customer.display_name if re.search(r"\d", customer.display_name) else customer.display_name.split()[0]


async def _personal(reader: AsyncConnection, visitor: Visitor) -> list[Shelf]:
    most = SHELF * PERSONAL_SHELVES
    answer = await recommendations.recommend(reader, "home", visitor, limit=most, is_shown=False)
    products = await catalog.get_products(reader, [item.product_id for item in answer.items], with_inactive=False)
    known = [(item, products[item.product_id]) for item in answer.items if item.product_id in products]
    items = [(item.reason, product) for item, product in known if item.propensity == 1]
    drawn = [product for item, product in known if item.propensity < 1]
    shelves = by_reason(items, answer.recommendation_id, drawn=drawn)
    recommendations.record(answer, visitor, {each.product_id for shelf in shelves for each in shelf.products})
    return shelves


async def _departments(reader: AsyncConnection, shown: set[int]) -> list[Shelf]:
    """Best sellers of the departments that sell most, and of those that sell alike, first of those with pictures."""
    aisles = AISLES.shown()
    best = await catalog.shelves(reader, [each.slug for each in aisles], SHELF * 8 + len(shown))
    busiest = sorted(aisles, key=lambda each: _trade(best.get(each.slug, [])), reverse=True)
    shelves = []
    for each in busiest:
        others = [product for product in best.get(each.slug, []) if product.product_id not in shown]
        if others:
            shelves.append(Shelf(f"Best in {each.name}", varied(faces_first(others)), link=f"/c/{each.slug}"))
    return shelves[:DEPARTMENT_SHELVES]
