"""The way back of a stopped topic: nothing is lost, nothing counts twice, and what is gone is named."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from ingestion.contracts import new_event_id
from ingestion.contracts.analytics import ProductViewed
from ingestion.lake.pointer import location_of, point_at
from ingestion.lake.tables import FAILED_TABLE
from ingestion.proof import Prover
from ingestion.recovery.resend import write_off
from ingestion.recovery.resume import NoWayBack, Resumed, resume
from pipelines.lib.refresh import refresh_typed_and_warehouse
from tests.ingestion.plane import Plane, migrated_template, new_plane, product_viewed, wait_for
from tests.ingestion.test_lander import RAW, _append_by_hand, _lose_records, _move_cursor, _recreate_topic, _roll_back

PATIENCE = 90.0  # a long transaction in any database of the server holds the relay up


@pytest.fixture(scope="module")
def outbox_template(stack_env: dict[str, str]) -> Iterator[str]:
    """The newest schema: with the note of what is gone."""
    name = migrated_template(stack_env["AGORA_POSTGRES_OWNER_URL"], "head")
    yield name
    with psycopg.connect(stack_env["AGORA_POSTGRES_OWNER_URL"], autocommit=True) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def plane(stack_env: dict[str, str], outbox_template: str) -> Iterator[Plane]:
    with new_plane(stack_env, outbox_template) as plane:
        yield plane


def relayed(plane: Plane, count: int) -> list[UUID]:
    """Events that were accepted and are in Kafka, and not yet in the lake."""
    ids = plane.accept(count)
    with plane.relay():
        query = "select not exists (select from core.outbox, core.relay_cursor where (txid, id) > (txid, last_id))"
        query = query.replace("(txid, id) > (txid", "(outbox.txid, outbox.id) > (relay_cursor.txid")
        wait_for(lambda: plane.outbox_sql(query) == [(True,)], "everything is relayed", PATIENCE)
    return ids


def captured(plane: Plane) -> UUID:
    """An event that went to Kafka alone, with a receipt."""
    event_id, _, envelope = product_viewed()
    plane.produce([envelope])
    plane.outbox_sql(
        "insert into core.capture_receipts values (%s, 'analytics', %s, %s, now())",
        new_event_id(),
        ProductViewed.type,
        [event_id],
    )
    return event_id


def difference(plane: Plane) -> int:
    refresh_typed_and_warehouse(plane.pipelines())
    return Prover(plane.settings).prove().difference


def lands_on(plane: Plane, ids: list[UUID]) -> None:
    with plane.lander():
        wait_for(lambda: set(plane.landed()) >= set(ids), "everything has landed", PATIENCE)


def test_a_topic_that_was_made_again(plane: Plane) -> None:
    first = relayed(plane, 20)
    plane.produce([b"{"])
    plane.land(20)
    wait_for(lambda: plane.rows(FAILED_TABLE), "the record that is none")
    lost = relayed(plane, 7)
    gone = captured(plane)
    _recreate_topic(plane)
    plane.produce([b"{"])
    with plane.lander():
        stopped = wait_for(lambda: plane.lake_sql("select reason from ingest_stopped"), "it is noticed")
        assert "landed from topic" in stopped[0][0]
        dry = resume(plane.settings, "analytics", dry_run=True)
        assert (dry.sent.events, [each.event_id for each in dry.lost]) == (7, [gone])
        done = resume(plane.settings, "analytics")
        after = relayed(plane, 5)
        everything = [*first, *lost, *after]
        wait_for(lambda: set(plane.landed()) >= set(everything), "the running lander goes on", PATIENCE)
    assert "is closed at" in done.steps[0]
    assert plane.lake_sql("select count(*) from ingest_stopped") == [(0,)]
    assert len(plane.landed()) == len(everything)
    assert difference(plane) == 1
    write_off(plane.settings, done.lost, "the topic was deleted by mistake")
    proof = Prover(plane.settings).prove()
    assert (proof.difference, sum(row.gone for row in proof.rows)) == (0, 1)
    assert resume(plane.settings, "analytics") == Resumed()


def test_an_event_that_was_written_off_and_comes_back_is_a_difference(plane: Plane) -> None:
    ids = relayed(plane, 3)
    lands_on(plane, ids)
    plane.outbox_sql(
        "insert into core.gone_events values (%s, 'analytics', %s, 'lost', 'a mistake')", ids[0], ProductViewed.type
    )
    assert difference(plane) == 1


@pytest.mark.parametrize("damage", [_move_cursor, _append_by_hand, _roll_back])
def test_a_table_and_a_cursor_that_differ(plane: Plane, damage: Callable[[Plane], None]) -> None:
    lands_on(plane, relayed(plane, 20))
    damage(plane)
    landed = len(plane.landed())
    if damage is _move_cursor:
        with pytest.raises(NoWayBack, match="no metadata"):
            resume(plane.settings, "analytics")
        done = resume(plane.settings, "analytics", from_table=True)
        assert "reads on where the table stands" in done.steps[0]
    else:
        assert "points again at" in resume(plane.settings, "analytics").steps[0]
    more = relayed(plane, 4)
    lands_on(plane, more)
    expected = {_move_cursor: landed + 4, _append_by_hand: 24, _roll_back: 29}[damage]
    assert len(plane.landed()) == len(set(plane.landed())) == expected


def test_a_pointer_that_is_stale_or_points_at_nothing_stops_one_topic(plane: Plane) -> None:
    name = plane.settings.table(RAW)
    lands_on(plane, relayed(plane, 5))
    with closing(plane.catalog()) as catalog:
        old = location_of(catalog, name)
    ids = relayed(plane, 6)
    lands_on(plane, ids)
    for location in (old, f"{old.rpartition('/')[0]}/gone.metadata.json"):
        with closing(plane.catalog()) as catalog:
            right = location_of(catalog, name)
            point_at(catalog, name, location)
        plane.produce([b"garbage"], domain="catalog")
        before = len(plane.rows(FAILED_TABLE))
        with plane.lander():
            wait_for(lambda before=before: len(plane.rows(FAILED_TABLE)) > before, "the other topics land", PATIENCE)
        [(reason,)] = plane.lake_sql("select reason from ingest_stopped")
        assert "metadata" in reason or "the cursor says" in reason
        resume(plane.settings, "analytics")
        with closing(plane.catalog()) as catalog:
            assert location_of(catalog, name) == right
    more = relayed(plane, 2)
    lands_on(plane, more)
    assert len(plane.landed()) == len(set(plane.landed())) == 13


def test_records_that_expired_before_they_landed(plane: Plane) -> None:
    lands_on(plane, relayed(plane, 20))
    _lose_records(plane)
    done = resume(plane.settings, "analytics")
    assert "are gone from Kafka before they landed" in done.steps[0]
    more = relayed(plane, 3)
    lands_on(plane, more)


def test_what_fits_is_left_alone(plane: Plane) -> None:
    ids: list[Any] = relayed(plane, 5)
    assert resume(plane.settings, "analytics") == Resumed()
    lands_on(plane, ids)
