"""Variants: what is sold of a product. The first one is the product's own row; both kinds share one sequence of ids."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

FIRST_VARIANT = """
ALTER TABLE catalog.products
    ADD COLUMN gtin text CHECK (gtin ~ '^[0-9]{8}([0-9]{4,6})?$'),
    ADD COLUMN options jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(options) = 'object'),
    ADD COLUMN tax_class text NOT NULL DEFAULT 'standard',
    ADD COLUMN seller_id uuid,
    ADD COLUMN available_from timestamptz;
CREATE UNIQUE INDEX uq_products_gtin ON catalog.products (gtin) WHERE gtin IS NOT NULL;
COMMENT ON COLUMN catalog.products.options IS 'Of the first variant, {"Colour": "red"}; its id is the product''s own.';
COMMENT ON COLUMN catalog.products.available_from IS 'Not for sale before; null is at once.';
"""

VARIANTS = """
CREATE TABLE catalog.variants (
    variant_id bigint PRIMARY KEY DEFAULT nextval('catalog.products_product_id_seq'),
    product_id bigint NOT NULL REFERENCES catalog.products,
    sku text NOT NULL UNIQUE,
    gtin text UNIQUE CHECK (gtin ~ '^[0-9]{8}([0-9]{4,6})?$'),
    options jsonb NOT NULL CHECK (jsonb_typeof(options) = 'object' AND options <> '{}'),
    price_minor bigint NOT NULL CHECK (price_minor > 0),
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT uq_variants_options UNIQUE (product_id, options)
);
COMMENT ON TABLE catalog.variants IS 'The second and further variants of products that have some.';

CREATE VIEW catalog.sellable AS
SELECT product_id AS variant_id, product_id, sku, gtin, options, price_minor, is_active AS is_listed,
    is_active AND coalesce(available_from <= now(), true) AS is_active
FROM catalog.products
UNION ALL
SELECT v.variant_id, v.product_id, v.sku, v.gtin, v.options, v.price_minor, v.is_active AND p.is_active,
    v.is_active AND p.is_active AND coalesce(p.available_from <= now(), true)
FROM catalog.variants v JOIN catalog.products p USING (product_id);

-- A SKU names one thing, whichever table holds it. Checked per statement: imports write products by the ten thousand.
CREATE FUNCTION catalog.refuse_second_use_of_sku() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE taken text;
BEGIN
    SELECT p.sku INTO taken FROM written w JOIN catalog.products p USING (sku) JOIN catalog.variants v USING (sku)
    LIMIT 1;
    IF taken IS NOT NULL THEN
        RAISE EXCEPTION 'the SKU % is taken', taken USING ERRCODE = 'unique_violation', CONSTRAINT = 'uq_sku';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER a_sku_names_one_thing AFTER INSERT ON catalog.products
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_second_use_of_sku();
CREATE TRIGGER a_sku_names_one_thing AFTER INSERT ON catalog.variants
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_second_use_of_sku();

CREATE TABLE catalog.bundle_components (
    bundle_id bigint NOT NULL,
    component_id bigint NOT NULL,
    quantity bigint NOT NULL CHECK (quantity BETWEEN 1 AND 1000),
    PRIMARY KEY (bundle_id, component_id),
    CHECK (bundle_id <> component_id)
);
COMMENT ON TABLE catalog.bundle_components IS 'Variants sold together as one, without stock of its own.';
"""

PRICES = """
ALTER TABLE catalog.prices ADD COLUMN variant_id bigint;
ALTER TABLE catalog.prices DISABLE TRIGGER prices_are_append_only;
UPDATE catalog.prices SET variant_id = product_id;
ALTER TABLE catalog.prices ENABLE TRIGGER prices_are_append_only;
ALTER TABLE catalog.prices ALTER COLUMN variant_id SET NOT NULL;
DROP INDEX catalog.ix_prices_product;
CREATE INDEX ix_prices_variant ON catalog.prices (variant_id, valid_from DESC);
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE ON catalog.variants TO agora_api;
GRANT SELECT, INSERT, DELETE ON catalog.bundle_components TO agora_api;
GRANT SELECT ON catalog.sellable TO agora_api;
"""


def upgrade() -> None:
    """Make variants, bundles, and prices by variant."""
    for statement in (FIRST_VARIANT, VARIANTS, PRICES, GRANTS):
        op.execute(statement)


def downgrade() -> None:
    """One sellable unit per product again."""
    op.execute("""
    DROP VIEW catalog.sellable;
    DROP TABLE catalog.bundle_components;
    DROP TABLE catalog.variants;
    DROP TRIGGER a_sku_names_one_thing ON catalog.products;
    DROP FUNCTION catalog.refuse_second_use_of_sku;
    ALTER TABLE catalog.products DROP COLUMN gtin, DROP COLUMN options, DROP COLUMN tax_class, DROP COLUMN seller_id,
        DROP COLUMN available_from;
    DROP INDEX catalog.ix_prices_variant;
    ALTER TABLE catalog.prices DROP COLUMN variant_id;
    CREATE INDEX ix_prices_product ON catalog.prices (product_id, valid_from DESC);
    """)
