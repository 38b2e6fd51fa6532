"""Which mails a person gets, and to what they agreed."""

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from api.domains.identity import domain, facade
from tests.api.conftest import SignUp
from tests.api.identity.conftest import register


async def test_nobody_agreed_to_anything_before_they_said_so(client: AsyncClient) -> None:
    anne = await register(client)
    listed = (await anne.ask("GET", "/v1/me/consents")).json()
    assert {row["purpose"] for row in listed} == {"health-insights", "offers-by-mail", "research"}
    assert not any(row["is_granted"] or row["said_at"] for row in listed)


async def test_a_consent_holds_until_it_is_withdrawn_and_each_word_is_kept(
    client: AsyncClient, session: AsyncSession, sign_up: SignUp
) -> None:
    anne = await sign_up()

    async def say(is_granted: bool) -> bool:
        body = {"is_granted": is_granted, "version": "2026-11"}
        answer = await client.put("/v1/me/consents/research", headers=anne.headers, json=body)
        assert answer.status_code == 200
        return await facade.has_consent(session, anne.customer_id, "research")

    assert await say(True)
    assert await say(True)
    assert not await say(False)
    assert not await say(False)
    said = await session.execute(text("SELECT is_granted, version FROM identity.consents ORDER BY entry_id"))
    assert said.all() == [(True, "2026-11"), (False, "2026-11")]
    events = await session.execute(text("SELECT type FROM core.outbox WHERE type LIKE 'identity.consent%' ORDER BY id"))
    assert events.scalars().all() == ["identity.consent_granted", "identity.consent_withdrawn"]


async def test_a_word_on_an_older_text_does_not_hold_for_the_new_one(
    client: AsyncClient, session: AsyncSession, sign_up: SignUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    anne = await sign_up()
    await client.put("/v1/me/consents/research", headers=anne.headers, json={"is_granted": True})
    newer = tuple(domain.Purpose(each.name, "2027-01", each.title, each.text) for each in domain.PURPOSES)
    monkeypatch.setattr("api.domains.identity.service.privacy.PURPOSES", newer)
    assert not await facade.has_consent(session, anne.customer_id, "research")
    stale = {"is_granted": True, "version": "2026-11"}
    assert (await client.put("/v1/me/consents/research", headers=anne.headers, json=stale)).status_code == 422
    await client.put("/v1/me/consents/research", headers=anne.headers, json={"is_granted": True, "version": "2027-01"})
    assert await facade.has_consent(session, anne.customer_id, "research")


async def test_a_purpose_that_there_is_not_is_refused(client: AsyncClient) -> None:
    anne = await register(client)
    assert (await anne.ask("PUT", "/v1/me/consents/selling-it", is_granted=True)).status_code == 422


async def test_words_of_before_cannot_be_changed(client: AsyncClient, session: AsyncSession, sign_up: SignUp) -> None:
    anne = await sign_up()
    await client.put("/v1/me/consents/research", headers=anne.headers, json={"is_granted": True})
    with pytest.raises(DBAPIError, match=r"append-only|permission denied"):
        async with session.begin_nested():
            await session.execute(text("UPDATE identity.consents SET is_granted = false"))


async def test_mails_are_chosen_by_kind(client: AsyncClient, session: AsyncSession, sign_up: SignUp) -> None:
    anne, ben = await sign_up(), await sign_up()
    everything = (await client.get("/v1/me/preferences", headers=anne.headers)).json()["mails"]
    assert all(everything.values())
    answer = await client.put("/v1/me/preferences", headers=anne.headers, json={"wanted": ["answers"]})
    assert answer.json()["mails"] == dict.fromkeys(everything, False) | {"answers": True}
    people = [anne.customer_id, ben.customer_id]
    assert await facade.emails_wanting(session, people, "price-drop") == {ben.customer_id: ben.email}
    assert set(await facade.emails_wanting(session, people, "answers")) == set(people)
    wrong = await client.put("/v1/me/preferences", headers=anne.headers, json={"wanted": ["spam"]})
    assert wrong.status_code == 422


async def test_a_choice_leaves_the_others_as_they_are(
    client: AsyncClient, session: AsyncSession, sign_up: SignUp
) -> None:
    anne, ben = await sign_up(), await sign_up()
    first = await client.get("/v1/me/preferences", headers=anne.headers)
    assert first.json()["is_personalised"] is True
    await client.put("/v1/me/preferences", headers=anne.headers, json={"wanted": ["answers"]})
    answer = await client.put("/v1/me/preferences", headers=anne.headers, json={"is_personalised": False})
    assert answer.json()["is_personalised"] is False
    assert [kind for kind, wanted in answer.json()["mails"].items() if wanted] == ["answers"]
    assert not await facade.is_personalised(session, anne.customer_id)
    assert await facade.is_personalised(session, ben.customer_id)
    back = await client.put("/v1/me/preferences", headers=anne.headers, json={"is_personalised": True})
    assert back.json()["is_personalised"] is True
