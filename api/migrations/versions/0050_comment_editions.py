"""Editions hold lists of comments as well as of posts."""

from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Call their ids what they are."""
    op.execute("ALTER TABLE communities.editions RENAME COLUMN post_ids TO ids")


def downgrade() -> None:
    """As before; an edition of comments is never asked for as one of posts."""
    op.execute("ALTER TABLE communities.editions RENAME COLUMN ids TO post_ids")
