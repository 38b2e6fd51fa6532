"""What other domains may hold of payments'."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class PaymentStatus(StrEnum):
    """Where a payment stands."""

    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    REFUNDING = "refunding"
    REFUNDED = "refunded"


class ChargeState(StrEnum):
    """What the gateway says of a charge; the last three are said by us about silence."""

    CAPTURED = "captured"
    DECLINED = "declined"
    PENDING = "pending"
    VOIDED = "voided"
    REFUNDED = "refunded"
    MISSING = "missing"  # the gateway was never asked for it, or not yet
    UNREACHED = "unreached"  # no connection came about: this call charged nothing
    UNKNOWN = "unknown"  # the gateway may have charged and does not tell


@dataclass(frozen=True, slots=True)
class ChargeResult:
    """One answer of the gateway. `reason` is its code for a refusal."""

    state: ChargeState
    charge_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class PaymentView:
    """One payment as other domains see it."""

    payment_id: UUID
    order_id: UUID
    amount_minor: int
    currency: str
    status: PaymentStatus
    reason: str | None = None
