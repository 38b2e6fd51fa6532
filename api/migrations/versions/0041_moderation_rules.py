"""Rules of moderation as data, what each said lately, and the model that scores texts."""

from alembic import op

revision = "0041"
down_revision = "0038"
branch_labels = None
depends_on = None

RULES = """
CREATE TABLE moderation.rules (
    rule_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CHECK (name ~ '^[a-z][a-z0-9-]{1,49}$'),
    version integer NOT NULL CHECK (version > 0),
    expression text NOT NULL CHECK (length(expression) BETWEEN 1 AND 500),
    outcome text NOT NULL CHECK (outcome IN ('allow', 'hold', 'reject')),
    policy text NOT NULL CHECK (length(policy) BETWEEN 1 AND 100),
    state text NOT NULL CHECK (state IN ('draft', 'shadow', 'active', 'retired')),
    explanation text NOT NULL CHECK (length(explanation) BETWEEN 1 AND 500),
    changed_by uuid,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT uq_rules_version UNIQUE (name, version)
);
COMMENT ON TABLE moderation.rules IS 'Every version: the last one holds. changed_by null: it came with the house.';

CREATE TABLE moderation.hits (
    hit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    version integer NOT NULL,
    is_shadow boolean NOT NULL,
    kind text NOT NULL,
    author_id uuid,
    others integer NOT NULL,
    judged_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ix_hits_judged ON moderation.hits (judged_at, name);
COMMENT ON COLUMN moderation.hits.others IS 'Other rules in force that spoke of the same text.';

INSERT INTO moderation.rules (name, version, expression, outcome, policy, state, explanation) VALUES
    ('link', 1, 'text.links > 0 && !place.may_link', 'hold', 'No advertising', 'active',
     'Links to other pages are looked at where they do not belong to what people write.'),
    ('repeated-character', 1, 'text.longest_run >= 8', 'hold', 'Write to be read', 'active',
     'One character eight times in a row.'),
    ('blocked-term', 1, 'text.has_blocked_word', 'hold', 'Be civil', 'active',
     'Words that moderators keep on a list.'),
    ('toxic', 1, 'model.toxicity >= 0.9', 'hold', 'Be civil', 'shadow',
     'The model is nearly sure that people would call it toxic.');

-- One row per version of the model "toxicity": its weights as little-endian float32.
CREATE TABLE serving.toxicity (
    version bigint PRIMARY KEY REFERENCES serving.model_versions ON DELETE CASCADE,
    weights bytea NOT NULL,
    bias double precision NOT NULL
);

GRANT SELECT, INSERT ON moderation.rules TO agora_api;
GRANT SELECT, INSERT, DELETE ON moderation.hits TO agora_api;
GRANT SELECT ON serving.toxicity TO agora_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON serving.toxicity TO agora_pipelines;
"""


def upgrade() -> None:
    """Make the tables, with the rules that held so far."""
    op.execute(RULES)


def downgrade() -> None:
    """Remove them."""
    op.execute("DROP TABLE serving.toxicity, moderation.hits, moderation.rules")
