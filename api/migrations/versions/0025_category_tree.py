"""Categories as a tree of any depth: products stand at a node, counts are kept by node."""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

TREE = """
CREATE TABLE catalog.categories (
    path text PRIMARY KEY CHECK (path ~ '^[a-z0-9-]+(/[a-z0-9-]+){0,9}$'),
    parent_path text GENERATED ALWAYS AS (nullif(regexp_replace(path, '/?[^/]+$', ''), '')) STORED
        REFERENCES catalog.categories,
    name text NOT NULL CHECK (name <> ''),
    code text CONSTRAINT uq_categories_code UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_categories_parent ON catalog.categories (parent_path, name);
COMMENT ON TABLE catalog.categories IS 'One node each; `path` are the slugs from the top, the first is the department.';
COMMENT ON COLUMN catalog.categories.code IS 'What the source calls the node, so that it is the same the next time.';
GRANT SELECT, INSERT, UPDATE, DELETE ON catalog.categories TO agora_api;

INSERT INTO catalog.categories (path, name)
SELECT department_slug, min(department) FROM catalog.products GROUP BY 1
UNION ALL
SELECT department_slug || '/' || category_slug, min(category) FROM catalog.products
WHERE category <> '' AND category_slug <> department_slug GROUP BY 1;
"""
PLACED = """
ALTER TABLE catalog.products ADD COLUMN category_path text REFERENCES catalog.categories;
UPDATE catalog.products SET category_path = CASE WHEN category IN ('', department) OR category_slug = department_slug
    THEN department_slug ELSE department_slug || '/' || category_slug END;
ALTER TABLE catalog.products ALTER COLUMN category_path SET NOT NULL;
CREATE INDEX ix_products_category_path ON catalog.products (category_path text_pattern_ops);
COMMENT ON COLUMN catalog.products.category_path IS
    'The node at which it stands; department and category are its first two levels.';
"""
CELLS_BY_NODE = """
ALTER TABLE catalog.facet_cells ADD COLUMN category_path text;
UPDATE catalog.facet_cells SET category_path = CASE WHEN category IN ('', department) OR category_slug = department_slug
    THEN department_slug ELSE department_slug || '/' || category_slug END;
ALTER TABLE catalog.facet_cells DROP CONSTRAINT facet_cells_pkey,
    ADD PRIMARY KEY (category_path, category_slug, product_type, brand, price_range);
"""
CELLS_BY_CATEGORY = """
CREATE TEMPORARY TABLE added_up ON COMMIT DROP AS
SELECT department_slug, category_slug, product_type, brand, price_range, min(department) AS department,
    min(category) AS category, sum(products) AS products
FROM catalog.facet_cells GROUP BY 1, 2, 3, 4, 5;
DELETE FROM catalog.facet_cells;
ALTER TABLE catalog.facet_cells DROP CONSTRAINT facet_cells_pkey, DROP COLUMN category_path,
    ADD PRIMARY KEY (department_slug, category_slug, product_type, brand, price_range);
INSERT INTO catalog.facet_cells SELECT * FROM added_up;
"""

DELTA_OF_CELLS = """
    INSERT INTO catalog.facet_cells AS kept ({columns}, department, category, products)
    SELECT {values}, max(department), max(category), sum(number)
    FROM ({source}) AS changes GROUP BY {key} HAVING sum(number) <> 0 ORDER BY {key}
    ON CONFLICT ({key}) DO UPDATE SET
        products = kept.products + excluded.products,
        department = CASE WHEN excluded.products > 0 THEN excluded.department ELSE kept.department END,
        category = CASE WHEN excluded.products > 0 THEN excluded.category ELSE kept.category END;
"""
_NODE = "category_path, category_slug, product_type, brand, price_range"
BY_NODE = {
    "columns": f"{_NODE}, department_slug",
    "values": f"{_NODE}, min(department_slug)",
    "key": _NODE,
}
_BY_CATEGORY = "department_slug, category_slug, product_type, brand, price_range"
BY_CATEGORY = {"columns": _BY_CATEGORY, "values": _BY_CATEGORY, "key": _BY_CATEGORY}
DELTA_OF_PHRASES = """
    INSERT INTO catalog.suggestions AS kept (phrase, kind, products)
    SELECT phrase, kind, sum(number) FROM ({source}) AS changes CROSS JOIN LATERAL (VALUES
        (department, 'department'), (category, 'category'), (product_type, 'type'),
        (split_part(title, ' · ', 1), 'name')) AS said (phrase, kind)
    WHERE phrase <> '' GROUP BY phrase, kind HAVING sum(number) <> 0 ORDER BY phrase, kind
    ON CONFLICT (phrase, kind) DO UPDATE SET products = kept.products + excluded.products;
"""


def counting(by: dict[str, str], placed: str) -> str:
    """The two functions that add to the counts what one statement changed."""
    seen = (
        f"title, department, department_slug, category, category_slug, {placed}product_type, brand,"
        " catalog.price_range(price_minor) AS price_range"
    )
    now = f"SELECT {seen}, 1 AS number FROM after_it WHERE is_active"  # noqa: S608
    before = f"SELECT {seen}, -1 FROM before_it WHERE is_active"  # noqa: S608
    functions = {"count_new_products": now, "count_changed_products": f"{now} UNION ALL {before}"}
    return "".join(
        f"CREATE OR REPLACE FUNCTION catalog.{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" {DELTA_OF_CELLS.format(source=source, **by)} {DELTA_OF_PHRASES.format(source=source)}"
        " RETURN NULL; END $$;"
        for name, source in functions.items()
    )


def upgrade() -> None:
    """The two levels of before become nodes; products stand at theirs. The counts rest while products are placed."""
    op.execute(TREE)
    op.execute("ALTER TABLE catalog.products DISABLE TRIGGER counts_follow_update")
    op.execute(PLACED)
    op.execute("ALTER TABLE catalog.products ENABLE TRIGGER counts_follow_update")
    op.execute(CELLS_BY_NODE)
    op.execute(counting(BY_NODE, "category_path, "))


def downgrade() -> None:
    """Two levels again: what stands deeper is counted in its category."""
    op.execute(CELLS_BY_CATEGORY)
    op.execute(counting(BY_CATEGORY, ""))
    op.execute("ALTER TABLE catalog.products DROP COLUMN category_path")
    op.execute("DROP TABLE catalog.categories")
