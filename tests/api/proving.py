"""What races told goes on to the lake: its events are relayed, landed, typed, loaded, and the proof has to be zero.

A proof takes seconds, so the events of all races of a worker are proved together; a difference names their tests.
"""

from typing import Any

import psycopg
from psycopg import sql

from ingestion.contracts import TOPICS
from ingestion.proof import Prover
from ingestion.topics import admin_client, identify, offset_ranges
from pipelines.lib.refresh import refresh_typed_and_warehouse
from tests.ingestion.plane import Plane, migrated_template, new_plane, wait_for

IS_RELAYED = """
SELECT NOT EXISTS (
    SELECT FROM core.outbox JOIN core.relay_cursor c USING (shard) WHERE (outbox.txid, outbox.id) > (c.txid, c.last_id))
"""
COLUMNS = "event_id, topic, type, key, occurred_at, envelope"


class Told:
    """The outboxes of tests with real commits, and whose event is whose."""

    def __init__(self) -> None:
        self._rows: dict[Any, tuple[Any, ...]] = {}
        self._by_type: dict[str, set[str]] = {}

    def take(self, database_url: str, test: str) -> None:
        """Keep the events of a database that is about to go."""
        with psycopg.connect(database_url) as connection:
            for row in connection.execute(f"SELECT {COLUMNS} FROM core.outbox ORDER BY id").fetchall():  # noqa: S608
                self._rows.setdefault(row[0], row)
                self._by_type.setdefault(row[2], set()).add(test)

    def prove(self, stack_env: dict[str, str]) -> None:
        """Send all of them through a data plane of their own. Raises AssertionError for a difference."""
        if not self._rows:
            return
        template = migrated_template(stack_env["AGORA_POSTGRES_OWNER_URL"])
        try:
            with new_plane(stack_env, template) as plane:
                self.accept(plane)
                _land(plane)
                refresh_typed_and_warehouse(plane.pipelines())
                proof = Prover(plane.settings).prove()
                wrong = [row for row in proof.rows if row.difference]
                assert not wrong, "\n".join(f"{row} told by {sorted(self._by_type.get(row.type, ()))}" for row in wrong)
                assert sum(row.accepted for row in proof.rows) == len(self._rows)
        finally:
            with psycopg.connect(stack_env["AGORA_POSTGRES_OWNER_URL"], autocommit=True) as connection:
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(template)))

    def accept(self, plane: Plane) -> None:
        """Put all of them into the plane's outbox."""
        with (
            psycopg.connect(plane.env["AGORA_POSTGRES_URL"]) as connection,
            connection.cursor() as cursor,
            cursor.copy(f"COPY core.outbox ({COLUMNS}) FROM STDIN") as copy,
        ):
            for row in self._rows.values():
                copy.write_row(row)


def _land(plane: Plane) -> None:
    """Until nothing is on its way any more: what did not arrive by then is lost."""
    with plane.relay(), plane.lander():
        wait_for(lambda: plane.outbox_sql(IS_RELAYED) == [(True,)], "the relay has passed the whole outbox")
        admin = admin_client(plane.settings)
        places = offset_ranges(admin, identify(admin, [plane.topic(domain) for domain in TOPICS]).values())
        sent = sum(high - low for low, high in places.values())
        tables = [f"raw.{domain}" for domain in TOPICS]
        wait_for(lambda: sum(len(plane.rows(table, "event_id")) for table in tables) >= sent, f"{sent} landed")
