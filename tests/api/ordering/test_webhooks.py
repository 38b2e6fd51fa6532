"""Webhooks out against a real listener: signed, tried again, held back by the breaker, logged, replayed."""

import asyncio
import base64
import hmac
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import transaction
from api.core.settings import get_settings
from api.domains.ordering.domain.webhook import (
    FAILURES_TO_OPEN,
    SECRET_PREFIX,
    WAITS,
    check_addresses,
    check_url,
    sign,
    wait_after,
)
from api.domains.ordering.handlers import HANDLERS, TASKS
from api.domains.ordering.service import webhooks
from ingestion.contracts import new_event_id
from ingestion.contracts.ordering import OrderCancelled
from tests.api.ordering.events import received

DELIVER = TASKS[webhooks.DELIVER]


@dataclass
class Listener:
    """What came in, and what is answered."""

    port: int = 0
    status: int = 200
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers["content-length"]))
        self.requests.append((headers, body))
        writer.write(f"HTTP/1.1 {self.status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    found = Listener()
    server = await asyncio.start_server(found.answer, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    yield found
    server.close()
    await server.wait_closed()


@pytest.fixture
def loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AGORA_WEBHOOK_LOOPBACK", "true")
    get_settings.cache_clear()
    yield
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.fixture
def no_loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AGORA_WEBHOOK_LOOPBACK", "false")
    get_settings.cache_clear()
    yield
    monkeypatch.undo()
    get_settings.cache_clear()


async def jobs(session: AsyncSession) -> list[tuple[str, bool]]:
    """Delivery ids that are queued, and whether they have to wait; taken out of the queue."""
    found = await session.execute(
        text(
            "DELETE FROM procrastinate_jobs WHERE task_name = 'ordering.deliver_webhook'"
            " RETURNING args -> 'args' ->> 'delivery_id' AS id, coalesce(scheduled_at > now(), false) AS waits"
        )
    )
    rows = [(row.id, row.waits) for row in found]
    await session.commit()
    return rows


async def cancelled_order() -> OrderCancelled:
    event = OrderCancelled(order_id=uuid4(), customer_id=uuid4(), reason="test")
    async with transaction() as session:
        await HANDLERS["ordering.order_cancelled"](session, [received(event)])
    return event


@pytest.mark.usefixtures("loopback")
async def test_an_event_arrives_signed_and_once(
    client: AsyncClient, sign_up: Any, session: AsyncSession, listener: Listener
) -> None:
    headers = (await sign_up("operator")).headers
    url = f"http://127.0.0.1:{listener.port}/hooks?shop=1"
    body = {"url": url, "event_types": ["ordering.order_cancelled"]}
    made = (await client.post("/v1/operate/webhooks", json=body, headers=headers)).json()
    event = await cancelled_order()
    ((delivery_id, waits),) = await jobs(session)
    assert not waits
    await DELIVER(delivery_id)
    await DELIVER(delivery_id)  # a job may run twice
    ((sent, content),) = listener.requests
    key = base64.b64decode(made["secret"].removeprefix(SECRET_PREFIX))
    signed = f"{sent['webhook-id']}.{sent['webhook-timestamp']}.".encode() + content
    expected = "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    assert sent["webhook-signature"] == expected
    assert sent["host"] == f"127.0.0.1:{listener.port}"
    assert str(event.order_id).encode() in content
    endpoint = made["endpoint"]["endpoint_id"]
    (logged,) = (await client.get(f"/v1/operate/webhooks/{endpoint}/deliveries", headers=headers)).json()
    assert (logged["status"], logged["attempts"], logged["log"][0]["response_status"]) == ("delivered", 1, 200)
    replayed = await client.post(
        f"/v1/operate/webhooks/deliveries/{delivery_id}/replay", headers=headers | {"Idempotency-Key": "again"}
    )
    assert replayed.json()["status"] == "pending"
    ((again, _),) = await jobs(session)
    await DELIVER(again)
    assert [request[0]["webhook-id"] for request in listener.requests] == [sent["webhook-id"]] * 2
    assert "secret" not in (await client.get("/v1/operate/webhooks", headers=headers)).text
    assert (await client.delete(f"/v1/operate/webhooks/{endpoint}", headers=headers)).status_code == 204
    await cancelled_order()
    assert await jobs(session) == []


@pytest.mark.usefixtures("loopback")
async def test_the_breaker_opens_after_failures_and_closes_with_a_success(
    rolled_back: object, session: AsyncSession, listener: Listener
) -> None:
    made, _ = await webhooks.register(uuid4(), f"http://127.0.0.1:{listener.port}/", ["ordering.order_cancelled"])
    await cancelled_order()
    ((delivery_id, _waits),) = await jobs(session)
    listener.status = 500
    for attempt in range(1, FAILURES_TO_OPEN + 1):
        await DELIVER(delivery_id)
        assert len(listener.requests) == attempt
        assert await jobs(session) == [(delivery_id, True)]
    (paused,) = await webhooks.list_endpoints()
    assert (paused.is_paused, paused.failures) == (True, FAILURES_TO_OPEN)
    await DELIVER(delivery_id)
    assert len(listener.requests) == FAILURES_TO_OPEN
    assert await jobs(session) == [(delivery_id, True)]
    await session.execute(text("UPDATE ordering.webhook_endpoints SET closed_until = now() - interval '1 second'"))
    await session.commit()
    listener.status = 204
    await DELIVER(delivery_id)
    (open_again,) = await webhooks.list_endpoints()
    assert (open_again.is_paused, open_again.failures) == (False, 0)
    (logged,) = await webhooks.list_deliveries(made.endpoint_id)
    assert [entry["response_status"] for entry in logged.log] == [500] * FAILURES_TO_OPEN + [204]


@pytest.mark.usefixtures("loopback")
async def test_a_delivery_is_given_up_in_the_end(rolled_back: object, session: AsyncSession) -> None:
    await webhooks.register(uuid4(), "http://127.0.0.1:9/", ["ordering.order_cancelled"])
    await cancelled_order()
    ((delivery_id, _waits),) = await jobs(session)
    await session.execute(text("UPDATE ordering.webhook_deliveries SET attempts = :most"), {"most": len(WAITS)})
    await session.commit()
    await DELIVER(delivery_id)
    assert await jobs(session) == []
    state = await session.execute(text("SELECT status FROM ordering.webhook_deliveries"))
    assert state.scalar_one() == "failed"


@pytest.mark.usefixtures("no_loopback")
@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://10.0.0.8/hook",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[::ffff:192.168.0.1]/",
        "https://user:secret@93.184.216.34/",
    ],
)
async def test_addresses_of_the_house_are_refused(client: AsyncClient, sign_up: Any, url: str) -> None:
    headers = (await sign_up("operator")).headers
    body = {"url": url, "event_types": ["ordering.order_placed"]}
    refused = await client.post("/v1/operate/webhooks", json=body, headers=headers)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "url"


async def test_only_operators_register(client: AsyncClient, sign_up: Any) -> None:
    headers = (await sign_up("analyst")).headers
    assert (await client.get("/v1/operate/webhooks", headers=headers)).status_code == 403
    operator = (await sign_up("operator")).headers
    missing = await client.delete(f"/v1/operate/webhooks/{uuid4()}", headers=operator)
    assert missing.status_code == 404
    replay = f"/v1/operate/webhooks/deliveries/{uuid4()}/replay"
    assert (await client.post(replay, headers=operator | {"Idempotency-Key": "k"})).status_code == 404


def test_a_name_with_one_address_of_the_house_is_refused_whole() -> None:
    assert check_addresses(["93.184.216.34"], is_loopback_allowed=False) == "93.184.216.34"
    with pytest.raises(ValueError, match="public"):
        check_addresses(["93.184.216.34", "192.168.1.1"], is_loopback_allowed=True)
    with pytest.raises(ValueError, match="resolve"):
        check_addresses([], is_loopback_allowed=True)
    with pytest.raises(ValueError, match="https"):
        check_url("ftp://example.com", is_loopback_allowed=True)


def test_waits_grow_and_end() -> None:
    waits = [wait_after(attempts) for attempts in range(1, len(WAITS) + 2)]
    assert waits[-1] is None
    assert list(WAITS) == sorted(WAITS)


def test_the_signature_is_that_of_the_published_example() -> None:
    """The example of the standard-webhooks documentation."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body) == signature
    assert UUID(str(new_event_id()))
