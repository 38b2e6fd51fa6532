"""The door of moderation: one call before anything is published, by every domain that publishes."""

from markupsafe import Markup, escape

from api.core.errors import AppError
from api.domains.moderation.errors import Suspended, TextRefused
from api.domains.moderation.service.carrying_out import to_carry_out
from api.domains.moderation.service.cases import hold, reasons, report, reported_in, signal
from api.domains.moderation.service.deciding import settle, take_back, withdraw
from api.domains.moderation.service.judging import judge
from api.domains.moderation.service.people import forget, held_on, linked, standing
from api.domains.moderation.service.policies import list_policies

__all__ = [
    "Suspended",
    "TextRefused",
    "forget",
    "held_on",
    "hold",
    "judge",
    "linked",
    "list_policies",
    "reasons",
    "refusal",
    "report",
    "reported_in",
    "settle",
    "signal",
    "standing",
    "take_back",
    "to_carry_out",
    "withdraw",
]


def refusal(error: AppError) -> str | None:
    """What an author is told whose text a rule refused, or who may not write, with a way to the statement of reasons.

    None where something else is wrong.
    """
    if isinstance(error, Suspended):
        return f"{error.title}. {error.detail}"
    if not isinstance(error, TextRefused):
        return None
    said = escape(f"This cannot be published: it goes against our policy “{error.extra['policy']}”.")
    if error.extra["statement_id"] is None:
        return said
    link = Markup(' <a href="/account/statements/{}">Read why, and appeal</a>')
    return said + link.format(error.extra["statement_id"])
