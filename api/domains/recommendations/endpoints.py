"""JSON of recommendations."""

from typing import Annotated

import orjson
from fastapi import Query, Response

from api.core.access import open_to_all
from api.core.auth import VisitorDep
from api.core.db import ReadDep
from api.core.routing import Router
from api.domains.ordering import facade as ordering
from api.domains.recommendations import schemas
from api.domains.recommendations.contracts import Surface
from api.domains.recommendations.service.recommend import recommend

router = Router(prefix="/v1", tags=["recommendations"])
MOST = 50


@router.get("/recommendations", response_model=schemas.Recommendation)
@open_to_all
async def get_recommendations(
    reader: ReadDep,
    visitor: VisitorDep,
    surface: Annotated[Surface, Query(description="The place that is to be filled.")],
    product_id: Annotated[int | None, Query(gt=0, lt=2**63, description="For the surface product.")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 12,
) -> Response:
    """Products for this person at one place of the shop, best first, each with its reason."""
    cart: list[int] = []
    if surface == "cart":
        cart = [line.product_id for line in (await ordering.view_cart(visitor)).lines]
    answer = await recommend(reader, surface, visitor, product_id, cart, limit)
    return Response(orjson.dumps(answer), media_type="application/json")
