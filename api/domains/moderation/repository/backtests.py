"""SQL of backtests: asked for here, answered by the pipelines."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader
from api.domains.moderation.contracts import Backtest, RuleView

_COLUMNS = ", ".join(Backtest.__dataclass_fields__)
_NEWEST = text(f"""
    SELECT {_COLUMNS} FROM serving.backtests WHERE rule = :rule ORDER BY backtest_id DESC LIMIT 1
""")  # noqa: S608
_ASK = text("""
    INSERT INTO serving.backtests (rule, rule_version, expression, days)
    VALUES (:name, :version, :expression, :days) ON CONFLICT (rule) WHERE finished_at IS NULL DO NOTHING
""")
_IS_TESTED = text("""
    SELECT EXISTS (SELECT FROM serving.backtests
        WHERE rule = :name AND expression = :expression AND finished_at IS NOT NULL)
""")


async def newest(reader: Reader, rule: str) -> Backtest | None:
    """The last one of a rule, finished or not."""
    row = (await reader.execute(_NEWEST, {"rule": rule})).mappings().one_or_none()
    return None if row is None else Backtest(**row)


async def ask(session: AsyncSession, rule: RuleView, days: int) -> None:
    """Have one made; where one waits already it is that one."""
    values = {"name": rule.name, "version": rule.version, "expression": rule.expression, "days": days}
    await session.execute(_ASK, values)


async def is_tested(reader: Reader, rule: RuleView) -> bool:
    """Whether it is known what these very words would have done."""
    found = await reader.execute(_IS_TESTED, {"name": rule.name, "expression": rule.expression})
    return bool(found.scalar_one())
