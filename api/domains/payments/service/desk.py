"""What operators do with payments; every act is on record."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from api.core.audit import record_act
from api.core.db import reading, transaction
from api.core.errors import Invalid
from api.core.paging import Page, decode_cursor, encode_cursor
from api.domains.payments.contracts import (
    Dispute,
    Line,
    Method,
    PaymentStatus,
    PaymentView,
    RefundStatus,
    RefundView,
    SeenRefund,
)
from api.domains.payments.errors import IllegalTransition, PaymentNotFound
from api.domains.payments.repository import disputes, intents
from api.domains.payments.repository import ledger as books
from api.domains.payments.repository import refunds as refund_rows
from api.domains.payments.service import intents as payments
from api.domains.payments.service import refunds, stored_value, transfers

REFUNDS_SHOWN = 200


@dataclass(frozen=True, slots=True)
class ListedPayment:
    """A payment in a list."""

    payment: PaymentView
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ListedRefund:
    """A refund in a list; `is_open` where somebody has to do something about it."""

    refund: RefundView
    is_open: bool


@dataclass(frozen=True, slots=True)
class PaymentFile:
    """Everything about one payment."""

    payment: PaymentView
    refundable_minor: int
    refunds: list[RefundView]
    disputes: list[Dispute]
    ledger: list[Line]


async def list_payments(status: str | None, cursor: str | None, limit: int) -> Page[ListedPayment]:
    """Payments, newest first. Raises Invalid for a status or a cursor that there is not."""
    if status is not None and status not in set(PaymentStatus):
        raise Invalid("status", "is no status of a payment")
    async with reading() as connection:
        rows = await intents.latest(connection, status, _before(cursor), limit + 1)
    items = [ListedPayment(*row) for row in rows[:limit]]
    more = len(rows) > limit
    last = items[-1] if more else None
    return Page(items, encode_cursor(last.created_at.isoformat(), str(last.payment.payment_id)) if last else None)


def _before(cursor: str | None) -> tuple[datetime, UUID] | None:
    if cursor is None:
        return None
    created_at, payment_id = decode_cursor(cursor, str, str)
    try:
        return datetime.fromisoformat(created_at), UUID(payment_id)
    except ValueError as error:
        raise Invalid("cursor", "is not a cursor of this list") from error


async def list_refunds(status: RefundStatus | None = None) -> list[ListedRefund]:
    """Refunds of everybody: first those that wait for a person, then the newest."""
    async with reading() as connection:
        return [ListedRefund(*row) for row in await refund_rows.latest(connection, status, REFUNDS_SHOWN)]


async def open_file(payment_id: UUID) -> PaymentFile:
    """One payment with its refunds, disputes and postings. Raises PaymentNotFound."""
    async with reading() as connection:
        intent = await intents.get(connection, payment_id)
        if intent is None:
            raise PaymentNotFound
        return PaymentFile(
            payment=intent.view(),
            refundable_minor=await refunds.refundable(connection, payment_id),
            refunds=await refund_rows.of_payment(connection, payment_id),
            disputes=await disputes.of_payment(connection, payment_id),
            ledger=await books.of_payment(connection, payment_id),
        )


async def give_back(actor_id: UUID, payment_id: UUID, refund_id: UUID, amount_minor: int, reason: str) -> RefundView:
    """Refund a part and try it at once; the same `refund_id` again changes nothing.

    Raises PaymentNotFound, RefundTooLarge and RefundDiffers.
    """
    async with transaction() as session:
        is_known = await refund_rows.get(session, refund_id) is not None
        await refunds.refund_part(session, payment_id, refund_id, amount_minor, reason)
        if not is_known:
            details = {"refund_id": refund_id, "amount_minor": amount_minor, "reason": reason}
            await record_act(session, actor_id, "payments.refund", f"payment:{payment_id}", **details)
    await refunds.execute(refund_id)
    async with reading() as connection:
        made = await refund_rows.get(connection, refund_id)
    if made is None:
        raise PaymentNotFound
    return made


async def mark_paid_out(actor_id: UUID, payment_id: UUID, refund_id: UUID) -> None:
    """A refund by hand (bank transfer, cash) was paid. Raises PaymentNotFound and IllegalTransition."""
    async with transaction() as session:
        refund = await refund_rows.get(session, refund_id)
        intent = await intents.lock(session, payment_id)
        if refund is None or intent is None or refund.payment_id != payment_id:
            raise PaymentNotFound
        if refund.status is not RefundStatus.PENDING or intent.method not in refunds.BY_HAND:
            raise IllegalTransition(refund.status, RefundStatus.SUCCEEDED, ())
        paid = SeenRefund(refund_id, refund.amount_minor, RefundStatus.SUCCEEDED)
        await refunds.settle_locked(session, refund_id, paid)
        await record_act(session, actor_id, "payments.pay_out", f"payment:{payment_id}", refund_id=refund_id)


async def take(actor_id: UUID, payment_id: UUID, amount_minor: int | None) -> PaymentView:
    """The money is there or is asked for: capture what is held, or note a transfer or cash that came in.

    Raises PaymentNotFound, IllegalTransition and GatewayAway.
    """
    payment = await payments.get(payment_id)
    if payment.method is Method.BANK_TRANSFER:
        async with transaction() as session:
            await transfers.receive_transfer(session, payment_id, amount_minor)
    else:
        if amount_minor is not None and amount_minor > payment.due_minor:
            raise Invalid("amount_minor", "is more than what is held")
        await payments.capture(payment_id, amount_minor)
    async with transaction() as session:
        await record_act(session, actor_id, "payments.capture", f"payment:{payment_id}", amount_minor=amount_minor)
    return await payments.get(payment_id)


async def issue_gift_card(
    actor_id: UUID, card_id: UUID, amount_minor: int, currency: str, expires_at: datetime | None
) -> None:
    """A new gift card, once per `card_id`; its code is `stored_value.code_of(card_id)`. Raises Invalid."""
    if expires_at is not None and expires_at <= datetime.now(UTC):
        raise Invalid("expires_at", "has passed")
    async with transaction() as session:
        if await stored_value.issue_gift_card(session, card_id, amount_minor, currency, expires_at):
            details = {"amount_minor": amount_minor, "currency": currency}
            await record_act(session, actor_id, "payments.issue_gift_card", f"gift_card:{card_id}", **details)


async def credit_wallet(
    actor_id: UUID, customer_id: UUID, credit_id: UUID, amount_minor: int, currency: str
) -> dict[str, int]:
    """Put money into a wallet, once per `credit_id`; returns what is in it."""
    async with transaction() as session:
        if await stored_value.credit_wallet(session, customer_id, credit_id, amount_minor, currency):
            details = {"amount_minor": amount_minor, "currency": currency}
            await record_act(session, actor_id, "payments.credit_wallet", f"customer:{customer_id}", **details)
    return await stored_value.wallet(customer_id)
