"""What operators are told by mail: a dispute with its deadline, that deadline once more, and a refund that failed."""

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import transaction
from api.core.inbox import ReceivedEvent
from api.core.mail import send_mail
from api.core.money import Money
from api.core.settings import get_settings
from api.domains.identity import facade as identity
from api.domains.payments.contracts import Dispute
from api.domains.payments.repository import disputes
from ingestion.contracts.payments import DisputeOpened, RefundFailed


async def tell_operators(session: AsyncSession, events: list[ReceivedEvent]) -> None:
    """The handler of what needs a person; part of it, so each event is told once."""
    for event in events:
        data = event.data
        if isinstance(data, DisputeOpened):
            dispute = await disputes.get(session, data.dispute_id)
            if dispute is not None:
                await _tell(session, *_of_dispute(dispute, "A dispute"))
        elif isinstance(data, RefundFailed):
            amount = Money(data.amount_minor, data.currency).show()
            text = f"The gateway says: {data.failure}. The customer waits for this money."
            await _tell(session, f"A refund of {amount} failed", text, f"payments/{data.payment_id}")


async def remind_of_deadlines() -> int:
    """A sweep: a dispute that nobody answered is told again a day before its deadline, once; returns how many."""
    async with transaction() as session:
        soon = await disputes.due_soon(session)
        for dispute in soon:
            await _tell(session, *_of_dispute(dispute, "One day left for a dispute"))
    return len(soon)


def _of_dispute(dispute: Dispute, subject: str) -> tuple[str, str, str]:
    amount = Money(dispute.amount_minor, dispute.currency).show()
    until = f"{dispute.evidence_due_at:%d %B %Y, %H:%M} UTC"
    text = (
        f"The holder of a card says: {dispute.reason.replace('_', ' ')}. Answer until {until}; else {amount} is lost."
    )
    return f"{subject} of {amount}: answer until {until}", text, f"disputes/{dispute.dispute_id}"


async def _tell(session: AsyncSession, subject: str, text: str, path: str) -> None:
    for address in await identity.emails_with_role(session, "operator"):
        await send_mail(session, address, subject, f"{text}\n\n{get_settings().api_url}/operate/{path}\n")
