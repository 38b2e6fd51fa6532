"""JSON of payments: the customer's own, and webhooks of the gateways."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Request

from api.core.access import open_to_all
from api.core.auth import CurrentDep
from api.core.http import read_body
from api.core.idempotency import IdempotencyDep
from api.core.limits import limited
from api.core.routing import Router
from api.domains.payments.contracts import PaymentView
from api.domains.payments.schemas import (
    ConfirmRequest,
    GiftCardBalance,
    GiftCardRequest,
    Payment,
    Received,
    TransferOut,
    Wallet,
)
from api.domains.payments.service import intents, stored_value, transfers, webhooks

router = Router(prefix="/v1", tags=["payments"])
LARGEST_WEBHOOK = 256 * 1024


def shown(payment: PaymentView) -> Payment:
    """A payment as its customer may see it."""
    made = Payment.model_validate(payment, from_attributes=True)
    transfer = transfers.instructions(payment)
    if transfer is None:
        return made
    return made.model_copy(update={"transfer": TransferOut.model_validate(transfer, from_attributes=True)})


@router.get("/payments", response_model=list[Payment])
async def list_payments(order_id: UUID, principal: CurrentDep) -> Any:
    """The customer's payments of one order or checkout."""
    return [shown(payment) for payment in await intents.of_order(principal.customer_id, order_id)]


@router.get("/payments/{payment_id}", response_model=Payment)
async def get_payment(payment_id: UUID, principal: CurrentDep) -> Any:
    """One payment of the customer, with the states that it can go to."""
    return shown(await intents.get_own(principal.customer_id, payment_id))


@router.post(
    "/payments/{payment_id}/confirm",
    response_model=Payment,
    responses={503: {"description": "The gateway does not answer; nothing was charged."}},
)
async def confirm_payment(
    payment_id: UUID, request: ConfirmRequest, principal: CurrentDep, idempotency: IdempotencyDep
) -> Any:
    """Pay, or try again after a refusal. Needs an Idempotency-Key: the same one never charges twice."""

    async def operation(_: UUID) -> tuple[int, Payment]:
        made = await intents.confirm_own(principal.customer_id, payment_id, request.token, request.method)
        return 200, shown(made)

    return await idempotency.run(operation)


@router.get("/wallet", response_model=Wallet)
async def get_wallet(principal: CurrentDep) -> Any:
    """What the customer has in their wallet."""
    return Wallet(balances=await stored_value.wallet(principal.customer_id))


@router.post("/gift-cards/balance", response_model=GiftCardBalance)
@limited("sign-in")
async def get_gift_card(request: GiftCardRequest, _: CurrentDep) -> Any:
    """What is left on a gift card. The code travels in the body, so that no log keeps it."""
    return GiftCardBalance.model_validate(await stored_value.gift_card(request.code), from_attributes=True)


@router.post("/webhooks/{gateway}", response_model=Received)
@open_to_all
@limited(None)
async def receive_webhook(gateway: Annotated[str, Path(max_length=40)], request: Request) -> Any:
    """For gateways: something happened to a payment. Signed, at most 300 s old; what follows is queued."""
    body = await read_body(request, LARGEST_WEBHOOK)
    return Received(is_new=await webhooks.receive(gateway, body, request.headers))
