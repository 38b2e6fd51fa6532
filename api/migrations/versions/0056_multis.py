"""Multi-communities: a person's own named sets of communities."""

from alembic import op

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.execute("""
    CREATE TABLE communities.multis (
        multi_id uuid PRIMARY KEY,
        owner_id uuid NOT NULL REFERENCES communities.people,
        slug text NOT NULL CHECK (slug ~ '^[a-z0-9_-]{3,30}$'),
        name text NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
        is_public boolean NOT NULL DEFAULT false,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        UNIQUE (owner_id, slug)
    );
    COMMENT ON TABLE communities.multis IS 'A person''s own named sets of communities, each read as one feed.';
    CREATE TABLE communities.multi_places (
        multi_id uuid NOT NULL REFERENCES communities.multis ON DELETE CASCADE,
        community_id uuid NOT NULL REFERENCES communities.communities ON DELETE CASCADE,
        PRIMARY KEY (multi_id, community_id)
    );
    CREATE INDEX ix_multi_places_community ON communities.multi_places (community_id);
    GRANT SELECT, INSERT, UPDATE, DELETE ON communities.multis, communities.multi_places TO agora_api;
    """)


def downgrade() -> None:
    """Remove them."""
    op.execute("DROP TABLE communities.multi_places, communities.multis")
