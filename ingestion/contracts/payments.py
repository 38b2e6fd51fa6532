"""Events of payments. The key is always the payment: what happened to one stays in order."""

from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel

from ingestion.contracts.envelope import Event


class OfPayment(BaseModel):
    """What every event of a payment tells."""

    key_field: ClassVar[str] = "payment_id"

    payment_id: UUID
    order_id: UUID
    amount_minor: int
    currency: str
    gateway: str


class PaymentCaptured(OfPayment, Event):
    """Money was taken for an order; `amount_minor` is what was taken."""

    type: ClassVar[str] = "payments.payment_captured"

    method: str = "card"


class PaymentAuthorized(OfPayment, Event):
    """Money is held for an order, or will be paid at the door: the goods may go."""

    type: ClassVar[str] = "payments.payment_authorized"

    method: str


class PaymentDeclined(OfPayment, Event):
    """The gateway refused; `reason` is its code."""

    type: ClassVar[str] = "payments.payment_declined"

    reason: str


class PaymentCancelled(OfPayment, Event):
    """The payment ended and no money was taken."""

    type: ClassVar[str] = "payments.payment_cancelled"


class PaymentRefunded(OfPayment, Event):
    """A part went back; `amount_minor` is that part, `refunded_minor` all that went back so far."""

    type: ClassVar[str] = "payments.payment_refunded"

    refund_id: UUID
    refunded_minor: int
    reason: str


class RefundFailed(OfPayment, Event):
    """A promised refund will not come through by itself: somebody has to look."""

    type: ClassVar[str] = "payments.refund_failed"

    refund_id: UUID
    failure: str


class DisputeOpened(OfPayment, Event):
    """The holder of a card complained, and the bank took `amount_minor` back until it has decided."""

    type: ClassVar[str] = "payments.dispute_opened"

    dispute_id: UUID
    reason: str


class DisputeClosed(OfPayment, Event):
    """The bank decided: `outcome` is won or lost."""

    type: ClassVar[str] = "payments.dispute_closed"

    dispute_id: UUID
    outcome: str
