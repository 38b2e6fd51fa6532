"""The queue of background work, by the library's own schema, and the log of privileged acts."""

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

GRANTS = """
GRANT SELECT, INSERT, UPDATE, DELETE ON procrastinate_jobs, procrastinate_events, procrastinate_periodic_defers,
    procrastinate_workers TO agora_api;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO agora_api;
"""

AUDIT = """
CREATE TABLE core.audit_log (
    entry_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    actor_id uuid,
    action text NOT NULL,
    subject text NOT NULL,
    details jsonb NOT NULL DEFAULT '{}',
    trace_id text,
    acted_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_audit_log_subject ON core.audit_log (subject, entry_id);
CREATE INDEX ix_audit_log_actor ON core.audit_log (actor_id, entry_id);
COMMENT ON COLUMN core.audit_log.actor_id IS 'Who did it; null where the house acted by itself.';

CREATE FUNCTION core.refuse_rewriting_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%.% is append-only', TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER audit_log_is_append_only BEFORE UPDATE OR DELETE ON core.audit_log
    FOR EACH ROW EXECUTE FUNCTION core.refuse_rewriting_history();
GRANT SELECT, INSERT ON core.audit_log TO agora_api;
"""


def upgrade() -> None:
    """Make the queue's tables and functions, and the audit log."""
    op.get_bind().exec_driver_sql(SchemaManager.get_schema().replace("%", "%%"))
    op.execute(GRANTS)
    op.execute(AUDIT)


def downgrade() -> None:
    """Remove both."""
    op.execute("DROP TABLE core.audit_log")
    op.execute("DROP FUNCTION core.refuse_rewriting_history")
    op.execute("""
    DO $$
    DECLARE thing record;
    BEGIN
        DROP TABLE procrastinate_events, procrastinate_periodic_defers, procrastinate_jobs, procrastinate_workers
            CASCADE;
        FOR thing IN SELECT oid::regprocedure AS name FROM pg_proc WHERE proname LIKE 'procrastinate%' LOOP
            EXECUTE format('DROP FUNCTION %s CASCADE', thing.name);
        END LOOP;
        FOR thing IN SELECT oid::regtype AS name FROM pg_type WHERE typname LIKE 'procrastinate%' LOOP
            EXECUTE format('DROP TYPE IF EXISTS %s CASCADE', thing.name);
        END LOOP;
    END $$;
    """)
