"""Events that were accepted and are gone with a note of it: erased with a person, or lost with a topic."""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The data plane notes them; what it may erase of the outbox is bound to that note."""
    op.execute("""
    CREATE TABLE core.gone_events (
        event_id uuid PRIMARY KEY,
        topic text NOT NULL,
        type text NOT NULL,
        why text NOT NULL CHECK (why IN ('erased', 'lost')),
        note text NOT NULL CHECK (note <> ''),
        noted_at timestamptz NOT NULL DEFAULT now()
    );
    COMMENT ON TABLE core.gone_events IS 'The proof expects nothing of these in lake and warehouse.';

    CREATE TABLE core.erasures (
        erasure_id uuid PRIMARY KEY,
        customer_id uuid NOT NULL,
        actor text NOT NULL,
        begun_at timestamptz NOT NULL DEFAULT now(),
        identifiers text[],
        receipt jsonb,
        finished_at timestamptz,
        CHECK ((finished_at IS NULL) = (receipt IS NULL) AND (receipt IS NULL) = (identifiers IS NOT NULL))
    );
    COMMENT ON TABLE core.erasures IS 'What was erased of whom, in figures.';
    COMMENT ON COLUMN core.erasures.identifiers IS
        'Who is looked for, until it is done: what was cut off goes on with these.';

    -- Everything of these events that core holds: outbox, dead letters, repaired records. The note stands with it.
    CREATE FUNCTION core.erase_events(
        event_ids uuid[], topics text[], types text[], identifiers text[], reason text
    ) RETURNS TABLE (outbox bigint, dead_letters bigint, repaired bigint)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
        WITH noted AS (
            INSERT INTO core.gone_events (event_id, topic, type, why, note)
            SELECT event_id, topic, type, 'erased', reason FROM unnest(event_ids, topics, types)
                AS given (event_id, topic, type)
            ON CONFLICT (event_id) DO NOTHING
        ), sent AS (
            DELETE FROM core.outbox o USING unnest(event_ids) AS given (event_id)
            WHERE o.event_id = given.event_id RETURNING 1
        ), dead AS (
            DELETE FROM core.dead_letters d WHERE EXISTS (
                SELECT FROM unnest(identifiers) AS given (word)
                WHERE position(convert_to(given.word, 'UTF8') IN d.value) > 0) RETURNING 1
        ), acts AS (
            DELETE FROM core.failed_event_acts a WHERE EXISTS (
                SELECT FROM unnest(identifiers) AS given (word)
                WHERE position(convert_to(given.word, 'UTF8') IN a.value) > 0) RETURNING 1
        )
        SELECT (SELECT count(*) FROM sent), (SELECT count(*) FROM dead), (SELECT count(*) FROM acts)
    $$;
    REVOKE ALL ON FUNCTION core.erase_events FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION core.erase_events TO agora_ingestion;
    GRANT SELECT, INSERT ON core.gone_events, core.erasures TO agora_ingestion;
    GRANT UPDATE (identifiers, receipt, finished_at) ON core.erasures TO agora_ingestion;
    """)


def downgrade() -> None:
    """Forget the notes."""
    op.execute("""
    DROP FUNCTION core.erase_events;
    DROP TABLE core.erasures;
    DROP TABLE core.gone_events;
    """)
