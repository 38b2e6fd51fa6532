"""Texts that a rule refused outright: told to their author with the reasons, kept for an appeal, then dropped."""

from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

REFUSALS = """
ALTER TABLE moderation.cases DROP CONSTRAINT cases_origin_check, DROP CONSTRAINT cases_kind_check,
    ADD CONSTRAINT cases_origin_check
        CHECK (origin IN ('hold', 'report', 'signal', 'appeal', 'initiative', 'refusal')),
    ADD CONSTRAINT cases_kind_check
        CHECK (kind IN ('review', 'question', 'answer', 'post', 'comment', 'article', 'community', 'votes'));
ALTER TABLE moderation.decisions DROP CONSTRAINT decisions_act_check, ADD CONSTRAINT decisions_act_check
    CHECK (act IN ('approve', 'dismiss', 'remove', 'confirm', 'uphold', 'overturn', 'withdraw', 'reject'));
ALTER TABLE moderation.statements
    ADD COLUMN decided_by text NOT NULL DEFAULT 'person' CHECK (decided_by IN ('person', 'rule'));
COMMENT ON COLUMN moderation.statements.is_automated IS 'Whether a rule found it.';
COMMENT ON COLUMN moderation.statements.decided_by IS 'rule: it refused the text at once, and nobody looked at it.';

CREATE TABLE moderation.refusals (
    statement_id uuid PRIMARY KEY REFERENCES moderation.statements ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    customer_id uuid NOT NULL,
    kind text NOT NULL,
    digest bytea NOT NULL,
    rule text NOT NULL,
    rule_version integer NOT NULL,
    refused_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    cleared_at timestamptz,
    UNIQUE (customer_id, kind, digest, rule, rule_version)
);
CREATE INDEX ix_refusals_age ON moderation.refusals (refused_at);
COMMENT ON TABLE moderation.refusals IS
    'What rules refused outright, until it is too old to appeal: the same words again are the same refusal.';
COMMENT ON COLUMN moderation.refusals.digest IS 'SHA-256 of the words.';
COMMENT ON COLUMN moderation.refusals.cleared_at IS
    'An appeal found the rule wrong about these words: it lets them pass from then on.';
GRANT SELECT, INSERT, UPDATE, DELETE ON moderation.refusals TO agora_api;
"""


def upgrade() -> None:
    """Make the table, and room for what rules decide."""
    op.execute(REFUSALS)


def downgrade() -> None:
    """Remove it with all that rules decided."""
    op.execute("""
    DROP TABLE moderation.refusals;
    DELETE FROM moderation.cases WHERE kind = 'community' OR origin = 'refusal' OR statement_id IN
        (SELECT statement_id FROM moderation.statements WHERE decided_by = 'rule');
    ALTER TABLE moderation.statements DROP COLUMN decided_by;
    COMMENT ON COLUMN moderation.statements.is_automated IS
        'Whether a rule found it; every decision is by a person.';
    ALTER TABLE moderation.decisions DROP CONSTRAINT decisions_act_check, ADD CONSTRAINT decisions_act_check
        CHECK (act IN ('approve', 'dismiss', 'remove', 'confirm', 'uphold', 'overturn', 'withdraw'));
    ALTER TABLE moderation.cases DROP CONSTRAINT cases_origin_check, DROP CONSTRAINT cases_kind_check,
        ADD CONSTRAINT cases_origin_check CHECK (origin IN ('hold', 'report', 'signal', 'appeal', 'initiative')),
        ADD CONSTRAINT cases_kind_check
            CHECK (kind IN ('review', 'question', 'answer', 'post', 'comment', 'article', 'votes'));
    """)
