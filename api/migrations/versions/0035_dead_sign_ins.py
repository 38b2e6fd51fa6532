"""Dead sign-ins are found by their end."""

from alembic import op

revision = "0035"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """An index for the sweep."""
    op.execute("CREATE INDEX ix_sessions_expires_at ON identity.sessions (expires_at)")


def downgrade() -> None:
    """Remove it."""
    op.execute("DROP INDEX identity.ix_sessions_expires_at")
