"""Everything held on a person: handed over whole, forgotten whole, and nothing of others goes with it."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.domains.communities import facade
from tests.api.communities.conftest import Forum, Named, counters_hold

COLUMNS = text("""
    SELECT table_schema || '.' || table_name, column_name FROM information_schema.columns
    WHERE table_schema = 'communities' AND data_type = 'uuid'
      AND column_name IN ('customer_id', 'author_id', 'actor_id', 'other_id', 'voter_id', 'owner_id')
""")
# What stays under an id alone: places in threads, the public log, how often a name was given.
STAYS = {"communities.people", "communities.posts", "communities.comments", "communities.acts"}


async def test_it_is_handed_over_and_forgotten(forum: Forum, named: Named, session: AsyncSession) -> None:
    ada, bob, eve = await named("ada"), await named("bob"), await named("eve")
    await forum.found(ada, "tea")
    await forum.join(bob, "tea")
    await forum.act(ada, "/communities/tea/people/bob", "appoint")
    mine = await forum.post(ada, "tea", "Ada's secret", body="quagga @bob", kind="poll", options=["a", "b"])
    theirs = await forum.post(bob, "tea", "Bob's")
    said = await forum.comment(ada, theirs, "quagga, I say")
    answer = await forum.comment(eve, theirs, "Do you?", parent=said)
    await forum.send(ada, "PUT", f"/comments/{said['comment_id']}", {"body": "quagga, I said"})
    for thing in (theirs, answer):
        await forum.vote(ada, thing, 1)
    await forum.vote(bob, mine, 1)
    await forum.send(ada, "PUT", f"/posts/{mine['post_id']}/choice", {"option_number": 1})
    await forum.send(ada, "PUT", f"/me/drafts/{UUID(int=9)}", {"community": "tea", "body": "quagga"})
    await forum.send(ada, "PUT", f"/me/saved/{theirs['post_id']}", status=204)
    await forum.send(ada, "PUT", "/me/silenced/eve", {"kind": "mute"}, 204)
    await forum.send(ada, "PUT", "/me/filters", {"terms": ["coffee"]})
    await forum.send(ada, "PUT", "/me/multis/drinks", {"name": "Drinks", "communities": ["tea"]})
    held = await facade.export_person(session, ada.customer_id)
    assert held["person"][0]["handle"] == "ada"
    assert [len(held[name]) for name in ("posts", "comments", "earlier_words", "votes_on_posts", "drafts")] == [1] * 5
    assert str(held).count("quagga") == 4
    await facade.forget_person(session, ada.customer_id)
    await counters_hold(session)
    for table, column in (await session.execute(COLUMNS)).all():
        found = await session.execute(
            text(f"SELECT count(*) FROM {table} WHERE {column} = :id"),  # noqa: S608 -- names from the catalog
            {"id": ada.customer_id},
        )
        assert found.scalar_one() == 0 or table in STAYS, (table, column)
    left = await facade.export_person(session, ada.customer_id)
    assert "quagga" not in str(left)
    assert "ada" not in str(left["person"])
    shown = await forum.send(None, "GET", f"/posts/{theirs['post_id']}/comments")
    top = shown["items"][0]
    assert (top["comment"]["author"], top["children"][0]["comment"]["body"]) == ("[deleted]", "Do you?")
    leaders = await forum.send(None, "GET", "/communities/tea/leaders")
    assert [(each["handle"], each["role"]) for each in leaders] == [("bob", "owner")]
    assert sum((await facade.forget_person(session, ada.customer_id)).values()) == 1  # the name, given anew
