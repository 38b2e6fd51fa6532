"""Background work: queued in the transaction that wants it, done by the worker at least once.

A task is a coroutine function of JSON values, declared in `TASKS` of its domain's `handlers.py` under the name
`domain.verb_noun`. It runs outside any transaction and may run again after a crash, so it has to be repeatable.
`PERIODIC` beside it names those that the clock queues. The queue lives in Postgres (Procrastinate); this module is the
port behind which a broker can take its place.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

import orjson
import procrastinate
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.settings import Settings
from api.core.trace import begin_trace, current_trace_id

Task = Callable[..., Awaitable[None]]

QUEUE = "agora"
ATTEMPTS = 8  # the waits double from 2 s: the last try is some 8 minutes after the first
_ENQUEUE = text(
    "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW(:queue, :task, 0, CAST(:lock AS text), NULL, CAST(:args AS jsonb),"
    " CAST(:run_at AS timestamptz))::procrastinate_job_to_defer_v1])"
)


async def enqueue(
    session: AsyncSession, task: str, *, run_at: datetime | None = None, lock: str | None = None, **args: Any
) -> None:
    """Have `task` done with `args` once the session's transaction stands, not before `run_at`.

    Jobs with the same `lock` run one after the other, in the order in which they were queued.
    """
    values = {"trace_id": current_trace_id(), "args": args}
    await session.execute(
        _ENQUEUE,
        {"queue": QUEUE, "task": task, "lock": lock, "args": orjson.dumps(values).decode(), "run_at": run_at},
    )


def build_queue(
    settings: Settings, tasks: Mapping[str, Task], periodic: Mapping[str, str] | None = None
) -> procrastinate.App:
    """The worker's side: an app that knows `tasks`; a failed job is tried again, then kept as failed.

    `periodic` names tasks without arguments that are queued by the clock: name → cron expression, in UTC. However
    many workers there are, each tick is queued once.
    """
    connector = procrastinate.PsycopgConnector(conninfo=settings.postgres_url, min_size=1, max_size=6)
    app = procrastinate.App(connector=connector)
    retry = procrastinate.RetryStrategy(max_attempts=ATTEMPTS, exponential_wait=2)
    for name, task in tasks.items():
        made = app.task(name=name, queue=QUEUE, retry=retry)(_traced(task))
        if cron := (periodic or {}).get(name):
            app.periodic(cron=cron)(made)
    return app


def _traced(task: Task) -> Callable[..., Awaitable[None]]:
    async def run(trace_id: str | None = None, args: dict[str, Any] | None = None, **_by_the_clock: int) -> None:
        begin_trace(trace_id=trace_id)
        await task(**(args or {}))

    return run


async def run_queued(
    settings: Settings, tasks: Mapping[str, Task], periodic: Mapping[str, str] | None = None, *, wait: bool = True
) -> None:
    """Do what is queued, four jobs at a time, until cancelled; with `wait=False` until nothing is due.

    What was done is deleted: a mail with a one-time code is not kept.
    """
    app = build_queue(settings, tasks, periodic)
    async with app.open_async():
        await app.run_worker_async(
            queues=[QUEUE],
            concurrency=4,
            wait=wait,
            delete_jobs="successful",
            install_signal_handlers=False,
            shutdown_graceful_timeout=5,
        )
