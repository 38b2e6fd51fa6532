"""The customer's page of one payment: how it stands, the second step at the bank, another try after a refusal."""

from typing import Annotated
from uuid import UUID, uuid4

from fastapi import Form, Request, Response, status
from fastapi.responses import RedirectResponse

from api.core.auth import CsrfDep, CurrentDep
from api.core.errors import AppError
from api.core.idempotency import KeyInFlight, KeyReused, run_once
from api.core.rendering import render
from api.core.routing import Router
from api.domains.payments.contracts import HOSTED, IntentStatus, Method, PaymentStatus, PaymentView
from api.domains.payments.service import intents, stored_value, transfers
from api.domains.payments.service.gateways import current_name

router = Router()
STATUS_TEXTS = {
    PaymentStatus.REQUIRES_PAYMENT_METHOD: "Waiting for you to pay",
    PaymentStatus.REQUIRES_CONFIRMATION: "Waiting for you to pay",
    PaymentStatus.REQUIRES_ACTION: "Waiting for you at your bank",
    PaymentStatus.PROCESSING: "Being confirmed",
    PaymentStatus.REQUIRES_CAPTURE: "Held for you",
    PaymentStatus.SUCCEEDED: "Paid",
    PaymentStatus.DECLINED: "Declined",
    PaymentStatus.CANCELLED: "Cancelled",
    PaymentStatus.REFUNDING: "On its way back to you",
    PaymentStatus.REFUNDED: "Given back",
}
REASONS = {
    "insufficient_funds": "There is too little money on it.",
    "gift_card_unknown": "There is no gift card with this code.",
    "gift_card_expired": "This gift card has expired.",
    "authentication_refused": "The second step at the bank was refused.",
    "invalid_token": "The bank does not know this card.",
}
CARDS = (
    {"token": "tok_ok", "name": "Card ending in 4242", "text": "Sandbox: the bank accepts it."},
    {"token": "tok_action", "name": "Card ending in 3220", "text": "Sandbox: the bank asks for a second step."},
    {"token": "tok_declined", "name": "Card ending in 0002", "text": "Sandbox: the bank declines it."},
)
ON_ITS_PAGE = ({"token": HOSTED, "name": "Card", "text": "You enter it on the bank's own page."},)
OPEN = (IntentStatus.REQUIRES_PAYMENT_METHOD, IntentStatus.REQUIRES_CONFIRMATION)


@router.get("/payments/{payment_id}")
async def show_payment(request: Request, payment_id: UUID, principal: CurrentDep) -> Response:
    """How the payment stands, and what the person can do about it."""
    return await _page(request, await intents.get_own(principal.customer_id, payment_id))


@router.get("/payments/{payment_id}/return")
async def come_back(payment_id: UUID, principal: CurrentDep) -> Response:
    """Where the bank's page sends the person: the state is fetched, never taken from the address."""
    await intents.get_own(principal.customer_id, payment_id)
    await intents.refresh(payment_id)
    return RedirectResponse(f"/payments/{payment_id}", status.HTTP_303_SEE_OTHER)


@router.post("/payments/{payment_id}/confirm")
async def confirm(
    request: Request,
    payment_id: UUID,
    principal: CurrentDep,
    _: CsrfDep,
    idempotency_key: Annotated[str, Form(min_length=1, max_length=100)],
    choice: Annotated[str, Form(max_length=100)] = "",
    code: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Pay, once for the form's key however often it is sent. `choice` is a card's token, or another method."""
    payment = await intents.get_own(principal.customer_id, payment_id)
    if choice == Method.GIFT_CARD and not code.strip():
        return await _page(request, payment, {"code": "Enter the code of the gift card."}, choice)
    if choice not in _choices():
        return await _page(request, payment, {"choice": "Choose how you would like to pay."})
    method = Method(choice) if choice in set(Method) else Method.CARD

    async def operation(_: UUID) -> tuple[int, dict[str, str]]:
        token = code if method is Method.GIFT_CARD else choice
        made = await intents.confirm_own(principal.customer_id, payment_id, token, method)
        return 200, {"status": made.status}

    route, fingerprint = f"POST /payments/{payment_id}/confirm", f"{choice}|{code}".encode()
    try:
        await run_once(str(principal.customer_id), route, idempotency_key, fingerprint, operation)
    except (KeyReused, KeyInFlight):
        pass  # the page tells how the first one went
    except AppError as error:
        return await _page(request, payment, {"form": error.detail or error.title}, choice)
    return RedirectResponse(f"/payments/{payment_id}", status.HTTP_303_SEE_OTHER)


def _cards() -> tuple[dict[str, str], ...]:
    """The sandbox's cards are for the sandbox: elsewhere a card is entered on the gateway's own page."""
    return CARDS if current_name() == "sandbox" else ON_ITS_PAGE


def _choices() -> set[str]:
    return {card["token"] for card in _cards()} | {Method.WALLET, Method.GIFT_CARD}


async def _page(
    request: Request, payment: PaymentView, errors: dict[str, str] | None = None, choice: str = ""
) -> Response:
    wallet = await stored_value.wallet(payment.customer_id) if payment.customer_id else {}
    return render(
        request,
        "payment.html",
        status.HTTP_422_UNPROCESSABLE_CONTENT if errors else status.HTTP_200_OK,
        payment=payment,
        status_text=STATUS_TEXTS[payment.status],
        reason=REASONS.get(payment.reason or "", "Nothing was charged.") if payment.reason else None,
        is_open=payment.intent_status in OPEN,
        cards=_cards(),
        transfer=transfers.instructions(payment),
        wallet_minor=wallet.get(payment.currency, 0),
        errors=errors or {},
        choice=choice,
        idempotency_key=str(uuid4()),
    )
