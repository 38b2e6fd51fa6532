"""What the worker does for recommendations."""

from api.core.inbox import Handler
from api.domains.recommendations.service.digest import send_digests

HANDLERS: dict[str, Handler] = {}
SWEEPS = (send_digests,)
