"""Capture over HTTP: what is taken, what is refused and why, and what happens without Kafka."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from aiokafka import AIOKafkaConsumer
from httpx import AsyncClient, Response
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from api.core import capture
from api.core.settings import get_settings
from tests.api.conftest import SignUp

BROWSER = UUID("0198c0de-0000-7000-8000-00000000000a")
HEADERS = {"X-Agora-Anonymous-Id": str(BROWSER)}


def viewed(product_id: object = 1, **members: Any) -> dict[str, Any]:
    return {"type": "analytics.product_viewed", "data": {"product_id": product_id}} | members


async def post(client: AsyncClient, *events: Any, headers: dict[str, str] = HEADERS) -> Response:
    return await client.post("/v1/events", json={"events": events}, headers=headers)


async def outbox(session: AsyncSession) -> list[dict[str, Any]]:
    rows = await session.execute(text("SELECT envelope FROM core.outbox WHERE topic = 'analytics' ORDER BY id"))
    return [orjson.loads(row.envelope) for row in rows]


@pytest.mark.usefixtures("kafka_away")
async def test_without_kafka_events_are_safe_in_the_outbox(client: AsyncClient, session: AsyncSession) -> None:
    answer = await post(client, viewed(7), viewed(8))
    assert answer.status_code == 202
    assert answer.json()["refused"] == []
    envelopes = await outbox(session)
    assert [envelope["id"] for envelope in envelopes] == answer.json()["accepted"]
    assert [envelope["data"]["product_id"] for envelope in envelopes] == [7, 8]
    assert {envelope["subject"] for envelope in envelopes} == {str(BROWSER)}
    assert (await session.execute(text("SELECT count(*) FROM core.capture_receipts"))).scalar_one() == 0


@pytest.mark.usefixtures("kafka_away")
async def test_after_a_failure_callers_do_not_wait_for_kafka(client: AsyncClient) -> None:
    await post(client, viewed())
    assert capture.get_producer().is_away
    started = datetime.now(UTC)
    assert (await post(client, viewed())).status_code == 202
    assert datetime.now(UTC) - started < timedelta(seconds=0.25)


async def test_a_broker_that_hangs_costs_one_bounded_wait(
    client: AsyncClient, session: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    settings = get_settings().model_copy(update={"kafka_bootstrap": f"127.0.0.1:{port}", "capture_wait": 0.3})
    monkeypatch.setattr(capture._Current, "producer", capture.CaptureProducer(settings))
    async with server:
        started = datetime.now(UTC)
        answer = await post(client, viewed(7))
        assert timedelta(seconds=0.3) <= datetime.now(UTC) - started < timedelta(seconds=2)
    assert [envelope["id"] for envelope in await outbox(session)] == answer.json()["accepted"]


async def test_without_a_receipt_nothing_is_promised(client: AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise OperationalError("INSERT", {}, Exception("away"))

    monkeypatch.setattr(capture, "_write_receipts", fail)
    answer = await post(client, viewed(7))
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert "accepted" not in answer.json()


@pytest.mark.usefixtures("kafka_away")
async def test_the_customer_is_who_signed_in_and_never_who_the_event_says(
    client: AsyncClient, session: AsyncSession, sign_up: SignUp
) -> None:
    event = viewed()
    event["data"]["customer_id"] = str(uuid4())
    await post(client, event)
    someone = await sign_up()
    await post(client, event, headers=HEADERS | someone.headers)
    assert [envelope["data"]["customer_id"] for envelope in await outbox(session)] == [None, str(someone.customer_id)]


REFUSALS = [
    (5, "event", "object"),
    (viewed(extra=1), "extra", "member"),
    ({"type": "ordering.order_placed", "data": {}}, "type", "must be one of"),
    ({"type": ["analytics.page_viewed"], "data": {}}, "type", "must be one of"),
    ({"data": {}}, "type", "must be one of"),
    ({"type": "analytics.product_viewed"}, "data", "object"),
    (viewed(0), "data.product_id", "more than 0"),
    (viewed(2**63), "data.product_id", "less than"),
    (viewed("many"), "data.product_id", "whole number"),
    ({"type": "analytics.product_viewed", "data": {"product_id": 1, "colour": "red"}}, "data.colour", "not permitted"),
    ({"type": "analytics.page_viewed", "data": {"path": "/" * 2001}}, "data.path", "2000"),
    ({"type": "analytics.page_viewed", "data": {"path": "/\x00"}}, "data.path", "NUL"),
    (viewed(id="seven"), "id", "UUID"),
    (viewed(id=7), "id", "UUID"),
    (viewed(time="yesterday"), "time", "must be a time"),
    (viewed(time=17), "time", "must be a text"),
    (viewed(time="2026-05-01T12:00:00"), "time", "offset"),
    (viewed(time=(datetime.now(UTC) + timedelta(hours=1)).isoformat()), "time", "future"),
    (viewed(time=(datetime.now(UTC) - timedelta(days=8)).isoformat()), "time", "7 days"),
    (viewed(time="0001-01-01T00:00:00+14:00"), "time", "7 days"),
    (viewed(time="9999-12-31T23:59:59-14:00"), "time", "future"),
]


@pytest.mark.usefixtures("kafka_away")
@pytest.mark.parametrize(("event", "field", "reason"), REFUSALS)
async def test_a_bad_event_is_refused_by_field_and_the_rest_is_taken(
    client: AsyncClient, session: AsyncSession, event: Any, field: str, reason: str
) -> None:
    answer = await post(client, viewed(1), event, viewed(2))
    assert answer.status_code == 202
    assert len(answer.json()["accepted"]) == 2
    (refused,) = answer.json()["refused"]
    assert (refused["index"], refused["field"]) == (1, field)
    assert reason in refused["reason"]
    assert [envelope["data"]["product_id"] for envelope in await outbox(session)] == [1, 2]


@pytest.mark.usefixtures("kafka_away")
async def test_an_id_twice_in_one_batch_is_taken_once(client: AsyncClient, session: AsyncSession) -> None:
    event_id = str(uuid4())
    answer = await post(client, viewed(1, id=event_id), viewed(2, id=event_id))
    assert answer.json() == {"accepted": [event_id], "refused": []}
    assert [envelope["data"]["product_id"] for envelope in await outbox(session)] == [1]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b'{"events": []}', b'{"events": {}}', b'{"other": 1}'])
async def test_a_body_that_is_no_batch_is_refused_whole(client: AsyncClient, body: bytes) -> None:
    answer = await client.post("/v1/events", content=body, headers=HEADERS)
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:agora:problem:malformed-batch"


@pytest.mark.usefixtures("kafka_away")
async def test_500_events_are_taken_and_501_are_too_many(client: AsyncClient, session: AsyncSession) -> None:
    assert len((await post(client, *[viewed()] * 500)).json()["accepted"]) == 500
    assert (await post(client, *[viewed()] * 501)).status_code == 413
    assert len(await outbox(session)) == 500
    too_long = b'{"events": [' + b" " * 4 * 1024 * 1024 + b"]}"
    assert (await client.post("/v1/events", content=too_long)).status_code == 413


async def test_with_kafka_a_batch_is_there_with_a_receipt_and_not_in_the_outbox(
    client: AsyncClient, session: AsyncSession
) -> None:
    searched = {"type": "analytics.search_performed", "data": {"query": "tea", "results": 0}}
    answer = await post(client, viewed(7), searched, viewed(8))
    accepted = {UUID(value) for value in answer.json()["accepted"]}
    assert await outbox(session) == []
    receipts = (await session.execute(text("SELECT batch_id, type, event_ids FROM core.capture_receipts"))).all()
    assert {row.type: len(row.event_ids) for row in receipts} == {
        "analytics.product_viewed": 2,
        "analytics.search_performed": 1,
    }
    assert {event_id for row in receipts for event_id in row.event_ids} == accepted
    (batch_id,) = {row.batch_id for row in receipts}
    settings = get_settings()
    consumer = AIOKafkaConsumer(
        f"{settings.kafka_topic_prefix}analytics",
        bootstrap_servers=settings.kafka_bootstrap,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        found: dict[UUID, Any] = {}
        while not accepted <= found.keys():
            record = await consumer.getone()
            found[UUID(orjson.loads(record.value)["id"])] = record
    finally:
        await consumer.stop()
    assert {dict(found[event_id].headers)["batch"] for event_id in accepted} == {batch_id.bytes}
    assert {found[event_id].key for event_id in accepted} == {str(BROWSER).encode()}
