"""One answer: history and last interactions → scores → candidates → what can be bought → reasons → impression."""

import time
from collections.abc import Collection, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from api.core.auth import Visitor
from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import ProductView
from api.domains.identity import facade as identity
from api.domains.inventory import facade as inventory
from api.domains.recommendations import domain
from api.domains.recommendations.contracts import RecommendationView, RecommendedItem, Surface
from api.domains.recommendations.domain import Candidate, Model, Recent
from api.domains.recommendations.errors import ProductNeeded
from api.domains.recommendations.repository import serving
from api.domains.recommendations.repository.recent import get_recent
from api.domains.recommendations.service.impressions import get_impressions
from api.domains.recommendations.service.model import get_holder
from ingestion.contracts import new_event_id
from ingestion.contracts.recommendations import Impression, RecommendationServed

NO_MODEL = "best_sellers"


async def recommend(
    connection: AsyncConnection,
    surface: Surface,
    visitor: Visitor,
    product_id: int | None = None,
    cart: Sequence[int] = (),
    limit: int = 12,
    is_shown: bool = True,
) -> RecommendationView:
    """Products for a person at one place of the shop, best first; each can be bought now.

    The impression is logged, unless `is_shown` is False: then the caller picks, and tells `record` what it shows.
    Raises ProductNeeded for the surface `product` without a product.
    """
    if surface == "product" and product_id is None:
        raise ProductNeeded
    model = await get_holder().current(connection)
    candidates: list[Candidate] = []
    if model is not None:
        candidates = await _candidates(connection, model, surface, visitor, product_id, cart, limit)
    excluded = {*cart, product_id}
    chosen, products = await _what_can_be_bought(connection, candidates, excluded, limit)
    if len(chosen) < limit:
        candidates += domain.popular(model, limit, excluded) if model and surface != "product" else []
        candidates += await _without_a_model(connection, surface, product_id, limit)
        chosen, products = await _what_can_be_bought(connection, candidates, excluded, limit)
    titles = {found: view.title.partition(" · ")[0] for found, view in products.items()}
    items = [
        RecommendedItem(each.product_id, round(each.score, 6), domain.reason(each, titles), position)
        for position, each in enumerate(chosen, start=1)
    ]
    name, version = (model.name, model.version) if model else (NO_MODEL, 0)
    answer = RecommendationView(new_event_id(), surface, name, version, items)
    if is_shown:
        record(answer, visitor)
    return answer


def record(answer: RecommendationView, visitor: Visitor, shown: Collection[int] | None = None) -> None:
    """Log as an impression what is shown of an answer: these products, or all."""
    items = [item for item in answer.items if shown is None or item.product_id in shown]
    if items:
        get_impressions().add(_served(answer, visitor, items))


async def _candidates(
    connection: AsyncConnection,
    model: Model,
    surface: Surface,
    visitor: Visitor,
    product_id: int | None,
    cart: Sequence[int],
    limit: int,
) -> list[Candidate]:
    if surface == "product" and product_id is not None:
        return domain.for_product(model, product_id, limit * 2)
    if surface == "cart" and cart:
        return domain.for_cart(model, cart, limit)
    bought = domain.known(None, None)
    if visitor.customer_id is not None and not await identity.is_personalised(connection, visitor.customer_id):
        return domain.for_home(model, bought, [], time.time(), limit)
    recent = await _recent(visitor)
    if visitor.customer_id is not None:
        bought = domain.known(*await serving.history(connection, model.version, str(visitor.customer_id)))
    return domain.for_home(model, bought, recent, time.time(), limit)


async def _recent(visitor: Visitor) -> list[Recent]:
    people = [visitor.anonymous_id] + ([visitor.customer_id] if visitor.customer_id else [])
    return await get_recent().of(people)


async def _without_a_model(
    connection: AsyncConnection, surface: Surface, product_id: int | None, limit: int
) -> list[Candidate]:
    """What the catalogue alone can say where a model says too little: neighbours on the shelf, or best sellers."""
    if surface == "product" and product_id is not None:
        views = await catalog.similar(connection, product_id, limit * 2)
        return [Candidate(view.product_id, 0.0, "similar", product_id) for view in views]
    views = await catalog.best_sellers(connection, None, limit * 4)
    return [Candidate(view.product_id, 0.0, "best") for view in views]


async def _what_can_be_bought(
    connection: AsyncConnection, candidates: Sequence[Candidate], excluded: Collection[int | None], limit: int
) -> tuple[list[Candidate], dict[int, ProductView]]:
    """The picked ones, and every product that they or their reasons name. Looks further only where too few remain."""
    candidates = [candidate for candidate in candidates if candidate.product_id not in excluded]
    step = limit * 3
    for end in range(step, len(candidates) + step, step):
        part = candidates[:end]
        ids = {candidate.product_id for candidate in part}
        named = {candidate.source for candidate in part if candidate.source is not None}
        products = await catalog.get_products(connection, sorted(ids | named))
        there = await inventory.available(connection, sorted(ids))
        types = {
            found: products[found].product_type
            for found in ids
            if found in products and products[found].is_active and there.get(found, 0) > 0
        }
        chosen = domain.pick(part, types, limit)
        if len(chosen) == limit or end >= len(candidates):
            return chosen, products
    return [], {}


def _served(answer: RecommendationView, visitor: Visitor, shown: Sequence[RecommendedItem]) -> RecommendationServed:
    # The order is decided, not drawn: every propensity is 1.
    items = tuple(
        Impression(
            position=item.position, product_id=item.product_id, reason=item.reason, score=item.score, propensity=1.0
        )
        for item in shown
    )
    return RecommendationServed(
        recommendation_id=answer.recommendation_id,
        anonymous_id=visitor.anonymous_id,
        customer_id=visitor.customer_id,
        surface=answer.surface,
        model=answer.model,
        model_version=answer.version,
        items=items,
    )
