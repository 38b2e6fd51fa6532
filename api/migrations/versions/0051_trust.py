"""How far each person is trusted: what events told of them, and the score that follows from it."""

from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

# News come by type and by partition, so each row knows when it was true and an older piece of news changes nothing.
TABLES = """
CREATE TABLE communities.trust_things (
    thing_id uuid PRIMARY KEY,
    author_id uuid,
    kind text CHECK (kind IN ('post', 'comment', 'review', 'order')),
    status text,
    at timestamptz,
    ups integer NOT NULL DEFAULT 0,
    downs integer NOT NULL DEFAULT 0
);
COMMENT ON COLUMN communities.trust_things.author_id IS 'Null as long as only votes on it were heard of.';
CREATE INDEX ix_trust_things_author ON communities.trust_things (author_id);
CREATE TABLE communities.trust_votes (
    thing_id uuid NOT NULL,
    voter_id uuid NOT NULL,
    value smallint NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (thing_id, voter_id)
);
CREATE TABLE communities.trust_days (
    customer_id uuid NOT NULL,
    day date NOT NULL,
    PRIMARY KEY (customer_id, day)
);
CREATE TABLE communities.trust (
    customer_id uuid PRIMARY KEY,
    days integer NOT NULL,
    posts integer NOT NULL,
    comments integer NOT NULL,
    reviews integer NOT NULL,
    orders integer NOT NULL,
    ups integer NOT NULL,
    downs integer NOT NULL,
    removed integer NOT NULL,
    score integer NOT NULL,
    level smallint NOT NULL CHECK (level BETWEEN 0 AND 3)
);
COMMENT ON TABLE communities.trust IS
    'Follows from the three tables beside it; `agora reputation` holds it to the lake.';
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON communities.trust_things, communities.trust_votes,
    communities.trust_days, communities.trust TO agora_api;
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(TABLES)


def downgrade() -> None:
    """Remove them."""
    op.execute(
        "DROP TABLE communities.trust, communities.trust_days, communities.trust_votes, communities.trust_things"
    )
