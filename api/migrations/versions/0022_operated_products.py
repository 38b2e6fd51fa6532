"""Products as operators keep them: archived, published later, typed attributes; collections; counts that follow."""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

PRODUCTS = """
ALTER TABLE catalog.products
    ADD COLUMN description text NOT NULL DEFAULT '',
    ADD COLUMN attributes jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(attributes) = 'object'),
    ADD COLUMN archived_at timestamptz,
    ADD COLUMN is_scheduled boolean NOT NULL DEFAULT false,
    ADD COLUMN version bigint NOT NULL DEFAULT 1,
    ADD CONSTRAINT ck_products_active CHECK (NOT is_active OR archived_at IS NULL AND NOT is_scheduled),
    ADD CONSTRAINT ck_products_scheduled CHECK (NOT is_scheduled OR archived_at IS NULL AND available_from IS NOT NULL);
CREATE INDEX ix_products_scheduled ON catalog.products (available_from) WHERE is_scheduled;
COMMENT ON COLUMN catalog.products.is_active IS 'Shoppers find it and can buy it.';
COMMENT ON COLUMN catalog.products.is_scheduled IS 'Nobody sees it until available_from, when a sweep makes it active.';
COMMENT ON COLUMN catalog.products.version IS 'Counts changes: an edit names the version it was made from.';
"""

TYPES = """
CREATE TABLE catalog.attribute_definitions (
    product_type text NOT NULL CHECK (product_type <> ''),
    name text NOT NULL CHECK (name <> ''),
    kind text NOT NULL CHECK (kind IN ('text', 'number', 'boolean', 'choice')),
    unit text CHECK (unit IS NULL OR kind = 'number'),
    choices text[] NOT NULL DEFAULT '{}' CHECK ((kind = 'choice') = (cardinality(choices) > 0)),
    is_required boolean NOT NULL DEFAULT false,
    position integer NOT NULL DEFAULT 0,
    PRIMARY KEY (product_type, name)
);
COMMENT ON TABLE catalog.attribute_definitions IS 'What may be said of the products of one type, and in which form.';
"""

COLLECTIONS = """
CREATE TABLE catalog.collections (
    collection_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slug text NOT NULL CONSTRAINT uq_collections_slug UNIQUE,
    title text NOT NULL CHECK (title <> ''),
    description text NOT NULL DEFAULT '',
    is_active boolean NOT NULL DEFAULT true,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE catalog.collection_products (
    collection_id bigint NOT NULL REFERENCES catalog.collections ON DELETE CASCADE,
    product_id bigint NOT NULL REFERENCES catalog.products,
    position integer NOT NULL,
    PRIMARY KEY (collection_id, product_id)
);
COMMENT ON TABLE catalog.collection_products IS 'Picked by hand, in the order of `position`.';
"""

# The cells and the phrases were made anew after each import, under a lock on the table. Now each statement that
# changes products adds what it changed: in the order of the keys, so that two of them never wait for each other.
DELTA_OF_CELLS = """
    INSERT INTO catalog.facet_cells AS kept
        (department_slug, category_slug, product_type, brand, price_range, department, category, products)
    SELECT department_slug, category_slug, product_type, brand, catalog.price_range(price_minor), max(department),
        max(category), sum(number)
    FROM ({source}) AS changes GROUP BY 1, 2, 3, 4, 5 HAVING sum(number) <> 0 ORDER BY 1, 2, 3, 4, 5
    ON CONFLICT (department_slug, category_slug, product_type, brand, price_range) DO UPDATE SET
        products = kept.products + excluded.products,
        department = CASE WHEN excluded.products > 0 THEN excluded.department ELSE kept.department END,
        category = CASE WHEN excluded.products > 0 THEN excluded.category ELSE kept.category END;
"""
DELTA_OF_PHRASES = """
    INSERT INTO catalog.suggestions AS kept (phrase, kind, products)
    SELECT phrase, kind, sum(number) FROM ({source}) AS changes CROSS JOIN LATERAL (VALUES
        (department, 'department'), (category, 'category'), (product_type, 'type'),
        (split_part(title, ' · ', 1), 'name')) AS said (phrase, kind)
    WHERE phrase <> '' GROUP BY phrase, kind HAVING sum(number) <> 0 ORDER BY phrase, kind
    ON CONFLICT (phrase, kind) DO UPDATE SET products = kept.products + excluded.products;
"""
SEEN = "title, department, department_slug, category, category_slug, product_type, brand, price_minor"
NOW = f"SELECT {SEEN}, 1 AS number FROM after_it WHERE is_active"  # noqa: S608
BEFORE = f"SELECT {SEEN}, -1 FROM before_it WHERE is_active"  # noqa: S608


def counting(name: str, source: str, event: str, tables: str) -> str:
    """A trigger that adds what one statement changed."""
    body = DELTA_OF_CELLS.format(source=source) + DELTA_OF_PHRASES.format(source=source)
    return f"""
    CREATE FUNCTION catalog.{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NULL; END $$;
    CREATE TRIGGER counts_follow_{event.lower()} AFTER {event} ON catalog.products
        REFERENCING {tables} FOR EACH STATEMENT EXECUTE FUNCTION catalog.{name}();
    """


COUNT_ANEW = """
DELETE FROM catalog.facet_cells;
INSERT INTO catalog.facet_cells
SELECT department_slug, category_slug, product_type, brand, catalog.price_range(price_minor), min(department),
    min(category), count(*)
FROM catalog.products WHERE is_active GROUP BY 1, 2, 3, 4, 5;
DELETE FROM catalog.suggestions;
INSERT INTO catalog.suggestions (phrase, kind, products)
SELECT phrase, kind, count(*) FROM catalog.products CROSS JOIN LATERAL (VALUES
    (department, 'department'), (category, 'category'), (product_type, 'type'),
    (split_part(title, ' · ', 1), 'name')) AS said (phrase, kind)
WHERE is_active AND phrase <> '' GROUP BY phrase, kind;
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE, DELETE ON catalog.attribute_definitions, catalog.collections,
    catalog.collection_products TO agora_api;
"""


def upgrade() -> None:
    """A product that was to be sold later is from now on also not seen before."""
    op.execute(PRODUCTS)
    op.execute(
        "UPDATE catalog.products SET is_active = false, is_scheduled = true WHERE is_active AND available_from > now()"
    )
    op.execute(TYPES)
    op.execute(COLLECTIONS)
    op.execute(GRANTS)
    op.execute(COUNT_ANEW)
    op.execute(counting("count_new_products", NOW, "INSERT", "NEW TABLE AS after_it"))
    op.execute(
        counting(
            "count_changed_products",
            f"{NOW} UNION ALL {BEFORE}",
            "UPDATE",
            "OLD TABLE AS before_it NEW TABLE AS after_it",
        )
    )


def downgrade() -> None:
    """Products as imports know them alone; who was archived stays out of the lists, who waits is sold then."""
    op.execute("""
    DROP TRIGGER counts_follow_insert ON catalog.products;
    DROP TRIGGER counts_follow_update ON catalog.products;
    DROP FUNCTION catalog.count_new_products;
    DROP FUNCTION catalog.count_changed_products;
    DELETE FROM catalog.facet_cells WHERE products = 0;
    DELETE FROM catalog.suggestions WHERE products = 0;
    DROP TABLE catalog.collection_products;
    DROP TABLE catalog.collections;
    DROP TABLE catalog.attribute_definitions;
    ALTER TABLE catalog.products DROP CONSTRAINT ck_products_active, DROP CONSTRAINT ck_products_scheduled;
    UPDATE catalog.products SET is_active = true WHERE is_scheduled;
    DROP INDEX catalog.ix_products_scheduled;
    ALTER TABLE catalog.products DROP COLUMN description, DROP COLUMN attributes, DROP COLUMN archived_at,
        DROP COLUMN is_scheduled, DROP COLUMN version;
    """)
