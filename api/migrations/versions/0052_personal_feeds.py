"""Personal feeds as they were answered; whom somebody votes like is found by the votes of a person."""

from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, and the index that candidates need."""
    op.execute("""
        CREATE TABLE recommendations.feeds (
            recommendation_id uuid PRIMARY KEY,
            customer_id uuid NOT NULL,
            places jsonb NOT NULL,
            made_at timestamptz NOT NULL DEFAULT clock_timestamp()
        );
        CREATE INDEX ix_feeds_made ON recommendations.feeds (made_at);
        CREATE INDEX ix_feeds_person ON recommendations.feeds (customer_id);
        COMMENT ON TABLE recommendations.feeds IS
            'A person''s feed as it was at one moment, to turn pages in; forgotten after some hours.';
        GRANT SELECT, INSERT, UPDATE, DELETE ON recommendations.feeds TO agora_api;
        CREATE INDEX ix_post_votes_person ON communities.post_votes (customer_id, post_id DESC) WHERE value = 1;
    """)


def downgrade() -> None:
    """Remove both."""
    op.execute("DROP INDEX communities.ix_post_votes_person; DROP TABLE recommendations.feeds")
