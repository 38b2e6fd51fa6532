"""People: what weighs on them, which accounts may be theirs, what moderation holds on them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.audit import record_act
from api.core.db import Reader, transaction
from api.core.inbox import ReceivedEvent
from api.domains.identity import facade as identity
from api.domains.moderation.contracts.cases import Holdings, Standing
from api.domains.moderation.domain import sanctions as rules
from api.domains.moderation.repository import people as repository
from ingestion.contracts.identity import SignedIn


async def standing(reader: Reader, customer_id: UUID) -> Standing:
    """What weighs on a person now."""
    return rules.standing(await repository.sanctions(reader, customer_id), datetime.now(UTC))


async def linked(reader: Reader, customer_id: UUID) -> set[UUID]:
    """Other accounts that may be the same person's: one browser, one mailbox or one address at home."""
    found = await repository.sharing_a_browser(reader, customer_id)
    return found | await identity.linked_accounts(reader, customer_id)


async def note_browsers(session: AsyncSession, events: Sequence[ReceivedEvent]) -> None:
    """Who signed in with which browser."""
    told = [event.data for event in events if isinstance(event.data, SignedIn) and event.data.anonymous_id]
    pairs = {(each.anonymous_id, each.customer_id) for each in told if each.anonymous_id}
    if pairs:
        # In one order, so that two batches never wait for each other.
        rows = [{"anonymous_id": browser, "customer_id": person} for browser, person in sorted(pairs)]
        await repository.saw(session, rows)


async def forget_browsers() -> None:
    """Drop what is too old to matter."""
    async with transaction() as session:
        await repository.forget_browsers(session)


async def held_on(reader: Reader, customer_id: UUID) -> Holdings:
    """All that moderation holds on a person."""
    return Holdings(**await repository.held_on(reader, customer_id))


async def forget(session: AsyncSession, customer_id: UUID) -> int:
    """Take a person out of all that moderation holds; how many rows were changed. Once more changes none."""
    changed = await repository.forget(session, customer_id)
    if changed:
        await record_act(session, None, "moderation.forget", f"customer:{customer_id}", rows=changed)
    return changed
