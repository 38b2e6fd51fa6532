"""Questions about products and their answers."""

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

QUESTIONS = """
CREATE TABLE catalog.questions (
    question_id uuid PRIMARY KEY,
    product_id bigint NOT NULL REFERENCES catalog.products,
    customer_id uuid NOT NULL,
    body text NOT NULL CHECK (length(body) BETWEEN 1 AND 500),
    status text NOT NULL CHECK (status IN ('published', 'held', 'rejected')),
    reason text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT uq_questions_person UNIQUE (product_id, customer_id, body),
    CHECK (status <> 'rejected' OR reason IS NOT NULL)
);
CREATE INDEX ix_questions_product ON catalog.questions (product_id, question_id DESC) WHERE status = 'published';
CREATE INDEX ix_questions_new ON catalog.questions (question_id) WHERE status = 'published';
CREATE INDEX ix_questions_held ON catalog.questions (updated_at, question_id) WHERE status = 'held';

CREATE TABLE catalog.answers (
    answer_id uuid PRIMARY KEY,
    question_id uuid NOT NULL REFERENCES catalog.questions ON DELETE CASCADE,
    customer_id uuid NOT NULL,
    voice text NOT NULL CHECK (voice IN ('shop', 'seller', 'buyer')),
    body text NOT NULL CHECK (length(body) BETWEEN 1 AND 2000),
    status text NOT NULL CHECK (status IN ('published', 'held', 'rejected')),
    reason text,
    told_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT uq_answers_person UNIQUE (question_id, customer_id),
    CHECK (status <> 'rejected' OR reason IS NOT NULL)
);
CREATE INDEX ix_answers_held ON catalog.answers (updated_at, answer_id) WHERE status = 'held';
COMMENT ON COLUMN catalog.answers.voice IS 'For the shop, as the seller, or having bought it.';
COMMENT ON COLUMN catalog.answers.told_at IS 'When whoever asked was told; once, however often the answer changes.';

GRANT SELECT, INSERT, UPDATE, DELETE ON catalog.questions, catalog.answers TO agora_api;
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(QUESTIONS)


def downgrade() -> None:
    """Remove them."""
    op.execute("DROP TABLE catalog.answers, catalog.questions")
