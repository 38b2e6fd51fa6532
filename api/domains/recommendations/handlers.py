"""What the worker does for recommendations."""

from api.core.inbox import Handler
from api.domains.recommendations.service.digest import send_digests
from api.domains.recommendations.service.feed import sweep_feeds

HANDLERS: dict[str, Handler] = {}
SWEEPS = (send_digests, sweep_feeds)
