"""What ordering does without being asked: it settles what checkouts left behind."""

from api.core.inbox import Handler
from api.domains.ordering.service.sweep import sweep_unfinished

HANDLERS: dict[str, Handler] = {}
SWEEPS = (sweep_unfinished,)
