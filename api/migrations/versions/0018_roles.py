"""Roles of sellers, creators and moderators."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

BEFORE = "'analyst', 'executive', 'operator'"
ADDED = "'seller', 'creator', 'moderator'"


def upgrade() -> None:
    """Let the new roles in."""
    _allow(f"{BEFORE}, {ADDED}")


def downgrade() -> None:
    """Take the new roles from everybody."""
    op.execute("DELETE FROM identity.customer_roles WHERE role IN ('seller', 'creator', 'moderator')")
    _allow(BEFORE)


def _allow(roles: str) -> None:
    op.execute("ALTER TABLE identity.customer_roles DROP CONSTRAINT customer_roles_role_check")
    op.execute(
        f"ALTER TABLE identity.customer_roles ADD CONSTRAINT customer_roles_role_check CHECK (role IN ({roles}))"
    )
