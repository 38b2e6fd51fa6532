"""Cases: how soon each is looked at, and what may be decided of it."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from api.domains.moderation.contracts.cases import Act, CaseView, Origin

# How long a case of a severity may wait: the queue shows first what is due first, so that age counts as well.
WITHIN: Mapping[int, timedelta] = {
    0: timedelta(days=3),
    1: timedelta(days=1),
    2: timedelta(hours=8),
    3: timedelta(hours=1),
}
MANY_REPORTS = 5
DECISIONS: Mapping[Origin, tuple[Act, ...]] = {
    "hold": ("approve", "remove"),
    "report": ("dismiss", "remove"),
    "signal": ("dismiss", "confirm"),
    "appeal": ("uphold", "overturn"),
}
# Decisions that are held against somebody, who is told why.
AGAINST: frozenset[Act] = frozenset({"remove", "confirm"})
STANDS: frozenset[Act] = frozenset({"approve", "dismiss", "overturn"})
APPEAL_WITHIN = timedelta(days=180)


def due(severity: int, opened_at: datetime) -> datetime:
    """By when a case should be decided."""
    return opened_at + WITHIN[severity]


def raised(severity: int, reports: int) -> int:
    """The severity once so many people reported the same thing: many make it one step graver, never the gravest."""
    return max(severity, min(severity + 1, 2)) if reports >= MANY_REPORTS else severity


def fitted(act: Act, origin: Origin) -> Act:
    """To let words stand is to approve what was held, and to dismiss what was reported."""
    if act not in ("approve", "dismiss"):
        return act
    return "approve" if origin == "hold" else "dismiss"


def effect(act: Act) -> str:
    """What becomes of the words: `stand`, `fall`, or `none`."""
    return "stand" if act in STANDS else "fall" if act == "remove" else "none"


def may_decide(case: CaseView, decider: UUID, linked: Iterable[UUID]) -> str | None:
    """Why this person may not decide the case; None where they may. `linked` are accounts that may be their own."""
    own = {decider, *linked}
    if case.author_id in own or not own.isdisjoint(case.people):
        return "It is about something of your own, or of an account that seems to be yours."
    if case.origin == "appeal" and case.first_decider_id in own:
        return "An appeal is decided by somebody else than the first time."
    return None
