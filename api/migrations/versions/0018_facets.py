"""Counts of what lists can be narrowed by, kept as cells; and a rating that lists can be ordered by."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

CELLS = """
CREATE FUNCTION catalog.price_range(price_minor bigint) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN width_bucket(price_minor, ARRAY[200, 500, 1000, 2500, 5000, 10000]::bigint[]);

DROP TABLE catalog.categories;
CREATE TABLE catalog.facet_cells (
    department_slug text NOT NULL,
    category_slug text NOT NULL,
    product_type text NOT NULL,
    brand text NOT NULL,
    price_range integer NOT NULL,
    department text NOT NULL,
    category text NOT NULL,
    products bigint NOT NULL,
    PRIMARY KEY (department_slug, category_slug, product_type, brand, price_range)
);
COMMENT ON TABLE catalog.facet_cells IS
    'Products for sale, counted by everything that lists are narrowed by: browsing adds up cells, not products.';
GRANT SELECT, INSERT, UPDATE, DELETE ON catalog.facet_cells TO agora_api;
INSERT INTO catalog.facet_cells
SELECT department_slug, category_slug, product_type, brand, catalog.price_range(price_minor), min(department),
    min(category), count(*)
FROM catalog.products WHERE is_active GROUP BY 1, 2, 3, 4, 5;
"""

# A mean of few ratings says little: five of 3.5 are added to every product's own (Bayesian average).
RATINGS = """
ALTER TABLE catalog.product_sales
    ADD COLUMN rating_sum bigint NOT NULL DEFAULT 0,
    ADD COLUMN rating_count bigint NOT NULL DEFAULT 0,
    ADD COLUMN rating_score real NOT NULL GENERATED ALWAYS AS ((rating_sum + 17.5) / (rating_count + 5)) STORED,
    ADD CHECK (rating_count >= 0 AND rating_sum BETWEEN rating_count AND 5 * rating_count);
CREATE INDEX ix_product_sales_rating ON catalog.product_sales (rating_score DESC, product_id DESC);
"""

# Every search reads the list of what is not yet in the index: after an import it had 300 pages, and cost 3 ms.
PENDING = "ALTER INDEX catalog.ix_products_search SET (gin_pending_list_limit = 128)"


def upgrade() -> None:
    """Make cells and ratings."""
    op.execute(CELLS)
    op.execute(RATINGS)
    op.execute(PENDING)


def downgrade() -> None:
    """Counts by category alone again."""
    op.execute("""
    ALTER INDEX catalog.ix_products_search RESET (gin_pending_list_limit);
    ALTER TABLE catalog.product_sales DROP COLUMN rating_score, DROP COLUMN rating_sum, DROP COLUMN rating_count;
    CREATE TABLE catalog.categories (
        department_slug text NOT NULL, category_slug text NOT NULL, product_type text NOT NULL,
        department text NOT NULL, category text NOT NULL, products bigint NOT NULL,
        PRIMARY KEY (department_slug, category_slug, product_type)
    );
    GRANT SELECT, INSERT, UPDATE, DELETE ON catalog.categories TO agora_api;
    INSERT INTO catalog.categories
    SELECT department_slug, category_slug, product_type, min(department), min(category), sum(products)
    FROM catalog.facet_cells GROUP BY 1, 2, 3;
    DROP TABLE catalog.facet_cells;
    DROP FUNCTION catalog.price_range;
    """)
