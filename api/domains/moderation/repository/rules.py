"""SQL of rules: every version is kept, the last one of a name holds."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader
from api.domains.moderation.contracts import RuleView
from api.domains.moderation.domain.rules import Rule

# Asked for every text: what holds now, in one answer.
_STAND = text("""
    SELECT (SELECT ARRAY[count(*), coalesce(max(rule_id), 0),
            coalesce(extract(epoch FROM max(changed_at)) * 1000000, 0)::bigint] FROM moderation.rules) AS rules,
        ARRAY(SELECT term FROM moderation.blocked_terms) AS blocked,
        (SELECT version FROM serving.active WHERE name = 'toxicity') AS model,
        (SELECT jsonb_object_agg(title, version) FROM (
            SELECT title, max(version) AS version FROM moderation.policies GROUP BY title) AS p) AS policies
""")
_WORKING = text("""
    SELECT name, version, expression, outcome, policy, state FROM (
        SELECT DISTINCT ON (name) * FROM moderation.rules ORDER BY name, version DESC
    ) AS newest WHERE state IN ('shadow', 'active') ORDER BY name
""")
_LAST = text("SELECT * FROM moderation.rules WHERE name = :name ORDER BY version DESC LIMIT 1")
_VERSIONS = text("SELECT * FROM moderation.rules WHERE name = :name ORDER BY version DESC LIMIT 100")
_NEWEST = text("""
    WITH newest AS (SELECT DISTINCT ON (name) * FROM moderation.rules ORDER BY name, version DESC),
    spoken AS (
        SELECT name, count(*) AS times, count(DISTINCT author_id) AS people,
            count(*) FILTER (WHERE others = 0) AS alone
        FROM moderation.hits WHERE judged_at > now() - interval '7 days' GROUP BY name
    )
    SELECT newest.*, coalesce(times, 0) AS times, coalesce(people, 0) AS people, coalesce(alone, 0) AS alone
    FROM newest LEFT JOIN spoken USING (name)
    ORDER BY array_position(ARRAY['active', 'shadow', 'draft', 'retired'], newest.state), newest.name
""")
# A second writer of the same version finds it taken: whoever was first is in force.
_ADD = text("""
    INSERT INTO moderation.rules (name, version, expression, outcome, policy, policy_version, state, explanation,
        changed_by)
    VALUES (:name, :version, :expression, :outcome, :policy, :policy_version, :state, :explanation, :changed_by)
    ON CONFLICT (name, version) DO NOTHING RETURNING *
""")
_WAS_WATCHED = text("""
    SELECT EXISTS (SELECT FROM moderation.rules
        WHERE name = :name AND expression = :expression AND state IN ('active', 'shadow'))
""")
_HIT = text("""
    INSERT INTO moderation.hits (name, version, is_shadow, kind, author_id, others)
    VALUES (:name, :version, :is_shadow, :kind, :author_id, :others)
""")


@dataclass(frozen=True, slots=True)
class Stand:
    """What holds: `rules` changes with every version of one, whatever the order in which they were committed.

    `policies`: title → the version that holds.
    """

    rules: list[int]
    blocked: list[str]
    model: int | None
    policies: dict[str, int]


def _view(row: Any) -> RuleView:
    names = RuleView.__dataclass_fields__.keys()
    return RuleView(**{name: value for name, value in row.items() if name in names})


async def stand(reader: Reader) -> Stand:
    """What holds at this moment."""
    return Stand(**(await reader.execute(_STAND)).mappings().one())


async def working(reader: Reader) -> list[Rule]:
    """The rules that are asked: active ones and shadows."""
    return [Rule(**row) for row in (await reader.execute(_WORKING)).mappings()]


async def last(reader: Reader, name: str) -> RuleView | None:
    """The version that holds."""
    row = (await reader.execute(_LAST, {"name": name})).mappings().one_or_none()
    return None if row is None else _view(row)


async def versions(reader: Reader, name: str) -> list[RuleView]:
    """All of them, the newest first."""
    return [_view(row) for row in (await reader.execute(_VERSIONS, {"name": name})).mappings()]


async def newest(reader: Reader) -> list[RuleView]:
    """Every rule with what it did in the last seven days."""
    return [_view(row) for row in (await reader.execute(_NEWEST)).mappings()]


async def add(session: AsyncSession, rule: RuleView) -> RuleView | None:
    """A new version; None where somebody made that version first."""
    values = {
        name: getattr(rule, name)
        for name in (
            "name",
            "version",
            "expression",
            "outcome",
            "policy",
            "policy_version",
            "state",
            "explanation",
            "changed_by",
        )
    }
    row = (await session.execute(_ADD, values)).mappings().one_or_none()
    return None if row is None else _view(row)


async def was_watched(reader: Reader, rule: RuleView) -> bool:
    """Whether these very words stood in the shadow or in force before."""
    found = await reader.execute(_WAS_WATCHED, {"name": rule.name, "expression": rule.expression})
    return bool(found.scalar_one())


async def note_hits(session: AsyncSession, rules: list[Rule], kind: str, author_id: UUID | None) -> None:
    """That these rules spoke of one text; `others` are the other active ones that did."""
    active = sum(rule.state == "active" for rule in rules)
    rows = [
        {
            "name": rule.name,
            "version": rule.version,
            "is_shadow": rule.state == "shadow",
            "kind": kind,
            "author_id": author_id,
            "others": active - (rule.state == "active"),
        }
        for rule in rules
    ]
    await session.execute(_HIT, rows)
