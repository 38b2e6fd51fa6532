"""A mail a week to who agreed, of what fits them; to nobody else."""

from datetime import timedelta
from typing import Any

import orjson
import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.domains.recommendations.service.digest import send_digests
from tests.api.conftest import SignedUp, SignUp
from tests.api.recommendations.conftest import Did, Shop, answer_with
from tests.api.recommendations.test_endpoints import a_model

SAY = "INSERT INTO identity.consents (customer_id, purpose, version, is_granted) VALUES"


async def mails(session: AsyncSession) -> list[dict[str, Any]]:
    rows = await session.execute(
        text("SELECT args -> 'args' AS mail FROM procrastinate_jobs WHERE task_name = 'core.send_mail' ORDER BY id")
    )
    return [row.mail for row in rows]


@pytest.fixture
async def agreeing(client: AsyncClient, session: AsyncSession, sign_up: SignUp) -> SignedUp:
    """Somebody with a verified address who agreed."""
    person = await sign_up()
    await session.execute(
        text("UPDATE identity.customers SET email_verified_at = now() WHERE customer_id = :id"),
        {"id": person.customer_id},
    )
    await session.execute(
        text(f"{SAY} (:id, 'offers-by-mail', '2026-11', true)"),
        {"id": person.customer_id},
    )
    await session.commit()
    return person


async def test_who_agreed_gets_one_mail_a_week(
    shop: Shop, did: Did, session: AsyncSession, agreeing: SignedUp, sign_up: SignUp
) -> None:
    answer_with(a_model(shop))
    await sign_up()
    did(agreeing.customer_id, shop["bread-0"])
    assert [await send_digests() for _ in range(2)] == [1, 0]
    query = text("SELECT envelope FROM core.outbox WHERE type = 'recommendations.recommendation_served'")
    (data,) = [orjson.loads(row.envelope)["data"] for row in await session.execute(query)]
    assert (data["surface"], data["customer_id"], len(data["items"])) == ("mail", str(agreeing.customer_id), 6)
    (mail,) = await mails(session)
    assert mail["to"] == agreeing.email
    assert mail["body"].count(f"?rec={data['recommendation_id']}") == 6
    assert "Because you looked at Bread 0" in mail["body"]
    assert "/account/privacy" in mail["body"]
    await session.execute(
        text("UPDATE recommendations.digests SET sent_at = sent_at - :week"), {"week": timedelta(days=7)}
    )
    await session.commit()
    assert await send_digests() == 1


@pytest.mark.parametrize(
    "change",
    [
        f"{SAY} (:id, 'offers-by-mail', '2026-11', false)",
        f"{SAY} (:id, 'offers-by-mail', '2020-01', true)",
        "UPDATE identity.customers SET email_verified_at = NULL WHERE customer_id = :id",
        "INSERT INTO identity.preferences (customer_id, is_personalised) VALUES (:id, false)",
    ],
)
async def test_who_took_it_back_or_cannot_be_reached_gets_none(
    shop: Shop, session: AsyncSession, agreeing: SignedUp, change: str
) -> None:
    answer_with(a_model(shop))
    await session.execute(text(change), {"id": agreeing.customer_id})
    await session.commit()
    assert await send_digests() == 0
    assert await mails(session) == []
