"""Outbox, inbox, dead letters, receipts of capture, idempotency keys."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make schema core."""
    op.execute("""
    CREATE SCHEMA core;

    -- Read by the relay in the order (txid, id) below the oldest running transaction: ids alone are given before
    -- commits, so `id > last` would pass over a row that commits late.
    CREATE TABLE core.outbox (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        txid xid8 NOT NULL DEFAULT pg_current_xact_id(),
        shard smallint NOT NULL DEFAULT 0,
        event_id uuid NOT NULL,
        topic text NOT NULL,
        type text NOT NULL,
        key text NOT NULL,
        occurred_at timestamptz NOT NULL,
        envelope bytea NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX ix_outbox_shard_txid_id ON core.outbox (shard, txid, id);

    CREATE TABLE core.relay_cursor (
        shard smallint PRIMARY KEY,
        txid xid8 NOT NULL DEFAULT '0',
        last_id bigint NOT NULL DEFAULT 0,
        epoch bigint NOT NULL DEFAULT 0,
        holder text,
        leased_until timestamptz,
        updated_at timestamptz NOT NULL DEFAULT now()
    );
    INSERT INTO core.relay_cursor (shard) VALUES (0);

    CREATE TABLE core.inbox (
        handler text NOT NULL,
        event_id uuid NOT NULL,
        handled_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (handler, event_id)
    );

    CREATE TABLE core.dead_letters (
        dead_letter_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        handler text NOT NULL,
        kafka_topic text NOT NULL,
        kafka_partition integer NOT NULL,
        kafka_offset bigint NOT NULL,
        key bytea,
        value bytea,
        reason text NOT NULL,
        failed_at timestamptz NOT NULL DEFAULT now(),
        UNIQUE (handler, kafka_topic, kafka_partition, kafka_offset)
    );

    -- One row per accepted batch and type; event_ids is what the proof compares with Kafka.
    CREATE TABLE core.capture_receipts (
        batch_id uuid NOT NULL,
        topic text NOT NULL,
        type text NOT NULL,
        event_ids uuid[] NOT NULL,
        accepted_at timestamptz NOT NULL,
        PRIMARY KEY (batch_id, type)
    );

    CREATE TABLE core.idempotency_keys (
        principal text NOT NULL,
        route text NOT NULL,
        key text NOT NULL,
        fingerprint bytea NOT NULL,
        operation_id uuid NOT NULL,
        status smallint,
        body bytea,
        created_at timestamptz NOT NULL DEFAULT now(),
        locked_until timestamptz NOT NULL,
        PRIMARY KEY (principal, route, key),
        CHECK ((status IS NULL) = (body IS NULL))
    );

    GRANT USAGE ON SCHEMA core TO agora_api, agora_ingestion;
    GRANT SELECT, INSERT ON core.outbox, core.inbox, core.dead_letters, core.capture_receipts TO agora_api;
    GRANT SELECT, INSERT, UPDATE ON core.idempotency_keys TO agora_api;
    GRANT SELECT ON core.relay_cursor TO agora_api;
    GRANT SELECT ON core.outbox, core.capture_receipts TO agora_ingestion;
    GRANT INSERT ON core.capture_receipts TO agora_ingestion;
    GRANT ALL ON core.relay_cursor TO agora_ingestion;
    """)


def downgrade() -> None:
    """Remove schema core with everything in it."""
    op.execute("DROP SCHEMA core CASCADE")
