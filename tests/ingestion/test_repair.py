"""Failed events are kept whole, put right by hand, and sent again exactly once."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from threading import Barrier
from typing import Any
from uuid import UUID

import orjson
import psycopg
import pyarrow as pa
import pytest

from ingestion import repair
from ingestion.contracts.analytics import ProductViewed
from ingestion.lake.failed import LANDING, TYPING, FailedEvent, failed_events, failed_id
from ingestion.lake.schemas import FAILED_EVENTS
from ingestion.lake.tables import FAILED_TABLE, create_raw_tables
from ingestion.proof import Prover
from ingestion.repair import AlreadyReplayed, NotReplayable
from pipelines.lib.refresh import refresh_typed_and_warehouse
from tests.ingestion.plane import DEADLINE, Plane, migrated_template, new_plane, product_viewed, wait_for

HEADERS = [("batch", b"\xff")]


@pytest.fixture(scope="module")
def newest_template(stack_env: dict[str, str]) -> Iterator[str]:
    """The name of a database of the newest revision to copy."""
    name = migrated_template(stack_env["AGORA_POSTGRES_OWNER_URL"], "head")
    yield name
    with psycopg.connect(stack_env["AGORA_POSTGRES_OWNER_URL"], autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)")


@pytest.fixture
def mended_plane(stack_env: dict[str, str], newest_template: str) -> Iterator[Plane]:
    """A data plane whose database knows of repairs."""
    with new_plane(stack_env, newest_template) as plane:
        yield plane


@pytest.fixture
def notes(mended_plane: Plane) -> Iterator[psycopg.Connection]:
    """The operational database as the data plane's own role."""
    with psycopg.connect(mended_plane.settings.postgres_ingestion_url, autocommit=True) as connection:
        yield connection


def failed(plane: Plane, **filters: Any) -> list[FailedEvent]:
    with closing(plane.catalog()) as catalog:
        return failed_events(catalog, plane.settings, **filters)


def broken(change: Callable[[dict[str, Any]], None]) -> tuple[UUID, bytes]:
    """An event after something went wrong with it."""
    event_id, _, envelope = product_viewed(7)
    document = orjson.loads(envelope)
    change(document)
    return event_id, orjson.dumps(document)


def without_product(document: dict[str, Any]) -> None:
    document["data"]["product_id"] = "seven"


def without_time(document: dict[str, Any]) -> None:
    document["time"] = "yesterday"


def land_failed(plane: Plane, *values: bytes) -> list[FailedEvent]:
    """Send records that are not in order, and build until they are among the failed."""
    plane.produce(values, key=b"key", headers=HEADERS)
    with plane.lander():
        wait_for(lambda: len(plane.rows()) + len(failed(plane)) >= len(values), "everything has landed")
    refresh_typed_and_warehouse(plane.pipelines())
    return failed(plane)


def send_on(plane: Plane, rows: int) -> None:
    with plane.relay(), plane.lander():
        wait_for(lambda: len(plane.landed()) >= rows, "the repaired events have landed")
    refresh_typed_and_warehouse(plane.pipelines())


def test_a_failed_event_is_whole_says_where_it_failed_and_is_found_again(mended_plane: Plane) -> None:
    (_, early), (event_id, late) = broken(without_time), broken(without_product)
    at_landing, at_typing = land_failed(mended_plane, early, late)
    assert (at_landing.stage, at_typing.stage) == (LANDING, TYPING)
    assert (at_landing.value, at_landing.key, at_landing.headers) == (early, b"key", '[["batch","/w=="]]')
    assert at_landing.event_type == ProductViewed.type
    assert at_typing.value == late
    assert (at_typing.event_id, at_typing.dataschema) == (str(event_id), ProductViewed.schema_urn())
    assert at_landing.reason.startswith("time: ")
    assert at_typing.reason.startswith("data.product_id: ")
    assert failed(mended_plane, topic=mended_plane.topic("ordering")) == []
    assert failed(mended_plane, topic=mended_plane.topic(), since=at_typing.failed_at) == [at_typing]
    refresh_typed_and_warehouse(mended_plane.pipelines(), rebuild=True)
    assert [each.failed_id for each in failed(mended_plane)] == [at_landing.failed_id, at_typing.failed_id]


def test_what_was_repaired_is_sent_once_and_the_proof_holds(mended_plane: Plane, notes: psycopg.Connection) -> None:
    (early_id, early), (late_id, late) = broken(without_time), broken(without_product)
    at_landing, at_typing = land_failed(mended_plane, early, late)
    for event in (at_landing, at_typing):
        with pytest.raises(NotReplayable):
            repair.replay(notes, event, "analytics", "anne")
    document = orjson.loads(early) | {"time": "2026-03-01T12:00:00Z"}
    repair.repair(notes, at_landing, "analytics", orjson.dumps(document), "anne", "the clock was unset")
    document = orjson.loads(late)
    document["data"]["product_id"] = 7
    repair.repair(notes, at_typing, "analytics", orjson.dumps(document), "anne")
    for event in (at_landing, at_typing):
        repair.replay(notes, event, "analytics", "bob")
    send_on(mended_plane, 3)
    typed = mended_plane.rows("typed.analytics_product_viewed")
    assert {row["event_id"]: row["product_id"] for row in typed} == {str(early_id): 7, str(late_id): 7}
    assert Prover(mended_plane.settings).prove().difference == 0
    told = repair.acts(notes, [at_landing.failed_id])[at_landing.failed_id]
    assert [(act.act, act.actor) for act in told] == [("repaired", "anne"), ("replayed", "bob")]
    for again in (repair.replay, lambda *given: repair.dismiss(*given[:2], "anne", "no")):
        with pytest.raises(AlreadyReplayed):
            again(notes, at_landing, "analytics", "anne")


def test_many_at_once_send_an_event_once(mended_plane: Plane, notes: psycopg.Connection) -> None:
    event_id, _, envelope = product_viewed(3)
    event = FailedEvent(
        UUID(failed_id("t", 0, 1, envelope)), TYPING, mended_plane.topic(), 0, 1, None, None, envelope, None,
        "was refused by an older reader", datetime.now(UTC), str(event_id), ProductViewed.type, None,
    )  # fmt: skip
    barrier = Barrier(8)

    def send(_: int) -> bool:
        with psycopg.connect(mended_plane.settings.postgres_ingestion_url, autocommit=True) as own:
            barrier.wait(DEADLINE)
            try:
                repair.replay(own, event, "analytics", "anne")
            except AlreadyReplayed:
                return False
            return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(send, range(8))) == 1
    sent = notes.execute("select event_id, topic, type, envelope from core.outbox").fetchall()
    assert sent == [(event_id, "analytics", ProductViewed.type, envelope)]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "value: missing"),
        (b"\xff", "value: not JSON"),
        (broken(without_product)[1], "data.product_id: Input should be a valid integer"),
        (broken(lambda document: document["data"].update(surprise=1))[1], "data.surprise: Extra inputs"),
        (broken(lambda document: document.update(type="ordering.order_placed"))[1], "does not belong to this topic"),
    ],
    ids=["nothing", "bytes", "field", "surprise", "topic"],
)
def test_what_still_fits_nothing_is_neither_kept_nor_sent(value: bytes | None, reason: str) -> None:
    with pytest.raises(NotReplayable, match=reason):
        repair.check(value, "analytics")


def test_an_event_of_a_newer_version_is_sent_with_all_that_it_has() -> None:
    def newer(document: dict[str, Any]) -> None:
        document["dataschema"] = f"urn:agora:{ProductViewed.type}:{ProductViewed.version + 1}"
        document["data"]["device"] = "a phone"

    _, value = broken(newer)
    assert repair.check(value, "analytics").envelope == value


def test_a_table_from_before_is_widened_and_its_rows_are_known(mended_plane: Plane) -> None:
    old = [
        field
        for field in FAILED_EVENTS
        if field.name not in {"failed_id", "stage", "event_id", "event_type", "dataschema", "kafka_topic_id"}
    ]
    row = {
        "kafka_topic": "t", "kafka_partition": 0, "kafka_offset": 5, "value": b"{", "reason": "value: not JSON",
        "failed_at": datetime(2026, 3, 1, tzinfo=UTC), "lander_version": "0.1.0",
    }  # fmt: skip
    with closing(mended_plane.catalog()) as catalog:
        name = mended_plane.settings.table(FAILED_TABLE)
        catalog.create_namespace_if_not_exists(name.split(".")[0])
        catalog.create_table(name, schema=pa.schema(old)).append(pa.Table.from_pylist([row], schema=pa.schema(old)))
        create_raw_tables(catalog, mended_plane.settings)
        assert catalog.load_table(name).schema().column_names == FAILED_EVENTS.names
    [event] = failed(mended_plane)
    assert (str(event.failed_id), event.stage, event.event_type) == (failed_id("t", 0, 5, b"{"), LANDING, None)


def test_the_role_may_add_notes_and_events_but_not_rewrite_them(mended_plane: Plane, notes: psycopg.Connection) -> None:
    for statement in (
        "update core.failed_event_acts set actor = 'nobody'",
        "delete from core.failed_event_acts",
        "update core.outbox set key = ''",
        "delete from core.outbox",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            notes.execute(statement)
    note = "insert into core.failed_event_acts (failed_id, act, actor) values (gen_random_uuid(), 'dismissed', 'x')"
    with (
        psycopg.connect(mended_plane.env["AGORA_POSTGRES_URL"], autocommit=True) as api,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        api.execute(note)
