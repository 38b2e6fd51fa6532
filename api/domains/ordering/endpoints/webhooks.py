"""JSON of webhooks out: all of them for operators, their own for sellers."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Response

from api.core.auth import Principal, require
from api.core.idempotency import Idempotency, IdempotencyDep
from api.core.routing import Router
from api.domains.ordering.contracts import DeliveryView, EndpointView, NewEndpoint
from api.domains.ordering.endpoints.shop import json_answer, plain
from api.domains.ordering.schemas import WebhookCreate, WebhookSecret, WebhookState
from api.domains.ordering.service import webhooks

router = Router(prefix="/v1/operate/webhooks", tags=["operate webhooks"])
own = Router(prefix="/v1/me/webhooks", tags=["webhooks"])
Operator = Annotated[Principal, Depends(require("webhooks.manage"))]
Seller = Annotated[Principal, Depends(require("webhooks.own"))]


@router.get("", response_model=list[EndpointView])
async def list_endpoints(_: Operator) -> Response:
    """Who is told of orders, and whether the breaker holds deliveries back."""
    return json_answer(await webhooks.list_endpoints())


@router.post("", response_model=NewEndpoint, status_code=201)
async def register(request: WebhookCreate, operator: Operator, idempotency: IdempotencyDep) -> Response:
    """A new endpoint, once per Idempotency-Key, and the secret that signs its messages, which no list shows."""
    return await _register(request, operator, idempotency, is_house=True)


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


@router.put("/{endpoint_id}/state", status_code=204)
async def switch(endpoint_id: UUID, request: WebhookState, operator: Operator) -> Response:
    """Pause an endpoint, or go on with what waited; the breaker closes."""
    await webhooks.switch(operator.customer_id, endpoint_id, request.is_active)
    return Response(status_code=204)


@router.post("/{endpoint_id}/secret", response_model=WebhookSecret, status_code=201)
async def renew_secret(endpoint_id: UUID, operator: Operator) -> Response:
    """Another secret, told this once."""
    return json_answer({"secret": await webhooks.renew_secret(operator.customer_id, endpoint_id)}, 201)


@own.get("", response_model=list[EndpointView])
async def list_own(seller: Seller) -> Response:
    """A seller's endpoints, which are told of that seller's orders."""
    return json_answer(await webhooks.list_endpoints(seller.customer_id))


@own.post("", response_model=NewEndpoint, status_code=201)
async def register_own(request: WebhookCreate, seller: Seller, idempotency: IdempotencyDep) -> Response:
    """A new endpoint, once per Idempotency-Key, and the secret that signs its messages, which no list shows."""
    return await _register(request, seller, idempotency, is_house=False)


async def _register(request: WebhookCreate, person: Principal, keyed: Idempotency, *, is_house: bool) -> Response:
    async def operation(endpoint_id: UUID) -> tuple[int, dict[str, Any]]:
        made, _ = await webhooks.register(
            person.customer_id, str(request.url), request.event_types, is_house=is_house, endpoint_id=endpoint_id
        )
        return 201, {"endpoint": plain(made)}

    def tell(stored: dict[str, Any]) -> dict[str, Any]:
        return {"secret": webhooks.first_secret(UUID(stored["endpoint"]["endpoint_id"]))}

    return await keyed.run(operation, tell)


@own.delete("/{endpoint_id}", status_code=204)
async def remove_own(endpoint_id: UUID, seller: Seller) -> Response:
    """Forget one of one's endpoints and its log."""
    await webhooks.remove(seller.customer_id, endpoint_id, seller.customer_id)
    return Response(status_code=204)


@own.put("/{endpoint_id}/state", status_code=204)
async def switch_own(endpoint_id: UUID, request: WebhookState, seller: Seller) -> Response:
    """Pause one of one's endpoints, or go on with what waited."""
    await webhooks.switch(seller.customer_id, endpoint_id, request.is_active, seller.customer_id)
    return Response(status_code=204)


@own.post("/{endpoint_id}/secret", response_model=WebhookSecret, status_code=201)
async def renew_own_secret(endpoint_id: UUID, seller: Seller) -> Response:
    """Another secret, told this once."""
    secret = await webhooks.renew_secret(seller.customer_id, endpoint_id, seller.customer_id)
    return json_answer({"secret": secret}, 201)


@own.get("/{endpoint_id}/deliveries", response_model=list[DeliveryView])
async def list_own_deliveries(endpoint_id: UUID, seller: Seller) -> Response:
    """The newest deliveries with every attempt."""
    return json_answer(await webhooks.list_deliveries(endpoint_id, seller.customer_id))


@own.post("/deliveries/{delivery_id}/replay", response_model=DeliveryView, status_code=202)
async def replay_own(delivery_id: UUID, seller: Seller, idempotency: IdempotencyDep) -> Response:
    """Bring it once more. Needs an Idempotency-Key."""

    async def operation(_: UUID) -> tuple[int, dict[str, Any]]:
        return 202, plain(await webhooks.replay(seller.customer_id, delivery_id, seller.customer_id))

    return await idempotency.run(operation)
