"""What moderation refuses."""

from api.core.refusals import Conflict, Invalid, NotFound


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


class TextRefused(Invalid):
    """A rule says that the text may not stand, under a policy that the author can read."""

    type = "text-refused"
    title = "This cannot be published"

    def __init__(self, policy: str, rule: str) -> None:
        super().__init__("body", f"goes against “{policy}”")
        self.extra |= {"policy": policy, "rule": rule}
