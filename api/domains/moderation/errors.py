"""What moderation refuses."""

from datetime import datetime
from uuid import UUID

from api.core.refusals import AppError, Conflict, Invalid, NotFound


class InvalidRule(Invalid):
    """A condition that cannot be used; says where it goes wrong."""

    type = "invalid-rule"
    title = "The condition cannot be used"

    def __init__(self, reason: str) -> None:
        super().__init__("expression", reason)


class RuleNotFound(NotFound):
    """No rule has this name."""

    type = "rule-not-found"
    title = "There is no such rule"


class RuleChanged(Conflict):
    """Somebody changed the rule meanwhile."""

    type = "rule-changed"
    title = "The rule was changed meanwhile: look at it again"


class BacktestNeeded(Conflict):
    """Nobody has looked yet at what the rule would have done."""

    type = "backtest-needed"
    title = "First see what it would have done"


class BacktestImpossible(Conflict):
    """The past cannot be asked: what the condition reads is in no event."""

    type = "backtest-impossible"
    title = "It reads the words themselves, which never leave the shop: watch it in the shadow"


class ShadowNeeded(Conflict):
    """Nobody has watched yet what the rule says."""

    type = "shadow-needed"
    title = "It reads the words themselves, so that the past cannot be asked: first watch it in the shadow"


class TextRefused(Invalid):
    """A rule says that the text may not stand, under a policy that the author can read."""

    type = "text-refused"
    title = "This cannot be published"

    def __init__(
        self, policy: str, rule: str, policy_version: int | None = None, statement_id: UUID | None = None
    ) -> None:
        super().__init__("body", f"goes against “{policy}”")
        statement = None if statement_id is None else str(statement_id)
        self.extra |= {"policy": policy, "policy_version": policy_version, "rule": rule, "statement_id": statement}


class PolicyNotFound(NotFound):
    """No policy has this address, or none of this version."""

    type = "policy-not-found"
    title = "There is no such policy"


class PolicyChanged(Conflict):
    """Somebody published another version meanwhile."""

    type = "policy-changed"
    title = "The policy was changed meanwhile: look at it again"


class CaseNotFound(NotFound):
    """No case has this id."""

    type = "case-not-found"
    title = "There is no such case"


class CaseDecided(Conflict):
    """Somebody else decided it first; says what."""

    type = "case-decided"
    title = "Somebody decided this case first"

    def __init__(self, act: str, policy: str, decided_at: datetime) -> None:
        super().__init__(
            f"It was decided on {decided_at:%d %B %Y, %H:%M} UTC: {act}, under “{policy}”. Nothing was changed now.",
            act=act,
            policy=policy,
            decided_at=decided_at.isoformat(),
        )


class CaseTaken(Conflict):
    """Somebody else works on it."""

    type = "case-taken"
    title = "Somebody else has taken this case"


class DecisionStands(Conflict):
    """A decision that cannot be taken back any more; says why."""

    type = "decision-stands"
    title = "This decision cannot be taken back"


class MayNotDecide(AppError):
    """The case concerns the moderator's own things, or their own earlier decision."""

    status = 403
    type = "may-not-decide"
    title = "Somebody else has to decide this"


class OwnWords(Conflict):
    """Nobody reports what they wrote themselves: they can change or delete it."""

    type = "own-words"
    title = "This is your own: change or delete it"


class StatementNotFound(NotFound):
    """No statement has this id, or it is another person's."""

    type = "statement-not-found"
    title = "There is no such statement"


class MayNotAppeal(Conflict):
    """It was appealed already, is too old, or was taken back."""

    type = "may-not-appeal"
    title = "There can be no appeal any more"


class Suspended(AppError):
    """The person may not write for a while; says until when."""

    status = 403
    type = "suspended"
    title = "You cannot write at present"

    def __init__(self, until: datetime) -> None:
        super().__init__(
            f"You can write again on {until:%d %B %Y, %H:%M} UTC. Why is told in your account under Statements.",
            until=until.isoformat(),
        )
