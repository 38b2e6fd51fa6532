"""The worker calls ordering's sweep, and one that fails does not end it."""

import asyncio

from api.core.settings import get_settings
from api.domains.ordering.service.sweep import sweep_unfinished, sweep_unpaid
from api.worker import Worker, find_sweeps


def test_the_worker_knows_the_sweep() -> None:
    assert find_sweeps(("ordering",)) == [sweep_unfinished, sweep_unpaid]


async def test_a_sweep_that_fails_does_not_stop_the_others(migrated_env: dict[str, str]) -> None:
    worker = Worker(get_settings(), {})
    called = []

    async def broken() -> int:
        called.append("broken")
        raise RuntimeError

    async def last() -> int:
        called.append("last")
        worker.stop()
        return 1

    async with asyncio.timeout(5):
        await worker.sweep([broken, last])
    assert called == ["broken", "last"]
