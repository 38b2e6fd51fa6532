"""What recommendations hold on a person: handed over whole, gone when they are forgotten, and nobody else's with it."""

from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.auth import Visitor
from api.domains.recommendations import facade
from api.domains.recommendations.repository import digests, feeds, taste
from api.domains.recommendations.repository.feeds import Place
from ingestion.contracts import new_event_id
from tests.api.recommendations.conftest import Shop


async def _leave_traces(session: AsyncSession, customer_id: UUID, product_id: int) -> None:
    await taste.remove(session, customer_id, product_id)
    await taste.reset(session, customer_id, new_event_id())
    await feeds.remove(session, customer_id, uuid4())
    await digests.take_due(session, [customer_id], 7)
    await feeds.keep(session, new_event_id(), customer_id, [Place(uuid4(), "new", "New", 1.0, 1, 1.0, None, None)])


async def test_a_person_is_handed_over_and_forgotten_alone(session: AsyncSession, shop: Shop) -> None:
    ada, bob = uuid4(), uuid4()
    for person in (ada, bob):
        await _leave_traces(session, person, shop["milk-1"])
    held = await facade.export_person(session, ada)
    assert {name: len(rows) for name, rows in held.items()} == dict.fromkeys(
        ("choices", "removals", "removed_posts", "digests", "feeds"), 1
    )
    assert held["removals"][0]["product_id"] == shop["milk-1"]
    assert held["feeds"][0]["places"][0]["reason"] == "New"
    assert sum((await facade.forget_person(session, ada)).values()) == 5
    assert not any((await facade.export_person(session, ada)).values())
    assert not any((await facade.forget_person(session, ada)).values())
    assert all((await facade.export_person(session, bob)).values())
    known = await taste.known(session, taste.Whose(Visitor(uuid4(), ada).anonymous_id, ada), 0)
    assert known.removed == frozenset()
    assert known.reset_at is None
