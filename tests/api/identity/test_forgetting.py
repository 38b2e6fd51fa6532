"""Dead sessions, their tokens, codes and challenges go, by the clock; what lives or died lately stays."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Database
from api.core.jobs import run_queued
from api.core.settings import get_settings
from api.domains.identity.handlers import PERIODIC, TASKS
from api.domains.identity.service import forgetting
from api.worker import find_periodic, find_tasks
from tests.api.conftest import SignUp

SESSION = text(
    "INSERT INTO identity.sessions (session_id, customer_id, token_hash, expires_at, revoked_at)"
    " VALUES (:id, :customer_id, :hash, now() + CAST(:ends AS interval), now() + CAST(:revoked AS interval))"
)
TOKEN = text("INSERT INTO identity.refresh_tokens (token_hash, session_id) VALUES (:hash, :id)")
CODE = text(
    "INSERT INTO identity.codes (customer_id, purpose, email, code_mac, expires_at)"
    " VALUES (:customer_id, :purpose, 'a@example.org', '', now() + CAST(:ends AS interval))"
)
CHALLENGE = text(
    "INSERT INTO identity.challenges (challenge_hash, customer_id, expires_at)"
    " VALUES (:hash, :customer_id, now() + CAST(:ends AS interval))"
)


async def add_session(session: AsyncSession, customer_id: object, ends: str, revoked: str | None = None) -> None:
    secret = uuid4().bytes
    values = {"id": uuid4(), "customer_id": customer_id, "hash": secret, "ends": ends, "revoked": revoked}
    await session.execute(SESSION, values)
    await session.execute(TOKEN, values)


async def counts(session: AsyncSession) -> list[int]:
    tables = ("sessions", "refresh_tokens", "codes", "challenges")
    return [(await session.execute(text(f"SELECT count(*) FROM identity.{name}"))).scalar_one() for name in tables]  # noqa: S608


async def test_only_what_is_long_dead_is_forgotten(
    session: AsyncSession, sign_up: SignUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer_id = (await sign_up()).customer_id
    before = await counts(session)
    for ends in ("-8 days", "-8 days", "-8 days", "-6 days", "30 days"):
        await add_session(session, customer_id, ends)
    await add_session(session, customer_id, "20 days", "-9 days")  # revoked: its tokens are still known as used
    for purpose, ends in (("recover", "-2 days"), ("verify-email", "-1 hour"), ("change-email", "10 minutes")):
        await session.execute(CODE, {"customer_id": customer_id, "purpose": purpose, "ends": ends})
    for ends in ("-2 days", "5 minutes"):
        await session.execute(CHALLENGE, {"hash": uuid4().bytes, "customer_id": customer_id, "ends": ends})
    await session.commit()
    monkeypatch.setattr(forgetting, "BATCH", 2)
    await forgetting.forget_dead()
    after = await counts(session)
    assert [new - old for old, new in zip(before, after, strict=True)] == [3, 3, 2, 1]


async def test_the_clock_queues_it_and_the_worker_does_it(committed: Database, sign_up: SignUp) -> None:
    customer_id = (await sign_up()).customer_id
    async with committed.transaction() as session:
        await add_session(session, customer_id, "-8 days")
    assert PERIODIC.keys() <= TASKS.keys()
    domains = get_settings().api_domains
    assert PERIODIC.items() <= find_periodic(domains).items()
    every_second = dict.fromkeys(PERIODIC, "* * * * * *")
    worker = asyncio.create_task(run_queued(get_settings(), find_tasks(domains), every_second))
    try:
        async with asyncio.timeout(20):
            while True:
                async with committed.transaction() as session:
                    found = text("SELECT count(*) FROM identity.sessions WHERE expires_at < now()")
                    if not (await session.execute(found)).scalar_one():
                        break
                await asyncio.sleep(0.1)
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
