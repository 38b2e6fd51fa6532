"""A person is taken out of lake, warehouse and outbox; every other row stays, and the proof holds."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql

from ingestion.contracts import Event, encode, new_event_id
from ingestion.contracts.analytics import PageViewed, ProductViewed
from ingestion.contracts.identity import CustomerRegistered, SignedIn
from ingestion.contracts.ordering import OrderPlaced
from ingestion.lake.compaction import compact
from ingestion.lake.tables import FAILED_TABLE
from ingestion.lander.positions import read_snapshot
from ingestion.proof import Prover
from pipelines.lib import care, typed
from pipelines.lib.erasure import ErasureIncomplete, Receipt, erase, plan
from pipelines.lib.erasure import erasing as module
from pipelines.lib.erasure.scan import files_with, rows_with
from pipelines.lib.refresh import refresh_typed_and_warehouse
from tests.ingestion.plane import Plane, migrated_template, new_plane, wait_for

PATIENCE = 90.0
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def outbox_template(stack_env: dict[str, str]) -> Iterator[str]:
    name = migrated_template(stack_env["AGORA_POSTGRES_OWNER_URL"], "head")
    yield name
    with psycopg.connect(stack_env["AGORA_POSTGRES_OWNER_URL"], autocommit=True) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


class Town:
    """Two people with browsers of their own, one browser that both use, and what they did."""

    def __init__(self, plane: Plane) -> None:
        self.plane = plane
        self.ada, self.bob = uuid4(), uuid4()
        self.adas, self.bobs, self.shared = uuid4(), uuid4(), uuid4()
        self.of_ada: list[UUID] = []

    def tell(self, *events: Event, of_ada: bool = False) -> None:
        """Through the outbox."""
        ids = [self.plane_accept(event) for event in events]
        if of_ada:
            self.of_ada += ids

    def plane_accept(self, event: Event) -> UUID:
        event_id = new_event_id()
        row = (event_id, event.domain(), event.type, event.key(), NOW, encode(event, event_id, NOW))
        columns = "event_id, topic, type, key, occurred_at, envelope"
        statement = f"insert into core.outbox ({columns}) values (%s, %s, %s, %s, %s, %s)"  # noqa: S608 -- from above
        self.plane.outbox_sql(statement, *row)
        return event_id

    def live(self) -> None:
        """A day of both."""
        for person, browser, is_ada in ((self.ada, self.adas, True), (self.bob, self.bobs, False)):
            order = OrderPlaced.model_validate(_order(person))
            self.tell(
                CustomerRegistered(customer_id=person, source="test", age_band="35-44"),
                PageViewed(anonymous_id=browser, path="/"),
                SignedIn(customer_id=person, anonymous_id=browser),
                ProductViewed(anonymous_id=browser, customer_id=person, product_id=7),
                ProductViewed(anonymous_id=self.shared, customer_id=person, product_id=8),
                order,
                of_ada=is_ada,
            )
        self.tell(PageViewed(anonymous_id=self.shared, path="/whose"))

    def identifiers(self) -> list[str]:
        return [str(self.ada), str(self.adas)]


def _order(person: UUID) -> dict[str, Any]:
    line = {"line_number": 1, "product_id": 7, "quantity": 1, "unit_price_minor": 5, "discount_minor": 0}
    order = {"order_id": uuid4(), "customer_id": person, "source": "storefront", "currency": "USD", "total_minor": 5}
    return order | {"lines": [line | {"total_minor": 5}]}


@pytest.fixture
def town(stack_env: dict[str, str], outbox_template: str) -> Iterator[Town]:
    with new_plane(stack_env, outbox_template) as plane:
        town = Town(plane)
        town.live()
        landed(town, 13)
        # What cannot be read may name a person too.
        plane.produce([b'{"oops": "' + str(town.ada).upper().encode() + b'"}', b"{"])
        with plane.lander():
            wait_for(lambda: len(plane.rows(FAILED_TABLE)) == 2, "what is no event", PATIENCE)
        refresh_typed_and_warehouse(plane.pipelines())
        yield town


def landed(town: Town, rows: int) -> None:
    with town.plane.relay(), town.plane.lander():
        wait_for(lambda: everything(town.plane) == rows, f"{rows} rows", PATIENCE)


def everything(plane: Plane) -> int:
    return sum(len(plane.rows(f"raw.{domain}", "event_id")) for domain in ("analytics", "identity", "ordering"))


def files_holding(plane: Plane, words: list[str]) -> list[str]:
    """Every file of every table of this lake, known or not."""
    found = []
    with closing(plane.catalog()) as catalog:
        for table in care.tables():
            name = plane.settings.table(table)
            if catalog.table_exists(name):
                found += files_with(catalog, catalog.load_table(name).location(), words)[1]
    return found


def proved(plane: Plane) -> tuple[int, int]:
    refresh_typed_and_warehouse(plane.pipelines())
    proof = Prover(plane.settings).prove()
    return proof.difference, sum(row.gone for row in proof.rows)


def test_nothing_of_a_person_is_left_and_everybody_else_stays(town: Town) -> None:
    plane, settings = town.plane, town.plane.pipelines()
    assert len(files_holding(plane, town.identifiers())) > 5
    foreseen = plan(settings, town.ada)
    assert (sum(foreseen.events.values()), foreseen.browsers, foreseen.shared_browsers) == (7, 1, 1)
    before = {table: plane.rows(table) for table in ("raw.analytics", "raw.identity", "raw.ordering", FAILED_TABLE)}
    receipt = erase(settings, town.ada, "an operator")
    assert receipt.events == foreseen.events
    assert files_holding(plane, town.identifiers()) == []
    assert rows_with(settings, town.identifiers()) == {}
    words = "select count(*) from core.outbox where event_id = any(%s)"
    assert plane.outbox_sql(words, town.of_ada) == [(0,)]
    assert (receipt.outbox, receipt.rows["raw.ordering"], receipt.rows[FAILED_TABLE]) == (6, 1, 1)
    assert [(each.topic, each.retention_ms) for each in receipt.kafka if each.records] == [
        (plane.topic(domain), -1) for domain in ("analytics", "identity", "ordering")
    ]
    for table, rows in before.items():
        kept = [row for row in rows if not _is_adas(town, row)]
        assert sorted(map(str, plane.rows(table))) == sorted(map(str, kept))
    assert [row["path"] for row in plane.rows("typed.analytics_page_viewed")].count("/whose") == 1
    assert proved(plane) == (0, 7)
    [(stored,)] = plane.outbox_sql("select receipt from core.erasures where identifiers is null")
    assert stored == receipt.document()


def _is_adas(town: Town, row: dict[str, Any]) -> bool:
    return any(word in str(row["value"]).lower() for word in town.identifiers())


def test_the_lander_and_the_builds_go_on_and_read_nothing_again(town: Town) -> None:
    plane, settings = town.plane, town.plane.pipelines()
    with plane.relay(), plane.lander():
        erase(settings, town.ada, "an operator")
        town.tell(ProductViewed(anonymous_id=town.bobs, customer_id=town.bob, product_id=9))
        wait_for(lambda: everything(plane) == 8, "new events land", PATIENCE)
    assert sum(report.read for report in typed.build(settings)) == 1
    with closing(plane.catalog()) as catalog:
        assert read_snapshot(catalog.load_table(plane.settings.table("raw.identity"))) is not None
    assert proved(plane) == (0, 7)


def test_compacted_files_and_kept_month_ends_go_as_well(town: Town) -> None:
    plane, settings = town.plane, town.plane.pipelines()
    with closing(plane.catalog()) as catalog:
        name = plane.settings.table("raw.identity")
        table = catalog.load_table(name)
        current = table.current_snapshot()
        assert current is not None
        with table.manage_snapshots() as manage:
            manage.create_tag(current.snapshot_id, "month-2026-01")
        compact(catalog, name, ["event_type"], datetime.now(UTC), None)
    receipt = erase(settings, town.ada, "an operator")
    assert receipt.names_removed == {"raw.identity": ["month-2026-01"]}
    assert files_holding(plane, town.identifiers()) == []
    assert proved(plane) == (0, 7)


@pytest.mark.parametrize("step", ["_from_lake", "_forget", "_from_core", "_look"])
def test_an_erasure_that_was_cut_off_goes_on(town: Town, step: str) -> None:
    plane, settings = town.plane, town.plane.pipelines()
    really = getattr(module, step)

    def dies(*arguments: Any) -> None:
        really(*arguments)
        raise KeyboardInterrupt

    with patch.object(module, step, dies), pytest.raises(KeyboardInterrupt):
        erase(settings, town.ada, "an operator")
    receipt = erase(settings, town.ada, "an operator")
    assert isinstance(receipt, Receipt)
    assert files_holding(plane, town.identifiers()) == []
    assert plane.outbox_sql("select count(*) from core.erasures") == [(1,)]
    assert proved(plane) == (0, 7)


def test_what_lands_meanwhile_is_noticed(town: Town) -> None:
    plane, settings = town.plane, town.plane.pipelines()
    really = module._from_lake

    def late(*arguments: Any) -> Any:
        town.tell(ProductViewed(anonymous_id=town.adas, customer_id=town.ada, product_id=9))
        with plane.relay(), plane.lander():
            wait_for(lambda: everything(plane) == 14, "it lands", PATIENCE)
        return really(*arguments)

    with patch.object(module, "_from_lake", late), pytest.raises(ErasureIncomplete, match="still hold an identifier"):
        erase(settings, town.ada, "an operator")
    erase(settings, town.ada, "an operator")
    assert files_holding(plane, town.identifiers()) == []
    assert proved(plane) == (0, 8)


def test_an_erased_event_that_comes_back_is_a_difference(town: Town) -> None:
    plane, settings = town.plane, town.plane.pipelines()
    envelope = plane.outbox_sql("select envelope from core.outbox where event_id = %s", town.of_ada[1])[0][0]
    erase(settings, town.ada, "an operator")
    plane.produce([envelope])
    with plane.lander():
        wait_for(lambda: everything(plane) == 8, "it lands", PATIENCE)
    assert proved(plane) == (1, 7)


def test_nobody_knows_this_person(town: Town) -> None:
    receipt = erase(town.plane.pipelines(), uuid4(), "an operator")
    assert (receipt.events, receipt.rows, receipt.outbox) == ({}, {}, 0)
    assert proved(town.plane) == (0, 0)
