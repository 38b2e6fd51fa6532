"""What other domains may hold of payments'."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class IntentStatus(StrEnum):
    """The states of a payment intent."""

    REQUIRES_PAYMENT_METHOD = "requires_payment_method"
    REQUIRES_CONFIRMATION = "requires_confirmation"
    REQUIRES_ACTION = "requires_action"
    PROCESSING = "processing"
    REQUIRES_CAPTURE = "requires_capture"
    SUCCEEDED = "succeeded"
    CANCELLED = "cancelled"


class PaymentStatus(StrEnum):
    """What came of a payment: its intent's state, with declines and refunds told apart."""

    REQUIRES_PAYMENT_METHOD = "requires_payment_method"
    REQUIRES_CONFIRMATION = "requires_confirmation"
    REQUIRES_ACTION = "requires_action"
    PROCESSING = "processing"
    REQUIRES_CAPTURE = "requires_capture"
    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    REFUNDING = "refunding"
    REFUNDED = "refunded"


# Not decided yet; and good enough to send the goods.
WAITING = frozenset(
    {
        PaymentStatus.REQUIRES_PAYMENT_METHOD,
        PaymentStatus.REQUIRES_CONFIRMATION,
        PaymentStatus.REQUIRES_ACTION,
        PaymentStatus.PROCESSING,
    }
)
SECURED = frozenset({PaymentStatus.SUCCEEDED, PaymentStatus.REQUIRES_CAPTURE})
HOSTED = "hosted"  # in the place of a card's token: the person enters the card on the gateway's own page


class Method(StrEnum):
    """How somebody pays. Card data stay with the gateway; wallet and gift card are accounts of our own ledger."""

    CARD = "card"
    WALLET = "wallet"
    GIFT_CARD = "gift_card"
    BANK_TRANSFER = "bank_transfer"
    CASH_ON_DELIVERY = "cash_on_delivery"


def keeps_goods(method: Method, status: PaymentStatus) -> bool:
    """Whether goods are kept for the payment: it is secured, or a transfer that the customer has yet to send."""
    return status in SECURED or (method is Method.BANK_TRANSFER and status is PaymentStatus.PROCESSING)


class CaptureMethod(StrEnum):
    """Take the money at once, or hold it until it is asked for."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"


class RefundStatus(StrEnum):
    """Where a refund stands."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class DisputeStatus(StrEnum):
    """Where a dispute stands."""

    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    WON = "won"
    LOST = "lost"


class ChargeState(StrEnum):
    """What the gateway says of a charge; the last three are said by us about silence."""

    CAPTURED = "captured"
    AUTHORIZED = "authorized"
    ACTION_REQUIRED = "action_required"  # the person has a second step to do at `next_action_url`
    DECLINED = "declined"
    PENDING = "pending"
    VOIDED = "voided"
    REFUNDED = "refunded"
    MISSING = "missing"  # the gateway was never asked for it, or not yet
    UNREACHED = "unreached"  # no connection came about: this call charged nothing
    UNKNOWN = "unknown"  # the gateway may have charged and does not tell


@dataclass(frozen=True, slots=True)
class SeenRefund:
    """A refund as the gateway tells it."""

    refund_id: UUID
    amount_minor: int
    status: RefundStatus
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class SeenDispute:
    """A dispute as the gateway tells it."""

    gateway_dispute_id: str
    amount_minor: int
    fee_minor: int
    reason: str
    status: DisputeStatus
    evidence_due_at: datetime


@dataclass(frozen=True, slots=True)
class ChargeResult:
    """One answer of the gateway. `reason` is its code for a refusal, `captured_minor` None for the whole amount.

    `attempt` says which attempt a refusal belongs to, where the gateway knows: a late one means nothing to the next.
    """

    state: ChargeState
    charge_id: str | None = None
    reason: str | None = None
    next_action_url: str | None = None
    captured_minor: int | None = None
    attempt: int | None = None
    refunds: tuple[SeenRefund, ...] = ()
    disputes: tuple[SeenDispute, ...] = ()


@dataclass(frozen=True, slots=True)
class PaymentView:
    """One payment as other domains see it. `status` tells what came of it, `intent_status` where the machine stands."""

    payment_id: UUID
    order_id: UUID
    amount_minor: int
    currency: str
    status: PaymentStatus
    reason: str | None = None
    intent_status: IntentStatus = IntentStatus.PROCESSING
    next_states: tuple[IntentStatus, ...] = ()
    method: Method = Method.CARD
    capture: CaptureMethod = CaptureMethod.AUTOMATIC
    captured_minor: int = 0
    refunded_minor: int = 0
    refundable_minor: int = 0
    due_minor: int = 0
    next_action_url: str | None = None
    customer_id: UUID | None = None
    gateway: str = "sandbox"
    charge_id: str | None = None
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Transfer:
    """How to pay by bank transfer: to which account, with which reference, within how many days."""

    account: str
    reference: str
    amount_minor: int
    currency: str
    within_days: int


@dataclass(frozen=True, slots=True)
class RefundView:
    """One refund."""

    refund_id: UUID
    payment_id: UUID
    amount_minor: int
    currency: str
    reason: str
    status: RefundStatus
    failure: str | None
    is_reversal: bool
    requested_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class GiftCardView:
    """A gift card without its code."""

    gift_card_id: UUID
    last_four: str
    currency: str
    balance_minor: int
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Dispute:
    """One dispute."""

    dispute_id: UUID
    payment_id: UUID
    order_id: UUID
    gateway: str
    gateway_dispute_id: str
    amount_minor: int
    fee_minor: int
    currency: str
    reason: str
    status: DisputeStatus
    evidence: str | None
    evidence_due_at: datetime
    opened_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as a page shows it."""

    key: str
    kind: str
    posted_at: datetime
    account: str
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class ReconciledDay:
    """One day's comparison."""

    day: date
    gateway: str
    ran_at: datetime
    compared: int
    differences: list[dict[str, Any]]
