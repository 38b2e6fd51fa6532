"""Stripe's own page for cards: a Checkout Session, which makes its payment intent once the person has paid there."""

from typing import Any

from stripe import StripeClient
from stripe.params.checkout import SessionCreateParams

from api.domains.payments.contracts import CaptureMethod, ChargeResult, ChargeState, PaymentView
from api.domains.payments.service.gateways import return_url

PREFIX = "cs_"  # until it is paid, the session's id stands for the payment


def is_session(charge_id: str | None) -> bool:
    """Whether a payment is known to Stripe by its session only."""
    return charge_id is not None and charge_id.startswith(PREFIX)


async def open_session(client: StripeClient, payment: PaymentView) -> ChargeResult:
    """A page on which the person pays. Raises StripeError; a session whose address nobody knows cannot be paid."""
    back = return_url(payment.payment_id)
    metadata = {"payment_id": str(payment.payment_id), "order_id": str(payment.order_id)}
    session: SessionCreateParams = {
        "mode": "payment",
        "allowed_payment_method_types": ["card"],
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": payment.currency.lower(),
                    "unit_amount": payment.amount_minor,
                    "product_data": {"name": f"Order {payment.order_id.hex[-8:].upper()}"},
                },
            }
        ],
        "success_url": back,
        "cancel_url": back,
        "metadata": metadata,
        "payment_intent_data": {
            "metadata": metadata,
            "capture_method": "manual" if payment.capture is CaptureMethod.MANUAL else "automatic",
        },
    }
    key = f"agora-{payment.payment_id}-{payment.attempt}-session"
    made = await client.v1.checkout.sessions.create_async(session, {"idempotency_key": key})
    return _stands(made.to_dict())


async def look(client: StripeClient, session_id: str) -> str | ChargeResult:
    """The id of the intent that the session made, or how a session without one stands. Raises StripeError.

    What is refused on an open page may be tried again there: only a session that is complete tells of its intent.
    """
    session = (await client.v1.checkout.sessions.retrieve_async(session_id)).to_dict()
    if session["status"] == "complete" and session.get("payment_intent"):
        return str(session["payment_intent"])
    return _stands(session)


async def close(client: StripeClient, session_id: str) -> ChargeResult:
    """Nobody pays there any more. Raises StripeError, also where somebody has just paid."""
    return _stands((await client.v1.checkout.sessions.expire_async(session_id)).to_dict())


def _stands(session: dict[str, Any]) -> ChargeResult:
    if session["status"] == "expired":
        return ChargeResult(ChargeState.VOIDED, session["id"])
    return ChargeResult(ChargeState.ACTION_REQUIRED, session["id"], next_action_url=session.get("url"))
