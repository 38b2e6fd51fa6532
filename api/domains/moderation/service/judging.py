"""The verdict on what somebody wants to publish."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader, transaction
from api.core.outbox import publish
from api.domains.identity import facade as identity
from api.domains.moderation.contracts import Kind, Outcome, Trial, Verdict
from api.domains.moderation.domain.facts import NEVER, Facts, has_word_of
from api.domains.moderation.domain.rules import Rule, speaking, verdict
from api.domains.moderation.errors import Suspended, TextRefused
from api.domains.moderation.repository import rules as repository
from api.domains.moderation.service import people, refusals, toxicity
from ingestion.contracts.moderation import RuleSpoke, TextJudged


@dataclass(frozen=True, slots=True)
class Seen:
    """What the rules see of a text, and those that have something to say, the strictest first."""

    facts: Facts
    spoke: list[Rule]
    policies: Mapping[str, int]


class _Known:
    """The rules that this process read last."""

    rules: tuple[Rule, ...] = ()
    stamp: Sequence[int] = ()


async def judge(
    session: AsyncSession,
    text: str,
    kind: Kind,
    author_id: UUID | None = None,
    *,
    may_link: bool = False,
    toxicity_threshold: float | None = None,
    subject_id: UUID | None = None,
    can_wait: bool = True,
) -> Verdict:
    """What becomes of a text. `may_link`: where links belong to what people write.

    `toxicity_threshold`: the probability in [0, 1] from which the text's community wants a look at it.
    `subject_id`: the thing that it is of, by which a later decision is held beside what rules said. `can_wait`: False
    where there is no place for words to wait for a look, so that what would be held is refused.

    Which rules spoke is noted with the session's other work. A change of a rule holds for the next text; one text is
    judged by one set of rules. What somebody writes on whom strikes weigh is held. Raises TextRefused where a rule
    rejects it, and Suspended where the author may not write. Whom a rule refuses gets a statement of the reasons; one
    that an appeal found wrong about the same words lets them pass.
    """
    weighs = None if author_id is None else await people.standing(session, author_id)
    if weighs is not None and weighs.suspended_until is not None:
        raise Suspended(weighs.suspended_until)
    threshold = NEVER if toxicity_threshold is None else toxicity_threshold
    seen = await _look(session, text, kind, author_id, may_link=may_link, threshold=threshold)
    refusing: tuple[Outcome, ...] = ("reject",) if can_wait else ("reject", "hold")
    said = verdict(seen.spoke)
    if said.outcome in refusing and author_id is not None:
        wrong = await refusals.cleared(session, author_id, kind, text)
        said = verdict(rule for rule in seen.spoke if rule.name not in wrong)
    said = replace(said, policy_version=seen.policies.get(said.policy or ""))
    if said.outcome in refusing:
        said = replace(said, outcome="reject")
        stated: UUID | None = None
        # The caller's transaction ends with the refusal; that it was one has to stay.
        async with transaction() as own:
            await _note(own, seen, said, author_id, subject_id)
            if author_id is not None:
                stated = await refusals.state(own, author_id, text, kind, said, subject_id)
        raise TextRefused(said.policy or "", said.rule or "", said.policy_version, stated)
    await _note(session, seen, said, author_id, subject_id)
    if said.outcome == "allow" and weighs is not None and weighs.is_watched:
        return replace(said, outcome="hold")
    return said


async def _note(
    session: AsyncSession, seen: Seen, said: Verdict, author_id: UUID | None, subject_id: UUID | None
) -> None:
    facts = seen.facts
    if seen.spoke:
        await repository.note_hits(session, seen.spoke, facts.kind, author_id)
    told = TextJudged(
        kind=facts.kind,
        outcome=said.outcome,
        spoke=tuple(
            RuleSpoke(rule=rule.name, rule_version=rule.version, is_shadow=rule.state == "shadow")
            for rule in seen.spoke
        ),
        toxicity=round(facts.toxicity, 4),
        customer_id=author_id,
        subject_id=subject_id,
        **facts.without_words(),
    )
    await publish(session, told)


async def try_out(reader: Reader, text: str, kind: Kind, *, may_link: bool = False) -> Trial:
    """What would be said of a text by somebody unknown; nothing is noted."""
    seen = await _look(reader, text, kind, None, may_link=may_link, threshold=NEVER)
    return Trial(verdict(seen.spoke), tuple(rule.name for rule in seen.spoke), seen.facts.as_variables())


async def _look(
    reader: Reader, text: str, kind: Kind, author_id: UUID | None, *, may_link: bool, threshold: float
) -> Seen:
    """The rules of this moment, and what they see of the text."""
    stand = await repository.stand(reader)
    if stand.rules != _Known.stamp:
        _Known.rules, _Known.stamp = tuple(await repository.working(reader)), stand.rules
    rules = _Known.rules
    facts = Facts(
        text,
        kind,
        may_link,
        age_days=0.0 if author_id is None else await identity.age_days(reader, author_id),
        toxicity=await toxicity.score(reader, stand.model, text),
        has_blocked_word=has_word_of(text, stand.blocked),
        toxicity_threshold=threshold,
    )
    return Seen(facts, speaking(rules, facts), stand.policies)
