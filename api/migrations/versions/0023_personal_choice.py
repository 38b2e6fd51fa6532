"""Whether the shop may choose for a person by what that person did."""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """As it was for everybody until now, unless they say otherwise."""
    op.execute("ALTER TABLE identity.preferences ADD COLUMN is_personalised boolean NOT NULL DEFAULT true")


def downgrade() -> None:
    """Forget what they said."""
    op.execute("ALTER TABLE identity.preferences DROP COLUMN is_personalised")
