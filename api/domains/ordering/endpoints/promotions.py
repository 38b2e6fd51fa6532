"""JSON for operators: promotions."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Response

from api.core.auth import Principal, require
from api.core.idempotency import IdempotencyDep, OptionalIdempotencyDep
from api.core.routing import Router
from api.domains.ordering.domain import Promotion
from api.domains.ordering.endpoints.shop import json_answer, plain
from api.domains.ordering.schemas import PromotionCreate, PromotionSwitch
from api.domains.ordering.service import promotions

router = Router(prefix="/v1/operate/promotions", tags=["operate promotions"])
Operator = Annotated[Principal, Depends(require("promotions.manage"))]


@router.get("", response_model=list[Promotion])
async def list_promotions(_: Operator) -> Response:
    """Promotions with their uses, newest first."""
    return json_answer(await promotions.list_promotions())


@router.post("", response_model=Promotion, status_code=201)
async def create_promotion(request: PromotionCreate, operator: Operator, idempotency: IdempotencyDep) -> Response:
    """A new code. Needs an Idempotency-Key."""

    async def operation(_: UUID) -> tuple[int, dict[str, Any]]:
        return 201, plain(await promotions.create_promotion(operator.customer_id, request.model_dump()))

    return await idempotency.run(operation)


@router.post("/{promotion_id}/switch", response_model=Promotion)
async def switch_promotion(
    promotion_id: UUID, request: PromotionSwitch, operator: Operator, idempotency: OptionalIdempotencyDep
) -> Response:
    """End a promotion, or take it up again."""

    async def operation(_: UUID) -> tuple[int, dict[str, Any]]:
        done = await promotions.switch_promotion(operator.customer_id, promotion_id, is_active=request.is_active)
        return 200, plain(done)

    return await idempotency.run(operation)
