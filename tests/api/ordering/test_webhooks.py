"""Webhooks out against a real listener: signed, tried again, held back by the breaker, logged, replayed."""

import asyncio
import base64
import hmac
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import transaction
from api.core.outbound import check_addresses, check_url
from api.core.settings import get_settings
from api.domains.ordering.domain.webhook import (
    FAILURES_TO_OPEN,
    SECRET_PREFIX,
    WAITS,
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


async def register(client: AsyncClient, path: str, body: Any, headers: dict[str, str], key: str = "") -> Response:
    return await client.post(path, json=body, headers=headers | {"Idempotency-Key": key or str(uuid4())})


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
    made = (await register(client, "/v1/operate/webhooks", body, headers)).json()
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
    refused = await register(client, "/v1/operate/webhooks", body, headers)
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


async def order_of(session: AsyncSession, seller_id: UUID | None) -> UUID:
    """An order in the books, with nothing in it."""
    order_id = new_event_id()
    await session.execute(
        text("""
            INSERT INTO ordering.orders (order_id, customer_id, status, source, currency, total_minor, seller_id,
                created_at, placed_at)
            VALUES (:order_id, :customer_id, 'placed', 'storefront', 'USD', 100, :seller_id, now(), now())
        """),
        {"order_id": order_id, "customer_id": uuid4(), "seller_id": seller_id},
    )
    await session.commit()
    return order_id


async def cancelled(order_id: UUID) -> None:
    event = OrderCancelled(order_id=order_id, customer_id=new_event_id(), reason="test")
    async with transaction() as session:
        await HANDLERS[OrderCancelled.type](session, [received(event)])


@pytest.mark.usefixtures("loopback")
async def test_a_seller_hears_of_their_own_orders_alone_and_sees_only_their_own_log(
    client: AsyncClient, sign_up: Any, session: AsyncSession, listener: Listener
) -> None:
    ann, bob, operator = await sign_up("seller"), await sign_up("seller"), await sign_up("operator")
    path = "/v1/me/webhooks"
    body = {"url": f"http://127.0.0.1:{listener.port}/", "event_types": ["ordering.order_cancelled"]}
    made = (await register(client, path, body, ann.headers)).json()
    assert (await register(client, path, body, bob.headers)).status_code == 201
    mine = await order_of(session, ann.customer_id)
    for order_id in (mine, await order_of(session, None)):
        await cancelled(order_id)
    ((delivery_id, _),) = await jobs(session)
    await DELIVER(delivery_id)
    assert str(mine).encode() in listener.requests[0][1]
    endpoint = f"{path}/{made['endpoint']['endpoint_id']}"
    [logged] = (await client.get(f"{endpoint}/deliveries", headers=ann.headers)).json()
    assert logged["status"] == "delivered"
    assert len((await client.get(path, headers=bob.headers)).json()) == 1
    for answer in (
        await client.get(f"{endpoint}/deliveries", headers=bob.headers),
        await client.delete(endpoint, headers=bob.headers),
        await client.put(f"{endpoint}/state", json={"is_active": False}, headers=bob.headers),
        await client.post(f"{endpoint}/secret", headers=bob.headers),
        await client.post(
            f"{path}/deliveries/{delivery_id}/replay", headers=bob.headers | {"Idempotency-Key": "theirs"}
        ),
    ):
        assert answer.status_code == 404
    assert len((await client.get("/v1/operate/webhooks", headers=operator.headers)).json()) == 2
    customer = await sign_up()
    assert (await client.get(path, headers=customer.headers)).status_code == 403


@pytest.mark.usefixtures("loopback")
async def test_a_paused_endpoint_hears_later_and_a_new_secret_signs_from_then_on(
    client: AsyncClient, sign_up: Any, session: AsyncSession, listener: Listener
) -> None:
    ann = await sign_up("seller")
    body = {"url": f"http://127.0.0.1:{listener.port}/", "event_types": ["ordering.order_cancelled"]}
    made = (await register(client, "/v1/me/webhooks", body, ann.headers)).json()
    endpoint = f"/v1/me/webhooks/{made['endpoint']['endpoint_id']}"
    await cancelled(await order_of(session, ann.customer_id))
    ((delivery_id, _),) = await jobs(session)
    assert (await client.put(f"{endpoint}/state", json={"is_active": False}, headers=ann.headers)).status_code == 204
    await DELIVER(delivery_id)
    assert listener.requests == []
    renewed = (await client.post(f"{endpoint}/secret", headers=ann.headers)).json()["secret"]
    assert renewed != made["secret"]
    assert (await client.put(f"{endpoint}/state", json={"is_active": True}, headers=ann.headers)).status_code == 204
    queued = await jobs(session)
    assert [each for each, _ in queued] == [delivery_id]
    await DELIVER(delivery_id)
    [(headers, content)] = listener.requests
    key = base64.b64decode(renewed.removeprefix(SECRET_PREFIX))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + content
    expected = "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    assert headers["webhook-signature"] == expected
    acts = await session.execute(text("SELECT action FROM core.audit_log ORDER BY entry_id"))
    assert acts.scalars().all() == [
        "webhooks.register", "webhooks.pause", "webhooks.renew_secret", "webhooks.resume",
    ]  # fmt: skip


@pytest.mark.usefixtures("loopback")
async def test_a_seller_has_ten_endpoints_at_most(client: AsyncClient, sign_up: Any, listener: Listener) -> None:
    ann = await sign_up("seller")
    body = {"url": f"http://127.0.0.1:{listener.port}/", "event_types": ["ordering.order_placed"]}
    codes = [(await register(client, "/v1/me/webhooks", body, ann.headers)).status_code for _ in range(11)]
    assert codes == [201] * 10 + [409]


@pytest.mark.usefixtures("loopback")
async def test_the_pages_of_sellers_and_operators(
    client: AsyncClient, sign_up: Any, session: AsyncSession, listener: Listener
) -> None:
    ann, operator = await sign_up("seller"), await sign_up("operator")
    for person, path in ((ann, "/account/webhooks"), (operator, "/operate/webhooks")):
        headers = person.headers | {"Accept": "text/html", "X-Agora-Anonymous-Id": str(uuid4())}
        page = (await client.get(path, headers=headers)).text
        form = {"csrf_token": page.split('name="csrf_token" value="')[1].split('"')[0]}
        wrong = await client.post(path, data=form | {"url": "orders"}, headers=headers)
        assert (wrong.status_code, "Choose what to tell." in wrong.text, 'value="orders"' in wrong.text) == (
            422, True, True,
        )  # fmt: skip
        told = {"url": f"http://127.0.0.1:{listener.port}/", "ordering.order_cancelled": "true"}
        made = await client.post(path, data=form | told, headers=headers)
        assert SECRET_PREFIX in made.text
        assert SECRET_PREFIX not in (await client.get(path, headers=headers)).text
    await cancelled(await order_of(session, ann.customer_id))
    (first, _), (second, _) = await jobs(session)
    await DELIVER(first)
    [endpoint] = (await client.get("/v1/me/webhooks", headers=ann.headers)).json()
    headers = ann.headers | {"Accept": "text/html", "X-Agora-Anonymous-Id": str(uuid4())}
    log = f"/account/webhooks/{endpoint['endpoint_id']}"
    page = (await client.get(log, headers=headers)).text
    assert "An order was cancelled" in page
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    own = next(each for each in (first, second) if f"deliveries/{each}" in page)
    again = await client.post(f"{log}/deliveries/{own}", data={"csrf_token": token}, headers=headers)
    assert (again.status_code, again.headers["location"]) == (303, log)
    for act in ("pause", "resume", "secret", "remove"):
        done = await client.post(log, data={"csrf_token": token, "act": act}, headers=headers)
        assert done.status_code == (200 if act == "secret" else 303)
    assert (await client.get(log, headers=headers)).status_code == 404


@pytest.mark.usefixtures("loopback")
@pytest.mark.parametrize(("role", "path"), [("operator", "/v1/operate/webhooks"), ("seller", "/v1/me/webhooks")])
async def test_an_endpoint_is_registered_once_per_key_and_its_secret_kept_in_no_stored_answer(
    client: AsyncClient, sign_up: Any, session: AsyncSession, listener: Listener, role: str, path: str
) -> None:
    person = await sign_up(role)
    body = {"url": f"http://127.0.0.1:{listener.port}/", "event_types": ["ordering.order_placed"]}
    assert (await client.post(path, json=body, headers=person.headers)).status_code == 400
    first, again = [await register(client, path, body, person.headers, "k") for _ in range(2)]
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert len((await client.get(path, headers=person.headers)).json()) == 1
    secret = first.json()["secret"]
    kept = text("SELECT secret FROM ordering.webhook_endpoints")
    assert (await session.execute(kept)).scalars().all() == [secret]
    stored = (await session.execute(text("SELECT convert_from(body, 'utf8') FROM core.idempotency_keys"))).scalars()
    assert not [document for document in stored if secret in document]
    assert (await register(client, path, body, person.headers)).json()["secret"] != secret
