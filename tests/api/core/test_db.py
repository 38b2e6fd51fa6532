"""Transactions, COPY and the outbox on a real Postgres."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession

from api.core import inbox, outbox
from api.core.db import Database, copy_rows, reading, transaction
from api.core.trace import begin_trace
from ingestion.contracts import new_event_id
from ingestion.contracts.identity import CustomerRegistered, SignedIn

PAST = datetime(2025, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


async def count(table: str) -> int:
    async with reading() as connection:
        return int((await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one())  # noqa: S608


async def test_a_transaction_commits_at_its_end_or_not_at_all(committed: Database) -> None:
    event = SignedIn(customer_id=UUID(int=1))
    async with transaction() as session:
        await outbox.publish(session, event)
        assert await count("core.outbox") == 0
    assert await count("core.outbox") == 1
    with pytest.raises(RuntimeError):  # noqa: PT012 -- the block is the transaction
        async with transaction() as session:
            await outbox.publish(session, event)
            raise RuntimeError
    assert await count("core.outbox") == 1


async def test_copy_takes_every_type_that_our_tables_have(session: AsyncSession) -> None:
    ids = [UUID(int=1), UUID(int=2)]
    rows = [(UUID(int=number), "analytics", "analytics.page_viewed", ids, PAST) for number in range(1000)]
    columns = ("batch_id", "topic", "type", "event_ids", "accepted_at")
    assert await copy_rows(session, "core.capture_receipts", columns, rows) == 1000
    found = (await session.execute(text("SELECT * FROM core.capture_receipts ORDER BY batch_id LIMIT 1"))).one()
    assert tuple(found) == rows[0]


async def test_an_event_in_the_outbox_is_a_whole_cloudevent(session: AsyncSession) -> None:
    trace_id = begin_trace("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    await outbox.publish(session, SignedIn(customer_id=UUID(int=7)))
    row = (await session.execute(text("SELECT * FROM core.outbox"))).one()
    envelope = orjson.loads(row.envelope)
    assert trace_id == "0af7651916cd43dd8448eb211c80319c"
    assert envelope["traceid"] == trace_id
    assert (envelope["id"], envelope["type"], envelope["subject"]) == (str(row.event_id), row.type, row.key)
    assert (row.topic, row.shard) == ("identity", 0)
    assert datetime.fromisoformat(envelope["time"]) == row.occurred_at
    assert abs(datetime.now(UTC) - row.occurred_at) < timedelta(seconds=5)


async def test_bulk_events_keep_their_order_and_their_time(session: AsyncSession) -> None:
    data = {"customer_id": str(UUID(int=1)), "source": "x", "age_band": None}
    rows = [(CustomerRegistered, str(number), data, PAST) for number in range(500)]
    assert await outbox.publish_many(session, rows) == 500
    found = (await session.execute(text("SELECT key, occurred_at FROM core.outbox ORDER BY txid, id"))).all()
    assert [row.key for row in found] == [str(number) for number in range(500)]
    assert {row.occurred_at for row in found} == {PAST}


async def test_the_api_may_add_to_the_outbox_but_not_rewrite_it(session: AsyncSession) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        await session.execute(text("UPDATE core.outbox SET key = 'other'"))


async def test_an_event_is_new_to_a_handler_once(session: AsyncSession) -> None:
    ids = {new_event_id(), new_event_id()}
    assert await inbox.unseen(session, "a", ids) == ids
    assert await inbox.unseen(session, "a", ids) == set()
    assert await inbox.unseen(session, "b", ids) == ids


async def test_two_deliveries_at_once_are_handled_once(committed: Database) -> None:
    event_id = new_event_id()

    async def deliver() -> bool:
        async with transaction() as session:
            is_new = bool(await inbox.unseen(session, "a", [event_id]))
            await asyncio.sleep(0)
            return is_new

    assert sorted(await asyncio.gather(*(deliver() for _ in range(6)))) == [False] * 5 + [True]
