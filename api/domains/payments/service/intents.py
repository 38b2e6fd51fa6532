"""Making payments and taking the money: by the gateway, or from an account of our own ledger."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import reading, transaction
from api.domains.payments.contracts import (
    CaptureMethod,
    ChargeResult,
    ChargeState,
    IntentStatus,
    Method,
    PaymentView,
)
from api.domains.payments.domain import IllegalMove, PaymentIntent, ledger
from api.domains.payments.errors import GatewayAway, IllegalTransition, PaymentNotFound
from api.domains.payments.repository import intents
from api.domains.payments.service import recording, refunds, stored_value
from api.domains.payments.service.gateways import HOUSE, current_name, gateway_of
from ingestion.contracts import new_event_id

find = intents.find
record = recording.record

FUNDING = {Method.CARD: ledger.GATEWAY, Method.BANK_TRANSFER: ledger.BANK, Method.CASH_ON_DELIVERY: ledger.CASH}
STORED = frozenset({Method.WALLET, Method.GIFT_CARD})
# What a payment without a gateway says of itself.
SAYS = {
    IntentStatus.REQUIRES_PAYMENT_METHOD: ChargeState.MISSING,
    IntentStatus.REQUIRES_CONFIRMATION: ChargeState.MISSING,
    IntentStatus.PROCESSING: ChargeState.PENDING,
    IntentStatus.REQUIRES_ACTION: ChargeState.PENDING,
    IntentStatus.REQUIRES_CAPTURE: ChargeState.AUTHORIZED,
    IntentStatus.SUCCEEDED: ChargeState.CAPTURED,
    IntentStatus.CANCELLED: ChargeState.VOIDED,
}


def _source(method: Method) -> tuple[str, str]:
    """The gateway of a method, and the account through which its money comes; a stored one is known when it pays."""
    return (current_name() if method is Method.CARD else HOUSE), FUNDING.get(method, ledger.CASH)


async def create(
    session: AsyncSession,
    order_id: UUID,
    amount_minor: int,
    currency: str,
    customer_id: UUID | None = None,
    *,
    tax_minor: int = 0,
) -> PaymentView:
    """A card payment whose one attempt begins right now: `charge` it next. An order has one payment."""
    gateway, funding = _source(Method.CARD)
    intent = PaymentIntent(
        new_event_id(),
        order_id,
        amount_minor,
        currency,
        IntentStatus.PROCESSING,
        customer_id=customer_id,
        tax_minor=tax_minor,
        gateway=gateway,
        funding=funding,
    )
    await intents.insert(session, intent)
    return intent.view()


async def create_intent(
    session: AsyncSession,
    order_id: UUID,
    amount_minor: int,
    currency: str,
    method: str = "card",
    capture: str = "automatic",
    *,
    customer_id: UUID | None = None,
    tax_minor: int = 0,
) -> PaymentView:
    """A payment that waits to be confirmed. `tax_minor` is the tax inside the amount; a wallet needs its customer."""
    gateway, funding = _source(Method(method))
    intent = PaymentIntent(
        new_event_id(),
        order_id,
        amount_minor,
        currency,
        IntentStatus.REQUIRES_CONFIRMATION,
        method=Method(method),
        capture=CaptureMethod(capture),
        customer_id=customer_id,
        tax_minor=tax_minor,
        gateway=gateway,
        funding=funding,
        attempt=0,
    )
    await intents.insert(session, intent)
    return intent.view()


async def get(payment_id: UUID) -> PaymentView:
    """One payment. Raises PaymentNotFound."""
    async with reading() as connection:
        intent = await intents.get(connection, payment_id)
    if intent is None:
        raise PaymentNotFound
    return intent.view()


async def charge(payment: PaymentView, token: str) -> ChargeResult:
    """Have the gateway take the money; `record` what it says. Outside any transaction."""
    return await gateway_of(payment.gateway).charge(payment, token)


async def confirm(payment: PaymentView, method_token: str) -> ChargeResult:
    """Take or hold the money in the payment's own way; `record` the answer. Outside any transaction.

    `method_token` is the gateway's token for a card, the code of a gift card, and nothing for the others. While
    another attempt runs, or when the payment is over, the answer tells how it stands.
    """
    if payment.method in STORED:
        return await stored_value.spend(payment.payment_id, method_token)
    async with transaction() as session:
        intent = await recording.lock(session, payment.payment_id)
        has_begun = intent.begin_attempt()
        if has_begun:
            await intents.save(session, intent)
        if intent.method is Method.CASH_ON_DELIVERY and has_begun:
            await recording.apply(session, intent, ChargeResult(ChargeState.AUTHORIZED), is_final=False)
    if intent.gateway == HOUSE:
        return _said_by_itself(intent)
    if has_begun:
        return await charge(intent.view(), method_token)
    return await gateway_of(intent.gateway).ask(intent.view())


async def confirm_own(customer_id: UUID, payment_id: UUID, token: str, method: str | None = None) -> PaymentView:
    """A customer pays, perhaps in another way than first chosen; after a refusal they may try again.

    Raises PaymentNotFound, also for somebody else's, IllegalTransition and GatewayAway.
    """
    payment = await get_own(customer_id, payment_id)
    if payment.intent_status not in (IntentStatus.REQUIRES_PAYMENT_METHOD, IntentStatus.REQUIRES_CONFIRMATION):
        raise IllegalTransition(payment.intent_status, IntentStatus.PROCESSING, payment.next_states)
    if method is not None and method != payment.method:
        async with transaction() as session:
            intent = await recording.lock(session, payment_id)
            try:
                intent.choose(Method(method), *_source(Method(method)))
            except IllegalMove as error:
                view = intent.view()
                raise IllegalTransition(view.intent_status, "requires_confirmation", view.next_states) from error
            await intents.save(session, intent)
            payment = intent.view()
    result = await confirm(payment, token)
    async with transaction() as session:
        await recording.record(session, payment_id, result, is_final=False)
    if result.state is ChargeState.UNREACHED:
        raise GatewayAway("Nothing was charged. Try again in a moment.")
    return await get(payment_id)


async def get_own(customer_id: UUID, payment_id: UUID) -> PaymentView:
    """A customer's own payment. Raises PaymentNotFound, also for somebody else's."""
    payment = await get(payment_id)
    if payment.customer_id != customer_id:
        raise PaymentNotFound
    return payment


async def of_order(customer_id: UUID, order_id: UUID) -> list[PaymentView]:
    """A customer's own payments of an order; none for somebody else's."""
    async with reading() as connection:
        found = await intents.find(connection, [order_id])
    return [payment for payment in found.values() if payment.customer_id == customer_id]


async def void_queued(payment_id: str) -> None:
    """The task: let held money go. Raises GatewayAway, so that the queue tries again."""
    result = await void(UUID(payment_id))
    if result.state is ChargeState.UNKNOWN:
        raise GatewayAway
    async with transaction() as session:
        await recording.record(session, UUID(payment_id), result)


def _said_by_itself(intent: PaymentIntent) -> ChargeResult:
    if intent.reason is not None:
        return ChargeResult(ChargeState.DECLINED, reason=intent.reason)
    captured = intent.captured_minor or None
    return ChargeResult(SAYS[intent.status], captured_minor=captured)


async def ask(payment_id: UUID) -> ChargeResult:
    """What became of a payment, fetched from its gateway. Outside any transaction. Raises PaymentNotFound."""
    async with reading() as connection:
        intent = await intents.get(connection, payment_id)
    if intent is None:
        raise PaymentNotFound
    if intent.gateway == HOUSE:
        return _said_by_itself(intent)
    return await gateway_of(intent.gateway).ask(intent.view())


async def refresh(payment_id: UUID) -> ChargeResult:
    """Ask the gateway, and write down what it says; a refusal leaves the choice of another method."""
    result = await ask(payment_id)
    async with transaction() as session:
        await recording.record(session, payment_id, result, is_final=False)
    return result


async def void(payment_id: UUID) -> ChargeResult:
    """Give the money back, and see to it that none is taken later; `record` the answer. Outside any transaction."""
    payment = await get(payment_id)
    if payment.gateway != HOUSE:
        return await gateway_of(payment.gateway).void(payment)
    async with transaction() as session:
        intent = await recording.lock(session, payment_id)
        if intent.captured_minor:
            await refunds.begin_refund(session, payment_id)
        else:
            await recording.apply(session, intent, ChargeResult(ChargeState.VOIDED), is_final=True)
    if intent.captured_minor and await refunds.refund(payment_id):
        return ChargeResult(ChargeState.REFUNDED)
    return _said_by_itself(intent)


async def capture(payment_id: UUID, amount_minor: int | None = None) -> PaymentView:
    """Take what is held, or a part of it once, and record it. Outside any transaction.

    For cash on delivery it says that the money was handed over. Raises IllegalTransition and GatewayAway.
    """
    payment = await get(payment_id)
    if payment.intent_status is not IntentStatus.REQUIRES_CAPTURE:
        raise IllegalTransition(payment.intent_status, IntentStatus.SUCCEEDED, payment.next_states)
    wanted = payment.due_minor if amount_minor is None else amount_minor
    if payment.gateway == HOUSE:
        result = ChargeResult(ChargeState.CAPTURED, captured_minor=wanted)
    else:
        result = await gateway_of(payment.gateway).capture(payment, wanted)
    if result.state is ChargeState.UNKNOWN:
        raise GatewayAway
    async with transaction() as session:
        await recording.record(session, payment_id, result)
    return await get(payment_id)
