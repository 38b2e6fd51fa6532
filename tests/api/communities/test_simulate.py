"""A simulated community: through the public API alone, all its counters right, every word made up."""

from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.load.community_life import TOPICS, Community
from tests.api.communities.conftest import counters_hold


async def test_people_come_write_and_vote(client: AsyncClient, session: AsyncSession) -> None:
    life = await Community(client, seed=3).run(people=5, acts=60)
    assert life.done["community"] == len(TOPICS)
    assert all(life.done[what] > 0 for what in ("registration", "name", "post", "comment", "vote"))
    assert {what.partition(": ")[2] for what in life.refused} <= {"own-words", "post-closed", "too-many-requests"}
    await counters_hold(session)
    handles = (await session.execute(text("SELECT handle FROM communities.people"))).scalars().all()
    assert all(each.startswith("sim-") for each in handles)
    again = await Community(client, seed=3).run(people=2, acts=5)
    assert again.refused["community: slug-taken"] == len(TOPICS)
