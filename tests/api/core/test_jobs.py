"""Background work and mail: what stands is done, what was rolled back is not, what fails is tried again."""

import mailbox
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from api.core import mail
from api.core.audit import record_act
from api.core.db import Database
from api.core.jobs import enqueue, run_queued
from api.core.settings import Settings, get_settings
from api.worker import find_tasks


@pytest.fixture
def settings(committed: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    settings = get_settings().model_copy(update={"mail_dir": tmp_path / "mail"})
    monkeypatch.setattr(mail, "get_settings", lambda: settings)
    return settings


async def states(database: Database) -> list[tuple[str, int]]:
    async with database.reading() as connection:
        rows = await connection.execute(text("SELECT status::text, attempts FROM procrastinate_jobs ORDER BY id"))
        return [(row.status, row.attempts) for row in rows]


async def test_a_mail_leaves_when_its_transaction_stands(committed: Database, settings: Settings) -> None:
    async with committed.transaction() as session:
        await mail.send_mail(session, "ada@example.org", "Your code", "It is 123456 — keep it.")
    with suppress(RuntimeError):
        async with committed.transaction() as session:
            await mail.send_mail(session, "ada@example.org", "Never", "sent")
            raise RuntimeError
    await run_queued(settings, find_tasks(settings.api_domains), wait=False)
    (message,) = mailbox.Maildir(settings.mail_dir)
    assert (message["To"], message["Subject"]) == ("ada@example.org", "Your code")
    assert "123456 —" in message.get_payload(decode=True).decode()  # type: ignore[union-attr]
    assert await states(committed) == []


async def test_a_job_that_fails_waits_for_its_next_try(committed: Database, settings: Settings) -> None:
    async def fail(number: int) -> None:
        raise RuntimeError(number)

    async with committed.transaction() as session:
        await enqueue(session, "test.fail", number=1)
    await run_queued(settings, {"test.fail": fail}, wait=False)
    assert await states(committed) == [("todo", 1)]


async def test_the_audit_log_can_only_grow(committed: Database) -> None:
    async with committed.transaction() as session:
        await record_act(session, None, "orders.refund", "order:1", amount_minor=100)
    for statement in ("UPDATE core.audit_log SET action = 'x'", "DELETE FROM core.audit_log"):
        async with committed.transaction() as session:
            with pytest.raises(ProgrammingError, match="permission denied"):
                await session.execute(text(statement))
            await session.rollback()
