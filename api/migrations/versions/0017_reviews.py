"""Reviews: who may write one, what was written, and who found it helpful."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

REVIEWS = """
CREATE TABLE catalog.purchases (
    customer_id uuid NOT NULL,
    product_id bigint NOT NULL,
    delivered_at timestamptz NOT NULL,
    PRIMARY KEY (customer_id, product_id)
);
COMMENT ON TABLE catalog.purchases IS 'Products that reached a person, learnt from the events of ordering.';

CREATE TABLE catalog.reviews (
    review_id uuid PRIMARY KEY,
    product_id bigint NOT NULL REFERENCES catalog.products,
    customer_id uuid NOT NULL,
    rating smallint NOT NULL CHECK (rating BETWEEN 1 AND 5),
    title text NOT NULL CHECK (length(title) <= 100),
    body text NOT NULL CHECK (length(body) <= 4000),
    status text NOT NULL CHECK (status IN ('published', 'held', 'rejected')),
    reason text,
    helpful integer NOT NULL DEFAULT 0 CHECK (helpful >= 0),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT uq_reviews_person UNIQUE (product_id, customer_id),
    CHECK (status <> 'rejected' OR reason IS NOT NULL)
);
CREATE INDEX ix_reviews_new ON catalog.reviews (product_id, review_id DESC) INCLUDE (rating)
    WHERE status = 'published';
CREATE INDEX ix_reviews_helpful ON catalog.reviews (product_id, helpful DESC, review_id DESC)
    WHERE status = 'published';
CREATE INDEX ix_reviews_held ON catalog.reviews (updated_at, review_id) WHERE status = 'held';

CREATE TABLE catalog.review_votes (
    review_id uuid NOT NULL REFERENCES catalog.reviews ON DELETE CASCADE,
    customer_id uuid NOT NULL,
    PRIMARY KEY (review_id, customer_id)
);

CREATE TABLE catalog.blocked_terms (
    term text PRIMARY KEY CHECK (term = lower(term) AND length(term) BETWEEN 2 AND 100)
);
COMMENT ON TABLE catalog.blocked_terms IS 'Words that a text may not have without being looked at first.';

GRANT SELECT, INSERT, UPDATE, DELETE ON
    catalog.purchases, catalog.reviews, catalog.review_votes, catalog.blocked_terms TO agora_api;
"""

# The counter follows the votes in the statement that changes them, whoever changes them.
COUNTER = """
CREATE FUNCTION catalog.count_review_vote() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        UPDATE catalog.reviews SET helpful = helpful + 1 WHERE review_id = NEW.review_id;
    ELSE
        UPDATE catalog.reviews SET helpful = helpful - 1 WHERE review_id = OLD.review_id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER review_votes_are_counted AFTER INSERT OR DELETE ON catalog.review_votes
    FOR EACH ROW EXECUTE FUNCTION catalog.count_review_vote();
"""

# What lists are ordered by. The row is locked first: an update that had to wait for another would else be checked
# against what it saw before.
RATING = """
CREATE FUNCTION catalog.count_rating() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    product bigint := CASE TG_OP WHEN 'DELETE' THEN OLD.product_id ELSE NEW.product_id END;
    more integer := 0;
    stars integer := 0;
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.status = 'published' THEN
        more := more - 1;
        stars := stars - OLD.rating;
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.status = 'published' THEN
        more := more + 1;
        stars := stars + NEW.rating;
    END IF;
    IF more <> 0 OR stars <> 0 THEN
        PERFORM FROM catalog.product_sales WHERE product_id = product FOR UPDATE;
        UPDATE catalog.product_sales SET rating_count = rating_count + more, rating_sum = rating_sum + stars
        WHERE product_id = product;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ratings_are_counted AFTER INSERT OR UPDATE OF rating, status OR DELETE ON catalog.reviews
    FOR EACH ROW EXECUTE FUNCTION catalog.count_rating();
"""

PAST_PURCHASES = """
INSERT INTO catalog.purchases (customer_id, product_id, delivered_at)
SELECT customer_id, product_id, min(placed_at)
FROM ordering.orders JOIN ordering.order_lines USING (order_id)
WHERE status IN ('delivered', 'partially_returned', 'returned') AND placed_at IS NOT NULL
GROUP BY customer_id, product_id
"""


def upgrade() -> None:
    """Make the tables; what was delivered before can be reviewed too."""
    op.execute(REVIEWS)
    op.execute(COUNTER)
    op.execute(RATING)
    op.execute(PAST_PURCHASES)


def downgrade() -> None:
    """Remove them."""
    op.execute("DROP TABLE catalog.blocked_terms, catalog.review_votes, catalog.reviews, catalog.purchases")
    op.execute("DROP FUNCTION catalog.count_review_vote(), catalog.count_rating()")
    op.execute("UPDATE catalog.product_sales SET rating_count = 0, rating_sum = 0 WHERE rating_count > 0")
