"""The port to a payment gateway, and which adapter stands behind it. Every call may be repeated with the same ids."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from importlib import import_module
from typing import Protocol
from uuid import UUID

from api.core.settings import get_settings
from api.domains.payments.contracts import ChargeResult, PaymentView, SeenRefund
from api.domains.payments.errors import GatewayUnknown

HOUSE = "house"  # methods without a gateway: wallet, gift card, bank transfer, cash on delivery
NAMES = ("sandbox", "stripe")
TOLERANCE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Webhook:
    """What a signed webhook tells: something happened to a payment. Its state is asked for, never taken from here."""

    event_id: str
    type: str
    reference: str


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One movement of money in the gateway's own books; above zero to us. `key` names it as our ledger does."""

    key: str
    kind: str
    payment: str
    amount_minor: int
    currency: str
    moved_at: datetime


class Gateway(Protocol):
    """What payments need of a gateway. None of these may run inside a transaction."""

    name: str

    async def charge(self, payment: PaymentView, token: str) -> ChargeResult:
        """Take or hold the money. Where the answer is lost the gateway is asked what became of it."""

    async def ask(self, payment: PaymentView) -> ChargeResult:
        """What became of a charge, with its refunds and disputes."""

    async def void(self, payment: PaymentView) -> ChargeResult:
        """Give the money back, and see to it that none is taken later. UNKNOWN when the gateway does not answer."""

    async def capture(self, payment: PaymentView, amount_minor: int) -> ChargeResult:
        """Take what is held, or a part of it."""

    async def refund(self, payment: PaymentView, refund_id: UUID, amount_minor: int) -> SeenRefund | None:
        """Give a part back; None when the gateway does not answer."""

    async def send_evidence(self, gateway_dispute_id: str, evidence: str) -> bool:
        """Answer a dispute; False when the gateway does not take it."""

    def read_webhook(self, body: bytes, headers: Mapping[str, str]) -> Webhook:
        """Check the signature and its age. Raises SignatureRefused."""

    async def report(self, day: date) -> list[ReportLine]:
        """Every movement of money of one day, UTC. Raises GatewayAway."""


def gateway_of(name: str) -> Gateway:
    """The adapter of a payment's own gateway. Raises GatewayUnknown for one that is not in use."""
    if name not in NAMES or (name == "stripe" and get_settings().stripe_api_key is None):
        raise GatewayUnknown
    made: Gateway = import_module(f"{__name__}.{name}").ADAPTER  # a library is only loaded where its gateway is in use
    return made


def current_name() -> str:
    """The gateway of new payments."""
    return get_settings().payments_gateway


def return_url(payment_id: UUID) -> str:
    """Where the gateway's page sends the person afterwards."""
    return f"{get_settings().api_url.rstrip('/')}/payments/{payment_id}/return"
