"""Policies of the house in versions, which rules and decisions name."""

from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

POLICIES = """
CREATE TABLE moderation.policies (
    slug text NOT NULL CHECK (slug ~ '^[a-z][a-z0-9-]{1,49}$'),
    version integer NOT NULL CHECK (version > 0),
    title text NOT NULL CHECK (length(title) BETWEEN 1 AND 100),
    body text NOT NULL CHECK (length(body) BETWEEN 1 AND 20000),
    severity smallint NOT NULL CHECK (severity BETWEEN 0 AND 3),
    change_note text NOT NULL CHECK (length(change_note) BETWEEN 1 AND 300),
    changed_by uuid,
    published_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (slug, version)
);
COMMENT ON TABLE moderation.policies IS 'Every version: the last one holds. changed_by null: it came with the house.';
COMMENT ON COLUMN moderation.policies.title IS 'The same in every version: rules and decisions name a policy by it.';
COMMENT ON COLUMN moderation.policies.severity IS 'How soon a case under it is looked at: 3 within an hour, 0 in days.';

INSERT INTO moderation.policies (slug, version, title, severity, change_note, body) VALUES
    ('community-guidelines', 1, 'Community guidelines', 1, 'First version.',
     E'People write here to help each other choose, use and talk about things.\\n\\n'
     '## What holds everywhere\\n\\n'
     '- Speak to people as you would across a table.\\n- Say what you know, and say when you only guess.\\n'
     '- Stay with the subject of the page or the community.\\n- One account for one person.\\n\\n'
     'The other policies say the rest in detail. A community may ask for more than this, never for less.\\n\\n'
     '## What happens\\n\\n'
     'What breaks a policy is held back or removed. You are told what, why and under which policy, and you can '
     'appeal once within 180 days. Somebody else than the first decider decides about it.\\n\\n'
     '## Strikes\\n\\n'
     'A grave or repeated breach counts as a strike. A strike fades evenly and is gone after 90 days. While '
     'more than one point is left, what you write is looked at first; while more than two are left, you cannot write.'),
    ('be-civil', 1, 'Be civil', 1, 'First version.',
     E'Argue about the matter, never about the person.\\n\\n'
     '- No insults, threats or calls to harm anybody.\\n'
     '- Nothing that degrades people for what they are: origin, faith, sex, body, age, whom they love.\\n'
     '- No following somebody around to bother them.\\n\\nHarsh words about a product are fine.'),
    ('no-advertising', 1, 'No advertising', 1, 'First version.',
     E'Nobody pays for your words here.\\n\\n'
     '- No advertisements, referral codes or links that earn you something.\\n'
     '- No reviews of your own goods, or of a competitor''s.\\n- The same text in many places is advertising too.\\n\\n'
     'In the forum a link belongs where it helps the talk.'),
    ('write-to-be-read', 1, 'Write to be read', 0, 'First version.',
     E'Write so that others can read it.\\n\\n- No rows of one character, no shouting in capitals.\\n'
     '- No text without meaning, no text that hides what it says.'),
    ('respect-privacy', 1, 'Respect privacy', 2, 'First version.',
     E'What is private stays private.\\n\\n'
     '- No addresses, telephone numbers, documents or pictures of somebody who did not agree.\\n'
     '- Do not say who stands behind a name.\\n- This holds for your own data as well: they cannot be called back.'),
    ('nothing-illegal', 1, 'Nothing illegal', 3, 'First version.',
     E'What the law forbids is forbidden here.\\n\\n'
     '- Nothing that sexualises minors, no calls to violence, no terror.\\n'
     '- No stolen, forged or forbidden goods, and no way to get them.\\n- No copies of what belongs to somebody else.'),
    ('vote-honestly', 1, 'Vote honestly', 1, 'First version.',
     E'A vote is what one person thinks.\\n\\n- One person votes with one account.\\n'
     '- No agreements to vote something up or down, no buying or selling of votes or reviews.');

GRANT SELECT, INSERT ON moderation.policies TO agora_api;

ALTER TABLE moderation.rules ADD COLUMN policy_version integer NOT NULL DEFAULT 1 CHECK (policy_version > 0);
ALTER TABLE moderation.rules ALTER COLUMN policy_version DROP DEFAULT;
COMMENT ON COLUMN moderation.rules.policy_version IS 'The version of its policy that held when it was written.';
"""


def upgrade() -> None:
    """Make the table with the first versions."""
    op.execute(POLICIES)


def downgrade() -> None:
    """Remove it."""
    op.execute("ALTER TABLE moderation.rules DROP COLUMN policy_version")
    op.execute("DROP TABLE moderation.policies")
