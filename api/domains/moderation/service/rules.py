"""Rules as their keepers see them: written, watched in the shadow, put in force, taken back."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.audit import record_act
from api.core.db import Reader
from api.core.errors import Invalid
from api.core.outbox import publish
from api.domains.moderation.contracts import Backtest, Outcome, RuleView, State
from api.domains.moderation.domain.rules import check, reads_words
from api.domains.moderation.errors import BacktestImpossible, BacktestNeeded, RuleChanged, RuleNotFound, ShadowNeeded
from api.domains.moderation.repository import backtests, policies, rules
from ingestion.contracts.moderation import RuleChanged as RuleChangedEvent

BACKTEST_DAYS = 90


async def list_rules(reader: Reader) -> list[RuleView]:
    """Every rule as it holds, with what it did in the last seven days; those in force first."""
    return await rules.newest(reader)


async def versions(reader: Reader, name: str) -> list[RuleView]:
    """What became of one rule, the newest version first. Raises RuleNotFound."""
    found = await rules.versions(reader, name)
    if not found:
        raise RuleNotFound
    return found


async def write(
    session: AsyncSession,
    keeper: UUID,
    name: str,
    expression: str,
    outcome: Outcome,
    policy: str,
    explanation: str,
    was_version: int = 0,
) -> RuleView:
    """A new rule, or new words for one, whose version was `was_version`; it acts on nobody before it is put in force.

    Raises InvalidRule, Invalid for a policy that there is not, and RuleChanged where the rule stands at another version
    by now.
    """
    check(expression)
    now = datetime.now(UTC)
    return await _add(
        session,
        RuleView(name, was_version + 1, expression, outcome, policy, "draft", explanation, keeper, now),
        was_version,
    )


async def set_state(session: AsyncSession, keeper: UUID, name: str, state: State, was_version: int) -> RuleView:
    """Put a rule into the shadow or in force, or retire it: a new version with the same words.

    Raises RuleNotFound, RuleChanged where it stands at another version by now, and for a rule that is to be in force
    before it is known what its words would have done BacktestNeeded, or ShadowNeeded where the past cannot be asked.
    """
    found = await rules.last(session, name)
    if found is None:
        raise RuleNotFound
    if found.version == was_version and found.state == state:
        return found
    if state == "active" and reads_words(found.expression):
        if not await rules.was_watched(session, found):
            raise ShadowNeeded
    elif state == "active" and not await backtests.is_tested(session, found):
        raise BacktestNeeded("Ask for a backtest of these words, and look at it.")
    return await _add(session, replace(found, version=was_version + 1, state=state, changed_by=keeper), was_version)


async def ask_backtest(session: AsyncSession, keeper: UUID, name: str, days: int = BACKTEST_DAYS) -> Backtest:
    """Have the pipelines find out what a rule would have done; while they do, asking again changes nothing.

    Raises RuleNotFound, and BacktestImpossible for a condition that reads the words: these are in no event.
    """
    found = await rules.last(session, name)
    if found is None:
        raise RuleNotFound
    if reads_words(found.expression):
        raise BacktestImpossible
    await backtests.ask(session, found, days)
    await record_act(session, keeper, "rules.backtest", f"rule:{name}", version=found.version, days=days)
    asked = await backtests.newest(session, name)
    if asked is None:
        raise RuleNotFound
    return asked


async def backtest(reader: Reader, name: str) -> Backtest | None:
    """The last backtest of a rule, finished or not; None where none was asked for."""
    return await backtests.newest(reader, name)


async def _add(session: AsyncSession, rule: RuleView, was_version: int) -> RuleView:
    found = await rules.last(session, rule.name)
    if (found.version if found else 0) != was_version:
        raise RuleChanged
    policy = await policies.by_title(session, rule.policy)
    if policy is None:
        raise Invalid("policy", "is the title of no policy of the house")
    added = await rules.add(session, replace(rule, policy_version=policy.version))
    if added is None:
        raise RuleChanged
    await record_act(
        session,
        rule.changed_by,
        f"rules.{'write' if rule.state == 'draft' else rule.state}",
        f"rule:{rule.name}",
        version=rule.version,
        expression=rule.expression,
        outcome=rule.outcome,
    )
    told = RuleChangedEvent(
        rule=rule.name,
        rule_version=rule.version,
        expression=rule.expression,
        outcome=rule.outcome,
        policy=rule.policy,
        state=rule.state,
    )
    await publish(session, told)
    return added
