"""Schema analytics: nothing is kept in it yet, behaviour events live in Kafka and the lake."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make schema analytics."""
    op.execute("CREATE SCHEMA analytics; GRANT USAGE ON SCHEMA analytics TO agora_api;")


def downgrade() -> None:
    """Remove schema analytics."""
    op.execute("DROP SCHEMA analytics")
