"""What is used to choose for a person, and their word on it: take one thing out, start over, or be like everybody.

A word holds from the next answer on: it is kept beside every answer's own reads. It also goes out as an event, so that
`ingestion.online` forgets what it keeps, and the next training leaves it out of what it tells about the person.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.auth import Visitor
from api.core.db import Reader
from api.core.outbox import publish
from api.domains.catalog import facade as catalog
from api.domains.identity import facade as identity
from api.domains.recommendations.domain.opinion import Person, Recent
from api.domains.recommendations.errors import NoSuchProduct, TooManyRemovals
from api.domains.recommendations.repository import serving
from api.domains.recommendations.repository import taste as repository
from api.domains.recommendations.repository.recent import get_recent
from api.domains.recommendations.repository.taste import Known, Whose
from api.domains.recommendations.schemas import Taste, Used
from api.domains.recommendations.service import unwanted
from ingestion.contracts import new_event_id
from ingestion.contracts.recommendations import TasteRemoved, TasteReset, TasteRestored
from ml.recommendations.serving import Floats, History

MOST_REMOVED = 500
MOST_SHOWN = 200


def whose(visitor: Visitor) -> Whose:
    """The ids under which a visitor did things."""
    return Whose(visitor.anonymous_id, visitor.customer_id)


async def person_of(reader: Reader, visitor: Visitor, version: int) -> tuple[Person, bool]:
    """What may be used of a visitor, and whether they let themselves be known at all."""
    known = await repository.known(reader, whose(visitor), version)
    if not await _is_personalised(reader, visitor, known):
        return Person(removed=known.removed), False
    recent = await get_recent().of(whose(visitor).people)
    bought, days = _without(known)
    return Person(bought, tuple(_kept(recent, known)), known.removed, days=days), True


async def word_of(reader: Reader, visitor: Visitor) -> tuple[bool, datetime | None]:
    """Whether a visitor lets themselves be known, and before when nothing of them is used."""
    known = await repository.known(reader, whose(visitor), 0)
    return await _is_personalised(reader, visitor, known), known.reset_at


async def taste_of(reader: Reader, visitor: Visitor) -> Taste:
    """Everything that is used, the newest first, and what was taken out."""
    version = await serving.active_version(reader)
    known = await repository.known(reader, whose(visitor), version or 0)
    recent = list(_kept(await get_recent().of(whose(visitor).people), known))
    bought, _ = _without(known)
    strongest = bought.product_ids[(-bought.weights).argsort(kind="stable")][:MOST_SHOWN].tolist()
    kinds: dict[int, dict[str, float | None]] = {}
    for event in recent:
        kinds.setdefault(event.product_id, {}).setdefault(event.kind, event.at)
    for product_id in strongest:
        kinds.setdefault(product_id, {})["bought"] = None
    products = await catalog.get_products(reader, [*kinds, *sorted(known.removed)])

    def used(product_id: int, acts: dict[str, float | None]) -> Used:
        last = max((at for at in acts.values() if at is not None), default=None)
        moment = None if last is None else datetime.fromtimestamp(last, UTC)
        return Used(product_id=product_id, title=products[product_id].title, kinds=list(acts), last_at=moment)

    return Taste(
        is_personalised=await _is_personalised(reader, visitor, known),
        reset_at=known.reset_at,
        used=[used(product_id, acts) for product_id, acts in kinds.items() if product_id in products],
        removed=[used(product_id, {}) for product_id in sorted(known.removed) if product_id in products],
        removed_posts=await unwanted.listed(reader, visitor),
    )


async def remove(session: AsyncSession, visitor: Visitor, product_id: int) -> None:
    """Use nothing that has to do with a product, and do not recommend it. Raises NoSuchProduct, TooManyRemovals."""
    if await catalog.get_product(session, product_id) is None:
        raise NoSuchProduct
    owner = whose(visitor).owner
    if await repository.count_removals(session, owner) >= MOST_REMOVED:
        raise TooManyRemovals
    await repository.remove(session, owner, product_id)
    event = TasteRemoved(anonymous_id=visitor.anonymous_id, customer_id=visitor.customer_id, product_id=product_id)
    await publish(session, event)


async def restore(session: AsyncSession, visitor: Visitor, product_id: int) -> None:
    """Use a product again; what was forgotten meanwhile does not come back."""
    await repository.restore(session, whose(visitor).people, product_id)
    event = TasteRestored(anonymous_id=visitor.anonymous_id, customer_id=visitor.customer_id, product_id=product_id)
    await publish(session, event)


async def reset(session: AsyncSession, visitor: Visitor) -> None:
    """Use nothing of before now."""
    reset_id = new_event_id()
    await repository.reset(session, whose(visitor).owner, reset_id)
    event = TasteReset(anonymous_id=visitor.anonymous_id, customer_id=visitor.customer_id, reset_id=reset_id)
    await publish(session, event)


async def choose(session: AsyncSession, visitor: Visitor, is_personalised: bool) -> None:
    """Whether products are chosen by what the person did: of the account, where there is one, else of the browser."""
    if visitor.customer_id is not None:
        await identity.choose_personalised(session, visitor.customer_id, is_personalised)
    else:
        await repository.choose(session, visitor.anonymous_id, is_personalised)


async def _is_personalised(reader: Reader, visitor: Visitor, known: Known) -> bool:
    if visitor.customer_id is not None:
        return await identity.is_personalised(reader, visitor.customer_id)
    return known.is_personalised


def _kept(recent: Sequence[Recent], known: Known) -> Iterable[Recent]:
    since = known.reset_at.timestamp() if known.reset_at else float("-inf")
    return (event for event in recent if event.at > since and event.product_id not in known.removed)


def _without(known: Known) -> tuple[History, Floats | None]:
    """What was bought, without what the person took out, and its days."""
    bought, days = known.bought, known.days
    if not known.removed or not len(bought.product_ids):
        return bought, days
    kept = ~np.isin(bought.product_ids, np.fromiter(known.removed, np.int64, len(known.removed)))
    return History(bought.product_ids[kept], bought.weights[kept]), None if days is None else days[kept]
