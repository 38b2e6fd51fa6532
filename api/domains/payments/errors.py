"""What payments refuses."""

from collections.abc import Sequence

from api.core.errors import AppError, Conflict, NotFound, Unavailable


class PaymentNotFound(NotFound):
    """No such payment, or somebody else's: the answer is the same."""

    type = "payment-not-found"
    title = "There is no such payment"


class IllegalTransition(Conflict):
    """The payment's state does not allow this."""

    type = "illegal-payment-move"
    title = "The payment can no longer do this"

    def __init__(self, status: str, target: str, next_states: Sequence[str]) -> None:
        super().__init__(
            f"A payment that is {status} cannot become {target}.", payment_status=status, next_states=list(next_states)
        )


class RefundTooLarge(Conflict):
    """More than what was taken and not given back."""

    type = "refund-too-large"
    title = "More than what is left of the payment"

    def __init__(self, amount_minor: int, refundable_minor: int) -> None:
        super().__init__(
            f"{refundable_minor} minor units of it can be given back.",
            amount_minor=amount_minor,
            refundable_minor=refundable_minor,
        )


class RefundDiffers(Conflict):
    """The refund's id was used for another amount or payment."""

    type = "refund-differs"
    title = "This refund was asked for with another amount"


class GatewayAway(Unavailable):
    """The gateway does not answer. Nothing was charged."""

    type = "gateway-unavailable"
    title = "Payments are not available at the moment"


class SignatureRefused(AppError):
    """A webhook that the gateway did not sign, or that is too old."""

    status = 400
    type = "webhook-signature"
    title = "The signature of this webhook does not hold"


class GatewayUnknown(NotFound):
    """No gateway of this name is in use."""

    type = "gateway-unknown"
    title = "There is no such gateway"


class GiftCardUnknown(NotFound):
    """No gift card has this code."""

    type = "gift-card-unknown"
    title = "There is no gift card with this code"


class DisputeNotFound(NotFound):
    """No such dispute."""

    type = "dispute-not-found"
    title = "There is no such dispute"


class EvidenceRefused(Conflict):
    """The dispute takes no evidence any more."""

    type = "evidence-refused"
    title = "This dispute takes no more evidence"
