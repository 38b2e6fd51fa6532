"""Accounts that vote alike raise a case, and nothing else happens by itself."""

from datetime import UTC, datetime
from itertools import combinations
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.domains.communities.domain.brigading import SHARED, Pair, groups
from api.domains.communities.service import brigading
from api.domains.moderation import facade as moderation
from tests.api.communities.conftest import Forum, Named, counters_hold
from tests.api.conftest import SignUp

PEOPLE = [UUID(int=n) for n in range(8)]
THINGS = frozenset(UUID(int=100 + n) for n in range(SHARED))
edges = st.lists(st.sampled_from(list(combinations(PEOPLE, 2))), max_size=12)


def test_a_pair_belongs_together_where_most_of_its_votes_are_shared() -> None:
    pair = Pair(PEOPLE[0], PEOPLE[1], THINGS)
    assert groups([pair], {PEOPLE[0]: SHARED, PEOPLE[1]: 90})[0].people == tuple(PEOPLE[:2])
    assert groups([pair], {PEOPLE[0]: SHARED * 2, PEOPLE[1]: 90}) == []
    assert groups([Pair(PEOPLE[0], PEOPLE[1], frozenset(list(THINGS)[1:]))], dict.fromkeys(PEOPLE, 4)) == []


@given(edges)
def test_groups_are_the_parts_of_the_graph(found: list[tuple[UUID, UUID]]) -> None:
    pairs = [Pair(one, other, THINGS) for one, other in found]
    made = groups(pairs, dict.fromkeys(PEOPLE, SHARED))
    where = {person: number for number, group in enumerate(made) for person in group.people}
    assert len(where) == sum(len(group.people) for group in made)  # nobody is in two of them
    assert set(where) == {person for pair in found for person in pair}
    assert all(where[one] == where[other] for one, other in found)


async def test_votes_of_one_hand_are_told_once_and_left_as_they_are(
    forum: Forum, named: Named, sign_up: SignUp, session: AsyncSession
) -> None:
    ada, mod = await named("ada"), await sign_up("moderator")
    puppets = [await named(f"puppet{n}") for n in range(3)]
    reader = await named("reader")
    await forum.found(ada, "tea")
    posts = [await forum.post(ada, "tea", f"No {n}") for n in range(SHARED + 2)]
    for post in posts[:SHARED]:
        for puppet in puppets:
            await forum.vote(puppet, post, 1)
    for post in posts:
        await forum.vote(reader, post, -1)
    now = datetime.now(UTC)
    assert await brigading.look(session, now) == 1
    assert await brigading.look(session, now) == 1
    [case] = (await forum.send(mod, "GET", "/operate/cases"))["items"]
    assert (case["origin"], case["kind"], case["policy"]) == ("signal", "votes", "Vote honestly")
    assert case["title"] == "3 accounts voted alike 5 times"
    assert all(f"puppet{n}" in case["body"] for n in range(3))
    assert "reader" not in case["body"]
    scores = await session.execute(text("SELECT ups, downs FROM communities.posts ORDER BY title"))
    assert [tuple(row) for row in scores] == [(3, 1)] * SHARED + [(0, 1)] * 2  # nothing acts by itself
    await counters_hold(session)
    assert len((await moderation.held_on(session, puppets[0].customer_id)).cases) == 1
    await moderation.forget(session, puppets[0].customer_id)
    [case] = (await forum.send(mod, "GET", "/operate/cases"))["items"]
    assert "puppet" not in case["body"]


async def test_what_somebody_looked_at_is_quiet_for_a_while(
    forum: Forum, named: Named, sign_up: SignUp, session: AsyncSession
) -> None:
    ada, mod = await named("ada"), await sign_up("moderator")
    pair = [await named(f"pair{n}") for n in range(2)]
    await forum.found(ada, "tea")
    for number in range(SHARED):
        post = await forum.post(ada, "tea", f"No {number}")
        for each in pair:
            await forum.vote(each, post, -1)
    await brigading.look(session, datetime.now(UTC))
    [case] = (await forum.send(mod, "GET", "/operate/cases"))["items"]
    headers = mod.headers | {"Idempotency-Key": "once"}
    decided = await forum.client.post(
        f"/v1/operate/cases/{case['case_id']}/decision", json={"act": "dismiss"}, headers=headers
    )
    assert decided.status_code == 200
    assert await brigading.look(session, datetime.now(UTC)) == 1
    assert (await forum.send(mod, "GET", "/operate/cases"))["items"] == []
