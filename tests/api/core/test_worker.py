"""The worker's promises: once per handler, poison aside, waiting while Postgres is away."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest
from aiokafka import AIOKafkaProducer, ConsumerRecord
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.inbox import Handler, ReceivedEvent
from api.core.kafka import ensure_topics
from api.core.settings import get_settings
from api.worker import Worker, find_handlers
from ingestion.contracts import encode, new_event_id
from ingestion.contracts.identity import SignedIn

pytestmark = pytest.mark.usefixtures("committed")


def record(offset: int, value: bytes | None) -> Any:
    return ConsumerRecord("t.identity", 0, offset, 0, 0, b"key", value, None, 3, len(value or b""), ())


def signed_in(offset: int, customer: int = 1, event_id: UUID | None = None) -> Any:
    event = SignedIn(customer_id=UUID(int=customer))
    return record(offset, encode(event, event_id or new_event_id(), datetime.now(UTC)))


class Handling:
    """A handler that keeps what it got and fails where it is told to."""

    def __init__(self, fails: Callable[[list[ReceivedEvent]], Exception | None] = lambda _: None) -> None:
        self.batches: list[list[int]] = []
        self._fails = fails

    async def __call__(self, _: AsyncSession, events: list[ReceivedEvent]) -> None:
        if error := self._fails(events):
            raise error
        self.batches.append([event.data.customer_id.int for event in events if isinstance(event.data, SignedIn)])


def worker(*handlers: Handling) -> Worker:
    named: list[tuple[str, Handler]] = [(f"handler{number}", handler) for number, handler in enumerate(handlers)]
    return Worker(get_settings(), {SignedIn.type: named})


async def letters(pool: Any) -> list[Any]:
    async with pool.reading() as connection:
        query = text("SELECT handler, kafka_offset, value, reason FROM core.dead_letters ORDER BY dead_letter_id")
        return list((await connection.execute(query)).all())


async def test_every_handler_gets_a_batch_once_however_often_it_is_delivered() -> None:
    first, second = Handling(), Handling()
    records = [signed_in(0, 1), signed_in(1, 2)]
    subject = worker(first, second)
    await subject.handle(records)
    await subject.handle(records)
    assert first.batches == second.batches == [[1, 2]]


async def test_an_event_twice_in_one_batch_is_handled_once() -> None:
    handling, event_id = Handling(), new_event_id()
    await worker(handling).handle([signed_in(0, 1, event_id), signed_in(1, 2), signed_in(2, 1, event_id)])
    assert handling.batches == [[1, 2]]


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"{",
        b"[]",
        b'{"data": {}}',
        b'{"type": "identity.signed_in", "id": "x", "time": "now", "data": {}}',
        b'{"type": "identity.signed_in", "id": 5, "time": 7, "data": {"customer_id": "'
        + str(UUID(int=1)).encode()
        + b'"}}',
        b'{"type": ["identity.signed_in"]}',
    ],
)
async def test_what_cannot_be_read_goes_to_the_dead_letters_and_the_rest_is_handled(
    value: bytes | None, pool: Any
) -> None:
    handling = Handling()
    await worker(handling).handle([signed_in(0, 1), record(1, value), signed_in(2, 2)])
    assert handling.batches == [[1, 2]]
    (letter,) = await letters(pool)
    assert (letter.handler, letter.kafka_offset, letter.value) == ("decode", 1, value)


async def test_an_event_of_the_next_version_is_handled_and_what_it_adds_passed_over(pool: Any) -> None:
    def of_version(version: int, offset: int) -> Any:
        envelope = orjson.loads(signed_in(offset, offset).value)
        envelope["dataschema"] = f"urn:agora:{SignedIn.type}:{version}"
        envelope["data"]["device"] = "a phone"
        return record(offset, orjson.dumps(envelope))

    handling = Handling()
    next_one = SignedIn.version + 1
    await worker(handling).handle([of_version(next_one, 1), of_version(SignedIn.version, 2), of_version(next_one, 3)])
    assert handling.batches == [[1, 3]]
    assert [letter.kafka_offset for letter in await letters(pool)] == [2]


async def test_one_event_that_cannot_be_handled_does_not_hold_up_the_others(pool: Any) -> None:
    def refuses_two(events: list[ReceivedEvent]) -> Exception | None:
        is_two = any(isinstance(event.data, SignedIn) and event.data.customer_id.int == 2 for event in events)
        return ValueError("not two") if is_two else None

    handling = Handling(refuses_two)
    await worker(handling).handle([signed_in(number, number) for number in range(1, 5)])
    assert handling.batches == [[1], [3], [4]]
    (letter,) = await letters(pool)
    assert (letter.handler, letter.kafka_offset, letter.reason) == ("handler0", 2, "ValueError: not two")


async def test_while_postgres_is_away_the_worker_waits(pool: Any) -> None:
    errors = [OperationalError("SELECT", {}, Exception("away"))] * 2

    handling = Handling(lambda _: errors.pop() if errors else None)
    await worker(handling).handle([signed_in(0, 1)])
    assert handling.batches == [[1]]
    assert await letters(pool) == []


def test_handlers_are_found_by_domain_and_have_stable_names() -> None:
    assert [name for name, _ in find_handlers(["catalog"])["ordering.order_placed"]] == ["catalog.count_units_sold"]
    assert find_handlers(["identity"]) == {}


async def test_from_kafka_to_handler_and_on_from_there_after_a_restart(migrated_env: dict[str, str]) -> None:
    settings = get_settings()
    await ensure_topics(settings)
    topic = f"{settings.kafka_topic_prefix}identity"
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap)
    await producer.start()
    try:
        for run, customers in enumerate(([1, 2], [3])):
            for customer in customers:
                await producer.send_and_wait(topic, signed_in(0, customer).value, partition=0)
            handling = Handling()
            subject = worker(handling)
            running = asyncio.create_task(subject.run())
            async with asyncio.timeout(30):
                while sum(map(len, handling.batches)) < len(customers) and not running.done():  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            subject.stop()
            await running
            seen = [customer for batch in handling.batches for customer in batch]
            assert seen == customers, f"run {run}"
    finally:
        await producer.stop()
