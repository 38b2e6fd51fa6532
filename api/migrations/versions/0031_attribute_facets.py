"""Lists narrowed by what is said of products: found by value, and counted by department."""

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two indexes, empty where nothing is said of any product."""
    op.execute("""
    CREATE INDEX ix_products_attributes ON catalog.products USING gin (attributes jsonb_path_ops)
        WHERE is_active AND attributes <> '{}';
    CREATE INDEX ix_products_described ON catalog.products (department_slug)
        WHERE is_active AND attributes <> '{}';
    """)


def downgrade() -> None:
    """Remove them."""
    op.execute("DROP INDEX catalog.ix_products_attributes, catalog.ix_products_described")
