"""What communities does in the background."""

from api.core.inbox import Handler
from api.domains.communities.service import feeds

HANDLERS: dict[str, Handler] = {}
SWEEPS = (feeds.sweep,)
