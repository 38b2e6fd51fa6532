"""Posts that somebody does not want in their own feed."""

from alembic import op

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.execute("""
    CREATE TABLE recommendations.removed_posts (
        customer_id uuid NOT NULL,
        post_id uuid NOT NULL,
        removed_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (customer_id, post_id)
    );
    COMMENT ON TABLE recommendations.removed_posts IS
        'Neither shown in a person''s own feed, nor does anything there follow from it.';
    GRANT SELECT, INSERT, UPDATE, DELETE ON recommendations.removed_posts TO agora_api;
    """)


def downgrade() -> None:
    """Remove it."""
    op.execute("DROP TABLE recommendations.removed_posts")
