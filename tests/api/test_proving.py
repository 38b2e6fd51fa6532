"""The proof of what races told can fail: an event that never leaves the outbox is missed, and its race is named."""

from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from ingestion.contracts import encode, new_event_id
from ingestion.contracts.envelope import Event
from ingestion.contracts.identity import CustomerRegistered, SignedIn
from tests.api.proving import COLUMNS, Told
from tests.ingestion.plane import Plane, migrated_template, named

OVERLOOKED = """
UPDATE core.relay_cursor SET (txid, last_id) = (SELECT txid, id FROM core.outbox ORDER BY outbox.txid, id LIMIT 1)
"""
TOLD = f"INSERT INTO core.outbox ({COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s)"  # noqa: S608


class WithAGap(Told):
    """A relay that believes that the first event is in Kafka."""

    def accept(self, plane: Plane) -> None:
        """As before, and the cursor stands behind the first."""
        super().accept(plane)
        plane.outbox_sql(OVERLOOKED)


def test_an_event_that_stays_behind_is_missed(stack_env: dict[str, str]) -> None:
    owner_url = stack_env["AGORA_POSTGRES_OWNER_URL"]
    name = migrated_template(owner_url)
    told = WithAGap()
    told.take(named(owner_url, name), "nothing was told yet")
    with psycopg.connect(named(owner_url, name)) as connection:
        for event in (SignedIn(customer_id=UUID(int=1)), CustomerRegistered(customer_id=UUID(int=1), source="test")):
            _tell(connection, event)
    told.take(named(owner_url, name), "the race in question")
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))
    with pytest.raises(AssertionError) as found:
        told.prove(stack_env)
    [line] = str(found.value).splitlines()[:1]
    assert "identity.signed_in" in line
    assert "accepted=1, kafka=0" in line
    assert "the race in question" in line


def _tell(connection: psycopg.Connection, event: Event) -> None:
    event_id, now = new_event_id(), datetime.now(UTC)
    values = (event_id, "identity", event.type, event.key(), now, encode(event, event_id, now))
    connection.execute(TOLD, values)
