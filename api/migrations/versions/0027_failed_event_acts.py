"""What people did about failed events: repaired, sent again, or let be."""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One table that only grows; the data plane writes it, and sends repaired events through the outbox."""
    op.execute("""
    CREATE TABLE core.failed_event_acts (
        act_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        failed_id uuid NOT NULL,
        act text NOT NULL CHECK (act IN ('repaired', 'replayed', 'dismissed')),
        value bytea,
        note text NOT NULL DEFAULT '',
        actor text NOT NULL,
        acted_at timestamptz NOT NULL DEFAULT now(),
        CHECK ((act = 'repaired') = (value IS NOT NULL))
    );
    COMMENT ON COLUMN core.failed_event_acts.value IS 'The whole record as it should have been.';
    CREATE INDEX ix_failed_event_acts_failed_id ON core.failed_event_acts (failed_id, act_id);
    CREATE UNIQUE INDEX uq_failed_event_acts_replayed ON core.failed_event_acts (failed_id) WHERE act = 'replayed';
    GRANT SELECT, INSERT ON core.failed_event_acts TO agora_ingestion;
    GRANT SELECT ON core.failed_event_acts TO agora_api;
    GRANT INSERT ON core.outbox TO agora_ingestion;
    """)


def downgrade() -> None:
    """Forget them; the failed events themselves lie in the lake."""
    op.execute("""
    REVOKE INSERT ON core.outbox FROM agora_ingestion;
    DROP TABLE core.failed_event_acts;
    """)
