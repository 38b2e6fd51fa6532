"""What people of the forum are told, what they want to be told, and whom they want to hear nothing of."""

from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE communities.notifications (
    notification_id uuid PRIMARY KEY DEFAULT uuidv7(),
    customer_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('reply', 'mention', 'moderation')),
    community_id uuid NOT NULL REFERENCES communities.communities ON DELETE CASCADE,
    post_id uuid REFERENCES communities.posts ON DELETE CASCADE,
    comment_id uuid REFERENCES communities.comments ON DELETE CASCADE,
    actor_id uuid,
    act text,
    reason text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    read_at timestamptz,
    mailed_at timestamptz,
    CHECK ((kind = 'moderation') = (act IS NOT NULL)),
    CHECK (kind = 'moderation' OR post_id IS NOT NULL)
);
COMMENT ON COLUMN communities.notifications.customer_id IS 'Who is told.';
COMMENT ON COLUMN communities.notifications.actor_id IS 'Who answered or mentioned; moderators stand in the log.';
COMMENT ON COLUMN communities.notifications.mailed_at IS 'When it went into a digest; each goes into one at most.';
CREATE UNIQUE INDEX uq_notifications_words ON communities.notifications (customer_id, coalesce(comment_id, post_id))
    WHERE kind IN ('reply', 'mention');
CREATE INDEX ix_notifications_person ON communities.notifications (customer_id, notification_id DESC);
CREATE INDEX ix_notifications_unread ON communities.notifications (customer_id) WHERE read_at IS NULL;
CREATE INDEX ix_notifications_digest ON communities.notifications (created_at, customer_id)
    WHERE read_at IS NULL AND mailed_at IS NULL;
CREATE INDEX ix_notifications_old ON communities.notifications (created_at);
CREATE INDEX ix_notifications_post ON communities.notifications (post_id);
CREATE INDEX ix_notifications_comment ON communities.notifications (comment_id);

CREATE TABLE communities.notification_choices (
    customer_id uuid PRIMARY KEY,
    declined text[] NOT NULL DEFAULT '{}' CHECK (declined <@ ARRAY['reply', 'mention', 'moderation']),
    digest text NOT NULL DEFAULT 'weekly' CHECK (digest IN ('daily', 'weekly', 'off'))
);

CREATE TABLE communities.silenced (
    customer_id uuid NOT NULL,
    other_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('block', 'mute')),
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (customer_id, other_id),
    CHECK (customer_id <> other_id)
);
CREATE INDEX ix_silenced_other ON communities.silenced (other_id) WHERE kind = 'block';
COMMENT ON TABLE communities.silenced IS
    'Whose words somebody does not want to see; a block also keeps the other from answering and mentioning them.';

-- Whoever has a page open is told at once. NOTIFY makes commits queue: it is sent once for each person and statement.
CREATE FUNCTION communities.announce_notifications() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('communities_notifications', customer_id::text) FROM (SELECT DISTINCT customer_id FROM fresh) f;
    RETURN NULL;
END $$;
CREATE TRIGGER notifications_are_announced AFTER INSERT ON communities.notifications
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION communities.announce_notifications();
CREATE TRIGGER read_notifications_are_announced AFTER UPDATE ON communities.notifications
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION communities.announce_notifications();

GRANT SELECT, INSERT, UPDATE, DELETE ON communities.notifications, communities.notification_choices,
    communities.silenced TO agora_api;
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(TABLES)


def downgrade() -> None:
    """Remove them."""
    op.execute("DROP TABLE communities.silenced, communities.notification_choices, communities.notifications")
    op.execute("DROP FUNCTION communities.announce_notifications")
