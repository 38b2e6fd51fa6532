"""The outbox as the relay reads it: committed rows, in an order in which none can appear behind the cursor."""

from dataclasses import dataclass

import psycopg

# Rows of a transaction become visible together. Below the oldest running transaction nothing can appear any more, so
# that (txid, id) is an order in which the cursor never passes over a row that commits late. The order names the table,
# for a bare `txid` would be the column put out, which is text: 1000 before 999.
_BATCH = """
select outbox.txid::text, outbox.id, outbox.topic, outbox.key, outbox.envelope from core.outbox
where shard = %(shard)s and (txid, id) > (%(txid)s::xid8, %(last_id)s)
  and txid < pg_snapshot_xmin(pg_current_snapshot())
order by outbox.txid, outbox.id limit %(limit)s
"""
_MOVE = """
update core.relay_cursor
set txid = %(txid)s::xid8, last_id = %(last_id)s, updated_at = now(),
    leased_until = now() + %(seconds)s * interval '1 s'
where shard = %(shard)s and epoch = %(epoch)s
"""


@dataclass(frozen=True)
class Cursor:
    """The last row that is in Kafka for sure. `txid` is Postgres's own text for an xid8."""

    txid: str
    last_id: int


Row = tuple[str, int, str, str, bytes]


def read_cursor(connection: psycopg.Connection, shard: int) -> Cursor:
    """Where the shard's relay stands."""
    row = connection.execute("select txid::text, last_id from core.relay_cursor where shard = %s", (shard,)).fetchone()
    if row is None:
        raise LookupError(f"shard {shard} has no row in core.relay_cursor")
    return Cursor(*row)


def read_batch(connection: psycopg.Connection, shard: int, after: Cursor, limit: int) -> list[Row]:
    """The next rows (txid, id, domain, key, envelope) behind `after`."""
    values = {"shard": shard, "txid": after.txid, "last_id": after.last_id, "limit": limit}
    with connection.cursor(binary=True) as cursor:
        return cursor.execute(_BATCH, values).fetchall()


def move_cursor(connection: psycopg.Connection, shard: int, epoch: int, to: Cursor, seconds: float) -> bool:
    """Move the cursor and renew the lease, if `epoch` is still the shard's; False when it is not."""
    values = {"shard": shard, "epoch": epoch, "txid": to.txid, "last_id": to.last_id, "seconds": seconds}
    return connection.execute(_MOVE, values).rowcount == 1
