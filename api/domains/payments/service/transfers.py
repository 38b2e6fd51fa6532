"""Bank transfers: the customer sends the money, somebody sees it on the bank's statement and says so."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from api.core.errors import Invalid
from api.core.settings import get_settings
from api.domains.payments.contracts import ChargeResult, ChargeState, IntentStatus, Method, PaymentView, Transfer
from api.domains.payments.errors import IllegalTransition
from api.domains.payments.repository import intents
from api.domains.payments.service import recording
from ingestion.contracts import new_event_id

Reader = AsyncConnection | AsyncSession
# A transfer may also come after the order was given up: it is booked, and goes back.
TAKES = frozenset({IntentStatus.PROCESSING, IntentStatus.CANCELLED})


def instructions(payment: PaymentView) -> Transfer | None:
    """Where the customer sends the money; None for what is paid in another way, or no more to be paid."""
    if payment.method is not Method.BANK_TRANSFER or payment.intent_status is not IntentStatus.PROCESSING:
        return None
    settings = get_settings()
    return Transfer(
        account=settings.payments_transfer_account,
        reference=payment.order_id.hex[-8:].upper(),
        amount_minor=payment.due_minor,
        currency=payment.currency,
        within_days=settings.payments_transfer_days,
    )


def can_come(payment: PaymentView) -> bool:
    """Whether somebody may still see this transfer on the bank's statement."""
    return payment.method is Method.BANK_TRANSFER and payment.intent_status in TAKES and not payment.captured_minor


async def receive_transfer(session: AsyncSession, payment_id: UUID, amount_minor: int | None = None) -> None:
    """The bank shows a transfer that pays this: what is due, or all of what had been due at first.

    What is too much is promised back. Raises PaymentNotFound, IllegalTransition and Invalid.
    """
    intent = await recording.lock(session, payment_id)
    if not can_come(intent.view()):
        raise IllegalTransition(intent.status, IntentStatus.SUCCEEDED, intent.view().next_states)
    is_over = intent.status is IntentStatus.CANCELLED
    least, due_minor = (1, intent.amount_minor) if is_over else (intent.due_minor, intent.due_minor)
    came_minor = amount_minor or due_minor
    if not least <= came_minor <= intent.amount_minor:
        raise Invalid("amount_minor", f"is between {least} and {intent.amount_minor}")
    came = ChargeResult(ChargeState.CAPTURED, captured_minor=came_minor)
    await recording.apply(session, intent, came, is_final=True)
    if not is_over and came_minor > due_minor:
        await recording.promise(session, intent, new_event_id(), came_minor - due_minor, "more than was due")
        await intents.save(session, intent)


async def overdue_transfers(reader: Reader, limit: int) -> list[UUID]:
    """Checkouts whose transfer should have come by now."""
    return await intents.overdue_transfers(reader, get_settings().payments_transfer_days, limit)
