"""Texts that go straight to the driver answer, fail and roll back as they would by the long way."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from api.core.db import Database
from api.core.straight import StraightReader, StraightSession, alone

VALUES = {
    "a": 1,
    "b": "100 % \u00e4",
    "c": UUID(int=7),
    "d": datetime(2026, 1, 2, tzinfo=UTC),
    "e": [1, 2],
    "f": b"\x00\xff",
    "g": None,
}
EVERYTHING = text("""
    SELECT CAST(:a AS bigint) AS a, CAST(:b AS text) || ' %' AS b, CAST(:c AS uuid) AS c, CAST(:d AS timestamptz) AS d,
        CAST(:e AS bigint[]) AS e, CAST(:f AS bytea) AS f, CAST(:g AS text) AS g, '{"h": [1]}'::jsonb AS h, 1.50 AS i
""")
TABLE = "CREATE TEMPORARY TABLE straight (id integer PRIMARY KEY)"
INSERT = text("INSERT INTO straight VALUES (:id)")
COUNT = text("SELECT count(*) FROM straight")


async def test_the_same_rows_in_every_form(rolled_back: Database, pool: Database) -> None:
    async with pool.transaction() as straight, AsyncSession(pool._engine) as plain:
        assert type(straight) is StraightSession
        for form in (
            lambda found: found.one()._asdict(),
            lambda found: [dict(row) for row in found.mappings()],
            lambda found: [tuple(row) for row in found],
            lambda found: found.scalar_one(),
            lambda found: list(found.scalars()),
            lambda found: found.one_or_none().c,
            lambda found: found.all()[0].h,
        ):
            there: Any = form(await straight.execute(EVERYTHING, VALUES))
            assert there == form(await plain.execute(EVERYTHING, VALUES))
        assert (await straight.execute(text("SELECT 1 WHERE false"))).first() is None
        assert (await straight.execute(text("SELECT '5 %' WHERE 'a%b' LIKE 'a%%'"))).scalar_one() == "5 %"


async def test_how_many_rows_were_changed(pool: Database) -> None:
    async with pool.transaction() as session:
        await session.execute(text(TABLE))
        await session.execute(INSERT, [{"id": 1}])
        await session.execute(INSERT, [{"id": 2}, {"id": 3}])
        found: Any = await session.execute(text("DELETE FROM straight WHERE id > :id"), {"id": 1})
        assert found.rowcount == 2
        assert (await session.execute(select(1))).scalar_one() == 1
        await session.execute(text("DROP TABLE straight"))


async def test_errors_are_the_ones_that_are_caught_elsewhere(pool: Database) -> None:
    with pytest.raises(DataError):
        async with pool.transaction() as session:
            await session.execute(text("SELECT CAST(:a AS bigint)"), {"a": "no number"})
    with pytest.raises(IntegrityError) as refused:
        async with pool.transaction() as session:
            await session.execute(text("INSERT INTO core.dead_letters DEFAULT VALUES"))
    assert isinstance(refused.value.orig, psycopg.errors.NotNullViolation)


async def test_a_savepoint_undoes_its_own_part(pool: Database) -> None:
    async with pool.transaction() as session:
        await session.execute(text(TABLE))
        await session.execute(INSERT, {"id": 1})
        nested = session.begin_nested()
        with pytest.raises(IntegrityError):
            async with nested:
                await session.execute(text("INSERT INTO straight VALUES (:id), (1)"), {"id": 2})
        assert (await session.execute(COUNT)).scalar_one() == 1
        await session.execute(text("DROP TABLE straight"))


async def test_a_lost_connection_is_told_and_not_used_again(pool: Database) -> None:
    with pytest.raises(OperationalError) as lost:
        async with pool.transaction() as session:
            await session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    assert lost.value.connection_invalidated
    async with pool.transaction() as session:
        assert (await session.execute(text("SELECT 1"))).scalar_one() == 1


@pytest.mark.parametrize("kind", ["hot", "reading"])
async def test_a_request_reads_straight_and_fails_as_ever(pool: Database, kind: str) -> None:
    async with getattr(pool, kind)() as reader, AsyncSession(pool._engine) as plain:
        assert type(reader) is StraightReader
        for _ in range(2):
            there = (await reader.execute(EVERYTHING, VALUES)).one()._asdict()
            assert there == (await plain.execute(EVERYTHING, VALUES)).one()._asdict()
        assert (await reader.execute(select(1))).scalar_one() == 1
        assert (await reader.execute(text("SELECT '5 %'"))).scalar_one() == "5 %"
        with pytest.raises(DataError):
            await reader.execute(text("SELECT CAST(:a AS bigint)"), {"a": "no number"})
        assert (await reader.execute(text("SELECT 1"))).scalar_one() == 1
        with pytest.raises(OperationalError) as lost:
            await reader.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        assert lost.value.connection_invalidated
    async with getattr(pool, kind)() as reader:
        assert (await reader.execute(text("SELECT 1"))).scalar_one() == 1


async def test_alone_every_statement_is_a_transaction_of_its_own(pool: Database) -> None:
    now = text("SELECT now()")  # the moment at which its transaction began
    async with pool.alone() as session:
        assert (await session.execute(now)).scalar_one() < (await session.execute(now)).scalar_one()
    async with pool.transaction() as session:
        assert (await session.execute(now)).scalar_one() == (await session.execute(now)).scalar_one()


async def test_texts_and_everything_else_are_one_transaction(pool: Database) -> None:
    me = text("SELECT pg_backend_pid(), now()")
    async with pool.transaction() as session:
        first = (await session.execute(me)).one()
        assert not session.in_transaction()  # SQLAlchemy has nothing to do with it yet
        found = (await session.execute(select(func.pg_backend_pid(), func.now()))).one()
        async with session.begin_nested():
            nested = (await session.execute(me)).one()
        assert tuple(first) == tuple(found) == tuple(nested) == tuple((await session.execute(me)).one())


@pytest.mark.parametrize("is_mixed", [False, True])
async def test_what_is_not_committed_is_gone_and_the_connection_clean(pool: Database, is_mixed: bool) -> None:
    note = text("INSERT INTO core.inbox (handler, event_id) VALUES (:handler, gen_random_uuid())")
    count = text("SELECT count(*) FROM core.inbox WHERE handler = :handler")
    handler = {"handler": f"straight, mixed {is_mixed}"}
    seen: list[Any] = []

    async def work(session: AsyncSession) -> None:
        await session.execute(note, handler)
        if is_mixed:
            await session.execute(select(1))
        seen.append(session._driver)  # type: ignore[attr-defined]

    async def fail() -> None:
        async with pool.transaction() as session:
            await work(session)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert seen[0].info.transaction_status is psycopg.pq.TransactionStatus.IDLE
    async with pool.transaction() as session:
        assert (await session.execute(count, handler)).scalar_one() == 0
        await work(session)
    assert seen[1].info.transaction_status is psycopg.pq.TransactionStatus.IDLE
    async with pool.transaction() as session:
        assert (await session.execute(count, handler)).scalar_one() == 1


async def test_a_cancelled_wait_gives_its_connection_back(pool: Database) -> None:
    async def wait() -> None:
        async with pool.transaction() as session:
            await session.execute(text("SELECT 1"))
            began.set()
            await session.execute(text("SELECT pg_sleep(60)"))

    for _ in range(20):  # more often than the pool has connections
        began = asyncio.Event()
        waiting = asyncio.create_task(wait())
        await began.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    async with pool.transaction() as session:
        assert (await session.execute(text("SELECT 1"))).scalar_one() == 1


async def test_a_server_that_is_away_from_the_start_is_told_as_one_that_was_lost() -> None:
    """Else nobody knows that it is only away: requests crash, and the worker buries events that it could do later."""
    engine = create_async_engine("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    with pytest.raises(OperationalError, match="connection failed"):
        async with StraightSession(engine) as session:
            await session.execute(text("SELECT 1"))
    with pytest.raises(OperationalError, match="connection failed"):
        async with alone(engine):
            pass
    await engine.dispose()
