"""Results of a search in the order that fits the person who searches."""

from collections.abc import Sequence
from time import time

from sqlalchemy.ext.asyncio import AsyncConnection

from api.core.auth import Visitor
from api.domains.catalog.contracts import ProductView
from api.domains.recommendations.domain.candidates import reranked
from api.domains.recommendations.service.model import get_holder
from api.domains.recommendations.service.taste import person_of


async def rerank(connection: AsyncConnection, visitor: Visitor, found: Sequence[ProductView]) -> list[ProductView]:
    """A page of the best matches: how well the words fit and how well the product fits the person, together.

    As it was for who is not known, or chose not to be.
    """
    model = await get_holder().current(connection)
    if model is None or len(found) < 2:
        return list(found)
    person, is_known = await person_of(connection, visitor, model.version)
    if not is_known:
        return list(found)
    return [found[at] for at in reranked(model, person, [view.product_id for view in found], time())]
