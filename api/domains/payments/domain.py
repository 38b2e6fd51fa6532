"""Rules of payments without a database: how an answer of the gateway moves a payment, and what is posted for it."""

from dataclasses import dataclass

from api.domains.payments.contracts import ChargeState, PaymentStatus

CAPTURE = "capture"
REFUND = "refund"

# (status now, what the gateway says) → (next status, postings). A pair that is not here changes nothing.
MOVES: dict[tuple[PaymentStatus, ChargeState], tuple[PaymentStatus, tuple[str, ...]]] = {
    (PaymentStatus.PROCESSING, ChargeState.CAPTURED): (PaymentStatus.SUCCEEDED, (CAPTURE,)),
    (PaymentStatus.PROCESSING, ChargeState.DECLINED): (PaymentStatus.DECLINED, ()),
    (PaymentStatus.PROCESSING, ChargeState.VOIDED): (PaymentStatus.CANCELLED, ()),
    (PaymentStatus.PROCESSING, ChargeState.UNREACHED): (PaymentStatus.CANCELLED, ()),
    (PaymentStatus.PROCESSING, ChargeState.REFUNDED): (PaymentStatus.REFUNDED, (CAPTURE, REFUND)),
    (PaymentStatus.REFUNDING, ChargeState.REFUNDED): (PaymentStatus.REFUNDED, (REFUND,)),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One side of a posting: a debit is above zero, a credit below."""

    posting: str
    account: str
    amount_minor: int


def entries_of(posting: str, amount_minor: int) -> tuple[Entry, Entry]:
    """Both sides: a capture is owed to us by the gateway and earned as sales; a refund is the reverse."""
    if amount_minor <= 0:
        raise ValueError("only an amount above zero can be posted")
    sign = {CAPTURE: 1, REFUND: -1}[posting]
    return Entry(posting, "gateway", sign * amount_minor), Entry(posting, "sales", -sign * amount_minor)
