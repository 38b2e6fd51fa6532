"""A repeated POST: the same answer again, and the work once."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from api.core.db import Database, transaction
from api.core.errors import AppError, Conflict
from api.core.idempotency import Answer, KeyInFlight, KeyReused, canonical, purge_old_keys, run_once

pytestmark = pytest.mark.usefixtures("committed")


class Work:
    """An operation that counts its runs."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.ids: list[UUID] = []

    async def __call__(self, operation_id: UUID) -> tuple[int, dict[str, Any]]:
        self.ids.append(operation_id)
        await asyncio.sleep(0.01)
        if self.error is not None:
            raise self.error
        return 201, {"run": len(self.ids)}


async def post(work: Work, key: str = "k", fingerprint: bytes = b"body", principal: str = "anne") -> Answer:
    return await run_once(principal, "POST /v1/checkout", key, fingerprint, work)


async def test_the_second_request_gets_the_first_answer() -> None:
    work = Work()
    first, second = await post(work), await post(work)
    assert (first.status, first.body, first.is_replay) == (201, b'{"run":1}', False)
    assert (second.status, second.body, second.is_replay) == (201, b'{"run":1}', True)
    assert len(work.ids) == 1


async def test_keys_belong_to_a_person() -> None:
    work = Work()
    await post(work)
    await post(work, principal="ben")
    assert len(work.ids) == 2


async def test_another_body_under_the_key_is_refused() -> None:
    work = Work()
    await post(work)
    with pytest.raises(KeyReused):
        await post(work, fingerprint=b"other")


async def test_a_refusal_is_an_answer_too() -> None:
    work = Work(Conflict("No stock."))
    first, second = await post(work), await post(work)
    assert (first.status, first.body) == (second.status, second.body)
    assert (first.status, len(work.ids)) == (409, 1)


@pytest.mark.parametrize("error", [AppError(), RuntimeError()])
async def test_after_a_crash_the_key_works_again_with_the_same_operation_id(error: Exception) -> None:
    work = Work(error)
    with pytest.raises(type(error)):
        await post(work)
    work.error = None
    assert (await post(work)).status == 201
    assert work.ids[0] == work.ids[1]


async def test_many_at_once_do_the_work_once(committed: Database) -> None:
    work = Work()
    answers = await asyncio.gather(*(post(work) for _ in range(8)), return_exceptions=True)
    assert len(work.ids) == 1
    assert all(isinstance(answer, Answer | KeyInFlight) for answer in answers)
    assert any(isinstance(answer, KeyInFlight) for answer in answers)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        (b'{"a": 1, "b": [1, 2]}', b'{"b":[1,2],"a":1}', True),
        (b'{"a": {"c": 1, "b": 2}}', b'{"a": {"b": 2, "c": 1}}', True),
        (b'{"a": 1}', b'{"a": 2}', False),
        (b'{"a": [1, 2]}', b'{"a": [2, 1]}', False),
        (b"", b"{}", False),
        (b"no json", b"no  json", False),
    ],
)
def test_the_body_counts_by_its_meaning(one: bytes, other: bytes, is_same: bool) -> None:
    assert (canonical(one) == canonical(other)) is is_same


async def test_keys_are_kept_for_thirty_days() -> None:
    work = Work()
    for age, key in ((29, "young"), (31, "old")):
        await post(work, key=key)
        async with transaction() as session:
            moved = "UPDATE core.idempotency_keys SET created_at = now() - make_interval(days => :age) WHERE key = :key"
            await session.execute(text(moved), {"age": age, "key": key})
    assert await purge_old_keys() == 1
    assert await purge_old_keys() == 0
    assert (await post(work, key="young")).is_replay
    assert not (await post(work, key="old")).is_replay
