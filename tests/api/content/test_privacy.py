"""Everything held on a creator: handed over whole and forgotten; co-authors keep what they write."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.domains.content import facade
from tests.api.content.conftest import Creator, Desk


async def test_it_is_handed_over_and_forgotten(desk: Desk, creator: Creator, session: AsyncSession) -> None:
    ada, bob = await creator("Ada"), await creator("Bob")
    alone = await desk.publish(ada, await desk.write(ada, title="Alone", body="quagga"))
    shared = await desk.publish(ada, await desk.write(ada, title="Shared", body="zebra"))
    await desk.send(ada, "PUT", f"/me/articles/{shared['article_id']}/authors/bob")
    await desk.send(bob, "PUT", f"/me/articles/{shared['article_id']}/authorship", {"is_accepted": True}, 204)
    held = await facade.export_person(session, ada.customer_id)
    assert [each["title"] for each in held["articles"]] == ["Alone", "Shared"]
    assert (held["creator"][0]["name"], len(held["versions"])) == ("Ada", 2)
    counts = await facade.forget_person(session, ada.customer_id)
    assert counts == {"articles": 1, "handed_over": 1, "versions": 1, "creator": 1}
    await desk.read("alone", 404)
    assert [each["name"] for each in (await desk.read("shared"))["authors"]] == ["Bob"]
    assert (await desk.send(bob, "GET", f"/me/articles/{shared['article_id']}"))["role"] == "owner"
    assert set(map(str, await facade.export_person(session, ada.customer_id))) == {"creator", "articles", "versions"}
    assert not any((await facade.export_person(session, ada.customer_id)).values())
    last = "SELECT type FROM core.outbox WHERE topic = 'content' AND key = :id ORDER BY id DESC LIMIT 1"
    told = await session.execute(text(last), {"id": alone["article_id"]})
    assert told.scalar_one() == "content.article_withdrawn"
    assert not any((await facade.forget_person(session, ada.customer_id)).values())
