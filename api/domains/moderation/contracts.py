"""What moderation tells whoever publishes."""

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["allow", "hold", "reject"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a text, and the name of the rule that said so; None where no rule had anything to say.

    allow: it stands at once; hold: somebody looks at it first; reject: it never stands.
    """

    outcome: Outcome
    rule: str | None = None

    @property
    def status(self) -> Literal["published", "held"]:
        """How a domain keeps a text that was not rejected."""
        return "published" if self.outcome == "allow" else "held"
