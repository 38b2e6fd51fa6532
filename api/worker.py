"""The worker: hands the events of one domain to the handlers of the others, each event once per handler.

A batch of one type and one handler is one transaction with its inbox rows; offsets are committed to Kafka afterwards,
so a crash delivers again and the inbox drops what was done. A message that no handler can take goes to
`core.dead_letters` and the worker goes on; while Postgres is away it waits. Beside that it calls the domains' sweeps
and does what was queued.
"""

import asyncio
import contextlib
import signal
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from uuid import UUID

import orjson
import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.exc import InterfaceError, OperationalError

from api.core import inbox, mail, storage, uploads
from api.core.client import close_client
from api.core.db import get_database, set_database, transaction
from api.core.inbox import Handler, ReceivedEvent
from api.core.jobs import Task, run_queued
from api.core.kafka import ensure_topics
from api.core.metrics import HANDLED
from api.core.observability import configure_logging
from api.core.settings import Settings, get_settings
from ingestion.contracts import EVENT_TYPES

log = structlog.get_logger(__name__)
DOMAINS_FOLDER = Path(__file__).parent / "domains"
GROUP = "agora-worker"
BATCH = 500
SWEEP_SECONDS = 15
AWAY = (OperationalError, InterfaceError)
_DEAD_LETTER = text(
    "INSERT INTO core.dead_letters (handler, kafka_topic, kafka_partition, kafka_offset, key, value, reason)"
    " VALUES (:handler, :kafka_topic, :kafka_partition, :kafka_offset, :key, :value, :reason) ON CONFLICT DO NOTHING"
)

Received = tuple[ConsumerRecord, ReceivedEvent]
Sweep = Callable[[], Awaitable[int]]


def find_handlers(domains: Sequence[str]) -> dict[str, list[tuple[str, Handler]]]:
    """Handlers by event type, each with its stable name `domain.function`."""
    found: dict[str, list[tuple[str, Handler]]] = defaultdict(list)
    for domain in domains:
        if not (DOMAINS_FOLDER / domain / "handlers.py").is_file():
            continue
        handlers: dict[str, Handler] = import_module(f"api.domains.{domain}.handlers").HANDLERS
        for event_type, handler in handlers.items():
            found[event_type].append((f"{domain}.{handler.__name__}", handler))
    return dict(found)


def find_sweeps(domains: Sequence[str]) -> list[Sweep]:
    """What the domains want to have done every few seconds: `SWEEPS` of their handlers."""
    return [sweep for module in _handler_modules(domains) for sweep in getattr(module, "SWEEPS", ())]


def find_tasks(domains: Sequence[str]) -> dict[str, Task]:
    """What can be queued, by name: mail, pictures, and `TASKS` of the domains' handlers."""
    tasks = mail.TASKS | uploads.TASKS
    for module in _handler_modules(domains):
        tasks |= getattr(module, "TASKS", {})
    return tasks


def find_periodic(domains: Sequence[str]) -> dict[str, str]:
    """What is queued by the clock: task name → cron expression, `PERIODIC` of the domains' handlers."""
    found: dict[str, str] = {}
    for module in _handler_modules(domains):
        found |= getattr(module, "PERIODIC", {})
    return found


def _handler_modules(domains: Sequence[str]) -> list[ModuleType]:
    there = [domain for domain in domains if (DOMAINS_FOLDER / domain / "handlers.py").is_file()]
    return [import_module(f"api.domains.{domain}.handlers") for domain in there]


class Worker:
    """Consumes the topics for which there are handlers, until `stop` is called."""

    def __init__(self, settings: Settings, handlers: dict[str, list[tuple[str, Handler]]]) -> None:
        self._settings = settings
        self._handlers = handlers
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Finish the batch at hand and end."""
        self._stopping.set()

    async def run(self) -> None:
        """Consume until stopped. Raises KafkaError when the broker is away at the start."""
        await ensure_topics(self._settings)
        topics = {self._settings.kafka_topic_prefix + kind.partition(".")[0] for kind in self._handlers}
        consumer = AIOKafkaConsumer(
            *sorted(topics),
            bootstrap_servers=self._settings.kafka_bootstrap,
            group_id=GROUP,
            client_id=GROUP,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        await consumer.start()
        try:
            while not self._stopping.is_set():
                batches = await consumer.getmany(timeout_ms=200, max_records=BATCH)
                for partition, records in batches.items():
                    await self.handle(records)
                    await self._commit(consumer, partition, records[-1].offset + 1)
        finally:
            await consumer.stop()

    async def sweep(self, sweeps: Sequence[Sweep]) -> None:
        """Call every sweep again and again until stopped; one that fails has its next try in the next round."""
        while not self._stopping.is_set():
            for sweep in sweeps:
                name = getattr(sweep, "__name__", repr(sweep))
                try:
                    if settled := await sweep():
                        log.info("swept", sweep=name, settled=settled)
                except Exception as error:
                    log.exception("sweep_failed", sweep=name, error=type(error).__name__)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), SWEEP_SECONDS)

    async def work_off(self, settings: Settings, tasks: Mapping[str, Task], periodic: Mapping[str, str]) -> None:
        """Do queued jobs until stopped; while Postgres is away, try again."""
        stopping = asyncio.create_task(self._stopping.wait())
        while not self._stopping.is_set():
            queue = asyncio.create_task(run_queued(settings, tasks, periodic))
            await asyncio.wait({queue, stopping}, return_when=asyncio.FIRST_COMPLETED)
            queue.cancel()
            try:
                await queue
            except asyncio.CancelledError:
                continue
            except Exception as error:
                log.exception("queue_failed", error=type(error).__name__)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(asyncio.shield(stopping), 2)

    async def _commit(self, consumer: AIOKafkaConsumer, partition: TopicPartition, offset: int) -> None:
        try:
            await consumer.commit({partition: offset})
        except KafkaError as error:  # delivered again to whoever has the partition now; the inbox knows them
            log.warning("offset_not_committed", error=type(error).__name__, topic=partition.topic)

    async def handle(self, records: Iterable[ConsumerRecord]) -> None:
        """Hand one partition's records to every handler of their types, in order within a type."""
        by_type: dict[str, list[Received]] = defaultdict(list)
        for record in records:
            try:
                event = self._decode(record)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                await self._bury("decode", record, error)
                continue
            if event is not None:
                by_type[event.data.type].append((record, event))
        for event_type, received in by_type.items():
            for name, handler in self._handlers[event_type]:
                await self._handle_batch(name, handler, received)

    def _decode(self, record: ConsumerRecord) -> ReceivedEvent | None:
        """The event, or None for a type that nobody here waits for. Raises ValueError and its like."""
        envelope = orjson.loads(record.value or b"")
        event_type = envelope["type"]
        if event_type not in self._handlers:
            return None
        contract = EVENT_TYPES[event_type]
        unknown = contract.unknown_fields(envelope.get("dataschema"))
        data = contract.model_validate(envelope["data"], extra=unknown)
        return ReceivedEvent.from_wire(envelope["id"], envelope["time"], data)

    async def _handle_batch(self, name: str, handler: Handler, received: Sequence[Received]) -> None:
        try:
            await self._until_postgres(name, handler, [event for _, event in received])
        except Exception as error:
            if len(received) == 1:
                await self._bury(name, received[0][0], error)
                return
            log.warning("batch_refused", handler=name, error=type(error).__name__, events=len(received))
            for one in received:  # find the one that cannot be handled; the others are handled alone
                await self._handle_batch(name, handler, [one])

    async def _until_postgres(self, name: str, handler: Handler, events: list[ReceivedEvent]) -> None:
        """One transaction: inbox rows and the handler's work. While Postgres is away, again."""
        pause = 0.2
        while True:
            try:
                async with transaction() as session:
                    new = await inbox.unseen(session, name, {event.event_id for event in events})
                    if fresh := _first_of_each(events, new):
                        await handler(session, fresh)
            except AWAY as error:
                if self._stopping.is_set():
                    raise asyncio.CancelledError from error
                log.warning("database_unavailable", handler=name, error=type(error).__name__)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), pause)
                pause = min(pause * 2, 5)
                continue
            HANDLED.labels(name, "handled").inc(len(fresh))
            HANDLED.labels(name, "repeated").inc(len(events) - len(fresh))
            return

    async def _bury(self, name: str, record: ConsumerRecord, error: Exception) -> None:
        reason = f"{type(error).__name__}: {_without_values(error)}"
        log.error("dead_letter", handler=name, topic=record.topic, partition=record.partition, offset=record.offset)
        async with transaction() as session:
            await session.execute(
                _DEAD_LETTER,
                {
                    "handler": name,
                    "kafka_topic": record.topic,
                    "kafka_partition": record.partition,
                    "kafka_offset": record.offset,
                    "key": record.key,
                    "value": record.value,
                    "reason": reason[:2000],
                },
            )
        HANDLED.labels(name, "dead").inc()


def _first_of_each(events: Sequence[ReceivedEvent], new: set[UUID]) -> list[ReceivedEvent]:
    """The unseen events in order, each once even if a batch holds it twice."""
    first = {event.event_id: event for event in reversed(events)}
    return [event for event in events if event.event_id in new and first[event.event_id] is event]


def _without_values(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
    return str(error)


async def main() -> None:
    """Run the worker of the configured domains until SIGTERM or SIGINT."""
    configure_logging()
    settings = get_settings()
    worker = Worker(settings, find_handlers(settings.api_domains))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.stop)
    sweeping = asyncio.create_task(worker.sweep([*uploads.SWEEPS, *find_sweeps(settings.api_domains)]))
    domains = settings.api_domains
    queued = asyncio.create_task(worker.work_off(settings, find_tasks(domains), find_periodic(domains)))
    try:
        await worker.run()
    finally:
        worker.stop()
        await asyncio.gather(sweeping, queued)
        await close_client()
        storage.close()
        await get_database().close()
        set_database(None)


if __name__ == "__main__":
    asyncio.run(main())
