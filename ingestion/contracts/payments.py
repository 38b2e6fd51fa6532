"""Events of payments."""

from typing import ClassVar
from uuid import UUID

from ingestion.contracts.envelope import Event


class PaymentCaptured(Event):
    """Money was taken for an order."""

    type: ClassVar[str] = "payments.payment_captured"
    key_field: ClassVar[str] = "payment_id"

    payment_id: UUID
    order_id: UUID
    amount_minor: int
    currency: str
    gateway: str


class PaymentDeclined(Event):
    """The gateway refused; `reason` is its code."""

    type: ClassVar[str] = "payments.payment_declined"
    key_field: ClassVar[str] = "payment_id"

    payment_id: UUID
    order_id: UUID
    amount_minor: int
    currency: str
    gateway: str
    reason: str
