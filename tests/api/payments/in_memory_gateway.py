"""The gateway's port in memory: quick enough for thousands of steps, and it loses answers when it is told to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from api.domains.payments.contracts import (
    CaptureMethod,
    ChargeResult,
    ChargeState,
    DisputeStatus,
    PaymentView,
    RefundStatus,
    SeenDispute,
    SeenRefund,
)
from api.domains.payments.service.gateways import ReportLine, Webhook

S = ChargeState
SILENCE = ChargeResult(S.UNKNOWN)
FEE = 1500


@dataclass
class Charge:
    """One payment as the gateway knows it."""

    amount: int
    state: ChargeState
    is_manual: bool
    attempt: int
    captured: int = 0
    refunds: dict[UUID, SeenRefund] = field(default_factory=dict)
    disputes: dict[str, SeenDispute] = field(default_factory=dict)

    @property
    def given(self) -> int:
        return sum(refund.amount_minor for refund in self.refunds.values() if refund.status is RefundStatus.SUCCEEDED)

    @property
    def kept(self) -> int:
        """What the shop has of it: taken, less given back, less what the bank took for disputes."""
        lost = sum(each.amount_minor for each in self.disputes.values() if each.status is not DisputeStatus.WON)
        fees = sum(each.fee_minor for each in self.disputes.values() if each.status is DisputeStatus.LOST)
        return self.captured - self.given - lost - fees


class InMemoryGateway:
    """`loses_answers` makes every call do its work and keep silent."""

    name = "sandbox"

    def __init__(self) -> None:
        self.charges: dict[UUID, Charge] = {}
        self.loses_answers = False

    def _said(self, payment_id: UUID) -> ChargeResult:
        if self.loses_answers:
            return SILENCE
        charge = self.charges.get(payment_id)
        if charge is None:
            return ChargeResult(S.MISSING)
        state = S.REFUNDED if charge.captured and charge.given == charge.captured else charge.state
        return ChargeResult(
            state,
            f"ch_{payment_id}",
            "card_declined" if state is S.DECLINED else None,
            "https://bank.example/pay" if state is S.ACTION_REQUIRED else None,
            charge.captured or None,
            charge.attempt,
            tuple(charge.refunds.values()),
            tuple(charge.disputes.values()),
        )

    async def charge(self, payment: PaymentView, token: str) -> ChargeResult:
        charge = self.charges.get(payment.payment_id)
        is_new = charge is None or (charge.state is S.DECLINED and payment.attempt > charge.attempt)
        if is_new:
            is_manual = payment.capture is CaptureMethod.MANUAL
            charge = Charge(payment.amount_minor, S.PENDING, is_manual, payment.attempt)
            self.charges[payment.payment_id] = charge
            if token == "ok":
                self.take(charge)
            else:
                charge.state = S.DECLINED if token == "declined" else S.ACTION_REQUIRED
        return self._said(payment.payment_id)

    def take(self, charge: Charge) -> None:
        """Hold the money, or take it at once."""
        charge.state = S.AUTHORIZED if charge.is_manual else S.CAPTURED
        charge.captured = 0 if charge.is_manual else charge.amount

    async def ask(self, payment: PaymentView) -> ChargeResult:
        return self._said(payment.payment_id)

    async def void(self, payment: PaymentView) -> ChargeResult:
        key = payment.payment_id
        charge = self.charges.setdefault(key, Charge(payment.amount_minor, S.VOIDED, False, payment.attempt))
        rest = charge.captured - charge.given
        if rest:
            charge.refunds.setdefault(key, SeenRefund(key, rest, RefundStatus.SUCCEEDED))
        elif not charge.captured and charge.state is not S.DECLINED:
            charge.state = S.VOIDED
        return self._said(key)

    async def capture(self, payment: PaymentView, amount_minor: int) -> ChargeResult:
        charge = self.charges[payment.payment_id]
        if charge.state is S.AUTHORIZED:
            charge.state, charge.captured = S.CAPTURED, amount_minor
        return self._said(payment.payment_id)

    async def refund(self, payment: PaymentView, refund_id: UUID, amount_minor: int) -> SeenRefund | None:
        charge = self.charges[payment.payment_id]
        is_paid = amount_minor <= charge.captured - charge.given
        status, failure = (RefundStatus.SUCCEEDED, None) if is_paid else (RefundStatus.FAILED, "refused")
        made = charge.refunds.setdefault(refund_id, SeenRefund(refund_id, amount_minor, status, failure))
        return None if self.loses_answers else made

    def open_dispute(self, payment_id: UUID, amount: int) -> None:
        """The holder complains."""
        name, due = f"dp_{payment_id}", datetime.now(UTC) + timedelta(days=7)
        seen = SeenDispute(name, amount, FEE, "fraudulent", DisputeStatus.NEEDS_RESPONSE, due)
        self.charges[payment_id].disputes.setdefault(name, seen)

    async def send_evidence(self, gateway_dispute_id: str, evidence: str) -> bool:  # noqa: ARG002 -- the port
        return not self.loses_answers

    def read_webhook(self, body: bytes, headers: Mapping[str, str]) -> Webhook:
        raise NotImplementedError

    async def report(self, day: date) -> list[ReportLine]:
        raise NotImplementedError
