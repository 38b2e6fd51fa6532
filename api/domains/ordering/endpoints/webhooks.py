"""JSON for operators: webhooks out."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from api.core.auth import Principal, require
from api.core.idempotency import IdempotencyDep
from api.domains.ordering.contracts import DeliveryView, EndpointView, NewEndpoint
from api.domains.ordering.endpoints.shop import json_answer, plain
from api.domains.ordering.schemas import WebhookCreate
from api.domains.ordering.service import webhooks

router = APIRouter(prefix="/v1/operate/webhooks", tags=["operate webhooks"])
Operator = Annotated[Principal, Depends(require("webhooks.manage"))]


@router.get("", response_model=list[EndpointView])
async def list_endpoints(_: Operator) -> Response:
    """Who is told of orders, and whether the breaker holds deliveries back."""
    return json_answer(await webhooks.list_endpoints())


@router.post("", response_model=NewEndpoint, status_code=201)
async def register(request: WebhookCreate, operator: Operator) -> Response:
    """A new endpoint; the secret that signs its messages is told this once, and kept in no stored answer."""
    made, secret = await webhooks.register(operator.customer_id, str(request.url), request.event_types)
    return json_answer(NewEndpoint(made, secret), 201)


@router.delete("/{endpoint_id}", status_code=204)
async def remove(endpoint_id: UUID, operator: Operator) -> Response:
    """Forget an endpoint and its log."""
    await webhooks.remove(operator.customer_id, endpoint_id)
    return Response(status_code=204)


@router.get("/{endpoint_id}/deliveries", response_model=list[DeliveryView])
async def list_deliveries(endpoint_id: UUID, _: Operator) -> Response:
    """The newest deliveries with every attempt."""
    return json_answer(await webhooks.list_deliveries(endpoint_id))


@router.post("/deliveries/{delivery_id}/replay", response_model=DeliveryView, status_code=202)
async def replay(delivery_id: UUID, operator: Operator, idempotency: IdempotencyDep) -> Response:
    """Bring it once more. Needs an Idempotency-Key."""

    async def operation(_: UUID) -> tuple[int, dict[str, Any]]:
        return 202, plain(await webhooks.replay(operator.customer_id, delivery_id))

    return await idempotency.run(operation)
