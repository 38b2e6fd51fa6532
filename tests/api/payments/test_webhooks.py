"""Webhooks of the real gateway: before the answer, twice, late, never, out of order; forged, old, about strangers."""

import time
from uuid import uuid4

import orjson
import pytest
from httpx import AsyncClient, Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import reading, transaction
from api.core.settings import get_settings
from api.domains.payments import facade as payments
from api.domains.payments.contracts import ChargeState, PaymentStatus
from api.domains.payments.service import intents, refunds, webhooks
from api.domains.payments.service.gateways.sandbox import ADAPTER
from infra.gateway.webhooks import sign
from tests.api.payments.conftest import Make, books, refund_part, status_of, told
from tests.gateway_process import RunningGateway
from tests.postbox import Letter

PATH = "/v1/webhooks/sandbox"
NOW = webhooks.timedelta(seconds=-1)


async def deliver(client: AsyncClient, letter: Letter) -> bool:
    """Hand a webhook to the application, and do what it queued; whether it was new."""
    headers = {name: letter.headers[name] for name in ("agora-signature", "content-type")}
    answer = await client.post(PATH, content=letter.body, headers=headers)
    assert answer.status_code == 200
    await webhooks.follow("sandbox", letter.event["event_id"])
    return bool(answer.json()["is_new"])


def letters(gateway: RunningGateway, payment_id: object, at_least: int = 1) -> list[Letter]:
    assert gateway.postbox is not None
    return gateway.postbox.of(payment_id, at_least)


async def test_the_webhook_comes_before_the_answer(
    client: AsyncClient, make: Make, session: AsyncSession, paying_gateway: RunningGateway
) -> None:
    payment = await make()
    result = await payments.confirm(payment, "tok_webhook_first")
    (letter,) = letters(paying_gateway, payment.payment_id)
    assert await deliver(client, letter)
    assert await status_of(payment.payment_id) is PaymentStatus.SUCCEEDED
    async with transaction() as own:
        assert await payments.record(own, payment.payment_id, result) is PaymentStatus.SUCCEEDED
    assert await told(session) == ["payment_captured"]
    assert await books() == {"gateway": 500, "sales": -500}


async def test_the_webhook_comes_twice(
    client: AsyncClient, pay: Make, session: AsyncSession, paying_gateway: RunningGateway
) -> None:
    payment = await pay(token="tok_webhook_twice")
    first, second = letters(paying_gateway, payment.payment_id, 2)
    assert [await deliver(client, first), await deliver(client, second)] == [True, False]
    assert await told(session) == ["payment_captured"]
    queued = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'payments.follow_webhook'"
    assert (await session.execute(text(queued))).scalar_one() == 1


async def test_the_webhook_of_the_capture_comes_after_the_refund(
    client: AsyncClient, pay: Make, paying_gateway: RunningGateway
) -> None:
    payment = await pay(token="tok_webhook_reordered")
    await refunds.execute(await refund_part(payment.payment_id, 500))
    both = letters(paying_gateway, payment.payment_id, 2)
    assert [letter.event["type"] for letter in both] == ["refund.succeeded", "charge.captured"]
    for letter in both:
        await deliver(client, letter)
    assert await status_of(payment.payment_id) is PaymentStatus.REFUNDED
    assert await books() == {"sales": -500, "refunds": 500}


async def test_a_lost_answer_is_made_good_by_the_webhook(
    client: AsyncClient, make: Make, paying_gateway: RunningGateway
) -> None:
    """The process dies between the charge and its record: the webhook tells what the answer would have."""
    payment = await make()
    await payments.confirm(payment, "tok_lost_answer")
    assert await status_of(payment.payment_id) is PaymentStatus.PROCESSING
    await deliver(client, letters(paying_gateway, payment.payment_id)[0])
    assert await status_of(payment.payment_id) is PaymentStatus.SUCCEEDED


@pytest.mark.usefixtures("session")
async def test_no_webhook_comes_and_nothing_is_lost(make: Make) -> None:
    payment = await make()
    await payments.confirm(payment, "tok_webhook_never")
    assert (await intents.refresh(payment.payment_id)).state is ChargeState.CAPTURED
    assert await books() == {"gateway": 500, "sales": -500}


async def test_while_the_gateway_is_away_the_webhook_waits(
    client: AsyncClient, make: Make, paying_gateway: RunningGateway
) -> None:
    payment = await make()
    await payments.confirm(payment, "tok_lost_answer")
    (letter,) = letters(paying_gateway, payment.payment_id)
    paying_gateway.stop()
    try:
        await deliver(client, letter)
    finally:
        paying_gateway.start()
    assert await status_of(payment.payment_id) is PaymentStatus.PROCESSING
    assert await webhooks.sweep_webhooks(NOW) == 1
    assert await status_of(payment.payment_id) is PaymentStatus.SUCCEEDED
    assert await webhooks.sweep_webhooks(NOW) == 0


def signed(event: dict[str, object], age: float = 0, secret: str | None = None) -> tuple[bytes, dict[str, str]]:
    body = orjson.dumps(event)
    key = secret or get_settings().gateway_secret.get_secret_value()
    return body, {"agora-signature": sign(key, body, int(time.time() - age))}


async def post(client: AsyncClient, body: bytes, headers: dict[str, str]) -> Response:
    return await client.post(PATH, content=body, headers=headers)


async def test_an_unknown_payment_is_kept_and_tried_again(
    client: AsyncClient, session: AsyncSession, make: Make
) -> None:
    """A database restored from yesterday meets the webhooks of today."""
    event = {"event_id": "evt_1", "type": "charge.captured", "payment_id": str(uuid4())}
    assert (await post(client, *signed(event))).json() == {"is_new": True}
    await webhooks.follow("sandbox", "evt_1")
    status = text("SELECT status, attempts FROM payments.webhook_events WHERE event_id = 'evt_1'")
    assert tuple((await session.execute(status)).one()) == ("unknown", 1)
    payment = await make()
    await payments.confirm(payment, "tok_ok")
    rename = text("UPDATE payments.webhook_events SET reference = :id")
    await session.execute(rename, {"id": str(payment.payment_id)})
    await session.commit()
    await webhooks.sweep_webhooks(NOW)
    assert tuple((await session.execute(status)).one()) == ("done", 2)
    assert await status_of(payment.payment_id) is PaymentStatus.SUCCEEDED


async def test_a_stranger_is_given_up_after_days(client: AsyncClient, session: AsyncSession) -> None:
    event = {"event_id": "evt_2", "type": "charge.captured", "payment_id": "ch_of_somebody_else"}
    await post(client, *signed(event))
    await session.execute(text("UPDATE payments.webhook_events SET received_at = now() - interval '4 days'"))
    await session.commit()
    await webhooks.follow("sandbox", "evt_2")
    assert await webhooks.sweep_webhooks(NOW) == 0


@pytest.mark.parametrize("how", ["unsigned", "forged", "changed", "old", "early"])
async def test_what_the_gateway_did_not_sign_just_now_is_refused(client: AsyncClient, how: str) -> None:
    event: dict[str, object] = {"event_id": "evt_3", "type": "charge.captured", "payment_id": str(uuid4())}
    age = {"old": 310, "early": -310}.get(how, 0)
    body, headers = signed(event, age, "another secret" if how == "forged" else None)
    if how == "unsigned":
        headers = {}
    if how == "changed":
        body = body.replace(b"captured", b"refunded")
    answer = await post(client, body, headers)
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:agora:problem:webhook-signature")
    async with reading() as connection:
        kept = await connection.execute(text("SELECT count(*) FROM payments.webhook_events"))
        assert kept.scalar_one() == 0


async def test_unknown_gateways_and_long_bodies_are_refused(client: AsyncClient) -> None:
    for name in ("nobody", "stripe", "house"):
        assert (await client.post(f"/v1/webhooks/{name}", content=b"{}")).status_code == 404
    assert (await client.post(PATH, content=b"x" * 300_000)).status_code == 413


def test_the_adapter_checks_what_the_gateway_signs(paying_gateway: RunningGateway) -> None:
    body, headers = signed({"event_id": "evt_4", "type": "x", "payment_id": "y"})
    assert ADAPTER.read_webhook(body, headers).event_id == "evt_4"


async def test_one_that_cannot_be_followed_does_not_stop_the_others(
    client: AsyncClient, session: AsyncSession, make: Make, paying_gateway: RunningGateway
) -> None:
    payment = await make()
    await payments.confirm(payment, "tok_ok")
    for letter in letters(paying_gateway, payment.payment_id):
        await post(client, letter.body, {"agora-signature": letter.headers["agora-signature"]})
    broken = text(
        "INSERT INTO payments.webhook_events VALUES ('stripe', 'evt_0', 'x', :id, 'waiting', 0, '2026-01-01')"
    )
    await session.execute(broken, {"id": str(payment.payment_id)})
    away = text("UPDATE payments.payments SET gateway = 'nobody' WHERE payment_id = :id")
    other = await make()
    await session.execute(away, {"id": other.payment_id})
    lost = "INSERT INTO payments.webhook_events VALUES ('nobody', 'evt_9', 'x', :id, 'waiting', 0, '2026-01-01')"
    await session.execute(text(lost), {"id": str(other.payment_id)})
    await session.commit()
    assert await webhooks.sweep_webhooks(NOW) == 3
    assert await status_of(payment.payment_id) is PaymentStatus.SUCCEEDED
