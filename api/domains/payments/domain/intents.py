"""The payment intent: one promise of money, its states as data, and what an answer of the gateway means to it."""

from dataclasses import dataclass
from uuid import UUID

from api.domains.payments.contracts import (
    CaptureMethod,
    ChargeResult,
    ChargeState,
    IntentStatus,
    Method,
    PaymentStatus,
    PaymentView,
)

I = IntentStatus  # noqa: E741 -- the table below is read, not the name
NEXT_STATES: dict[IntentStatus, tuple[IntentStatus, ...]] = {
    I.REQUIRES_PAYMENT_METHOD: (I.REQUIRES_CONFIRMATION, I.CANCELLED),
    I.REQUIRES_CONFIRMATION: (
        I.REQUIRES_PAYMENT_METHOD,
        I.REQUIRES_ACTION,
        I.PROCESSING,
        I.REQUIRES_CAPTURE,
        I.SUCCEEDED,
        I.CANCELLED,
    ),
    I.REQUIRES_ACTION: (
        I.REQUIRES_PAYMENT_METHOD,
        I.PROCESSING,
        I.REQUIRES_CAPTURE,
        I.SUCCEEDED,
        I.CANCELLED,
    ),
    I.PROCESSING: (
        I.REQUIRES_PAYMENT_METHOD,
        I.REQUIRES_CONFIRMATION,
        I.REQUIRES_ACTION,
        I.REQUIRES_CAPTURE,
        I.SUCCEEDED,
        I.CANCELLED,
    ),
    I.REQUIRES_CAPTURE: (I.SUCCEEDED, I.CANCELLED),
    I.SUCCEEDED: (),
    I.CANCELLED: (),
}


class IllegalMove(ValueError):
    """A state that does not follow the present one."""


class TooMuch(ValueError):
    """More than what was taken and not given back."""


ENDS = frozenset(status for status, following in NEXT_STATES.items() if not following)
TAKEN = frozenset({ChargeState.CAPTURED, ChargeState.REFUNDED})
# What an answer without money in it makes of an intent, where the table above allows the move.
MEANS = {
    ChargeState.AUTHORIZED: I.REQUIRES_CAPTURE,
    ChargeState.ACTION_REQUIRED: I.REQUIRES_ACTION,
    ChargeState.PENDING: I.PROCESSING,
    ChargeState.VOIDED: I.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class Heard:
    """What an answer changed: money taken now, a refusal's code, money held, or the end without money."""

    captured_minor: int = 0
    declined: str | None = None
    is_authorized: bool = False
    is_cancelled: bool = False
    is_orphan: bool = False  # money taken for an intent that had ended: it goes back


@dataclass(slots=True)
class PaymentIntent:
    """One payment. 0 ≤ refunded ≤ promised ≤ captured ≤ amount, all in minor units.

    `waived_minor` is what was taken off before the money came: a part of the sale that is no more.
    """

    payment_id: UUID
    order_id: UUID
    amount_minor: int
    currency: str
    status: IntentStatus
    method: Method = Method.CARD
    capture: CaptureMethod = CaptureMethod.AUTOMATIC
    customer_id: UUID | None = None
    tax_minor: int = 0
    gateway: str = "sandbox"
    funding: str = "gateway"
    attempt: int = 1
    captured_minor: int = 0
    promised_minor: int = 0
    refunded_minor: int = 0
    waived_minor: int = 0
    reason: str | None = None
    charge_id: str | None = None
    next_action_url: str | None = None

    @property
    def due_minor(self) -> int:
        """What is to be taken."""
        return self.amount_minor - self.waived_minor

    @property
    def refundable_minor(self) -> int:
        """What was taken and not promised back."""
        return self.captured_minor - self.promised_minor

    @property
    def came_of(self) -> PaymentStatus:
        """The state with declines and refunds told apart; the same rule as the table's own column `status`."""
        if self.status is I.SUCCEEDED and self.refunded_minor == self.captured_minor:
            return PaymentStatus.REFUNDED
        if self.status is I.SUCCEEDED and self.promised_minor == self.captured_minor:
            return PaymentStatus.REFUNDING
        if self.status in (I.REQUIRES_PAYMENT_METHOD, I.CANCELLED) and self.reason is not None:
            return PaymentStatus.DECLINED
        return PaymentStatus(self.status)

    def move(self, target: IntentStatus) -> None:
        """Go on to another state. Raises IllegalMove."""
        if target not in NEXT_STATES[self.status]:
            raise IllegalMove(f"{self.status} → {target}")
        self.status = target
        if target not in (I.REQUIRES_PAYMENT_METHOD, I.CANCELLED):
            self.reason = None
        if target is not I.REQUIRES_ACTION:
            self.next_action_url = None

    def choose(self, method: Method, gateway: str, funding: str) -> None:
        """Pay in another way. Raises IllegalMove once an attempt has begun."""
        if self.status not in (I.REQUIRES_PAYMENT_METHOD, I.REQUIRES_CONFIRMATION):
            raise IllegalMove(f"{self.status} chooses no method")
        self.method, self.gateway, self.funding = method, gateway, funding

    def begin_attempt(self) -> bool:
        """Try to take the money (again); False while another attempt runs or when it is over."""
        if self.status is I.REQUIRES_PAYMENT_METHOD:
            self.move(I.REQUIRES_CONFIRMATION)
        if self.status is not I.REQUIRES_CONFIRMATION:
            return False
        self.move(I.PROCESSING)
        self.attempt += 1
        return True

    def hear(self, result: ChargeResult, *, is_final: bool = True) -> Heard:
        """Take an answer in, in any order and any number of times.

        After a refusal that is not final the person may choose another method; silence changes nothing.
        """
        self.charge_id = result.charge_id or self.charge_id
        if result.state in TAKEN:
            return self._take(result.captured_minor or self.due_minor)
        if result.state is ChargeState.DECLINED:
            return self._refuse(result, is_final)
        if result.state is ChargeState.UNREACHED and self.status is I.PROCESSING:
            self.move(I.CANCELLED if is_final else I.REQUIRES_CONFIRMATION)
            return Heard(is_cancelled=is_final)
        target = MEANS.get(result.state)
        if target is None or target not in NEXT_STATES[self.status]:
            return Heard()
        self.move(target)
        if target is I.REQUIRES_ACTION:
            self.next_action_url = result.next_action_url
        return Heard(is_authorized=target is I.REQUIRES_CAPTURE, is_cancelled=target is I.CANCELLED)

    def _take(self, captured_minor: int) -> Heard:
        if self.captured_minor:
            return Heard()
        if captured_minor > self.amount_minor:
            raise ValueError("the gateway took more than the payment's amount")
        is_orphan = self.status is I.CANCELLED
        if not is_orphan:
            if self.status is I.REQUIRES_PAYMENT_METHOD:
                self.move(I.REQUIRES_CONFIRMATION)
            self.move(I.SUCCEEDED)
        self.captured_minor = captured_minor
        return Heard(captured_minor, is_orphan=is_orphan)

    def _refuse(self, result: ChargeResult, is_final: bool) -> Heard:
        is_late = result.attempt is not None and result.attempt < self.attempt
        if self.status in ENDS or self.status is I.REQUIRES_CAPTURE or (is_late and self.reason is None):
            return Heard()
        news = None if self.reason else (result.reason or "declined")
        reason = self.reason or news
        target = I.CANCELLED if is_final else I.REQUIRES_PAYMENT_METHOD
        if self.status is not target:
            self.move(target)
        self.reason = reason
        return Heard(declined=news)

    def waive(self, amount_minor: int) -> None:
        """Take so much less, once it comes. Raises TooMuch, also where the money is there already."""
        if self.captured_minor or not 0 < amount_minor <= self.due_minor:
            raise TooMuch(f"{amount_minor} of {self.due_minor}")
        self.waived_minor += amount_minor

    def promise_refund(self, amount_minor: int) -> None:
        """Set money aside for the customer. Raises TooMuch."""
        if not 0 < amount_minor <= self.refundable_minor:
            raise TooMuch(f"{amount_minor} of {self.refundable_minor}")
        self.promised_minor += amount_minor

    def settle_refund(self, amount_minor: int, *, is_paid: bool) -> None:
        """A promised refund came through, or will never."""
        if amount_minor > self.promised_minor - self.refunded_minor:
            raise ValueError("no such refund was promised")
        if is_paid:
            self.refunded_minor += amount_minor
        else:
            self.promised_minor -= amount_minor

    def tax_in(self, amount_minor: int, before_minor: int = 0) -> int:
        """The tax inside `amount_minor`, where `before_minor` came before it: parts add up to the whole exactly."""
        upto = self.tax_minor * (before_minor + amount_minor) // self.amount_minor
        return upto - self.tax_minor * before_minor // self.amount_minor

    def view(self) -> PaymentView:
        """As other domains see it."""
        return PaymentView(
            payment_id=self.payment_id,
            order_id=self.order_id,
            amount_minor=self.amount_minor,
            currency=self.currency,
            status=self.came_of,
            reason=self.reason,
            intent_status=self.status,
            next_states=NEXT_STATES[self.status],
            method=self.method,
            capture=self.capture,
            captured_minor=self.captured_minor,
            refunded_minor=self.refunded_minor,
            refundable_minor=self.refundable_minor,
            due_minor=self.due_minor,
            next_action_url=self.next_action_url,
            customer_id=self.customer_id,
            gateway=self.gateway,
            charge_id=self.charge_id,
            attempt=self.attempt,
        )
