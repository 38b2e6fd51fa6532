"""One answer: who asks → candidates of several sources → what can be bought → places → reasons → impression."""

import random
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from api.core.auth import Visitor
from api.core.buffered import get_buffer
from api.domains.catalog import facade as catalog
from api.domains.identity import facade as identity
from api.domains.recommendations.contracts import Contribution, RecommendationView, RecommendedItem, Surface
from api.domains.recommendations.domain import candidates as sources
from api.domains.recommendations.domain.candidates import Candidate
from api.domains.recommendations.domain.opinion import STRANGER, Model, Opinion, Person, opinion_of
from api.domains.recommendations.domain.policy import USUAL, Policy
from api.domains.recommendations.domain.shelf import Placed, pick, place
from api.domains.recommendations.errors import ProductNeeded
from api.domains.recommendations.service.house import House, get_house
from api.domains.recommendations.service.labels import get_for_sale, get_labels
from api.domains.recommendations.service.model import get_holder
from api.domains.recommendations.service.taste import person_of
from ingestion.contracts import new_event_id
from ingestion.contracts.recommendations import ExperimentExposed, RecommendationServed

NO_MODEL = "best_sellers"
LOT = random.SystemRandom()


class Question(NamedTuple):
    """Where an answer is to stand, and what stands there already. `departments` are names of where one looks around."""

    surface: Surface
    limit: int = 12
    product_id: int | None = None
    cart: Sequence[int] = ()
    departments: Sequence[str] = ()


async def recommend(
    connection: AsyncConnection,
    surface: Surface,
    visitor: Visitor,
    product_id: int | None = None,
    cart: Sequence[int] = (),
    limit: int = 12,
    is_shown: bool = True,
    departments: Sequence[str] = (),
) -> RecommendationView:
    """Products for a person at one place of the shop, best first; each can be bought now.

    `cart` are the products of a cart, or of an order for the surface `order`. The impression is logged, unless
    `is_shown` is False: then the caller picks, and tells `record` what it shows. Raises ProductNeeded for the surface
    `product` without a product.
    """
    question = Question(surface, limit, product_id, cart, departments)
    if surface == "product" and product_id is None:
        raise ProductNeeded
    house = await get_house().current(connection)
    variants, policy = _assigned(house, surface, visitor)
    model = await get_holder().current(connection)
    person = await _person(connection, question, visitor, model, policy)
    found, opinion = _candidates(model, question, person) if model else ([], None)
    excluded = {*cart, product_id, *person.removed, *house.withheld}
    ranked = await _what_can_be_bought(connection, found, excluded, limit, policy)
    if len(ranked) < limit:
        fillers = sources.popular(model, limit, excluded) if model and surface != "product" else []
        fillers += await _without_a_model(connection, question)
        # Nobody is shown again what they looked at a moment ago, only because places are left.
        just_seen = {event.product_id for event in person.recent}
        fillers = [each for each in fillers if each.product_id not in just_seen]
        found += [each._replace(is_filler=bool(found)) for each in fillers]
        ranked = await _what_can_be_bought(connection, found, excluded, limit, policy)
    placed = place(ranked, limit, policy, LOT) if surface != "product" else [Placed(each) for each in ranked[:limit]]
    name, version = (model.name, model.version) if model else (NO_MODEL, 0)
    if model is not None:
        reasons = sources.explained(model, person, opinion, [each.candidate for each in placed])
        placed = [replace(each, candidate=candidate) for each, candidate in zip(placed, reasons, strict=True)]
    named = {each.candidate.source for each in placed if each.candidate.source is not None}
    labels = await get_labels().of(connection, named)
    items = _items(placed, person, {product_id: label.title for product_id, label in labels.items()})
    answer = RecommendationView(new_event_id(), surface, name, version, items, variants)
    if is_shown:
        record(answer, visitor)
    return answer


def record(answer: RecommendationView, visitor: Visitor, shown: Collection[int] | None = None) -> None:
    """Log as an impression what is shown of an answer (these products, or all), and which variants made it."""
    items = [item for item in answer.items if shown is None or item.product_id in shown]
    if not items:
        return
    buffer = get_buffer()
    buffer.add(served(answer, visitor, items))
    for experiment in get_house().running:
        unit = experiment.unit_of(visitor.anonymous_id, visitor.customer_id)
        if unit is not None and experiment.experiment_id in answer.variants:
            exposed = ExperimentExposed(
                anonymous_id=visitor.anonymous_id,
                customer_id=visitor.customer_id,
                experiment_id=experiment.experiment_id,
                variant=answer.variants[experiment.experiment_id],
                unit=unit,
                recommendation_id=answer.recommendation_id,
            )
            buffer.add(exposed)


def _assigned(house: House, surface: Surface, visitor: Visitor) -> tuple[dict[str, str], Policy]:
    """What the running experiments say of this answer."""
    variants: dict[str, str] = {}
    policy = USUAL
    for experiment in house.running:
        unit = experiment.unit_of(visitor.anonymous_id, visitor.customer_id)
        variant = experiment.variant_of(unit) if unit is not None and experiment.surface == surface else None
        if variant is not None:
            variants[experiment.experiment_id] = variant.name
            policy = policy.changed(variant.parameters)
    return variants, policy


async def _person(
    connection: AsyncConnection, question: Question, visitor: Visitor, model: Model | None, policy: Policy
) -> Person:
    """Who asks. Someone of whom nothing is known yet comes with their segments and the departments they look at."""
    person, is_known = await person_of(connection, visitor, model.version if model else 0)
    if not is_known or not policy.is_personal:
        return replace(STRANGER, removed=person.removed)
    if question.surface not in {"home", "mail"} or len(person.bought.product_ids) or person.recent:
        return person
    scopes = [f"department:{name}" for name in question.departments]
    if visitor.customer_id is not None:
        segments = await identity.segments_of(connection, visitor.customer_id)
        scopes += [f"segment:{name}={value}" for name, value in segments.items()]
    return replace(person, scopes=scopes)


def _candidates(model: Model, question: Question, person: Person) -> tuple[list[Candidate], Opinion | None]:
    """What could be shown, best first, and what the model thinks for the person where it was asked."""
    if question.surface == "product" and question.product_id is not None:
        return sources.for_product(model, question.product_id, question.limit * 2), None
    if question.surface in {"cart", "order"} and question.cart:
        return sources.for_cart(model, question.cart, question.limit), None
    opinion = opinion_of(model, person, time.time())
    found = sources.for_home(model, person, question.limit, opinion)
    new = sources.for_new(model, get_house().new_to(model), opinion)
    just_seen = {event.product_id for event in person.recent}
    new = [each for each in new if each.product_id not in just_seen]
    first = max(question.limit, question.limit * 3 - len(new))  # so that they are among those looked at
    return [*found[:first], *new, *found[first:]], opinion


async def _without_a_model(connection: AsyncConnection, question: Question) -> list[Candidate]:
    """What the catalogue alone can say where a model says too little: neighbours on the shelf, or best sellers."""
    if question.surface == "product" and question.product_id is not None:
        views = await catalog.similar(connection, question.product_id, question.limit * 2)
        return [Candidate(view.product_id, 0.0, "similar", question.product_id) for view in views]
    views = await catalog.best_sellers(connection, None, question.limit * 4)
    return [Candidate(view.product_id, 0.0, "best") for view in views]


async def _what_can_be_bought(
    connection: AsyncConnection,
    candidates: Sequence[Candidate],
    excluded: Collection[int | None],
    limit: int,
    policy: Policy,
) -> list[Candidate]:
    """All that may stand on the shelf, in its order.

    Looks further than the first candidates only where too few of them remain.
    """
    candidates = [candidate for candidate in candidates if candidate.product_id not in excluded]
    step = limit * 3
    for end in range(step, len(candidates) + step, step):
        part = candidates[:end]
        ids = {candidate.product_id for candidate in part}
        labels = await get_labels().of(connection, ids)
        for_sale = await get_for_sale().of(connection, ids)
        able = {found: labels[found].traits for found in for_sale if found in labels}
        if len(able) >= limit or end >= len(candidates):
            return pick(part, able, limit, policy)
    return []


def _items(placed: Iterable[Placed[Candidate]], person: Person, titles: Mapping[int, str]) -> list[RecommendedItem]:
    return [
        RecommendedItem(
            each.candidate.product_id,
            round(each.candidate.score, 6),
            sources.reason(each.candidate, titles),
            position,
            tuple(
                Contribution(product_id, kind, None if at is None else datetime.fromtimestamp(at, UTC))
                for product_id, kind, at in sources.contributions(each.candidate, person)
            ),
            each.propensity,
            each.pool_rank,
            each.pool_size,
        )
        for position, each in enumerate(placed, start=1)
    ]


def served(answer: RecommendationView, visitor: Visitor, shown: Sequence[RecommendedItem]) -> RecommendationServed:
    """The impression of what is shown of an answer."""
    items = [
        {
            "position": item.position,
            "product_id": item.product_id,
            "reason": item.reason,
            "score": item.score,
            "propensity": item.propensity,
            "pool_rank": item.pool_rank,
            "pool_size": item.pool_size,
        }
        for item in shown
    ]
    # Checked in one go: a dozen models made one by one took as long as writing the whole answer.
    return RecommendationServed.model_validate(
        {
            "recommendation_id": answer.recommendation_id,
            "anonymous_id": visitor.anonymous_id,
            "customer_id": visitor.customer_id,
            "surface": answer.surface,
            "model": answer.model,
            "model_version": answer.version,
            "items": items,
        }
    )
